//! A writer that is killed at random moments, and continued, ends with the same run as one that was not.

mod common;

use std::path::Path;
use std::process::Command;

use coevo_trace::{EpisodeFilter, RunFile};
use common::{commit, header};

const FOLDER: &str = "COEVO_KILL_TEST_FOLDER";
const ROUNDS: u32 = 12;

/// Creates or continues the run until it has all rounds.
fn write(folder: &Path) {
    let mut run = if folder.exists() {
        RunFile::open(folder).expect("opens")
    } else {
        RunFile::create(folder, &header()).expect("creates")
    };
    for arm in ["coevo", "vanilla"] {
        let done = run.rounds(arm).expect("reads").len() as u32;
        for round in done + 1..=ROUNDS {
            commit(&mut run, arm, round);
        }
    }
}

/// Everything in the run but the timings.
fn content(folder: &Path) -> Vec<String> {
    let run = RunFile::open_read_only(folder).expect("opens");
    run.verify_checkpoints().expect("whole");
    let mut lines = Vec::new();
    for key in run.commits().expect("reads") {
        lines.push(run.commit_record(&key).expect("reads").expect("is there").content);
    }
    for found in run.episodes(&EpisodeFilter::default()).expect("reads") {
        lines.push(serde_json::to_string(&run.record(&found).expect("reads")).expect("serializes"));
    }
    lines
}

/// Not a test of its own: what the killed process runs.
#[test]
fn child() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        write(Path::new(&folder));
    }
}

#[test]
fn killed_and_continued_is_the_same_run() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let whole = place.path().join("whole");
    write(&whole);
    let expected = content(&whole);
    for first_ms in [1, 4, 9, 17, 28] {
        let folder = place.path().join(format!("killed-{first_ms}"));
        let mut kills = 0;
        for attempt in 0.. {
            let mut child = Command::new(std::env::current_exe().expect("this test"))
                .args(["--exact", "child", "--test-threads=1", "-q"])
                .env(FOLDER, &folder)
                .stdout(std::process::Stdio::null())
                .spawn()
                .expect("starts");
            // Later and later, so that it ends; an odd step, so that it hits different moments.
            std::thread::sleep(std::time::Duration::from_millis(first_ms + attempt * 13));
            if child.try_wait().expect("waits").is_some_and(|status| status.success()) {
                break;
            }
            child.kill().expect("SIGKILL");
            child.wait().expect("waits");
            kills += 1;
        }
        assert!(kills > 0, "the first attempt has {first_ms} ms");
        assert_eq!(content(&folder), expected, "after {kills} kills");
    }
}
