//! Rescoring: recorded episodes diagnosed again with another priority table, or verified again, and what that changes.
//! Nothing is written: a record says what was found when it was made.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use coevo_core::diagnose::{PriorityTable, diagnose};
use coevo_core::episode::{Ending, Verdict};
use coevo_envs::verify;
use coevo_trace::{EpisodeFilter, EpisodeRecord, RunFile};
use serde::Serialize;

use crate::error::RunError;
use crate::observer::{Activity, Event, Observer};
use crate::recorded::Recorded;

/// What rescoring changes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Rescored {
    pub episodes: usize,
    /// Turns that were labelled, by label then and label now, where they differ.
    pub labels: BTreeMap<String, BTreeMap<String, usize>>,
    /// Turns whose label stays.
    pub same_labels: usize,
    /// Episodes with another first failing turn, or another cause of a failure.
    pub attributions: usize,
    /// Episodes whose verdict is another one.
    pub verdicts: BTreeMap<String, VerdictChange>,
    /// Episodes in which anything changed.
    pub changed: Vec<String>,
    /// By episode: why it could not be rescored.
    pub skipped: BTreeMap<String, String>,
}

/// Another verdict.
#[derive(Clone, Debug, Serialize)]
pub struct VerdictChange {
    pub before: Option<f64>,
    pub after: Option<f64>,
    /// What is found now, where it is no score.
    pub reason: String,
}

/// Diagnoses the episodes that pass the filter again, with `table`; verifies them again first, where `reverify`.
///
/// # Errors
/// Where the run cannot be read at all.
pub fn rescore(
    file: &RunFile,
    table: &PriorityTable,
    reverify: bool,
    filter: &EpisodeFilter,
    workers: usize,
    observer: &mut dyn Observer,
) -> Result<Rescored, RunError> {
    let recorded = Recorded::open(file)?;
    let summaries = file.episodes(filter)?;
    observer.event(&Event::Began { arm: "run", what: Activity::Replay, round: 0, rounds: 0, total: summaries.len() });
    let mut total = Rescored::default();
    for (number, chunk) in summaries.chunks(256).enumerate() {
        let mut records: Vec<(&str, EpisodeRecord)> = Vec::new();
        for summary in chunk {
            match file.record(summary) {
                Ok(record) => records.push((&summary.name, record)),
                Err(error) => drop(total.skipped.insert(summary.name.clone(), error.to_string())),
            }
        }
        // Each worker leaves its findings at the place of the episode, so that their number cannot reach the result.
        let found: Vec<Mutex<Option<Found>>> = records.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..workers.max(1) {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some((_, record)) = records.get(at) else { break };
                        *found[at].lock().expect("no panic") = Some(again(&recorded, record, table, reverify));
                    }
                });
            }
        });
        for ((name, record), found) in records.iter().zip(found) {
            let found = found.into_inner().expect("no panic").expect("every record was rescored");
            total.add(name, record, found);
        }
        observer.event(&Event::Progress { done: (number * 256 + chunk.len()).min(summaries.len()) });
    }
    Ok(total)
}

type Found = Result<(Verdict, Option<coevo_core::diagnose::Diagnosis>), String>;

fn again(recorded: &Recorded, record: &EpisodeRecord, table: &PriorityTable, reverify: bool) -> Found {
    let episode = &record.episode;
    if matches!(episode.ending, Ending::Faulted(_)) {
        return Ok((record.verdict.clone(), record.diagnosis.clone()));
    }
    let case = recorded.case(episode).map_err(|error| error.to_string())?;
    let verdict = if reverify {
        verify(&case.plugin, &case.task, &episode.turns, episode.env_stream)
    } else {
        record.verdict.clone()
    };
    let diagnosis = diagnose(episode, &verdict, &case.task.hidden, table);
    Ok((verdict, diagnosis))
}

impl Rescored {
    fn add(&mut self, name: &str, record: &EpisodeRecord, found: Found) {
        let (verdict, diagnosis) = match found {
            Ok(found) => found,
            Err(reason) => {
                self.skipped.insert(name.to_owned(), reason);
                return;
            }
        };
        self.episodes += 1;
        let mut changed = false;
        if verdict != record.verdict {
            let reason = match &verdict {
                Verdict::Unscored(fault) => fault.message.clone(),
                Verdict::Scored { turns, .. } => {
                    turns.iter().map(|turn| turn.detail.as_str()).collect::<Vec<_>>().join(" | ")
                }
            };
            let change = VerdictChange { before: record.verdict.reward(), after: verdict.reward(), reason };
            self.verdicts.insert(name.to_owned(), change);
            changed = true;
        }
        let turns = |diagnosis: &Option<coevo_core::diagnose::Diagnosis>| {
            diagnosis.as_ref().map_or(Vec::new(), |d| d.turns.iter().map(|t| (t.label, t.cascaded_from)).collect())
        };
        let (then, now) = (turns(&record.diagnosis), turns(&diagnosis));
        let mut attributed = then.len() != now.len();
        for ((before, from), (after, from_now)) in then.iter().zip(&now) {
            attributed |= from != from_now;
            if before == after {
                self.same_labels += 1;
            } else {
                let row = self.labels.entry(before.name().to_owned()).or_default();
                *row.entry(after.name().to_owned()).or_default() += 1;
                changed = true;
            }
        }
        self.attributions += usize::from(attributed);
        if changed || attributed {
            self.changed.push(name.to_owned());
        }
    }
}
