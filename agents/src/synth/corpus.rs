//! Demonstrations with made-up tools as training data: each is known by its number, so that none need be kept.

use coevo_core::config::TokenizerConfig;
use coevo_core::seed::{Purpose, StreamKey};
use rayon::prelude::*;

use super::{Mix, demonstrate};
use crate::demonstration::{Seen, encode};
use crate::sequence::TrainSequence;
use crate::tokenizer::{Tokenizer, TokenizerError};

/// Demonstrations with made-up tools, by number.
#[derive(Clone, Copy, Debug)]
pub struct Corpus {
    pub seed: u64,
    pub mix: Mix,
    /// Longest conversation, in tokens.
    pub context: usize,
}

impl Corpus {
    fn conversation(self, round: u32, number: u64) -> Vec<Seen> {
        let key = StreamKey::new(self.seed, Purpose::Action).round(round).task(number);
        demonstrate(&mut key.stream(), self.mix)
    }

    /// A tokenizer trained on `count` conversations, none of which is cloned.
    ///
    /// # Errors
    /// When the vocabulary is too small.
    pub fn tokenizer(self, count: u32, config: &TokenizerConfig) -> Result<Tokenizer, TokenizerError> {
        let conversations: Vec<Vec<Seen>> =
            (0..u64::from(count)).into_par_iter().map(|number| self.conversation(0, number)).collect();
        Tokenizer::train(conversations.iter().flatten().map(|seen| seen.message.text.as_str()), config)
    }

    /// The `batch` sequences of a step; those that are longer than the context are left out.
    pub fn step(self, tokenizer: &Tokenizer, step: u32, batch: usize) -> Vec<TrainSequence> {
        let drawn: Vec<TrainSequence> = (0..batch as u64)
            .into_par_iter()
            .map(|place| encode(tokenizer, &self.conversation(1, u64::from(step) * batch as u64 + place)))
            .map(|trace| TrainSequence::imitation(&trace))
            .collect();
        drawn.into_iter().filter(|sequence| sequence.ids.len() <= self.context).collect()
    }
}
