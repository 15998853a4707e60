//! Token traces: what was seen, what was written.

use coevo_core::episode::TokenTrace;

/// Grows a [`TokenTrace`] token by token.
#[derive(Clone, Debug, Default)]
pub struct TraceBuilder(TokenTrace);

impl TraceBuilder {
    fn push(&mut self, id: u32, log_prob: f32, action: bool, turn: u16, step: u16) {
        self.0.ids.push(id);
        self.0.log_probs.push(log_prob);
        self.0.action.push(action);
        self.0.turn.push(turn);
        self.0.step.push(step);
    }

    /// Tokens that the policy was shown.
    pub fn push_seen(&mut self, ids: &[u32], turn: u16, step: u16) {
        for id in ids {
            self.push(*id, 0.0, false, turn, step);
        }
    }

    /// A token that the policy chose.
    pub fn push_action(&mut self, id: u32, log_prob: f32, turn: u16, step: u16) {
        self.push(id, log_prob, true, turn, step);
    }

    /// Number of tokens so far.
    pub fn tokens(&self) -> usize {
        self.0.ids.len()
    }

    pub fn finish(self) -> TokenTrace {
        self.0
    }
}
