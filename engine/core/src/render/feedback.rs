//! What an agent is told after a step: the base observation, and the recovery hint of the evolved interface (φ_err).

use crate::episode::StepOutcome;
use crate::interface::Interface;
use crate::render::Message;
use crate::task::{ToolCall, ToolSpec};

/// What the untouched environment replies. Empty after an answer.
pub fn observation(outcome: &StepOutcome) -> String {
    todo!()
}

/// φ_err: one line that starts with `hint: `, or nothing. Made of the raw error, the schema and the offered tools only.
pub fn recovery_cue(
    outcome: &StepOutcome,
    call: Option<&ToolCall>,
    offered: &[&ToolSpec],
    interface: &Interface,
) -> String {
    todo!()
}

/// The tool message an agent reads: the observation, and the cue on a line of its own where there is one.
pub fn tool_message(observation: &str, cue: &str) -> Message {
    todo!()
}
