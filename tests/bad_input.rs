//! A user's error is met with the place, the value and the fix, exit code 2, and nothing written.

mod common;

use std::path::Path;

use common::{TINY, root, run, succeed, tiny};

/// Runs, expects exit code 2 and every `needle` in the message, and no run folder.
#[track_caller]
fn check(folder: &Path, args: &[&str], needles: &[&str]) {
    let (code, out, err) = run(folder, args);
    assert_eq!(code, 2, "coevo {args:?}\n{out}\n{err}");
    for needle in needles {
        assert!(err.contains(needle), "coevo {args:?}: no `{needle}` in\n{err}");
    }
    assert!(!folder.join("runs").exists(), "coevo {args:?} wrote a run folder");
}

#[test]
fn scenario_errors_name_place_value_and_fix() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("unknown key", "learnr: { rounds: 2 }\n", &["bad.yaml:", "learnr", "did you mean `learner`?"]),
        ("wrong type", "budgets: { steps_per_turn: many }\n", &["bad.yaml:", "budgets.steps_per_turn", "many"]),
        ("unknown choice", "advantages: { mode: coevoo }\n", &["bad.yaml:", "coevoo", "coevo"]),
    ];
    for (name, line, needles) in cases {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("bad.yaml"), format!("{TINY}{line}")).expect("writable");
        check(folder.path(), &["run", "bad.yaml"], needles);
        println!("{name}: ok");
    }
}

#[test]
fn duplicate_arms_are_refused_with_their_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("bad.yaml"), format!("{TINY}  coevo: {{}}\n")).expect("writable");
    check(folder.path(), &["run", "bad.yaml"], &["bad.yaml:", "coevo"]);
}

#[test]
fn impossible_budgets_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = tiny(folder.path());
    check(folder.path(), &["run", scenario, "--set", "learner.group=1"], &["learner.group", "1", "hint:"]);
    check(
        folder.path(),
        &["run", scenario, "--set", "learner.tasks_per_round=999"],
        &["learner.tasks_per_round", "999"],
    );
    check(folder.path(), &["run", scenario, "--set", "environment.train=100000"], &["100000", "400"]);
}

#[test]
fn bad_set_flags_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = tiny(folder.path());
    check(folder.path(), &["run", scenario, "--set", "learner.rounds"], &["--set", "learner.rounds", "="]);
    check(folder.path(), &["run", scenario, "--set", "learner.ruonds=3"], &["--set", "learner.ruonds", "rounds"]);
    check(folder.path(), &["run", scenario, "--set", "arms.nobody.seed=3"], &["nobody"]);
}

#[test]
fn missing_files_and_unknown_environments_are_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = tiny(folder.path());
    check(folder.path(), &["run", "absent.yaml"], &["absent.yaml"]);
    check(folder.path(), &["run", scenario, "--set", "environment.name=travle"], &["travle", "travel", "helpdesk"]);
    check(folder.path(), &["run", scenario, "--set", "environment.name=./absent.wasm"], &["absent.wasm"]);
}

#[test]
fn files_that_are_no_environment_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = tiny(folder.path());
    std::fs::write(folder.path().join("text.wasm"), "not wasm at all").expect("writable");
    check(folder.path(), &["run", scenario, "--set", "environment.name=./text.wasm"], &["text.wasm", "component"]);
    // A core module: the eight bytes of an empty one.
    std::fs::write(folder.path().join("core.wasm"), b"\0asm\x01\0\0\0").expect("writable");
    check(folder.path(), &["run", scenario, "--set", "environment.name=./core.wasm"], &["core.wasm", "component"]);
}

#[test]
fn folders_that_are_no_run_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for verb in ["resume", "replay", "export", "table"] {
        check(folder.path(), &[verb, "nowhere"], &["nowhere"]);
        std::fs::create_dir_all(folder.path().join("empty")).expect("writable");
        check(folder.path(), &[verb, "empty"], &["empty"]);
    }
}

#[test]
fn an_existing_run_folder_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = tiny(folder.path());
    std::fs::create_dir(folder.path().join("mine")).expect("writable");
    std::fs::write(folder.path().join("mine/notes.txt"), "precious").expect("writable");
    check(folder.path(), &["run", scenario, "--out", "mine"], &["mine"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("mine/notes.txt")).expect("still there"), "precious");
}

#[test]
fn dry_runs_print_the_plan_and_write_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = tiny(folder.path());
    let plan = succeed(folder.path(), &["run", scenario, "--dry-run"]);
    assert!(plan.contains("vanilla") && plan.contains("coevo"), "{plan}");
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn shipped_scenarios_are_valid() {
    for file in std::fs::read_dir(root().join("scenarios")).expect("scenarios") {
        let path = file.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            succeed(&root(), &["run", path.to_str().expect("UTF-8 path"), "--dry-run"]);
        }
    }
}
