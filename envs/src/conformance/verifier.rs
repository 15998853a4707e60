//! Fixtures for the verifier: departures from the reference that it must see.

use coevo_core::episode::Verdict;
use coevo_core::protocol::format_call;
use coevo_core::task::{ReferenceTurn, ToolCall};
use serde_json::Value;

use super::agents::needs_calls;
use super::player::{Played, Player, answer_text, shown};
use super::{Check, Tally};

/// Departures of one kind tried of each task.
const EACH: usize = 8;

/// One way of departing from the reference.
struct Departure {
    kind: &'static str,
    turn: usize,
    call: ToolCall,
    calls: Vec<ToolCall>,
}

/// Tries a verifier on records that must pass (full), and on records that must not: none at all, the first turns only,
/// and departures that leave another state behind (a call dropped, swapped, altered, or made beside the reference's).
pub(super) fn fixtures(player: &mut Player<'_>, oracles: &[Played]) -> Check {
    let mut tally = Tally::default();
    let (mut cut, mut departed, mut same, mut lenient) = (0, [0; 4], 0, 0);
    for (at, oracle) in oracles.iter().enumerate() {
        let sample = &player.samples[at];
        if oracle.fault.is_some() || !player.solved(at, &oracle.turns, "the reference", &mut tally) {
            continue; // The check of the reference says so.
        }
        if needs_calls(sample) {
            cut += cut_off(player, at, oracle, &mut tally);
        }
        for departure in departures(player, at) {
            let Departure { kind, turn, call, calls } = departure;
            let texts: Vec<Vec<String>> = sample
                .task
                .hidden
                .reference
                .iter()
                .enumerate()
                .map(|(number, reference)| {
                    let calls = if number == turn { &calls } else { &reference.calls };
                    calls.iter().map(format_call).chain([answer_text(reference)]).collect()
                })
                .collect();
            let played = player.play_texts(at, kind, &texts);
            if played.fault.is_some() {
                continue; // The watch has told it.
            }
            let passed = player.solved(at, &played.turns, kind, &mut tally);
            if played.end() == oracle.end() {
                same += 1;
                lenient += usize::from(passed);
                continue;
            }
            departed[KINDS.iter().position(|known| *known == kind).unwrap_or(0)] += 1;
            if passed {
                let value = format!("passes with {kind}: {}", shown(&call));
                let fix = "compare the whole state after each turn with the reference's";
                tally.find(format!("{}, turn {}", sample.task.public.id, turn + 1), value, fix);
            }
        }
    }
    let kinds: Vec<String> = KINDS.iter().zip(departed).map(|(kind, count)| format!("{count} with {kind}")).collect();
    tally.note(format!("{same} departures ended in the reference's state; {lenient} of them passed"));
    let tried = format!("{cut} cut-off records; other end states: {}", kinds.join(", "));
    let claim = "full passes; none, partial, wrong order and side effects do not";
    tally.close("verifier", claim, tried, cut == 0)
}

const KINDS: [&str; 4] = ["a call dropped", "two calls swapped", "an argument altered", "an extra call"];

/// No turn at all, and the first turns only. Returns how many records were tried.
fn cut_off(player: &mut Player<'_>, at: usize, oracle: &Played, tally: &mut Tally) -> usize {
    let sample = &player.samples[at];
    let id = &sample.task.public.id;
    let reference = &sample.task.hidden.reference;
    let most = player.plugin.spec().reward_max;
    let mut tried = 0;
    for kept in 0..oracle.turns.len() {
        let missing = reference.get(kept..).unwrap_or_default();
        if missing.iter().all(|turn| turn.calls.is_empty() && turn.mentions.is_empty()) {
            break;
        }
        tried += 1;
        let place = format!("{id}, only {kept} of {} turns played", oracle.turns.len());
        match player.judge(at, &oracle.turns[..kept]) {
            Verdict::Unscored(fault) => {
                tally.find(
                    place,
                    format!("verify: {}", fault.message),
                    "judge what was played, and fail the turns that were not",
                );
            }
            Verdict::Scored { reward, .. } if reward >= most => {
                tally.find(
                    place,
                    format!("earns the full reward of {reward}"),
                    "a turn that was not played cannot pass where it needs calls",
                );
            }
            Verdict::Scored { turns, .. } => {
                let wrong = turns.iter().take(kept).enumerate().find(|(_, turn)| turn.failure.is_some());
                if let Some((turn, verdict)) = wrong {
                    let value = format!(
                        "turn {} fails ({}) though it was played as the reference plays it",
                        turn + 1,
                        verdict.detail
                    );
                    tally.find(place, value, "judge each turn by what was done up to its end");
                }
            }
        }
    }
    tried
}

fn departures(player: &Player<'_>, at: usize) -> Vec<Departure> {
    let reference = &player.samples[at].task.hidden.reference;
    let spec = player.plugin.spec();
    let mutates = |call: &ToolCall| spec.tool(&call.name).is_some_and(|tool| tool.mutates);
    let mut all: Vec<Departure> = Vec::new();
    for (turn, ReferenceTurn { calls, .. }) in reference.iter().enumerate() {
        let mut add = |kind, call: &ToolCall, calls| all.push(Departure { kind, turn, call: call.clone(), calls });
        for (place, call) in calls.iter().enumerate() {
            let mut dropped = calls.clone();
            dropped.remove(place);
            add(KINDS[0], call, dropped);
            if place + 1 < calls.len() {
                let mut swapped = calls.clone();
                swapped.swap(place, place + 1);
                add(KINDS[1], call, swapped);
            }
            for (name, value) in call.arguments.as_object().into_iter().flatten() {
                let mut altered = calls.clone();
                altered[place].arguments[name] = alter(value, name, player);
                add(KINDS[2], &altered[place].clone(), altered);
            }
            if mutates(call) {
                add(KINDS[3], call, calls.iter().chain([call]).cloned().collect());
            }
        }
        // What another task's reference does is a side effect here; also in turns that want no call at all.
        let offered = &player.samples[at].task.public.turns[turn].offered;
        let others = player.pool.calls.iter().filter(|(name, _)| offered.contains(name));
        for (name, arguments) in others {
            let call = |arguments: &Value| ToolCall { name: name.clone(), arguments: arguments.clone() };
            let foreign = arguments.iter().map(call).filter(mutates).find(|call| !calls.contains(call));
            if let Some(foreign) = foreign {
                add(KINDS[3], &foreign, calls.iter().chain([&foreign]).cloned().collect());
            }
        }
    }
    // Some of each kind, spread over the task.
    let mut chosen = Vec::new();
    for kind in KINDS {
        let of_kind: Vec<usize> = (0..all.len()).filter(|at| all[*at].kind == kind).collect();
        let step = of_kind.len().div_ceil(EACH).max(1);
        chosen.extend(of_kind.into_iter().step_by(step));
    }
    let mut at = 0;
    all.retain(|_| {
        at += 1;
        chosen.contains(&(at - 1))
    });
    all
}

/// Another value of the same type; of text, one that stands in other calls under the same name, if any.
fn alter(value: &Value, name: &str, player: &Player<'_>) -> Value {
    match value {
        Value::String(text) => {
            let known = player.pool.calls.values().flatten().filter_map(|call| call.get(name));
            let mut known = known;
            known
                .find(|other| other.is_string() && *other != value)
                .cloned()
                .unwrap_or_else(|| Value::from(format!("{text}x")))
        }
        Value::Number(number) => number.as_i64().map_or(Value::from(1.5), |n| Value::from(n.saturating_add(1))),
        Value::Bool(flag) => Value::from(!flag),
        Value::Array(items) if items.len() > 1 => items[1..].to_vec().into(),
        Value::Array(items) => items.iter().chain(items).cloned().collect(),
        other => other.clone(),
    }
}
