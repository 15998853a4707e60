//! Several runs of one scenario together: what an arm bought on average, with the spread between seeds in the interval.

use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::stats::{Estimate, mean};
use serde::Serialize;

use super::data::RunReport;
use crate::table::Arm;

const RESAMPLES: u32 = 2000;

/// One arm in all runs that finished it.
#[derive(Debug, Serialize)]
pub struct AcrossArm {
    pub name: String,
    pub runs: u32,
    /// Mean over the runs of the test success after the last round.
    pub after: f64,
    /// Mean over the runs of after − before on the same tasks.
    pub gain: Option<Estimate>,
    /// Mean over the runs of after − the first arm's after on the same tasks.
    pub over_first: Option<Estimate>,
}

/// `None` for one run, or for runs of different scenarios or environments, which have no common mean.
pub fn across(runs: &[RunReport]) -> Option<Vec<AcrossArm>> {
    let first = runs.first()?;
    let alike = |run: &RunReport| run.scenario == first.scenario && run.environment == first.environment;
    if runs.len() < 2 || !runs.iter().all(alike) {
        return None;
    }
    let arms = first.arms.iter().map(|arm| arm.name.as_str());
    Some(arms.filter_map(|name| arm(runs, name, first.seed)).collect())
}

fn arm(runs: &[RunReport], name: &str, seed: u64) -> Option<AcrossArm> {
    let found = |run: &'_ RunReport| run.closing.arms.iter().position(|arm| arm.name == name);
    let of = |difference: fn(&RunReport, &Arm) -> Vec<f64>| -> Vec<Vec<f64>> {
        let differences = runs.iter().filter_map(|run| Some(difference(run, &run.closing.arms[found(run)?])));
        differences.filter(|differences| !differences.is_empty()).collect()
    };
    let after: Vec<f64> = runs
        .iter()
        .filter_map(|run| run.closing.arms[found(run)?].after.as_ref())
        .map(|measured| f64::from(measured.all.passed) / f64::from(measured.all.scored.max(1)))
        .collect();
    let gain = of(|_, arm| arm.differences(arm.before.as_ref()));
    let is_first = runs[0].arms.first().is_some_and(|first| first.name == name);
    let over_first = of(|run, arm| arm.differences(run.closing.arms.first().and_then(|first| first.after.as_ref())));
    let key = StreamKey::new(seed, Purpose::Bootstrap);
    (!after.is_empty()).then(|| AcrossArm {
        name: name.to_owned(),
        runs: after.len() as u32,
        after: mean(&after),
        gain: clustered(&gain, key),
        over_first: if is_first { None } else { clustered(&over_first, key) },
    })
}

/// 95 % interval of the mean of the runs' means: runs are drawn with replacement, then tasks within each.
fn clustered(runs: &[Vec<f64>], key: StreamKey) -> Option<Estimate> {
    if runs.is_empty() {
        return None;
    }
    let mut stream = key.stream();
    let mut draw = |below: usize| stream.below(below as u64) as usize;
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn = (0..runs.len()).map(|_| {
                let run = &runs[draw(runs.len())];
                (0..run.len()).map(|_| run[draw(run.len())]).sum::<f64>() / run.len() as f64
            });
            drawn.sum::<f64>() / runs.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((means.len() - 1) as f64 * share).round() as usize];
    let value = mean(&runs.iter().map(|run| mean(run)).collect::<Vec<f64>>());
    Some(Estimate { value, low: at(0.025), high: at(0.975) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_between_runs_widens_the_interval() {
        let key = StreamKey::new(1, Purpose::Bootstrap);
        let run = |share: usize| (0..200).map(|task| f64::from(u8::from(task < share))).collect::<Vec<f64>>();
        let alike = clustered(&[run(40), run(40), run(40), run(40)], key).expect("runs");
        let apart = clustered(&[run(0), run(20), run(60), run(80)], key).expect("runs");
        assert!((alike.value - 0.2).abs() < 1e-12 && (apart.value - 0.2).abs() < 1e-12);
        assert!(apart.high - apart.low > 2.0 * (alike.high - alike.low), "{apart:?} {alike:?}");
        assert_eq!(clustered(&[], key), None);
    }
}
