//! `todo`: the smallest complete environment. A state, three tools, tasks with a reference solution; the SDK does the
//! rest (snapshots, state hash, verification by re-execution, the ABI). Copy this folder and change it part by part.

use coevo_sdk::{Context, Description, Environment, Rng, Script, TaskDraft, Tool, ToolError, Ty, Value, args, json};
use serde::{Deserialize, Serialize};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub id: u32,
    pub text: String,
    pub done: bool,
}

/// The whole state of an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub items: Vec<Item>,
}

/// The environment.
pub struct Todo;

/// (split, number of tasks)
const SPLITS: [(&str, u32); 3] = [("train", 400), ("dev", 100), ("test", 400)];
const THINGS: [&str; 8] = ["apples", "stamps", "lamps", "candles", "pens", "eggs", "cups", "nails"];

impl Environment for Todo {
    type State = State;

    /// What the agent can do. Argument types, errors and pre-conditions are material for the evolving interface.
    fn describe() -> Description {
        let tools = vec![
            Tool::new("list_items")
                .doc("everything on the list")
                .returns("items", Ty::List(&[("id", Ty::Int), ("text", Ty::String), ("done", Ty::Bool)])),
            Tool::new("add_item")
                .doc("put something on the list")
                .mutates()
                .arg("text", Ty::String, "a few words")
                .returns("id", Ty::Int),
            Tool::new("finish_item")
                .doc("tick something off")
                .mutates()
                .arg("id", Ty::Int, "id of an item")
                .returns("left", Ty::Int)
                .pre("The item must be on the list and not done.")
                .error("unknown_item", "no item has this id")
                .error("already_done", "the item is done already"),
        ];
        Description {
            name: "todo",
            version: env!("CARGO_PKG_VERSION"),
            summary: "A list of things to do.",
            tools,
            splits: SPLITS.to_vec(),
            categories: vec!["base"],
        }
    }

    /// What a tool does. A call that fails must leave the state as it was.
    fn call(state: &mut State, _: &mut Context<'_>, name: &str, arguments: &Value) -> Result<Value, ToolError> {
        match name {
            "list_items" => Ok(json!({"items": state.items})),
            "add_item" => {
                let text = args::string(arguments, "text")?.to_owned();
                let id = state.items.len() as u32 + 1;
                state.items.push(Item { id, text, done: false });
                Ok(json!({"id": id}))
            }
            "finish_item" => {
                let id = args::uint(arguments, "id")?;
                let found = state.items.iter_mut().find(|item| item.id == id);
                let item =
                    found.ok_or_else(|| ToolError::new("unknown_item", format!("no item {id}"), json!({"id": id})))?;
                if item.done {
                    return Err(ToolError::new(
                        "already_done",
                        format!("item {id} is done already"),
                        json!({"id": id}),
                    ));
                }
                item.done = true;
                Ok(json!({"left": state.items.iter().filter(|item| !item.done).count()}))
            }
            other => Err(ToolError::unknown_tool(other)),
        }
    }

    /// One task. The script runs the reference calls as it is written, so results can be used at once. `rng` depends on
    /// split, index and seed only; tasks that share a scenario must stay in one split.
    fn generate(split: &str, index: u32, rng: &mut Rng) -> Result<TaskDraft<State>, String> {
        let known = SPLITS.iter().any(|(name, count)| *name == split && index < *count);
        if !known {
            return Err(format!("no task {index} in {split}"));
        }
        let drawn: Vec<String> = rng
            .distinct(THINGS.len(), 5)
            .into_iter()
            .map(|at| format!("{} {}", rng.range(2, 99), THINGS[at]))
            .collect();
        let on_list = 2 + rng.below(3);
        let items = (1..).zip(&drawn[..on_list]).map(|(id, text)| Item { id, text: text.clone(), done: false });
        let mut script: Script<Todo> = Script::new(State { items: items.collect() });

        let (bought, new) = (&drawn[rng.below(on_list)], &drawn[4]);
        script.turn(format!("I bought {bought}. What is left?"));
        let list = script.call("list_items", json!({}));
        let id = list["items"]
            .as_array()
            .and_then(|items| items.iter().find(|item| item["text"] == **bought))
            .map(|item| item["id"].clone());
        let left = script.call("finish_item", json!({"id": id}))["left"].to_string();
        script.answer(format!("{left} things are left.")).mention(&[&left]);

        script.turn(format!("Put {new} on the list."));
        script.call("add_item", json!({"text": new}));
        script.answer("Done.");
        script.finish(format!("{split}-{index}"), "base", "You keep a list of things to do.")
    }
}

coevo_sdk::export!(Todo);
