//! `coevo env check` as its user meets it: exit codes, a report to act on, JSON, and a second process that agrees.

mod common;

use common::{root, run, succeed};
use serde_json::Value;

/// The seed that plants a fault into the tasks of the faulty guest: the hash of the fault's name.
fn seed(fault: &str) -> String {
    let hash = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3);
    fault.bytes().fold(0xcbf2_9ce4_8422_2325, hash).to_string()
}

#[test]
fn a_shipped_environment_passes_and_says_what_was_tried() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = succeed(folder.path(), &["env", "check", "helpdesk", "--tasks", "1"]);
    for needle in ["ok    reference", "ok    snapshots", "and in another process", "0 failed", "component "] {
        assert!(text.contains(needle), "no {needle:?} in\n{text}");
    }
    assert!(!text.contains("FAIL"), "{text}");
}

#[test]
fn a_fault_is_reported_with_place_value_and_fix() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let guest = root().join("envs/tests/guests/faulty/faulty.wasm");
    std::fs::copy(guest, folder.path().join("faulty.wasm")).expect("the test guest is checked in");
    let seed = seed("lossy");
    let args = ["env", "check", "./faulty.wasm", "--tasks", "1", "--seed", &seed];
    let (code, text, _) = run(folder.path(), &args);
    assert_eq!(code, 1, "{text}");
    for needle in
        ["FAIL  snapshots", "after 3 calls", "restored to another state", "fix: put all of the state", "1 failed"]
    {
        assert!(text.contains(needle), "no {needle:?} in\n{text}");
    }
    assert!(text.lines().last().is_some_and(|line| line == "failed: snapshots"), "{text}");
    let (code, text, _) = run(folder.path(), &[&args[..], &["--json"]].concat());
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let failed: Vec<&Value> =
        report["checks"].as_array().expect("checks").iter().filter(|c| c["outcome"] == "failed").collect();
    assert_eq!((code, failed.len()), (1, 1), "{report}");
    assert_eq!(failed[0]["name"], "snapshots");
    assert!(failed[0]["findings"][0]["fix"].is_string() && report["tasks"] == 2, "{report}");
}

#[test]
fn bad_input_is_no_failed_check() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cases: &[(&[&str], &str)] = &[
        (&["env", "check", "helpdsek"], "helpdesk"),
        (&["env", "check", "./absent.wasm"], "absent.wasm"),
        (&["env", "check", "helpdesk", "--tasks", "0"], "--tasks 0"),
        (&["bench", "native"], "--native PROGRAM"),
    ];
    for (args, needle) in cases {
        let (code, out, err) = run(folder.path(), args);
        assert_eq!(code, 2, "{args:?}\n{out}\n{err}");
        assert!(err.contains(needle), "{args:?}: {err}");
    }
}
