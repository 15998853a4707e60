//! What people want kept, recalled and dropped: one builder for each kind of request. A builder proposes; the story
//! keeps a request only where every call ends as the builder says.

mod archive;
mod core;
mod lists;

use coevo_sdk::story::{Builder, Teller};

use crate::Memory;

/// What this conversation has stored: questions come back to it.
#[derive(Clone, Debug, Default)]
pub struct Known {
    keys: Vec<String>,
    /// (topic, note id)
    notes: Vec<(String, String)>,
    lists: Vec<String>,
    /// Something was stored, and nothing has come back to it yet.
    due: bool,
}

type Story = Teller<Memory>;

/// Kinds of requests with their weights. Storing and recalling can occur twice.
pub const ALL: &[(usize, Builder<Memory>)] = &[
    (10, core::remember),
    (6, core::remember),
    (7, core::remember_full),
    (9, core::recall),
    (7, core::recall),
    (9, core::update),
    (5, core::forget),
    (4, core::keys),
    (5, core::put_away),
    (9, archive::keep),
    (9, archive::find),
    (4, archive::tagged),
    (6, archive::delete),
    (6, archive::to_core),
    (9, lists::add),
    (5, lists::add_full),
    (7, lists::show),
    (5, lists::remove),
    (7, lists::begin),
    (3, lists::names),
    (4, lists::drop),
    (6, lists::add_fact),
];

/// Notes that something was stored which a later request should come back to.
fn stored(t: &mut Story) {
    t.memory.due = true;
}

/// Whether a request that does not come back to what was stored should give way to one that does: mostly, where
/// something is due.
fn strays(t: &mut Story) -> bool {
    t.memory.due && t.rng.below(8) > 0
}

/// One of the fresh ones where there are some, else any; where something else is due, mostly none.
fn prefer<T: Clone>(t: &mut Story, fresh: &[T], all: &[T]) -> Option<T> {
    if !fresh.is_empty() {
        t.memory.due = false;
        return t.choose(fresh);
    }
    // Most of what concerns earlier sessions only gives way to something that stores.
    let nothing = t.memory.keys.is_empty() && t.memory.notes.is_empty() && t.memory.lists.is_empty();
    if strays(t) || (nothing && t.rng.below(4) > 0) { None } else { t.choose(all) }
}
