//! A fault is not a failure: a run on an environment whose guest traps, talks nonsense, refuses to begin or breaks its
//! verifier goes to its end; faults are recorded, unscored, out of the loss, counted and shown (invariant 3).

mod common;

use std::collections::BTreeMap;

use coevo_core::episode::{Boundary, Ending, StepOutcome, Verdict};
use coevo_trace::{EpisodeFilter, RunFile};
use common::{counter, records, run, succeed};
use serde_json::{Value, json};

/// Tasks 4 to 7 of the counter, and the boundary each must be charged to.
const FAULTY: [(u32, Boundary); 4] = [
    (4, Boundary::GuestTrap),   // traps in the first call
    (5, Boundary::GuestOutput), // answers calls with half a JSON text
    (6, Boundary::GuestTrap),   // traps in reset
    (7, Boundary::Verifier),    // plays well, and its verifier traps
];

#[test]
fn a_run_through_faults_reaches_its_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (code, table, err) = run(folder.path(), &["run", counter(folder.path()), "--out", "run"]);
    assert_eq!(code, 0, "{err}");
    let file = RunFile::open_read_only(&folder.path().join("run")).expect("a run");
    let boundaries = BTreeMap::from(FAULTY);
    let (mut faults, mut scored, mut taught) = (BTreeMap::new(), 0, 0);
    for record in records(&file, &EpisodeFilter::default()) {
        let name = coevo_trace::episode_name(&record.episode.key);
        let expected = boundaries.get(&record.episode.key.task.index);
        let mut steps = record.episode.turns.iter().flat_map(|turn| &turn.steps);
        // A call that the host rejects never meets the guest.
        let called =
            steps.any(|step| matches!(step.outcome, StepOutcome::Executed { .. } | StepOutcome::ToolError { .. }));
        match (&record.verdict, expected) {
            (Verdict::Unscored(fault), Some(boundary)) => {
                assert_eq!(fault.boundary, *boundary, "{name}: {fault:?}");
                assert!(!fault.message.is_empty() && !fault.during.is_empty(), "{name}: {fault:?}");
                let by_verifier = *boundary == Boundary::Verifier;
                assert_eq!(matches!(record.episode.ending, Ending::Faulted(_)), !by_verifier, "{name}");
                assert!(record.training.is_none() && record.diagnosis.is_none(), "{name} would be learnt from");
                *faults.entry(record.episode.key.task.index).or_insert(0) += 1;
            }
            // An episode whose calls are all rejected by the host meets neither trap nor nonsense.
            (Verdict::Scored { .. }, Some(Boundary::GuestTrap | Boundary::GuestOutput)) => {
                assert!(!called, "{name} called a tool that faults, and was scored");
            }
            (Verdict::Scored { .. }, Some(_)) => panic!("{name} was scored by a broken verifier"),
            (Verdict::Scored { .. }, None) => {
                scored += 1;
                taught += u32::from(record.training.is_some());
            }
            (Verdict::Unscored(fault), None) => panic!("{name} is sound, but {fault:?}"),
        }
    }
    assert_eq!(faults.keys().copied().collect::<Vec<_>>(), [4, 5, 6, 7]);
    assert!(scored > 50 && taught > 0, "{scored} scored, {taught} taught");
    // Counted and shown.
    for arm in ["vanilla", "coevo"] {
        let filter = EpisodeFilter { arm: Some(arm.to_owned()), unscored: Some(true), ..EpisodeFilter::default() };
        let count = file.episodes(&filter).expect("readable").len();
        assert!(table.contains(&format!("{arm}: {count} episodes unscored because of faults")), "{table}");
    }
    // Tasks 6 and 7 fault whatever the policy does: two groups of four.
    let metrics = file.metrics().expect("readable");
    assert!(metrics.iter().any(|(_, values)| values.get("train/faults").is_some_and(|faults| *faults >= 8.0)));
    // What could be played plays again, faults included.
    let (code, out, _) = run(folder.path(), &["replay", "run", "--verify"]);
    assert!(code == 0 && !out.contains(" 0 ended by a recorded fault"), "{out}");
}

#[test]
fn eval_counts_faults_apart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    counter(folder.path());
    let args = ["eval", "--env", "./hostile.wasm", "--agent", "oracle", "--split", "dev", "--tasks", "8", "--json"];
    let summary: Value = serde_json::from_str(&succeed(folder.path(), &args)).expect("JSON");
    assert_eq!(summary["all"], json!({ "scored": 4, "passed": 4 }), "{summary}");
    assert_eq!(summary["unscored"], json!(4), "{summary}");
}

/// Two sound tasks, then twelve ways of harming the host: none keeps the others from being played, and the process stays
/// small.
#[test]
fn an_evaluation_goes_on_through_everything_hostile() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    counter(folder.path());
    let args = ["eval", "--env", "./hostile.wasm", "--agent", "oracle", "--split", "harm", "--tasks", "14", "--json"];
    let summary: Value = serde_json::from_str(&succeed(folder.path(), &args)).expect("JSON");
    assert_eq!(summary["all"], json!({ "scored": 2, "passed": 2 }), "{summary}");
    assert_eq!(summary["unscored"], json!(12), "{summary}");
}

#[test]
fn fuel_that_runs_out_is_a_fault_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = common::tiny(folder.path());
    let steps = ["--set", "agent.warm_start.imitation.steps=1", "--set", "learner.rounds=1"];
    // Enough to describe the environment and to make tasks, too little for every call.
    let fuel = ["--set", "budgets.fuel_per_call=50000"];
    let args = [&["run", scenario, "--out", "run"][..], &steps[..], &fuel[..]].concat();
    let (code, _, err) = run(folder.path(), &args);
    assert_eq!(code, 0, "{err}");
    let file = RunFile::open_read_only(&folder.path().join("run")).expect("a run");
    let filter = EpisodeFilter { unscored: Some(true), ..EpisodeFilter::default() };
    let faulted = file.episodes(&filter).expect("readable");
    assert!(!faulted.is_empty() && faulted.iter().all(|e| e.boundary.as_deref() == Some("guest_fuel")), "{faulted:?}");
}
