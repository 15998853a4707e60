//! What is known of a turn before any label: kept whole, so that old runs can be diagnosed again with another table.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::episode::{Parsed, Rejection, SchemaViolation, Step, StepOutcome, Truncation, Turn, VerdictFailure};
use crate::task::{ReferenceTurn, ToolCall};

/// An error that the agent was shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorEvidence {
    /// Step within the turn, from 0.
    pub step: usize,
    /// As the agent wrote it; `None` where the text was malformed.
    pub tool: Option<String>,
    pub kind: ErrorKind,
    /// A later call of this turn succeeded: of the same tool, or of any where the error came from no real offered tool.
    pub recovered: bool,
}

/// What kind of error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Nothing but white space.
    Empty,
    Malformed {
        reason: String,
    },
    UnknownTool,
    NotOffered,
    Schema {
        violations: Vec<SchemaViolation>,
    },
    ToolError {
        code: String,
    },
}

/// Everything known of one turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The verifier's finding; `None` where the turn passed.
    pub verdict: Option<VerdictFailure>,
    /// Tools that the reference calls in this turn, in order; empty for a no-tool turn.
    pub needed: Vec<String>,
    /// Calls that were tried, rejected and malformed ones included; empty texts are no attempts.
    pub attempts: u32,
    /// Tools of the calls that succeeded, in order.
    pub executed: Vec<String>,
    pub errors: Vec<ErrorEvidence>,
    /// Tools of reference calls that no success covers: neither one of the same tool in this turn, nor an earlier one of
    /// the very same call.
    pub uncovered: Vec<String>,
    /// Tools whose successful calls changed the state and are no call of the reference up to this turn.
    pub strayed: BTreeSet<String>,
    pub state_before: u64,
    pub state_after: u64,
    pub answered: bool,
    pub truncated: Option<Truncation>,
}

impl Evidence {
    /// The reference calls tools in this turn.
    pub fn calls_needed(&self) -> bool {
        !self.needed.is_empty()
    }

    /// The agent wrote something, and only white space.
    pub fn only_empty_texts(&self) -> bool {
        let empty = self.errors.iter().all(|error| error.kind == ErrorKind::Empty);
        !self.errors.is_empty() && empty && self.attempts == 0 && !self.answered
    }

    /// The last error was followed by a success that made it good; `None` where there was no error.
    pub fn recovered_after_last_error(&self) -> Option<bool> {
        self.errors.last().map(|error| error.recovered)
    }

    /// Real tools that the turn called or needed, whatever came of it.
    pub fn tools(&self) -> BTreeSet<&str> {
        let real = |error: &&ErrorEvidence| error.kind != ErrorKind::UnknownTool;
        let failed = self.errors.iter().filter(real).filter_map(|error| error.tool.as_deref());
        self.needed.iter().chain(&self.executed).map(String::as_str).chain(failed).collect()
    }

    /// Gathers what turn `at` shows.
    pub(super) fn gather(
        turns: &[Turn],
        at: usize,
        reference: &[ReferenceTurn],
        verdict: Option<VerdictFailure>,
    ) -> Self {
        let turn = &turns[at];
        let wanted: &[ToolCall] = reference.get(at).map_or(&[], |turn| &turn.calls);
        Self {
            verdict,
            needed: wanted.iter().map(|call| call.name.clone()).collect(),
            attempts: turn.steps.iter().filter(|step| is_attempt(step)).count() as u32,
            executed: executed(turn).map(|call| call.name.clone()).collect(),
            errors: errors(turn),
            uncovered: uncovered(&turns[..at], turn, wanted),
            strayed: strayed(turn, reference.iter().take(at + 1).flat_map(|turn| &turn.calls)),
            state_before: turn.state_hash_before,
            state_after: turn.state_hash_after(),
            answered: turn.answer().is_some(),
            truncated: turn.truncated,
        }
    }
}

fn is_attempt(step: &Step) -> bool {
    match step.parsed {
        Parsed::Call(_) => true,
        Parsed::Malformed { .. } => !step.text.trim().is_empty(),
        Parsed::Answer(_) => false,
    }
}

/// The call of a step that succeeded.
pub(super) fn success(step: &Step) -> Option<&ToolCall> {
    match (&step.parsed, &step.outcome) {
        (Parsed::Call(call), StepOutcome::Executed { .. }) => Some(call),
        _ => None,
    }
}

fn executed(turn: &Turn) -> impl Iterator<Item = &ToolCall> {
    turn.steps.iter().filter_map(success)
}

fn errors(turn: &Turn) -> Vec<ErrorEvidence> {
    let mut errors = Vec::new();
    for (at, step) in turn.steps.iter().enumerate() {
        let kind = match &step.outcome {
            StepOutcome::Executed { .. } | StepOutcome::Answered => continue,
            StepOutcome::ToolError { code, .. } => ErrorKind::ToolError { code: code.clone() },
            StepOutcome::Rejected(Rejection::Malformed { .. }) if step.text.trim().is_empty() => ErrorKind::Empty,
            StepOutcome::Rejected(Rejection::Malformed { reason }) => ErrorKind::Malformed { reason: reason.clone() },
            StepOutcome::Rejected(Rejection::UnknownTool { .. }) => ErrorKind::UnknownTool,
            StepOutcome::Rejected(Rejection::NotOffered { .. }) => ErrorKind::NotOffered,
            StepOutcome::Rejected(Rejection::Schema { violations }) => {
                ErrorKind::Schema { violations: violations.clone() }
            }
        };
        let tool = match &step.parsed {
            Parsed::Call(call) => Some(call.name.clone()),
            _ => None,
        };
        let same_tool_needed = matches!(kind, ErrorKind::ToolError { .. } | ErrorKind::Schema { .. });
        let recovered = turn.steps[at + 1..]
            .iter()
            .filter_map(success)
            .any(|call| !same_tool_needed || Some(&call.name) == tool.as_ref());
        errors.push(ErrorEvidence { step: at, tool, kind, recovered });
    }
    errors
}

fn uncovered(earlier: &[Turn], turn: &Turn, wanted: &[ToolCall]) -> Vec<String> {
    let mut here: Vec<&ToolCall> = executed(turn).collect();
    let mut before: Vec<&ToolCall> = earlier.iter().flat_map(executed).collect();
    // The very same calls first, so that a repeated tool is not credited to the wrong one.
    let same = |call: &ToolCall, made: &ToolCall| made == call;
    let mut left: Vec<&ToolCall> = wanted.iter().collect();
    left.retain(|call| !take(&mut here, call, same) && !take(&mut before, call, same));
    left.retain(|call| !take(&mut here, call, |call, made| made.name == call.name));
    left.into_iter().map(|call| call.name.clone()).collect()
}

/// Removes the first call of `pool` that is like `call`; whether there was one.
fn take(pool: &mut Vec<&ToolCall>, call: &ToolCall, like: impl Fn(&ToolCall, &ToolCall) -> bool) -> bool {
    pool.iter().position(|made| like(call, made)).map(|found| pool.remove(found)).is_some()
}

fn strayed<'a>(turn: &Turn, reference: impl Iterator<Item = &'a ToolCall> + Clone) -> BTreeSet<String> {
    let mut hash = turn.state_hash_before;
    let mut strayed = BTreeSet::new();
    for step in &turn.steps {
        let changed = step.state_hash != hash;
        hash = step.state_hash;
        if let Some(call) = success(step)
            && changed
            && !reference.clone().any(|wanted| wanted == call)
        {
            strayed.insert(call.name.clone());
        }
    }
    strayed
}
