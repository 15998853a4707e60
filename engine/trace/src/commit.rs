//! The atomic commit of one part of a run.
//!
//! Order: checkpoint files to a temporary folder, synced, renamed to their place; then one SQLite transaction that records
//! them with everything else. A crash before the transaction leaves at most a folder that no row names, which the repeated
//! commit replaces; a crash after it leaves a commit. Repeating a commit that is there is checked to be equal, and does
//! nothing: a resumed run that would diverge from its own past is stopped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use coevo_core::diagnose::Diagnosis;
use coevo_core::episode::{Boundary, Ending, Episode, Parsed, Rejection, StepOutcome, TokenTrace, Verdict};
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dictionary;
use crate::error::{At, Result, TraceError, segment};
use crate::folder::{RunFile, sync_folder, write_durably};
use crate::payload::{Kind, Packer, Payload};
use crate::query::EpisodeSummary;
use crate::record::{CheckpointFile, CommitKey, EpisodeRecord, Evaluation, RoundCommit};
use crate::tokens;

/// What [`RunFile::commit`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    Written,
    /// An equal commit was there already.
    AlreadyThere,
}

/// The payload of a commit's row.
#[derive(Serialize, Deserialize)]
pub(crate) struct CommitBody {
    pub lineage: Vec<coevo_core::interface::LineageNode>,
    pub profile: Option<Value>,
    pub evaluations: Vec<Evaluation>,
}

impl RunFile {
    /// Writes `commit` entirely or not at all.
    ///
    /// # Errors
    /// [`TraceError::Conflict`] where the same part was committed with other content; I/O and SQLite errors.
    ///
    /// # Panics
    /// If the run was opened read-only.
    pub fn commit(&mut self, commit: &RoundCommit<'_>) -> Result<Committed> {
        assert!(self.is_writable(), "a run that is opened read-only cannot be written");
        let before = self.content(&commit.key)?;
        let there: Vec<String> = self.list("SELECT kind FROM dictionaries", [], |row| row.get(0))?;
        let place = self.checkpoint_folder(&commit.key)?;
        // The disk and the processor are busy at once; the files of a commit that is there stay as they are.
        let (packed, written) = std::thread::scope(|scope| {
            let new = before.is_none() && !commit.checkpoint.is_empty();
            let writing = new.then(|| scope.spawn(|| write_checkpoint(&place, commit.checkpoint)));
            let bodies = Bodies::of(commit.episodes);
            let trained = train(&there, &bodies);
            let known: Vec<(Kind, Vec<u8>)> = self.dictionaries.iter().chain(&trained).cloned().collect();
            let packed = Packed::new(commit, &bodies, &known);
            let written = writing.map_or(Ok(()), |writing| writing.join().expect("it does not panic"));
            ((packed, trained), written)
        });
        let (packed, trained) = packed;
        written?;
        if let Some(before) = before {
            return if before == packed.content {
                Ok(Committed::AlreadyThere)
            } else {
                Err(TraceError::Conflict { key: commit.key.clone() })
            };
        }
        let transaction = self.db.transaction()?;
        insert(&transaction, commit, &packed)?;
        for (kind, bytes) in &trained {
            let payload = Packer::new().raw(Kind::Other, bytes);
            for copy in [1, 2] {
                transaction.execute(
                    "INSERT INTO dictionaries (kind, copy, payload, hash) VALUES (?1, ?2, ?3, ?4)",
                    params![kind.name(), copy, payload.bytes, payload.hash],
                )?;
            }
        }
        transaction.commit()?;
        for (kind, bytes) in trained {
            self.unpacker.learn(kind, &bytes);
            self.dictionaries.push((kind, bytes));
        }
        Ok(Committed::Written)
    }

    fn content(&self, key: &CommitKey) -> Result<Option<String>> {
        let mut query =
            self.db.prepare_cached("SELECT content FROM commits WHERE arm = ?1 AND phase = ?2 AND round = ?3")?;
        Ok(query.query_row(params![key.arm, key.phase as i64, key.round], |row| row.get(0)).optional()?)
    }

    pub(crate) fn checkpoint_folder(&self, key: &CommitKey) -> Result<PathBuf> {
        let arm = segment(&self.folder.join("checkpoints"), &key.arm)?;
        Ok(arm.join(format!("{}-r{:03}", key.phase.name(), key.round)))
    }
}

/// Dictionaries that are not `there` yet and these episodes are enough to learn from.
fn train(there: &[String], bodies: &Bodies) -> Vec<(Kind, Vec<u8>)> {
    // A damaged dictionary is not replaced: what was compressed with it would be read with another.
    let missing = Kind::WITH_DICTIONARY.into_iter().filter(|kind| there.iter().all(|name| name != kind.name()));
    missing
        .filter_map(|kind| {
            let all = bodies.of_kind(kind);
            if all.len() < ENOUGH_SAMPLES {
                return None;
            }
            // Spread over the whole commit, so that every task has a chance.
            let every = all.len().div_ceil(MOST_SAMPLES);
            let samples: Vec<&[u8]> = all.iter().step_by(every).map(Vec::as_slice).collect();
            dictionary::train(&samples, DICTIONARY_BYTES).map(|bytes| (kind, bytes))
        })
        .collect()
}

/// Puts the files of a checkpoint into a folder that appears complete or not at all.
fn write_checkpoint(place: &Path, files: &[CheckpointFile]) -> Result<()> {
    let arm = place.parent().unwrap_or(place);
    fs::create_dir_all(arm).at(arm)?;
    let draft: PathBuf = place.with_extension("part");
    for leftover in [draft.as_path(), place] {
        remove_folder(leftover)?;
    }
    fs::create_dir(&draft).at(&draft)?;
    // Each file waits for the disk by itself: together they wait about as long as one.
    std::thread::scope(|scope| {
        let write = |file: &CheckpointFile| write_durably(&segment(&draft, &file.name)?, &file.bytes);
        let all: Vec<_> = files.iter().map(|file| scope.spawn(move || write(file))).collect();
        all.into_iter().try_for_each(|file| file.join().expect("it does not panic"))
    })?;
    sync_folder(&draft)?;
    fs::rename(&draft, place).at(place)?;
    sync_folder(arm)
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).at(path),
        _ => Ok(()),
    }
}

/// A dictionary is trained on at least so many episodes of one commit, and on at most so many.
const ENOUGH_SAMPLES: usize = 32;
const MOST_SAMPLES: usize = 512;
const DICTIONARY_BYTES: usize = 64 << 10;

/// Episodes serialized and not yet compressed.
struct Bodies {
    bodies: Vec<Vec<u8>>,
    traces: Vec<Vec<u8>>,
}

impl Bodies {
    fn of(episodes: &[EpisodeRecord]) -> Self {
        let one = |record: &EpisodeRecord| (body(record), tokens::encode(&record.episode.tokens));
        let (bodies, traces) = in_parallel(episodes, &|part| part.iter().map(one).collect()).into_iter().unzip();
        Self { bodies, traces }
    }

    fn of_kind(&self, kind: Kind) -> &[Vec<u8>] {
        match kind {
            Kind::Body => &self.bodies,
            Kind::Trace => &self.traces,
            Kind::Other => &[],
        }
    }
}

/// What `each` makes of parts of `items`, in their order; on as many threads as there are cores. Few items are not worth one.
fn in_parallel<T: Sync, R: Send>(items: &[T], each: &(dyn Fn(&[T]) -> Vec<R> + Sync)) -> Vec<R> {
    const WORTH_A_THREAD: usize = 64;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let parts = cores.min(items.len() / WORTH_A_THREAD).max(1);
    if parts == 1 {
        return each(items);
    }
    std::thread::scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(parts)).map(|part| scope.spawn(move || each(part)));
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flat_map(|part| part.join().expect("it does not panic")).collect()
    })
}

/// A record as JSON, without its tokens: they have a payload of their own.
pub(crate) fn body(record: &EpisodeRecord) -> Vec<u8> {
    let mut bare = record.clone();
    bare.episode.tokens = TokenTrace::default();
    serde_json::to_vec(&bare).expect("records serialize to JSON")
}

/// A commit with everything serialized.
struct Packed {
    body: Payload,
    state: Payload,
    episodes: Vec<(Payload, Payload)>,
    tasks: Vec<Payload>,
    interfaces: Vec<Payload>,
    checkpoint: Vec<String>,
    content: String,
}

impl Packed {
    fn new(commit: &RoundCommit<'_>, bodies: &Bodies, dictionaries: &[(Kind, Vec<u8>)]) -> Self {
        let packer = &mut Packer::new();
        let body = CommitBody {
            lineage: commit.lineage.to_vec(),
            profile: commit.profile.cloned(),
            evaluations: commit.evaluations.to_vec(),
        };
        let body = packer.json(Kind::Other, &body);
        let state = packer.raw(Kind::Other, commit.state);
        let pairs: Vec<(&Vec<u8>, &Vec<u8>)> = bodies.bodies.iter().zip(&bodies.traces).collect();
        let episodes: Vec<(Payload, Payload)> = in_parallel(&pairs, &|part| {
            let mut packer = Packer::with(dictionaries);
            part.iter().map(|(body, trace)| (packer.raw(Kind::Body, body), packer.raw(Kind::Trace, trace))).collect()
        });
        let tasks: Vec<Payload> = commit.tasks.iter().map(|(_, task)| packer.json(Kind::Other, task)).collect();
        let interfaces: Vec<Payload> =
            commit.interfaces.iter().map(|interface| packer.json(Kind::Other, interface)).collect();
        let checkpoint: Vec<String> =
            commit.checkpoint.iter().map(|file| blake3::hash(&file.bytes).to_hex().to_string()).collect();

        // Everything but the timings, as it was before compression. Hashes have one length; counts and names are written with a separator.
        let mut content = blake3::Hasher::new();
        let mut add = |text: &str| {
            content.update(text.as_bytes()).update(b"\n");
        };
        add(&format!("{:?}", commit.key));
        let pairs = episodes.iter().flat_map(|(body, trace)| [body, trace]);
        for payload in [&body, &state].into_iter().chain(pairs).chain(&tasks).chain(&interfaces) {
            add(&payload.content.to_hex());
        }
        for (name, value) in commit.metrics {
            add(&format!("{name} {:016x}", value.to_bits()));
        }
        for (file, hash) in commit.checkpoint.iter().zip(&checkpoint) {
            add(&format!("{} {hash}", file.name));
        }
        let content = content.finalize().to_hex().to_string();
        Self { body, state, episodes, tasks, interfaces, checkpoint, content }
    }
}

fn insert(db: &Transaction<'_>, commit: &RoundCommit<'_>, packed: &Packed) -> Result<()> {
    let key = &commit.key;
    db.prepare_cached(
        "INSERT INTO commits (arm, phase, round, payload, hash, state, state_hash, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        key.arm,
        key.phase as i64,
        key.round,
        packed.body.bytes,
        packed.body.hash,
        packed.state.bytes,
        packed.state.hash,
        packed.content
    ])?;
    let id = db.last_insert_rowid();
    for ((task, _), payload) in commit.tasks.iter().zip(&packed.tasks) {
        db.prepare_cached(
            "INSERT OR IGNORE INTO tasks (env, split, task_index, task_seed, payload, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![task.env, task.split, task.index, task.seed.cast_signed(), payload.bytes, payload.hash])?;
    }
    for (interface, payload) in commit.interfaces.iter().zip(&packed.interfaces) {
        db.prepare_cached("INSERT OR IGNORE INTO interfaces (id, payload, hash) VALUES (?1, ?2, ?3)")?
            .execute(params![interface.id().as_str(), payload.bytes, payload.hash])?;
    }
    for (record, (body, trace)) in commit.episodes.iter().zip(&packed.episodes) {
        insert_episode(db, id, record, body, trace)?;
    }
    for (name, value) in commit.metrics {
        db.prepare_cached("INSERT INTO metrics (commit_id, name, value) VALUES (?1, ?2, ?3)")?
            .execute(params![id, name, value])?;
    }
    for (file, hash) in commit.checkpoint.iter().zip(&packed.checkpoint) {
        db.prepare_cached("INSERT INTO checkpoints (commit_id, file, bytes, hash) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![id, file.name, file.bytes.len() as i64, hash])?;
    }
    for (name, elapsed_ms) in commit.timings_ms {
        db.prepare_cached("INSERT INTO timings (commit_id, name, elapsed_ms) VALUES (?1, ?2, ?3)")?
            .execute(params![id, name, elapsed_ms])?;
    }
    Ok(())
}

fn insert_episode(
    db: &Transaction<'_>,
    commit: i64,
    record: &EpisodeRecord,
    body: &Payload,
    trace: &Payload,
) -> Result<()> {
    let episode = &record.episode;
    let row = EpisodeSummary::of(record, 0);
    let key = &row.key;
    db.prepare_cached(
        "INSERT INTO episodes (commit_id, name, arm, stage, round, env, split, task_index, task_seed, replica, task_id, \
         category, scenario, interface, reward, ending, boundary, first_failing, turns, steps, tokens, sampled_tokens, \
         advantage, body, body_hash, trace, trace_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, \
         ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)",
    )?
    .execute(params![
        commit,
        row.name,
        key.arm,
        key.stage as i64,
        key.round,
        key.task.env,
        key.task.split,
        key.task.index,
        key.task.seed.cast_signed(),
        key.replica,
        row.task_id,
        row.category,
        row.scenario,
        row.interface,
        row.reward,
        row.ending,
        row.boundary,
        row.first_failing,
        row.turns,
        row.steps,
        row.tokens,
        row.sampled_tokens,
        row.advantage,
        body.bytes,
        body.hash,
        trace.bytes,
        trace.hash,
    ])?;
    let id = db.last_insert_rowid();
    let turns = record.diagnosis.as_ref().map_or(&[][..], |diagnosis: &Diagnosis| &diagnosis.turns);
    for (turn, diagnosed) in turns.iter().enumerate() {
        db.prepare_cached("INSERT INTO labels (episode, turn, label, cascaded) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![id, turn as i64, diagnosed.label.name(), diagnosed.cascaded_from.is_some()])?;
    }
    insert_tools(db, id, &tools(episode))
}

/// How often each tool was called, by what came of it: the error, or empty.
pub(crate) fn tools(episode: &Episode) -> BTreeMap<(&str, &str), u32> {
    let mut calls = BTreeMap::new();
    for step in episode.turns.iter().flat_map(|turn| &turn.steps) {
        let error = match &step.outcome {
            StepOutcome::Answered => continue,
            StepOutcome::Executed { .. } => "",
            StepOutcome::ToolError { code, .. } => code,
            StepOutcome::Rejected(Rejection::Malformed { .. }) => "malformed",
            StepOutcome::Rejected(Rejection::UnknownTool { .. }) => "unknown_tool",
            StepOutcome::Rejected(Rejection::NotOffered { .. }) => "not_offered",
            StepOutcome::Rejected(Rejection::Schema { .. }) => "schema",
        };
        let tool = match &step.parsed {
            Parsed::Call(call) => call.name.as_str(),
            Parsed::Answer(_) | Parsed::Malformed { .. } => "",
        };
        *calls.entry((tool, error)).or_insert(0) += 1;
    }
    calls
}

pub(crate) fn insert_tools(db: &Transaction<'_>, episode: i64, tools: &BTreeMap<(&str, &str), u32>) -> Result<()> {
    let mut insert = db.prepare_cached("INSERT INTO tools (episode, tool, error, calls) VALUES (?1, ?2, ?3, ?4)")?;
    for ((tool, error), calls) in tools {
        insert.execute(params![episode, tool, error, calls])?;
    }
    Ok(())
}

/// The fault that ended the episode, else the one that left it unscored.
pub(crate) fn boundary(record: &EpisodeRecord) -> Option<Boundary> {
    match (&record.episode.ending, &record.verdict) {
        (Ending::Faulted(fault), _) | (_, Verdict::Unscored(fault)) => Some(fault.boundary),
        _ => None,
    }
}

pub(crate) fn ending_name(ending: &Ending) -> &'static str {
    match ending {
        Ending::Terminated => "terminated",
        Ending::Truncated(_) => "truncated",
        Ending::Faulted(_) => "faulted",
    }
}

/// The name of a boundary, as serde writes it.
pub(crate) fn boundary_name(boundary: Boundary) -> String {
    serde_json::to_value(boundary).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}
