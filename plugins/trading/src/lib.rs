//! `trading`: a desk at which an agent trades shares for a customer.
//!
//! Seventeen tools over stocks, orders, cash and a bank account, holdings, a watchlist and alerts. Symbols must be looked
//! up before they are used. A market order needs an open market; a limit order waits where it cannot be filled, and
//! holds its money or shares meanwhile. [`state`] is the account, [`calls`] what happens when a tool is called,
//! [`beats`] what customers want.

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
pub struct Trading;

impl Environment for Trading {
    type State = State;

    fn describe() -> Description {
        Description {
            name: "trading",
            version: env!("CARGO_PKG_VERSION"),
            summary: "A trading desk: quotes, orders, funds, holdings, a watchlist, market hours.",
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

impl Storied for Trading {
    type Memory = beats::Memory;

    // Cancelling and ordering anew changes a limit, and the list of those that wait tells an order's status.
    const REPLACEABLE: &'static [&'static str] = &["change_limit", "get_order"];

    fn world(rng: &mut Rng) -> State {
        world::random(rng)
    }

    fn system(_: &State) -> String {
        "Trading desk. Prices are whole euros. If a tool or a detail is missing, make no call: say so or ask."
            .to_owned()
    }

    fn beats() -> &'static [(usize, Builder<Self>)] {
        &beats::BEATS
    }

    fn clutter(state: &mut State, number: u64) {
        state.clutter = number;
    }
}

coevo_sdk::export!(Trading);
