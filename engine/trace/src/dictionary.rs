//! Training a dictionary for zstd: what many payloads have in common, so that each need not say it again.
//!
//! A raw-content dictionary: pieces of the samples that cover the most common runs of eight bytes, best last, because near
//! bytes are cheaper to refer to. The way of choosing follows the published idea of COVER (Liao, Petri, Moffat, Wirth, 2016), with
//! counts in one hashed table. zstd's own trainer was not chosen: it is a feature of the C library that would be built
//! for this one use, and on our payloads entropy tables save less than the common text does.

/// A piece is no longer than this; long enough for a line of a tool list, short enough to fit many.
const PIECE: usize = 256;
/// Runs of so many bytes are counted.
const RUN: usize = 8;
const TABLE_BITS: u32 = 20;
/// Too few samples have too little in common.
const FEWEST: usize = 8;

/// A dictionary of at most `size` bytes for what looks like `samples`; `None` where they are too few to learn from.
/// The same samples give the same bytes.
pub(crate) fn train(samples: &[&[u8]], size: usize) -> Option<Vec<u8>> {
    if samples.len() < FEWEST {
        return None;
    }
    let mut count = Counts::of(samples);
    let total: usize = samples.iter().map(|sample| sample.len()).sum();
    // One piece out of every stretch of the samples, as long as there is room.
    let pieces = (size / PIECE).max(1);
    let stretch = (total / pieces).max(PIECE);
    let mut chosen: Vec<(u64, &[u8])> = Vec::new();
    let mut filled = 0;
    // The second pass finds what the first stretch had no room for.
    for pass in 0..2 {
        let mut before = 0;
        for sample in samples {
            let mut at = 0;
            while at < sample.len() {
                let room = (stretch - (before + pass * stretch / 2) % stretch).min(sample.len() - at);
                if filled < size
                    && let Some((score, piece)) = count.best(&sample[at..at + room])
                {
                    let piece = &piece[..piece.len().min(size - filled)];
                    count.forget(piece);
                    filled += piece.len();
                    chosen.push((score, piece));
                }
                at += room;
                before += room;
            }
        }
    }
    chosen.sort_by_key(|(score, _)| *score);
    let bytes: Vec<u8> = chosen.into_iter().flat_map(|(_, piece)| piece.iter().copied()).collect();
    (!bytes.is_empty()).then_some(bytes)
}

/// In how many samples each run occurs.
struct Counts {
    of: Vec<u32>,
}

fn slot(run: &[u8]) -> usize {
    let mut eight = [0; RUN];
    eight.copy_from_slice(run);
    (u64::from_le_bytes(eight).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - TABLE_BITS)) as usize
}

impl Counts {
    fn of(samples: &[&[u8]]) -> Self {
        let mut counts = Self { of: vec![0; 1 << TABLE_BITS] };
        let mut last = vec![u32::MAX; 1 << TABLE_BITS];
        for (number, sample) in samples.iter().enumerate() {
            for run in sample.windows(RUN) {
                let slot = slot(run);
                if last[slot] != number as u32 {
                    last[slot] = number as u32;
                    counts.of[slot] += 1;
                }
            }
        }
        counts
    }

    /// What a run is worth: what occurs in one sample only is worth nothing.
    fn value(&self, run: &[u8]) -> u64 {
        u64::from(self.of[slot(run)].saturating_sub(1))
    }

    /// The piece of `bytes` that covers most, with its score; runs without value at its ends are cut off.
    fn best<'a>(&self, bytes: &'a [u8]) -> Option<(u64, &'a [u8])> {
        if bytes.len() < RUN {
            return None;
        }
        let values: Vec<u64> = bytes.windows(RUN).map(|run| self.value(run)).collect();
        let length = (PIECE - RUN + 1).min(values.len());
        let mut score: u64 = values[..length].iter().sum();
        let mut best = (score, 0);
        for start in 1..=values.len() - length {
            score = score + values[start + length - 1] - values[start - 1];
            if score > best.0 {
                best = (score, start);
            }
        }
        let (score, start) = best;
        let inside = &values[start..start + length];
        let first = inside.iter().position(|value| *value > 0)?;
        let last = inside.iter().rposition(|value| *value > 0)?;
        Some((score, &bytes[start + first..start + last + RUN]))
    }

    /// What is chosen once is worth nothing more.
    fn forget(&mut self, piece: &[u8]) {
        for run in piece.windows(RUN) {
            self.of[slot(run)] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(number: usize) -> Vec<u8> {
        let common = "{\"name\":\"find_airport\",\"arguments\":{\"city\":";
        format!("{number:07}{common}\"{:x}\"}}}}", number * 7_919).into_bytes()
    }

    #[test]
    fn what_is_common_is_learnt_and_what_is_not_is_left_out() {
        let samples: Vec<Vec<u8>> = (0..50).map(sample).collect();
        let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
        let dictionary = train(&samples, 4096).expect("enough samples");
        let text = String::from_utf8_lossy(&dictionary);
        assert!(text.contains("\"name\":\"find_airport\",\"arguments\":{\"city\":"), "{text}");
        let total: usize = samples.iter().map(|sample| sample.len()).sum();
        assert!(dictionary.len() * 2 < total, "{} of {total} bytes: {text}", dictionary.len());
        assert_eq!(train(&samples, 4096), Some(dictionary), "the same samples give the same bytes");
        assert_eq!(train(&samples[..3], 4096), None);
    }

    #[test]
    fn a_dictionary_makes_small_payloads_smaller() {
        let samples: Vec<Vec<u8>> = (0..100).map(sample).collect();
        let dictionary = train(&samples[..50].iter().map(Vec::as_slice).collect::<Vec<_>>(), 4096).expect("enough");
        let size = |mut compressor: zstd::bulk::Compressor<'_>| {
            samples[50..].iter().map(|sample| compressor.compress(sample).expect("compresses").len()).sum::<usize>()
        };
        let plain = size(zstd::bulk::Compressor::new(3).expect("level 3"));
        let with = size(zstd::bulk::Compressor::with_dictionary(3, &dictionary).expect("level 3"));
        assert!(with * 10 < plain * 6, "{with} of {plain} bytes");
    }
}
