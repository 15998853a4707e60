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
    measured(plugin, task, turns, stream).0
}

/// As [`verify`], with the fuel that it took.
pub(crate) fn measured(plugin: &EnvPlugin, task: &Task, turns: &[Turn], stream: StreamKey) -> (Verdict, u64) {
    let mut fuel_used = 0;
    let judged = judge(plugin, task, turns, stream, &mut fuel_used);
    let verdict = judged.unwrap_or_else(|fault| {
        let message = match fault.boundary {
            Boundary::Verifier => fault.message,
            other => format!("{other:?}: {}", fault.message),
        };
        Verdict::Unscored(Fault { boundary: Boundary::Verifier, during: fault.during, message })
    });
    (verdict, fuel_used)
}

fn judge(
    plugin: &EnvPlugin,
    task: &Task,
    turns: &[Turn],
    stream: StreamKey,
    fuel_used: &mut u64,
) -> Result<Verdict, Fault> {
    let records: Vec<types::TurnRecord> = turns.iter().map(abi::turn_record).collect();
    let mut instance = plugin.service(stream)?;
    let verdict = instance.verify(&abi::task(task), &records);
    *fuel_used = instance.fuel_used;
    let verdict = verdict?;
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
