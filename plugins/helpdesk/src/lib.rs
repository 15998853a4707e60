//! `helpdesk`: an environment in which an agent signs in for a colleague and looks after tickets.
//!
//! Nineteen tools over people, tickets, an inbox of files and a knowledge base. Ids must be looked up before they are
//! used, most tools need a session, and escalation, assignment, closing and merging have rules ([`calls`]). Tasks are
//! generated ([`tasks`]): a scenario is a story of two to five user turns, told in four variants (as it is, with a tool
//! that comes late, with a value that comes late, with long results).
//!
//! Chosen: a vocabulary of a few hundred words and results of a few fields, so that a policy trained in minutes on a
//! laptop can learn the task; what stays hard is what the environment is about: reading signatures, copying values
//! across turns, abstaining, and rules that only the tool's pre-conditions or its errors tell.

pub mod beats;
pub mod calls;
pub mod fail;
pub mod state;
pub mod story;
pub mod talk;
pub mod tasks;
pub mod tools;
pub mod words;
pub mod world;

use coevo_sdk::{Context, Description, Environment, Rng, TaskDraft, ToolError, Value, clutter, json};

/// The environment.
pub struct Helpdesk;

impl Environment for Helpdesk {
    type State = state::State;

    fn describe() -> Description {
        Description {
            name: "helpdesk",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Sign in for a colleague and look after tickets, files and messages.",
            tools: tools::all(),
            splits: tasks::SPLITS.to_vec(),
            categories: tasks::CATEGORIES.to_vec(),
        }
    }

    fn initial(state_json: &str) -> Result<Self::State, String> {
        let state: state::State = coevo_sdk::parse_state(state_json)?;
        state.check()?;
        Ok(state)
    }

    fn generate(split: &str, index: u32, rng: &mut Rng) -> Result<TaskDraft<Self::State>, String> {
        tasks::generate(split, index, rng)
    }

    fn call(state: &mut Self::State, _ctx: &mut Context<'_>, name: &str, args: &Value) -> Result<Value, ToolError> {
        let result = calls::run(state, name, args)?;
        Ok(if state.clutter == 0 { result } else { clutter::pad(&result, state.clutter, name, args, &words::CLUTTER) })
    }
}

impl From<calls::Refusal> for ToolError {
    fn from(refusal: calls::Refusal) -> Self {
        match refusal {
            calls::Refusal::Rule(fail) => {
                ToolError::new(fail.code(), fail.message(), json!({"requires": fail.requires()}))
            }
            calls::Refusal::Arguments(error) => error,
        }
    }
}

coevo_sdk::export!(Helpdesk);
