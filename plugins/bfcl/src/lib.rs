//! BFCL multi-turn (v3, and unchanged in v4): eight tool classes whose results and states equal the official ones.
//!
//! `py` is as much of Python as can be observed through them (values, equality, `str`, `json.dumps`, call syntax, the
//! Mersenne Twister), `classes` the eight classes, `world` the instances of one task, `tools` what the description says of
//! their functions. `task` makes a task of what `coevo env import bfcl` read from the official wheel, of which nothing is in
//! this repository; `score` is the official scoring.
//!
//! A result that the official executor would show as text is the same text here, and a dict is the same JSON. A dict with
//! an `error`, and an exception, are typed errors with codes `error` and `exception`: the agent reads the same words, and the
//! diagnosis knows them for what they are.

pub mod classes;
pub mod py;
pub mod score;
pub mod task;
pub mod tools;
pub mod world;

use coevo_sdk::session::Surroundings;
use coevo_sdk::task::{Task, TurnRecord, Verdict};
use coevo_sdk::{Context, Description, Environment, Rng, TaskDraft, ToolError, Value, json};

use classes::Keywords;
use py::{Named, Py};
use world::{Reply, World};

/// The environment.
pub struct Bfcl;

impl Environment for Bfcl {
    type State = World;

    fn describe() -> Description {
        Description {
            name: "bfcl",
            version: "1.0.0",
            summary: "BFCL multi-turn: file system, vehicle, trading, travel, messages, posts, tickets, mathematics",
            tools: tools::tools(),
            splits: Vec::new(),
            categories: vec!["base", "miss_func", "miss_param", "long_context"],
        }
    }

    fn initial(state_json: &str) -> Result<World, String> {
        task::initial(state_json)
    }

    fn generate(_: &str, _: u32, _: &mut Rng) -> Result<TaskDraft<World>, String> {
        Err("BFCL's tasks are imported: `coevo env import bfcl WHEEL`".to_owned())
    }

    fn import(data: &str) -> Result<Task, String> {
        task::import(data)
    }

    fn call(state: &mut World, _: &mut Context<'_>, name: &str, args: &Value) -> Result<Value, ToolError> {
        let keyword = task::keywords(args).into_iter().map(|(name, value)| (name.into(), value)).collect();
        let text = outcome(state, name, keyword)?;
        serde_json::from_str(&text).map_err(|error| ToolError::new("exception", error.to_string(), Value::Null))
    }

    fn call_text(state: &mut World, _: &mut Context<'_>, name: &str, arguments: &str) -> Result<String, ToolError> {
        match serde_json::from_str(arguments) {
            Ok(Named(keyword)) => outcome(state, name, keyword),
            Err(error) => Err(ToolError::new("wrong_type", format!("arguments: {error}"), Value::Null)),
        }
    }

    fn verify(task: &Task, turns: &[TurnRecord], _: &mut dyn Surroundings) -> Result<Verdict, String> {
        score::verify(task, turns)
    }
}

/// Runs a call; the result as JSON text.
fn outcome(state: &mut World, name: &str, keyword: Keywords<'_>) -> Result<String, ToolError> {
    let reply = state.run(name, &[], keyword);
    let text = || Value::String(reply.text()).to_string();
    let changes = tools::CHANGE_BEFORE_ERROR.contains(&name);
    let value = match &reply {
        Reply::Value(value) => value,
        Reply::Raised(_) if changes => return Ok(text()),
        Reply::Raised(_) => return Err(ToolError::new("exception", reply.text(), Value::Null)),
    };
    match (value, value.get("error")) {
        (Py::Dict(pairs), Some(error)) if pairs.len() == 1 && !changes => {
            let result = py::to_json(value).unwrap_or_else(|| Value::String(reply.text()));
            Err(ToolError::new("error", py::str(error), json!({ "result": result })))
        }
        (Py::Dict(_), _) => Ok(py::strict_dumps(value).unwrap_or_else(text)),
        _ => Ok(text()),
    }
}

coevo_sdk::export!(Bfcl);
