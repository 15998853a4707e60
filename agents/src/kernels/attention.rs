//! Causal attention, forward and backward, without ever storing a `T × T` matrix for more than four rows.
//!
//! One head of one sequence at a time. Keys are held transposed in panels of 16 keys ("across"), values in panels of 16
//! dimensions ("down"), so that every product is a register tile. The backward pass recomputes the probabilities twice,
//! once by query for dQ and once by key for dK and dV: more arithmetic than a fused pass, but nothing is scattered.

use pulp::{Simd, WithSimd};

use super::math::exp_neg;
use super::{LANES, Row, dispatch, tile, tile_from};

/// Query rows of an attention tile.
pub const QUERIES: usize = 4;

/// `[tokens, head]` as `⌈tokens / 16⌉` panels of `head` rows of 16 tokens, zero-padded.
pub fn across(rows: &[f32], head: usize, panels: &mut Vec<Row>) {
    let tokens = rows.len() / head;
    panels.clear();
    panels.resize(tokens.div_ceil(LANES) * head, [0.0; LANES]);
    for (t, row) in rows.chunks_exact(head).enumerate() {
        let base = t / LANES * head;
        for (panel, value) in panels[base..base + head].iter_mut().zip(row) {
            panel[t % LANES] = *value;
        }
    }
}

/// Columns `16·chunk..` of `[tokens, head]`, one row a token.
pub fn down(rows: &[f32], head: usize, chunk: usize, panel: &mut Vec<Row>) {
    panel.clear();
    panel.extend(rows.chunks_exact(head).map(|row| {
        let mut out = [0.0; LANES];
        out.copy_from_slice(&row[chunk * LANES..(chunk + 1) * LANES]);
        out
    }));
}

/// Packs `R` rows of `[tokens, head]` from `first` as `[head][R]`.
#[inline(always)]
pub fn pack<const R: usize>(rows: &[f32], head: usize, first: usize, packed: &mut [[f32; R]]) {
    for r in 0..R {
        let row = &rows[(first + r) * head..(first + r + 1) * head];
        for (slot, value) in packed.iter_mut().zip(row) {
            slot[r] = *value;
        }
    }
}

/// What the backward pass needs of a row's softmax: its largest score and the inverse of its sum.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowSoftmax {
    pub max: f32,
    pub inverse: f32,
}

/// Some of the keys and values that queries see: keys "across", values "down" for each 16 dimensions. Where others follow, it
/// is whole panels of keys.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub keys: &'a [Row],
    pub values: &'a [Vec<Row>],
}

/// `R` queries at positions `first..` against all keys up to their own position, which `seen` holds one part after the other.
/// Calls `write(chunk, rows)` with each 16 dimensions of the result.
///
/// The sum runs over sixteen lanes by key index and the products over keys in order, for any `R` and any parts: a query's
/// result does not depend on how queries were grouped.
#[inline(always)]
pub fn attend<S: Simd, const R: usize>(
    simd: S,
    queries: &[[f32; R]],
    seen: &[Seen<'_>],
    first: usize,
    weights: &mut Vec<[f32; R]>,
    mut write: impl FnMut(usize, &[Row; R]),
) -> [RowSoftmax; R] {
    let (head, keys) = (queries.len(), first + R);
    weights.resize(keys.next_multiple_of(LANES), [0.0; R]);
    let mut max = [f32::NEG_INFINITY; R];
    let panels = seen.iter().flat_map(|part| part.keys.chunks_exact(head));
    for (number, (panel, weights)) in panels.zip(weights.chunks_exact_mut(LANES)).enumerate() {
        score(simd, queries, panel, first + 1, number * LANES, weights, &mut max);
    }
    let mut lanes = [[0.0f32; R]; LANES];
    exponentials(weights, &max, &mut lanes);
    let softmax = normalised(&max, &lanes);
    for chunk in 0..seen[0].values.len() {
        let (mut rows, mut begun) = ([[0.0; LANES]; R], 0);
        for part in seen {
            let values = &part.values[chunk];
            let end = keys.min(begun + values.len());
            rows = tile_from::<S, R>(simd, &weights[begun..end], values, &rows);
            begun = end;
        }
        for r in 0..R {
            rows[r].iter_mut().for_each(|x| *x *= softmax[r].inverse);
        }
        write(chunk, &rows);
    }
    softmax
}

/// One query of each of `R` conversations that open with the same keys, `opening`, and go on with their own: `queries[d][r]`
/// sees `own[r]`, of which `counts[r]` are there. The same bits as [`attend`] for each alone; what is shared is read once.
/// Calls `write(r, chunk, row)`.
#[inline(always)]
pub fn attend_together<S: Simd, const R: usize>(
    simd: S,
    queries: &[[f32; R]],
    opening: Seen<'_>,
    own: &[Seen<'_>; R],
    counts: &[usize; R],
    scratch: &mut Together<R>,
    mut write: impl FnMut(usize, usize, &Row),
) {
    let head = queries.len();
    let Together { shared, own: weights, query } = scratch;
    shared.resize(opening.keys.len() / head * LANES, [0.0; R]);
    let mut max = [f32::NEG_INFINITY; R];
    for (panel, weights) in opening.keys.chunks_exact(head).zip(shared.chunks_exact_mut(LANES)) {
        score(simd, queries, panel, usize::MAX, 0, weights, &mut max);
    }
    for r in 0..R {
        query.clear();
        query.extend(queries.iter().map(|row| [row[r]]));
        weights[r].resize(counts[r].next_multiple_of(LANES), [0.0]);
        let mut own_max = [max[r]];
        let panels = own[r].keys.chunks_exact(head).zip(weights[r].chunks_exact_mut(LANES));
        for (number, (panel, weights)) in panels.enumerate() {
            score(simd, query, panel, counts[r], number * LANES, weights, &mut own_max);
        }
        max[r] = own_max[0];
    }
    let mut lanes = [[0.0f32; R]; LANES];
    exponentials(shared, &max, &mut lanes);
    for r in 0..R {
        let mut own_lanes = lanes.map(|lane| [lane[r]]);
        exponentials(&mut weights[r], &[max[r]], &mut own_lanes);
        lanes.iter_mut().zip(own_lanes).for_each(|(lane, own)| lane[r] = own[0]);
    }
    let softmax = normalised(&max, &lanes);
    for (chunk, values) in opening.values.iter().enumerate() {
        let rows = tile::<S, R>(simd, shared, values);
        for r in 0..R {
            let [mut row] = tile_from::<S, 1>(simd, &weights[r][..counts[r]], &own[r].values[chunk], &[rows[r]]);
            row.iter_mut().for_each(|x| *x *= softmax[r].inverse);
            write(r, chunk, &row);
        }
    }
}

/// Room for the weights of [`attend_together`].
pub struct Together<const R: usize> {
    shared: Vec<[f32; R]>,
    own: [Vec<[f32; 1]>; R],
    query: Vec<[f32; 1]>,
}

impl<const R: usize> Default for Together<R> {
    fn default() -> Self {
        Self { shared: Vec::new(), own: std::array::from_fn(|_| Vec::new()), query: Vec::new() }
    }
}

/// Scores of a panel of keys, the first of which is number `base`; query `r` sees the first `seen + r` keys.
#[inline(always)]
fn score<S: Simd, const R: usize>(
    simd: S,
    queries: &[[f32; R]],
    panel: &[Row],
    seen: usize,
    base: usize,
    weights: &mut [[f32; R]],
    max: &mut [f32; R],
) {
    let scores = tile::<S, R>(simd, queries, panel);
    if base + LANES > seen {
        for r in 0..R {
            for c in 0..LANES {
                weights[c][r] = if base + c < seen + r { scores[r][c] } else { f32::NEG_INFINITY };
            }
        }
    } else {
        for r in 0..R {
            for c in 0..LANES {
                weights[c][r] = scores[r][c];
            }
        }
    }
    for row in weights.iter() {
        for r in 0..R {
            max[r] = max[r].max(row[r]);
        }
    }
}

/// Scores to their exponentials, which are added to `lanes`.
#[inline(always)]
fn exponentials<const R: usize>(weights: &mut [[f32; R]], max: &[f32; R], lanes: &mut [[f32; R]; LANES]) {
    for block in weights.chunks_exact_mut(LANES) {
        for (lane, row) in lanes.iter_mut().zip(block) {
            for r in 0..R {
                row[r] = exp_neg(row[r] - max[r]);
                lane[r] += row[r];
            }
        }
    }
}

#[inline(always)]
fn normalised<const R: usize>(max: &[f32; R], lanes: &[[f32; R]; LANES]) -> [RowSoftmax; R] {
    std::array::from_fn(|r| {
        let sum: f32 = lanes.iter().map(|lane| lane[r]).sum();
        RowSoftmax { max: max[r], inverse: 1.0 / sum }
    })
}

/// One head of one sequence: keys and values `[tokens, head]`, and queries of its last tokens, scaled already. What precedes the
/// queries is context that has been worked out before.
pub struct Head<'a> {
    pub head: usize,
    pub q: &'a [f32],
    pub k: &'a [f32],
    pub v: &'a [f32],
}

/// Gradients of one head, in the shapes of what they belong to.
#[derive(Default)]
pub struct HeadGradient {
    pub q: Vec<f32>,
    pub k: Vec<f32>,
    pub v: Vec<f32>,
}

impl Head<'_> {
    /// Keys and values.
    fn tokens(&self) -> usize {
        self.k.len() / self.head
    }

    fn queries(&self) -> usize {
        self.q.len() / self.head
    }

    /// Tokens before the first query.
    fn context(&self) -> usize {
        self.tokens() - self.queries()
    }

    fn chunks(&self) -> usize {
        self.head / LANES
    }

    /// Attention output, one row a query, and each row's softmax.
    pub fn forward(&self, out: &mut [f32]) -> Vec<RowSoftmax> {
        dispatch(Forward { head: self, out })
    }

    #[inline(always)]
    fn forward_with<S: Simd>(&self, simd: S, out: &mut [f32]) -> Vec<RowSoftmax> {
        let (head, queried, context) = (self.head, self.queries(), self.context());
        let mut keys = Vec::new();
        across(self.k, head, &mut keys);
        let values = all_down(self.v, head, self.chunks());
        let seen = [Seen { keys: &keys, values: &values }];
        let mut softmax = Vec::with_capacity(queried);
        let bulk = queried / QUERIES * QUERIES;
        let mut queries = vec![[0.0; QUERIES]; head];
        let mut weights = Vec::with_capacity(self.tokens().next_multiple_of(LANES));
        for first in (0..bulk).step_by(QUERIES) {
            pack(self.q, head, first, &mut queries);
            softmax.extend(attend(simd, &queries, &seen, context + first, &mut weights, |chunk, rows| {
                for (r, row) in rows.iter().enumerate() {
                    let start = (first + r) * head + chunk * LANES;
                    out[start..start + LANES].copy_from_slice(row);
                }
            }));
        }
        let mut query = vec![[0.0; 1]; head];
        let mut weights = Vec::new();
        for first in bulk..queried {
            pack(self.q, head, first, &mut query);
            softmax.extend(attend(simd, &query, &seen, context + first, &mut weights, |chunk, rows| {
                let start = first * head + chunk * LANES;
                out[start..start + LANES].copy_from_slice(&rows[0]);
            }));
        }
        softmax
    }

    /// Gradients of the scaled queries, keys and values, from the output, its gradient and the forward pass's softmax.
    pub fn backward(&self, out: &[f32], d_out: &[f32], softmax: &[RowSoftmax]) -> HeadGradient {
        dispatch(Backward { head: self, out, d_out, softmax })
    }

    #[inline(always)]
    fn backward_with<S: Simd>(&self, simd: S, out: &[f32], d_out: &[f32], softmax: &[RowSoftmax]) -> HeadGradient {
        let (head, chunks) = (self.head, self.chunks());
        let (tokens, queried, context) = (self.tokens(), self.queries(), self.context());
        let (padded, padded_q) = (tokens.next_multiple_of(LANES), queried.next_multiple_of(LANES));
        let mut delta: Vec<f32> =
            out.chunks_exact(head).zip(d_out.chunks_exact(head)).map(|(o, d)| super::math::dot(o, d)).collect();
        delta.resize(padded_q, 0.0);
        let mut max: Vec<f32> = softmax.iter().map(|s| s.max).collect();
        max.resize(padded_q, 0.0);
        let mut inverse: Vec<f32> = softmax.iter().map(|s| s.inverse).collect();
        inverse.resize(padded_q, 0.0);
        // Rows are padded to a multiple of four, so that every block is whole; padded rows have inverse 0, hence no effect.
        let pad = |rows: &[f32], padded: usize| {
            let mut rows = rows.to_vec();
            rows.resize(padded * head, 0.0);
            rows
        };
        let (q, d_out) = (pad(self.q, padded_q), pad(d_out, padded_q));
        let (k, v) = (pad(self.k, padded), pad(self.v, padded));
        let (mut q_across, mut k_across, mut v_across, mut d_across) = (vec![], vec![], vec![], vec![]);
        across(&q, head, &mut q_across);
        across(&k, head, &mut k_across);
        across(&v, head, &mut v_across);
        across(&d_out, head, &mut d_across);
        let (q_down, k_down, d_down) =
            (all_down(&q, head, chunks), all_down(&k, head, chunks), all_down(&d_out, head, chunks));
        let mut gradient =
            HeadGradient { q: vec![0.0; padded_q * head], k: vec![0.0; padded * head], v: vec![0.0; padded * head] };
        let (mut own, mut other) = (vec![[0.0f32; QUERIES]; head], vec![[0.0f32; QUERIES]; head]);
        let (mut p, mut ds) = (vec![[0.0f32; QUERIES]; padded_q], vec![[0.0f32; QUERIES]; padded.max(padded_q)]);
        for first in (0..queried).step_by(QUERIES) {
            pack(&q, head, first, &mut own);
            pack(&d_out, head, first, &mut other);
            let panels = (context + first + QUERIES).div_ceil(LANES).min(padded / LANES);
            for panel in 0..panels {
                let rows = panel * head..(panel + 1) * head;
                let scores = tile::<S, QUERIES>(simd, &own, &k_across[rows.clone()]);
                let d_weights = tile::<S, QUERIES>(simd, &other, &v_across[rows]);
                let ds = &mut ds[panel * LANES..(panel + 1) * LANES];
                for r in 0..QUERIES {
                    let i = first + r;
                    let mut row = [0.0f32; LANES];
                    for c in 0..LANES {
                        let weight = exp_neg((scores[r][c] - max[i]).min(0.0)) * inverse[i];
                        let visible = if panel * LANES + c <= context + i { 1.0 } else { 0.0 };
                        row[c] = visible * weight * (d_weights[r][c] - delta[i]);
                    }
                    for c in 0..LANES {
                        ds[c][r] = row[c];
                    }
                }
            }
            for (chunk, keys) in k_down.iter().enumerate() {
                let rows = tile::<S, QUERIES>(simd, &ds[..panels * LANES], keys);
                store(&rows, head, first, chunk, &mut gradient.q);
            }
        }
        for first in (0..tokens).step_by(QUERIES) {
            pack(&k, head, first, &mut own);
            pack(&v, head, first, &mut other);
            // Earlier queries do not see these keys.
            let start = first.saturating_sub(context) / LANES;
            for panel in start..padded_q / LANES {
                let rows = panel * head..(panel + 1) * head;
                let scores = tile::<S, QUERIES>(simd, &own, &q_across[rows.clone()]);
                let d_weights = tile::<S, QUERIES>(simd, &other, &d_across[rows]);
                let base = panel * LANES;
                let (max, inverse) = (&max[base..base + LANES], &inverse[base..base + LANES]);
                let delta = &delta[base..base + LANES];
                let (p, ds) = (&mut p[base..base + LANES], &mut ds[base..base + LANES]);
                for r in 0..QUERIES {
                    let (mut p_row, mut ds_row) = ([0.0f32; LANES], [0.0f32; LANES]);
                    for c in 0..LANES {
                        let visible = if context + base + c >= first + r { 1.0 } else { 0.0 };
                        let weight = visible * exp_neg((scores[r][c] - max[c]).min(0.0)) * inverse[c];
                        p_row[c] = weight;
                        ds_row[c] = weight * (d_weights[r][c] - delta[c]);
                    }
                    for c in 0..LANES {
                        p[c][r] = p_row[c];
                        ds[c][r] = ds_row[c];
                    }
                }
            }
            for chunk in 0..chunks {
                let d_v = tile::<S, QUERIES>(simd, &p[start * LANES..], &d_down[chunk][start * LANES..]);
                store(&d_v, head, first, chunk, &mut gradient.v);
                let d_k = tile::<S, QUERIES>(simd, &ds[start * LANES..padded_q], &q_down[chunk][start * LANES..]);
                store(&d_k, head, first, chunk, &mut gradient.k);
            }
        }
        gradient.q.truncate(queried * head);
        gradient.k.truncate(tokens * head);
        gradient.v.truncate(tokens * head);
        gradient
    }
}

struct Forward<'a, 'h> {
    head: &'a Head<'h>,
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_, '_> {
    type Output = Vec<RowSoftmax>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        self.head.forward_with(simd, self.out)
    }
}

struct Backward<'a, 'h> {
    head: &'a Head<'h>,
    out: &'a [f32],
    d_out: &'a [f32],
    softmax: &'a [RowSoftmax],
}

impl WithSimd for Backward<'_, '_> {
    type Output = HeadGradient;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        self.head.backward_with(simd, self.out, self.d_out, self.softmax)
    }
}

fn all_down(rows: &[f32], head: usize, chunks: usize) -> Vec<Vec<Row>> {
    (0..chunks)
        .map(|chunk| {
            let mut panel = Vec::new();
            down(rows, head, chunk, &mut panel);
            panel
        })
        .collect()
}

#[inline(always)]
fn store(rows: &[Row; QUERIES], head: usize, first: usize, chunk: usize, out: &mut [f32]) {
    for (r, row) in rows.iter().enumerate() {
        let start = (first + r) * head + chunk * LANES;
        out[start..start + LANES].copy_from_slice(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(n: usize, seed: f32) -> Vec<f32> {
        (0..n).map(|i| ((i as f32 + 1.0) * seed).sin()).collect()
    }

    fn reference(q: &[f32], k: &[f32], v: &[f32], head: usize) -> Vec<f64> {
        let (tokens, context) = (q.len() / head, (k.len() - q.len()) / head);
        let row =
            |x: &[f32], t: usize| -> Vec<f64> { x[t * head..(t + 1) * head].iter().map(|x| f64::from(*x)).collect() };
        let mut out = Vec::new();
        for i in 0..tokens {
            let scores: Vec<f64> = (0..=context + i)
                .map(|j| row(q, i).iter().zip(row(k, j)).map(|(a, b)| a * b).sum::<f64>().exp())
                .collect();
            let sum: f64 = scores.iter().sum();
            for d in 0..head {
                out.push((0..=context + i).map(|j| scores[j] / sum * row(v, j)[d]).sum());
            }
        }
        out
    }

    #[test]
    fn forward_agrees_with_the_definition() {
        for (context, tokens) in [(0, 1), (0, 4), (0, 15), (0, 16), (0, 17), (0, 37), (1, 1), (5, 9), (32, 7), (21, 40)]
        {
            let head = 16;
            let all = (context + tokens) * head;
            let (q, k, v) = (data(tokens * head, 0.7), data(all, 1.3), data(all, 2.1));
            let mut out = vec![0.0; tokens * head];
            Head { head, q: &q, k: &k, v: &v }.forward(&mut out);
            for (got, want) in out.iter().zip(reference(&q, &k, &v, head)) {
                assert!((f64::from(*got) - want).abs() < 1e-5, "{tokens} tokens: {got} {want}");
            }
        }
    }

    #[test]
    fn backward_agrees_with_finite_differences() {
        for context in [0, 3, 16, 25] {
            backward_agrees(context);
        }
    }

    fn backward_agrees(context: usize) {
        let (head, tokens) = (16, 21);
        let n = head * tokens;
        let all = n + head * context;
        let inputs = [data(n, 0.7), data(all, 1.3), data(all, 2.1)];
        let d_out = data(n, 0.31);
        let objective = |x: &[Vec<f32>; 3]| -> f64 {
            reference(&x[0], &x[1], &x[2], head).iter().zip(&d_out).map(|(o, d)| o * f64::from(*d)).sum()
        };
        let head_of = Head { head, q: &inputs[0], k: &inputs[1], v: &inputs[2] };
        let mut out = vec![0.0; n];
        let softmax = head_of.forward(&mut out);
        let gradient = head_of.backward(&out, &d_out, &softmax);
        for (which, got) in [&gradient.q, &gradient.k, &gradient.v].into_iter().enumerate() {
            for i in (0..got.len()).step_by(13) {
                let step = 1e-2;
                let mut moved = inputs.clone();
                moved[which][i] += step;
                let up = objective(&moved);
                moved[which][i] -= 2.0 * step;
                let want = (up - objective(&moved)) / (2.0 * f64::from(step));
                assert!((f64::from(got[i]) - want).abs() < 2e-3, "input {which} at {i}: {} {want}", got[i]);
            }
        }
    }
}
