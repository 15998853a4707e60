//! `coevo bench explain`: how often the root cause that was planted in an oracle episode is named.

use std::collections::BTreeMap;

use coevo_envs::SHIPPED;
use coevo_loop::plant::{Finding, Harm, Trial, campaign};
use serde_json::{Value, json};

use super::{Failure, env};

/// Failures to explain, of each environment.
const WANTED: usize = 400;
/// Oracle episodes that are tried at most.
const MOST: u32 = 2000;
const SEED: u64 = 20_261;

/// Harmless departures beside a planted cause, at most; and without any.
const DECOYS: [usize; 2] = [0, 2];

/// Plants and explains in every shipped environment that has tasks of its own, and in `also`.
pub fn explain(quiet: bool, also: &[String]) -> Result<Value, Failure> {
    let mut all = BTreeMap::new();
    for name in SHIPPED.iter().map(|(name, _)| *name).chain(also.iter().map(String::as_str)) {
        let plugin = env::load(name)?;
        for decoys in DECOYS.into_iter().filter(|_| !plugin.spec().splits.is_empty()) {
            let trials = campaign(&plugin, SEED, decoys, WANTED, MOST);
            if !quiet {
                show(name, decoys, &trials);
            }
            let missed: Vec<&Trial> =
                trials.iter().filter(|t| t.finding.is_failure() && t.finding != Finding::Named).collect();
            let found = json!({"counts": counts(&trials), "missed": missed});
            all.insert(format!("{name}, up to {decoys} decoys"), found);
        }
    }
    Ok(json!(all))
}

/// Findings by harm.
fn counts(trials: &[Trial]) -> BTreeMap<&'static str, BTreeMap<&'static str, u32>> {
    let mut counts: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
    for trial in trials {
        let finding = match trial.finding {
            Finding::Harmless => "harmless",
            Finding::Unscored => "unscored",
            Finding::Named => "named",
            Finding::TurnOnly => "turn_only",
            Finding::Missed => "missed",
        };
        *counts.entry(trial.planted.harm.name()).or_default().entry(finding).or_default() += 1;
    }
    counts
}

fn show(name: &str, decoys: usize, trials: &[Trial]) {
    let counts = counts(trials);
    println!("explain ({name}): one call of an oracle episode harmed; of those that made it fail, what was named");
    if decoys > 0 {
        let with = trials.iter().filter(|trial| trial.planted.decoys > 0).count();
        println!("  among up to {decoys} harmless departures; {with} of {} trials have some", trials.len());
    }
    println!(
        "  {:8} {:>7} {:>8} {:>7} {:>12} {:>9} {:>7}",
        "harm", "planted", "harmless", "failed", "turn and call", "turn only", "missed"
    );
    let mut total = [0; 3];
    for harm in Harm::ALL {
        let of = |finding: &str| counts.get(harm.name()).and_then(|row| row.get(finding)).copied().unwrap_or(0);
        let row = [of("named"), of("turn_only"), of("missed")];
        let failed: u32 = row.iter().sum();
        let harmless = of("harmless") + of("unscored");
        println!(
            "  {:8} {:>7} {harmless:>8} {failed:>7} {:>13} {:>9} {:>7}",
            harm.name(),
            failed + harmless,
            row[0],
            row[1],
            row[2]
        );
        total.iter_mut().zip(row).for_each(|(total, count)| *total += count);
    }
    let failed: u32 = total.iter().sum();
    let late: Vec<&Trial> = trials.iter().filter(|trial| trial.is_late()).collect();
    let named = late.iter().filter(|trial| trial.finding == Finding::Named).count();
    println!("  {} failed in a later turn than the planted one, {named} of them named", late.len());
    println!("  {} of {failed} named: {:.1} %", total[0], 100.0 * f64::from(total[0]) / f64::from(failed.max(1)));
}
