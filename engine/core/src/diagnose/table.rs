//! Versioned priority tables: the order in which failures claim a turn.

use serde::{Deserialize, Serialize};

use crate::label::Failure;

/// The order in which failures claim a turn; the first that matches is the dominant label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorityTable {
    pub version: u32,
    pub order: Vec<Failure>,
}

impl PriorityTable {
    /// The table of that version; `None` where there is none.
    pub fn version(version: u32) -> Option<Self> {
        todo!()
    }
}
