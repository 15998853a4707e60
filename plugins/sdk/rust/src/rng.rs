//! Deterministic random numbers for task generation, keyed by what they are for.
//!
//! SplitMix64: 64 bits of state, passes BigCrush, a few instructions, and trivially the same in every language.

use crate::hash::xxh64;

/// A random stream. Streams with different keys are independent.
#[derive(Clone, Debug)]
pub struct Rng {
    seed: u64,
    state: u64,
}

impl Rng {
    /// The stream of a named key under a seed.
    pub fn new(seed: u64, purpose: &str, key: &[u64]) -> Self {
        let mut bytes = Vec::with_capacity(purpose.len() + 8 * key.len());
        bytes.extend_from_slice(purpose.as_bytes());
        for part in key {
            bytes.extend_from_slice(&part.to_le_bytes());
        }
        Self { seed, state: xxh64(&bytes, seed) }
    }

    /// Another stream of the same seed, whatever was drawn from this one.
    pub fn keyed(&self, purpose: &str, key: &[u64]) -> Self {
        Self::new(self.seed, purpose, key)
    }

    /// The seed that the host asked for.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in `0..n`, by rejection. `n` must be positive.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "below(0) has no value to return");
        let n = n as u64;
        let limit = u64::MAX - u64::MAX % n;
        loop {
            let draw = self.next_u64();
            if draw < limit {
                return (draw % n) as usize;
            }
        }
    }

    /// Uniform in `low..=high`.
    pub fn range(&mut self, low: u32, high: u32) -> u32 {
        low + self.below((high - low) as usize + 1) as u32
    }

    /// True once in `n` draws on average.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of the items.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    /// `count` different indices below `n`, in random order.
    pub fn distinct(&mut self, n: usize, count: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..n).collect();
        self.shuffle(&mut all);
        all.truncate(count);
        all
    }

    /// Fisher–Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_separate_streams_and_draws_do_not() {
        let mut rng = Rng::new(1, "a", &[1]);
        let fresh = rng.keyed("b", &[2]).next_u64();
        rng.next_u64();
        assert_eq!(rng.keyed("b", &[2]).next_u64(), fresh);
        for other in [Rng::new(2, "a", &[1]), Rng::new(1, "b", &[1]), Rng::new(1, "a", &[2])] {
            assert_ne!(other.clone().next_u64(), Rng::new(1, "a", &[1]).next_u64());
        }
    }

    #[test]
    fn below_covers_its_range_evenly() {
        let mut rng = Rng::new(3, "even", &[]);
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[rng.below(6)] += 1;
        }
        assert!(counts.iter().all(|c| (9_500..10_500).contains(c)), "{counts:?}");
    }
}
