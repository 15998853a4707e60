//! Dense layers: many rows times a fixed matrix whose columns are packed into panels of [`LANES`], and the gradient of such a
//! matrix.

use pulp::{Simd, WithSimd};

use super::{LANES, Row, dispatch, tile};

/// Rows of a dense tile: 6 × 16 accumulators are 12 of AVX2's 16 registers.
const ROWS: usize = 6;

/// A `[k, n]` matrix as `⌈n / 16⌉` panels of `k` rows of 16 columns, zero-padded.
#[derive(Clone, Debug)]
pub struct Panels {
    k: usize,
    n: usize,
    data: Vec<Row>,
}

impl Panels {
    /// Packs a row-major `[k, n]` matrix.
    pub fn pack(matrix: &[f32], k: usize, n: usize) -> Self {
        Self::build(k, n, |row, column| matrix[row * n + column])
    }

    /// Packs the transpose of a row-major `[n, k]` matrix.
    pub fn pack_transposed(matrix: &[f32], k: usize, n: usize) -> Self {
        Self::build(k, n, |row, column| matrix[column * k + row])
    }

    fn build(k: usize, n: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let panels = n.div_ceil(LANES);
        let mut data = vec![[0.0; LANES]; panels * k];
        for (index, row) in data.iter_mut().enumerate() {
            let (panel, k_index) = (index / k, index % k);
            let columns = LANES.min(n - panel * LANES);
            for (c, slot) in row.iter_mut().take(columns).enumerate() {
                *slot = at(k_index, panel * LANES + c);
            }
        }
        Self { k, n, data }
    }

    /// Columns of the matrix.
    pub fn columns(&self) -> usize {
        self.n
    }

    /// `out[r] = x[r] · M` (or `out[r] += …` with `add`) for every row; `x` is `[rows, k]`, `out` is `[rows, n]`.
    ///
    /// # Panics
    /// If the lengths do not agree.
    pub fn apply(&self, x: &[f32], out: &mut [f32], add: bool) {
        let rows = x.len() / self.k;
        assert_eq!((x.len(), out.len()), (rows * self.k, rows * self.n), "gemm shapes");
        dispatch(Apply { panels: self, x, out, rows, add });
    }
}

struct Apply<'a> {
    panels: &'a Panels,
    x: &'a [f32],
    out: &'a mut [f32],
    rows: usize,
    add: bool,
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let k = self.panels.k;
        let (bulk, tail) = (self.rows / ROWS * ROWS, self.rows % ROWS);
        let mut packed = vec![[0.0f32; ROWS]; k];
        for first in (0..bulk).step_by(ROWS) {
            self.block(simd, &mut packed, first);
        }
        match tail {
            1 => self.block(simd, &mut vec![[0.0; 1]; k], bulk),
            2 => self.block(simd, &mut vec![[0.0; 2]; k], bulk),
            3 => self.block(simd, &mut vec![[0.0; 3]; k], bulk),
            4 => self.block(simd, &mut vec![[0.0; 4]; k], bulk),
            5 => self.block(simd, &mut vec![[0.0; 5]; k], bulk),
            _ => {}
        }
    }
}

impl Apply<'_> {
    #[inline(always)]
    fn block<S: Simd, const R: usize>(&mut self, simd: S, packed: &mut [[f32; R]], first: usize) {
        let (k, n) = (self.panels.k, self.panels.n);
        for r in 0..R {
            let row = &self.x[(first + r) * k..(first + r + 1) * k];
            for (slot, value) in packed.iter_mut().zip(row) {
                slot[r] = *value;
            }
        }
        for (panel, rows) in self.panels.data.chunks_exact(k).enumerate() {
            let sums = tile::<S, R>(simd, packed, rows);
            let columns = LANES.min(n - panel * LANES);
            for (r, sums) in sums.iter().enumerate() {
                let start = (first + r) * n + panel * LANES;
                let out = &mut self.out[start..start + columns];
                if self.add {
                    out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
                } else {
                    out.copy_from_slice(&sums[..columns]);
                }
            }
        }
    }
}

/// Rows summed in one go by [`outer`]: a panel of them stays in the first-level cache.
const OUTER_ROWS: usize = 256;

/// `out += xᵀ · g`: the gradient of a `[k, n]` matrix from its inputs `x`, `[rows, k]`, and the gradient `g` of its outputs,
/// `[rows, n]`.
///
/// # Panics
/// If the lengths do not agree.
pub fn outer(x: &[f32], k: usize, g: &[f32], n: usize, out: &mut [f32]) {
    let rows = x.len() / k;
    assert_eq!((x.len(), g.len(), out.len()), (rows * k, rows * n, k * n), "outer shapes");
    dispatch(Outer { x, k, g, n, out });
}

struct Outer<'a> {
    x: &'a [f32],
    k: usize,
    g: &'a [f32],
    n: usize,
    out: &'a mut [f32],
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, k, g, n, out } = self;
        let mut packed = vec![[0.0f32; ROWS]; k.div_ceil(ROWS) * OUTER_ROWS];
        let mut panel = vec![[0.0f32; LANES]; OUTER_ROWS];
        for (x, g) in x.chunks(OUTER_ROWS * k).zip(g.chunks(OUTER_ROWS * n)) {
            let rows = x.len() / k;
            for (r, row) in x.chunks_exact(k).enumerate() {
                for (block, values) in row.chunks(ROWS).enumerate() {
                    packed[block * OUTER_ROWS + r][..values.len()].copy_from_slice(values);
                }
            }
            for first in (0..n).step_by(LANES) {
                let columns = LANES.min(n - first);
                for (slot, row) in panel.iter_mut().zip(g.chunks_exact(n)) {
                    slot[..columns].copy_from_slice(&row[first..first + columns]);
                }
                for (block, packed) in packed.chunks_exact(OUTER_ROWS).enumerate() {
                    let sums = tile::<S, ROWS>(simd, &packed[..rows], &panel[..rows]);
                    let tall = ROWS.min(k - block * ROWS);
                    for (r, sums) in sums.iter().take(tall).enumerate() {
                        let start = (block * ROWS + r) * n + first;
                        let out = &mut out[start..start + columns];
                        out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outer_agrees_with_the_definition() {
        for (rows, k, n) in [(1, 3, 5), (6, 16, 16), (300, 20, 33), (11, 6, 16), (257, 5, 48)] {
            let x: Vec<f32> = (0..rows * k).map(|i| ((i * 7) % 11) as f32 - 5.0).collect();
            let g: Vec<f32> = (0..rows * n).map(|i| ((i * 5) % 13) as f32 - 6.0).collect();
            let mut out = vec![1.0; k * n];
            outer(&x, k, &g, n, &mut out);
            for (i, got) in out.iter().enumerate() {
                let want: f32 = (0..rows).map(|r| x[r * k + i / n] * g[r * n + i % n]).sum();
                assert_eq!(*got, want + 1.0, "rows {rows} k {k} n {n} at {i}");
            }
        }
    }

    #[test]
    fn agrees_with_the_definition_for_every_tail() {
        for (rows, k, n) in [(1, 3, 5), (6, 16, 16), (7, 20, 33), (11, 8, 16), (4, 5, 48), (15, 32, 7)] {
            let x: Vec<f32> = (0..rows * k).map(|i| ((i * 7) % 11) as f32 - 5.0).collect();
            let m: Vec<f32> = (0..k * n).map(|i| ((i * 5) % 13) as f32 - 6.0).collect();
            let mut transposed = vec![0.0; k * n];
            (0..k * n).for_each(|i| transposed[(i % n) * k + i / n] = m[i]);
            for panels in [Panels::pack(&m, k, n), Panels::pack_transposed(&transposed, k, n)] {
                let mut out = vec![1.0; rows * n];
                panels.apply(&x, &mut out, true);
                for (i, got) in out.iter().enumerate() {
                    let (r, c) = (i / n, i % n);
                    let want: f32 = (0..k).map(|j| x[r * k + j] * m[j * n + c]).sum();
                    assert_eq!(*got, want + 1.0, "rows {rows} k {k} n {n} at {r},{c}");
                }
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_its_company() {
        let (k, n) = (37, 40);
        let m: Vec<f32> = (0..k * n).map(|i| (i as f32 * 0.37).sin()).collect();
        let x: Vec<f32> = (0..13 * k).map(|i| (i as f32 * 0.11).cos()).collect();
        let panels = Panels::pack(&m, k, n);
        let mut together = vec![0.0; 13 * n];
        panels.apply(&x, &mut together, false);
        for r in 0..13 {
            let mut alone = vec![0.0; n];
            panels.apply(&x[r * k..(r + 1) * k], &mut alone, false);
            assert_eq!(alone, together[r * n..(r + 1) * n], "row {r}");
        }
    }
}
