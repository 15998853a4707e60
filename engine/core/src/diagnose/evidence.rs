//! What is known of a turn before any label: kept whole, so that old runs can be diagnosed again with another table.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::episode::{SchemaViolation, Truncation, VerdictFailure};

/// An error that the agent was shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorEvidence {
    /// Step within the turn, from 0.
    pub step: usize,
    /// As the agent wrote it; `None` where the text was malformed.
    pub tool: Option<String>,
    pub kind: ErrorKind,
    /// A later step of this turn made the call good: a success of the same tool, or of any tool where the error had none.
    pub recovered: bool,
}

/// What kind of error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Nothing but white space.
    Empty,
    Malformed { reason: String },
    UnknownTool,
    NotOffered,
    Schema { violations: Vec<SchemaViolation> },
    ToolError { code: String },
}

/// Everything known of one turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The verifier's finding; `None` where the turn passed.
    pub verdict: Option<VerdictFailure>,
    /// The reference calls tools in this turn.
    pub calls_needed: bool,
    /// Calls that were tried, rejected and malformed ones included, empty texts not.
    pub attempts: u32,
    /// Calls that ran and succeeded, by tool name, in order.
    pub executed: Vec<String>,
    pub errors: Vec<ErrorEvidence>,
    /// Tools of the reference that were not called with success, sorted.
    pub uncovered: Vec<String>,
    /// Tools whose successful calls changed the state as no reference call does.
    pub strayed: BTreeSet<String>,
    pub state_before: u64,
    pub state_after: u64,
    pub answered: bool,
    pub truncated: Option<Truncation>,
}
