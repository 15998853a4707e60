//! Every refusal is reached, declared and harmless; every command does what it says; broken trees are refused.

use coevo_sdk::conformance::refusals::{Refused, check_refusals};
use coevo_sdk::session::Quiet;
use coevo_sdk::{Environment, Session, Side, Value, json};
use files::Files;

/// `/docs` has a note, a locked plan and the folder `in`, where the shell is; `/empty` is empty.
fn tree() -> Value {
    let file = |lines: &[&str], locked: bool| json!({"file": {"lines": lines, "locked": locked}});
    json!({
        "cwd": "/docs/in",
        "nodes": {
            "/docs": "folder",
            "/docs/in": "folder",
            "/docs/in/a.txt": file(&["sell pens", "buy paper", "fix doors now"], false),
            "/docs/note.txt": file(&["sell pens", "buy paper"], false),
            "/docs/plan.txt": file(&["call"], true),
            "/empty": "folder",
        },
        "quota": 90,
    })
}

fn cases() -> Vec<Refused> {
    let case =
        |tool: &'static str, arguments: Value, code: &'static str| Refused { state: tree(), tool, arguments, code };
    let mut cases = vec![
        case("cd", json!({"folder": "../../docs/no"}), "not_found"),
        case("cd", json!({"folder": "a.txt"}), "not_a_folder"),
        case("cd", json!({"folder": "."}), "already_there"),
        case("ls", json!({"folder": "/no"}), "not_found"),
        case("ls", json!({"folder": "a.txt"}), "not_a_folder"),
        case("du", json!({"folder": "/no"}), "not_found"),
        case("du", json!({"folder": "a.txt"}), "not_a_folder"),
        case("find", json!({"name": "note"}), "no_match"),
        case("mkdir", json!({"folder": "/empty"}), "exists"),
        case("mkdir", json!({"folder": "/new/deep"}), "no_parent"),
        case("touch", json!({"file": "a.txt"}), "exists"),
        case("touch", json!({"file": "a.txt/b"}), "no_parent"),
        case("write", json!({"file": "/no/b.txt", "text": "x"}), "no_parent"),
        case("write", json!({"file": "../plan.txt", "text": "x"}), "exists"),
        case("write", json!({"file": "b.txt", "text": "x".repeat(40)}), "disk_full"),
        case("append", json!({"file": "b.txt", "text": "x"}), "not_found"),
        case("append", json!({"file": "/empty", "text": "x"}), "not_a_file"),
        case("append", json!({"file": "../plan.txt", "text": "x"}), "locked"),
        case("append", json!({"file": "a.txt", "text": "x".repeat(40)}), "disk_full"),
        case("grep", json!({"file": "a.txt", "word": "roses"}), "no_match"),
        case("cp", json!({"from": "b.txt", "to": "c.txt"}), "not_found"),
        case("cp", json!({"from": "a.txt", "to": "/no/c.txt"}), "no_parent"),
        case("cp", json!({"from": "a.txt", "to": "../note.txt"}), "exists"),
        case("cp", json!({"from": "/docs", "to": "/other"}), "not_a_file"),
        case("cp", json!({"from": "a.txt", "to": "/empty"}), "disk_full"),
        case("mv", json!({"from": "b.txt", "to": "c.txt"}), "not_found"),
        case("mv", json!({"from": "a.txt", "to": "/no/c.txt"}), "no_parent"),
        case("mv", json!({"from": "a.txt", "to": "../note.txt"}), "exists"),
        case("mv", json!({"from": "../plan.txt", "to": "/empty"}), "locked"),
        case("mv", json!({"from": "..", "to": "/empty"}), "in_use"),
        case("mv", json!({"from": "/empty", "to": "/empty"}), "inside_itself"),
        case("rm", json!({"path": "b.txt"}), "not_found"),
        case("rm", json!({"path": "/docs/plan.txt"}), "locked"),
        case("rm", json!({"path": "."}), "in_use"),
        case("chmod", json!({"file": "b.txt", "mode": "ro"}), "not_found"),
        case("chmod", json!({"file": "/empty", "mode": "ro"}), "not_a_file"),
        case("chmod", json!({"file": "a.txt", "mode": "rwx"}), "bad_mode"),
        case("chmod", json!({"file": "a.txt", "mode": "rw"}), "unchanged"),
    ];
    let mut elsewhere = tree();
    elsewhere["cwd"] = json!("/empty");
    cases.push(Refused { state: elsewhere, ..case("rm", json!({"path": "/docs/in"}), "not_empty") });
    for tool in ["cat", "head", "tail", "grep", "sort", "wc"] {
        for (path, code) in [("b.txt", "not_found"), ("/empty", "not_a_file")] {
            cases.push(case(tool, json!({"file": path, "count": 1, "word": "buy"}), code));
        }
    }
    for (path, code) in [("b.txt", "not_found"), ("/empty", "not_a_file")] {
        cases.push(case("diff", json!({"old": "a.txt", "new": path}), code));
    }
    // Whatever takes a path refuses one with a blank in it, in its first argument.
    for tool in Files::describe().tools.iter().filter(|tool| tool.errors.iter().any(|(code, _)| *code == "bad_path")) {
        let all = ["file", "folder", "path", "from", "old"].map(|name| (name.to_owned(), json!("a b")));
        let mut arguments = Value::Object(all.into_iter().collect());
        for name in ["text", "to", "new", "word", "mode"] {
            arguments[name] = json!("ro");
        }
        arguments["count"] = json!(1);
        cases.push(case(tool.name, arguments, "bad_path"));
    }
    cases
}

#[test]
fn every_refusal_is_reached_declared_and_harmless() {
    check_refusals::<Files>(&cases());
}

#[test]
fn commands_do_what_they_say() {
    let mut session: Session<Files> = Session::new();
    session.reset(&tree().to_string()).unwrap();
    let steps = [
        ("ls", json!({}), json!({"names": ["a.txt"]})),
        ("ls", json!({"folder": ".."}), json!({"names": ["in/", "note.txt", "plan.txt"]})),
        ("find", json!({"name": "txt"}), json!({"paths": ["a.txt"]})),
        ("cat", json!({"file": "../note.txt"}), json!({"lines": ["sell pens", "buy paper"]})),
        ("head", json!({"file": "a.txt"}), json!({"lines": ["sell pens"]})),
        ("tail", json!({"file": "a.txt", "count": 2}), json!({"lines": ["buy paper", "fix doors now"]})),
        ("grep", json!({"file": "a.txt", "word": "paper"}), json!({"lines": ["buy paper"]})),
        ("sort", json!({"file": "/docs/note.txt"}), json!({"lines": ["buy paper", "sell pens"]})),
        ("wc", json!({"file": "a.txt"}), json!({"lines": 3, "words": 7})),
        ("diff", json!({"old": "../note.txt", "new": "a.txt"}), json!({"removed": [], "added": ["fix doors now"]})),
        ("du", json!({}), json!({"bytes": 34})),
        ("du", json!({"folder": "/"}), json!({"bytes": 59})),
        ("mkdir", json!({"folder": "sub"}), json!({"ok": true})),
        ("touch", json!({"file": "sub/c.txt"}), json!({"ok": true})),
        ("write", json!({"file": "sub/b.txt", "text": "hi"}), json!({"bytes": 3})),
        ("append", json!({"file": "sub/b.txt", "text": "ho"}), json!({"bytes": 6})),
        ("cp", json!({"from": "sub/b.txt", "to": "/empty"}), json!({"ok": true})),
        ("cd", json!({"folder": "/"}), json!({"cwd": "/"})),
        ("mv", json!({"from": "docs/in", "to": "empty"}), json!({"ok": true})),
        ("find", json!({"name": "b.txt"}), json!({"paths": ["empty/b.txt", "empty/in/sub/b.txt"]})),
        ("chmod", json!({"file": "docs/plan.txt", "mode": "rw"}), json!({"ok": true})),
        ("rm", json!({"path": "docs/plan.txt"}), json!({"ok": true})),
        ("rm", json!({"path": "docs/note.txt"}), json!({"ok": true})),
        ("rm", json!({"path": "docs"}), json!({"ok": true})),
        ("ls", json!({}), json!({"names": ["empty/"]})),
    ];
    for (tool, args, want) in steps {
        let got = session.call(tool, &args, Side::Agent, &mut Quiet::new());
        assert_eq!(got.as_ref(), Ok(&want), "{tool} {args}");
    }
    let error = session.call("fly", &json!({}), Side::Agent, &mut Quiet::new()).unwrap_err();
    assert_eq!(error.code, "unknown_tool");
}

#[test]
fn broken_trees_are_refused() {
    let breaks: [(&str, Value, &str); 3] = [
        ("/cwd", json!("/no"), "/no does not exist"),
        ("/nodes/~1docs", json!({"file": {"lines": [], "locked": false}}), "in no folder"),
        ("/nodes/~1empty", json!("gone"), "gone"),
    ];
    for (path, value, says) in breaks {
        let mut state = tree();
        *state.pointer_mut(path).expect(path) = value;
        let error = Session::<Files>::new().reset(&state.to_string()).expect_err(path);
        assert!(error.contains(says), "{path}: {error}");
    }
}
