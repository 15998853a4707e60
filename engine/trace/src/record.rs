//! What is written to a run folder, as values.

use std::collections::BTreeMap;

use coevo_core::advantage::EpisodeWeights;
use coevo_core::diagnose::Diagnosis;
use coevo_core::episode::{Episode, EpisodeKey, Stage, Verdict};
use coevo_core::interface::{Interface, LineageNode};
use coevo_core::task::{EnvSpec, PublicTask, TaskRef};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a run is, fixed when it begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// The resolved scenario; also written to `scenario.yaml`.
    pub scenario_yaml: String,
    /// The environment as it described itself.
    pub env: EnvSpec,
    /// Hash of the component that was run.
    pub component: String,
    /// Environments that are only tested on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherEnv>,
    /// Anything else worth keeping: backend, device, seeds. No clock.
    pub facts: BTreeMap<String, Value>,
}

/// An environment of a run beside the one that is trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OtherEnv {
    pub env: EnvSpec,
    /// Hash of the component that was run.
    pub component: String,
}

impl RunHeader {
    /// The environment that calls itself `name`; the main one where there is no such.
    pub fn env_of(&self, name: &str) -> &EnvSpec {
        self.others.iter().map(|other| &other.env).find(|env| env.name == name).unwrap_or(&self.env)
    }
}

/// The part of a run that one commit completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Tokenizer and behaviour cloning.
    WarmStart,
    /// Test before the first round.
    Baseline,
    /// One round.
    Round,
    /// Test after the last round.
    Final,
}

impl Phase {
    pub const ALL: [Phase; 4] = [Phase::WarmStart, Phase::Baseline, Phase::Round, Phase::Final];

    pub fn name(self) -> &'static str {
        match self {
            Phase::WarmStart => "warm_start",
            Phase::Baseline => "baseline",
            Phase::Round => "round",
            Phase::Final => "final",
        }
    }
}

/// Where a commit belongs. Shared stages use a name of their own, such as `warm-start`, as their arm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommitKey {
    pub arm: String,
    pub phase: Phase,
    pub round: u32,
}

impl std::fmt::Display for CommitKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.phase {
            Phase::Round => write!(f, "`{}` round {}", self.arm, self.round),
            other => write!(f, "`{}` {} (round {})", self.arm, other.name(), self.round),
        }
    }
}

/// An episode with everything that was made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeRecord {
    pub episode: Episode,
    pub verdict: Verdict,
    /// `None` where it was not scored.
    pub diagnosis: Option<Diagnosis>,
    /// `None` where it was not trained on.
    pub training: Option<EpisodeWeights>,
}

/// One evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub stage: Stage,
    /// Success by category, intervals, label shares: what the table shows.
    pub summary: Value,
}

/// One file of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Everything that one commit writes.
#[derive(Clone, Debug)]
pub struct RoundCommit<'a> {
    pub key: CommitKey,
    pub episodes: &'a [EpisodeRecord],
    /// The tasks of the episodes; ones that are known are passed over.
    pub tasks: &'a [(TaskRef, PublicTask)],
    /// Interfaces that episodes are stamped with; ones that are known are passed over.
    pub interfaces: &'a [Interface],
    /// The whole lineage up to here.
    pub lineage: &'a [LineageNode],
    /// The failure profile after this round.
    pub profile: Option<&'a Value>,
    pub evaluations: &'a [Evaluation],
    pub metrics: &'a BTreeMap<String, f64>,
    /// Opaque: what the loop needs to go on after this commit.
    pub state: &'a [u8],
    pub checkpoint: &'a [CheckpointFile],
    /// Wall-clock times in ms. Kept apart: never hashed, never exported.
    pub timings_ms: &'a BTreeMap<String, f64>,
}

impl<'a> RoundCommit<'a> {
    /// A commit of `key` that writes nothing yet; fill it with struct update syntax.
    pub fn empty(key: CommitKey) -> RoundCommit<'a> {
        const NONE: &BTreeMap<String, f64> = &BTreeMap::new();
        RoundCommit {
            key,
            episodes: &[],
            tasks: &[],
            interfaces: &[],
            lineage: &[],
            profile: None,
            evaluations: &[],
            metrics: NONE,
            state: &[],
            checkpoint: &[],
            timings_ms: NONE,
        }
    }
}

/// The stable text id of an episode, such as `coevo/r003/train/0012/4`: arm, round, stage, task index, replica. A task seed
/// other than 0 stands after the index: `coevo/r003/train/0012.7/4`, so that two seeds of one index are two episodes. Of
/// transfer, the stage names the environment, too: `coevo/r024/transfer-retail/0012/0`.
pub fn episode_name(key: &EpisodeKey) -> String {
    let task = match key.task.seed {
        0 => format!("{:04}", key.task.index),
        seed => format!("{:04}.{seed}", key.task.index),
    };
    name_with(key, &task)
}

/// As formats before 3 named episodes: without the seed.
pub(crate) fn name_without_seed(key: &EpisodeKey) -> String {
    name_with(key, &format!("{:04}", key.task.index))
}

fn name_with(key: &EpisodeKey, task: &str) -> String {
    let stage = match key.stage {
        Stage::Transfer => format!("{}-{}", stage_name(key.stage), key.task.env),
        stage => stage_name(stage).to_owned(),
    };
    format!("{}/r{:03}/{stage}/{task}/{}", key.arm, key.round, key.replica)
}

/// The name of a stage, as serde writes it.
pub fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Warmup => "warmup",
        Stage::Train => "train",
        Stage::Dev => "dev",
        Stage::Probe => "probe",
        Stage::Test => "test",
        Stage::Transfer => "transfer",
    }
}

pub(crate) const STAGES: [Stage; 6] =
    [Stage::Warmup, Stage::Train, Stage::Dev, Stage::Probe, Stage::Test, Stage::Transfer];
