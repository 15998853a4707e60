//! The sampler's forward pass: plain Rust, one cache per conversation, ragged batches.
//!
//! Like an inference server beside a trainer: it reads the trainer's weights and shares none of its machinery. A token's
//! numbers depend on its own conversation only, to the last bit, however conversations are batched, split into calls or
//! spread over threads (see [`crate::kernels`]); a test holds its log-probabilities within 1e-4 of burn's.

mod cache;
pub mod grammar;
pub mod sample;

pub use cache::Cache;

use std::sync::Arc;

use cache::LayerCache;
use coevo_core::config::ModelConfig;
use pulp::{Simd, WithSimd};

use crate::kernels::attention::{QUERIES, Together, attend, attend_together, pack};
use crate::kernels::math::{Rope, rms_norm};
use crate::kernels::{LANES, Panels, dispatch, vectorized};
use crate::model::{HostWeights, Part, TAPS};

/// Rows of one pass through the layers: enough to fill the tiles, few enough to stay in the cache.
const PASS_ROWS: usize = 192;

struct Layer {
    qkv: Panels,
    mix: Vec<f32>,
    out: Panels,
    up: Panels,
    down: Panels,
}

/// Weights packed for inference.
pub struct Network {
    config: ModelConfig,
    embed: Vec<f32>,
    unembed: Panels,
    layers: Vec<Layer>,
    rope: Rope,
}

/// New tokens of one conversation.
pub struct Extension<'a> {
    pub cache: &'a mut Cache,
    /// At least one.
    pub ids: &'a [u32],
}

impl Extension<'_> {
    /// Whether one token each is wanted of conversations that open alike: what they share is then read once.
    fn joins(&self, next: &Self) -> bool {
        let (own, other) = (&self.cache.opening, &next.cache.opening);
        self.ids.len() == 1 && next.ids.len() == 1 && own.tokens > 0 && Arc::ptr_eq(own, other)
    }
}

impl Network {
    pub fn new(weights: &HostWeights) -> Self {
        let config = weights.config.clone();
        let (width, mlp) = (config.width, config.mlp);
        let layer = |index: usize| Layer {
            qkv: Panels::pack(weights.matrix(index, Part::Qkv), width, 3 * width),
            mix: weights.matrix(index, Part::Mix).to_vec(),
            out: Panels::pack(weights.matrix(index, Part::Out), width, width),
            up: Panels::pack(weights.matrix(index, Part::Up), width, mlp),
            down: Panels::pack(weights.matrix(index, Part::Down), mlp, width),
        };
        Self {
            embed: weights.embed().to_vec(),
            unembed: Panels::pack_transposed(weights.embed(), width, weights.vocabulary),
            layers: (0..config.layers).map(layer).collect(),
            rope: Rope::new(config.context, width / config.heads, config.rope_base),
            config,
        }
    }

    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    pub fn vocabulary(&self) -> usize {
        self.unembed.columns()
    }

    /// Appends each extension's tokens to its conversation and returns the logits after its last token,
    /// `[extensions, vocabulary]` row-major.
    ///
    /// # Panics
    /// If a conversation outgrows the context, or an extension is empty.
    pub fn extend(&self, extensions: &mut [Extension<'_>]) -> Vec<f32> {
        let width = self.config.width;
        let mut last = vec![0.0; extensions.len() * width];
        let mut first = 0;
        while first < extensions.len() {
            let mut rows = 0;
            let mut end = first;
            while end < extensions.len() && (rows == 0 || rows + extensions[end].ids.len() <= PASS_ROWS) {
                rows += extensions[end].ids.len();
                end += 1;
            }
            let hidden = self.pass(&mut extensions[first..end], rows);
            let mut row = 0;
            for (index, extension) in extensions[first..end].iter().enumerate() {
                row += extension.ids.len();
                let out = &mut last[(first + index) * width..(first + index + 1) * width];
                norm_rows(&hidden[(row - 1) * width..row * width], out, width);
            }
            first = end;
        }
        let mut logits = vec![0.0; extensions.len() * self.vocabulary()];
        self.unembed.apply(&last, &mut logits, false);
        logits
    }

    /// Logits after every token of `ids`, `[ids, vocabulary]`: for tests and scoring.
    pub fn logits(&self, ids: &[u32]) -> Vec<f32> {
        let width = self.config.width;
        let mut cache = Cache::new(&self.config);
        let hidden = self.pass(&mut [Extension { cache: &mut cache, ids }], ids.len());
        let mut normed = vec![0.0; hidden.len()];
        norm_rows(&hidden, &mut normed, width);
        let mut logits = vec![0.0; ids.len() * self.vocabulary()];
        self.unembed.apply(&normed, &mut logits, false);
        logits
    }

    /// All layers for `rows` tokens; returns the residual stream `[rows, width]`.
    fn pass(&self, extensions: &mut [Extension<'_>], rows: usize) -> Vec<f32> {
        let (width, mlp) = (self.config.width, self.config.mlp);
        let mut x = vec![0.0; rows * width];
        let ids = extensions.iter().flat_map(|e| e.ids);
        for (row, id) in x.chunks_exact_mut(width).zip(ids) {
            norm_rows(&self.embed[*id as usize * width..(*id as usize + 1) * width], row, width);
        }
        let mut normed = vec![0.0; rows * width];
        let mut qkv = vec![0.0; rows * 3 * width];
        let mut attended = vec![0.0; rows * width];
        let mut hidden = vec![0.0; rows * mlp];
        for (index, layer) in self.layers.iter().enumerate() {
            norm_rows(&x, &mut normed, width);
            layer.qkv.apply(&normed, &mut qkv, false);
            let mut row = 0;
            for part in extensions.chunk_by_mut(Extension::joins).flat_map(|run| run.chunks_mut(QUERIES)) {
                let tokens: usize = part.iter().map(|extension| extension.ids.len()).sum();
                dispatch(Attention {
                    network: self,
                    layer: index,
                    qkv: &qkv[row * 3 * width..(row + tokens) * 3 * width],
                    out: &mut attended[row * width..(row + tokens) * width],
                    extensions: part,
                });
                row += tokens;
            }
            layer.out.apply(&attended, &mut x, true);
            norm_rows(&x, &mut normed, width);
            layer.up.apply(&normed, &mut hidden, false);
            vectorized(
                #[inline(always)]
                || hidden.iter_mut().for_each(|h| *h = h.max(0.0) * h.max(0.0)),
            );
            layer.down.apply(&hidden, &mut x, true);
        }
        for extension in extensions {
            extension.cache.tokens += extension.ids.len();
        }
        x
    }
}

fn norm_rows(x: &[f32], out: &mut [f32], width: usize) {
    vectorized(
        #[inline(always)]
        || {
            for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
                rms_norm(x, out);
            }
        },
    );
}

/// Attention in one layer, of one conversation's new tokens, or of one token of each of several that join.
struct Attention<'a, 'e> {
    network: &'a Network,
    layer: usize,
    extensions: &'a mut [Extension<'e>],
    qkv: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Attention<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.extensions.len() {
            1 => self.alone(simd),
            2 => self.together::<S, 2>(simd),
            3 => self.together::<S, 3>(simd),
            _ => self.together::<S, QUERIES>(simd),
        }
    }
}

impl Attention<'_, '_> {
    #[inline(always)]
    fn alone<S: Simd>(self, simd: S) {
        let config = &self.network.config;
        let (width, head) = (config.width, config.width / config.heads);
        let row_width = 3 * width;
        let tokens = self.qkv.len() / row_width;
        let cache = &mut *self.extensions[0].cache;
        let (start, before) = (cache.tokens, cache.own_tokens());
        let opening = &cache.opening.layers[self.layer];
        let LayerCache { own, tail } = &mut cache.layers[self.layer];
        let mut mixed = mix(&self.network.layers[self.layer].mix, self.qkv, tail, row_width);
        self.network.rope.prepare(start, &mut mixed, width);
        let mut queries = vec![0.0; tokens * head];
        let mut weights = Vec::with_capacity((start + tokens).next_multiple_of(LANES));
        let mut lone = Vec::with_capacity((start + tokens).next_multiple_of(LANES));
        let mut packed = vec![[0.0; QUERIES]; head];
        let mut packed_lone = vec![[0.0; 1]; head];
        for h in 0..config.heads {
            for (t, row) in mixed.chunks_exact(row_width).enumerate() {
                let [query, key, value] = of_head(row, width, head, h);
                queries[t * head..(t + 1) * head].copy_from_slice(query);
                own.push(h, before + t, key, value);
            }
            let seen = [opening.seen(h), own.seen(h)];
            let bulk = tokens / QUERIES * QUERIES;
            for t in (0..bulk).step_by(QUERIES) {
                pack(&queries, head, t, &mut packed);
                let out = &mut *self.out;
                attend(simd, &packed, &seen, start + t, &mut weights, |chunk, rows| {
                    for (r, row) in rows.iter().enumerate() {
                        let at = (t + r) * width + h * head + chunk * LANES;
                        out[at..at + LANES].copy_from_slice(row);
                    }
                });
            }
            for t in bulk..tokens {
                pack(&queries, head, t, &mut packed_lone);
                let out = &mut *self.out;
                attend(simd, &packed_lone, &seen, start + t, &mut lone, |chunk, rows| {
                    let at = t * width + h * head + chunk * LANES;
                    out[at..at + LANES].copy_from_slice(&rows[0]);
                });
            }
        }
    }

    #[inline(always)]
    fn together<S: Simd, const R: usize>(self, simd: S) {
        let config = &self.network.config;
        let (width, head, layer) = (config.width, config.width / config.heads, self.layer);
        let row_width = 3 * width;
        let mut mixed = Vec::with_capacity(R * row_width);
        for r in 0..R {
            let cache = &mut *self.extensions[r].cache;
            let rows = &self.qkv[r * row_width..(r + 1) * row_width];
            let mut row = mix(&self.network.layers[layer].mix, rows, &mut cache.layers[layer].tail, row_width);
            self.network.rope.prepare(cache.tokens, &mut row, width);
            mixed.extend(row);
        }
        let mut queries = vec![[0.0; R]; head];
        let mut scratch = Together::default();
        let opening = Arc::clone(&self.extensions[0].cache.opening);
        for h in 0..config.heads {
            for (r, row) in mixed.chunks_exact(row_width).enumerate() {
                let [query, key, value] = of_head(row, width, head, h);
                queries.iter_mut().zip(query).for_each(|(slot, q)| slot[r] = *q);
                let cache = &mut *self.extensions[r].cache;
                let place = cache.own_tokens();
                cache.layers[layer].own.push(h, place, key, value);
            }
            let caches = |r: usize| &*self.extensions[r].cache;
            let own = std::array::from_fn(|r| caches(r).layers[layer].own.seen(h));
            let counts = std::array::from_fn(|r| caches(r).own_tokens() + 1);
            let out = &mut *self.out;
            let opening = opening.layers[layer].seen(h);
            attend_together::<S, R>(simd, &queries, opening, &own, &counts, &mut scratch, |r, chunk, row| {
                let at = r * width + h * head + chunk * LANES;
                out[at..at + LANES].copy_from_slice(row);
            });
        }
    }
}

/// Query, key and value of a head in a row of all.
#[inline(always)]
fn of_head(row: &[f32], width: usize, head: usize, h: usize) -> [&[f32]; 3] {
    [0, width, 2 * width].map(|from| &row[from + h * head..from + (h + 1) * head])
}

/// Each row and its predecessors, weighted; `tail` holds the rows before the first and is left holding the last ones.
#[inline(always)]
fn mix(weights: &[f32], rows: &[f32], tail: &mut Vec<f32>, width: usize) -> Vec<f32> {
    let mut all = std::mem::take(tail);
    all.extend_from_slice(rows);
    let mut mixed = vec![0.0; rows.len()];
    for (t, out) in mixed.chunks_exact_mut(width).enumerate() {
        for tap in 0..=TAPS {
            let earlier = &all[(t + TAPS - tap) * width..(t + TAPS - tap + 1) * width];
            let weights = &weights[tap * width..(tap + 1) * width];
            for ((out, earlier), weight) in out.iter_mut().zip(earlier).zip(weights) {
                *out = earlier.mul_add(*weight, *out);
            }
        }
    }
    *tail = all.split_off(all.len() - TAPS * width);
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> Network {
        let config =
            ModelConfig { layers: 2, width: 32, heads: 2, mlp: 48, context: 128, rope_base: 10_000.0, recall: 0 };
        Network::new(&HostWeights::init(&config, 50, 3).unwrap())
    }

    fn ids(n: usize, seed: usize) -> Vec<u32> {
        (0..n).map(|i| ((i * 7 + seed * 13 + i * i) % 50) as u32).collect()
    }

    #[test]
    fn any_splitting_into_calls_gives_the_same_bits() {
        let network = network();
        let ids = ids(61, 1);
        let whole = network.logits(&ids);
        for chunk in [1, 3, 7, 16, 60] {
            let mut cache = Cache::new(network.config());
            let mut last = Vec::new();
            for part in ids.chunks(chunk) {
                last = network.extend(&mut [Extension { cache: &mut cache, ids: part }]);
            }
            assert_eq!(cache.tokens(), ids.len());
            assert_eq!(last, whole[60 * 50..], "chunks of {chunk}");
        }
    }

    #[test]
    fn sharing_an_opening_does_not_change_a_bit() {
        let network = network();
        for (opening, spread) in [(16, 1), (37, 5), (15, 3)] {
            let shared = ids(opening, 9);
            let mut first = Cache::new(network.config());
            network.extend(&mut [Extension { cache: &mut first, ids: &shared }]);
            first.freeze();
            for members in 1..=6 {
                let mut caches: Vec<Cache> = vec![first.clone(); members];
                let mut own: Vec<Vec<u32>> = (0..members).map(|i| ids(1 + spread * i, i)).collect();
                for (cache, ids) in caches.iter_mut().zip(&own) {
                    network.extend(&mut [Extension { cache, ids }]);
                }
                // Frozen once more, some share more than others.
                caches[0].freeze();
                for step in 0..20 {
                    let next: Vec<[u32; 1]> = (0..members).map(|i| [((i * 5 + step * 3) % 50) as u32]).collect();
                    let mut extensions: Vec<Extension<'_>> =
                        caches.iter_mut().zip(&next).map(|(cache, ids)| Extension { cache, ids }).collect();
                    let together = network.extend(&mut extensions);
                    for (i, ids) in next.iter().enumerate() {
                        own[i].extend(ids);
                        let whole = network.logits(&[&shared[..], &own[i]].concat());
                        assert_eq!(
                            whole[whole.len() - 50..],
                            together[i * 50..(i + 1) * 50],
                            "{opening} {members} {i}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn company_does_not_change_a_bit() {
        let network = network();
        let conversations: Vec<Vec<u32>> = (0..5).map(|i| ids(10 + 9 * i, i)).collect();
        let mut caches: Vec<Cache> = conversations.iter().map(|_| Cache::new(network.config())).collect();
        let mut extensions: Vec<Extension<'_>> =
            caches.iter_mut().zip(&conversations).map(|(cache, ids)| Extension { cache, ids }).collect();
        let together = network.extend(&mut extensions);
        for (i, ids) in conversations.iter().enumerate() {
            let alone = network.extend(&mut [Extension { cache: &mut Cache::new(network.config()), ids }]);
            assert_eq!(alone, together[i * 50..(i + 1) * 50], "conversation {i}");
        }
    }
}
