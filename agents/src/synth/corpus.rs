//! Demonstrations with made-up tools as training data: each is known by its number, so that none need be kept.

use coevo_core::config::TokenizerConfig;
use coevo_core::seed::{Purpose, StreamKey};
use rayon::prelude::*;

use super::{Mix, converse};
use crate::demonstration::{Seen, encode, to_imitate};
use crate::sequence::TrainSequence;
use crate::tokenizer::{Tokenizer, TokenizerError};

/// Conversations of a step that have the same tools: their list is computed once, and each has its own choices to make.
const SIBLINGS: usize = 4;

/// Demonstrations with made-up tools, by number.
#[derive(Clone, Copy, Debug)]
pub struct Corpus {
    pub seed: u64,
    /// How they are drawn in the end.
    pub mix: Mix,
    /// Longest conversation, in tokens.
    pub context: usize,
    /// Steps in which the worlds grow to their full variety.
    pub steps: u32,
    /// What a token that decides counts ([`to_imitate`]).
    pub emphasis: f64,
}

impl Corpus {
    fn conversations(self, round: u32, world: u64, count: usize) -> Vec<Vec<Seen>> {
        let key = StreamKey::new(self.seed, Purpose::Action).round(round).task(world);
        converse(&mut key.stream(), self.mix, count)
    }

    /// A tokenizer trained on `count` conversations, none of which is cloned.
    ///
    /// # Errors
    /// When the vocabulary is too small.
    pub fn tokenizer(self, count: u32, config: &TokenizerConfig) -> Result<Tokenizer, TokenizerError> {
        let conversations: Vec<Vec<Seen>> =
            (0..u64::from(count)).into_par_iter().flat_map_iter(|world| self.conversations(0, world, 1)).collect();
        Tokenizer::train(conversations.iter().flatten().map(|seen| seen.message.text.as_str()), config)
    }

    /// The `batch` conversations of a step.
    pub fn drawn(self, step: u32, batch: usize) -> Vec<Vec<Seen>> {
        let worlds = batch.div_ceil(SIBLINGS) as u64;
        let level = (f64::from(step) / f64::from(self.steps.max(1))).min(self.mix.level);
        let so_far = Self { mix: Mix { level, ..self.mix }, ..self };
        let mut drawn: Vec<Vec<Seen>> = (0..worlds)
            .into_par_iter()
            .flat_map_iter(|place| so_far.conversations(1, u64::from(step) * worlds + place, SIBLINGS))
            .collect();
        drawn.truncate(batch);
        drawn
    }

    /// The same as sequences; those that are longer than the context are left out.
    pub fn step(self, tokenizer: &Tokenizer, step: u32, batch: usize) -> Vec<TrainSequence> {
        let drawn = self.drawn(step, batch).into_par_iter();
        drawn
            .map(|conversation| (encode(tokenizer, &conversation), conversation))
            .filter(|(trace, _)| trace.ids.len() <= self.context)
            .map(|(trace, conversation)| to_imitate(tokenizer, &conversation, &trace, self.emphasis))
            .collect()
    }
}
