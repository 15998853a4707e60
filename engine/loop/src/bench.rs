//! What the engine and the run file cost beside the tools themselves (the same episodes through the slots, and by hand),
//! and what the learner does a second.

use std::collections::BTreeMap;
use std::path::Path;

use coevo_agents::agents::Oracle;
use coevo_agents::{ImitationConfig, Learner};
use coevo_core::config::Backend;
use coevo_core::episode::Stage;
use coevo_core::interface::Interface;
use coevo_envs::{Budgets, EnvPlugin, EvalEnv, verify};
use coevo_scenarios::Settings;
use coevo_trace::{CommitKey, EpisodeRecord, Phase, RoundCommit, RunFile, RunHeader};
use serde::Serialize;

use crate::clock::Stopwatch;
use crate::demonstrate::demonstrate;
use crate::error::RunError;
use crate::round::{Batch, jobs, labels};
use crate::slots::{Arena, Job, Parallelism, Played, play};
use crate::tasks::TaskPool;

/// Times of one pass over the same episodes, one worker, in ms.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LoopCost {
    pub episodes: usize,
    pub steps: usize,
    /// By hand: open, step, verify, one episode after the other.
    pub tools_ms: f64,
    /// Through slots, channels and the oracle.
    pub engine_ms: f64,
    /// Writing all episodes in one commit.
    pub trace_ms: f64,
}

impl LoopCost {
    /// Engine time beyond the tools' as a share of the tools'.
    pub fn engine_share(&self) -> f64 {
        (self.engine_ms - self.tools_ms) / self.tools_ms
    }

    pub fn trace_share(&self) -> f64 {
        self.trace_ms / self.tools_ms
    }
}

/// Plays `slots` episodes of the training split with the oracle; `folder` must not exist, and is left to the caller.
///
/// # Errors
/// Where the run folder cannot be written.
pub fn loop_cost(plugin: &EnvPlugin, slots: usize, folder: &Path) -> Result<LoopCost, RunError> {
    let pool = TaskPool::new(plugin.clone(), 0);
    let tasks = plugin.spec().splits.first().map_or(1, |split| split.tasks).max(1);
    let indices: Vec<u32> = (0..slots as u32).map(|slot| slot % tasks).collect();
    let all: Vec<Job> = indices
        .iter()
        .enumerate()
        .map(|(replica, index)| {
            let batch = Batch { arm: "bench", stage: Stage::Test, round: 0, seed: 0, replicas: 1 };
            let mut job = jobs(batch, &pool, "train", &[*index], &Arena::Base).remove(0);
            job.key.replica = replica as u32;
            job
        })
        .collect();
    let labels = labels(&all);
    let parallelism = Parallelism { slots, workers: 1 };
    let through = || {
        let watch = Stopwatch::start();
        let agent = Box::new(Oracle::new(labels.clone()));
        let (played, _) = play(all.clone(), agent, &Budgets::default(), parallelism, &mut |_| ());
        (played, watch.elapsed_ms())
    };
    let (played, _) = through(); // warms the sandbox
    let tools_ms = by_hand(&all, &played);
    let (played, engine_ms) = through();
    let steps = played.iter().flat_map(|p| &p.episode.turns).map(|turn| turn.steps.len()).sum();
    let trace_ms = written(plugin, played, folder)?;
    Ok(LoopCost { episodes: all.len(), steps, tools_ms, engine_ms, trace_ms })
}

fn by_hand(jobs: &[Job], played: &[Played]) -> f64 {
    let watch = Stopwatch::start();
    for (job, played) in jobs.iter().zip(played) {
        let Ok(task) = &job.task else { continue };
        let Ok(mut env) =
            EvalEnv::new(&job.plugin, &task.public, job.env_stream, &Budgets::default()).map(coevo_envs::Env::from)
        else {
            continue;
        };
        for turn in &played.episode.turns {
            if !matches!(env.next_turn(), Ok(Some(_))) {
                break;
            }
            for step in &turn.steps {
                let _ = env.step(&step.text);
            }
        }
        let record = env.finish();
        verify(&job.plugin, task, &record.turns, job.env_stream);
    }
    watch.elapsed_ms()
}

fn written(plugin: &EnvPlugin, played: Vec<Played>, folder: &Path) -> Result<f64, RunError> {
    let header = RunHeader {
        scenario_yaml: String::new(),
        env: plugin.spec().clone(),
        component: plugin.component_id().to_string(),
        others: Vec::new(),
        facts: BTreeMap::new(),
    };
    let mut file = RunFile::create(folder, &header)?;
    let episodes: Vec<EpisodeRecord> = played
        .into_iter()
        .map(|p| EpisodeRecord { episode: p.episode, verdict: p.verdict, diagnosis: None, training: None })
        .collect();
    let watch = Stopwatch::start();
    file.commit(&RoundCommit {
        episodes: &episodes,
        interfaces: &[Interface::base()],
        ..RoundCommit::empty(CommitKey { arm: "bench".to_owned(), phase: Phase::Baseline, round: 0 })
    })?;
    Ok(watch.elapsed_ms())
}

/// What the learner does a second, with a model of the given settings.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LearnerRate {
    pub parameters: usize,
    /// Tokens read in training (forward and backward), padding excluded.
    pub trained_tokens_per_s: f64,
    /// Tokens the policy chose in a rollout of 32 slots.
    pub sampled_tokens_per_s: f64,
    /// All tokens of that rollout, prompts included.
    pub rollout_tokens_per_s: f64,
}

/// Clones 64 demonstrations for a few steps, then rolls the policy out. Environment time is included in the rollout.
///
/// # Errors
/// As [`Learner::new`].
pub fn learner_rate(
    plugin: &EnvPlugin,
    settings: &Settings,
    backend: Backend,
    workers: usize,
) -> Result<LearnerRate, RunError> {
    let pool = TaskPool::new(plugin.clone(), 0);
    let parallelism = Parallelism { slots: 32, workers };
    let shown = demonstrate("bench", &[(&pool, 64)], settings, None, &Budgets::default(), parallelism, &mut |_| ())?;
    let mut learner = Learner::new(&settings.agent.model, shown.tokenizer.clone(), backend, 0)?;
    let short = ImitationConfig { steps: 2, ..settings.agent.warm_start.imitation.clone() };
    learner.imitate(&shown.sequences, &short)?; // warms caches and kernels
    let watch = Stopwatch::start();
    let report = learner.imitate(&shown.sequences, &ImitationConfig { steps: 10, ..short })?;
    let trained_tokens_per_s = report.tokens as f64 / watch.elapsed_ms() * 1000.0;

    let indices: Vec<u32> = (0..64).collect();
    let batch = Batch { arm: "bench", stage: Stage::Train, round: 0, seed: 0, replicas: 1 };
    let jobs = jobs(batch, &pool, "train", &indices, &Arena::Base);
    let watch = Stopwatch::start();
    let agent = Box::new(learner.policy().agent(settings.agent.sampling, &plugin.spec().tools));
    let (played, _) = play(jobs, agent, &Budgets::default(), parallelism, &mut |_| ());
    let seconds = watch.elapsed_ms() / 1000.0;
    let traces = || played.iter().map(|p| &p.episode.tokens);
    let sampled: usize = traces().map(|t| t.action.iter().filter(|action| **action).count()).sum();
    let all: usize = traces().map(|t| t.ids.len()).sum();
    Ok(LearnerRate {
        parameters: learner.parameters(),
        trained_tokens_per_s,
        sampled_tokens_per_s: sampled as f64 / seconds,
        rollout_tokens_per_s: all as f64 / seconds,
    })
}
