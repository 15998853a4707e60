//! Measuring a policy on held-out tasks: test before and after training, transfer, dev, and the choice by dev.

use std::collections::BTreeMap;

use coevo_agents::{Learner, Policy, SampleConfig};
use coevo_core::config::Backend;
use coevo_core::episode::Stage;
use coevo_core::interface::Interface;
use coevo_scenarios::{Select, Settings};
use coevo_trace::{CommitKey, EpisodeRecord, Evaluation, Phase, RoundCommit};
use serde_json::json;

use crate::clock::Stopwatch;
use crate::error::RunError;
use crate::observer::{Activity, Event};
use crate::round::{Batch, Diagnosed, diagnose_all, jobs};
use crate::run::{Run, budgets, record, table};
use crate::slots::{Arena, play};
use crate::summary::Summary;
use crate::tasks::TaskPool;

/// Metric of a final test: the round whose policy was tested.
pub const SELECTED: &str = "select/round";

/// What is measured, and where.
pub(crate) struct Measure<'a> {
    pub batch: Batch<'a>,
    pub what: Activity,
    pub pool: &'a TaskPool,
    pub split: &'a str,
    /// The first so many tasks of the split.
    pub tasks: u32,
    pub arena: &'a Arena,
}

impl Run<'_> {
    /// The warm-started policy on test.
    pub(crate) fn baseline(&self, id: &str, warm: &str, arm: &str) -> Result<(), RunError> {
        if self.committed(id, Phase::Baseline, 0)? {
            return Ok(());
        }
        let checkpoint = self.checkpoint(&CommitKey { arm: warm.to_owned(), phase: Phase::WarmStart, round: 0 })?;
        let policy = Learner::restore(&checkpoint, Backend::Cpu)?.policy();
        let key = CommitKey { arm: id.to_owned(), phase: Phase::Baseline, round: 0 };
        self.test(key, &self.arm(arm).settings, &policy, &BTreeMap::new())
    }

    /// The arm's chosen policy on test. Every arm is tested under its last round's number, whichever policy was chosen, so
    /// that all draw the same random numbers.
    pub(crate) fn final_test(&self, arm: &str) -> Result<(), RunError> {
        let settings = &self.arm(arm).settings;
        let rounds = settings.learner.rounds;
        if self.committed(arm, Phase::Final, rounds)? {
            return Ok(());
        }
        let mut metrics = BTreeMap::new();
        let mut chosen = rounds;
        if settings.evaluation.select == Select::BestDev && rounds > 0 {
            chosen = self.best_on_dev(arm, settings)?;
            metrics.insert(SELECTED.to_owned(), f64::from(chosen));
        }
        let checkpoint = self.checkpoint(&self.after(arm, chosen))?;
        let policy = Learner::restore(&checkpoint, Backend::Cpu)?.policy();
        self.test(CommitKey { arm: arm.to_owned(), phase: Phase::Final, round: rounds }, settings, &policy, &metrics)
    }

    /// The evaluated round with the highest dev success, the earliest of equals; the last round where none was evaluated.
    fn best_on_dev(&self, arm: &str, settings: &Settings) -> Result<u32, RunError> {
        let mut best: Option<(u32, f64)> = None;
        for round in (1..=settings.learner.rounds).filter(|round| is_evaluated(settings, *round)) {
            let key = CommitKey { arm: arm.to_owned(), phase: Phase::Round, round };
            let metrics = self.file().commit_record(&key)?.map(|commit| commit.metrics).unwrap_or_default();
            let success = metrics.get("dev/success").copied();
            best = match (best, success) {
                (Some((_, before)), Some(success)) if success > before => Some((round, success)),
                (None, Some(success)) => Some((round, success)),
                (best, _) => best,
            };
        }
        Ok(best.map_or(settings.learner.rounds, |(round, _)| round))
    }

    /// Test tasks, and those of the transfer environments, with the base interface, committed.
    fn test(
        &self,
        key: CommitKey,
        settings: &Settings,
        policy: &Policy,
        metrics: &BTreeMap<String, f64>,
    ) -> Result<(), RunError> {
        let mut watch = Stopwatch::start();
        let arm = key.arm.clone();
        let batch = Batch { arm: &arm, stage: Stage::Test, round: key.round, seed: settings.seed, replicas: 1 };
        let pool = &self.pools.main;
        let tasks = settings.evaluation.test_tasks;
        let measure = Measure { batch, what: Activity::Test, pool, split: "test", tasks, arena: &Arena::Base };
        let mut diagnosed = self.measure(&measure, settings, policy);
        let summary = Summary::of(&diagnosed);
        let mut line = format!("test, base interface: {summary}");
        let mut evaluations = vec![Evaluation { stage: Stage::Test, summary: json!(summary) }];
        let mut timings = BTreeMap::from([("test".to_owned(), watch.lap_ms())]);
        for (transfer, pool) in settings.evaluation.transfer.iter().zip(&self.pools.transfer) {
            let batch = Batch { stage: Stage::Transfer, ..batch };
            let (what, tasks) = (Activity::Transfer, transfer.tasks);
            let measure = Measure { batch, what, pool, split: "test", tasks, arena: &Arena::Base };
            let elsewhere = self.measure(&measure, settings, policy);
            let (summary, name) = (Summary::of(&elsewhere), &pool.plugin().spec().name);
            line.push_str(&format!(" | {name} {:.1} %", 100.0 * summary.success()));
            let summary = json!({"environment": name, "summary": summary});
            evaluations.push(Evaluation { stage: Stage::Transfer, summary });
            diagnosed.extend(elsewhere);
        }
        if !self.pools.transfer.is_empty() {
            timings.insert("transfer".to_owned(), watch.lap_ms());
        }
        let episodes: Vec<EpisodeRecord> = diagnosed.into_iter().map(record).collect();
        let tasks = self.tasks_of(&episodes);
        self.file().commit(&RoundCommit {
            episodes: &episodes,
            tasks: &tasks,
            interfaces: &[Interface::base()],
            evaluations: &evaluations,
            metrics,
            timings_ms: &timings,
            ..RoundCommit::empty(key)
        })?;
        if let Some(round) = metrics.get(SELECTED) {
            line.push_str(&format!(" | policy of round {round}, the best on dev"));
        }
        self.tell(&Event::Ended { arm: &arm, line: &line });
        Ok(())
    }

    /// Plays the first tasks of a split with a policy.
    pub(crate) fn measure(&self, measure: &Measure<'_>, settings: &Settings, policy: &Policy) -> Vec<Diagnosed> {
        let Measure { batch, what, pool, split, tasks, arena } = *measure;
        let indices: Vec<u32> = (0..tasks).collect();
        let jobs = jobs(batch, pool, split, &indices, arena);
        self.began(batch.arm, what, batch.round, settings.learner.rounds, jobs.len());
        let sampling = SampleConfig { temperature: settings.evaluation.temperature, ..settings.agent.sampling };
        let agent = Box::new(policy.agent(sampling, &measure.pool.plugin().spec().tools));
        let mut progress = self.progress(batch.arm);
        let (played, _) = play(jobs, agent, &budgets(settings), self.parallelism, &mut progress);
        diagnose_all(played, pool, &table(settings))
    }
}

/// Whether a round ends with an evaluation on dev.
pub(crate) fn is_evaluated(settings: &Settings, round: u32) -> bool {
    round.is_multiple_of(settings.evaluation.every.max(1))
}
