//! The one taxonomy of turn labels (METHOD.md §2).
//!
//! Outcomes and failures are different types, so that code which weighs failures cannot count a pass by mistake.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a turn failed. Declared in priority order of table version 1: the first that matches is the dominant label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// A budget ended the turn before the agent answered.
    Truncated,
    /// Unparseable, or a tool that does not exist or was not offered.
    InvalidToolCall,
    /// Required, type, enum or structure.
    ArgumentMismatch,
    /// No call was wanted and one was made.
    SpuriousToolCall,
    /// An object that should exist does not, or one that should not does.
    InstanceMismatch,
    /// Ran, but the expected transition is absent.
    StateMismatch,
    /// Got executable error feedback and never recovered.
    RecoveryFailure,
    /// Calls were needed and no text but an empty one came back.
    EmptyTurn,
    /// Skipped needed tool use, or answered too early.
    MissingToolCall,
    /// Tools fine, answer fails.
    ResponseMismatch,
}

/// How a turn went right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Pass,
    /// No call was wanted and none was made.
    CorrectAbstention,
}

/// The dominant label of one user turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Label {
    Outcome(Outcome),
    Failure(Failure),
}

impl Failure {
    pub const ALL: [Failure; 10] = [
        Failure::Truncated,
        Failure::InvalidToolCall,
        Failure::ArgumentMismatch,
        Failure::SpuriousToolCall,
        Failure::InstanceMismatch,
        Failure::StateMismatch,
        Failure::RecoveryFailure,
        Failure::EmptyTurn,
        Failure::MissingToolCall,
        Failure::ResponseMismatch,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Failure::Truncated => "truncated",
            Failure::InvalidToolCall => "invalid_tool_call",
            Failure::ArgumentMismatch => "argument_mismatch",
            Failure::SpuriousToolCall => "spurious_tool_call",
            Failure::InstanceMismatch => "instance_mismatch",
            Failure::StateMismatch => "state_mismatch",
            Failure::RecoveryFailure => "recovery_failure",
            Failure::EmptyTurn => "empty_turn",
            Failure::MissingToolCall => "missing_tool_call",
            Failure::ResponseMismatch => "response_mismatch",
        }
    }
}

impl Outcome {
    pub const ALL: [Outcome; 2] = [Outcome::Pass, Outcome::CorrectAbstention];

    pub fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::CorrectAbstention => "correct_abstention",
        }
    }
}

impl Label {
    /// Every label, outcomes first.
    pub fn all() -> impl Iterator<Item = Label> {
        Outcome::ALL.into_iter().map(Label::Outcome).chain(Failure::ALL.into_iter().map(Label::Failure))
    }

    pub fn name(self) -> &'static str {
        match self {
            Label::Outcome(outcome) => outcome.name(),
            Label::Failure(failure) => failure.name(),
        }
    }

    pub fn is_failure(self) -> bool {
        matches!(self, Label::Failure(_))
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
