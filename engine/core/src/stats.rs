//! Intervals for success rates and for differences of paired results.

use serde::{Deserialize, Serialize};

use crate::seed::StreamKey;

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

/// Sample standard deviation (n − 1); 0 for fewer than two values.
pub fn sample_std(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = mean(values);
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// Wilson's 95 % score interval of a success rate; 0..1 for no trials.
pub fn wilson(successes: u32, trials: u32) -> Estimate {
    todo!()
}

/// 95 % interval of a mean by the percentile bootstrap.
pub fn bootstrap_mean(values: &[f64], resamples: u32, key: StreamKey) -> Estimate {
    todo!()
}

/// 95 % interval of `mean(b − a)` by the percentile bootstrap over pairs.
///
/// # Panics
/// Where the slices differ in length.
pub fn paired_bootstrap(a: &[f64], b: &[f64], resamples: u32, key: StreamKey) -> Estimate {
    todo!()
}
