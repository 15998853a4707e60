//! From the one taxonomy to the two label sets it unites: the paper's and the released code's (METHOD.md §2).
//!
//! Both are subsets of ours, so a mapped label is a [`Label`] too.

use crate::diagnose::TurnDiagnosis;
use crate::episode::VerdictFailure;
use crate::label::{Failure, Label, Outcome};

/// The label as the paper's taxonomy has it: invalid_tool_call, argument_mismatch, state_mismatch, recovery_failure,
/// missing_tool_call, response_mismatch, or pass.
///
/// | ours | paper | because |
/// |---|---|---|
/// | truncated | missing_tool_call | the needed work was not finished |
/// | spurious_tool_call | state_mismatch | a call ran that the reference does not make |
/// | instance_mismatch | state_mismatch | an absent object is an absent transition |
/// | empty_turn | missing_tool_call | needed tool use was skipped |
/// | correct_abstention | pass | the paper has no outcome but passing |
/// | any other | the same | |
pub fn paper_label(label: Label) -> Label {
    match label {
        Label::Failure(Failure::Truncated | Failure::EmptyTurn) => Label::Failure(Failure::MissingToolCall),
        Label::Failure(Failure::SpuriousToolCall | Failure::InstanceMismatch) => Label::Failure(Failure::StateMismatch),
        Label::Outcome(_) => Label::Outcome(Outcome::Pass),
        same => same,
    }
}

/// The label as the released code's weights have it, where only the label is known: spurious_tool_call,
/// correct_abstention, empty_turn, state_mismatch, response_mismatch, instance_mismatch, or pass.
///
/// | ours | released | because |
/// |---|---|---|
/// | truncated, invalid_tool_call, argument_mismatch, recovery_failure | state_mismatch | the needed call never took effect |
/// | missing_tool_call | empty_turn | no (sufficient) call in a turn that needed one |
/// | any other | the same | |
pub fn released_label(label: Label) -> Label {
    match label {
        Label::Failure(
            Failure::Truncated | Failure::InvalidToolCall | Failure::ArgumentMismatch | Failure::RecoveryFailure,
        ) => Label::Failure(Failure::StateMismatch),
        Label::Failure(Failure::MissingToolCall) => Label::Failure(Failure::EmptyTurn),
        same => same,
    }
}

/// The label as the released code's tagger has it: its failures are the verifier's, so the kept verdict gives it exactly.
/// (Except that a no-tool turn with rejected calls is a pass, not a correct abstention.)
pub fn released_turn_label(turn: &TurnDiagnosis) -> Label {
    match turn.evidence.verdict {
        None => turn.label,
        Some(VerdictFailure::StateMismatch) => Label::Failure(Failure::StateMismatch),
        Some(VerdictFailure::InstanceMismatch) => Label::Failure(Failure::InstanceMismatch),
        Some(VerdictFailure::ResponseMismatch) => Label::Failure(Failure::ResponseMismatch),
        Some(VerdictFailure::EmptyTurn) => Label::Failure(Failure::EmptyTurn),
        Some(VerdictFailure::SpuriousCall) => Label::Failure(Failure::SpuriousToolCall),
    }
}
