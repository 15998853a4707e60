//! Versioned priority tables: the order in which failures claim a turn, and what each needs to claim it.

use serde::{Deserialize, Serialize};

use crate::diagnose::{ErrorKind, Evidence};
use crate::episode::VerdictFailure;
use crate::label::Failure;

/// The order in which failures claim a turn; the first that matches is the dominant label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorityTable {
    pub version: u32,
    pub order: Vec<Failure>,
}

impl PriorityTable {
    /// Every version there is.
    pub const VERSIONS: [u32; 2] = [1, 2];

    /// The table of that version; `None` where there is none.
    ///
    /// 1 is the paper's order (METHOD.md §2) with the released code's labels set between, as [`Failure`] declares it.
    /// 2 differs in two places: on a no-tool turn a rejected call is spurious before it is invalid, because no better call
    /// would have been right; and a budget that ran out comes last, because what the agent kept doing until then says more.
    pub fn version(version: u32) -> Option<Self> {
        let order = match version {
            1 => Failure::ALL.to_vec(),
            2 => {
                let moved = [Failure::SpuriousToolCall, Failure::Truncated];
                let kept = Failure::ALL.into_iter().filter(|failure| !moved.contains(failure));
                std::iter::once(moved[0]).chain(kept).chain([moved[1]]).collect()
            }
            _ => return None,
        };
        Some(Self { version, order })
    }

    /// The dominant failure of a turn that failed.
    pub fn dominant(&self, evidence: &Evidence) -> Failure {
        let claimed = self.order.iter().copied().find(|failure| claims(*failure, evidence));
        claimed.unwrap_or(match evidence.verdict {
            Some(VerdictFailure::StateMismatch) => Failure::StateMismatch,
            Some(VerdictFailure::InstanceMismatch) => Failure::InstanceMismatch,
            Some(VerdictFailure::SpuriousCall) => Failure::SpuriousToolCall,
            Some(VerdictFailure::EmptyTurn) => Failure::MissingToolCall,
            Some(VerdictFailure::ResponseMismatch) | None => Failure::ResponseMismatch,
        })
    }
}

/// Whether the evidence of a failed turn supports a label. Errors that the agent recovered from support none.
fn claims(failure: Failure, evidence: &Evidence) -> bool {
    let open = |wanted: fn(&ErrorKind) -> bool| evidence.errors.iter().any(|e| !e.recovered && wanted(&e.kind));
    // "Ran, expected transition absent": something was done that the reference does not do, or all of it was done. Where
    // all that was done is right and something is lacking, the turn is a missing call or an error not recovered from.
    let ran = !evidence.executed.is_empty() && (!evidence.strayed.is_empty() || evidence.uncovered.is_empty());
    match failure {
        Failure::Truncated => evidence.truncated.is_some() && !evidence.only_empty_texts(),
        Failure::InvalidToolCall => {
            open(|kind| matches!(kind, ErrorKind::Malformed { .. } | ErrorKind::UnknownTool | ErrorKind::NotOffered))
        }
        Failure::ArgumentMismatch => open(|kind| matches!(kind, ErrorKind::Schema { .. })),
        Failure::SpuriousToolCall => !evidence.calls_needed() && evidence.attempts > 0,
        Failure::InstanceMismatch => evidence.verdict == Some(VerdictFailure::InstanceMismatch) && ran,
        Failure::StateMismatch => evidence.verdict == Some(VerdictFailure::StateMismatch) && ran,
        Failure::RecoveryFailure => open(|kind| matches!(kind, ErrorKind::ToolError { .. })),
        Failure::EmptyTurn => evidence.calls_needed() && evidence.only_empty_texts(),
        Failure::MissingToolCall => !evidence.uncovered.is_empty(),
        Failure::ResponseMismatch => evidence.verdict == Some(VerdictFailure::ResponseMismatch),
    }
}
