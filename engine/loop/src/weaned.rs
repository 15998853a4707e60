//! Episodes as the base environment would have shown them: what was written under cues, learnt as if there had been none.
//!
//! Cues change what is shown and never what happens, so what an agent did under them is as possible without them, and the
//! verdict is the same. Training on the base text makes cues a way to find better episodes, and nothing that the policy could
//! come to lean on.

use coevo_agents::Tokenizer;
use coevo_agents::policy::opening_of_reply;
use coevo_agents::trace::TraceBuilder;
use coevo_core::advantage::first_own_turn;
use coevo_core::episode::{Episode, Parsed, TokenTrace};
use coevo_core::interface::Interface;
use coevo_core::render::{self, Message, Role};
use coevo_core::task::{EnvSpec, PublicTask};

/// The token trace of `episode` with every cue taken out of what was read. What the policy wrote keeps its tokens: it is copied,
/// not tokenised again. Its log-probabilities are those under the cues; a learner must ask for them anew.
pub fn weaned(episode: &Episode, task: &PublicTask, spec: &EnvSpec, tokenizer: &Tokenizer) -> TokenTrace {
    let base = Interface::base();
    let own = first_own_turn(&episode.tokens);
    let mut reader = tokenizer.reader();
    let mut out = TraceBuilder::default();
    let mut pending: Vec<Message> = Vec::new();
    for (number, turn) in episode.turns.iter().enumerate() {
        let before = number.checked_sub(1).map(|before| episode.turns[before].offered.as_slice());
        pending.extend(render::turn_system(task, spec, before, &turn.offered, &base));
        pending.push(Message { role: Role::User, text: turn.user.clone() });
        for (index, step) in turn.steps.iter().enumerate() {
            if number < own {
                pending.push(Message { role: Role::Assistant, text: step.text.clone() });
            } else {
                let at = (number as u16, index as u16);
                out.push_seen(&opening_of_reply(&mut reader, &std::mem::take(&mut pending)), at.0, at.1);
                copy_written(&episode.tokens, at, &mut out);
            }
            if !matches!(step.parsed, Parsed::Answer(_)) {
                pending.push(render::tool_message(&step.observation, ""));
            }
        }
    }
    out.finish()
}

/// Copies what was written in a step, and the end that cut it short, if one did.
fn copy_written(trace: &TokenTrace, at: (u16, u16), out: &mut TraceBuilder) {
    let here = |index: &usize| (trace.turn[*index], trace.step[*index]) == at;
    let Some(first) = (0..trace.ids.len()).find(|index| here(index) && trace.action[*index]) else { return };
    for index in (first..trace.ids.len()).take_while(here) {
        match trace.action[index] {
            true => out.push_action(trace.ids[index], trace.log_probs[index], at.0, at.1),
            false => out.push_seen(&trace.ids[index..=index], at.0, at.1),
        }
    }
}
