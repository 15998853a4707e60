//! Random streams keyed by what they are for, never by the order of draws.
//!
//! A [`StreamKey`] names one use of randomness completely; two keys that differ anywhere give independent ChaCha streams.
//! That is why workers may run in any order, and why an interrupted run continues with the same numbers.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// What a random stream is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Which tasks a round draws.
    Batch,
    /// Token sampling and other choices of an agent.
    Action,
    /// The stream an environment sees through the host.
    Environment,
    /// Initial weights.
    Init,
    /// Order of examples in supervised training.
    Shuffle,
    /// Bootstrap intervals.
    Bootstrap,
    /// Controls such as shuffled labels or random weights.
    Control,
}

/// Names one random stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamKey {
    pub seed: u64,
    pub purpose: Purpose,
    pub round: u32,
    pub task: u64,
    pub replica: u32,
    pub turn: u32,
}

impl StreamKey {
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        Self { seed, purpose, round: 0, task: 0, replica: 0, turn: 0 }
    }
    pub fn round(self, round: u32) -> Self {
        Self { round, ..self }
    }
    pub fn task(self, task: u64) -> Self {
        Self { task, ..self }
    }
    pub fn replica(self, replica: u32) -> Self {
        Self { replica, ..self }
    }
    pub fn turn(self, turn: u32) -> Self {
        Self { turn, ..self }
    }

    /// The stream itself.
    pub fn stream(&self) -> Stream {
        let mut bytes = [0u8; 29];
        bytes[0..8].copy_from_slice(&self.seed.to_le_bytes());
        bytes[8] = self.purpose as u8;
        bytes[9..13].copy_from_slice(&self.round.to_le_bytes());
        bytes[13..21].copy_from_slice(&self.task.to_le_bytes());
        bytes[21..25].copy_from_slice(&self.replica.to_le_bytes());
        bytes[25..29].copy_from_slice(&self.turn.to_le_bytes());
        Stream(ChaCha8Rng::from_seed(*blake3::hash(&bytes).as_bytes()))
    }
}

/// One deterministic random stream.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1), with 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..n` without bias (Lemire's multiply-and-reject). `n` must be positive.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "below(0) has no value to return");
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(n);
            if wide as u64 >= n.wrapping_neg() % n {
                return (wide >> 64) as u64;
            }
        }
    }

    /// Standard normal by Box–Muller.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Fisher–Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_key_changes_the_stream() {
        let base = StreamKey::new(1, Purpose::Action);
        let variants = [
            base,
            StreamKey::new(2, Purpose::Action),
            StreamKey::new(1, Purpose::Batch),
            base.round(1),
            base.task(1),
            base.replica(1),
            base.turn(1),
        ];
        let firsts: std::collections::BTreeSet<u64> = variants.iter().map(|k| k.stream().next_u64()).collect();
        assert_eq!(firsts.len(), variants.len());
        assert_eq!(base.stream().next_u64(), base.stream().next_u64());
    }

    #[test]
    fn below_covers_its_range_evenly() {
        let mut stream = StreamKey::new(7, Purpose::Control).stream();
        let mut counts = [0u32; 5];
        for _ in 0..50_000 {
            counts[stream.below(5) as usize] += 1;
        }
        assert!(counts.iter().all(|c| (9_500..10_500).contains(c)), "{counts:?}");
    }
}
