//! What drivers ask for: one builder for each kind of request. A builder proposes; the story keeps a request only where
//! every call ends as the builder says.

mod comfort;
mod doors;
mod drive;
mod trips;

use std::collections::BTreeMap;

use coevo_sdk::story::{Beat, Builder, Teller};

use crate::Vehicle;

/// What the conversation has made known.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Ids of places that were looked up, by name.
    places: BTreeMap<String, String>,
    /// The tyre that was found low, and the pressure it should have.
    low: Option<(String, u32)>,
    /// The door opened last.
    door: Option<String>,
}

type Story = Teller<Vehicle>;

/// Kinds of requests with their weights.
pub const ALL: &[(usize, Builder<Vehicle>)] = &[
    (13, drive::start),
    (9, drive::shift),
    (8, drive::arrive),
    (5, drive::parking_brake),
    (3, drive::release),
    (7, drive::cruise),
    (6, doors::lock),
    (7, doors::let_in),
    (4, doors::close),
    (4, doors::question),
    (8, comfort::temperature),
    (6, comfort::vent),
    (8, comfort::lights),
    (6, comfort::warm_and_vent),
    (12, trips::route),
    (5, trips::distance),
    (5, trips::route_or_range),
    (6, trips::fuel),
    (8, trips::refuel),
    (4, trips::tyres),
    (8, trips::inflate),
    (5, trips::inflate_low),
];

/// The answer to a command.
fn done(text: String, answer: impl Into<String>) -> Option<Beat> {
    Some(Beat::new(text, answer))
}
