//! Reading a JSONL export back into a run: everything but checkpoints, profiles and lineage, which it does not hold, and
//! but tokens where it was written without them.

use std::collections::BTreeMap;
use std::io::BufRead;

use coevo_core::advantage::EpisodeWeights;
use coevo_core::diagnose::Diagnosis;
use coevo_core::episode::{
    Ending, Episode, EpisodeKey, Stage, Step, StepOutcome, TokenTrace, Truncation, Turn, UserCall, Verdict,
};
use coevo_core::id::ContentId;
use coevo_core::interface::{Cue, Interface};
use coevo_core::protocol;
use coevo_core::render;
use coevo_core::seed::StreamKey;
use coevo_core::task::{PublicTask, TaskRef};
use serde::Deserialize;

use crate::error::{Result, TraceError};
use crate::folder::RunFile;
use crate::record::{CommitKey, EpisodeRecord, Phase, RoundCommit};

/// One line, as far as it is needed.
#[derive(Deserialize)]
struct Line {
    messages: Vec<Message>,
    coevo: Metadata,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    arm: String,
    stage: Stage,
    round: u32,
    replica: u32,
    task: Task,
    agent: String,
    interface: String,
    #[serde(default)]
    cues: Vec<Cue>,
    env_stream: StreamKey,
    end: Ending,
    verdict: Verdict,
    diagnosis: Option<Diagnosis>,
    training: Option<EpisodeWeights>,
    initial_state_hash: Hash,
    turns: Vec<TurnLine>,
    #[serde(default)]
    tokens: Tokens,
}

#[derive(Default, Deserialize)]
struct Tokens {
    #[serde(default)]
    trace: TokenTrace,
}

#[derive(Deserialize)]
struct Task {
    #[serde(flatten)]
    reference: TaskRef,
    id: String,
    category: String,
    scenario: String,
}

#[derive(Deserialize)]
struct TurnLine {
    offered: Vec<String>,
    user_calls: Vec<UserCall>,
    state_hash_before: Hash,
    truncated: Option<Truncation>,
    steps: Vec<StepLine>,
}

#[derive(Deserialize)]
struct StepLine {
    text: String,
    outcome: StepOutcome,
    cue: String,
    state_hash: Hash,
    fuel_used: u64,
}

/// Sixteen hexadecimal digits.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Hash(u64);

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        u64::from_str_radix(&text, 16)
            .map(Self)
            .map_err(|_| format!("`{text}` is no state hash of 16 hexadecimal digits"))
    }
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    pub episodes: u64,
    pub commits: u64,
}

/// Reads `lines` and commits them to `run`, one commit an arm, phase and round. `task` gives the public part of a task
/// where it is known. Everything is read before anything is written.
///
/// # Errors
/// [`TraceError::Import`] with the line that is wrong and why; as [`RunFile::commit`].
pub fn import_jsonl(
    lines: impl BufRead,
    run: &mut RunFile,
    task: &dyn Fn(&TaskRef) -> Option<PublicTask>,
) -> Result<Imported> {
    let mut commits: BTreeMap<(String, Phase, u32), Vec<EpisodeRecord>> = BTreeMap::new();
    let mut interfaces: BTreeMap<ContentId, Interface> = BTreeMap::new();
    let mut episodes = 0;
    for (number, line) in lines.lines().enumerate() {
        let wrong = |reason: String| TraceError::Import { line: number + 1, reason };
        let line = line.map_err(|error| wrong(error.to_string()))?;
        if line.trim().is_empty() {
            continue;
        }
        let parsed: Line = serde_json::from_str(&line).map_err(|error| wrong(error.to_string()))?;
        let (record, interface) = record(parsed).map_err(wrong)?;
        interfaces.insert(interface.id().clone(), interface);
        let key = &record.episode.key;
        let phase = match (key.stage, key.round) {
            (Stage::Warmup, _) => Phase::WarmStart,
            (Stage::Test | Stage::Transfer, 0) => Phase::Baseline,
            (Stage::Test | Stage::Transfer, _) => Phase::Final,
            (Stage::Train | Stage::Dev | Stage::Probe, _) => Phase::Round,
        };
        commits.entry((key.arm.clone(), phase, key.round)).or_default().push(record);
        episodes += 1;
    }
    let interfaces: Vec<Interface> = interfaces.into_values().collect();
    let count = commits.len() as u64;
    for ((arm, phase, round), episodes) in commits {
        let references: BTreeMap<&TaskRef, ()> = episodes.iter().map(|e| (&e.episode.key.task, ())).collect();
        let tasks: Vec<(TaskRef, PublicTask)> =
            references.into_keys().filter_map(|reference| Some((reference.clone(), task(reference)?))).collect();
        let shown: Vec<Interface> = interfaces
            .iter()
            .filter(|interface| episodes.iter().any(|e| e.episode.interface == *interface.id()))
            .cloned()
            .collect();
        run.commit(&RoundCommit {
            episodes: &episodes,
            tasks: &tasks,
            interfaces: &shown,
            ..RoundCommit::empty(CommitKey { arm, phase, round })
        })?;
    }
    Ok(Imported { episodes, commits: count })
}

fn record(line: Line) -> std::result::Result<(EpisodeRecord, Interface), String> {
    let Line { messages, coevo } = line;
    let mut users = messages.into_iter().filter(|message| message.role == "user");
    let interface = Interface::new(coevo.cues);
    if interface.id().as_str() != coevo.interface {
        return Err(format!("`cues` are interface {}, not {}", interface.id().as_str(), coevo.interface));
    }
    let turns = coevo.turns.into_iter().enumerate().map(|(number, turn)| {
        let user = users.next().and_then(|message| message.content);
        Ok(Turn {
            user: user.ok_or_else(|| format!("there is no message of the user for turn {}", number + 1))?,
            offered: turn.offered,
            user_calls: turn.user_calls,
            state_hash_before: turn.state_hash_before.0,
            steps: turn.steps.into_iter().map(step).collect(),
            truncated: turn.truncated,
        })
    });
    let turns = turns.collect::<std::result::Result<Vec<Turn>, String>>()?;
    let trace = &coevo.tokens.trace;
    let columns = [trace.log_probs.len(), trace.action.len(), trace.turn.len(), trace.step.len()];
    if columns.iter().any(|length| *length != trace.ids.len()) {
        return Err(format!("`tokens.trace` has {} ids and columns of {columns:?}", trace.ids.len()));
    }
    let episode = Episode {
        key: EpisodeKey {
            arm: coevo.arm,
            stage: coevo.stage,
            round: coevo.round,
            task: coevo.task.reference,
            replica: coevo.replica,
        },
        task_id: coevo.task.id,
        category: coevo.task.category,
        scenario: coevo.task.scenario,
        agent: coevo.agent,
        env_stream: coevo.env_stream,
        interface: interface.id().clone(),
        initial_state_hash: coevo.initial_state_hash.0,
        turns,
        ending: coevo.end,
        tokens: coevo.tokens.trace,
    };
    let (verdict, diagnosis, training) = (coevo.verdict, coevo.diagnosis, coevo.training);
    Ok((EpisodeRecord { episode, verdict, diagnosis, training }, interface))
}

fn step(line: StepLine) -> Step {
    Step {
        parsed: protocol::parse(&line.text),
        observation: render::observation(&line.outcome),
        text: line.text,
        outcome: line.outcome,
        cue: line.cue,
        state_hash: line.state_hash.0,
        fuel_used: line.fuel_used,
    }
}
