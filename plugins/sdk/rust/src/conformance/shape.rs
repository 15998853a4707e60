//! What tasks made by [`crate::story`] must look like: their categories, their length, that a story's variants tell one
//! story, and that everything a reference passes can be copied from what the agent has read.

use std::collections::{BTreeMap, BTreeSet};

use super::tasks;
use crate::Environment;
use crate::session::{Quiet, Session, Side, generate};
use crate::story::{CATEGORIES, SPLITS};
use crate::task::{Task, ToolCall, UserMessage};

fn words(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count()
}

/// The user's messages.
fn texts(task: &Task) -> Vec<&str> {
    task.turns
        .iter()
        .map(|turn| match &turn.message {
            UserMessage::Scripted(text) => text.as_str(),
            UserMessage::Simulated => "",
        })
        .collect()
}

fn calls(task: &Task) -> Vec<&ToolCall> {
    task.reference.iter().flat_map(|turn| &turn.calls).collect()
}

/// What the reference's calls gave.
fn results<E: Environment>(task: &Task) -> Vec<String> {
    let mut session: Session<E> = Session::new();
    session.reset(&task.initial_state).expect("resets");
    let mut run = |call: &ToolCall| session.call(&call.name, &call.arguments, Side::Agent, &mut Quiet::new());
    calls(task)
        .into_iter()
        .map(|call| run(call).map_or_else(|error| format!("{} {}", error.message, error.details), |r| r.to_string()))
        .collect()
}

/// Two to six turns, a few calls each, and texts that a small context can hold.
///
/// # Panics
/// With the task that is too long.
pub fn check_length<E: Environment>(seeds: &[u64]) {
    let (mut bytes, mut counted) = (BTreeMap::<String, usize>::new(), BTreeMap::<String, usize>::new());
    for task in tasks::<E>(seeds) {
        let id = &task.id;
        assert!((2..=6).contains(&task.turns.len()), "{id} has {} turns", task.turns.len());
        assert!(words(&task.system) <= 60, "{id}: {}", task.system);
        for text in texts(&task) {
            assert!((1..=20).contains(&text.split_whitespace().count()), "{id}: {text}");
            assert!(!text.contains(['{', '}']), "{id}: an open slot in {text}");
        }
        for turn in &task.turns {
            assert!(turn.offered.len() <= 16, "{id} offers {} tools", turn.offered.len());
        }
        assert!(task.reference.iter().all(|turn| turn.calls.len() <= 3), "{id}: too many calls in a turn");
        let most = if task.category == "long_context" { 150 } else { 32 };
        for result in results::<E>(&task) {
            assert!(words(&result) <= most, "{id}: {} words: {result}", words(&result));
            *bytes.entry(task.category.clone()).or_default() += result.len();
        }
        *counted.entry(task.category.clone()).or_default() += 1;
    }
    let (base, long) = (bytes["base"] / counted["base"], bytes["long_context"] / counted["long_context"]);
    assert!(base < 400 && (2 * base..8 * base).contains(&long), "bytes of results a task: base {base}, long {long}");
}

/// The four variants of every story have one scenario, the same calls, and what their category promises.
///
/// # Panics
/// With the task that departs.
pub fn check_variants<E: Environment>(seed: u64) {
    for (split, count) in SPLITS {
        for scenario in 0..count / 4 {
            let variants: Vec<Task> =
                (0..4).map(|c| generate::<E>(split, 4 * scenario + c, seed).expect("generates")).collect();
            let [base, late_tool, late_value, long] = &variants[..] else { unreachable!("four were made") };
            for (task, category) in variants.iter().zip(CATEGORIES) {
                assert_eq!((task.category.as_str(), &task.scenario), (category, &base.scenario), "{}", task.id);
                assert_eq!(calls(task), calls(base), "{}", task.id);
            }
            assert!(base.reference.iter().all(|turn| !turn.calls.is_empty()), "{}", base.id);
            let at = silent_turn(late_tool, base);
            let missing = &late_tool.reference[at + 1].calls.last().expect("a call").name;
            for (turn, offers) in late_tool.turns.iter().enumerate() {
                assert_eq!(offers.offered.contains(missing), turn > at, "{}: turn {turn}, {missing}", late_tool.id);
            }
            assert_eq!(texts(late_tool)[at], texts(base)[at], "{}: the request is the base's", late_tool.id);
            let at = silent_turn(late_value, base);
            assert_ne!(texts(late_value)[at], texts(base)[at], "{}: something is left out", late_value.id);
            assert!(late_value.turns.iter().all(|turn| turn.offered == base.turns[0].offered), "{}", late_value.id);
            assert_eq!((&long.turns, &long.reference), (&base.turns, &base.reference), "{}", long.id);
        }
    }
}

/// The one turn without a call, of a task that has one turn more than the base.
fn silent_turn(task: &Task, base: &Task) -> usize {
    assert_eq!(task.turns.len(), base.turns.len() + 1, "{}", task.id);
    let silent: Vec<usize> = (0..task.turns.len()).filter(|at| task.reference[*at].calls.is_empty()).collect();
    let [at] = silent[..] else { panic!("{}: turns {silent:?} have no call", task.id) };
    at
}

/// No conversation is in two scenarios, first messages and sequences of calls vary, every tool is used and every
/// request that can be made is made.
///
/// # Panics
/// With what is repeated or unused.
pub fn check_variety<E: Environment>(seed: u64) {
    let (mut seen, mut used) = (BTreeMap::<String, String>::new(), BTreeSet::<String>::new());
    let (mut first, mut plans, mut stories) = (BTreeSet::<String>::new(), BTreeSet::<Vec<String>>::new(), 0);
    for task in tasks::<E>(&[seed]) {
        let names: Vec<String> = calls(&task).iter().map(|call| call.name.clone()).collect();
        used.extend(names.iter().cloned());
        let owner = seen.entry(texts(&task).join(" ")).or_insert_with(|| task.scenario.clone());
        assert_eq!(*owner, task.scenario, "{}", task.id);
        if task.category == "base" {
            stories += 1;
            first.insert(texts(&task)[0].to_owned());
            plans.insert(names);
        }
    }
    let unused: Vec<&str> =
        E::describe().tools.iter().map(|tool| tool.name).filter(|name| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "no task needs {unused:?}");
    assert!(first.len() * 10 >= stories * 9, "{} first messages in {stories} stories", first.len());
    assert!(plans.len() * 2 >= stories, "{} sequences of calls in {stories} stories", plans.len());
}

/// Every value of a reference call stands in what the agent has read by then, but for codes of an `enum`, which the
/// user may paraphrase.
///
/// # Panics
/// With the value that cannot be copied.
pub fn check_inferable<E: Environment>(seeds: &[u64]) {
    let described = E::describe();
    for task in tasks::<E>(seeds) {
        let mut read = task.system.clone();
        let results = results::<E>(&task);
        let mut results = results.iter();
        for (text, turn) in texts(&task).into_iter().zip(&task.reference) {
            read = format!("{read}\n{text}");
            for call in &turn.calls {
                let schema = described.tool(&call.name).expect("declared").arguments_schema();
                for (name, value) in call.arguments.as_object().expect("an object") {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let coded = schema["properties"][name].get("enum").is_some();
                    assert!(coded || read.contains(&value), "{}: {} {name} {value}\n{read}", task.id, call.name);
                }
                read = format!("{read}\n{}", results.next().expect("a result"));
            }
        }
    }
}
