//! `retail`: an environment in which an agent serves a customer of a shop under a written policy.
//!
//! Sixteen tools over orders, products, addresses, payment methods and refunds. The policy stands in the system text:
//! only pending orders change, returns and exchanges end 30 days after delivery, an exchange stays with the product, a
//! refund goes to the method that paid or to a gift card, and what it forbids is handed to a person. Ids of items,
//! addresses and methods must be looked up. Meant for evaluation out of distribution.

pub mod beats;
pub mod calls;
pub mod rules;
pub mod state;
pub mod tools;
pub mod world;

use coevo_sdk::story::{self, Storied};
use coevo_sdk::{Context, Description, Environment, Rng, TaskDraft, ToolError, Value, clutter};

/// The environment.
pub struct Retail;

impl Environment for Retail {
    type State = state::State;

    fn describe() -> Description {
        Description {
            name: "retail",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Serve a customer of a shop: orders, returns and exchanges under a written policy.",
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

impl Storied for Retail {
    type Memory = beats::Memory;

    /// Where a request names it as the way out, an agent that first tries the other tool is right.
    const REPLACEABLE: &'static [&'static str] = &["hand_over"];

    fn world(rng: &mut Rng) -> Self::State {
        world::random(rng)
    }

    fn system(state: &Self::State) -> String {
        let who = match state.me.as_ref().and_then(|me| state.customers.get(me)) {
            Some(me) => format!("{} is signed in", me.name),
            None => "Nobody is signed in".to_owned(),
        };
        format!(
            "Shop desk. {who}. Policy: cancel or change pending orders only. Return or exchange within {} days of \
             delivery. Exchange for the same product. Refund to the method that paid or a gift card. \
             If a tool or a detail is missing, make no call: say so or ask.",
            state::RETURN_DAYS
        )
    }

    fn beats() -> &'static [(usize, story::Builder<Self>)] {
        beats::ALL
    }

    fn clutter(state: &mut Self::State, number: u64) {
        state.clutter = number;
    }
}

coevo_sdk::export!(Retail);
