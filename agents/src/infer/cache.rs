//! What a conversation leaves behind in the network: keys and values of every token, per layer and head.

use std::sync::Arc;

use coevo_core::config::ModelConfig;

use crate::kernels::attention::Seen;
use crate::kernels::{LANES, Row};
use crate::model::TAPS;

/// Keys and values of one layer.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Per head: panels of 16 keys, each `head` rows ("across").
    pub keys: Vec<Vec<Row>>,
    /// Per head: for each 16 dimensions, one row a token ("down").
    pub values: Vec<Vec<Vec<Row>>>,
}

/// One layer of a conversation.
#[derive(Clone, Debug)]
pub(super) struct LayerCache {
    /// Of the tokens after the opening.
    pub own: Kept,
    /// The last [`TAPS`] rows of unmixed queries, keys and values, oldest first; zeros before the first token.
    pub tail: Vec<f32>,
}

/// What several conversations begin with: whole panels of keys, by layer.
#[derive(Debug)]
pub(super) struct Opening {
    pub tokens: usize,
    pub layers: Vec<Kept>,
}

/// The state of one conversation. Cloning copies what follows its opening: that is how a group shares its prompt.
#[derive(Clone, Debug)]
pub struct Cache {
    pub(super) tokens: usize,
    pub(super) opening: Arc<Opening>,
    pub(super) layers: Vec<LayerCache>,
}

impl Cache {
    /// An empty conversation.
    pub fn new(config: &ModelConfig) -> Self {
        let empty = Kept {
            keys: vec![Vec::new(); config.heads],
            values: vec![vec![Vec::new(); config.width / config.heads / LANES]; config.heads],
        };
        let layer = LayerCache { own: empty.clone(), tail: vec![0.0; TAPS * 3 * config.width] };
        let opening = Opening { tokens: 0, layers: vec![empty; config.layers] };
        Self { tokens: 0, opening: Arc::new(opening), layers: vec![layer; config.layers] }
    }

    /// Tokens held.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Makes all that is there, but for the last unfinished panel, the opening that clones share.
    pub fn freeze(&mut self) {
        let (panels, tokens) = (self.own_tokens() / LANES, self.tokens / LANES * LANES);
        if panels == 0 {
            return;
        }
        let head = self.layers[0].own.values[0].len() * LANES;
        let layers = self.opening.layers.iter().zip(&mut self.layers).map(|(before, layer)| {
            let mut all = before.clone();
            for (all, own) in all.keys.iter_mut().zip(&mut layer.own.keys) {
                all.extend(own.drain(..panels * head));
            }
            for (all, own) in all.values.iter_mut().flatten().zip(layer.own.values.iter_mut().flatten()) {
                all.extend(own.drain(..panels * LANES));
            }
            all
        });
        self.opening = Arc::new(Opening { tokens, layers: layers.collect() });
    }

    /// Equal for caches that share their opening, while they live.
    pub fn opening_id(&self) -> usize {
        Arc::as_ptr(&self.opening) as usize
    }

    /// Tokens after the opening.
    pub(super) fn own_tokens(&self) -> usize {
        self.tokens - self.opening.tokens
    }
}

impl Kept {
    /// What a head's queries see of it.
    #[inline(always)]
    pub fn seen(&self, head: usize) -> Seen<'_> {
        Seen { keys: &self.keys[head], values: &self.values[head] }
    }

    /// Appends the key and value of one head's next token, which has `position` among those kept.
    #[inline(always)]
    pub fn push(&mut self, head_index: usize, position: usize, key: &[f32], value: &[f32]) {
        let head = key.len();
        let keys = &mut self.keys[head_index];
        let base = position / LANES * head;
        if keys.len() == base {
            keys.resize(base + head, [0.0; LANES]);
        }
        for (row, key) in keys[base..].iter_mut().zip(key) {
            row[position % LANES] = *key;
        }
        for (rows, value) in self.values[head_index].iter_mut().zip(value.chunks_exact(LANES)) {
            let mut row = [0.0; LANES];
            row.copy_from_slice(value);
            rows.push(row);
        }
    }
}
