//! `files`: a small file system that an agent looks after with a shell's commands.
//!
//! Nineteen tools over a tree of folders and text files with a current folder, locks and a quota. Paths are relative to
//! the current folder or absolute, and `..` works. Nothing is overwritten by accident: `cp` and `mv` refuse to, `rm`
//! deletes empty folders only, locked files do not change. [`state`] is the tree, [`tools`] what an agent is told,
//! [`calls`] what happens when it calls, [`beats`] what users want.

pub mod beats;
pub mod calls;
pub mod rules;
pub mod state;
pub mod talk;
pub mod tools;
pub mod words;
pub mod world;

use coevo_sdk::story::{self, Builder, Storied};
use coevo_sdk::{Context, Description, Environment, Rng, TaskDraft, ToolError, Value, clutter};

pub use state::State;

/// The environment.
pub struct Files;

impl Environment for Files {
    type State = State;

    fn describe() -> Description {
        Description {
            name: "files",
            version: env!("CARGO_PKG_VERSION"),
            summary: "A small file system with a shell's commands: folders, text files, locks, a quota.",
            tools: tools::all(),
            splits: story::SPLITS.to_vec(),
            categories: story::CATEGORIES.to_vec(),
        }
    }

    fn initial(state_json: &str) -> Result<State, String> {
        let state: State = coevo_sdk::parse_state(state_json)?;
        state.check()?;
        Ok(state)
    }

    fn generate(split: &str, index: u32, rng: &mut Rng) -> Result<TaskDraft<State>, String> {
        story::generate::<Self>(split, index, rng)
    }

    fn call(state: &mut State, _: &mut Context<'_>, name: &str, args: &Value) -> Result<Value, ToolError> {
        let result = calls::run(state, name, args)?;
        Ok(if state.clutter == 0 { result } else { clutter::pad(&result, state.clutter, name, args, &words::CLUTTER) })
    }
}

impl Storied for Files {
    type Memory = beats::Memory;

    // Whoever can read or write a whole file can do these by hand.
    const REPLACEABLE: &'static [&'static str] =
        &["cat", "diff", "find", "grep", "head", "mv", "sort", "tail", "touch", "wc", "write"];

    fn world(rng: &mut Rng) -> State {
        world::random(rng)
    }

    fn system(state: &State) -> String {
        format!(
            "File shell. The current folder is {}. If a tool or a detail is missing, make no call: say so or ask.",
            state.cwd
        )
    }

    fn beats() -> &'static [(usize, Builder<Self>)] {
        &beats::BEATS
    }

    fn clutter(state: &mut State, number: u64) {
        state.clutter = number;
    }
}

coevo_sdk::export!(Files);
