//! Judging a finished episode in an instance of its own, the only place where a hidden label enters a guest.

use coevo_core::episode::{Boundary, Fault, Turn, Verdict};
use coevo_core::seed::StreamKey;
use coevo_core::task::Task;

use crate::abi::{self, types};
use crate::plugin::EnvPlugin;
use crate::sandbox::Slots;

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
    let mut instance = plugin.world(Slots::Large, stream)?;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use coevo_core::interface::Interface;
    use coevo_core::protocol;
    use coevo_core::seed::Purpose;

    use super::*;
    use crate::budget::Budgets;
    use crate::plugin::each_shipped;
    use crate::sandbox::HostState;
    use crate::session::Session;

    /// A verdict of the module by itself is the component's: of reference solutions, and of what becomes of them when calls are left
    /// out, answers are empty, or turns are missing.
    #[test]
    fn a_verdict_is_the_components() {
        let stream = StreamKey::new(9, Purpose::Environment);
        let mut failures = std::collections::BTreeSet::new();
        each_shipped(8, |plugin, task| {
            let budgets = Budgets { steps_per_turn: u32::MAX };
            let base = Arc::new(Interface::base());
            let mut session = Session::begin(plugin, &task.public, stream, &budgets, base).unwrap();
            for turn in &task.hidden.reference {
                session.next_turn().unwrap();
                for text in turn.calls.iter().map(protocol::format_call).chain([turn.answer.clone()]) {
                    session.step(&text).unwrap();
                }
            }
            let whole: Vec<types::TurnRecord> = session.finish().turns.iter().map(abi::turn_record).collect();
            let changed = |change: fn(&mut Vec<types::TurnRecord>)| {
                let mut turns = whole.clone();
                change(&mut turns);
                turns
            };
            let all = [
                whole.clone(),
                changed(|turns| turns.iter_mut().for_each(|turn| drop(turn.calls.pop()))),
                changed(|turns| turns.iter_mut().for_each(|turn| turn.calls.clear())),
                changed(|turns| turns.iter_mut().for_each(|turn| turn.answer = Some(String::new()))),
                changed(|turns| turns.iter_mut().for_each(|turn| turn.answer = None)),
                changed(|turns| turns.truncate(1)),
            ];
            for (number, turns) in all.iter().enumerate() {
                let judge = |mut world: crate::sandbox::World| {
                    let verdict = world.verify(&abi::task(task), turns).unwrap();
                    (format!("{verdict:?}"), world.host().memory_peak, world.fuel_used)
                };
                let bare = plugin.world(Slots::Large, stream).unwrap();
                assert!(bare.is_bare(), "{}", task.public.id);
                let (verdict, memory, metered) = judge(bare);
                let whole = plugin.world_of_component(HostState::new(stream, plugin.limits())).unwrap();
                let (same, as_much, counted) = judge(whole);
                assert_eq!((&verdict, memory), (&same, as_much), "{} number {number}", task.public.id);
                assert!(metered >= counted, "{}: {metered} of fuel for {counted}", task.public.id);
                failures.extend(verdict.split("Some(Failure::").skip(1).map(|rest| rest[..9].to_owned()));
            }
        });
        assert!(failures.len() >= 4, "too few kinds of verdicts for a test: {failures:?}");
    }
}
