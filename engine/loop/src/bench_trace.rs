//! What the run file costs with very many episodes: size, writing, reading one, listing, filtering.
//!
//! The episodes are real ones: the oracle's, of ever new tasks, a third of them with one call harmed, played, verified and
//! diagnosed in the sandbox. Their tokens are those of a tokenizer trained on the first of them; log-probabilities are drawn
//! at random, because random bits are what those of a policy are to a compressor.

use std::collections::BTreeMap;
use std::path::Path;

use coevo_agents::Tokenizer;
use coevo_core::advantage::EpisodeWeights;
use coevo_core::episode::{Stage, TokenTrace};
use coevo_core::interface::Interface;
use coevo_core::render::{Message, Role};
use coevo_core::seed::{Purpose, Stream, StreamKey};
use coevo_core::task::TaskRef;
use coevo_envs::EnvPlugin;
use coevo_scenarios::Settings;
use coevo_trace::{
    CommitKey, EpisodeFilter, EpisodeRecord, Expr, Phase, RoundCommit, RunFile, RunHeader, Sort, export_jsonl_with,
};
use serde::Serialize;

use crate::clock::Stopwatch;
use crate::error::RunError;
use crate::plant::{Harm, oracle_case, plant};
use crate::reexecute::Place;

/// Episodes of one commit.
const BATCH: usize = 500;
/// Episodes that the tokenizer is trained on.
const TOKENIZED: usize = 64;
/// Episodes that are read one by one.
const READS: usize = 2000;
/// Episodes whose JSONL export is measured.
const EXPORTED: u32 = 5000;

/// Figures of one run file.
#[derive(Clone, Debug, Serialize)]
pub struct TraceCost {
    pub episodes: usize,
    pub steps: u64,
    pub tokens: u64,
    /// Generating, playing, verifying and diagnosing, all threads together.
    pub play_ms: f64,
    pub write_ms: f64,
    pub file_bytes: u64,
    /// Of the file: records and token traces, compressed. The rest is columns and indices.
    pub body_bytes: u64,
    pub trace_bytes: u64,
    /// Of the whole run, from the first `EXPORTED`.
    pub jsonl_bytes: u64,
    pub jsonl_with_tokens_bytes: u64,
    pub open_ms: f64,
    /// Read and parse one episode at random that was listed before: median and 99th percentile.
    pub read_us: (f64, f64),
    /// Find it by its name first.
    pub find_us: (f64, f64),
    pub list_ms: f64,
    /// By expression: how many it chose, and in how many ms.
    pub filters: Vec<(String, usize, f64)>,
}

/// Makes, writes and reads `count` episodes of `plugin`; `folder` must not exist, and is left to the caller.
///
/// # Errors
/// Where the run folder cannot be written, or no task of the environment can be played.
pub fn trace_cost(
    plugin: &EnvPlugin,
    settings: &Settings,
    count: usize,
    folder: &Path,
    progress: &mut dyn FnMut(usize),
) -> Result<TraceCost, RunError> {
    let header = RunHeader {
        scenario_yaml: String::new(),
        env: plugin.spec().clone(),
        component: plugin.component_id().to_string(),
        others: Vec::new(),
        facts: BTreeMap::new(),
    };
    let mut file = RunFile::create(folder, &header)?;
    let mut cost = TraceCost {
        episodes: count,
        steps: 0,
        tokens: 0,
        play_ms: 0.0,
        write_ms: 0.0,
        file_bytes: 0,
        body_bytes: 0,
        trace_bytes: 0,
        jsonl_bytes: 0,
        jsonl_with_tokens_bytes: 0,
        open_ms: 0.0,
        read_us: (0.0, 0.0),
        find_us: (0.0, 0.0),
        list_ms: 0.0,
        filters: Vec::new(),
    };
    let mut encoder: Option<Encoder> = None;
    let mut watch = Stopwatch::start();
    for (batch, first) in (0..count).step_by(BATCH).enumerate() {
        let numbers: Vec<usize> = (first..(first + BATCH).min(count)).collect();
        let mut played: Vec<(EpisodeRecord, Vec<Message>)> =
            numbers.iter().filter_map(|n| episode(plugin, *n)).collect();
        if played.is_empty() {
            let message = format!("no oracle episode of `{}` passes", plugin.spec().name);
            return Err(RunError::Unfit { message, hint: "choose another environment".to_owned() });
        }
        let encoder = match &mut encoder {
            Some(encoder) => encoder,
            none => none.insert(Encoder::train(&played, settings)?),
        };
        // Four arms, so many rounds each.
        let (arm, round) = (format!("arm-{}", batch % 4), (batch / 4) as u32 + 1);
        for (place, (record, said)) in played.iter_mut().enumerate() {
            record.episode.tokens = encoder.encode(said, first + place);
            let key = &mut record.episode.key;
            (key.arm, key.round, key.stage) = (arm.clone(), round, Stage::Train);
            cost.steps += record.episode.turns.iter().map(|turn| turn.steps.len() as u64).sum::<u64>();
            cost.tokens += record.episode.tokens.ids.len() as u64;
        }
        let episodes: Vec<EpisodeRecord> = played.into_iter().map(|(record, _)| record).collect();
        cost.play_ms += watch.lap_ms();
        file.commit(&RoundCommit {
            episodes: &episodes,
            interfaces: &[Interface::base()],
            ..RoundCommit::empty(CommitKey { arm, phase: Phase::Round, round })
        })?;
        cost.write_ms += watch.lap_ms();
        progress(numbers.last().map_or(0, |last| last + 1));
    }
    drop(file);
    let size = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |found| found.len());
    cost.file_bytes = size("run.sqlite") + size("run.sqlite-wal");
    watch.lap_ms();
    let file = RunFile::open_read_only(folder)?;
    cost.open_ms = watch.lap_ms();
    (cost.body_bytes, cost.trace_bytes) = file.payload_bytes()?;
    watch.lap_ms();
    let all = file.episodes(&EpisodeFilter::default())?;
    cost.list_ms = watch.lap_ms();
    cost.episodes = all.len();
    for text in [
        "label=state_mismatch and round>5 and reward<1",
        "first_label=missing_tool_call",
        "tool~book and not passed",
        "arm=arm-1 and round=3",
        "steps>12",
    ] {
        let matching: Expr = text.parse().expect("a valid expression");
        let filter = EpisodeFilter { matching: Some(matching), ..EpisodeFilter::default() };
        watch.lap_ms();
        let found = file.episodes(&filter)?.len();
        cost.filters.push((text.to_owned(), found, watch.lap_ms()));
    }
    let filter = EpisodeFilter {
        sort: Sort::parse("-tokens").expect("a valid order"),
        limit: Some(50),
        ..EpisodeFilter::default()
    };
    watch.lap_ms();
    let found = file.episodes(&filter)?.len();
    cost.filters.push(("--sort=-tokens --limit 50".to_owned(), found, watch.lap_ms()));

    let mut stream = StreamKey::new(1, Purpose::Shuffle).stream();
    let drawn: Vec<usize> = (0..READS).map(|_| stream.below(all.len() as u64) as usize).collect();
    let mut time = |read: &dyn Fn(usize) -> coevo_trace::Result<EpisodeRecord>| -> Result<(f64, f64), RunError> {
        let mut times = Vec::with_capacity(READS);
        for at in &drawn {
            watch.lap_ms();
            read(*at)?;
            times.push(watch.lap_ms() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        Ok((times[READS / 2], times[READS * 99 / 100]))
    };
    cost.read_us = time(&|at| file.record(&all[at]))?;
    cost.find_us = time(&|at| file.episode(&all[at].name))?;
    let filter = EpisodeFilter { limit: Some(EXPORTED), ..EpisodeFilter::default() };
    let exported = |tokens: bool| -> Result<u64, RunError> {
        let mut bytes = Counter(0);
        let lines = export_jsonl_with(&file, &filter, tokens, &mut bytes)?;
        Ok((bytes.0 as f64 * all.len() as f64 / lines.max(1) as f64) as u64)
    };
    (cost.jsonl_bytes, cost.jsonl_with_tokens_bytes) = (exported(false)?, exported(true)?);
    Ok(cost)
}

/// Counts what is written to it.
struct Counter(u64);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Episode `number` with its conversation: the oracle's, or every third time with one call harmed.
fn episode(plugin: &EnvPlugin, number: usize) -> Option<(EpisodeRecord, Vec<Message>)> {
    let spec = plugin.spec();
    let (split, tasks) = spec.splits.first().map(|split| (split.name.clone(), split.tasks.max(1)))?;
    let (index, seed) = (number as u32 % tasks, number as u64 / u64::from(tasks));
    let reference = TaskRef { env: spec.name.clone(), split, index, seed };
    let (case, mut record) = oracle_case(plugin, &reference, 1)?;
    let mut stream = StreamKey::new(0, Purpose::Control).task(number as u64).stream();
    if number.is_multiple_of(3) {
        let texts = |turn: &coevo_core::episode::Turn| turn.steps.iter().map(|step| step.text.clone()).collect();
        let mut script: Vec<Vec<String>> = record.episode.turns.iter().map(texts).collect();
        let harm = Harm::ALL[stream.below(4) as usize];
        if plant(&mut script, harm, &case, &mut stream).is_some() {
            record = case.perform(&record.episode, &script).ok()?;
        }
    }
    let (_, said) = case.rerun(&record.episode, Place::END).ok()?;
    // A group of eight of which some pass has one of few advantages, and a diagnosed turn one of few weights.
    let pass = record.verdict.reward() == Some(1.0);
    let passing = (1 + stream.below(7)) as f64;
    let (mean, deviation) = (passing / 8.0, (passing * (8.0 - passing) / 56.0).sqrt());
    let advantage = (f64::from(u8::from(pass)) - mean) / (deviation + 1e-6);
    let weights = [1.0, 1.0, 1.0, 0.9, 1.5, 2.0];
    let per_turn = record.episode.turns.iter().map(|_| weights[stream.below(6) as usize]).collect();
    record.training = Some(EpisodeWeights { per_turn, ..EpisodeWeights::plain(advantage, 0) });
    Some((record, said))
}

struct Encoder {
    tokenizer: Tokenizer,
    /// Most messages come again: tool lists, greetings, lookups.
    known: BTreeMap<String, Vec<u32>>,
}

impl Encoder {
    fn train(played: &[(EpisodeRecord, Vec<Message>)], settings: &Settings) -> Result<Self, RunError> {
        let texts = played.iter().take(TOKENIZED).flat_map(|(_, said)| said).map(|message| message.text.as_str());
        Ok(Self { tokenizer: Tokenizer::train(texts, &settings.agent.tokenizer)?, known: BTreeMap::new() })
    }

    fn encode(&mut self, said: &[Message], number: usize) -> TokenTrace {
        let mut stream: Stream = StreamKey::new(2, Purpose::Control).task(number as u64).stream();
        let mut trace = TokenTrace::default();
        let (mut turn, mut step, mut users) = (0u16, 0u16, 0u16);
        for message in said {
            if message.role == Role::User {
                (turn, step, users) = (users, 0, users + 1);
            }
            let ids = self.known.entry(format!("{:?}{}", message.role, message.text)).or_insert_with(|| {
                let mut ids = Vec::new();
                self.tokenizer.reader().read(message, &mut ids);
                ids
            });
            let chosen = message.role == Role::Assistant;
            for (place, id) in ids.iter().enumerate() {
                let action = chosen && place > 0;
                trace.ids.push(*id);
                trace.log_probs.push(if action { stream.uniform().ln() as f32 } else { 0.0 });
                trace.action.push(action);
                trace.turn.push(turn);
                trace.step.push(step);
            }
            step += u16::from(chosen);
        }
        trace
    }
}
