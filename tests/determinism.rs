//! Same binary, scenario and seed: same bytes, for any number of workers and slots, interrupted or not; and the record
//! re-executes. Guards invariants 4 and 5 of ARCHITECTURE.md.

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use coevo_trace::RunFile;
use common::{coevo, counter, run, succeed, tiny};

fn export(folder: &Path, run: &str) -> String {
    succeed(folder, &["export", run, "--format", "jsonl"])
}

fn replays(folder: &Path, name: &str) {
    let (code, out, err) = run(folder, &["replay", name, "--verify"]);
    assert_eq!(code, 0, "{out}\n{err}");
    assert!(out.contains(" 0 diverged, 0 damaged"), "{out}");
}

/// Runs with one worker and with four, on few and on many slots: same episodes, same table. Returns the export.
fn check(folder: &Path, scenario: &str) -> String {
    let table = succeed(folder, &["run", scenario, "--out", "one", "--workers", "1", "--slots", "3"]);
    let reference = export(folder, "one");
    assert!(reference.lines().count() > 100, "only {} episodes", reference.lines().count());
    let again = succeed(folder, &["run", scenario, "--out", "four", "--workers", "4", "--slots", "64"]);
    assert!(export(folder, "four") == reference, "--workers 4 gave other bytes than --workers 1");
    assert_eq!(again, table);
    replays(folder, "four");
    reference
}

#[test]
fn workers_and_slots_leave_no_trace_on_travel() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    check(folder.path(), tiny(folder.path()));
}

#[test]
fn workers_slots_and_kills_leave_no_trace_on_the_counter() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (folder, scenario) = (folder.path(), counter(folder.path()));
    let reference = check(folder, scenario);
    // The comparison means something: there are gradients, and another seed gives other bytes.
    let metrics = RunFile::open_read_only(&folder.join("one")).and_then(|run| run.metrics()).expect("a readable run");
    assert!(metrics.iter().any(|(_, values)| values.get("learn/grad_norm").is_some_and(|norm| *norm > 0.0)));
    succeed(folder, &["run", scenario, "--out", "other", "--seed", "6"]);
    assert!(export(folder, "other") != reference, "the seed does not reach the export");

    let stages = kill_until_done(folder, scenario, "killed");
    assert!(stages.len() >= 3, "kills hit only after these numbers of commits: {stages:?}");
    assert!(export(folder, "killed") == reference, "a run that was killed and resumed gave other bytes");
    assert_eq!(succeed(folder, &["table", "killed"]), succeed(folder, &["table", "one"]));
    replays(folder, "killed");
}

/// Kills a run again and again and resumes it each time: three times wherever it is, then each time soon after it
/// committed something more. Returns the numbers of commits that kills left behind.
fn kill_until_done(folder: &Path, scenario: &str, name: &str) -> BTreeSet<usize> {
    let run = folder.join(name);
    let commits = || RunFile::open_read_only(&run).map_or(0, |run| run.commits().expect("readable").len());
    let pause = |ms| std::thread::sleep(Duration::from_millis(ms));
    let mut stages = BTreeSet::new();
    for attempt in 0..60 {
        let workers = ["1", "2", "3"][attempt % 3];
        let args = match run.join("run.sqlite").exists() {
            false => vec!["run", scenario, "--out", name, "--workers", workers],
            true => vec!["resume", name, "--workers", workers],
        };
        let before = commits();
        let mut child =
            coevo(folder).args(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
        if attempt < 3 {
            pause([30, 150, 400][attempt]);
        } else {
            while commits() == before && child.try_wait().expect("a child").is_none() {
                pause(2);
            }
            pause((attempt as u64 * 7) % 24);
        }
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "coevo {args:?} ended with {status}");
            return stages;
        }
        child.kill().expect("a child"); // SIGKILL
        child.wait().expect("a child");
        stages.insert(commits());
    }
    panic!("the run never ended; kills left {stages:?} commits");
}
