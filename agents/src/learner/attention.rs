//! Token mixing, rotary positions and causal attention of many sequences, forward and backward, where sequences share what they
//! open with ([`super::shared`]).
//!
//! The same function as `model::tape`'s attention; see [`crate::kernels::attention`] for the arithmetic of one head.

use coevo_core::config::ModelConfig;

use super::shared::Segment;
use crate::kernels::attention::{Head, RowSoftmax};
use crate::kernels::math::Rope;
use crate::kernels::vectorized;
use crate::model::{MIX, TAPS};

/// One layer's attention over segments, each of which sees the path that leads to it.
pub struct Attention<'a> {
    pub config: &'a ModelConfig,
    pub segments: &'a [Segment],
    /// `[MIX, 3·width]`.
    pub mix: &'a [f32],
    /// For positions up to the longest of them.
    pub rope: &'a Rope,
}

/// What the way back needs.
pub struct Saved {
    /// `[tokens, width]`.
    pub out: Vec<f32>,
    /// Rotated keys and values, `[tokens, 2·width]`.
    keys_values: Vec<f32>,
    /// Per segment and head, segments outermost.
    heads: Vec<SavedHead>,
}

struct SavedHead {
    q: Vec<f32>,
    out: Vec<f32>,
    softmax: Vec<RowSoftmax>,
}

impl Attention<'_> {
    fn head(&self) -> usize {
        self.config.width / self.config.heads
    }

    /// `qkv` is `[tokens, 3·width]`, unmixed.
    pub fn forward(&self, qkv: &[f32]) -> Saved {
        let (width, head, heads) = (self.config.width, self.head(), self.config.heads);
        let (row, pair, rope) = (3 * width, 2 * width, self.rope);
        let mut out = vec![0.0; qkv.len() / 3];
        let mut keys_values = vec![0.0; qkv.len() / row * pair];
        let mut saved = Vec::with_capacity(self.segments.len() * heads);
        for segment in self.segments {
            let context = segment.context();
            let mut mixed = self.mixed(qkv, segment);
            vectorized(
                #[inline(always)]
                || rope.prepare(context, &mut mixed, width),
            );
            for (t, mixed) in segment.rows.clone().zip(mixed.chunks_exact(row)) {
                keys_values[t * pair..(t + 1) * pair].copy_from_slice(&mixed[width..]);
            }
            for h in 0..heads {
                let q = columns(&mixed, row, h * head, head);
                let (k, v) = self.seen(&keys_values, segment, h);
                let mut attended = vec![0.0; q.len()];
                let softmax = Head { head, q: &q, k: &k, v: &v }.forward(&mut attended);
                for (t, rows) in segment.rows.clone().zip(attended.chunks_exact(head)) {
                    let at = t * width + h * head;
                    out[at..at + head].copy_from_slice(rows);
                }
                saved.push(SavedHead { q, out: attended, softmax });
            }
        }
        Saved { out, keys_values, heads: saved }
    }

    /// Gradients by `qkv` and by the mixing weights, from the gradient by the output.
    pub fn backward(&self, qkv: &[f32], saved: &Saved, by_out: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (width, head, heads) = (self.config.width, self.head(), self.config.heads);
        let (row, rope, scale) = (3 * width, self.rope, 1.0 / (head as f32).sqrt());
        let mut by_mixed = vec![0.0; qkv.len()];
        let mut by_qkv = vec![0.0; qkv.len()];
        let mut by_mix = vec![0.0; MIX * row];
        // Later segments first: then all gradients of a segment's keys and values are there when its own turn comes.
        for (index, segment) in self.segments.iter().enumerate().rev() {
            let context = segment.context();
            for h in 0..heads {
                let SavedHead { q, out, softmax } = &saved.heads[index * heads + h];
                let (k, v) = self.seen(&saved.keys_values, segment, h);
                let d_out =
                    columns(&by_out[segment.rows.start * width..segment.rows.end * width], width, h * head, head);
                let gradient = Head { head, q, k: &k, v: &v }.backward(out, &d_out, softmax);
                add(&gradient.q, head, segment.rows.clone(), row, h * head, &mut by_mixed);
                for (offset, rows) in [(width, &gradient.k), (2 * width, &gradient.v)] {
                    let seen = segment.path.iter().cloned().flatten();
                    add(rows, head, seen, row, offset + h * head, &mut by_mixed);
                }
            }
            let by_mixed = &mut by_mixed[segment.rows.start * row..segment.rows.end * row];
            vectorized(
                #[inline(always)]
                || {
                    for (t, by_mixed) in by_mixed.chunks_exact_mut(row).enumerate() {
                        by_mixed[..width].iter_mut().for_each(|q| *q *= scale);
                        for rows in by_mixed[..2 * width].chunks_exact_mut(head) {
                            rope.rotate_back(context + t, rows);
                        }
                    }
                },
            );
            self.unmix(qkv, by_mixed, segment, &mut by_qkv, &mut by_mix);
        }
        (by_qkv, by_mix)
    }

    /// Keys and values of one head that a segment sees: those of its path.
    fn seen(&self, keys_values: &[f32], segment: &Segment, h: usize) -> (Vec<f32>, Vec<f32>) {
        let (width, head) = (self.config.width, self.head());
        let take = |offset: usize| {
            let rows = segment.path.iter().map(|rows| &keys_values[rows.start * 2 * width..rows.end * 2 * width]);
            rows.flat_map(|rows| columns(rows, 2 * width, offset + h * head, head)).collect()
        };
        (take(0), take(width))
    }

    /// Each row of a segment and its predecessors, weighted, in the sampler's order.
    fn mixed(&self, qkv: &[f32], segment: &Segment) -> Vec<f32> {
        let row = 3 * self.config.width;
        let mut mixed = vec![0.0; segment.rows.len() * row];
        let before = before(segment);
        vectorized(
            #[inline(always)]
            || {
                for (t, out) in mixed.chunks_exact_mut(row).enumerate() {
                    for (tap, weights) in self.mix.chunks_exact(row).enumerate() {
                        let Some(at) = earlier(segment, &before, t, tap) else { break };
                        let earlier = &qkv[at * row..(at + 1) * row];
                        for ((out, earlier), weight) in out.iter_mut().zip(earlier).zip(weights) {
                            *out = earlier.mul_add(*weight, *out);
                        }
                    }
                }
            },
        );
        mixed
    }

    fn unmix(&self, qkv: &[f32], by_mixed: &[f32], segment: &Segment, by_qkv: &mut [f32], by_mix: &mut [f32]) {
        let row = 3 * self.config.width;
        let before = before(segment);
        vectorized(
            #[inline(always)]
            || {
                for (t, gradient) in by_mixed.chunks_exact(row).enumerate() {
                    for (tap, weights) in self.mix.chunks_exact(row).enumerate() {
                        let Some(at) = earlier(segment, &before, t, tap) else { break };
                        let range = at * row..(at + 1) * row;
                        let by_weights = &mut by_mix[tap * row..(tap + 1) * row];
                        let parts = by_qkv[range.clone()].iter_mut().zip(by_weights).zip(&qkv[range]).zip(weights);
                        for ((((by_earlier, by_weight), earlier), weight), gradient) in parts.zip(gradient) {
                            *by_earlier = gradient.mul_add(*weight, *by_earlier);
                            *by_weight = gradient.mul_add(*earlier, *by_weight);
                        }
                    }
                }
            },
        );
    }
}

/// The last [`TAPS`] rows before a segment, latest first; fewer where its path is shorter.
fn before(segment: &Segment) -> Vec<usize> {
    let earlier = &segment.path[..segment.path.len() - 1];
    earlier.iter().rev().flat_map(|rows| rows.clone().rev()).take(TAPS).collect()
}

/// The row `tap` tokens before token `t` of a segment, if there is one.
#[inline(always)]
fn earlier(segment: &Segment, before: &[usize], t: usize, tap: usize) -> Option<usize> {
    if tap <= t { Some(segment.rows.start + t - tap) } else { before.get(tap - t - 1).copied() }
}

/// Adds `[tokens, head]` to the columns from `from` of the rows at `at`.
fn add(values: &[f32], head: usize, at: impl Iterator<Item = usize>, row: usize, from: usize, out: &mut [f32]) {
    for (values, at) in values.chunks_exact(head).zip(at) {
        let start = at * row + from;
        out[start..start + head].iter_mut().zip(values).for_each(|(out, value)| *out += value);
    }
}

/// Columns `from..from + count` of rows of `width`.
fn columns(rows: &[f32], width: usize, from: usize, count: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows.len() / width * count);
    for row in rows.chunks_exact(width) {
        out.extend_from_slice(&row[from..from + count]);
    }
    out
}
