//! Re-executes the recorded episodes of a whole run in the sandbox.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use coevo_core::id::ContentId;
use coevo_core::interface::Interface;
use coevo_envs::Divergence;
use coevo_trace::{EpisodeFilter, EpisodeSummary, RunFile};

use crate::error::RunError;
use crate::observer::{Activity, Event, Observer};
use crate::tasks::Pools;

/// What came of re-executing a run.
#[derive(Debug, Default)]
pub struct ReplayOutcome {
    /// Re-executed; damaged ones cannot be.
    pub episodes: usize,
    pub steps: u64,
    /// Episodes that a fault ended: re-executed up to the fault.
    pub faulted: usize,
    /// By episode name: where the re-execution first differs from the record.
    pub diverged: BTreeMap<String, Divergence>,
    /// By episode name: records that are damaged.
    pub damaged: BTreeMap<String, String>,
}

/// Re-executes every episode that passes the filter.
///
/// # Errors
/// Where the run cannot be read at all; a damaged record is part of the outcome.
pub fn replay_all(
    run: &RunFile,
    pools: &Pools,
    filter: &EpisodeFilter,
    workers: usize,
    observer: &mut dyn Observer,
) -> Result<ReplayOutcome, RunError> {
    let interfaces = run.interfaces()?.into_iter().map(|(id, interface)| (id, Arc::new(interface))).collect();
    let summaries = run.episodes(filter)?;
    observer.event(&Event::Began { arm: "run", what: Activity::Replay, round: 0, rounds: 0, total: summaries.len() });
    let mut outcome = ReplayOutcome::default();
    // Records are read here, in order (SQLite connections stay on one thread), and re-executed on the workers.
    for (number, chunk) in summaries.chunks(256).enumerate() {
        let mut records = Vec::new();
        for summary in chunk {
            match run.record(summary) {
                Ok(record) => records.push((summary, record.episode)),
                Err(error) => {
                    outcome.damaged.insert(summary.name.clone(), error.to_string());
                }
            }
        }
        outcome.episodes += records.len();
        outcome.faulted += records.iter().filter(|(_, episode)| episode.fault().is_some()).count();
        outcome.steps += records.iter().flat_map(|(_, e)| &e.turns).map(|turn| turn.steps.len() as u64).sum::<u64>();
        let found = Mutex::new(BTreeMap::new());
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..workers.max(1) {
                scope.spawn(|| {
                    while let Some((summary, episode)) = records.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Some(divergence) = replay_one(pools, &interfaces, summary, episode) {
                            found.lock().expect("no panic").insert(summary.name.clone(), divergence);
                        }
                    }
                });
            }
        });
        outcome.diverged.extend(found.into_inner().expect("no panic"));
        observer.event(&Event::Progress { done: (number * 256 + chunk.len()).min(summaries.len()) });
    }
    Ok(outcome)
}

fn replay_one(
    pools: &Pools,
    interfaces: &BTreeMap<ContentId, Arc<Interface>>,
    summary: &EpisodeSummary,
    episode: &coevo_core::episode::Episode,
) -> Option<Divergence> {
    let Some(interface) = interfaces.get(&episode.interface) else {
        return Some(whole("interface", "recorded".to_owned(), format!("{} is not in the run", episode.interface)));
    };
    let pool = pools.of(&summary.key.task.env);
    match pool.task(&summary.key.task) {
        Ok(task) => coevo_envs::replay(pool.plugin(), &task.public, episode, interface).divergence,
        // A task that could not be generated then cannot be generated now: that is what the record says.
        Err(fault) if episode.fault() == Some(&fault) => None,
        Err(fault) => Some(whole("task", "generated".to_owned(), fault.message)),
    }
}

/// A divergence of the episode as a whole.
fn whole(what: &'static str, recorded: String, replayed: String) -> Divergence {
    Divergence { turn: None, step: None, what, recorded, replayed }
}
