//! Diagnosis: one dominant label a user turn, from executable evidence only (METHOD.md §2, eq. 5–7).
//!
//! All evidence is kept beside the label, the label is derived from it by a versioned priority table, and a later
//! failure that an earlier turn explains is marked as cascaded from it.

mod attribution;
mod evidence;
mod mapping;
mod table;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use evidence::{ErrorEvidence, ErrorKind, Evidence};
pub use mapping::{paper_label, released_label, released_turn_label};
pub use table::PriorityTable;

use crate::episode::{Episode, Verdict};
use crate::label::{Failure, Label};
use crate::task::HiddenLabel;

/// A failure pinned to a tool and perhaps one of its arguments; what the counters of the profile count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Blame {
    pub failure: Failure,
    pub tool: String,
    pub argument: Option<String>,
}

/// How an earlier turn reaches a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DependencyKind {
    /// The state was already not the reference's when the later turn began.
    State,
    /// A call of the later turn used a value that a result of the earlier turn produced.
    Value,
    /// A call that the later turn needed uses a value that the earlier turn should have obtained, and did not.
    Unobtained,
}

/// An edge of the dependency graph between turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dependency {
    pub from: usize,
    pub to: usize,
    pub kind: DependencyKind,
}

/// One user turn, diagnosed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnDiagnosis {
    pub label: Label,
    pub evidence: Evidence,
    /// The first turn of the chain that led to this failure; `None` for passing turns and for failures of their own.
    pub cascaded_from: Option<usize>,
    /// Tools and arguments that went wrong in this turn, also where the turn passed in the end.
    pub blame: BTreeSet<Blame>,
}

/// One episode, diagnosed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// One for each user turn that was played.
    pub turns: Vec<TurnDiagnosis>,
    pub first_failing: Option<usize>,
    pub dependencies: Vec<Dependency>,
    /// Version of the priority table.
    pub table: u32,
}

/// Diagnoses an episode. `None` where it was not scored: a fault is not a failure.
pub fn diagnose(
    episode: &Episode,
    verdict: &Verdict,
    hidden: &HiddenLabel,
    table: &PriorityTable,
) -> Option<Diagnosis> {
    todo!()
}
