//! Golden transcripts: what a component must still do after it was rebuilt, possibly by another compiler.
//!
//! One JSON object a line: `task` (split, index, seed), `generated` (XXH64 of the generated task's JSON, as hex),
//! `initial_hash`, and per turn `calls` with `name`, `arguments` and either `result` or `error`, and the state `hash`
//! after the turn. Components are compared by these and not by bytes, which differ between toolchains.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hash::xxh64;
use crate::session::{Quiet, Session, Side, generate};
use crate::task::Task;
use crate::{Environment, ToolError};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Golden {
    pub task: GoldenTask,
    /// XXH64 of [`Task`] as compact JSON.
    pub generated: String,
    pub initial_hash: String,
    pub turns: Vec<GoldenTurn>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoldenTask {
    pub split: String,
    pub index: u32,
    pub seed: u64,
    pub id: String,
    pub category: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoldenTurn {
    pub user: String,
    pub calls: Vec<GoldenCall>,
    pub answer: String,
    pub hash: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoldenCall {
    pub name: String,
    pub arguments: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ToolError>,
}

fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}

/// XXH64 of a task's compact JSON, as 16 hex digits.
pub fn task_hash(task: &Task) -> String {
    hex(xxh64(serde_json::to_string(task).expect("a task serializes").as_bytes(), 0))
}

/// The golden transcript of a task's reference solution.
///
/// # Errors
/// When the task cannot be generated.
pub fn record<E: Environment>(split: &str, index: u32, seed: u64) -> Result<Golden, String> {
    let task = generate::<E>(split, index, seed)?;
    let mut session: Session<E> = Session::new();
    session.reset(&task.initial_state)?;
    let mut around = Quiet::new();
    let initial_hash = hex(session.state_hash());
    let mut turns = Vec::new();
    for (turn, reference) in task.turns.iter().zip(&task.reference) {
        let mut calls = Vec::new();
        for call in &reference.calls {
            let outcome = session.call(&call.name, &call.arguments, Side::Agent, &mut around);
            let (result, error) = match outcome {
                Ok(result) => (Some(result), None),
                Err(error) => (None, Some(error)),
            };
            calls.push(GoldenCall { name: call.name.clone(), arguments: call.arguments.clone(), result, error });
        }
        let user = match &turn.message {
            crate::task::UserMessage::Scripted(text) => text.clone(),
            crate::task::UserMessage::Simulated => String::new(),
        };
        turns.push(GoldenTurn { user, calls, answer: reference.answer.clone(), hash: hex(session.state_hash()) });
    }
    let generated = task_hash(&task);
    let (id, category) = (task.id, task.category);
    Ok(Golden {
        task: GoldenTask { split: split.to_owned(), index, seed, id, category },
        generated,
        initial_hash,
        turns,
    })
}

/// A file of transcripts.
///
/// # Errors
/// When a task cannot be generated.
pub fn write<E: Environment>(tasks: &[(&str, u32, u64)]) -> Result<String, String> {
    let mut text = String::new();
    for (split, index, seed) in tasks {
        let golden = record::<E>(split, *index, *seed)?;
        text.push_str(&serde_json::to_string(&golden).map_err(|error| error.to_string())?);
        text.push('\n');
    }
    Ok(text)
}

/// The transcripts kept in a file are those of today's sources. Where the variable `UPDATE_GOLDEN` is set, they are
/// written anew first: after a change that is meant to alter tasks or results, and then the version changes too.
///
/// # Panics
/// At the first line that differs, or when the file cannot be read or written.
pub fn check<E: Environment>(file: &str, tasks: &[(&str, u32, u64)]) {
    let now = write::<E>(tasks).unwrap_or_else(|error| panic!("{error}"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file, &now).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
    let kept = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    for (at, (now, kept)) in now.lines().zip(kept.lines()).enumerate() {
        assert_eq!(now, kept, "{file}:{}: if that was meant, raise the version and update", at + 1);
    }
    assert_eq!(now.lines().count(), kept.lines().count(), "{file}");
}

/// A task with its reference solution, for people.
///
/// # Errors
/// When the task cannot be generated.
pub fn show<E: Environment>(split: &str, index: u32, seed: u64) -> Result<String, String> {
    use std::fmt::Write;
    let task = generate::<E>(split, index, seed)?;
    let mut text = format!("== {} {} {}\nsystem: {}\n", task.id, task.scenario, task.category, task.system);
    let mut offered: &[String] = &[];
    for ((turn, played), reference) in
        task.turns.iter().zip(record::<E>(split, index, seed)?.turns).zip(&task.reference)
    {
        for tool in E::describe().tools.iter().filter(|tool| turn.offered.iter().any(|name| name == tool.name)) {
            if !offered.iter().any(|name| name == tool.name) {
                let _ = writeln!(text, "{}", tool.signature());
            }
        }
        offered = &turn.offered;
        let _ = writeln!(text, "user: {}", played.user);
        for call in played.calls {
            let _ = writeln!(text, "  @{} {}", call.name, call.arguments);
            let _ = match (&call.result, &call.error) {
                (Some(result), _) => writeln!(text, "    {result}"),
                (None, Some(error)) => writeln!(text, "    error {}: {} {}", error.code, error.message, error.details),
                (None, None) => Ok(()),
            };
        }
        let _ = writeln!(text, "agent: {}   (must mention {:?})", reference.answer, reference.mentions);
    }
    Ok(text)
}

/// The `main` of an example that prints tasks: arguments SPLIT FIRST COUNT SEED, each with a default.
///
/// # Errors
/// When an argument is no number, or a task cannot be generated.
pub fn show_main<E: Environment>() -> Result<(), String> {
    let mut given = std::env::args().skip(1);
    let split = given.next().unwrap_or_else(|| "train".to_owned());
    let mut number = |name: &str, default: u32| {
        let text = given.next();
        text.map_or(Ok(default), |text| text.parse().map_err(|_| format!("{name} {text:?} is no number")))
    };
    let (first, count, seed) = (number("FIRST", 0)?, number("COUNT", 4)?, number("SEED", 1)?);
    for index in first..first.saturating_add(count) {
        println!("{}", show::<E>(&split, index, u64::from(seed))?);
    }
    Ok(())
}
