//! The rules that ship (METHOD.md §3): which failure brings which cue.

use crate::interface::{Off, On, Phi, Rule, Scope};
use crate::label::Failure;

/// The shipped rule table.
///
/// Guidelines (φ_cap) and other global rules switch on at the released thresholds: 8 turns, a share of 0.10, mean reward
/// below 0.6. Rules of a tool or an argument see fewer turns and need 4. All fade below a fraction of what switched them on.
pub fn default_rules() -> Vec<Rule> {
    use Failure::*;
    let schema = |id, scope, triggers: &[Failure], words, text| rule(id, Phi::Schema, scope, triggers, words, text);
    let err = |id, scope, triggers: &[Failure], text| rule(id, Phi::Err, scope, triggers, 8, text);
    let cap = |id, triggers: &[Failure], text| rule(id, Phi::Cap, Scope::Global, triggers, 16, text);
    vec![
        schema("schema_argument", Scope::Argument, &[ArgumentMismatch], 12, "{argument}: {constraint}"),
        schema("call_form", Scope::Global, &[InvalidToolCall], 12, "a call is {form} on one line"),
        schema(
            "preconditions",
            Scope::Tool,
            &[StateMismatch, InstanceMismatch, RecoveryFailure],
            24,
            "{preconditions}",
        ),
        schema(
            "affordance",
            Scope::Global,
            &[MissingToolCall, EmptyTurn],
            16,
            "use the tools for every lookup and every change, then answer",
        ),
        schema(
            "affordance_tool",
            Scope::Tool,
            &[MissingToolCall, EmptyTurn],
            12,
            "when this is asked for, call it, do not just say so",
        ),
        err("hint_call", Scope::Global, &[InvalidToolCall], "then call again"),
        err("hint_argument", Scope::Tool, &[ArgumentMismatch], "then call again"),
        err("hint_recover", Scope::Tool, &[RecoveryFailure], "fix this first"),
        cap("abstain", &[SpuriousToolCall], "if no listed tool fits or a value is missing, ask instead of calling"),
        cap("state_facts", &[ResponseMismatch], "state the requested facts in the answer"),
        cap("recover", &[RecoveryFailure], "after an error, change the call and try again"),
        cap("finish", &[Truncated], "answer as soon as the request is done"),
    ]
}

fn rule(id: &str, phi: Phi, scope: Scope, triggers: &[Failure], max_words: u32, text: &str) -> Rule {
    let (min_count, off) = match scope {
        Scope::Global => (8, 0.05),
        Scope::Tool | Scope::Argument => (4, 0.04),
    };
    Rule {
        id: id.to_owned(),
        phi,
        scope,
        triggers: triggers.to_vec(),
        unless: opposite(id),
        on: On { min_count, prevalence: 0.10, max_mean_reward: 0.6 },
        off: Off { prevalence: off },
        cooldown_rounds: 3,
        max_words,
        text: text.to_owned(),
    }
}

/// What following the advice of a rule too far brings about.
fn opposite(id: &str) -> Vec<Failure> {
    match id {
        "affordance" | "affordance_tool" => vec![Failure::SpuriousToolCall],
        _ => Vec::new(),
    }
}
