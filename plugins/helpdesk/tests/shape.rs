//! What tasks look like: their categories, their length, and that a scenario's variants tell one story.

use std::collections::{BTreeMap, BTreeSet};

use coevo_sdk::Environment;
use coevo_sdk::conformance::tasks;
use coevo_sdk::session::{Quiet, Session, Side, generate};
use coevo_sdk::task::{Task, ToolCall, UserMessage};
use helpdesk::Helpdesk;
use helpdesk::tasks::{CATEGORIES, SPLITS};

fn words(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count()
}

fn user_texts(task: &Task) -> Vec<&str> {
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

/// Results of the reference's calls.
fn results(task: &Task) -> Vec<String> {
    let mut session: Session<Helpdesk> = Session::new();
    session.reset(&task.initial_state).expect("resets");
    let mut run = |call: &ToolCall| session.call(&call.name, &call.arguments, Side::Agent, &mut Quiet::new());
    calls(task)
        .into_iter()
        .map(|call| run(call).map_or_else(|error| error.message, |result| result.to_string()))
        .collect()
}

#[test]
fn tasks_are_short_enough_for_a_small_context() {
    let mut turns_by_count: BTreeMap<usize, usize> = BTreeMap::new();
    for task in tasks::<Helpdesk>(&[11, 12]) {
        let id = &task.id;
        assert!((2..=6).contains(&task.turns.len()), "{id} has {} turns", task.turns.len());
        *turns_by_count.entry(task.turns.len()).or_default() += 1;
        assert!(words(&task.system) <= 25, "{id}: {}", task.system);
        for text in user_texts(&task) {
            assert!((1..=20).contains(&text.split_whitespace().count()), "{id}: {text}");
        }
        for turn in &task.reference {
            assert!(turn.calls.len() <= 3, "{id}: {} calls in a turn", turn.calls.len());
        }
        let most = if task.category == "long_context" { 120 } else { 25 };
        for result in results(&task) {
            assert!(words(&result) <= most, "{id}: {} words: {result}", words(&result));
        }
    }
    let all: usize = turns_by_count.values().sum();
    let middle: usize = (2..=4).filter_map(|n| turns_by_count.get(&n)).sum();
    assert!(middle * 10 >= all * 9, "{turns_by_count:?}");
}

#[test]
fn variants_tell_one_story() {
    for (split, count) in SPLITS {
        for scenario in 0..count / 4 {
            let variants: Vec<Task> =
                (0..4).map(|c| generate::<Helpdesk>(split, 4 * scenario + c, 13).expect("generates")).collect();
            let [base, miss_func, miss_param, long] = &variants[..] else { unreachable!("four were made") };
            for (task, category) in variants.iter().zip(CATEGORIES) {
                assert_eq!((task.category.as_str(), &task.scenario), (category, &base.scenario), "{}", task.id);
                assert_eq!(calls(task), calls(base), "{}", task.id);
            }
            assert!(base.reference.iter().all(|turn| !turn.calls.is_empty()), "{}", base.id);
            check_late_tool(miss_func, base);
            check_late_value(miss_param, base);
            check_long(long, base);
        }
    }
}

/// One turn whose tool is not offered, then a turn that offers it.
fn check_late_tool(task: &Task, base: &Task) {
    let id = &task.id;
    assert_eq!(task.turns.len(), base.turns.len() + 1, "{id}");
    let silent: Vec<usize> = (0..task.turns.len()).filter(|at| task.reference[*at].calls.is_empty()).collect();
    let [at] = silent[..] else { panic!("{id}: turns {silent:?} have no call") };
    let missing = &task.reference[at + 1].calls.last().expect("a call").name;
    for (turn, offers) in task.turns.iter().enumerate() {
        assert_eq!(offers.offered.contains(missing), turn > at, "{id}: turn {turn}, {missing}");
    }
    assert_eq!(user_texts(task)[at], user_texts(base)[at], "{id}: the request is the base's");
}

/// One turn that lacks a value, then a turn that gives it.
fn check_late_value(task: &Task, base: &Task) {
    let id = &task.id;
    assert_eq!(task.turns.len(), base.turns.len() + 1, "{id}");
    let silent: Vec<usize> = (0..task.turns.len()).filter(|at| task.reference[*at].calls.is_empty()).collect();
    let [at] = silent[..] else { panic!("{id}: turns {silent:?} have no call") };
    assert_ne!(user_texts(task)[at], user_texts(base)[at], "{id}: something is left out");
    assert!(task.turns.iter().all(|turn| turn.offered == base.turns[0].offered), "{id}: offers change");
    let argument = task.reference[at].answer.trim_start_matches("Which ").trim_end_matches('?');
    let asked = task.reference[at + 1].calls.iter().any(|call| call.arguments.get(argument).is_some());
    assert!(asked, "{id}: {argument} is asked for, no call has it");
}

/// The same turns, results several times as long.
fn check_long(task: &Task, base: &Task) {
    assert_eq!((&task.turns, &task.reference), (&base.turns, &base.reference), "{}", task.id);
    let (long, short) = (results(task).concat().len(), results(base).concat().len());
    assert!((2 * short..=12 * short).contains(&long), "{}: {short} became {long}", task.id);
}

#[test]
fn no_conversation_is_in_two_scenarios_and_every_tool_is_used() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut used: BTreeSet<String> = BTreeSet::new();
    for task in tasks::<Helpdesk>(&[17]) {
        used.extend(calls(&task).iter().map(|call| call.name.clone()));
        let key = format!("{} {}", task.initial_state, user_texts(&task).join(" "));
        let owner = seen.entry(key).or_insert_with(|| task.scenario.clone());
        assert_eq!(*owner, task.scenario, "{}", task.id);
    }
    let unused: Vec<&str> =
        Helpdesk::describe().tools.iter().map(|tool| tool.name).filter(|name| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

/// Every value of a reference call stands in what the agent has read by then, but for codes that the user paraphrases.
#[test]
fn every_argument_can_be_inferred() {
    let described = Helpdesk::describe();
    let mut coded = 0;
    for task in tasks::<Helpdesk>(&[19]) {
        let mut read = task.system.clone();
        let results = results(&task);
        let mut results = results.iter();
        for (text, turn) in user_texts(&task).into_iter().zip(&task.reference) {
            read = format!("{read}\n{text}");
            for call in &turn.calls {
                let schema = described.tool(&call.name).expect("declared").arguments_schema();
                for (name, value) in call.arguments.as_object().expect("an object") {
                    let value = value.as_str().expect("a string");
                    if !read.contains(value) {
                        assert!(schema["properties"][name].get("enum").is_some(), "{}: {name} {value}", task.id);
                        coded += 1;
                    }
                }
                read = format!("{read}\n{}", results.next().expect("a result"));
            }
        }
    }
    assert!(coded > 0, "some codes are paraphrased");
}
