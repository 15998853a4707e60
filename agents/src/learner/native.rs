//! Gradients of one shard on the CPU, in our own kernels: no tape, no padding, no `T × T` matrices.
//!
//! The forward pass has the sampler's arithmetic; the backward pass is the chain rule written out, block by
//! block. Openings that the inputs share are there once ([`super::shared`]). Rejected: burn's CPU tape, which this replaced; it spent most of its time on the many small tensors between the
//! products.

use std::sync::Arc;

use coevo_core::config::ModelConfig;
use rayon::prelude::*;

use super::attention::{Attention, Saved};
use super::batch::Input;
use super::gradient::{ShardGradient, loss};
use super::objective::Objective;
use super::shared::Layout;
use crate::kernels::gemm::outer;
use crate::kernels::math::{Rope, rms_norm, rms_norm_back};
use crate::kernels::{Panels, vectorized};
use crate::model::{HostWeights, Part};

/// A matrix for both directions.
struct Both {
    there: Panels,
    back: Panels,
}

struct Layer {
    qkv: Both,
    mix: Vec<f32>,
    out: Both,
    up: Both,
    down: Both,
}

/// The weights of one optimiser step, packed once for all its shards.
pub struct Packed {
    config: ModelConfig,
    embed: Vec<f32>,
    unembed: Both,
    layers: Vec<Layer>,
    rope: Arc<Rope>,
}

impl Packed {
    pub fn new(weights: &HostWeights, rope: Arc<Rope>) -> Self {
        let HostWeights { config, vocabulary, .. } = weights;
        let (width, mlp, vocabulary) = (config.width, config.mlp, *vocabulary);
        let layers = (0..config.layers).into_par_iter().map(|layer| {
            let both = |which: Part, k: usize, n: usize| {
                let matrix = weights.matrix(layer, which);
                Both { there: Panels::pack(matrix, k, n), back: Panels::pack_transposed(matrix, n, k) }
            };
            Layer {
                qkv: both(Part::Qkv, width, 3 * width),
                mix: weights.matrix(layer, Part::Mix).to_vec(),
                out: both(Part::Out, width, width),
                up: both(Part::Up, width, mlp),
                down: both(Part::Down, mlp, width),
            }
        });
        let embed = weights.embed();
        let unembed = || Both {
            there: Panels::pack_transposed(embed, width, vocabulary),
            back: Panels::pack(embed, vocabulary, width),
        };
        let (layers, unembed) = rayon::join(|| layers.collect(), unembed);
        Self { config: config.clone(), embed: embed.to_vec(), unembed, layers, rope }
    }
}

/// Rows divided by their root mean square, and the factors that did it.
struct Normed {
    rows: Vec<f32>,
    scales: Vec<f32>,
}

impl Normed {
    fn of(x: &[f32], width: usize) -> Self {
        let mut rows = vec![0.0; x.len()];
        let mut scales = vec![0.0; x.len() / width];
        vectorized(
            #[inline(always)]
            || {
                let out = rows.chunks_exact_mut(width).zip(&mut scales);
                for (x, (out, scale)) in x.chunks_exact(width).zip(out) {
                    *scale = rms_norm(x, out);
                }
            },
        );
        Self { rows, scales }
    }

    /// Adds the gradient by the input to `by_x`.
    fn back(&self, by_out: &[f32], by_x: &mut [f32], width: usize) {
        vectorized(
            #[inline(always)]
            || {
                let saved = self.rows.chunks_exact(width).zip(&self.scales);
                for ((by_out, by_x), (out, scale)) in
                    by_out.chunks_exact(width).zip(by_x.chunks_exact_mut(width)).zip(saved)
                {
                    rms_norm_back(by_out, out, *scale, by_x);
                }
            },
        );
    }
}

/// What a block leaves for the way back.
struct Block {
    input: Normed,
    qkv: Vec<f32>,
    saved: Saved,
    middle: Normed,
    /// `up`'s product, before the activation.
    hidden: Vec<f32>,
    /// After it.
    active: Vec<f32>,
}

fn product(x: &[f32], panels: &Panels, k: usize) -> Vec<f32> {
    let mut out = vec![0.0; x.len() / k * panels.columns()];
    panels.apply(x, &mut out, false);
    out
}

/// The rows of a `[rows, width]` matrix at `at`.
fn gather(rows: &[f32], at: impl Iterator<Item = usize>, width: usize) -> Vec<f32> {
    at.flat_map(|row| &rows[row * width..(row + 1) * width]).copied().collect()
}

/// Adds rows of `gradient` to the rows of `out` at `at`.
fn scatter(gradient: &[f32], at: impl Iterator<Item = usize>, width: usize, out: &mut [f32]) {
    for (row, at) in gradient.chunks_exact(width).zip(at) {
        out[at * width..(at + 1) * width].iter_mut().zip(row).for_each(|(out, g)| *out += g);
    }
}

/// The gradient of all `inputs` together. What they open with in common is computed once.
pub fn gradient(packed: &Packed, inputs: &[Input<'_>], objective: &Objective) -> ShardGradient {
    let config = &packed.config;
    let (width, mlp, vocabulary) = (config.width, config.mlp, packed.unembed.there.columns());
    let Layout { segments, ids, actions } = Layout::of(inputs);
    let ids: Vec<usize> = ids.into_iter().map(|id| id as usize).collect();

    let embedded = Normed::of(&gather(&packed.embed, ids.iter().copied(), width), width);
    let mut x = embedded.rows.clone();
    let mut blocks = Vec::with_capacity(config.layers);
    for layer in &packed.layers {
        let input = Normed::of(&x, width);
        let qkv = product(&input.rows, &layer.qkv.there, width);
        let saved = Attention { config, segments: &segments, mix: &layer.mix, rope: &packed.rope }.forward(&qkv);
        layer.out.there.apply(&saved.out, &mut x, true);
        let middle = Normed::of(&x, width);
        let hidden = product(&middle.rows, &layer.up.there, width);
        let active: Vec<f32> = hidden.iter().map(|h| h.max(0.0) * h.max(0.0)).collect();
        layer.down.there.apply(&active, &mut x, true);
        blocks.push(Block { input, qkv, saved, middle, hidden, active });
    }
    let last = Normed::of(&gather(&x, actions.iter().copied(), width), width);
    let mut logits = product(&last.rows, &packed.unembed.there, width);
    let sums = loss(objective, inputs, &mut logits, vocabulary);

    let zeros = |rows: usize, columns: usize| vec![0.0; rows * columns];
    let mut matrices = vec![zeros(vocabulary, width)];
    outer(&logits, vocabulary, &last.rows, width, &mut matrices[0]);
    let mut by_last = zeros(actions.len(), width);
    last.back(&product(&logits, &packed.unembed.back, vocabulary), &mut by_last, width);
    let mut by_x = vec![0.0; x.len()];
    scatter(&by_last, actions.iter().copied(), width, &mut by_x);

    let mut by_layer = Vec::with_capacity(config.layers);
    for (layer, block) in packed.layers.iter().zip(blocks).rev() {
        let mut by_down = zeros(mlp, width);
        outer(&block.active, mlp, &by_x, width, &mut by_down);
        let mut by_hidden = product(&by_x, &layer.down.back, width);
        by_hidden.iter_mut().zip(&block.hidden).for_each(|(g, h)| *g *= 2.0 * h.max(0.0));
        let mut by_up = zeros(width, mlp);
        outer(&block.middle.rows, width, &by_hidden, mlp, &mut by_up);
        block.middle.back(&product(&by_hidden, &layer.up.back, mlp), &mut by_x, width);

        let mut by_out = zeros(width, width);
        outer(&block.saved.out, width, &by_x, width, &mut by_out);
        let by_attended = product(&by_x, &layer.out.back, width);
        let attention = Attention { config, segments: &segments, mix: &layer.mix, rope: &packed.rope };
        let (by_rows, by_mix) = attention.backward(&block.qkv, &block.saved, &by_attended);
        let mut by_qkv = zeros(width, 3 * width);
        outer(&block.input.rows, width, &by_rows, 3 * width, &mut by_qkv);
        block.input.back(&product(&by_rows, &layer.qkv.back, 3 * width), &mut by_x, width);
        // In the order of `Part`.
        by_layer.push([by_qkv, by_mix, by_out, by_up, by_down]);
    }
    let mut by_embedded = vec![0.0; x.len()];
    embedded.back(&by_x, &mut by_embedded, width);
    scatter(&by_embedded, ids.iter().copied(), width, &mut matrices[0]);
    matrices.extend(by_layer.into_iter().rev().flatten());
    ShardGradient { matrices, sums }
}
