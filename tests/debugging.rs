//! Finding out why: list by expression, fork, explain, diff, rescore, export, import, and what a full disk leaves.

mod common;

use std::path::Path;

use common::{counter, run, succeed};
use serde_json::Value;

fn json(folder: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&succeed(folder, args)).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

/// A recorded run, and a failed training episode of it.
fn recorded(folder: &Path) -> String {
    succeed(folder, &["run", counter(folder), "--out", "run"]);
    let expression = "stage=train and failed and turns=3 and not error=malformed";
    let found = json(folder, &["episodes", "run", "--where", expression, "--json", "--sort", "-round"]);
    let first = found.get(0).unwrap_or_else(|| panic!("no episode for {expression}"));
    first["episode"].as_str().expect("a name").to_owned()
}

#[test]
fn a_failed_episode_is_found_explained_forked_and_compared() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path();
    let episode = recorded(folder);

    // The list.
    let (code, _, error) = run(folder, &["episodes", "run", "--where", "labl=pass"]);
    assert_eq!((code, error.contains("hint: did you mean `label`?")), (2, true), "{error}");
    let all = succeed(folder, &["episodes", "run", "--count"]);
    let passed = succeed(folder, &["episodes", "run", "--where", "passed", "--count"]);
    let rest = succeed(folder, &["episodes", "run", "--where", "not passed", "--count"]);
    let number = |text: &str| text.trim().parse::<u32>().expect("a number");
    assert_eq!(number(&passed) + number(&rest), number(&all));

    // Why it failed, and the proof.
    let explained = json(folder, &["explain", "run", &episode, "--json"]);
    let explanation = &explained["explanation"];
    let root = explanation["root"]["turn"].as_u64().expect("a root turn");
    assert_eq!(explanation["root"]["proven"], true, "{explained:#}");
    let turn = &explanation["counterfactual"]["turns"][root as usize];
    assert_eq!(*turn, serde_json::json!([false, true]), "the root turn passes once it is made good");
    let text = succeed(folder, &["explain", "run", &episode]);
    assert!(text.contains(&format!("root cause: turn {}", root + 1)) && text.contains("coevo fork run "), "{text}");

    // The oracle from the root turn on; a branch of the branch; the tree.
    let at = (root + 1).to_string();
    let branch = json(folder, &["fork", "run", &episode, "--at", &at, "--json"]);
    assert_eq!(branch["branch"], format!("{episode}~1"));
    assert_eq!(branch["turns"][root as usize], true);
    let inner = format!("{episode}~1");
    let branch = json(folder, &["fork", "run", &inner, "--at", "3", "--agent", "do-nothing", "--json"]);
    assert_eq!(branch["branch"], format!("{episode}~2"));
    let policy = json(folder, &["fork", "run", &episode, "--at", "1", "--agent", "policy", "--dry-run", "--json"]);
    assert_eq!(policy["branch"], Value::Null);
    let tree = json(folder, &["fork", "run", &episode, "--list", "--json"]);
    let parents: Vec<&Value> = tree.as_array().expect("branches").iter().map(|branch| &branch["parent"]).collect();
    assert_eq!(parents, [&Value::Null, &Value::from(1)]);
    let (code, _, error) = run(folder, &["fork", "run", &episode, "--at", "9"]);
    assert_eq!((code, error.contains("the episode has 3 turns")), (2, true), "{error}");

    // What the branch did otherwise.
    let diff = json(folder, &["diff", "run", &episode, &inner, "--json"]);
    assert_eq!(diff["diff"]["first"][0]["at"]["turn"], root, "{diff:#}");
    let same = succeed(folder, &["diff", "run", &episode, &episode]);
    assert!(same.contains("no difference"), "{same}");
    let arms = json(folder, &["diff", "run", "vanilla", "coevo", "--json"]);
    let (fixed, broke) = (&arms["diff"]["fixed"], &arms["diff"]["broke"]);
    let count = |list: &Value| list.as_array().expect("a list").len() as i64;
    let passed = |side: usize| arms["diff"]["passed"][side].as_i64().expect("a count");
    assert_eq!(passed(1) - passed(0), count(fixed) - count(broke));

    // Verified again, nothing changes; with another table, labels may.
    let again = json(folder, &["rescore", "run", "--table", "1", "--reverify", "--json"]);
    assert_eq!((&again["labels"], &again["changed"]), (&serde_json::json!({}), &serde_json::json!([])), "{again:#}");
    let (code, _, error) = run(folder, &["rescore", "run", "--table", "7"]);
    assert_eq!((code, error.contains("there are 1, 2")), (2, true), "{error}");

    // Out and in again.
    succeed(folder, &["export", "run", "--tokens", "--out", "run.jsonl"]);
    succeed(folder, &["import", "run.jsonl", "copy", "--scenario", "run/scenario.yaml"]);
    succeed(folder, &["export", "copy", "--tokens", "--out", "copy.jsonl"]);
    let read = |name: &str| std::fs::read(folder.join(name)).expect("is there");
    assert!(read("run.jsonl") == read("copy.jsonl"), "the export of an import is the export");
    succeed(folder, &["replay", "copy", "--verify"]);
    for (format, out) in [("atif", "x.jsonl"), ("dot", "x.dot"), ("parquet", "tables"), ("tensorboard", "events")] {
        succeed(folder, &["export", "run", "--format", format, "--out", out]);
        assert!(folder.join(out).exists(), "{out}");
    }
    let whole = json(folder, &["episodes", "run", "--check", "--json"]);
    assert_eq!((&whole["damaged"], &whole["branches"]), (&serde_json::json!({}), &Value::from(2)));
}

/// A disk with room for a part of the run: what was committed before it was full is there, and `resume` goes on.
#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing_that_was_committed() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path();
    counter(folder);
    let binary = env!("CARGO_BIN_EXE_coevo");
    let mut failures = 0;
    // The largest file may have so many blocks of 512 bytes; the signal that says so is ignored, as on a full disk.
    for (trial, blocks) in [300, 700, 1100].into_iter().enumerate() {
        let out = format!("run-{trial}");
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {binary} run counter.yaml --out {out}");
        let output = std::process::Command::new("sh").args(["-c", &script]).current_dir(folder).output().expect("runs");
        if output.status.success() {
            continue;
        }
        failures += 1;
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("error: "), "{error}");
        if !folder.join(&out).join("run.sqlite").exists() {
            continue; // There was no room to begin with.
        }
        assert!(error.contains("every commit before this one is safe; make room"), "{blocks} blocks: {error}");
        let whole = json(folder, &["episodes", &out, "--check", "--json"]);
        assert_eq!(whole["damaged"], serde_json::json!({}), "{blocks} blocks: {error}");
        succeed(folder, &["resume", &out]);
        succeed(folder, &["replay", &out, "--verify"]);
    }
    assert!(failures > 0, "some limit is too small for the run");
}

/// The same on a file system that is really full, where this machine lets us mount one; it exists for the shell below only.
#[cfg(target_os = "linux")]
#[test]
fn a_full_file_system_loses_nothing_that_was_committed() {
    let place = tempfile::tempdir().expect("a temporary folder");
    counter(place.path());
    let script = r#"
        set -e
        mkdir disk && mount -t tmpfs -o size=1m tmpfs disk || exit 42
        echo mounted
        if "$COEVO" run counter.yaml --out disk/run 2> said; then echo "it had room"; exit 1; fi
        cat said
        "$COEVO" episodes disk/run --check
        "$COEVO" episodes disk/run --count | sed 's/^/episodes when full: /'
        mount -o remount,size=64m disk
        "$COEVO" resume disk/run
        "$COEVO" replay disk/run --verify
    "#;
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).env("COEVO", env!("CARGO_BIN_EXE_coevo"));
    let Ok(output) = command.current_dir(place.path()).output() else { return };
    let said = String::from_utf8_lossy(&output.stdout);
    if !said.contains("mounted") {
        eprintln!("no file system can be mounted here: a full one is not tried");
        return;
    }
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for expected in ["hint: every commit before this one is safe; make room", "damaged: 0", ": 0 diverged, 0 damaged"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(!said.contains("episodes when full: 0\n"), "something was committed before: {said}");
}
