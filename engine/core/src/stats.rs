//! Intervals for success rates and for differences of paired results.

use serde::{Deserialize, Serialize};

use crate::seed::{Stream, StreamKey};

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Arithmetic mean; 0 for nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The middle one of values in ascending order, or the mean of the middle two; `None` of nothing.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    Some((sorted[last / 2] + sorted[sorted.len() / 2]) / 2.0)
}

/// Sample standard deviation (n − 1); 0 for fewer than two values.
pub fn sample_std(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = mean(values);
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// 0.975 quantile of the standard normal.
const Z: f64 = 1.959_963_984_540_054;

/// Wilson's 95 % score interval of a success rate; 0..1 for no trials.
pub fn wilson(successes: u32, trials: u32) -> Estimate {
    if trials == 0 {
        return Estimate { value: 0.0, low: 0.0, high: 1.0 };
    }
    let (n, p) = (f64::from(trials), f64::from(successes) / f64::from(trials));
    let centre = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Estimate { value: p, low: ((centre - spread) / scale).max(0.0), high: ((centre + spread) / scale).min(1.0) }
}

/// 95 % interval of a mean by the percentile bootstrap. `value` is the mean of `values`.
pub fn bootstrap_mean(values: &[f64], resamples: u32, key: StreamKey) -> Estimate {
    let value = mean(values);
    if values.len() < 2 || resamples == 0 {
        return Estimate { value, low: value, high: value };
    }
    let mut stream = key.stream();
    let n = values.len();
    let mut means: Vec<f64> = (0..resamples)
        .map(|_| (0..n).map(|_| values[stream.below(n as u64) as usize]).sum::<f64>() / n as f64)
        .collect();
    means.sort_by(f64::total_cmp);
    Estimate { value, low: quantile(&means, 0.025), high: quantile(&means, 0.975) }
}

/// 95 % interval of `mean(b − a)` by the percentile bootstrap over pairs: tasks that both were tried on.
///
/// # Panics
/// Where the slices differ in length.
pub fn paired_bootstrap(a: &[f64], b: &[f64], resamples: u32, key: StreamKey) -> Estimate {
    assert_eq!(a.len(), b.len(), "pairs have two sides");
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    bootstrap_mean(&differences, resamples, key)
}

/// 95 % interval of the mean of `grid[seed][task]` by the percentile bootstrap over both: every resample draws seeds and,
/// for all of them the same, tasks. `None` is a cell that was not scored; `value` is the mean of the others.
///
/// Seeds and tasks are crossed (every seed meets every task), so resampling cells would take their common ups and downs for
/// noise that averages out. A single seed is not resampled: the interval is then about tasks only. With few seeds, resampling
/// them understates their spread by a factor of √((n − 1)/n) in width, 0.89 for 5.
///
/// # Panics
/// Where rows differ in length.
pub fn crossed_bootstrap(grid: &[Vec<Option<f64>>], resamples: u32, key: StreamKey) -> Estimate {
    let tasks = grid.first().map_or(0, Vec::len);
    assert!(grid.iter().all(|row| row.len() == tasks), "every seed has every task, scored or not");
    let value = mean(&grid.iter().flatten().flatten().copied().collect::<Vec<_>>());
    let mut stream = key.stream();
    let mut means = Vec::with_capacity(resamples as usize);
    let (mut of_seed, mut of_task) = (vec![1.0; grid.len()], vec![0.0; tasks]);
    for _ in 0..resamples {
        if grid.len() > 1 {
            draw(&mut of_seed, &mut stream);
        }
        draw(&mut of_task, &mut stream);
        let (mut sum, mut cells) = (0.0, 0.0);
        for (row, seed) in grid.iter().zip(&of_seed).filter(|(_, times)| **times > 0.0) {
            for (cell, task) in row.iter().zip(&of_task) {
                if let Some(cell) = cell {
                    sum += seed * task * cell;
                    cells += seed * task;
                }
            }
        }
        // A resample of unscored cells only has no mean.
        if cells > 0.0 {
            means.push(sum / cells);
        }
    }
    if means.is_empty() {
        return Estimate { value, low: value, high: value };
    }
    means.sort_by(f64::total_cmp);
    Estimate { value, low: quantile(&means, 0.025), high: quantile(&means, 0.975) }
}

/// How often each of `counts.len()` things is drawn in as many draws with replacement.
fn draw(counts: &mut [f64], stream: &mut Stream) {
    counts.fill(0.0);
    for _ in 0..counts.len() {
        counts[stream.below(counts.len() as u64) as usize] += 1.0;
    }
}

/// Linear interpolation between the order statistics of sorted, non-empty `values`.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q * (sorted.len() - 1) as f64;
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Purpose;

    fn near(got: f64, wanted: f64, tolerance: f64) {
        assert!((got - wanted).abs() <= tolerance, "{got} is not {wanted} ± {tolerance}");
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |values: &[f64]| median(values);
        assert_eq!(
            (of(&[]), of(&[3.0]), of(&[1.0, 2.0]), of(&[1.0, 2.0, 9.0])),
            (None, Some(3.0), Some(1.5), Some(2.0))
        );
        assert_eq!(of(&[1.0, f64::INFINITY]), Some(f64::INFINITY));
    }

    #[test]
    fn wilson_matches_published_values() {
        // Newcombe 1998, table I, method 3.
        let check = |r, n, low, high| {
            let estimate = wilson(r, n);
            near(estimate.low, low, 5e-5);
            near(estimate.high, high, 5e-5);
        };
        check(81, 263, 0.2553, 0.3662);
        check(15, 148, 0.0624, 0.1605);
        check(0, 20, 0.0, 0.1611);
        check(1, 29, 0.0061, 0.1718);
        assert_eq!(wilson(0, 0), Estimate { value: 0.0, low: 0.0, high: 1.0 });
    }

    #[test]
    fn bootstrap_agrees_with_the_normal_interval_and_repeats() {
        let key = StreamKey::new(3, Purpose::Bootstrap);
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 10 < 3)).collect();
        let estimate = bootstrap_mean(&values, 2000, key);
        let half = Z * (0.3f64 * 0.7 / 400.0).sqrt();
        near(estimate.value, 0.3, 1e-12);
        near(estimate.low, 0.3 - half, 0.006);
        near(estimate.high, 0.3 + half, 0.006);
        assert_eq!(estimate, bootstrap_mean(&values, 2000, key));
    }

    #[test]
    fn pairing_removes_what_both_sides_share() {
        let key = StreamKey::new(4, Purpose::Bootstrap);
        let a: Vec<f64> = (0..100).map(|i| f64::from(i % 2)).collect();
        let b: Vec<f64> = a.iter().map(|v| v + 0.25).collect();
        let estimate = paired_bootstrap(&a, &b, 500, key);
        assert_eq!((estimate.value, estimate.low, estimate.high), (0.25, 0.25, 0.25));
        assert_eq!(paired_bootstrap(&[], &[], 500, key).value, 0.0);
    }

    #[test]
    fn crossed_resampling_sees_both_spreads() {
        let key = StreamKey::new(5, Purpose::Bootstrap);
        let grid = |cell: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<Option<f64>>> {
            (0..16).map(|seed| (0..200).map(|task| Some(cell(seed, task))).collect()).collect()
        };
        // Only tasks differ: as one seed's tasks, however many seeds say the same.
        let tasks = crossed_bootstrap(&grid(&|_, task| f64::from(u8::from(task % 4 == 0))), 2000, key);
        let half = Z * (0.25f64 * 0.75 / 200.0).sqrt();
        near(tasks.value, 0.25, 1e-12);
        near(tasks.low, 0.25 - half, 0.01);
        near(tasks.high, 0.25 + half, 0.01);
        // Only seeds differ: as 16 values, however many tasks say the same.
        let seeds = crossed_bootstrap(&grid(&|seed, _| f64::from(u8::from(seed % 2 == 0))), 2000, key);
        near(seeds.high - seeds.low, 2.0 * Z * 0.5 / 4.0, 0.05);
        // Neither: no interval. One seed: tasks only.
        let none = crossed_bootstrap(&grid(&|_, _| 0.3), 200, key);
        near(none.high - none.low, 0.0, 1e-9);
        let one = vec![(0..200).map(|task| Some(f64::from(u8::from(task % 4 == 0)))).collect::<Vec<_>>()];
        near(crossed_bootstrap(&one, 2000, key).high, 0.25 + half, 0.01);
    }

    #[test]
    fn unscored_cells_reach_neither_mean_nor_interval() {
        let key = StreamKey::new(6, Purpose::Bootstrap);
        let holes = vec![vec![Some(1.0), None, Some(1.0)], vec![None, None, Some(1.0)]];
        assert_eq!(crossed_bootstrap(&holes, 100, key), Estimate { value: 1.0, low: 1.0, high: 1.0 });
        assert_eq!(crossed_bootstrap(&[vec![None]], 100, key), Estimate { value: 0.0, low: 0.0, high: 0.0 });
        assert_eq!(crossed_bootstrap(&[], 100, key).value, 0.0);
    }

    #[test]
    fn deviation_is_the_sample_one() {
        near(sample_std(&[1.0, 2.0, 3.0, 4.0]), 1.290_994_448_735_805_6, 1e-12);
        assert_eq!((sample_std(&[5.0]), mean(&[])), (0.0, 0.0));
    }
}
