//! The warm start: oracle demonstrations on the training split, the tokenizer they train, and behaviour cloning.
//!
//! The demonstrator errs now and then and recovers; the error is seen and not imitated. Some demonstrations show randomly
//! chosen cues of the environment's rules, so that a cue is text the policy can read by the time evolution shows one; where the
//! demonstrator has bad habits, a cue against one makes it drop it, so that the policy can act on cues, too.
//!
//! Pre-training is a warm start whose demonstrations are about made-up tools: drawn for each step, seen once, never recorded.

use std::collections::BTreeMap;
use std::sync::Arc;

use coevo_agents::agents::{Habits, NoisyOracle, Reads};
use coevo_agents::demonstration::{Seen, encode, to_imitate};
use coevo_agents::synth::{Corpus, Mix};
use coevo_agents::{Lesson, Tokenizer, TrainSequence};
use coevo_core::config::DemonstrationSource;
use coevo_core::episode::{Stage, Verdict};
use coevo_core::interface::Interface;
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{HiddenLabel, TaskRef};
use coevo_scenarios::Settings;

use crate::round::{Batch, jobs, labels, stream_task};
use crate::scribe::Scribe;
use crate::slots::{Arena, Job, Parallelism, Played, play};
use crate::tasks::TaskPool;
use coevo_envs::Budgets;

/// Share of the rules that a demonstration with cues shows cues of.
const RULE_SHARE: f64 = 0.5;

/// Demonstrated episodes, with tokens, and the tokenizer trained on them.
pub struct Demonstrations {
    pub played: Vec<Played>,
    /// Every interface that was shown.
    pub interfaces: Vec<Interface>,
    pub tokenizer: Tokenizer,
    /// Of the demonstrations that succeeded and fit the context window.
    pub sequences: Vec<TrainSequence>,
}

impl Demonstrations {
    /// None, with the tokenizer that is there already.
    pub fn none(tokenizer: Tokenizer) -> Self {
        Self { played: Vec::new(), interfaces: Vec::new(), tokenizer, sequences: Vec::new() }
    }
}

/// The conversations about made-up tools that stand in for demonstrations, where `settings` ask for them.
pub fn made_up(settings: &Settings) -> Option<Corpus> {
    let warm = &settings.agent.warm_start;
    (warm.source == DemonstrationSource::Synthetic).then_some(Corpus {
        seed: settings.seed,
        mix: Mix { mistakes: warm.mistakes, cues: warm.cues, reads: warm.reads_tools, level: 1.0 },
        context: settings.agent.model.context,
        steps: warm.imitation.steps,
        emphasis: warm.imitation.emphasis,
    })
}

/// Plays so many demonstrations of each pool as stands beside it, and trains a tokenizer on what was read and written, unless
/// there is one.
///
/// # Errors
/// When the vocabulary is too small for a tokenizer.
pub fn demonstrate(
    arm: &str,
    pools: &[(&TaskPool, u32)],
    settings: &Settings,
    tokenizer: Option<&Tokenizer>,
    budgets: &Budgets,
    parallelism: Parallelism,
    progress: &mut dyn FnMut(usize),
) -> Result<Demonstrations, coevo_agents::tokenizer::TokenizerError> {
    let mut played = Vec::new();
    let mut streams = Vec::new();
    let mut interfaces = Vec::new();
    let mut book = BTreeMap::new();
    // Passes are counted through all pools, so that no two episodes have one name.
    let mut passes = 0;
    for (pool, episodes) in pools {
        let before = played.len();
        let (jobs, shown) = plan(arm, pool, passes, *episodes, settings);
        passes += episodes.div_ceil(settings.environment.train);
        interfaces.extend(shown.values().map(|interface| Interface::clone(interface)));
        streams.extend(jobs.iter().map(|job| job.action_stream));
        let (scribe, written) = Scribe::new(demonstrator(pool, labels(&jobs), shown, settings));
        let mut on_episode = |done| progress(before + done);
        played.extend(play(jobs, Box::new(scribe), budgets, parallelism, &mut on_episode).0);
        book.append(&mut written.lock().expect("no panic while writing"));
    }
    let tokenizer = match tokenizer {
        Some(tokenizer) => tokenizer.clone(),
        None => train_tokenizer(&book, settings)?,
    };
    for (played, stream) in played.iter_mut().zip(&streams) {
        if let Some(conversation) = book.get(stream) {
            played.episode.tokens = encode(&tokenizer, conversation);
        }
    }
    let (context, emphasis) = (settings.agent.model.context, settings.agent.warm_start.imitation.emphasis);
    let to_clone = |played: &Played, stream: &StreamKey| {
        let conversation = book.get(stream)?;
        let fits = played.episode.tokens.ids.len() <= context && as_meant(&played.verdict, conversation);
        fits.then(|| to_imitate(&tokenizer, conversation, &played.episode.tokens, emphasis))
    };
    let sequences = played.iter().zip(&streams).filter_map(|(played, stream)| to_clone(played, stream)).collect();
    Ok(Demonstrations { played, interfaces, tokenizer, sequences })
}

/// Who demonstrates the tasks of `labels`: able, with the habits and the ways of reading that `settings` give it.
fn demonstrator(
    pool: &TaskPool,
    labels: BTreeMap<String, HiddenLabel>,
    shown: BTreeMap<StreamKey, Arc<Interface>>,
    settings: &Settings,
) -> NoisyOracle {
    let warm = &settings.agent.warm_start;
    let habits = Habits { overeager: warm.overeager, hasty: warm.hasty, resigned: warm.resigned };
    let reads = match (warm.reads_tools, warm.reads_values) {
        (false, _) => Reads::Nothing,
        (true, false) => Reads::Tools,
        (true, true) => Reads::Values,
    };
    let tools = pool.plugin().spec().tools.clone();
    NoisyOracle::new(labels, tools, warm.mistakes).with_habits(habits, shown).reading(reads)
}

/// Whether a demonstration went as its demonstrator meant it to: nothing failed but by a habit.
fn as_meant(verdict: &Verdict, conversation: &[Seen]) -> bool {
    let Verdict::Scored { turns, .. } = verdict else { return false };
    let meant = |turn: usize| {
        conversation.iter().any(|seen| match seen.lesson {
            Lesson::Habit => usize::from(seen.turn) == turn,
            Lesson::Ruin => usize::from(seen.turn) <= turn,
            Lesson::Example | Lesson::None => false,
        })
    };
    turns.iter().enumerate().all(|(number, turn)| turn.failure.is_none() || meant(number))
}

/// The demonstrations to play, after so many passes through other pools, and the cues that some of them show, by the stream of
/// the episode.
fn plan(
    arm: &str,
    pool: &TaskPool,
    passes: u32,
    episodes: u32,
    settings: &Settings,
) -> (Vec<Job>, BTreeMap<StreamKey, Arc<Interface>>) {
    let warm = &settings.agent.warm_start;
    let mut shown = BTreeMap::new();
    let mut all = Vec::with_capacity(episodes as usize);
    for number in 0..episodes {
        let (index, replica) = (number % settings.environment.train, passes + number / settings.environment.train);
        let batch = Batch { arm, stage: Stage::Warmup, round: 0, seed: settings.seed, replicas: 1 };
        let mut job = jobs(batch, pool, "train", &[index], &Arena::Base).remove(0);
        if warm.fresh_tasks {
            // The next pass through the pool meets the next seed's tasks; none is one that reinforcement will draw.
            let task = TaskRef { seed: job.key.task.seed + 1 + u64::from(replica), ..job.key.task };
            job.task = pool.task(&task);
            job.env_stream = job.env_stream.task(stream_task(&task));
            job.action_stream = job.action_stream.task(stream_task(&task));
            job.key.task = task;
        }
        job.key.replica = replica;
        job.action_stream = job.action_stream.replica(replica);
        let mut stream = StreamKey { purpose: Purpose::Control, ..job.action_stream }.stream();
        if stream.uniform() < warm.cues {
            let spec = pool.plugin().spec();
            let interface = Arc::new(Interface::rehearsed(spec, &settings.evolution, RULE_SHARE, &mut stream));
            job.arena = Arena::Evolved(Arc::clone(&interface));
            shown.insert(job.action_stream, interface);
        }
        all.push(job);
    }
    (all, shown)
}

fn train_tokenizer(
    book: &BTreeMap<StreamKey, Vec<Seen>>,
    settings: &Settings,
) -> Result<Tokenizer, coevo_agents::tokenizer::TokenizerError> {
    let texts = book.values().flatten().map(|seen| seen.message.text.as_str());
    let tokenizer = Tokenizer::train(texts, &settings.agent.tokenizer)?;
    Ok(tokenizer.with_recall(settings.agent.model.recall))
}
