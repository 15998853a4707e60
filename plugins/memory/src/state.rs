//! The state of one episode: three kinds of memory and their limits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Facts that core memory holds.
pub const CORE: usize = 5;
/// Notes that the archive holds.
pub const NOTES: usize = 8;
/// Lists that there may be.
pub const LISTS: usize = 4;
/// Items that a list holds.
pub const ITEMS: usize = 4;
pub const TAGS: [&str; 5] = ["home", "work", "health", "travel", "money"];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// One of [`TAGS`].
    pub tag: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Facts by key.
    pub core: BTreeMap<String, String>,
    /// Notes by number; an agent knows note 3 as `n3`.
    pub archive: BTreeMap<u32, Note>,
    /// Items by list, in the order in which they came.
    pub lists: BTreeMap<String, Vec<String>>,
    /// Number of the next note.
    pub next: u32,
    /// Keys the irrelevant lines of long results; 0: none.
    #[serde(default)]
    pub clutter: u64,
}

impl State {
    /// Facts that core memory still has room for.
    pub fn free(&self) -> usize {
        CORE.saturating_sub(self.core.len())
    }

    /// Whether the limits hold.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self) -> Result<(), String> {
        let told = [
            (self.core.len() <= CORE, "core memory overflows"),
            (self.archive.len() <= NOTES, "the archive overflows"),
            (self.lists.len() <= LISTS, "there are too many lists"),
            (self.lists.values().all(|items| items.len() <= ITEMS), "a list overflows"),
            (self.archive.keys().all(|number| *number < self.next), "the next number is used"),
            (self.archive.values().all(|note| TAGS.contains(&note.tag.as_str())), "a note has an unknown tag"),
        ];
        told.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, problem)| Err((*problem).to_owned()))
    }
}
