//! The closing table: what a run bought on held-out tasks with the base interface, computed from the run file alone.

use std::collections::BTreeMap;
use std::fmt::Write;

use coevo_core::episode::Stage;
use coevo_core::interface::{LineageNode, Mutation};
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::stats::{Estimate, median, paired_bootstrap, wilson};
use coevo_core::task::TaskRef;
use coevo_loop::run::test_commits;
use coevo_loop::testing::SELECTED;
use coevo_scenarios::ResolvedScenario;
use coevo_trace::{EpisodeFilter, Phase, Result, RunFile};
use serde::Serialize;

use crate::study::Study;

const RESAMPLES: u32 = 2000;

/// Changes of one arm's interface that are told one by one; more are told rule by rule.
const MOST_CHANGES: usize = 12;

/// Everything the table shows.
#[derive(Debug, Serialize)]
pub struct Table {
    pub scenario: String,
    pub environment: String,
    pub seed: u64,
    pub arms: Vec<Arm>,
    /// Of a scenario with `seeds`: its arms over them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub study: Option<Study>,
    /// Episodes of the warm start and the baseline that a fault left unscored.
    pub shared_faults: u32,
}

/// One arm.
#[derive(Debug, Serialize)]
pub struct Arm {
    pub name: String,
    /// Test success of the policy the arm began with; absent where it is not committed yet.
    pub before: Option<Measured>,
    /// Test success after the last round; absent where the arm has not finished.
    pub after: Option<Measured>,
    /// After minus before over the same tasks.
    pub gain: Option<Estimate>,
    /// After minus the first arm's after over the same tasks; of a study, the first arm under the same seed.
    pub over_first: Option<Estimate>,
    /// Dev success by round with the base interface, and with the evolved one where probed.
    pub dev: Vec<DevPoint>,
    /// The round whose policy was tested, where it was chosen by dev.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<u32>,
    /// Every cue that came or went.
    pub lineage: Vec<LineageNode>,
    /// Episodes of the arm that a fault left unscored.
    pub faults: u32,
    /// Episodes of its training rounds, tasks drawn in place of silent groups included.
    pub training_episodes: u32,
}

impl Arm {
    /// After minus `other`, task by task, where both were scored.
    pub fn differences(&self, other: Option<&Measured>) -> Vec<f64> {
        let (Some(after), Some(other)) = (&self.after, other) else { return Vec::new() };
        let both = after.rewards.iter().filter_map(|(task, after)| Some(after - other.rewards.get(task)?));
        both.collect()
    }
}

/// A measurement on the test split.
#[derive(Debug, Serialize)]
pub struct Measured {
    pub all: Rate,
    pub categories: BTreeMap<String, Rate>,
    /// Share of turns by dominant label.
    pub labels: BTreeMap<String, f64>,
    pub unscored: u32,
    #[serde(skip)]
    rewards: BTreeMap<TaskRef, f64>,
}

/// A success rate with its Wilson interval.
#[derive(Debug, Default, Serialize)]
pub struct Rate {
    pub passed: u32,
    pub scored: u32,
    pub interval: Option<Estimate>,
}

/// One evaluation on dev.
#[derive(Debug, Serialize)]
pub struct DevPoint {
    pub round: u32,
    /// Training episodes of the arm up to then, tasks drawn in place of silent groups included.
    pub rollouts: u64,
    pub success: f64,
    pub with_cues: Option<f64>,
}

impl Table {
    /// Reads a run, finished or not.
    ///
    /// # Errors
    /// Where the run file cannot be read.
    pub fn of(run: &RunFile, scenario: &ResolvedScenario) -> Result<Self> {
        let metrics = run.metrics()?;
        let mut arms: Vec<Arm> = Vec::new();
        for plan in &scenario.arms {
            let (before, after) = test_commits(scenario, &plan.name);
            let before = before.map(|arm| measured(run, &arm, 0)).transpose()?.flatten();
            let after = measured(run, &after.0, after.1)?;
            let seed = plan.settings.seed;
            let gain = pair(before.as_ref(), after.as_ref(), seed);
            let first =
                scenario.first_beside(&plan.name).and_then(|first| arms.iter().find(|arm| arm.name == first.name));
            let first = first.and_then(|arm: &Arm| arm.after.as_ref());
            let over_first = pair(first, after.as_ref(), seed);
            let mine = || metrics.iter().filter(|(key, _)| key.arm == plan.name);
            let spent = |values: &BTreeMap<String, f64>| values.get("train/rollouts").map_or(0, |count| *count as u64);
            let until =
                |round: u32| mine().filter(|(key, _)| key.round <= round).map(|(_, values)| spent(values)).sum();
            let dev = mine()
                .filter_map(|(key, values)| {
                    let (round, success) = (key.round, *values.get("dev/success")?);
                    let with_cues = values.get("probe/success").copied();
                    Some(DevPoint { round, rollouts: until(round), success, with_cues })
                })
                .collect();
            let unscored = EpisodeFilter { arm: Some(plan.name.clone()), unscored: Some(true), ..Default::default() };
            let faults = run.episodes(&unscored)?.len() as u32;
            let lineage = run.lineage(&plan.name)?;
            let mut of_test = mine().filter(|(key, _)| key.phase == Phase::Final);
            let selected = of_test.find_map(|(_, values)| values.get(SELECTED)).map(|round| *round as u32);
            let training_episodes = mine().map(|(_, values)| spent(values)).sum::<u64>() as u32;
            let name = plan.name.clone();
            arms.push(Arm { name, before, after, gain, over_first, dev, selected, lineage, faults, training_episodes });
        }
        let unscored = EpisodeFilter { unscored: Some(true), ..EpisodeFilter::default() };
        let shared = run.episodes(&unscored)?.into_iter().filter(|e| scenario.arm(&e.key.arm).is_none()).count();
        Ok(Self {
            shared_faults: shared as u32,
            scenario: scenario.name.clone(),
            environment: format!("{} {}", run.header().env.name, run.header().env.version),
            seed: scenario.base.seed,
            study: Study::of(run, scenario, &arms, &metrics)?,
            arms,
        })
    }
}

fn measured(run: &RunFile, arm: &str, round: u32) -> Result<Option<Measured>> {
    let filter = EpisodeFilter {
        arm: Some(arm.to_owned()),
        stage: Some(Stage::Test),
        round: Some(round),
        ..EpisodeFilter::default()
    };
    let episodes = run.episodes(&filter)?;
    if episodes.is_empty() {
        return Ok(None);
    }
    let mut found = Measured {
        all: Rate::default(),
        categories: BTreeMap::new(),
        labels: BTreeMap::new(),
        unscored: 0,
        rewards: BTreeMap::new(),
    };
    let mut turns = 0.0;
    for episode in episodes {
        let Some(reward) = episode.reward else {
            found.unscored += 1;
            continue;
        };
        for (label, _) in run.labels(episode.row)? {
            *found.labels.entry(label).or_default() += 1.0;
            turns += 1.0;
        }
        for rate in [&mut found.all, found.categories.entry(episode.category.clone()).or_default()] {
            rate.scored += 1;
            rate.passed += u32::from(reward >= 1.0);
        }
        found.rewards.insert(episode.key.task, reward);
    }
    found.labels.values_mut().for_each(|count| *count /= f64::max(turns, 1.0));
    for rate in found.categories.values_mut().chain([&mut found.all]) {
        rate.interval = Some(wilson(rate.passed, rate.scored));
    }
    Ok(Some(found))
}

/// Interval of the difference over the tasks that both scored.
fn pair(a: Option<&Measured>, b: Option<&Measured>, seed: u64) -> Option<Estimate> {
    let (a, b) = (a?, b?);
    let both = b.rewards.iter().filter_map(|(task, after)| Some((*a.rewards.get(task)?, *after)));
    let (a, b): (Vec<f64>, Vec<f64>) = both.unzip();
    (!a.is_empty()).then(|| paired_bootstrap(&a, &b, RESAMPLES, StreamKey::new(seed, Purpose::Bootstrap)))
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(study) = &self.study {
            writeln!(f, "{} on {}: {study}", self.scenario, self.environment)?;
            return self.fault_lines(f);
        }
        writeln!(f, "{} on {} (seed {})", self.scenario, self.environment, self.seed)?;
        writeln!(f, "\nHeld-out test tasks, base interface (no cues); success % with 95 % intervals")?;
        f.write_str(&grid(&self.success_rows()))?;
        writeln!(f, "\nDifferences on the same tasks, points, paired bootstrap 95 %")?;
        f.write_str(&grid(&self.difference_rows()))?;
        writeln!(f, "\nTurns by label on test, %")?;
        f.write_str(&grid(&self.label_rows()))?;
        let dev = self.dev_rows();
        if dev.len() > 1 {
            writeln!(f, "\nDev by round, base interface, % (in brackets: gap with the evolved cues shown)")?;
            f.write_str(&grid(&dev))?;
        }
        writeln!(f, "\nCues of the training environment")?;
        for arm in &self.arms {
            if arm.lineage.is_empty() {
                writeln!(f, "  {}: none", arm.name)?;
            }
            if arm.lineage.len() > MOST_CHANGES {
                for line in by_rule(&arm.lineage) {
                    writeln!(f, "  {} {line}", arm.name)?;
                }
                continue;
            }
            for node in &arm.lineage {
                let what = format!("{:?}", node.mutation).to_lowercase();
                let effect = node.effect.map_or(String::new(), |effect| format!(", effect {:+.1} pts", 100.0 * effect));
                let share = 100.0 * node.cause.prevalence();
                let text = &node.cue.text;
                writeln!(
                    f,
                    "  {} after round {}: {what} {} on {} ({share:.0} % of turns{effect}): {text}",
                    arm.name, node.round, node.cue.rule, node.cue.target
                )?;
            }
        }
        if self.arms.iter().any(|arm| arm.training_episodes != self.arms[0].training_episodes) {
            let spent: Vec<String> =
                self.arms.iter().map(|arm| format!("{} {}", arm.name, arm.training_episodes)).collect();
            writeln!(f, "\nBudgets differ. Training episodes: {}", spent.join(", "))?;
        }
        self.fault_lines(f)
    }
}

impl Table {
    fn fault_lines(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.shared_faults > 0 {
            writeln!(f, "\nshared stages: {} episodes unscored because of faults", self.shared_faults)?;
        }
        for arm in self.arms.iter().filter(|arm| arm.faults > 0) {
            writeln!(f, "\n{}: {} episodes unscored because of faults", arm.name, arm.faults)?;
        }
        Ok(())
    }

    fn columns(&self) -> Vec<(String, Option<&Measured>)> {
        let mut columns = Vec::new();
        for (number, arm) in self.arms.iter().enumerate() {
            let shared = number > 0 && same(arm.before.as_ref(), self.arms[0].before.as_ref());
            if !shared {
                let name = if number == 0 { "before".to_owned() } else { format!("{} before", arm.name) };
                columns.push((name, arm.before.as_ref()));
            }
            columns.push((arm.name.clone(), arm.after.as_ref()));
        }
        columns
    }

    fn success_rows(&self) -> Vec<Vec<String>> {
        let columns = self.columns();
        let mut rows = vec![header("", &columns)];
        let mut categories: Vec<&String> =
            columns.iter().filter_map(|(_, m)| *m).flat_map(|m| m.categories.keys()).collect();
        categories.sort();
        categories.dedup();
        for category in categories {
            let cell = |m: &Option<&Measured>| m.and_then(|m| m.categories.get(category)).map_or("-".into(), rate);
            rows.push(row(category, &columns, cell));
        }
        rows.push(row("all", &columns, |m| m.map_or("-".into(), |m| rate(&m.all))));
        rows
    }

    fn difference_rows(&self) -> Vec<Vec<String>> {
        let first = self.arms.first().map_or("", |arm| &arm.name);
        let mut rows = vec![vec!["arm".into(), "after − before".into(), format!("over {first}")]];
        for arm in &self.arms {
            let over = if arm.name == first { "·".to_owned() } else { points(arm.over_first) };
            rows.push(vec![arm.name.clone(), points(arm.gain), over]);
        }
        rows
    }

    fn label_rows(&self) -> Vec<Vec<String>> {
        let columns = self.columns();
        let mut rows = vec![header("", &columns)];
        for label in coevo_core::label::Label::all().map(|label| label.name()) {
            if columns.iter().any(|(_, m)| m.is_some_and(|m| m.labels.contains_key(label))) {
                let share = |m: &Measured| format!("{:.1}", 100.0 * m.labels.get(label).copied().unwrap_or(0.0));
                rows.push(row(label, &columns, |m| m.map_or("-".into(), share)));
            }
        }
        rows
    }

    fn dev_rows(&self) -> Vec<Vec<String>> {
        let mut rounds: Vec<u32> = self.arms.iter().flat_map(|arm| arm.dev.iter().map(|p| p.round)).collect();
        rounds.sort_unstable();
        rounds.dedup();
        let mut rows = vec![vec!["round".to_owned()]];
        rows[0].extend(self.arms.iter().map(|arm| arm.name.clone()));
        for round in rounds {
            let mut cells = vec![round.to_string()];
            for arm in &self.arms {
                cells.push(arm.dev.iter().find(|p| p.round == round).map_or("-".into(), |p| {
                    let gap =
                        p.with_cues.map_or(String::new(), |with| format!(" ({:+.1})", 100.0 * (with - p.success)));
                    format!("{:.1}{gap}", 100.0 * p.success)
                }));
            }
            rows.push(cells);
        }
        rows
    }
}

/// A line for each rule, in the order in which they first came: how many cues came and went, and what those did that were
/// tried. `coevo report` shows each.
fn by_rule(lineage: &[LineageNode]) -> Vec<String> {
    let mut rules: Vec<&str> = Vec::new();
    for node in lineage {
        if !rules.contains(&node.cue.rule.as_str()) {
            rules.push(&node.cue.rule);
        }
    }
    let line = |rule: &str| {
        let of_rule = || lineage.iter().filter(|node| node.cue.rule == rule);
        let count = |mutation| of_rule().filter(|node| node.mutation == mutation).count();
        let mut line = format!("{rule}: {} added", count(Mutation::Added));
        for (mutation, name) in [(Mutation::Faded, "faded"), (Mutation::Reverted, "reverted")] {
            if let times @ 1.. = count(mutation) {
                line.push_str(&format!(", {times} {name}"));
            }
        }
        let mut effects: Vec<f64> = of_rule().filter_map(|node| node.effect).map(|effect| 100.0 * effect).collect();
        effects.sort_by(f64::total_cmp);
        match effects.as_slice() {
            [] => {}
            [effect] => line.push_str(&format!(", effect {effect:+.1} pts")),
            [first, .., last] => {
                let median = median(&effects).expect("there are two");
                line.push_str(&format!(", effects {first:+.1} to {last:+.1} pts, median {median:+.1}"));
            }
        }
        let first = of_rule().next().expect("the rule has a node");
        format!("{line}; such as on {}: {}", first.cue.target, first.cue.text)
    };
    rules.into_iter().map(line).collect()
}

fn same(a: Option<&Measured>, b: Option<&Measured>) -> bool {
    a.map(|m| &m.rewards) == b.map(|m| &m.rewards)
}

fn header(corner: &str, columns: &[(String, Option<&Measured>)]) -> Vec<String> {
    std::iter::once(corner.to_owned()).chain(columns.iter().map(|(name, _)| name.clone())).collect()
}

fn row(
    name: &str,
    columns: &[(String, Option<&Measured>)],
    cell: impl Fn(&Option<&Measured>) -> String,
) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(columns.iter().map(|(_, m)| cell(m))).collect()
}

fn rate(rate: &Rate) -> String {
    let share = 100.0 * f64::from(rate.passed) / f64::from(rate.scored.max(1));
    match rate.interval {
        Some(interval) => format!("{share:.1} [{:.1}, {:.1}]", 100.0 * interval.low, 100.0 * interval.high),
        None => format!("{share:.1}"),
    }
}

pub(crate) fn points(estimate: Option<Estimate>) -> String {
    estimate.map_or("-".into(), |e| format!("{:+.1} [{:+.1}, {:+.1}]", 100.0 * e.value, 100.0 * e.low, 100.0 * e.high))
}

/// Cells in aligned columns: the first to the left, the others to the right.
pub(crate) fn grid(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        text.push_str("  ");
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            let _ = if column == 0 { write!(text, "{cell:<width$}") } else { write!(text, "   {cell:>width$}") };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}
