//! An episode with everything that is shown of it: the record, and what its re-execution in the sandbox gave.

use std::sync::Arc;

use coevo_agents::Tokenizer;
use coevo_core::label::Label;
use coevo_loop::recorded::Case;
use coevo_loop::reexecute::{Frame, Place, TurnFrames};
use coevo_trace::EpisodeRecord;
use serde_json::Value;

/// A place in the episode: where a user turn has begun (`step` absent), or a step has been taken. Both from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub turn: usize,
    pub step: Option<usize>,
}

/// What is shown.
pub struct View {
    pub name: String,
    pub record: EpisodeRecord,
    pub case: Case,
    pub tokenizer: Option<Arc<Tokenizer>>,
    pub moments: Vec<Moment>,
    initial: Option<Frame>,
    turns: Vec<TurnFrames>,
    /// Where re-execution left the record, in words.
    pub divergence: Option<String>,
}

/// Whether what is shown of a moment is what happened then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Re-executed, with the recorded state hash.
    Same,
    /// Re-execution left the record here or earlier.
    Left,
}

impl View {
    /// Executes the episode again.
    pub fn new(name: String, record: EpisodeRecord, case: Case, tokenizer: Option<Arc<Tokenizer>>) -> Self {
        let (initial, turns, divergence) = match case.reexecute(&record.episode, Place::END) {
            Ok(again) => (Some(again.initial), again.turns, again.divergence),
            Err(divergence) => (None, Vec::new(), Some(divergence)),
        };
        let mut moments = Vec::new();
        for (turn, played) in record.episode.turns.iter().enumerate() {
            moments.push(Moment { turn, step: None });
            moments.extend((0..played.steps.len()).map(|step| Moment { turn, step: Some(step) }));
        }
        let divergence = divergence.map(|divergence| divergence.to_string());
        Self { name, record, case, tokenizer, moments, initial, turns, divergence }
    }

    /// The states before and after a moment, where they were re-executed.
    pub fn around(&self, moment: Moment) -> (Option<&Value>, Option<&Value>) {
        let turn = self.turns.get(moment.turn);
        let (before, after) = match moment.step {
            None => {
                let earlier = moment.turn.checked_sub(1).and_then(|turn| self.turns.get(turn));
                let before = earlier.map_or(self.initial.as_ref(), |turn| turn.after.last().or(Some(&turn.before)));
                (before, turn.map(|turn| &turn.before))
            }
            Some(step) => {
                let before = match step.checked_sub(1) {
                    None => turn.map(|turn| &turn.before),
                    Some(earlier) => turn.and_then(|turn| turn.after.get(earlier)),
                };
                (before, turn.and_then(|turn| turn.after.get(step)))
            }
        };
        (before.map(|frame| &frame.state), after.map(|frame| &frame.state))
    }

    /// The hash that was recorded at a moment, and whether re-execution came to it.
    pub fn check(&self, moment: Moment) -> (u64, Check) {
        let recorded = &self.record.episode.turns[moment.turn];
        let again = self.turns.get(moment.turn);
        let (hash, now) = match moment.step {
            None => (recorded.state_hash_before, again.map(|turn| turn.before.hash)),
            Some(step) => {
                (recorded.steps[step].state_hash, again.and_then(|turn| turn.after.get(step)).map(|frame| frame.hash))
            }
        };
        (hash, if now == Some(hash) { Check::Same } else { Check::Left })
    }

    /// What the agent was told when a turn began, as re-executed.
    pub fn told(&self, turn: usize) -> &[coevo_core::render::Message] {
        self.turns.get(turn).map_or(&[], |turn| &turn.messages)
    }

    pub fn label(&self, turn: usize) -> Option<Label> {
        Some(self.record.diagnosis.as_ref()?.turns.get(turn)?.label)
    }

    /// The first moment of the first failing turn.
    pub fn first_failing(&self) -> Option<usize> {
        let turn = self.record.diagnosis.as_ref()?.first_failing?;
        self.moments.iter().position(|moment| moment.turn == turn)
    }

    /// The first moment of the next turn after `from`, cyclically, whose label is a failure.
    pub fn next_failing(&self, from: usize) -> Option<usize> {
        let here = self.moments.get(from)?.turn;
        let turns = self.record.episode.turns.len();
        let next = (1..=turns).map(|ahead| (here + ahead) % turns);
        let turn = next.into_iter().find(|turn| self.label(*turn).is_some_and(Label::is_failure))?;
        self.moments.iter().position(|moment| moment.turn == turn)
    }

    /// The place before the step of a moment: where a fork would leave this episode.
    pub fn place(&self, moment: Moment) -> Place {
        Place { turn: moment.turn, step: moment.step.unwrap_or(0) }
    }
}
