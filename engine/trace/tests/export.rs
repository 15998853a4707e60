//! What the JSONL export looks like, and that equal runs export equal bytes.

mod common;

use std::collections::BTreeMap;

use coevo_core::interface::Interface;
use coevo_trace::{EpisodeFilter, RoundCommit, RunFile, export_jsonl};
use common::{episodes, header, key, public_task, task_ref};
use serde_json::{Value, json};

/// A run whose rounds are committed with these timings.
fn export(elapsed_ms: f64, filter: &EpisodeFilter) -> String {
    let place = tempfile::tempdir().expect("a temporary folder");
    let mut run = RunFile::create(&place.path().join("run"), &header()).expect("creates");
    for arm in ["vanilla", "coevo"] {
        let (episodes, timings_ms) = (episodes(arm, 1), BTreeMap::from([("all".to_owned(), elapsed_ms)]));
        let tasks = [(task_ref(0), public_task()), (task_ref(1), public_task())];
        let commit = RoundCommit {
            episodes: &episodes,
            tasks: &tasks,
            interfaces: &[Interface::base()],
            timings_ms: &timings_ms,
            ..RoundCommit::empty(key(arm, 1))
        };
        run.commit(&commit).expect("commits");
    }
    let mut out = Vec::new();
    let lines = export_jsonl(&run, filter, &mut out).expect("exports");
    let text = String::from_utf8(out).expect("UTF-8");
    assert_eq!(text.lines().count() as u64, lines);
    text
}

#[test]
fn equal_runs_export_equal_bytes() {
    let all = EpisodeFilter::default();
    let text = export(1.0, &all);
    assert_eq!(text, export(99.0, &all), "timings are not exported");
    let names: Vec<String> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).expect("JSON")["coevo"]["episode"].as_str().expect("text").to_owned()
        })
        .collect();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!((names.len(), &names), (8, &sorted), "by arm, stage, round, task and replica");
}

/// The whole first line, written out: a change of the format must change this test.
#[test]
fn one_line_is_a_chat_with_answered_calls() {
    let text = export(1.0, &EpisodeFilter { limit: Some(1), ..EpisodeFilter::default() });
    let line: Value = serde_json::from_str(&text).expect("JSON");
    let system = |index: usize| line["messages"][index]["content"].as_str().expect("text").to_owned();
    let (opening, change) = (system(0), system(7));
    assert!(
        opening.contains("You book trips.") && opening.contains("find_airport") && !opening.contains("book_flight"),
        "{opening}"
    );
    assert!(change.contains("book_flight"), "{change}");
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let function = |name: &str| {
        json!({"type": "function", "function": {
            "name": name, "description": format!("Does {name}."), "parameters": parameters,
        }})
    };
    let call = |id: &str, arguments: &str| {
        json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": id, "type": "function", "function": {"name": "find_airport", "arguments": arguments}},
        ]})
    };
    let rejected = "rejected: the arguments are not one JSON object\nhint: write @name {\"argument\":value}";
    assert_eq!(
        line["messages"],
        json!([
            {"role": "system", "content": opening},
            {"role": "user", "content": "Find Rome."},
            call("call_0_0", "Rome"),
            {"role": "tool", "tool_call_id": "call_0_0", "content": rejected},
            call("call_0_1", "{\"city\":\"Rome\"}"),
            {"role": "tool", "tool_call_id": "call_0_1", "content": "{\"code\":\"FCO\"}"},
            {"role": "assistant", "content": "It is FCO."},
            {"role": "system", "content": change},
            {"role": "user", "content": "Find Rome."},
            {"role": "assistant", "content": "Done.", "reasoning_content": "~book_flight(city)"},
        ])
    );
    assert_eq!(line["tools"], json!([function("find_airport"), function("book_flight")]));
    let coevo = &line["coevo"];
    for (pointer, expected) in [
        ("/episode", json!("coevo/r001/train/0000/0")),
        ("/arm", json!("coevo")),
        ("/stage", json!("train")),
        ("/round", json!(1)),
        ("/replica", json!(0)),
        (
            "/task",
            json!({"env": "travel", "split": "train", "index": 0, "seed": 0, "id": "train-1", "category": "base",
                   "scenario": "s1"}),
        ),
        ("/agent", json!("policy@1")),
        ("/interface", json!(common::base_id().as_str())),
        ("/reward", json!(1.0)),
        ("/terminated", json!(true)),
        ("/truncated", json!(false)),
        ("/ending", json!("terminated")),
        ("/training", json!({"advantage": 0.5, "per_turn": [1.0, 1.25]})),
        ("/diagnosis/turns/0/label", json!("pass")),
        ("/initial_state_hash", json!("0000000000000001")),
        ("/turns/0/state_hash_after", json!("0000000000000abc")),
        ("/turns/0/steps/0/text", json!("@find_airport Rome")),
        ("/turns/0/steps/0/cue", json!("hint: write @name {\"argument\":value}")),
        ("/tokens/count", json!(4)),
        ("/tokens/sampled", json!(2)),
    ] {
        assert_eq!(coevo.pointer(pointer), Some(&expected), "{pointer}");
    }
}

#[test]
fn a_fault_has_no_reward_and_no_training() {
    let text = export(1.0, &EpisodeFilter { unscored: Some(true), limit: Some(1), ..EpisodeFilter::default() });
    let line: Value = serde_json::from_str(&text).expect("JSON");
    let coevo = &line["coevo"];
    assert_eq!(coevo["reward"], Value::Null);
    assert_eq!((&coevo["training"], &coevo["diagnosis"]), (&Value::Null, &Value::Null));
    assert_eq!((&coevo["terminated"], &coevo["truncated"]), (&json!(false), &json!(false)));
    assert_eq!(coevo["verdict"]["unscored"]["boundary"], "guest_fuel");
}
