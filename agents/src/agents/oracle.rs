//! Plays the reference solution: the upper bound, and the proof that every task can be solved.

use std::collections::BTreeMap;

use coevo_core::episode::TokenTrace;
use coevo_core::protocol::format_call;
use coevo_core::task::HiddenLabel;

use crate::agent::{Agent, EpisodeStart, Reply, Request};

/// Plays the reference calls of each turn, then its answer. Tasks that it has no label for get an empty text.
pub struct Oracle {
    labels: BTreeMap<String, HiddenLabel>,
    tasks: BTreeMap<usize, String>,
}

impl Oracle {
    /// `labels` by task id.
    pub fn new(labels: BTreeMap<String, HiddenLabel>) -> Self {
        Self { labels, tasks: BTreeMap::new() }
    }

    /// What the reference does at a step of a turn: one of its calls, or its answer after the last.
    pub(super) fn text(&self, slot: usize, turn: u16, step: usize) -> String {
        let label = self.tasks.get(&slot).and_then(|task| self.labels.get(task));
        let Some(reference) = label.and_then(|label| label.reference.get(usize::from(turn))) else {
            return String::new();
        };
        reference.calls.get(step).map_or_else(|| reference.answer.clone(), format_call)
    }

    /// The reference calls of a turn.
    pub(super) fn calls(&self, slot: usize, turn: u16) -> &[coevo_core::task::ToolCall] {
        let label = self.tasks.get(&slot).and_then(|task| self.labels.get(task));
        label.and_then(|label| label.reference.get(usize::from(turn))).map_or(&[], |reference| &reference.calls)
    }
}

impl Agent for Oracle {
    fn name(&self) -> String {
        "oracle".to_owned()
    }

    fn begin(&mut self, slot: usize, start: &EpisodeStart<'_>) {
        self.tasks.insert(slot, start.task.id.clone());
    }

    fn act(&mut self, waiting: &[Request<'_>]) -> Vec<Reply> {
        waiting.iter().map(|r| Reply::Text(self.text(r.slot, r.turn, usize::from(r.step)))).collect()
    }

    fn end(&mut self, slot: usize) -> TokenTrace {
        self.tasks.remove(&slot);
        TokenTrace::default()
    }
}
