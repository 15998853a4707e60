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

/// One of the fresh ones two times in three, else any.
fn prefer<T: Clone>(t: &mut Story, fresh: &[T], all: &[T]) -> Option<T> {
    if !fresh.is_empty() && !t.rng.one_in(3) { t.choose(fresh) } else { t.choose(all) }
}
