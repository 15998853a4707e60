//! Differences: of two episodes, turn by turn; of two sets of episodes, task by task.

use std::collections::BTreeMap;

use coevo_core::episode::{Episode, Step, StepOutcome, Verdict};
use coevo_core::task::TaskRef;
use coevo_trace::{EpisodeFilter, EpisodeRecord, EpisodeSummary, RunFile};
use serde::Serialize;

use crate::reexecute::Place;

/// What differs first between two episodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The tasks themselves: nothing else is comparable.
    Task,
    /// The user said something else.
    User,
    /// Other tools were offered.
    Offered,
    /// The agent wrote something else, and it is another call or answer.
    Call,
    /// The agent wrote the same call or answer with other characters.
    Text,
    /// The environment replied otherwise.
    Reply,
    /// The interface commented otherwise.
    Cue,
    /// The state after it is another one.
    State,
    /// One of them ends here.
    Length,
}

/// The first difference between two episodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FirstDifference {
    pub at: Place,
    pub what: What,
    pub left: String,
    pub right: String,
}

/// Two episodes, aligned by turn.
#[derive(Clone, Debug, Serialize)]
pub struct EpisodeDiff {
    /// By what differs; each kind where it first does.
    pub first: Vec<FirstDifference>,
    pub turns: Vec<TurnDiff>,
    pub rewards: (Option<f64>, Option<f64>),
}

/// One turn of two episodes.
#[derive(Clone, Debug, Serialize)]
pub struct TurnDiff {
    pub same: bool,
    /// Label and steps of each; `None` where it was not played.
    pub left: Option<Side>,
    pub right: Option<Side>,
}

/// A turn of one episode.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    pub label: Option<String>,
    pub passed: Option<bool>,
    pub texts: Vec<String>,
}

fn side(record: &EpisodeRecord, turn: usize) -> Option<Side> {
    let played = record.episode.turns.get(turn)?;
    let label = record.diagnosis.as_ref().and_then(|d| d.turns.get(turn)).map(|turn| turn.label.name().to_owned());
    let passed = match &record.verdict {
        Verdict::Scored { turns, .. } => turns.get(turn).map(|turn| turn.failure.is_none()),
        Verdict::Unscored(_) => None,
    };
    Some(Side { label, passed, texts: played.steps.iter().map(|step| step.text.clone()).collect() })
}

/// Compares two episodes.
pub fn diff_episodes(left: &EpisodeRecord, right: &EpisodeRecord) -> EpisodeDiff {
    let mut first: Vec<FirstDifference> = Vec::new();
    let mut found = |at: Place, what: What, left: &str, right: &str| {
        if left != right && first.iter().all(|known| known.what != what) {
            first.push(FirstDifference { at, what, left: left.to_owned(), right: right.to_owned() });
        }
    };
    compare(&left.episode, &right.episode, &mut found);
    let count = left.episode.turns.len().max(right.episode.turns.len());
    let turns = (0..count).map(|turn| {
        let same = match (left.episode.turns.get(turn), right.episode.turns.get(turn)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        };
        TurnDiff { same, left: side(left, turn), right: side(right, turn) }
    });
    let turns = turns.collect();
    first.sort_by_key(|difference| difference.at);
    EpisodeDiff { first, turns, rewards: (left.verdict.reward(), right.verdict.reward()) }
}

fn compare(left: &Episode, right: &Episode, found: &mut dyn FnMut(Place, What, &str, &str)) {
    found(Place::START, What::Task, &left.task_id, &right.task_id);
    for turn in 0..left.turns.len().max(right.turns.len()) {
        let at = Place { turn, step: 0 };
        let (Some(a), Some(b)) = (left.turns.get(turn), right.turns.get(turn)) else {
            let count = |episode: &Episode| format!("{} turns", episode.turns.len());
            found(at, What::Length, &count(left), &count(right));
            return;
        };
        found(at, What::User, &a.user, &b.user);
        found(at, What::Offered, &a.offered.join(", "), &b.offered.join(", "));
        for step in 0..a.steps.len().max(b.steps.len()) {
            let at = Place { turn, step };
            let (Some(a), Some(b)) = (a.steps.get(step), b.steps.get(step)) else {
                let count = |steps: &[Step]| format!("{} steps", steps.len());
                found(at, What::Length, &count(&a.steps), &count(&b.steps));
                break;
            };
            let what = if a.parsed == b.parsed { What::Text } else { What::Call };
            found(at, what, &a.text, &b.text);
            found(at, What::Reply, &a.observation, &b.observation);
            found(at, What::Cue, &a.cue, &b.cue);
            if !matches!((&a.outcome, &b.outcome), (StepOutcome::Answered, StepOutcome::Answered)) {
                found(at, What::State, &crate::reexecute::hex(a.state_hash), &crate::reexecute::hex(b.state_hash));
            }
        }
    }
}

/// Two sets of episodes over the same tasks.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SetDiff {
    /// Tasks that both have.
    pub tasks: usize,
    /// Episodes that only one has, or that a fault left unscored in one.
    pub unpaired: (usize, usize),
    /// Passed, of the tasks that both have.
    pub passed: (usize, usize),
    /// By what the task ended with on either side: `pass`, or the label of the first failing turn.
    pub flow: BTreeMap<String, BTreeMap<String, usize>>,
    pub fixed: Vec<Pair>,
    pub broke: Vec<Pair>,
}

/// The episodes of one task.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    pub task: String,
    pub left: String,
    pub right: String,
    /// What it ended with.
    pub left_end: String,
    pub right_end: String,
}

/// A run, and which of its episodes.
pub struct Set<'a> {
    pub run: &'a RunFile,
    pub filter: EpisodeFilter,
}

/// By task and replica: the episode, and what it ended with.
type Ends = BTreeMap<(TaskRef, u32), (EpisodeSummary, String)>;

/// The scored episodes of a set, and how many others there are.
fn ends(set: &Set<'_>) -> coevo_trace::Result<(Ends, usize)> {
    let mut found = BTreeMap::new();
    let mut unscored = 0;
    for summary in set.run.episodes(&set.filter)? {
        if summary.reward.is_none() {
            unscored += 1;
            continue;
        }
        let end = match summary.first_failing {
            None if summary.reward >= Some(1.0) => "pass".to_owned(),
            None => "failed as a whole".to_owned(),
            Some(turn) => {
                let labels = set.run.labels(summary.row)?;
                labels.get(turn as usize).map_or_else(|| "unlabelled".to_owned(), |(label, _)| label.clone())
            }
        };
        found.insert((summary.key.task.clone(), summary.key.replica), (summary, end));
    }
    Ok((found, unscored))
}

/// Compares two sets of episodes task by task; replicas of a task are paired by their number.
///
/// # Errors
/// Where a run cannot be read.
pub fn diff_sets(left: &Set<'_>, right: &Set<'_>) -> coevo_trace::Result<SetDiff> {
    let ((left, left_unscored), (mut right, right_unscored)) = (ends(left)?, ends(right)?);
    let mut diff = SetDiff { unpaired: (left_unscored, right_unscored), ..SetDiff::default() };
    for (key, (a, left_end)) in left {
        let Some((b, right_end)) = right.remove(&key) else {
            diff.unpaired.0 += 1;
            continue;
        };
        diff.tasks += 1;
        let (before, after) = (a.reward >= Some(1.0), b.reward >= Some(1.0));
        diff.passed.0 += usize::from(before);
        diff.passed.1 += usize::from(after);
        *diff.flow.entry(left_end.clone()).or_default().entry(right_end.clone()).or_default() += 1;
        let pair = Pair { task: a.task_id, left: a.name, right: b.name, left_end, right_end };
        match (before, after) {
            (false, true) => diff.fixed.push(pair),
            (true, false) => diff.broke.push(pair),
            _ => {}
        }
    }
    diff.unpaired.1 += right.len();
    Ok(diff)
}
