//! `calendar`: an office calendar that an agent keeps for somebody.
//!
//! Nineteen tools over events, guests, rooms and invitations. Nobody can be in two events at once, a room neither; rooms
//! have seats; only whoever called an event may change it. Times are the calendar owner's; `local_time` tells another
//! person's. [`state`] is the calendar, [`calls`] what happens when a tool is called, [`beats`] what people want.

pub mod beats;
pub mod calls;
pub mod rules;
pub mod state;
pub mod talk;
pub mod time;
pub mod tools;
pub mod words;
pub mod world;

use coevo_sdk::story::{self, Builder, Storied};
use coevo_sdk::{Context, Description, Environment, Rng, TaskDraft, ToolError, Value, clutter};

pub use state::State;

/// The environment.
pub struct Calendar;

impl Environment for Calendar {
    type State = State;

    fn describe() -> Description {
        Description {
            name: "calendar",
            version: env!("CARGO_PKG_VERSION"),
            summary: "An office calendar: events, guests, rooms, conflicts, reminders, invitations.",
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

impl Storied for Calendar {
    type Memory = beats::Memory;

    // Cancelling and creating anew moves an event; lists and details tell of each other.
    const REPLACEABLE: &'static [&'static str] =
        &["find_slot", "get_event", "list_events", "move_event", "repeat_weekly"];

    fn world(rng: &mut Rng) -> State {
        world::random(rng)
    }

    fn system(state: &State) -> String {
        let name = state.people.get(&state.me).map_or("", |me| me.name.as_str());
        format!(
            "Calendar of {name} (p{}). Today is {}. Office hours are 08:00 to 18:00. \
             If a tool or a detail is missing, make no call: say so or ask.",
            state.me, state.today
        )
    }

    fn beats() -> &'static [(usize, Builder<Self>)] {
        &beats::BEATS
    }

    fn clutter(state: &mut State, number: u64) {
        state.clutter = number;
    }
}

coevo_sdk::export!(Calendar);
