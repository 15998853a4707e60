//! The leak audit: nothing of a hidden label reaches what an agent reads, unless it is public anyway.
//!
//! Labels are generated with marked values everywhere, also where an honest one has none (tool names, argument names, error
//! details of the agent's own calls). Everything downstream of diagnosis is then searched for the mark.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::diagnose::{Diagnosis, PriorityTable, diagnose};
use crate::episode::{Episode, Rejection, Step, Verdict, VerdictFailure, ViolationKind};
use crate::fixture::*;
use crate::interface::*;
use crate::profile::{Profile, ProfileConfig, assess};
use crate::render;
use crate::task::{HiddenLabel, PublicTask, ReferenceTurn, ToolCall, ToolSpec};

const MARK: &str = "xHIDDENx";

fn marked_call() -> impl Strategy<Value = ToolCall> {
    let name =
        prop_oneof![Just("book".to_owned()), Just("find".to_owned()), "[a-z]{2}".prop_map(|s| format!("{MARK}{s}"))];
    let key =
        prop_oneof![Just("card".to_owned()), Just("quote".to_owned()), "[a-z]{2}".prop_map(|s| format!("{MARK}{s}"))];
    (name, key, "[a-z0-9]{0,4}").prop_map(|(name, key, tail)| call(&name, json!({key: format!("{MARK}{tail}")})))
}

fn label() -> impl Strategy<Value = HiddenLabel> {
    let turn = prop::collection::vec(marked_call(), 0..3).prop_map(|calls| ReferenceTurn {
        calls,
        answer: format!("{MARK} answer"),
        mentions: vec![vec![format!("{MARK} fact")]],
    });
    prop::collection::vec(turn, 1..4)
        .prop_map(|reference| HiddenLabel { reference, label: format!("{{\"goal\":\"{MARK}\"}}") })
}

/// What an agent that somehow knew the label might do: its own calls, with errors on them.
fn steps(calls: &[ToolCall], kind: u8) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for call in calls {
        let text = crate::protocol::format_call(call);
        let argument = call.arguments.as_object().and_then(|o| o.keys().next().cloned()).unwrap_or_default();
        steps.push(match kind % 5 {
            0 => ran(&call.name, call.arguments.clone(), json!({"id": format!("{MARK}1")}), 1),
            1 => refused(&call.name, call.arguments.clone(), MARK, 0),
            2 => rejected(
                &text,
                Rejection::Schema { violations: vec![violation(ViolationKind::NotInEnum, &argument)] },
                0,
            ),
            3 => rejected(&text, Rejection::UnknownTool { name: call.name.clone() }, 0),
            _ => rejected(&text, Rejection::NotOffered { name: call.name.clone() }, 0),
        });
    }
    steps.push(answered("done", 0));
    steps
}

fn play(label: &HiddenLabel, kind: u8) -> (Episode, Verdict) {
    let failures = [
        VerdictFailure::StateMismatch,
        VerdictFailure::InstanceMismatch,
        VerdictFailure::ResponseMismatch,
        VerdictFailure::EmptyTurn,
        VerdictFailure::SpuriousCall,
    ];
    let turns =
        label.reference.iter().map(|turn| crate::fixture::turn("please", 0, steps(&turn.calls, kind))).collect();
    let verdicts: Vec<Option<VerdictFailure>> =
        (0..label.reference.len()).map(|at| Some(failures[(at + usize::from(kind)) % failures.len()])).collect();
    (episode(turns), scored(&verdicts))
}

/// Everything that an agent can read under an interface.
fn everything_shown(interface: &Interface, spec: &EnvSpec) -> Vec<String> {
    let tools: Vec<&ToolSpec> = spec.tools.iter().collect();
    let task = PublicTask {
        id: String::new(),
        scenario: String::new(),
        category: String::new(),
        system: "A shop.".to_owned(),
        initial_state: String::new(),
        turns: Vec::new(),
        user_profile: String::new(),
    };
    let mut shown =
        vec![render::opening(&task, &tools, interface).text, serde_json::to_string(interface).expect("serializes")];
    shown.extend(render::tools_changed(&tools, &[], interface).map(|message| message.text));
    for tool in &tools {
        let call = call(&tool.name, json!({}));
        let mut outcomes = vec![refused(&tool.name, json!({}), "gone", 0).outcome];
        for argument in render::phrase::arguments(tool) {
            let violations = vec![violation(ViolationKind::MissingRequired, argument)];
            outcomes.push(crate::episode::StepOutcome::Rejected(Rejection::Schema { violations }));
        }
        shown.extend(outcomes.iter().map(|outcome| render::recovery_cue(outcome, Some(&call), &tools, interface)));
    }
    shown
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_cue_contains_anything_of_the_hidden_label(labels in prop::collection::vec((label(), any::<u8>()), 8..16)) {
        let (spec, table) = (spec(), PriorityTable::version(1).expect("shipped"));
        let config = EvolutionConfig { word_budget: 1000, max_additions: 100, ..EvolutionConfig::default() };
        let mut profile = Profile::new(&ProfileConfig::default());
        let mut state = EvolutionState::initial(&spec, &config);
        for round in 0..2 {
            let played: Vec<(Episode, Diagnosis)> = labels
                .iter()
                .map(|(label, kind)| {
                    let (episode, verdict) = play(label, *kind);
                    let found = diagnose(&episode, &verdict, label, &table).expect("scored");
                    (episode, found)
                })
                .collect();
            // Each episode many times, so that thresholds are met.
            let scored: Vec<(&Diagnosis, &Episode, f64)> =
                played.iter().cycle().take(played.len() * 8).map(|(episode, found)| (found, episode, 0.0)).collect();
            profile = assess(&profile, &scored, round);
            state = evolve(&state, &profile, Comparison::Before, &spec, &config, round);
            for text in everything_shown(&state.interface, &spec) {
                prop_assert!(!text.contains(MARK), "{text}");
            }
        }
        prop_assert!(!state.interface.is_base(), "an audit of nothing proves nothing");
    }
}

/// Cues are a function of (rule, schema): whatever the profile says can only choose among `possible_cues`.
#[test]
fn a_cue_is_one_of_a_fixed_set() {
    let (spec, config) = (spec(), EvolutionConfig::default());
    let possible = possible_cues(&spec, &config);
    let public = serde_json::to_string(&(&spec.tools, &config.rules)).expect("serializes").to_lowercase();
    for cue in &possible {
        for word in cue.text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3) {
            let made_by_us = ["argument", "value", "name", "required", "integer"];
            let known = public.contains(&word.to_lowercase()) || made_by_us.contains(&word);
            assert!(known, "{word} of {cue:?} is neither in the schema nor in a rule");
        }
    }
    assert_eq!(Value::from(possible.len()), json!(23));
}
