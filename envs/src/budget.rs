//! What an episode may use up before it is cut short.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Budgets of an episode. Running out is an ending of the episode, not a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budgets {
    /// Texts that the agent may write in one user turn. The turn is cut off, and the episode ends, if none of them is an
    /// answer.
    #[schemars(range(min = 1))]
    pub steps_per_turn: u32,
}

impl Default for Budgets {
    fn default() -> Self {
        Self { steps_per_turn: 12 }
    }
}
