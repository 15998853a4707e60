//! What recording costs: the commits of a finished run are written again, as they were, into a new run folder, and timed.
//!
//! A run itself does not time its commits: a clock inside of a commit would have to be written by it. Everything that the run
//! wrote is written again, checkpoint files and syncs included, and compared with the time that its stages took.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use coevo_core::interface::Interface;
use coevo_trace::{Committed, EpisodeRecord, RoundCommit, RunFile};
use serde::Serialize;

use crate::clock::Stopwatch;
use crate::error::RunError;

/// Commits of one phase.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WriteCost {
    pub commits: usize,
    pub episodes: usize,
    pub checkpoint_bytes: u64,
    /// Committing all of them.
    pub write_ms: f64,
    /// Of the slowest.
    pub slowest_ms: f64,
    /// What the run recorded of the stages themselves.
    pub stages_ms: f64,
}

/// Writes every commit of `run` again into `folder`, which must not exist and is left to the caller; by phase.
///
/// # Errors
/// Where the run cannot be read, or the folder cannot be written.
pub fn write_cost(
    run: &RunFile,
    folder: &Path,
    progress: &mut dyn FnMut(usize),
) -> Result<BTreeMap<&'static str, WriteCost>, RunError> {
    let mut copy = RunFile::create(folder, run.header())?;
    let interfaces: Vec<Interface> = run.interfaces()?.into_values().collect();
    let with_checkpoint = run.checkpoints()?;
    let mut costs: BTreeMap<&str, WriteCost> = BTreeMap::new();
    for (done, (key, timings_ms)) in run.timings_ms()?.into_iter().enumerate() {
        let Some(before) = run.commit_record(&key)? else { continue };
        let summaries = run.episodes_of(&key)?;
        let episodes: Vec<EpisodeRecord> = summaries.iter().map(|of| run.record(of)).collect::<Result<_, _>>()?;
        let references: BTreeSet<_> = episodes.iter().map(|record| &record.episode.key.task).collect();
        let mut tasks = Vec::new();
        for reference in references {
            tasks.extend(run.task(reference)?.map(|task| (reference.clone(), task)));
        }
        let stamped: BTreeSet<_> = summaries.iter().map(|of| of.interface.as_str()).collect();
        let interfaces: Vec<Interface> =
            interfaces.iter().filter(|of| stamped.contains(of.id().as_str())).cloned().collect();
        let checkpoint = if with_checkpoint.contains(&key) { run.checkpoint(&key)? } else { Vec::new() };
        let commit = RoundCommit {
            key: key.clone(),
            episodes: &episodes,
            tasks: &tasks,
            interfaces: &interfaces,
            lineage: &before.lineage,
            profile: before.profile.as_ref(),
            evaluations: &before.evaluations,
            metrics: &before.metrics,
            state: &before.state,
            checkpoint: &checkpoint,
            timings_ms: &timings_ms,
        };
        let watch = Stopwatch::start();
        let committed = copy.commit(&commit)?;
        let elapsed = watch.elapsed_ms();
        assert_eq!(committed, Committed::Written, "the folder is new");
        let cost = costs.entry(key.phase.name()).or_default();
        cost.commits += 1;
        cost.episodes += episodes.len();
        cost.checkpoint_bytes += checkpoint.iter().map(|file| file.bytes.len() as u64).sum::<u64>();
        cost.write_ms += elapsed;
        cost.slowest_ms = cost.slowest_ms.max(elapsed);
        cost.stages_ms += timings_ms.values().filter(|ms| ms.is_finite()).sum::<f64>();
        progress(done + 1);
    }
    Ok(costs)
}
