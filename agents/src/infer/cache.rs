//! What a conversation leaves behind in the network: keys and values of every token, per layer and head.

use coevo_core::config::ModelConfig;

use crate::kernels::{LANES, Row};
use crate::model::TAPS;

/// Keys, values and the last few unmixed rows of one layer.
#[derive(Clone, Debug)]
pub(super) struct LayerCache {
    /// Per head: panels of 16 keys, each `head` rows ("across").
    pub keys: Vec<Vec<Row>>,
    /// Per head: for each 16 dimensions, one row a token ("down").
    pub values: Vec<Vec<Vec<Row>>>,
    /// The last [`TAPS`] rows of unmixed queries, keys and values, oldest first; zeros before the first token.
    pub tail: Vec<f32>,
}

/// The state of one conversation. Cloning copies it: that is how a group shares its prompt.
#[derive(Clone, Debug)]
pub struct Cache {
    pub(super) tokens: usize,
    pub(super) layers: Vec<LayerCache>,
}

impl Cache {
    /// An empty conversation.
    pub fn new(config: &ModelConfig) -> Self {
        let layer = LayerCache {
            keys: vec![Vec::new(); config.heads],
            values: vec![vec![Vec::new(); config.width / config.heads / LANES]; config.heads],
            tail: vec![0.0; TAPS * 3 * config.width],
        };
        Self { tokens: 0, layers: vec![layer; config.layers] }
    }

    /// Tokens held.
    pub fn tokens(&self) -> usize {
        self.tokens
    }
}

impl LayerCache {
    /// Appends the key and value of one head's next token, which has `position`.
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
