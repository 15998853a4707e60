//! From an official entry to a task.
//!
//! The host hands over what `coevo env import bfcl` took from the wheel: `{"task": entry, "shared": {…}}`. An entry is the official
//! question with its `ground_truth`; `shared` has the function documents of its classes (`functions:CLASS`) and the sources
//! of the two official modules whose texts a task needs: `prompts` and, in long-context tasks, `long_context`.
//!
//! Held-out functions are not offered before the turn at which they come back, and the host enforces what is offered. With
//! `"official": true` they are offered from the beginning, only undocumented, because the official executor runs them.

use std::collections::BTreeMap;

use coevo_sdk::task::{ReferenceTurn, Task, ToolCall, UserMessage, UserTurn};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::classes::Constant;
use crate::py::{self, Plain, Py, constant, parse_call};
use crate::tools;
use crate::world::World;

#[derive(Deserialize)]
struct Import {
    task: Entry,
    #[serde(default)]
    shared: BTreeMap<String, Value>,
}

/// An official entry; fields that decide nothing are left out.
#[derive(Deserialize)]
struct Entry {
    id: String,
    question: Vec<Vec<Message>>,
    initial_config: Value,
    involved_classes: Vec<String>,
    #[serde(default)]
    missed_function: BTreeMap<String, Vec<String>>,
    ground_truth: Vec<Vec<String>>,
    #[serde(default)]
    official: bool,
    /// The day of the import: one function reads the date.
    today: (i64, i64, i64),
}

#[derive(Deserialize)]
struct Message {
    content: String,
}

/// What `reset` is given.
#[derive(Serialize, Deserialize)]
struct Start<Config> {
    today: (i64, i64, i64),
    classes: Vec<String>,
    config: Config,
    /// Constants of the long-context tasks that its classes read, by `repr`.
    #[serde(default)]
    long: Vec<(String, String)>,
}

/// Constants of the long-context tasks by class.
const LONG: &[(&str, &[&str])] = &[
    ("GorillaFileSystem", &["FILE_CONTENT_EXTENSION", "FILES_TAIL_USED", "POPULATE_FILE_EXTENSION"]),
    (
        "TradingBot",
        &[
            "AUTOMOBILE_EXTENSION",
            "MA_20_EXTENSION",
            "MA_5_EXTENSION",
            "ORDER_DETAIL_EXTENSION",
            "TECHNOLOGY_EXTENSION",
            "TRANSACTION_HISTORY_EXTENSION",
            "WATCH_LIST_EXTENSION",
        ],
    ),
    ("TravelAPI", &["BOOKING_RECORD_EXTENSION", "CREDIT_CARD_EXTENSION"]),
    (
        "VehicleControlAPI",
        &[
            "CAR_STATUS_METADATA_EXTENSION",
            "INTERMEDIARY_CITIES",
            "LONG_WEATHER_EXTENSION",
            "PARKING_BRAKE_INSTRUCTION",
        ],
    ),
];

/// What the user says when held-out functions come back, as the official prompts name it.
const RELEASE: &str = "DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_FC";

/// The reference's answers: the official truth has none, and none is judged.
const DONE: &str = "Done.";
const NOT_YET: &str = "I cannot do this with what I have.";

/// The category of an official id, `multi_turn_CATEGORY_INDEX`, and its scenario: tasks of one index share it.
fn category(id: &str) -> Result<(&str, u32), String> {
    let parts = id.strip_prefix("multi_turn_").and_then(|rest| rest.rsplit_once('_'));
    let parts = parts.and_then(|(category, index)| Some((category, index.parse().ok()?)));
    parts.ok_or_else(|| format!("id {id:?} is not multi_turn_CATEGORY_INDEX"))
}

/// Reads what the host imported.
///
/// # Errors
/// What is wrong with it, with the id of the entry.
pub fn import(data: &str) -> Result<Task, String> {
    let Import { task, shared } = serde_json::from_str(data).map_err(|error| format!("import: {error}"))?;
    let id = task.id.clone();
    build(task, &shared).map_err(|error| format!("{id}: {error}"))
}

fn build(entry: Entry, shared: &BTreeMap<String, Value>) -> Result<Task, String> {
    let (category, index) = category(&entry.id)?;
    if entry.ground_truth.len() != entry.question.len() {
        return Err(format!("{} turns but {} of ground truth", entry.question.len(), entry.ground_truth.len()));
    }
    let source = |name: &str| {
        shared.get(name).and_then(Value::as_str).ok_or_else(|| format!("the import lacks the module {name}"))
    };
    let mut long = Vec::new();
    if category == "long_context" {
        let module = source("long_context")?;
        for (_, names) in LONG.iter().filter(|(class, _)| entry.involved_classes.iter().any(|have| have == class)) {
            for name in *names {
                let (_, value) = constant(module, name)?;
                long.push(((*name).to_owned(), py::repr(&value)));
            }
        }
    }
    let mut documents = Vec::new();
    for class in &entry.involved_classes {
        let key = format!("functions:{class}");
        let list = shared.get(&key).and_then(Value::as_array).ok_or_else(|| format!("the import lacks {key}"))?;
        documents.extend(list.iter());
    }
    // One official truth calls a function before it comes back: from there on it can be called, though undocumented.
    let used = |name: &str, turn: usize| {
        let calls = entry.ground_truth[..=turn].iter().flatten();
        calls.filter_map(|call| call.split('(').next()).any(|called| called.trim() == name)
    };
    let missing = |name: &str, turn: usize| {
        entry.missed_function.iter().any(|(back, names)| {
            names.iter().any(|held| held == name) && back.parse::<usize>().is_ok_and(|back| turn < back)
        })
    };
    let held = |name: &str, turn: usize| missing(name, turn) && !used(name, turn);
    let name_of = |document: &Value| document.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let all: Vec<String> =
        entry.involved_classes.iter().flat_map(|class| tools::documented(class)).map(str::to_owned).collect();
    let shown = |wanted: &dyn Fn(&str) -> bool| {
        let lines: Vec<String> =
            documents.iter().filter(|document| wanted(&name_of(document))).map(|doc| doc.to_string()).collect();
        lines.join("\n")
    };
    let mut turns = Vec::with_capacity(entry.question.len());
    for (at, messages) in entry.question.iter().enumerate() {
        let mut said: Vec<String> = messages.iter().map(|message| message.content.clone()).collect();
        if let Some(names) = entry.missed_function.get(&at.to_string()) {
            let (_, text) = constant(source("prompts")?, RELEASE)?;
            said.push(shown(&|name| names.iter().any(|back| back == name)));
            said.push(py::str(&text));
        }
        let offered = all.iter().filter(|name| entry.official || !held(name, at)).cloned().collect();
        turns.push(UserTurn { message: UserMessage::Scripted(said.join("\n")), offered });
    }
    let system = format!("Functions of this task, with their documents:\n{}", shown(&|name| !missing(name, 0)));
    let reference = entry
        .ground_truth
        .iter()
        .map(|calls| {
            let calls = calls.iter().map(|text| reference_call(text)).collect::<Result<Vec<_>, String>>()?;
            let answer = if calls.is_empty() { NOT_YET } else { DONE }.to_owned();
            Ok(ReferenceTurn { calls, answer, mentions: Vec::new() })
        })
        .collect::<Result<_, String>>()?;
    let start = Start { today: entry.today, classes: entry.involved_classes, config: entry.initial_config, long };
    let initial_state = serde_json::to_string(&start).map_err(|error| error.to_string())?;
    initial(&initial_state)?;
    Ok(Task {
        scenario: format!("multi_turn_{index}"),
        category: category.to_owned(),
        id: entry.id,
        system,
        initial_state,
        turns,
        user_profile: String::new(),
        reference,
        label: String::new(),
    })
}

/// A call of the ground truth with its arguments by name.
fn reference_call(text: &str) -> Result<ToolCall, String> {
    let call = parse_call(text).map_err(|error| format!("ground truth {text:?}: {error}"))?;
    let function = tools::function(&call.function).ok_or_else(|| format!("ground truth {text:?}: no such function"))?;
    let named = function.params.iter().map(|(name, _)| (*name).to_owned()).zip(call.positional);
    let mut arguments = Map::new();
    for (name, value) in named.chain(call.keyword) {
        let value = py::to_json(&value).ok_or_else(|| format!("ground truth {text:?}: {name} is no JSON"))?;
        arguments.insert(name, value);
    }
    Ok(ToolCall { name: call.function, arguments: Value::Object(arguments) })
}

/// The state that `reset` begins in: of an imported task, or one that was written out.
///
/// # Errors
/// When the text is neither.
pub fn initial(text: &str) -> Result<World, String> {
    let start: Start<Plain> = match serde_json::from_str(text) {
        Ok(start) => start,
        // A world that was written out has no `config`.
        Err(error) => return serde_json::from_str(text).map_err(|_| format!("initial state: {error}")),
    };
    let long = start.long.into_iter().map(|(name, literal)| Constant::new(name, literal)).collect();
    World::load(&start.classes, start.config.0, long, start.today)
}

/// Arguments of a call as the classes take them.
pub fn keywords(arguments: &Value) -> Vec<(String, Py)> {
    arguments.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), py::from_json(value))).collect()
}
