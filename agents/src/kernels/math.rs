//! Elementwise mathematics that vectorises, equal on every machine: no call into the platform's libm.

use super::LANES;

/// Added to the mean square before the root.
pub const NORM_EPSILON: f32 = 1e-6;

/// `e^x` for `x ≤ 0` to a relative error of 2e-7; 0 below −87. Cody–Waite reduction and a degree-6 polynomial.
#[inline(always)]
pub fn exp_neg(x: f32) -> f32 {
    let x = x.max(-87.0);
    // Adding 1.5·2²³ rounds to an integer and leaves it in the low bits.
    let shifted = x * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = shifted - 12_582_912.0;
    let r = n.mul_add(-0.693_359_4, x);
    let r = n.mul_add(2.121_944_4e-4, r);
    let p = 1.987_569_1e-4f32;
    let p = p.mul_add(r, 1.398_199_9e-3);
    let p = p.mul_add(r, 8.333_452e-3);
    let p = p.mul_add(r, 4.166_579_6e-2);
    let p = p.mul_add(r, 1.666_666_5e-1);
    let p = p.mul_add(r, 0.5);
    let p = p.mul_add(r * r, r) + 1.0;
    let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x <= -87.0 { 0.0 } else { p * scale }
}

/// Sum in a fixed order: sixteen running lanes, then the lanes from first to last.
#[inline(always)]
pub fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for c in 0..LANES {
            lanes[c] += chunk[c];
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += value;
    }
    lanes.iter().sum()
}

/// Dot product in the same fixed order as [`sum`].
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (chunks_a, chunks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let (rest_a, rest_b) = (chunks_a.remainder(), chunks_b.remainder());
    for (a, b) in chunks_a.zip(chunks_b) {
        for c in 0..LANES {
            lanes[c] = a[c].mul_add(b[c], lanes[c]);
        }
    }
    for (lane, (a, b)) in lanes.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *lane = a.mul_add(*b, *lane);
    }
    lanes.iter().sum()
}

/// `out = x · scale`, where `scale = 1 / sqrt(mean(x²) + ε)` is returned.
#[inline(always)]
pub fn rms_norm(x: &[f32], out: &mut [f32]) -> f32 {
    let scale = 1.0 / (dot(x, x) / x.len() as f32 + NORM_EPSILON).sqrt();
    for (out, x) in out.iter_mut().zip(x) {
        *out = x * scale;
    }
    scale
}

/// Turns logits into log-probabilities in place; the sum runs in the order of [`sum`].
#[inline(always)]
pub fn log_softmax(row: &mut [f32]) {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut lanes = [0.0f32; LANES];
    for chunk in row.chunks(LANES) {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += exp_neg(*x - max);
        }
    }
    let shift = max + lanes.iter().sum::<f32>().ln();
    row.iter_mut().for_each(|x| *x -= shift);
}

/// Entropy in nats of log-probabilities.
#[inline(always)]
pub fn entropy(log_probs: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    for chunk in log_probs.chunks(LANES) {
        for (lane, l) in lanes.iter_mut().zip(chunk) {
            *lane -= exp_neg(*l) * l;
        }
    }
    lanes.iter().sum()
}

/// Adds to `by_x` the gradient of [`rms_norm`] by its input, from the gradient by its output, the output and its scale:
/// `scale · (by_out − out · mean(out · by_out))`.
#[inline(always)]
pub fn rms_norm_back(by_out: &[f32], out: &[f32], scale: f32, by_x: &mut [f32]) {
    let share = dot(by_out, out) / out.len() as f32;
    for ((by_x, by_out), out) in by_x.iter_mut().zip(by_out).zip(out) {
        *by_x += scale * (by_out - out * share);
    }
}

/// Cosines and sines of rotary position embedding: entry `[position][pair]`.
#[derive(Clone, Debug)]
pub struct Rope {
    pairs: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Rope {
    /// Tables for `positions` positions and heads of width `head`; angle = position · base^(−2·pair/head).
    pub fn new(positions: usize, head: usize, base: f32) -> Self {
        let pairs = head / 2;
        let angle =
            |position: usize, pair: usize| position as f64 * f64::from(base).powf(-2.0 * pair as f64 / head as f64);
        let table =
            |f: fn(f64) -> f64| (0..positions).flat_map(|t| (0..pairs).map(move |p| f(angle(t, p)) as f32)).collect();
        Self { pairs, cos: table(f64::cos), sin: table(f64::sin) }
    }

    /// Cosines and sines of one position, `head / 2` each.
    #[inline(always)]
    pub fn at(&self, position: usize) -> (&[f32], &[f32]) {
        let range = position * self.pairs..(position + 1) * self.pairs;
        (&self.cos[range.clone()], &self.sin[range])
    }

    /// All cosines and sines, `[position][pair]`.
    pub fn tables(&self) -> (&[f32], &[f32]) {
        (&self.cos, &self.sin)
    }

    /// Rotates one head in place; element `p` pairs with element `p + head/2`.
    #[inline(always)]
    pub fn rotate(&self, position: usize, head: &mut [f32]) {
        let (cos, sin) = self.at(position);
        let (low, high) = head.split_at_mut(self.pairs);
        for (((low, high), cos), sin) in low.iter_mut().zip(high).zip(cos).zip(sin) {
            (*low, *high) = (*low * cos - *high * sin, *high * cos + *low * sin);
        }
    }

    /// Rows of queries, keys and values, each `width` wide, at the positions from `first`: turns queries and keys, head by head,
    /// and scales the queries for their dot products.
    #[inline(always)]
    pub fn prepare(&self, first: usize, rows: &mut [f32], width: usize) {
        let head = 2 * self.pairs;
        let scale = 1.0 / (head as f32).sqrt();
        for (t, row) in rows.chunks_exact_mut(3 * width).enumerate() {
            for rows in row[..2 * width].chunks_exact_mut(head) {
                self.rotate(first + t, rows);
            }
            row[..width].iter_mut().for_each(|q| *q *= scale);
        }
    }

    /// The inverse rotation, which is also the gradient of [`Self::rotate`].
    #[inline(always)]
    pub fn rotate_back(&self, position: usize, head: &mut [f32]) {
        let (cos, sin) = self.at(position);
        let (low, high) = head.split_at_mut(self.pairs);
        for (((low, high), cos), sin) in low.iter_mut().zip(high).zip(cos).zip(sin) {
            (*low, *high) = (*low * cos + *high * sin, *high * cos - *low * sin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_accurate_and_ends_at_zero() {
        for i in 0..8700 {
            let x = -(i as f32) / 100.0;
            let (got, want) = (exp_neg(x), f64::from(x).exp() as f32);
            assert!((got - want).abs() <= 3e-7 * want, "exp({x}) = {got}, want {want}");
        }
        assert_eq!(exp_neg(0.0), 1.0);
        assert_eq!(exp_neg(f32::NEG_INFINITY), 0.0);
    }

    #[test]
    fn rotation_is_undone_and_keeps_length() {
        let rope = Rope::new(10, 8, 100.0);
        let original = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0f32];
        let mut head = original;
        rope.rotate(7, &mut head);
        assert!((dot(&head, &head) - dot(&original, &original)).abs() < 1e-3);
        assert!((head[0] - original[0]).abs() > 0.1);
        rope.rotate_back(7, &mut head);
        assert!(head.iter().zip(original).all(|(a, b)| (a - b).abs() < 1e-5), "{head:?}");
    }
}
