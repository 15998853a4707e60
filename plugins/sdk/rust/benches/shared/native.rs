//! The native side of `coevo bench native`: reference trajectories of one environment, run as ordinary code.
//!
//! An environment's `examples/native_NAME.rs` includes this file. What is done for each trajectory is what the component does
//! inside the sandbox: read the initial state, then for each call read its arguments, run it, write its result, hash the
//! state; and, apart, judge the finished episode. The checksum shows that both sides computed the same.

use std::hint::black_box;
use std::time::{Duration, Instant};

use coevo_sdk::session::{Quiet, Session, Side, generate};
use coevo_sdk::task::{CallRecord, CallStatus, Task, TurnRecord};
use coevo_sdk::verify::verify;
use coevo_sdk::{Environment, Value, json};

/// Arguments as text, as the host passes them.
struct Trajectory {
    task: Task,
    calls: Vec<(String, String)>,
    record: Vec<TurnRecord>,
}

/// `native SPLIT TASKS SEED MILLISECONDS` prints one line of JSON: means per trajectory in µs, the least over passes.
pub fn main<E: Environment>() -> Result<(), String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [split, tasks, seed, millis] = args.as_slice() else {
        return Err("usage: native SPLIT TASKS SEED MILLISECONDS".to_owned());
    };
    let number = |text: &String| text.parse::<u64>().map_err(|error| format!("{text:?}: {error}"));
    let seed = number(seed)?;
    let time = Duration::from_millis(number(millis)?);
    let made = (0..number(tasks)? as u32).map(|index| generate::<E>(split, index, seed).map(trajectory));
    let trajectories = made.collect::<Result<Vec<_>, _>>()?;
    let mut checksum = 0;
    let play_us = least(time, trajectories.len(), || {
        checksum = trajectories.iter().fold(0u64, |sum, trajectory| sum.rotate_left(1) ^ play::<E>(trajectory));
    });
    let verify_us = least(time, trajectories.len(), || {
        for Trajectory { task, record, .. } in &trajectories {
            black_box(verify::<E>(task, record, &mut Quiet::new()).expect("a reference episode is judged"));
        }
    });
    let calls: usize = trajectories.iter().map(|trajectory| trajectory.calls.len()).sum();
    let report = json!({
        "environment": E::describe().name, "trajectories": trajectories.len(), "calls": calls,
        "play_us": play_us, "verify_us": verify_us, "checksum": format!("{checksum:016x}"),
    });
    println!("{report}");
    Ok(())
}

fn trajectory(task: Task) -> Trajectory {
    let all = task.reference.iter().flat_map(|turn| &turn.calls);
    let calls = all.map(|call| (call.name.clone(), call.arguments.to_string())).collect();
    let record = task.reference.iter().map(|turn| TurnRecord {
        calls: turn
            .calls
            .iter()
            .map(|call| CallRecord { call: call.clone(), status: CallStatus::Executed, side: Side::Agent })
            .collect(),
        answer: Some(turn.answer.clone()),
    });
    let record = record.collect();
    Trajectory { task, calls, record }
}

/// Folds the state hashes on the way.
fn play<E: Environment>(trajectory: &Trajectory) -> u64 {
    let mut session: Session<E> = Session::new();
    let mut around = Quiet::new();
    session.reset(&trajectory.task.initial_state).expect("a legal state");
    let mut sum = session.state_hash();
    for (name, arguments) in &trajectory.calls {
        let arguments: Value = arguments.parse().expect("JSON");
        let outcome = session.call(name, &arguments, Side::Agent, &mut around);
        black_box(outcome.map(|result| result.to_string()).map_err(|error| error.details.to_string())).ok();
        sum = sum.rotate_left(1) ^ session.state_hash();
    }
    sum
}

/// The least mean over passes: other work on the machine only ever adds.
fn least(time: Duration, each: usize, mut pass: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut means = Vec::new();
    while means.len() < 5 || start.elapsed() < time {
        let begin = Instant::now();
        pass();
        means.push(begin.elapsed().as_secs_f64() * 1e6 / each.max(1) as f64);
    }
    means.sort_by(f64::total_cmp);
    means[0]
}
