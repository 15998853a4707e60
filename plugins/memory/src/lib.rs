//! `memory`: an environment in which an agent keeps what a person wants remembered.
//!
//! Sixteen tools over a small core memory of facts by key, an archive of tagged notes with search, and lists. Each has
//! a limit, so that something must be moved or dropped before something new fits. Some facts are from sessions before
//! the conversation, and a question needs a look into memory even where the conversation has the answer. Meant for
//! evaluation out of distribution.

pub mod beats;
pub mod calls;
pub mod rules;
pub mod state;
pub mod tools;
pub mod world;

use coevo_sdk::story::{self, Storied};
use coevo_sdk::{Context, Description, Environment, Rng, TaskDraft, ToolError, Value, clutter};

/// The environment.
pub struct Memory;

impl Environment for Memory {
    type State = state::State;

    fn describe() -> Description {
        Description {
            name: "memory",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Store and recall across turns: core facts, an archive with search, lists, and limits.",
            tools: tools::all(),
            splits: story::SPLITS.to_vec(),
            categories: story::CATEGORIES.to_vec(),
        }
    }

    fn initial(state_json: &str) -> Result<Self::State, String> {
        let state: state::State = coevo_sdk::parse_state(state_json)?;
        state.check()?;
        Ok(state)
    }

    fn generate(split: &str, index: u32, rng: &mut Rng) -> Result<TaskDraft<Self::State>, String> {
        story::generate::<Self>(split, index, rng)
    }

    fn call(state: &mut Self::State, _: &mut Context<'_>, name: &str, args: &Value) -> Result<Value, ToolError> {
        let result = calls::run(state, name, args)?;
        Ok(if state.clutter == 0 { result } else { clutter::pad(&result, state.clutter, name, args, &world::CLUTTER) })
    }
}

impl Storied for Memory {
    type Memory = beats::Known;

    /// An entry can also be read, noted and removed, or removed and set anew.
    const REPLACEABLE: &'static [&'static str] = &["core_archive", "core_update"];

    fn world(rng: &mut Rng) -> Self::State {
        world::random(rng)
    }

    fn system(_: &Self::State) -> String {
        format!(
            "Memory keeper. Core memory holds {} facts, a list {} items. Questions are answered from memory: look it \
             up. If a tool or a detail is missing, make no call: say so or ask.",
            state::CORE,
            state::ITEMS
        )
    }

    fn beats() -> &'static [(usize, story::Builder<Self>)] {
        beats::ALL
    }

    fn clutter(state: &mut Self::State, number: u64) {
        state.clutter = number;
    }
}

coevo_sdk::export!(Memory);
