//! Same binary, scenario and seed: same bytes, for any number of workers and slots, interrupted or not; and the record
//! re-executes.

mod common;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use common::{coevo, run, succeed, tiny};

fn export(folder: &Path, run: &str) -> String {
    succeed(folder, &["export", run, "--format", "jsonl"])
}

#[test]
fn workers_slots_and_kills_leave_no_trace_in_the_export() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (folder, scenario) = (folder.path(), tiny(folder.path()));
    succeed(folder, &["run", scenario, "--out", "one", "--workers", "1", "--slots", "3"]);
    let reference = export(folder, "one");
    assert!(reference.lines().count() > 50, "only {} episodes", reference.lines().count());

    succeed(folder, &["run", scenario, "--out", "four", "--workers", "4", "--slots", "64"]);
    assert!(export(folder, "four") == reference, "--workers 4 gave other bytes than --workers 1");

    // Killed at moments spread over the run, and resumed each time until it is done.
    let mut kills = 0;
    for attempt in 0..200u64 {
        let (verb, flag, value) = if attempt == 0 { ("run", "--out", "killed") } else { ("resume", "--workers", "2") };
        let target = if attempt == 0 { scenario } else { "killed" };
        let mut child = coevo(folder)
            .args([verb, target, flag, value])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        std::thread::sleep(Duration::from_millis(150 + 370 * (attempt % 7) + 90 * attempt));
        if let Some(status) = child.try_wait().expect("a child") {
            if status.success() {
                break;
            }
            assert!(kills > 0 || attempt == 0, "resume failed with {status}");
        } else {
            child.kill().expect("a child"); // SIGKILL
            child.wait().expect("a child");
            kills += 1;
        }
        if attempt == 0 && !folder.join("killed/run.sqlite").exists() {
            // Killed before the run folder was made: begin again.
            let _ = std::fs::remove_dir_all(folder.join("killed"));
            succeed(folder, &["run", scenario, "--out", "killed"]);
        }
    }
    assert!(kills >= 2, "the run was too fast to be killed: {kills} kills");
    assert!(export(folder, "killed") == reference, "a run killed {kills} times and resumed gave other bytes");

    let (code, out, err) = run(folder, &["replay", "killed", "--verify"]);
    assert_eq!(code, 0, "{out}\n{err}");
    assert!(out.contains("0 diverged"), "{out}");
}
