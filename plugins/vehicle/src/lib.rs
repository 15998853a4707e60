//! `vehicle`: an environment in which an agent operates a parked or running car.
//!
//! Twenty-one tools over doors, brakes, engine, gear, climate, lights, fuel, tyres and routes. What makes it hard are
//! interlocks: the engine starts only with the doors locked and the brake pressed, doors open only in park, the gear
//! changes only under the brake, fuel is added only with the engine off, and a route must lie within the range.
//! [`rules`] says each of them once.

pub mod beats;
pub mod calls;
pub mod rules;
pub mod state;
pub mod tools;
pub mod world;

use coevo_sdk::story::{self, Storied};
use coevo_sdk::{Context, Description, Environment, Rng, TaskDraft, ToolError, Value, clutter};

/// The environment.
pub struct Vehicle;

impl Environment for Vehicle {
    type State = state::State;

    fn describe() -> Description {
        Description {
            name: "vehicle",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Operate a car: interlocks between doors, brakes, engine, gear, fuel and routes.",
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

impl Storied for Vehicle {
    type Memory = beats::Memory;

    fn world(rng: &mut Rng) -> Self::State {
        world::random(rng)
    }

    fn system(state: &Self::State) -> String {
        let engine = if state.engine { "running" } else { "off" };
        let doors = if state.locked { "locked" } else { "unlocked" };
        let brake = if state.brake { "pressed" } else { "released" };
        format!(
            "Car assistant. Engine {engine}, gear {}, doors {doors}, brake {brake}. \
             If a tool or a detail is missing, make no call: say so or ask.",
            state.gear
        )
    }

    fn beats() -> &'static [(usize, story::Builder<Self>)] {
        beats::ALL
    }

    fn clutter(state: &mut Self::State, number: u64) {
        state.clutter = number;
    }
}

coevo_sdk::export!(Vehicle);
