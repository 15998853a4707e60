//! Judging a finished episode in an instance of its own, the only place where a hidden label enters a guest.

use coevo_core::episode::{Boundary, Fault, Turn, Verdict};
use coevo_core::seed::StreamKey;
use coevo_core::task::Task;

use crate::abi::{self, types};
use crate::plugin::EnvPlugin;

/// The environment's verdict on `turns`. `stream` is the episode's, so that a guest that re-executes the calls draws the
/// same numbers.
///
/// Whatever goes wrong in the verifier is a fault of the verifier, and the episode is unscored: never 0.
pub fn verify(plugin: &EnvPlugin, task: &Task, turns: &[Turn], stream: StreamKey) -> Verdict {
    let judged = judge(plugin, task, turns, stream);
    judged.unwrap_or_else(|fault| {
        let message = match fault.boundary {
            Boundary::Verifier => fault.message,
            other => format!("{other:?}: {}", fault.message),
        };
        Verdict::Unscored(Fault { boundary: Boundary::Verifier, during: fault.during, message })
    })
}

fn judge(plugin: &EnvPlugin, task: &Task, turns: &[Turn], stream: StreamKey) -> Result<Verdict, Fault> {
    let records: Vec<types::TurnRecord> = turns.iter().map(abi::turn_record).collect();
    let verdict = plugin.instance(stream)?.verify(&abi::task(task), &records)?;
    let wrong = |message: String| Fault { boundary: Boundary::Verifier, during: "verify".to_owned(), message };
    let spec = plugin.spec();
    if !(spec.reward_min..=spec.reward_max).contains(&verdict.reward) {
        let range = format!("{}..{}", spec.reward_min, spec.reward_max);
        return Err(wrong(format!("reward {} is not in {range}", verdict.reward)));
    }
    if verdict.turns.len() != task.public.turns.len() {
        let (have, want) = (verdict.turns.len(), task.public.turns.len());
        return Err(wrong(format!("{have} turns were judged, the task has {want}")));
    }
    Ok(Verdict::Scored { reward: verdict.reward, turns: verdict.turns.into_iter().map(abi::turn_verdict).collect() })
}
