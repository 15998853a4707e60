//! Token mixing, rotary positions and causal attention of many sequences laid end to end, forward and backward.
//!
//! The same function as `model::tape`'s attention; see [`crate::kernels::attention`] for the arithmetic of one head.

use coevo_core::config::ModelConfig;

use crate::kernels::attention::{Head, RowSoftmax};
use crate::kernels::math::Rope;
use crate::kernels::vectorized;
use crate::model::{MIX, TAPS};

/// One layer's attention over sequences of the given lengths.
pub struct Attention<'a> {
    pub config: &'a ModelConfig,
    pub lengths: &'a [usize],
    /// `[MIX, 3·width]`.
    pub mix: &'a [f32],
    /// For positions up to the longest of them.
    pub rope: &'a Rope,
}

/// What the way back needs.
pub struct Saved {
    /// `[tokens, width]`.
    pub out: Vec<f32>,
    /// Per sequence and head, sequences outermost.
    heads: Vec<SavedHead>,
}

struct SavedHead {
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
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
        let (row, rope, scale) = (3 * width, self.rope, 1.0 / (head as f32).sqrt());
        let mut saved = Saved { out: vec![0.0; qkv.len() / 3], heads: Vec::with_capacity(self.lengths.len() * heads) };
        let mut start = 0;
        for length in self.lengths.iter().copied() {
            let mixed = self.mixed(&qkv[start * row..(start + length) * row]);
            for h in 0..heads {
                let take = |offset: usize| columns(&mixed, row, offset + h * head, head);
                let (mut q, mut k, v) = (take(0), take(width), take(2 * width));
                vectorized(
                    #[inline(always)]
                    || {
                        for (t, (q, k)) in q.chunks_exact_mut(head).zip(k.chunks_exact_mut(head)).enumerate() {
                            rope.rotate(t, q);
                            q.iter_mut().for_each(|q| *q *= scale);
                            rope.rotate(t, k);
                        }
                    },
                );
                let mut out = vec![0.0; length * head];
                let softmax = Head { head, q: &q, k: &k, v: &v }.forward(&mut out);
                for (t, rows) in out.chunks_exact(head).enumerate() {
                    let at = (start + t) * width + h * head;
                    saved.out[at..at + head].copy_from_slice(rows);
                }
                saved.heads.push(SavedHead { q, k, v, out, softmax });
            }
            start += length;
        }
        saved
    }

    /// Gradients by `qkv` and by the mixing weights, from the gradient by the output.
    pub fn backward(&self, qkv: &[f32], saved: &Saved, by_out: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (width, head, heads) = (self.config.width, self.head(), self.config.heads);
        let (row, rope, scale) = (3 * width, self.rope, 1.0 / (head as f32).sqrt());
        let mut by_qkv = vec![0.0; qkv.len()];
        let mut by_mix = vec![0.0; MIX * row];
        let mut start = 0;
        for (sequence, length) in self.lengths.iter().copied().enumerate() {
            let mut by_mixed = vec![0.0; length * row];
            for h in 0..heads {
                let SavedHead { q, k, v, out, softmax } = &saved.heads[sequence * heads + h];
                let d_out = columns(&by_out[start * width..(start + length) * width], width, h * head, head);
                let mut gradient = Head { head, q, k, v }.backward(out, &d_out, softmax);
                vectorized(
                    #[inline(always)]
                    || {
                        for t in 0..length {
                            let range = t * head..(t + 1) * head;
                            let d_q = &mut gradient.q[range.clone()];
                            d_q.iter_mut().for_each(|q| *q *= scale);
                            rope.rotate_back(t, d_q);
                            rope.rotate_back(t, &mut gradient.k[range.clone()]);
                            for (offset, rows) in [(0, &gradient.q), (width, &gradient.k), (2 * width, &gradient.v)] {
                                let at = t * row + offset + h * head;
                                by_mixed[at..at + head].copy_from_slice(&rows[range.clone()]);
                            }
                        }
                    },
                );
            }
            let range = start * row..(start + length) * row;
            self.unmix(&qkv[range.clone()], &by_mixed, &mut by_qkv[range], &mut by_mix);
            start += length;
        }
        (by_qkv, by_mix)
    }

    /// Each row and its predecessors, weighted, in the sampler's order.
    fn mixed(&self, qkv: &[f32]) -> Vec<f32> {
        let row = 3 * self.config.width;
        let mut mixed = vec![0.0; qkv.len()];
        vectorized(
            #[inline(always)]
            || {
                for (t, out) in mixed.chunks_exact_mut(row).enumerate() {
                    for tap in 0..=TAPS.min(t) {
                        let earlier = &qkv[(t - tap) * row..(t - tap + 1) * row];
                        let weights = &self.mix[tap * row..(tap + 1) * row];
                        for ((out, earlier), weight) in out.iter_mut().zip(earlier).zip(weights) {
                            *out = earlier.mul_add(*weight, *out);
                        }
                    }
                }
            },
        );
        mixed
    }

    fn unmix(&self, qkv: &[f32], by_mixed: &[f32], by_qkv: &mut [f32], by_mix: &mut [f32]) {
        let row = 3 * self.config.width;
        vectorized(
            #[inline(always)]
            || {
                for (t, gradient) in by_mixed.chunks_exact(row).enumerate() {
                    for tap in 0..=TAPS.min(t) {
                        let range = (t - tap) * row..(t - tap + 1) * row;
                        let weights = &self.mix[tap * row..(tap + 1) * row];
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

/// Columns `from..from + count` of rows of `width`.
fn columns(rows: &[f32], width: usize, from: usize, count: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows.len() / width * count);
    for row in rows.chunks_exact(width) {
        out.extend_from_slice(&row[from..from + count]);
    }
    out
}
