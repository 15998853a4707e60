//! A user's error is met with the place, the value and the fix, exit code 2, and nothing written.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use std::process::Stdio;

use common::{COUNTER, TINY, coevo, counter, root, run, succeed, tiny};

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
fn what_is_shipped_is_good_input() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files =
        std::fs::read_dir(root().join("scenarios")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|kind| kind == "yaml")).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let path = file.to_str().expect("UTF-8");
        let mut plans = vec![vec!["run", path, "--dry-run"]];
        if std::fs::read_to_string(&file).expect("readable").contains("\nnamed_budgets:\n  small:") {
            plans.push(vec!["run", path, "--dry-run", "--budget", "small"]);
        }
        for plan in plans {
            assert!(succeed(folder.path(), &plan).contains("in all "), "{plan:?}");
        }
    }
}

#[test]
fn a_reader_may_stop_reading() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut child = coevo(folder.path());
    let mut child = child.args(["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn scenario_errors_name_place_value_and_fix() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("unknown key", "learnr: { rounds: 2 }\n", &["bad.yaml:", "learnr", "did you mean `learner`?"]),
        ("wrong type", "budgets: { steps_per_turn: many }\n", &["bad.yaml:", "budgets.steps_per_turn", "many"]),
        ("unknown choice", "advantages: { mode: coevoo }\n", &["bad.yaml:", "coevoo", "coevo"]),
        (
            "a rule about a failure that is none",
            "evolution: { rules: [{ id: r, phi: schema, scope: tool, triggers: [tool_missing], on: { min_count: 4, \
             prevalence: 0.1, max_mean_reward: 0.6 }, off: { prevalence: 0.05 }, cooldown_rounds: 3, max_words: 9, \
             text: \"{preconditions}\" }] }\n",
            &["bad.yaml:", "evolution.rules[0].triggers[0]", "tool_missing"],
        ),
        (
            "a rule that would name a tool by hand",
            "evolution: { rules: [{ id: r, phi: schema, scope: tool, triggers: [empty_turn], on: { min_count: 4, \
             prevalence: 0.1, max_mean_reward: 0.6 }, off: { prevalence: 0.05 }, cooldown_rounds: 3, max_words: 9, \
             text: \"call {book_flight}\" }] }\n",
            &["bad.yaml:", "evolution.rules", "book_flight"],
        ),
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
    let start = |start: &'static str| ["run", scenario, "--out", "started", "--set", start];
    check(folder.path(), &start("agent.start=backbon"), &["agent.start", "backbon", "`fresh` or `backbone`"]);
    check(
        folder.path(),
        &start("agent.start=backbone"),
        &["agent.model", "4 of width 128", "leave all of `agent.model` out"],
    );
    assert!(!folder.path().join("started").exists(), "a refused run left a folder");
    check(folder.path(), &["run", scenario, "--set", "agent.model.width=48"], &["agent.model.width", "48", "32"]);
}

#[test]
fn mistakes_of_a_study_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = tiny(folder.path());
    check(folder.path(), &["run", scenario, "--budget", "small"], &["--budget small", "named_budgets", "hint:"]);
    check(folder.path(), &["run", scenario, "--set", "seeds=[1, 1]"], &["--set seeds=[1, 1]", "seeds[1]", "1"]);
    let transfer = |list: &str| format!("evaluation.transfer=[{list}]");
    for (list, needles) in [
        ("{environment: retial}", &["retial", "retail"][..]),
        ("{environment: retail, tasks: 401}", &["evaluation.transfer[0].tasks", "401", "400"]),
        ("{environment: travel}", &["evaluation.transfer[0].environment", "travel", "trained on"]),
    ] {
        check(folder.path(), &["run", scenario, "--set", &transfer(list)], needles);
    }
    let shown = transfer("{environment: retail, demonstrations: 9}");
    check(
        folder.path(),
        &["run", scenario, "--set", &shown, "--set", "agent.warm_start.source=synthetic"],
        &["evaluation.transfer[0].demonstrations", "9", "source: oracle"],
    );
    // By its name, the path of the same environment is another one; by what it calls itself it is not.
    let path = root().join("plugins/components/travel.wasm").display().to_string();
    let same = transfer(&format!("{{environment: {path}}}"));
    check(
        folder.path(),
        &["run", scenario, "--set", &same],
        &["evaluation.transfer[0].environment", "which the run has"],
    );
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
fn an_environment_of_another_abi_version_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = tiny(folder.path());
    let mut bytes = std::fs::read(root().join("plugins/components/travel.wasm")).expect("a shipped component");
    let (now, then) = (b"coevo:env/guest@1.0.0", b"coevo:env/guest@0.9.0");
    let places: Vec<usize> = (0..bytes.len() - now.len()).filter(|at| bytes[*at..].starts_with(now)).collect();
    assert!(!places.is_empty(), "the component does not say its version");
    for at in places {
        bytes[at..at + then.len()].copy_from_slice(then);
    }
    std::fs::write(folder.path().join("old.wasm"), bytes).expect("writable");
    let needles = &["old.wasm", "guest@0.9.0", "guest@1.0.0", "hint:"];
    check(folder.path(), &["run", scenario, "--set", "environment.name=./old.wasm"], needles);
    check(folder.path(), &["eval", "--env", "./old.wasm", "--agent", "oracle"], needles);
}

#[test]
fn eval_flags_are_checked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cases: &[(&[&str], &[&str])] = &[
        (&["eval"], &["--env"]),
        (&["eval", "--env", "travel"], &["policy", "run folder"]),
        (&["eval", "--env", "trvel", "--agent", "oracle"], &["trvel", "travel"]),
        (&["eval", "--env", "travel", "--agent", "oracle", "--split", "tset"], &["tset", "train", "dev", "test"]),
        (&["eval", "--env", "travel", "--agent", "oracle", "--tasks", "401"], &["401", "400"]),
        (&["eval", "--env", "travel", "--agent", "oracle", "--tasks", "0"], &["--tasks 0", "400"]),
        (&["eval", "--env", "travel", "--agent", "script"], &["--script"]),
        (&["eval", "--env", "travel", "--agent", "script", "--script", "absent.txt"], &["absent.txt"]),
    ];
    for (args, needles) in cases {
        check(folder.path(), args, needles);
    }
}

/// A run that is over in a moment.
fn recorded(folder: &Path) -> PathBuf {
    let scenario = counter(folder);
    let text = COUNTER.replace("steps: 60", "steps: 1").replace("rounds: 2", "rounds: 1");
    std::fs::write(folder.join(scenario), text).expect("writable");
    succeed(folder, &["run", scenario, "--out", "mine"]);
    folder.join("mine")
}

/// Everything in a folder, to show that nothing was written; without what SQLite keeps beside a database that is read.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else if !path.extension().is_some_and(|end| end == "sqlite-wal" || end == "sqlite-shm") {
            found.insert(path.clone(), std::fs::read(&path).expect("readable"));
        }
    }
    found
}

#[test]
fn a_run_folder_of_another_version_is_refused_by_every_verb() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mine = recorded(folder.path());
    let db = rusqlite::Connection::open(mine.join("run.sqlite")).expect("a database");
    db.pragma_update(None, "user_version", 99).expect("writable");
    db.close().expect("closes");
    let before = contents(&mine);
    let verbs: [&[&str]; 6] = [
        &["resume", "mine"],
        &["replay", "mine", "--verify"],
        &["export", "mine"],
        &["table", "mine"],
        &["eval", "mine"],
        &["run", "counter.yaml", "--out", "mine"],
    ];
    for args in verbs {
        let needles: &[&str] =
            if args[0] == "run" { &["mine", "--out"] } else { &["mine", "format 99", "format 3", "hint:"] };
        check(folder.path(), args, needles);
    }
    let after = contents(&mine);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(after == before, "the run folder was written to");
}

#[test]
fn a_half_copied_checkpoint_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mine = recorded(folder.path());
    // The newest checkpoint of each arm is what `resume` needs; an older one is checked for its size at least.
    let files = contents(&mine.join("checkpoints"));
    let weights: Vec<&PathBuf> = files.keys().filter(|path| path.ends_with("weights.safetensors")).collect();
    assert_eq!(weights.len(), 3, "warm start and two arms: {weights:?}");
    for path in weights {
        let sound = &files[path];
        let mut flipped = sound.clone();
        *flipped.last_mut().expect("weights") ^= 1;
        let name = path.strip_prefix(folder.path()).expect("in the folder").display().to_string();
        for (damage, reason) in
            [(Some(&sound[..sound.len() / 2]), "bytes of"), (Some(&flipped), "hash"), (None, "missing")]
        {
            match damage {
                Some(bytes) => std::fs::write(path, bytes).expect("writable"),
                None => std::fs::remove_file(path).expect("writable"),
            }
            check(folder.path(), &["resume", "mine"], &[&name, reason, "hint:"]);
            std::fs::write(path, sound).expect("writable");
        }
    }
    succeed(folder.path(), &["resume", "mine"]); // Whole again: nothing was written by the refusals.
}

#[test]
fn an_unknown_episode_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    recorded(folder.path());
    check(folder.path(), &["replay", "mine", "coevo/r009/train/0000/0"], &["coevo/r009/train/0000/0", "hint:"]);
    check(folder.path(), &["export", "mine", "--format", "checkpoint"], &["--arm", "--out"]);
    check(
        folder.path(),
        &["export", "mine", "--format", "checkpoint", "--arm", "nobody", "--out", "w"],
        &["nobody", "vanilla"],
    );
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
