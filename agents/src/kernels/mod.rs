//! The arithmetic of the sampler and of the CPU trainer's attention, in safe Rust.
//!
//! Everything is built on one register tile ([`tile`]): `R` rows times 16 columns, accumulated over `k` in ascending order
//! with fused multiply-adds. Each output element therefore has one fixed order of operations, whatever rows share its
//! tile: a slot's numbers do not depend on its batch, and a thread count cannot change a bit. `pulp` compiles each kernel
//! once per instruction set and chooses at run time; rejected: hand-written intrinsics (unsafe), and a BLAS-like crate (its
//! blocking depends on the machine's caches).

pub mod attention;
pub mod gemm;
pub mod math;

pub use gemm::Panels;
use pulp::{Simd, WithSimd};

/// Columns of a tile: two AVX2 registers or one AVX-512 register.
pub const LANES: usize = 16;

/// One row of a panel.
pub type Row = [f32; LANES];

/// `R × LANES` accumulators: `Σ_k a[k][r] · b[k][c]`.
#[inline(always)]
pub(crate) fn tile<S: Simd, const R: usize>(simd: S, a: &[[f32; R]], b: &[Row]) -> [Row; R] {
    tile_from(simd, a, b, &[[0.0; LANES]; R])
}

/// [`tile`] that goes on from `sums`: the same bits as one tile over everything.
#[inline(always)]
pub(crate) fn tile_from<S: Simd, const R: usize>(simd: S, a: &[[f32; R]], b: &[Row], sums: &[Row; R]) -> [Row; R] {
    match S::F32_LANES {
        16 => tile_of::<S, R, 1>(simd, a, b, sums),
        8 => tile_of::<S, R, 2>(simd, a, b, sums),
        4 => tile_of::<S, R, 4>(simd, a, b, sums),
        _ => tile_scalar(a, b, sums),
    }
}

/// [`tile_from`] in `N` registers a row.
#[inline(always)]
fn tile_of<S: Simd, const R: usize, const N: usize>(simd: S, a: &[[f32; R]], b: &[Row], before: &[Row; R]) -> [Row; R] {
    let mut sums = [[simd.splat_f32s(0.0); N]; R];
    for r in 0..R {
        let (before, _) = S::as_simd_f32s(&before[r]);
        sums[r].iter_mut().zip(before).for_each(|(sum, before)| *sum = *before);
    }
    for (a, b) in a.iter().zip(b) {
        let (b, _) = S::as_simd_f32s(b);
        for r in 0..R {
            let factor = simd.splat_f32s(a[r]);
            for n in 0..N {
                sums[r][n] = simd.mul_add_f32s(factor, b[n], sums[r][n]);
            }
        }
    }
    let mut out = [[0.0; LANES]; R];
    for r in 0..R {
        let (out, _) = S::as_mut_simd_f32s(&mut out[r]);
        #[expect(
            clippy::manual_memcpy,
            reason = "a copy of the whole array makes the compiler keep the sums in memory"
        )]
        for n in 0..N {
            out[n] = sums[r][n];
        }
    }
    out
}

#[inline(always)]
fn tile_scalar<const R: usize>(a: &[[f32; R]], b: &[Row], before: &[Row; R]) -> [Row; R] {
    let mut sums = *before;
    for (a, b) in a.iter().zip(b) {
        for r in 0..R {
            for c in 0..LANES {
                sums[r][c] = a[r].mul_add(b[c], sums[r][c]);
            }
        }
    }
    sums
}

/// Set by the test that no instruction set changes a bit: leaves out all of them.
#[cfg(test)]
pub(crate) static PLAIN: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Runs `work` compiled for the best instruction set of this machine.
///
/// AVX2 is asked for by name, because `pulp::Arch` knows it only with a feature that would rebuild half of burn.
#[inline(always)]
pub(crate) fn dispatch<W: WithSimd>(work: W) -> W::Output {
    #[cfg(test)]
    if PLAIN.load(std::sync::atomic::Ordering::Relaxed) {
        return Simd::vectorize(pulp::Scalar::new(), work);
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return Simd::vectorize(simd, work);
    }
    pulp::Arch::new().dispatch(work)
}

/// [`dispatch`] for loops that the compiler vectorises by itself. The closure must be `#[inline(always)]` and change what it
/// captures: only then is its body compiled for the instruction set, and a fused multiply-add is an instruction, not a call.
#[inline(always)]
pub(crate) fn vectorized<R>(work: impl FnMut() -> R) -> R {
    dispatch(Loop(work))
}

struct Loop<F>(F);

impl<R, F: FnMut() -> R> WithSimd for Loop<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) -> R {
        (self.0)()
    }
}
