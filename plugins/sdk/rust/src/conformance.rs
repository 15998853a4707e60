//! The tests that every environment should pass, as functions to call from its own tests.
//!
//! They panic with the task's id and what was wrong. `docs` of each says which promise it guards.

pub mod refusals;
pub mod shape;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::session::{Quiet, Session, Side, generate};
use crate::task::{CallRecord, CallStatus, Task, ToolCall, TurnRecord, UserMessage, Verdict};
use crate::{Environment, Rng};

/// Every task of every split, generated.
///
/// # Panics
/// When a task cannot be generated.
pub fn tasks<E: Environment>(seeds: &[u64]) -> impl Iterator<Item = Task> {
    let splits = E::describe().splits;
    let keys: Vec<_> = seeds
        .iter()
        .flat_map(|seed| splits.iter().flat_map(move |(split, n)| (0..*n).map(move |i| (*split, i, *seed))))
        .collect();
    keys.into_iter().map(|(split, index, seed)| {
        generate::<E>(split, index, seed).unwrap_or_else(|error| panic!("{split}:{index}:{seed}: {error}"))
    })
}

/// Plays calls and answers turn by turn from the task's initial state, as the host would record them.
///
/// # Panics
/// When the initial state does not parse.
pub fn play<E: Environment>(task: &Task, script: &[(Vec<ToolCall>, String)]) -> Vec<TurnRecord> {
    let mut session: Session<E> = Session::new();
    session.reset(&task.initial_state).unwrap_or_else(|error| panic!("{}: {error}", task.id));
    let mut around = Quiet::new();
    let mut run = |call: &ToolCall| {
        let outcome = session.call(&call.name, &call.arguments, Side::Agent, &mut around);
        let status = if outcome.is_ok() { CallStatus::Executed } else { CallStatus::ToolError };
        CallRecord { call: call.clone(), status, side: Side::Agent }
    };
    script
        .iter()
        .map(|(calls, answer)| TurnRecord { calls: calls.iter().map(&mut run).collect(), answer: Some(answer.clone()) })
        .collect()
}

/// What the reference does, as a script for [`play`].
pub fn reference_script(task: &Task) -> Vec<(Vec<ToolCall>, String)> {
    task.reference.iter().map(|turn| (turn.calls.clone(), turn.answer.clone())).collect()
}

/// Judges a played script.
///
/// # Panics
/// When the verifier faults.
pub fn judge<E: Environment>(task: &Task, turns: &[TurnRecord]) -> Verdict {
    E::verify(task, turns, &mut Quiet::new()).unwrap_or_else(|error| panic!("{}: {error}", task.id))
}

/// The reference solution passes every turn of every task.
///
/// # Panics
/// When it does not.
pub fn check_oracle<E: Environment>(seeds: &[u64]) {
    for task in tasks::<E>(seeds) {
        let verdict = judge::<E>(&task, &play::<E>(&task, &reference_script(&task)));
        assert!(verdict.reward == 1.0, "{}: {:?}", task.id, verdict.turns);
    }
}

/// An agent that never calls a tool solves no task, even with the reference's own answers.
///
/// # Panics
/// When it solves one.
pub fn check_idle<E: Environment>(seeds: &[u64]) {
    for task in tasks::<E>(seeds) {
        let silent: Vec<_> = reference_script(&task).into_iter().map(|(_, answer)| (Vec::new(), answer)).collect();
        let verdict = judge::<E>(&task, &play::<E>(&task, &silent));
        assert!(verdict.reward == 0.0, "{} is solved without a call", task.id);
    }
}

/// How many tasks an agent solves that calls random tools, with arguments drawn from what it has read, and gives the
/// reference's own answers: (solved, tried).
///
/// # Panics
/// When a task cannot be generated or judged.
pub fn random_agent<E: Environment>(seeds: &[u64]) -> (usize, usize) {
    let described = E::describe();
    let (mut solved, mut tried) = (0, 0);
    for task in tasks::<E>(seeds) {
        let mut rng = Rng::new(tried as u64, "random agent", &[]);
        let mut session: Session<E> = Session::new();
        session.reset(&task.initial_state).unwrap_or_else(|error| panic!("{}: {error}", task.id));
        let (mut around, mut read, mut script) = (Quiet::new(), task.system.clone(), Vec::new());
        for (turn, reference) in task.turns.iter().zip(&task.reference) {
            if let UserMessage::Scripted(text) = &turn.message {
                read = format!("{read} {text}");
            }
            let mut calls = Vec::new();
            for _ in 0..rng.below(4) {
                let name = &turn.offered[rng.below(turn.offered.len())];
                let Some(tool) = described.tool(name) else { continue };
                let call = ToolCall {
                    name: name.clone(),
                    arguments: random_arguments(&tool.arguments_schema(), &read, &mut rng),
                };
                if let Ok(result) = session.call(&call.name, &call.arguments, Side::Agent, &mut around) {
                    read = format!("{read} {result}");
                }
                calls.push(call);
            }
            script.push((calls, reference.answer.clone()));
        }
        tried += 1;
        solved += usize::from(judge::<E>(&task, &play::<E>(&task, &script)).reward == 1.0);
    }
    (solved, tried)
}

fn random_arguments(schema: &Value, read: &str, rng: &mut Rng) -> Value {
    let words: Vec<&str> = read
        .split(|c: char| c.is_whitespace() || "\"{}[],:?!".contains(c))
        .map(|word| word.trim_matches('.'))
        .filter(|word| !word.is_empty())
        .collect();
    let numbers: Vec<u32> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let mut arguments = serde_json::Map::new();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let required = schema["required"].as_array().is_some_and(|list| list.iter().any(|needed| needed == name));
        if !required && rng.one_in(2) {
            continue;
        }
        let options = field.get("enum").and_then(Value::as_array);
        let value = match (options, field["type"].as_str()) {
            (Some(options), _) => options[rng.below(options.len())].clone(),
            (None, Some("integer" | "number")) if numbers.is_empty() => Value::from(rng.below(10)),
            (None, Some("integer" | "number")) => Value::from(numbers[rng.below(numbers.len())]),
            (None, Some("boolean")) => Value::from(rng.one_in(2)),
            _ => Value::from(words[rng.below(words.len())]),
        };
        arguments.insert(name.clone(), value);
    }
    Value::Object(arguments)
}

/// A task is a function of (split, index, seed), whatever was generated before; seeds differ; scenarios belong to one
/// split; unknown splits and indices are errors.
///
/// # Panics
/// When one of these fails.
pub fn check_generation<E: Environment>(seeds: [u64; 2]) {
    let splits = E::describe().splits;
    let mut home: BTreeMap<String, &str> = BTreeMap::new();
    for (split, count) in &splits {
        let forward: Vec<Task> = (0..*count).map(|i| generate::<E>(split, i, seeds[0]).expect("generates")).collect();
        for index in (0..*count).rev() {
            let again = generate::<E>(split, index, seeds[0]).expect("generates");
            assert_eq!(again, forward[index as usize], "{split}:{index} depends on what was generated before");
            let other = generate::<E>(split, index, seeds[1]).expect("generates");
            assert_ne!(other.turns, again.turns, "{split}:{index} is the same with another seed");
            for task in [again, other] {
                let owner = home.entry(task.scenario.clone()).or_insert(split);
                assert_eq!(owner, split, "scenario {} is in two splits", task.scenario);
            }
        }
        assert!(generate::<E>(split, *count, seeds[0]).is_err(), "{split}:{count} is out of range");
    }
    assert!(generate::<E>("no such split", 0, seeds[0]).is_err());
}

/// Offered tools exist and cover the reference's calls, arguments and results have the declared fields, error codes are
/// declared, a call that fails or does not mutate leaves the state as it was, and snapshot → restore, state JSON →
/// reset keep state and hash.
///
/// # Panics
/// When one of these fails.
pub fn check_declarations<E: Environment>(seeds: &[u64]) {
    let described = E::describe();
    let names: BTreeSet<&str> = described.tools.iter().map(|tool| tool.name).collect();
    assert_eq!(names.len(), described.tools.len(), "tool names are unique");
    for task in tasks::<E>(seeds) {
        let id = &task.id;
        assert!(described.categories.contains(&task.category.as_str()), "{id}: category {}", task.category);
        let mut session: Session<E> = Session::new();
        session.reset(&task.initial_state).expect("resets");
        let mut around = Quiet::new();
        for (turn, reference) in task.turns.iter().zip(&task.reference) {
            assert!(turn.message != UserMessage::Scripted(String::new()), "{id}: an empty user message");
            assert!(turn.offered.iter().all(|tool| names.contains(tool.as_str())), "{id}: offers an unknown tool");
            for call in &reference.calls {
                assert!(turn.offered.contains(&call.name), "{id}: {} is not offered", call.name);
                let tool = described.tool(&call.name).expect("offered tools exist");
                check_shape(id, &call.arguments, &tool.arguments_schema(), true);
                let before = session.state_hash();
                let outcome = session.call(&call.name, &call.arguments, Side::Agent, &mut around);
                let changed = session.state_hash() != before;
                match outcome {
                    Ok(result) => {
                        check_shape(id, &result, &tool.result_schema(), false);
                        assert!(tool.mutates || !changed, "{id}: {} changed the state", call.name);
                    }
                    Err(error) => {
                        let known = tool.errors.iter().any(|(code, _)| *code == error.code);
                        assert!(known && !changed, "{id}: {} {error:?} undeclared, or changed the state", call.name);
                    }
                }
                check_copies(id, &mut session);
            }
        }
    }
}

fn check_shape(id: &str, value: &Value, schema: &Value, closed: bool) {
    let fields = value.as_object().unwrap_or_else(|| panic!("{id}: {value} is no object"));
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(fields.contains_key(name), "{id}: {value} lacks {name}");
    }
    for (name, field) in fields {
        let Some(declared) = schema["properties"].get(name) else {
            assert!(!closed, "{id}: {value} has the undeclared field {name}");
            continue;
        };
        let fits = match declared["type"].as_str() {
            Some("string") => field.is_string(),
            Some("integer") => field.is_u64() || field.is_i64(),
            Some("number") => field.is_number(),
            Some("boolean") => field.is_boolean(),
            Some("array") => field.is_array(),
            Some("object") => field.is_object(),
            _ => true,
        };
        assert!(fits, "{id}: {name} of {value} is not {declared}");
        let listed = declared.get("enum").and_then(Value::as_array);
        assert!(listed.is_none_or(|values| values.contains(field)), "{id}: {name} of {value} is not in its enum");
    }
}

fn check_copies<E: Environment>(id: &str, session: &mut Session<E>) {
    let hash = session.state_hash();
    let (mut fork, mut reread): (Session<E>, Session<E>) = (Session::new(), Session::new());
    let snapshot = session.snapshot().expect("snapshots");
    fork.restore(&snapshot).expect("restores");
    assert!(fork.state() == session.state() && fork.state_hash() == hash, "{id}: a fork differs");
    assert_eq!(fork.snapshot().as_ref(), Ok(&snapshot), "{id}: a fork's snapshot differs");
    assert!(fork.restore(&snapshot[..snapshot.len() - 1]).is_err(), "{id}: a cut snapshot restores");
    reread.reset(&session.state_json()).expect("state JSON is an initial state");
    assert_eq!(reread.state_hash(), hash, "{id}: the state's JSON loses something");
}

/// A departure from the reference that the verifier let pass.
#[derive(Clone, Debug)]
pub struct Survivor {
    pub task: String,
    pub turn: usize,
    /// `drop`, `swap`, `corrupt` or `extra`.
    pub kind: &'static str,
    /// The call concerned; for `swap` the first of the two.
    pub call: ToolCall,
    /// Whether the call concerned (for `swap`, one of the two) ends in a typed error where it stands in the perturbed
    /// trace (or, for `drop`, stood in the reference).
    pub errs: bool,
    pub mutates: bool,
}

/// Perturbs every reference call of every task (drops it, swaps it with the next one, corrupts each argument, repeats
/// it at the end of the turn if it mutates) and returns (number of traces tried, those that still pass).
pub fn perturb<E: Environment>(seeds: &[u64]) -> (usize, Vec<Survivor>) {
    let described = E::describe();
    let (mut tried, mut survivors) = (0, Vec::new());
    for task in tasks::<E>(seeds) {
        let script = reference_script(&task);
        let reference = play::<E>(&task, &script);
        for (turn, (calls, _)) in script.iter().enumerate() {
            for (at, call) in calls.iter().enumerate() {
                let mutates = described.tool(&call.name).is_some_and(|tool| tool.mutates);
                for (kind, place, changed) in variants(calls, at, mutates) {
                    tried += 1;
                    let mut perturbed = script.clone();
                    perturbed[turn].0 = changed;
                    let played = play::<E>(&task, &perturbed);
                    if judge::<E>(&task, &played).reward == 1.0 {
                        let records = if kind == "drop" { &reference } else { &played };
                        let concerned = place..=place + usize::from(kind == "swap");
                        let errs = records[turn].calls[concerned].iter().any(|r| r.status == CallStatus::ToolError);
                        let (task, call) = (task.id.clone(), call.clone());
                        survivors.push(Survivor { task, turn, kind, call, errs, mutates });
                    }
                }
            }
        }
    }
    (tried, survivors)
}

/// (kind, position of the call concerned in the changed list, changed list)
fn variants(calls: &[ToolCall], at: usize, mutates: bool) -> Vec<(&'static str, usize, Vec<ToolCall>)> {
    let mut out = Vec::new();
    let mut dropped = calls.to_vec();
    dropped.remove(at);
    out.push(("drop", at, dropped));
    if at + 1 < calls.len() {
        let mut swapped = calls.to_vec();
        swapped.swap(at, at + 1);
        out.push(("swap", at, swapped));
    }
    for (name, value) in calls[at].arguments.as_object().into_iter().flatten() {
        let mut corrupted = calls.to_vec();
        corrupted[at].arguments[name] = corrupt(value);
        out.push(("corrupt", at, corrupted));
    }
    if mutates {
        let mut repeated = calls.to_vec();
        repeated.push(calls[at].clone());
        out.push(("extra", calls.len(), repeated));
    }
    out
}

fn corrupt(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(format!("{text}x")),
        Value::Number(n) => Value::from(n.as_u64().map_or(1, |n| n + 1)),
        Value::Bool(b) => Value::from(!b),
        other => Value::Array(vec![other.clone()]),
    }
}
