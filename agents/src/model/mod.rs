//! The policy network: a decoder-only transformer, as named matrices.
//!
//! `x₀ = norm(embed[ids])`; each block adds `attention(norm(x))` and `mlp(norm(x))`; `logits = norm(x) · embedᵀ`.
//! - `norm` is RMSNorm without a gain (the next matrix can learn one).
//! - Queries, keys and values of a token are mixed with those of the [`TAPS`] tokens before it, by a learnt weight per
//!   channel, before rotary positions: one layer can then find "what followed this before".
//! - Attention begins as copying ("mimetic" initialisation): keys equal queries, the output undoes the values, and half of
//!   the heads take a token's key from its predecessor. Random weights spend most of a short training on finding that.
//! - `mlp(x) = relu(x · up)² · down`.
//!
//! Sampling ([`crate::infer`]) and training ([`crate::learner`]) both read this layout.

pub mod tape;

use coevo_core::config::ModelConfig;
use coevo_core::seed::{Purpose, StreamKey};

use crate::kernels::LANES;
use crate::tokenizer::Form;

/// How many preceding tokens are mixed into queries, keys and values.
pub const TAPS: usize = 3;

/// Rows of the mixing matrix: the token itself, then its predecessors.
pub const MIX: usize = TAPS + 1;

/// A setting that no model can have.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    #[error("model.{key} is {given}: {want}")]
    Invalid { key: &'static str, given: usize, want: &'static str },
    #[error("weights: {0}")]
    Weights(String),
}

/// One matrix of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamSpec {
    pub name: String,
    /// Rows and columns; a layer computes `x · M`.
    pub shape: [usize; 2],
    /// Standard deviation of the initial entries.
    pub deviation: f64,
    /// Whether weight decay applies: to the blocks' matrices, which also are what Muon is for.
    pub decay: bool,
    /// How many matrices stand side by side in it: queries, keys and values are three.
    pub stacked: usize,
}

/// Matrices of one block, in order after the embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Qkv,
    Mix,
    Out,
    Up,
    Down,
}

const PARTS: usize = 5;

/// Index of a block's matrix in the layout; the embedding is 0.
pub fn part(layer: usize, part: Part) -> usize {
    1 + layer * PARTS + part as usize
}

/// Checks a shape before anything is built of it.
///
/// # Errors
/// Names the key, its value and what is wanted.
pub fn validate(config: &ModelConfig) -> Result<(), ModelError> {
    let invalid = |key, given, want| Err(ModelError::Invalid { key, given, want });
    if !(1..=64).contains(&config.layers) {
        return invalid("layers", config.layers, "want 1 to 64");
    }
    if config.heads == 0 || !config.width.is_multiple_of(config.heads * LANES) || config.width == 0 {
        return invalid("width", config.width, "want a multiple of 16 times heads");
    }
    if config.mlp == 0 {
        return invalid("mlp", config.mlp, "want at least 1");
    }
    if config.context < 16 {
        return invalid("context", config.context, "want at least 16");
    }
    Ok(())
}

/// Every matrix of a model with `vocabulary` tokens, in a fixed order.
pub fn layout(config: &ModelConfig, vocabulary: usize) -> Vec<ParamSpec> {
    let (width, mlp) = (config.width, config.mlp);
    let spec = |name: String, shape: [usize; 2], deviation: f64, decay: bool| ParamSpec {
        name,
        shape,
        deviation,
        decay,
        stacked: 1,
    };
    let fan_in = |n: usize| (n as f64).powf(-0.5);
    let residual = (2.0 * config.layers as f64).powf(-0.5);
    let mut specs = vec![spec("embed".to_owned(), [vocabulary, width], 0.25 * fan_in(width), false)];
    for layer in 0..config.layers {
        let name = |part: &str| format!("layers.{layer}.{part}");
        specs.push(ParamSpec { stacked: 3, ..spec(name("qkv"), [width, 3 * width], fan_in(width), true) });
        specs.push(spec(name("mix"), [MIX, 3 * width], 0.1, false));
        specs.push(spec(name("out"), [width, width], fan_in(width) * residual, true));
        specs.push(spec(name("up"), [width, mlp], fan_in(width), true));
        specs.push(spec(name("down"), [mlp, width], fan_in(mlp) * residual, true));
    }
    specs
}

/// The model's numbers on the host, row-major, in the order of [`layout`].
#[derive(Clone, Debug, PartialEq)]
pub struct HostWeights {
    pub config: ModelConfig,
    pub vocabulary: usize,
    pub matrices: Vec<Vec<f32>>,
}

impl HostWeights {
    /// Fresh weights; the same on every machine.
    ///
    /// # Errors
    /// When the shape is invalid.
    pub fn init(config: &ModelConfig, vocabulary: usize, seed: u64) -> Result<Self, ModelError> {
        validate(config)?;
        let mut matrices: Vec<Vec<f32>> = layout(config, vocabulary)
            .iter()
            .enumerate()
            .map(|(index, spec)| {
                let mut stream = StreamKey::new(seed, Purpose::Init).task(index as u64).stream();
                (0..spec.shape[0] * spec.shape[1]).map(|_| (stream.normal() * spec.deviation) as f32).collect()
            })
            .collect();
        for layer in 0..config.layers {
            begin_as_copying(config, layer, &mut matrices);
        }
        Ok(Self { config: config.clone(), vocabulary, matrices })
    }

    /// Gives the tokens of a word like embeddings, whatever they stand behind: its own direction, and half as much of its form's. A
    /// token then finds its word in the context under another form, trained or not.
    pub fn relate(&mut self, kin: &[(u32, Form)], seed: u64) {
        let (width, deviation) = (self.config.width, self.layout()[0].deviation);
        let mut stream = StreamKey::new(seed, Purpose::Init).task(u64::MAX).stream();
        let forms: Vec<Vec<f32>> =
            (0..4).map(|_| (0..width).map(|_| (stream.normal() * deviation * 0.5) as f32).collect()).collect();
        let words = self.matrices[0].clone();
        for (row, (base, form)) in self.matrices[0].chunks_exact_mut(width).zip(kin) {
            let word = &words[*base as usize * width..(*base as usize + 1) * width];
            for ((out, word), form) in row.iter_mut().zip(word).zip(&forms[*form as usize]) {
                *out = word + form;
            }
        }
    }

    pub fn layout(&self) -> Vec<ParamSpec> {
        layout(&self.config, self.vocabulary)
    }

    /// Number of scalars.
    pub fn parameters(&self) -> usize {
        self.matrices.iter().map(Vec::len).sum()
    }

    pub fn matrix(&self, layer: usize, which: Part) -> &[f32] {
        &self.matrices[part(layer, which)]
    }

    pub fn embed(&self) -> &[f32] {
        &self.matrices[0]
    }
}

/// Keys equal queries, `out = valuesᵀ`, and the odd heads' keys come from the token before.
fn begin_as_copying(config: &ModelConfig, layer: usize, matrices: &mut [Vec<f32>]) {
    let (width, row, head) = (config.width, 3 * config.width, config.width / config.heads);
    let residual = (2.0 * config.layers as f32).powf(-0.5);
    for r in 0..width {
        let qkv = &mut matrices[part(layer, Part::Qkv)][r * row..(r + 1) * row];
        qkv.copy_within(0..width, width);
        let values = qkv[2 * width..].to_vec();
        let out = &mut matrices[part(layer, Part::Out)];
        for (c, value) in values.iter().enumerate() {
            out[c * width + r] = value * residual;
        }
    }
    let mix = &mut matrices[part(layer, Part::Mix)];
    for c in 0..row {
        let from_before = (width..2 * width).contains(&c) && (c - width) / head % 2 == 1;
        mix[if from_before { row + c } else { c }] += 1.0;
    }
}
