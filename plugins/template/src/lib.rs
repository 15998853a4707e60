//! `todo`: the smallest complete environment. A state, three tools, tasks with a reference solution; the SDK does the
//! rest (schemas, dispatch, snapshots, state hash, verification by re-execution, the ABI). Change it part by part.

use coevo_sdk::{
    Args, Context, Description, Environment, Reply, Rng, Script, TaskDraft, ToolError, ToolErrors, Tools, Value, json,
    tools,
};
use serde::{Deserialize, Serialize};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Reply)]
pub struct Item {
    pub id: u32,
    pub text: String,
    pub done: bool,
}

/// The whole state of an episode. Snapshots, state hash and equality are derived from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub items: Vec<Item>,
}

/// What is on the list.
#[derive(Reply)]
pub struct Listing<'a> {
    items: &'a [Item],
}

#[derive(Args)]
pub struct AddItem {
    /// a few words
    text: String,
}

#[derive(Reply)]
pub struct Added {
    id: u32,
}

#[derive(Args)]
pub struct FinishItem {
    /// id of an item
    #[arg(range = 1..=99)]
    id: u32,
}

#[derive(Reply)]
pub struct Finished {
    left: usize,
}

/// The error codes of `finish_item`, what they mean, what the agent reads, and the details.
#[derive(ToolErrors)]
pub enum FinishError {
    /// no item has this id
    #[message("no item {id}")]
    UnknownItem { id: u32 },
    /// the item is done already
    #[message("item {id} is done already")]
    AlreadyDone { id: u32 },
}

/// The environment.
pub struct Todo;

/// What the agent can do. Doc comments, argument types, errors and pre-conditions are what it is told, and material for
/// the evolving interface. A call that fails must leave the state as it was.
#[tools]
impl Todo {
    /// everything on the list
    #[tool]
    fn list_items(state: &State) -> Listing<'_> {
        Listing { items: &state.items }
    }

    /// put something on the list
    #[tool]
    fn add_item(state: &mut State, AddItem { text }: AddItem) -> Added {
        let id = state.items.last().map_or(1, |item| item.id + 1);
        state.items.push(Item { id, text, done: false });
        Added { id }
    }

    /// tick something off
    #[tool(pre = "The item must be on the list and not done.")]
    fn finish_item(state: &mut State, FinishItem { id }: FinishItem) -> Result<Finished, FinishError> {
        let item = state.items.iter_mut().find(|item| item.id == id).ok_or(FinishError::UnknownItem { id })?;
        if item.done {
            return Err(FinishError::AlreadyDone { id });
        }
        item.done = true;
        Ok(Finished { left: state.items.iter().filter(|item| !item.done).count() })
    }
}

/// (split, number of tasks)
const SPLITS: [(&str, u32); 3] = [("train", 400), ("dev", 100), ("test", 400)];
const THINGS: [&str; 8] = ["apples", "stamps", "lamps", "candles", "pens", "eggs", "cups", "nails"];

impl Environment for Todo {
    type State = State;

    fn describe() -> Description {
        Description {
            name: "todo",
            version: env!("CARGO_PKG_VERSION"),
            summary: "A list of things to do.",
            tools: Self::tools(),
            splits: SPLITS.to_vec(),
            categories: vec!["base"],
        }
    }

    fn call(state: &mut State, context: &mut Context<'_>, name: &str, args: &Value) -> Result<Value, ToolError> {
        Self::dispatch(state, context, name, args)
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
