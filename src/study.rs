//! The table of a study: every arm over all of its seeds, computed from the run file alone.
//!
//! Estimates are means over seeds and tasks; their intervals resample both ([`crossed_bootstrap`]). Differences are taken cell by
//! cell, between results under the same seed on the same task, and resampled likewise: what a seed or a task does to both
//! sides cancels. All intervals of a table draw the same resamples.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use coevo_core::episode::Stage;
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::stats::{Estimate, crossed_bootstrap, mean, median};
use coevo_core::task::TaskRef;
use coevo_loop::run::test_commits;
use coevo_scenarios::{ResolvedScenario, Select};
use coevo_trace::{CommitKey, EpisodeFilter, Result, RunFile};
use serde::Serialize;

use crate::table::{Arm, DevPoint, grid, points};

const RESAMPLES: u32 = 2000;
/// The arm that the others are compared with; the last one where none is called so.
const SUBJECT: &str = "coevo";
/// Levels of dev success at most, and how far they lie apart.
const LEVELS: usize = 5;
const STEP: f64 = 0.05;

/// A study with everything that its table shows.
#[derive(Debug, Serialize)]
pub struct Study {
    pub seeds: Vec<u64>,
    /// What the others are compared with.
    pub subject: String,
    /// Which policy was tested: `last` or `best_dev`.
    pub select: Select,
    pub resamples: u32,
    pub categories: Vec<String>,
    /// Environments that were only tested on.
    pub elsewhere: Vec<String>,
    /// Levels of dev success that [`Family::reached`] is about.
    pub levels: Vec<f64>,
    /// The policies that training began with.
    pub before: Option<Results>,
    pub families: Vec<Family>,
}

/// Test success over seeds.
#[derive(Debug, Serialize)]
pub struct Results {
    /// Seeds that are tested.
    pub seeds: usize,
    pub all: Estimate,
    pub categories: BTreeMap<String, Estimate>,
    pub elsewhere: BTreeMap<String, Estimate>,
    /// Share of test turns by dominant label.
    pub labels: BTreeMap<String, f64>,
    #[serde(skip)]
    cells: Cells,
}

/// One arm of the file over its seeds.
#[derive(Debug, Serialize)]
pub struct Family {
    pub name: String,
    /// Absent where no seed is tested yet.
    pub after: Option<Results>,
    pub gain: Option<Estimate>,
    /// The subject's success minus this arm's.
    pub subject_minus: Option<Estimate>,
    /// Success on each other environment, after minus before.
    pub gain_elsewhere: BTreeMap<String, Estimate>,
    /// The subject's success there minus this arm's.
    pub subject_minus_elsewhere: BTreeMap<String, Estimate>,
    /// Dev success with the evolved cues minus without, at the last evaluation; absent where nothing was probed then.
    pub gap: Option<Gap>,
    /// Second tries at failed turns that cues could speak to; absent where there were none.
    pub second_tries: Option<SecondTries>,
    /// Training episodes of one seed so far; of the one that has most.
    pub rollouts: u32,
    /// By level: rollouts until dev success first reached it.
    pub reached: Vec<Reached>,
    /// The rounds whose policies were tested, by seed.
    pub selected: Vec<u32>,
    /// Dev success by round, mean over the seeds that are there.
    pub dev: Vec<(u32, f64)>,
}

/// A weaning gap, over the seeds that were probed.
#[derive(Debug, Serialize)]
pub struct Gap {
    #[serde(flatten)]
    pub estimate: Estimate,
    pub seeds: usize,
}

/// How second tries at failed turns went, over all rounds and seeds: those that were shown the cues, and those that were not.
#[derive(Debug, Default, Serialize)]
pub struct SecondTries {
    pub with: Tries,
    pub without: Tries,
}

/// Turns that were tried again, and how many of them passed.
#[derive(Debug, Default, Serialize)]
pub struct Tries {
    pub passed: u64,
    pub of: u64,
}

impl Tries {
    /// Adds what a round's metrics say of one side.
    fn add(&mut self, metrics: &BTreeMap<String, f64>, side: &str) {
        let value = |name: &str| metrics.get(&format!("retry/{side}{name}")).copied();
        if let (Some(share), Some(of)) = (value(""), value("_of")) {
            self.of += of as u64;
            self.passed += (share * of).round() as u64;
        }
    }

    fn cells(&self) -> [String; 2] {
        let share =
            if self.of == 0 { "-".to_owned() } else { format!("{:.1}", 100.0 * self.passed as f64 / self.of as f64) };
        [share, self.of.to_string()]
    }
}

/// Rollouts until a level was reached.
#[derive(Debug, Serialize)]
pub struct Reached {
    /// Median over seeds; absent where half of them or more never did.
    pub median: Option<f64>,
    /// Seeds that reached it, of those that were evaluated.
    pub seeds: usize,
    pub of: usize,
}

/// Rewards by seed and task, category by category.
#[derive(Clone, Debug, Default)]
struct Cells {
    rewards: BTreeMap<u64, BTreeMap<TaskRef, f64>>,
    elsewhere: BTreeMap<String, BTreeMap<u64, BTreeMap<TaskRef, f64>>>,
    category: BTreeMap<TaskRef, String>,
}

impl Study {
    /// Reads the study of a run, finished or not; `arms` are those of its table, `metrics` those of its commits. `None` where the
    /// scenario has no seeds.
    ///
    /// # Errors
    /// Where the run file cannot be read.
    pub fn of(
        run: &RunFile,
        scenario: &ResolvedScenario,
        arms: &[Arm],
        metrics: &[(CommitKey, BTreeMap<String, f64>)],
    ) -> Result<Option<Self>> {
        if scenario.seeds.is_empty() {
            return Ok(None);
        }
        let names = scenario.families();
        let subject = names.iter().find(|name| **name == SUBJECT).or(names.last()).map_or("", |name| name).to_owned();
        let elsewhere: Vec<String> = run.header().others.iter().map(|other| other.env.name.clone()).collect();
        let key = StreamKey::new(scenario.base.seed, Purpose::Bootstrap);
        let levels = levels(&names, scenario, arms);
        let mut before = Cells::default();
        let mut families = Vec::new();
        for name in &names {
            let mut cells = Cells::default();
            let mut labels: Vec<&BTreeMap<String, f64>> = Vec::new();
            let mut gaps: BTreeMap<u64, BTreeMap<TaskRef, f64>> = BTreeMap::new();
            let (mut selected, mut rollouts, mut tries) = (Vec::new(), 0, SecondTries::default());
            let mut curves: Vec<&[DevPoint]> = Vec::new();
            for (plan, arm) in scenario.arms.iter().zip(arms).filter(|(plan, _)| plan.family == *name) {
                let seed = plan.settings.seed;
                rollouts = rollouts.max(arm.training_episodes);
                let (baseline, (tested, round)) = test_commits(scenario, &plan.name);
                cells.read(run, &tested, round, seed)?;
                if let Some(baseline) = baseline.filter(|_| !before.rewards.contains_key(&seed)) {
                    before.read(run, &baseline, 0, seed)?;
                }
                labels.extend(arm.after.as_ref().map(|after| &after.labels));
                selected.extend(arm.selected);
                if let Some(last) = arm.dev.last() {
                    gaps.extend(gap(run, &plan.name, last.round)?.map(|gap| (seed, gap)));
                }
                curves.push(&arm.dev);
                for (_, of_round) in metrics.iter().filter(|(commit, _)| commit.arm == plan.name) {
                    tries.with.add(of_round, "with_cues");
                    tries.without.add(of_round, "without");
                }
            }
            families.push(Family {
                name: (*name).to_owned(),
                gain: between(&before.rewards, &cells.rewards, key),
                subject_minus: None,
                gain_elsewhere: elsewhere
                    .iter()
                    .filter_map(|env| {
                        let (before, after) = (before.elsewhere.get(env)?, cells.elsewhere.get(env)?);
                        Some((env.clone(), between(before, after, key)?))
                    })
                    .collect(),
                subject_minus_elsewhere: BTreeMap::new(),
                gap: estimate(&gaps, key).map(|estimate| Gap { estimate, seeds: gaps.len() }),
                second_tries: (tries.with.of + tries.without.of > 0).then_some(tries),
                rollouts,
                reached: levels.iter().map(|level| reached(&curves, *level)).collect(),
                selected,
                dev: mean_curve(&curves),
                after: Results::of(cells, &labels, key),
            });
        }
        let of_subject = families.iter().position(|family| family.name == subject).expect("it is one of them");
        let subject_cells = families[of_subject].after.as_ref().map(|after| after.cells.clone()).unwrap_or_default();
        for (number, family) in families.iter_mut().enumerate() {
            let Some(after) = family.after.as_ref().filter(|_| number != of_subject) else { continue };
            family.subject_minus = between(&after.cells.rewards, &subject_cells.rewards, key);
            let there = |env: &String| between(after.cells.elsewhere.get(env)?, subject_cells.elsewhere.get(env)?, key);
            family.subject_minus_elsewhere =
                elsewhere.iter().filter_map(|env| Some((env.clone(), there(env)?))).collect();
        }
        let baselines: Vec<&BTreeMap<String, f64>> =
            arms.iter().filter_map(|arm| arm.before.as_ref()).map(|before| &before.labels).collect();
        let before = Results::of(before, &baselines, key);
        let categories: BTreeSet<String> = before
            .iter()
            .chain(families.iter().filter_map(|f| f.after.as_ref()))
            .flat_map(|r| r.categories.keys().cloned())
            .collect();
        Ok(Some(Self {
            seeds: scenario.seeds.clone(),
            subject,
            select: scenario.base.evaluation.select,
            resamples: RESAMPLES,
            categories: categories.into_iter().collect(),
            elsewhere,
            levels,
            before,
            families,
        }))
    }
}

impl Cells {
    /// Adds what one policy did on test and elsewhere.
    fn read(&mut self, run: &RunFile, arm: &str, round: u32, seed: u64) -> Result<()> {
        for stage in [Stage::Test, Stage::Transfer] {
            let filter = EpisodeFilter {
                arm: Some(arm.to_owned()),
                stage: Some(stage),
                round: Some(round),
                ..EpisodeFilter::default()
            };
            for episode in run.episodes(&filter)? {
                let Some(reward) = episode.reward else { continue };
                let (task, passed) = (episode.key.task, f64::from(u8::from(reward >= 1.0)));
                let rewards = match stage {
                    Stage::Transfer => self.elsewhere.entry(task.env.clone()).or_default(),
                    _ => &mut self.rewards,
                };
                rewards.entry(seed).or_default().insert(task.clone(), passed);
                self.category.insert(task, episode.category);
            }
        }
        Ok(())
    }
}

impl Results {
    fn of(cells: Cells, labels: &[&BTreeMap<String, f64>], key: StreamKey) -> Option<Self> {
        let all = estimate(&cells.rewards, key)?;
        let mut of_category: BTreeMap<&String, BTreeMap<u64, BTreeMap<TaskRef, f64>>> = BTreeMap::new();
        for (seed, rewards) in &cells.rewards {
            for (task, reward) in rewards {
                let seeds = of_category.entry(&cells.category[task]).or_default();
                seeds.entry(*seed).or_default().insert(task.clone(), *reward);
            }
        }
        let categories =
            of_category.into_iter().filter_map(|(name, cells)| Some((name.clone(), estimate(&cells, key)?)));
        let elsewhere = cells.elsewhere.iter().filter_map(|(env, cells)| Some((env.clone(), estimate(cells, key)?)));
        let names: BTreeSet<&String> = labels.iter().flat_map(|labels| labels.keys()).collect();
        let share =
            |name: &String| mean(&labels.iter().map(|of| of.get(name).copied().unwrap_or(0.0)).collect::<Vec<_>>());
        Some(Self {
            seeds: cells.rewards.len(),
            all,
            categories: categories.collect(),
            elsewhere: elsewhere.collect(),
            labels: names.into_iter().map(|name| (name.clone(), share(name))).collect(),
            cells,
        })
    }
}

/// Mean and interval of results by seed and task; `None` for none.
fn estimate(cells: &BTreeMap<u64, BTreeMap<TaskRef, f64>>, key: StreamKey) -> Option<Estimate> {
    let tasks: BTreeSet<&TaskRef> = cells.values().flat_map(BTreeMap::keys).collect();
    let row = |of_seed: &BTreeMap<TaskRef, f64>| tasks.iter().map(|task| of_seed.get(*task).copied()).collect();
    let grid: Vec<Vec<Option<f64>>> = cells.values().map(row).collect();
    (!tasks.is_empty()).then(|| crossed_bootstrap(&grid, RESAMPLES, key))
}

/// `b − a`, over the seeds and tasks that both have.
fn between(
    a: &BTreeMap<u64, BTreeMap<TaskRef, f64>>,
    b: &BTreeMap<u64, BTreeMap<TaskRef, f64>>,
    key: StreamKey,
) -> Option<Estimate> {
    let differences = b.iter().filter_map(|(seed, b)| {
        let a = a.get(seed)?;
        Some((*seed, b.iter().filter_map(|(task, b)| Some((task.clone(), b - a.get(task)?))).collect()))
    });
    estimate(&differences.collect(), key)
}

/// With cues minus without on the dev tasks of one evaluation; `None` where it showed no cues.
fn gap(run: &RunFile, arm: &str, round: u32) -> Result<Option<BTreeMap<TaskRef, f64>>> {
    let rewards = |stage| {
        let filter = EpisodeFilter {
            arm: Some(arm.to_owned()),
            stage: Some(stage),
            round: Some(round),
            ..EpisodeFilter::default()
        };
        let episodes = run.episodes(&filter)?.into_iter();
        let rewards =
            episodes.filter_map(|episode| Some((episode.key.task, f64::from(u8::from(episode.reward? >= 1.0)))));
        Ok::<BTreeMap<TaskRef, f64>, coevo_trace::TraceError>(rewards.collect())
    };
    let with = rewards(Stage::Probe)?;
    if with.is_empty() {
        return Ok(None);
    }
    let without = rewards(Stage::Dev)?;
    Ok(Some(with.into_iter().filter_map(|(task, with)| Some((task.clone(), with - without.get(&task)?))).collect()))
}

/// Round levels of dev success that some arm reaches on average after its first evaluation: the highest ones.
fn levels(names: &[&str], scenario: &ResolvedScenario, arms: &[Arm]) -> Vec<f64> {
    let (mut first, mut best) = (f64::INFINITY, 0.0f64);
    for name in names {
        let of_family = scenario.arms.iter().zip(arms).filter(|(plan, _)| plan.family == *name);
        let curve = mean_curve(&of_family.map(|(_, arm)| &arm.dev[..]).collect::<Vec<_>>());
        first = curve.first().map_or(first, |(_, success)| first.min(*success));
        best = curve.iter().fold(best, |best, (_, success)| best.max(*success));
    }
    let (low, high) = ((first / STEP).floor() as u32, (best / STEP).floor() as u32);
    let levels: Vec<f64> = (low.saturating_add(1)..=high).map(|level| f64::from(level) * STEP).collect();
    levels[levels.len().saturating_sub(LEVELS)..].to_vec()
}

/// Mean over the curves that have a point, by round.
fn mean_curve(curves: &[&[DevPoint]]) -> Vec<(u32, f64)> {
    let mut by_round: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for point in curves.iter().copied().flatten() {
        by_round.entry(point.round).or_default().push(point.success);
    }
    by_round.into_iter().map(|(round, successes)| (round, mean(&successes))).collect()
}

fn reached(curves: &[&[DevPoint]], level: f64) -> Reached {
    // 0.35 is reached by 7 of 20, whose quotient is a little less.
    let first = |curve: &[DevPoint]| curve.iter().find(|p| p.success >= level - 1e-9).map(|p| p.rollouts as f64);
    let evaluated: Vec<f64> =
        curves.iter().filter(|curve| !curve.is_empty()).map(|curve| first(curve).unwrap_or(f64::INFINITY)).collect();
    let mut sorted = evaluated.clone();
    sorted.sort_by(f64::total_cmp);
    Reached {
        median: median(&sorted).filter(|median| median.is_finite()),
        seeds: evaluated.iter().filter(|at| at.is_finite()).count(),
        of: evaluated.len(),
    }
}

impl std::fmt::Display for Study {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        let chosen = match self.select {
            Select::Last => "each arm's last policy",
            Select::BestDev => "each arm's best policy on dev",
        };
        writeln!(
            f,
            "{} arms under the seeds {}; tested: {chosen}, without cues",
            self.families.len(),
            seeds.join(", ")
        )?;
        writeln!(
            f,
            "Means over seeds and tasks; intervals: 95 %, percentile bootstrap of {} resamples of seeds and of tasks",
            self.resamples
        )?;
        writeln!(f, "\nHeld-out test tasks, base interface, success %")?;
        f.write_str(&grid(&self.success_rows()))?;
        writeln!(
            f,
            "\nDifferences in points, same seeds and tasks; the weaning gap is dev with cues − without at the end"
        )?;
        f.write_str(&grid(&self.difference_rows()))?;
        if !self.levels.is_empty() {
            writeln!(f, "\nRollouts until dev success first reached a level: median over seeds (seeds that did)")?;
            f.write_str(&grid(&self.level_rows()))?;
        }
        if !self.elsewhere.is_empty() {
            writeln!(
                f,
                "\nTransfer: test tasks of environments that reinforcement never met, success % and differences in points"
            )?;
            f.write_str(&grid(&self.transfer_rows()))?;
        }
        let tries = self.second_try_rows();
        if tries.len() > 1 {
            writeln!(f, "\nSecond tries at failed turns that cues could speak to: passed, %, and number")?;
            f.write_str(&grid(&tries))?;
        }
        writeln!(f, "\nDev by round, base interface, %, mean over seeds")?;
        f.write_str(&grid(&self.dev_rows()))?;
        writeln!(f, "\nTurns by label on test, %, mean over seeds")?;
        f.write_str(&grid(&self.label_rows()))
    }
}

impl Study {
    /// Name and results of everything that was tested.
    fn tested(&self) -> Vec<(&str, Option<&Results>)> {
        let before = std::iter::once(("before", self.before.as_ref()));
        before.chain(self.families.iter().map(|family| (family.name.as_str(), family.after.as_ref()))).collect()
    }

    fn success_rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![vec!["arm".to_owned()]];
        rows[0].extend(self.categories.iter().cloned().chain(["all".to_owned(), "seeds".to_owned()]));
        for (name, results) in self.tested() {
            let mut row = vec![name.to_owned()];
            row.extend(self.categories.iter().map(|category| share(results.and_then(|r| r.categories.get(category)))));
            row.extend([share(results.map(|r| &r.all)), results.map_or(0, |r| r.seeds).to_string()]);
            rows.push(row);
        }
        rows
    }

    fn difference_rows(&self) -> Vec<Vec<String>> {
        let heads = ["arm", "after − before", "", "weaning gap", "rollouts a seed", "rounds chosen"];
        let mut rows = vec![heads.map(str::to_owned).to_vec()];
        rows[0][2] = format!("{} − arm", self.subject);
        for family in &self.families {
            let gap = family.gap.as_ref().map_or("not probed".to_owned(), |gap| {
                let seeds =
                    if gap.seeds < self.seeds.len() { format!(" ({} seeds)", gap.seeds) } else { String::new() };
                points(Some(gap.estimate)) + &seeds
            });
            let chosen: Vec<String> = family.selected.iter().map(u32::to_string).collect();
            let over = if family.name == self.subject { "·".to_owned() } else { points(family.subject_minus) };
            let row =
                [family.name.clone(), points(family.gain), over, gap, family.rollouts.to_string(), chosen.join(" ")];
            rows.push(row.to_vec());
        }
        rows
    }

    fn second_try_rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![["arm", "with cues", "of", "without", "of"].map(str::to_owned).to_vec()];
        for family in &self.families {
            if let Some(SecondTries { with, without }) = &family.second_tries {
                rows.push([[family.name.clone()].to_vec(), [with.cells(), without.cells()].concat()].concat());
            }
        }
        rows
    }

    fn level_rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![vec!["arm".to_owned()]];
        rows[0].extend(self.levels.iter().map(|level| format!("{:.0} %", 100.0 * level)));
        for family in &self.families {
            let cells = family.reached.iter().map(|reached| match reached.median {
                Some(median) => format!("{median:.0} ({}/{})", reached.seeds, reached.of),
                None => format!("never ({}/{})", reached.seeds, reached.of),
            });
            rows.push(std::iter::once(family.name.clone()).chain(cells).collect());
        }
        rows
    }

    fn transfer_rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![vec!["arm".to_owned()]];
        rows[0].extend(
            self.elsewhere
                .iter()
                .flat_map(|env| [env.clone(), "after − before".to_owned(), format!("{} − arm", self.subject)]),
        );
        for (number, (name, results)) in self.tested().into_iter().enumerate() {
            let mut row = vec![name.to_owned()];
            for env in &self.elsewhere {
                row.push(share(results.and_then(|r| r.elsewhere.get(env))));
                let gain = number.checked_sub(1).map(|at| self.families[at].gain_elsewhere.get(env).copied());
                row.push(gain.map_or(String::new(), points));
                let over = |family: &Family| match family.name == self.subject {
                    true => "·".to_owned(),
                    false => points(family.subject_minus_elsewhere.get(env).copied()),
                };
                row.push(number.checked_sub(1).map_or(String::new(), |at| over(&self.families[at])));
            }
            rows.push(row);
        }
        rows
    }

    fn dev_rows(&self) -> Vec<Vec<String>> {
        let rounds: BTreeSet<u32> =
            self.families.iter().flat_map(|family| family.dev.iter().map(|(round, _)| *round)).collect();
        let mut rows = vec![vec!["arm".to_owned()]];
        rows[0].extend(rounds.iter().map(u32::to_string));
        for family in &self.families {
            let at = |round: &u32| family.dev.iter().find(|(known, _)| known == round);
            let cells =
                rounds.iter().map(|round| at(round).map_or("-".to_owned(), |(_, s)| format!("{:.1}", 100.0 * s)));
            rows.push(std::iter::once(family.name.clone()).chain(cells).collect());
        }
        rows
    }

    fn label_rows(&self) -> Vec<Vec<String>> {
        let seen = |label: &&str| self.tested().iter().any(|(_, r)| r.is_some_and(|r| r.labels.contains_key(*label)));
        let labels: Vec<&str> = coevo_core::label::Label::all().map(|label| label.name()).filter(seen).collect();
        let mut rows = vec![vec!["arm".to_owned()]];
        rows[0].extend(labels.iter().map(|label| (*label).to_owned()));
        for (name, results) in self.tested() {
            let share = |label: &&str| {
                results
                    .map_or("-".to_owned(), |r| format!("{:.1}", 100.0 * r.labels.get(*label).copied().unwrap_or(0.0)))
            };
            rows.push(std::iter::once(name.to_owned()).chain(labels.iter().map(share)).collect());
        }
        rows
    }
}

fn share(estimate: Option<&Estimate>) -> String {
    let mut text = String::new();
    match estimate {
        Some(e) => {
            let _ = write!(text, "{:.1} [{:.1}, {:.1}]", 100.0 * e.value, 100.0 * e.low, 100.0 * e.high);
        }
        None => text.push('-'),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(of: &[&[f64]]) -> BTreeMap<u64, BTreeMap<TaskRef, f64>> {
        let task = |index: usize| TaskRef { env: "e".into(), split: "test".into(), index: index as u32, seed: 0 };
        let row = |row: &&[f64]| row.iter().enumerate().map(|(index, cell)| (task(index), *cell)).collect();
        of.iter().enumerate().map(|(seed, of_seed)| (seed as u64, row(of_seed))).collect()
    }

    #[test]
    fn differences_are_taken_cell_by_cell() {
        let key = StreamKey::new(1, Purpose::Bootstrap);
        let before = cells(&[&[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0]]);
        // One better than before in every cell: no spread at all, however much the cells differ.
        let after = cells(&[&[1.0, 2.0, 1.0], &[1.0, 1.0, 2.0]]);
        assert_eq!(between(&before, &after, key), Some(Estimate { value: 1.0, low: 1.0, high: 1.0 }));
        // A task or a seed that only one side has does not count.
        let after = cells(&[&[1.0, 2.0, 1.0, 9.0], &[1.0], &[7.0]]);
        assert_eq!(between(&before, &after, key).map(|e| e.value), Some(1.0));
        assert_eq!(between(&before, &BTreeMap::new(), key), None);
    }

    #[test]
    fn levels_are_reached_when_half_of_the_seeds_have_reached_them() {
        let curve = |successes: &[f64]| -> Vec<DevPoint> {
            let point = |(s, round): (&f64, u32)| DevPoint {
                round,
                rollouts: 100 * u64::from(round),
                success: *s,
                with_cues: None,
            };
            successes.iter().zip(1..).map(point).collect()
        };
        let curves = [curve(&[0.2, 0.35]), curve(&[0.4, 0.3]), curve(&[0.1, 0.2]), curve(&[])];
        let curves: Vec<&[DevPoint]> = curves.iter().map(Vec::as_slice).collect();
        for (level, median, seeds) in [(0.1, Some(100.0), 3), (0.35, Some(200.0), 2), (0.4, None, 1), (0.5, None, 0)] {
            let found = reached(&curves, level);
            assert_eq!((found.median, found.seeds, found.of), (median, seeds, 3), "{level}");
        }
        assert_eq!(mean_curve(&curves), [(1, mean(&[0.2, 0.4, 0.1])), (2, mean(&[0.35, 0.3, 0.2]))]);
    }
}
