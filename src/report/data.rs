//! Every figure of a report, as data: what the page embeds, draws and prints, and what `--json` shows.
//!
//! Counts come from SQL aggregates; only the commits and a few example episodes are unpacked.

use std::collections::BTreeMap;

use coevo_core::episode::Stage;
use coevo_core::interface::{Cue, LineageNode, Mutation, Target};
use coevo_core::label::{Failure, Label};
use coevo_core::profile::{Profile, RoundCounts, Signal};
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::stats::{paired_bootstrap, wilson};
use coevo_loop::run::recorded_scenario;
use coevo_scenarios::ResolvedScenario;
use coevo_trace::{CommitKey, Phase, RunFile, Tally, stage_name};
use serde::Serialize;
use serde_json::Value;

use super::example::{Example, examples};
use crate::command::Failure as Refusal;
use crate::table::Table;

/// Resamples of the weaning gap's interval.
const RESAMPLES: u32 = 1000;

/// One run.
#[derive(Debug, Serialize)]
pub struct RunReport {
    /// As the user named it: what the commands to copy use.
    pub folder: String,
    pub scenario: String,
    pub environment: String,
    pub summary: String,
    pub seed: u64,
    /// Every arm has its final test.
    pub finished: bool,
    /// Rounds planned and committed by arm, in the order of the scenario.
    pub arms: Vec<ArmProgress>,
    pub episodes: u64,
    pub turns: u64,
    pub sampled_tokens: u64,
    pub closing: Table,
    pub success: Vec<Success>,
    pub labels: Vec<LabelShare>,
    pub gap: Vec<Gap>,
    pub cues: Vec<CueSpan>,
    pub failures: Vec<FailureCell>,
    pub metrics: Vec<Metric>,
    pub lengths: Vec<Lengths>,
    pub spread: Vec<Spread>,
    pub faults: Vec<Faults>,
    pub times: Vec<Time>,
    pub rates: Vec<Rate>,
    pub examples: Vec<Example>,
    pub scenario_yaml: String,
}

#[derive(Debug, Serialize)]
pub struct ArmProgress {
    pub name: String,
    pub rounds: u32,
    pub done: u32,
}

/// Success of one arm, stage and round; of one category, or of all where `category` is absent.
#[derive(Debug, Serialize)]
pub struct Success {
    pub arm: String,
    pub stage: &'static str,
    pub round: u32,
    pub category: Option<String>,
    pub passed: u32,
    pub scored: u32,
    /// Share, with Wilson's 95 % interval.
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Turns with one dominant label.
#[derive(Debug, Serialize)]
pub struct LabelShare {
    pub arm: String,
    pub stage: &'static str,
    pub round: u32,
    pub label: String,
    pub turns: u32,
    /// Of them, those that an earlier turn explains.
    pub cascaded: u32,
    /// Of all diagnosed turns of this arm, stage and round.
    pub share: f64,
}

/// With cues − without, on the same dev tasks, with the paired bootstrap's 95 % interval.
#[derive(Debug, Serialize)]
pub struct Gap {
    pub arm: String,
    pub round: u32,
    pub tasks: u32,
    pub without: f64,
    pub with: f64,
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// What the profile said.
#[derive(Debug, Serialize)]
pub struct Cause {
    pub count: u32,
    pub of: u32,
    pub share: f64,
    pub mean_reward: f64,
}

impl From<Signal> for Cause {
    fn from(signal: Signal) -> Self {
        Self { count: signal.count, of: signal.of, share: signal.prevalence(), mean_reward: signal.mean_reward }
    }
}

/// The time a cue was shown.
#[derive(Debug, Serialize)]
pub struct CueSpan {
    pub arm: String,
    pub rule: String,
    pub phi: Value,
    pub target: String,
    pub triggers: Vec<&'static str>,
    pub text: String,
    /// First round that showed it.
    pub from: u32,
    /// Last round that showed it; the last committed one where it is still shown.
    pub to: u32,
    /// `faded` or `reverted`; absent where it is still shown.
    pub ending: Option<&'static str>,
    /// Why it came.
    pub cause: Cause,
    /// Why it went.
    pub end_cause: Option<Cause>,
    /// Share of the failures with it minus the share without, as its comparison measures them; negative helps. Where all are
    /// shown it, rounds are compared, which have other tasks.
    pub effect: Option<f64>,
    /// The triggering failures in the rounds that had it, of the episodes that the profile counts.
    pub shown: Seen,
    /// The same in the scenario's first arm (of a study, under the same seed): same rounds, same tasks; absent for that arm, and where it showed the cue, too.
    pub control: Option<Seen>,
    #[serde(skip)]
    cue: Cue,
}

/// Turns with some failures at some target, of those that could have them.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Seen {
    pub count: u32,
    pub of: u32,
}

/// Training turns with a failure blamed on a tool, or on one of its arguments.
#[derive(Debug, Serialize)]
pub struct FailureCell {
    pub arm: String,
    pub tool: String,
    pub argument: Option<String>,
    pub failure: &'static str,
    pub turns: u32,
    /// Turns that called or needed the tool.
    pub of: u32,
}

#[derive(Debug, Serialize)]
pub struct Metric {
    pub arm: String,
    pub round: u32,
    pub name: String,
    /// Absent where it was not a number.
    pub value: Option<f64>,
}

/// Means per episode.
#[derive(Debug, Serialize)]
pub struct Lengths {
    pub arm: String,
    pub stage: &'static str,
    pub round: u32,
    pub episodes: u32,
    pub turns: f64,
    pub steps: f64,
    pub tokens: f64,
    pub sampled_tokens: f64,
}

#[derive(Debug, Serialize)]
pub struct Spread {
    pub arm: String,
    pub round: u32,
    pub groups: u32,
    /// Groups whose rewards differ.
    pub mixed: u32,
    pub mean_variance: f64,
}

#[derive(Debug, Serialize)]
pub struct Faults {
    pub arm: String,
    pub stage: &'static str,
    pub round: u32,
    pub boundary: String,
    pub episodes: u32,
}

#[derive(Debug, Serialize)]
pub struct Time {
    pub arm: String,
    pub phase: &'static str,
    pub round: u32,
    pub name: String,
    pub elapsed_ms: f64,
}

/// Tokens per second of wall-clock time.
#[derive(Debug, Serialize)]
pub struct Rate {
    pub arm: String,
    pub round: u32,
    /// `sampled` in rollouts, or `trained` in updates.
    pub what: &'static str,
    pub tokens: u64,
    pub elapsed_ms: f64,
    pub tokens_per_s: f64,
}

impl RunReport {
    /// Reads a run, finished or not.
    ///
    /// # Errors
    /// Where the run or its scenario cannot be read.
    pub fn of(run: &RunFile, folder: &str) -> Result<Self, Refusal> {
        let scenario = recorded_scenario(run)?;
        let tallies = run.tallies()?;
        let labels = run.label_tallies(3)?;
        let commits = run.commits()?;
        let metrics = run.metrics()?;
        let times = times(run)?;
        let lineages = Lineages::read(run, &commits, &scenario)?;
        let header = run.header();
        let arms: Vec<ArmProgress> = scenario.arms.iter().map(|plan| progress(plan, &commits)).collect();
        let tested = |arm: &str| commits.iter().any(|key| key.arm == arm && key.phase == Phase::Final);
        let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum();
        Ok(Self {
            folder: folder.to_owned(),
            scenario: scenario.name.clone(),
            environment: format!("{} {}", header.env.name, header.env.version),
            summary: header.env.summary.clone(),
            seed: scenario.base.seed,
            finished: arms.iter().all(|arm| tested(&arm.name)),
            arms,
            episodes: sum(|tally| u64::from(tally.episodes)),
            turns: sum(|tally| tally.turns),
            sampled_tokens: sum(|tally| tally.sampled_tokens),
            closing: Table::of(run, &scenario)?,
            success: success(&tallies),
            labels: label_shares(&labels.tallies),
            gap: gaps(run, &scenario)?,
            cues: lineages.spans,
            failures: lineages.failures,
            metrics: metrics.iter().flat_map(|(key, values)| training_metrics(key, values)).collect(),
            lengths: lengths(&tallies),
            spread: spreads(run)?,
            faults: faults(run)?,
            rates: rates(&tallies, &metrics, &times),
            times,
            examples: examples(run, &labels.examples)?,
            scenario_yaml: header.scenario_yaml.clone(),
        })
    }
}

fn progress(plan: &coevo_scenarios::ArmPlan, commits: &[CommitKey]) -> ArmProgress {
    let rounds = commits.iter().filter(|key| key.arm == plan.name && key.phase == Phase::Round);
    ArmProgress {
        name: plan.name.clone(),
        rounds: plan.settings.learner.rounds,
        done: rounds.map(|key| key.round).max().unwrap_or(0),
    }
}

/// Success by category, and of all categories together.
fn success(tallies: &[Tally]) -> Vec<Success> {
    // Arm, stage, round and category: passed and scored.
    type Place<'a> = (&'a str, Stage, u32, Option<&'a str>);
    let mut counts: BTreeMap<Place<'_>, (u32, u32)> = BTreeMap::new();
    for tally in tallies {
        for category in [None, Some(tally.category.as_str())] {
            let count = counts.entry((&tally.arm, tally.stage, tally.round, category)).or_default();
            *count = (count.0 + tally.passed, count.1 + tally.scored);
        }
    }
    let scored = counts.into_iter().filter(|(_, (_, scored))| *scored > 0);
    scored
        .map(|((arm, stage, round, category), (passed, scored))| {
            let interval = wilson(passed, scored);
            Success {
                arm: arm.to_owned(),
                stage: stage_name(stage),
                round,
                category: category.map(str::to_owned),
                passed,
                scored,
                value: interval.value,
                low: interval.low,
                high: interval.high,
            }
        })
        .collect()
}

fn label_shares(tallies: &[coevo_trace::LabelTally]) -> Vec<LabelShare> {
    let mut all: BTreeMap<(&str, Stage, u32), u32> = BTreeMap::new();
    for tally in tallies {
        *all.entry((&tally.arm, tally.stage, tally.round)).or_default() += tally.turns;
    }
    tallies
        .iter()
        .map(|tally| LabelShare {
            arm: tally.arm.clone(),
            stage: stage_name(tally.stage),
            round: tally.round,
            label: tally.label.clone(),
            turns: tally.turns,
            cascaded: tally.cascaded,
            share: f64::from(tally.turns) / f64::from(all[&(tally.arm.as_str(), tally.stage, tally.round)]),
        })
        .collect()
}

fn gaps(run: &RunFile, scenario: &ResolvedScenario) -> Result<Vec<Gap>, Refusal> {
    let interval = |((arm, round), probe): ((String, u32), coevo_trace::Probe)| {
        let key = StreamKey::new(scenario.base.seed, Purpose::Bootstrap).round(round);
        let found = paired_bootstrap(&probe.without, &probe.with, RESAMPLES, key);
        Gap {
            arm,
            round,
            tasks: probe.with.len() as u32,
            without: coevo_core::stats::mean(&probe.without),
            with: coevo_core::stats::mean(&probe.with),
            value: found.value,
            low: found.low,
            high: found.high,
        }
    };
    Ok(run.probes()?.into_iter().map(interval).collect())
}

/// What the commits of all arms say of cues and of blamed failures.
#[derive(Default)]
struct Lineages {
    spans: Vec<CueSpan>,
    failures: Vec<FailureCell>,
}

impl Lineages {
    fn read(run: &RunFile, commits: &[CommitKey], scenario: &ResolvedScenario) -> Result<Self, Refusal> {
        let mut found = Self::default();
        let mut counted: BTreeMap<(String, u32), RoundCounts> = BTreeMap::new();
        for arm in run.arms()? {
            let mut counts: BTreeMap<(String, Option<String>, Failure), u32> = BTreeMap::new();
            let mut seen: BTreeMap<String, u32> = BTreeMap::new();
            let mut lineage: Vec<LineageNode> = Vec::new();
            let mut last = 0;
            for key in commits.iter().filter(|key| key.arm == arm && key.phase == Phase::Round) {
                let Some(record) = run.commit_record(key)? else { continue };
                last = last.max(key.round);
                lineage = record.lineage;
                let profile = record.profile.and_then(|profile| serde_json::from_value::<Profile>(profile).ok());
                let rounds = profile.iter().flat_map(|profile| profile.rounds());
                for round in rounds.filter(|counts| counts.round == key.round) {
                    add_failures(round, &mut counts, &mut seen);
                    counted.insert((arm.clone(), key.round), round.clone());
                }
            }
            found.spans.extend(spans(&arm, &lineage, last));
            found.failures.extend(counts.into_iter().map(|((tool, argument, failure), turns)| FailureCell {
                of: seen.get(&tool).copied().unwrap_or(0),
                arm: arm.clone(),
                tool,
                argument,
                failure: failure.name(),
                turns,
            }));
        }
        for arm in &scenario.arms {
            let first = scenario.first_beside(&arm.name).map_or("", |first| &first.name);
            found.compare(&counted, &arm.name, first);
        }
        Ok(found)
    }

    /// What the rounds that showed a cue of `arm` say of its failures, in that arm and in the first one.
    fn compare(&mut self, counted: &BTreeMap<(String, u32), RoundCounts>, arm: &str, first: &str) {
        let of_first: Vec<(Cue, u32, u32)> =
            self.spans.iter().filter(|span| span.arm == first).map(|s| (s.cue.clone(), s.from, s.to)).collect();
        for span in self.spans.iter_mut().filter(|span| span.arm == arm) {
            let (from, to) = (span.from, span.to);
            let seen = |arm: &str| {
                let rounds = (from..=to).filter_map(|round| counted.get(&(arm.to_owned(), round)));
                seen(rounds, &span.cue.target, &span.cue.triggers)
            };
            span.shown = seen(&span.arm);
            let shown_too = of_first.iter().any(|(cue, a, b)| *cue == span.cue && *a <= to && from <= *b);
            span.control = (span.arm != first && !shown_too).then(|| seen(first));
        }
    }
}

/// As the profile counts a signal, over any rounds.
fn seen<'a>(rounds: impl Iterator<Item = &'a RoundCounts>, target: &Target, failures: &[Failure]) -> Seen {
    let mut sum = Seen::default();
    for round in rounds {
        let tallies: Vec<u32> = failures
            .iter()
            .filter_map(|failure| match target {
                Target::Global => round.labels.get(&Label::Failure(*failure)),
                Target::Tool(tool) => round.tools.get(tool)?.failures.get(failure),
                Target::Argument { tool, argument } => round.tools.get(tool)?.arguments.get(argument)?.get(failure),
            })
            .map(|tally| tally.count)
            .collect();
        sum.count += tallies.iter().sum::<u32>();
        sum.of += match target {
            Target::Global => round.turns,
            Target::Tool(tool) | Target::Argument { tool, .. } => round.tools.get(tool).map_or(0, |tool| tool.turns),
        };
    }
    Seen { count: sum.count.min(sum.of), of: sum.of }
}

fn add_failures(
    round: &RoundCounts,
    counts: &mut BTreeMap<(String, Option<String>, Failure), u32>,
    seen: &mut BTreeMap<String, u32>,
) {
    for (tool, of_tool) in &round.tools {
        *seen.entry(tool.clone()).or_default() += of_tool.turns;
        for (failure, tally) in &of_tool.failures {
            *counts.entry((tool.clone(), None, *failure)).or_default() += tally.count;
        }
        for (argument, failures) in &of_tool.arguments {
            for (failure, tally) in failures {
                *counts.entry((tool.clone(), Some(argument.clone()), *failure)).or_default() += tally.count;
            }
        }
    }
}

/// Each cue from its coming to its going.
fn spans(arm: &str, lineage: &[LineageNode], last: u32) -> Vec<CueSpan> {
    let mut spans: Vec<CueSpan> = Vec::new();
    let mut open: Vec<(usize, &LineageNode)> = Vec::new();
    for node in lineage {
        let ending = match node.mutation {
            Mutation::Added => None,
            Mutation::Faded => Some("faded"),
            Mutation::Reverted => Some("reverted"),
        };
        if ending.is_none() {
            open.push((spans.len(), node));
            spans.push(CueSpan {
                arm: arm.to_owned(),
                rule: node.cue.rule.clone(),
                phi: serde_json::json!(node.cue.phi),
                target: node.cue.target.to_string(),
                triggers: node.cue.triggers.iter().map(|failure| Label::Failure(*failure).name()).collect(),
                text: node.cue.text.clone(),
                from: node.round + 1,
                to: last.max(node.round),
                ending: None,
                cause: node.cause.into(),
                end_cause: None,
                effect: node.effect,
                shown: Seen::default(),
                control: None,
                cue: node.cue.clone(),
            });
        } else if let Some(at) = open.iter().position(|(_, added)| added.cue == node.cue) {
            let span = &mut spans[open.remove(at).0];
            (span.to, span.ending, span.end_cause) = (node.round, ending, Some(node.cause.into()));
        }
    }
    spans
}

fn training_metrics<'a>(key: &'a CommitKey, values: &'a BTreeMap<String, f64>) -> impl Iterator<Item = Metric> + 'a {
    values.iter().map(|(name, value)| Metric {
        arm: key.arm.clone(),
        round: key.round,
        name: name.clone(),
        value: value.is_finite().then_some(*value),
    })
}

/// Tallies of all categories together.
fn by_place(tallies: &[Tally]) -> BTreeMap<(&str, Stage, u32), [u64; 5]> {
    let mut sums: BTreeMap<(&str, Stage, u32), [u64; 5]> = BTreeMap::new();
    for tally in tallies {
        let sum = sums.entry((&tally.arm, tally.stage, tally.round)).or_default();
        let more = [u64::from(tally.episodes), tally.turns, tally.steps, tally.tokens, tally.sampled_tokens];
        sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }
    sums
}

fn lengths(tallies: &[Tally]) -> Vec<Lengths> {
    by_place(tallies)
        .into_iter()
        .map(|((arm, stage, round), [episodes, turns, steps, tokens, sampled_tokens])| {
            let mean = |sum: u64| sum as f64 / episodes as f64;
            Lengths {
                arm: arm.to_owned(),
                stage: stage_name(stage),
                round,
                episodes: episodes as u32,
                turns: mean(turns),
                steps: mean(steps),
                tokens: mean(tokens),
                sampled_tokens: mean(sampled_tokens),
            }
        })
        .collect()
}

fn spreads(run: &RunFile) -> Result<Vec<Spread>, Refusal> {
    let spread = |found: coevo_trace::Spread| Spread {
        arm: found.arm,
        round: found.round,
        groups: found.groups,
        mixed: found.mixed,
        mean_variance: found.mean_variance,
    };
    Ok(run.spreads()?.into_iter().map(spread).collect())
}

fn faults(run: &RunFile) -> Result<Vec<Faults>, Refusal> {
    let fault = |found: coevo_trace::FaultTally| Faults {
        arm: found.arm,
        stage: stage_name(found.stage),
        round: found.round,
        boundary: found.boundary,
        episodes: found.episodes,
    };
    Ok(run.fault_tallies()?.into_iter().map(fault).collect())
}

fn times(run: &RunFile) -> Result<Vec<Time>, Refusal> {
    let all = run.timings_ms()?;
    let of_commit = |(key, times): (CommitKey, BTreeMap<String, f64>)| {
        times.into_iter().filter(|(_, elapsed_ms)| elapsed_ms.is_finite()).map(move |(name, elapsed_ms)| Time {
            arm: key.arm.clone(),
            phase: key.phase.name(),
            round: key.round,
            name,
            elapsed_ms,
        })
    };
    Ok(all.into_iter().flat_map(of_commit).collect())
}

fn rates(tallies: &[Tally], metrics: &[(CommitKey, BTreeMap<String, f64>)], times: &[Time]) -> Vec<Rate> {
    let sums = by_place(tallies);
    let mut rates = Vec::new();
    for time in times {
        let key = |key: &CommitKey| key.arm == time.arm && key.phase.name() == time.phase && key.round == time.round;
        let metric =
            |name: &str| metrics.iter().find(|(found, _)| key(found)).and_then(|(_, values)| values.get(name)).copied();
        let found = match time.name.as_str() {
            "rollout" => sums.get(&(time.arm.as_str(), Stage::Train, time.round)).map(|sum| ("sampled", sum[4])),
            "learn" => metric("learn/tokens").map(|tokens| ("trained", tokens as u64)),
            "imitate" => metric("imitate/tokens").map(|tokens| ("trained", tokens as u64)),
            _ => None,
        };
        if let Some((what, tokens)) = found
            && time.elapsed_ms > 0.0
        {
            rates.push(Rate {
                arm: time.arm.clone(),
                round: time.round,
                what,
                tokens,
                elapsed_ms: time.elapsed_ms,
                tokens_per_s: 1000.0 * tokens as f64 / time.elapsed_ms,
            });
        }
    }
    rates
}
