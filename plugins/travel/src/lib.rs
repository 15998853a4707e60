//! The travel agency: airports must be looked up, fares expire, cards and the budget can refuse.
//!
//! `state` is the world of one episode, `world` what is the same in all of them, `tools` what an agent is told,
//! `calls` and `bookings` what happens when it calls. Tasks: `plan` draws a scenario (state and `intent`s), `words` and
//! `phrases` say each intent in natural language, `stage` plays its reference solution, `tasks` makes the four
//! categories of it.

mod bookings;
mod calls;
mod fail;
mod intent;
mod phrases;
mod plan;
mod stage;
mod state;
mod tasks;
mod tools;
mod words;
mod world;

use coevo_sdk::{Context, Description, Environment, Rng, TaskDraft, ToolError, Value};

pub use state::State;

/// The environment.
pub struct Travel;

impl Environment for Travel {
    type State = State;

    fn describe() -> Description {
        tools::describe()
    }

    fn initial(state_json: &str) -> Result<State, String> {
        let state: State = coevo_sdk::parse_state(state_json)?;
        state.check()?;
        Ok(state)
    }

    fn generate(split: &str, index: u32, rng: &mut Rng) -> Result<TaskDraft<State>, String> {
        tasks::generate(split, index, rng)
    }

    fn call(state: &mut State, _: &mut Context<'_>, name: &str, args: &Value) -> Result<Value, ToolError> {
        calls::call(state, name, args)
    }
}

coevo_sdk::export!(Travel);
