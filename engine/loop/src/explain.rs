//! Why an episode failed: the root cause, what it led to, and the counterfactual that proves it.
//!
//! A turn is the root where playing the reference in it, and in the turns from it up to the first failing one, makes that
//! one pass, and where doing so only later does not. Inside the root turn the smallest set of departures from the
//! reference is sought that must be made good. Both are found by playing the episode again in the sandbox and having the verifier
//! judge it, never by comparing texts alone: many departures do no harm.

use coevo_core::diagnose::{Dependency, DependencyKind};
use coevo_core::episode::{StepOutcome, Turn, Verdict};
use coevo_core::label::Label;
use coevo_envs::Divergence;
use coevo_trace::EpisodeRecord;
use serde::Serialize;

use crate::json_diff::{JsonChange, json_diff};
use crate::recorded::Case;
use crate::reexecute::Place;
use crate::slip::{Slip, repaired, slips};

/// Parts of a state that are shown of each difference.
const MOST_CHANGES: usize = 6;

/// Why an episode failed.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// `None` where the episode was not scored.
    pub reward: Option<f64>,
    /// First failing turn, from 0; without one there is nothing to explain.
    pub first_failing: Option<usize>,
    pub root: Option<Root>,
    /// From the root turn on: every turn that failed, and how it hangs together with the root.
    pub links: Vec<Link>,
    pub counterfactual: Option<Counterfactual>,
    /// What could not be shown, and why.
    pub notes: Vec<String>,
}

/// What it began with.
#[derive(Clone, Debug, Serialize)]
pub struct Root {
    pub turn: usize,
    /// What must be made good; the first is the root cause. More than one where no single one is enough.
    pub slips: Vec<Cause>,
    /// Whether making them good, and nothing else, made the first failing turn pass.
    pub proven: bool,
}

/// One departure from the reference.
#[derive(Clone, Debug, Serialize)]
pub struct Cause {
    pub slip: Slip,
    /// What the agent wrote; absent for a missing call.
    pub made: Option<String>,
    /// What the reference does; absent for an extra call.
    pub wanted: Option<String>,
    /// What the agent was answered.
    pub reply: Option<String>,
}

/// A failing turn and why it fails.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    pub turn: usize,
    pub label: Label,
    /// What the verifier found.
    pub detail: String,
    /// How earlier turns reach this one.
    pub dependencies: Vec<Dependency>,
    /// How the state at the end of the turn differs from that after the repair: `before` is the record's.
    pub state: Vec<JsonChange>,
    /// How many more parts differ.
    pub more: usize,
    /// Whether it passes once the root is made good.
    pub passes_after_repair: Option<bool>,
}

/// The episode with its root made good and everything else as recorded.
#[derive(Clone, Debug, Serialize)]
pub struct Counterfactual {
    /// The first step that is played otherwise; the flags of `coevo fork` that play it.
    pub at: Place,
    pub skip: usize,
    pub texts: Vec<String>,
    pub reward: Option<f64>,
    /// Of each turn: whether it passed as recorded, and whether it passes now (`None` where it is no longer reached).
    pub turns: Vec<(bool, Option<bool>)>,
}

/// Whether each turn passed; `None` where the episode was not scored.
fn passes(record: &EpisodeRecord) -> Option<Vec<bool>> {
    match &record.verdict {
        Verdict::Scored { turns, .. } => Some(turns.iter().map(|turn| turn.failure.is_none()).collect()),
        Verdict::Unscored(_) => None,
    }
}

fn texts(turn: &Turn) -> Vec<String> {
    turn.steps.iter().map(|step| step.text.clone()).collect()
}

/// An episode under explanation.
struct Search<'a> {
    case: &'a Case,
    record: &'a EpisodeRecord,
    script: Vec<Vec<String>>,
    first_failing: usize,
}

impl Search<'_> {
    fn play(&self, script: &[Vec<String>]) -> Option<EpisodeRecord> {
        self.case.perform(&self.record.episode, script).ok()
    }

    /// Whether the first failing turn passes with other texts.
    fn heals(&self, script: &[Vec<String>]) -> bool {
        let played = self.play(script).and_then(|record| passes(&record));
        played.is_some_and(|passes| passes.get(self.first_failing) == Some(&true))
    }

    /// The reference in the turns `from..=first_failing`, else as recorded.
    fn with_reference(&self, from: usize) -> Vec<Vec<String>> {
        let mut script = self.script.clone();
        script.resize(script.len().max(self.first_failing + 1), Vec::new());
        for (turn, texts) in script.iter_mut().enumerate().take(self.first_failing + 1).skip(from) {
            *texts = self.case.reference(turn).unwrap_or_default();
        }
        script
    }

    /// The latest turn from which on the reference heals.
    fn root_turn(&self) -> Option<usize> {
        (0..=self.first_failing).rev().find(|turn| self.heals(&self.with_reference(*turn)))
    }

    fn with(&self, turn: usize, wanted: &[String], slips: &[&Slip]) -> Vec<Vec<String>> {
        let mut script = self.script.clone();
        script.resize(script.len().max(turn + 1), Vec::new());
        script[turn] = repaired(&script[turn], wanted, slips);
        script
    }

    /// The slips of the root turn that must be made good: the first that is enough alone, else a set from which none can
    /// be left out. With whether that was shown.
    fn slips(&self, turn: usize, wanted: &[String]) -> (Vec<Slip>, bool) {
        let made = self.script.get(turn).map_or(&[][..], Vec::as_slice);
        let mut all = slips(made, wanted);
        all.sort_by_key(Slip::step);
        if let Some(alone) = all.iter().find(|slip| self.heals(&self.with(turn, wanted, &[slip]))) {
            return (vec![alone.clone()], true);
        }
        let mut kept: Vec<&Slip> = all.iter().collect();
        let proven = self.heals(&self.with(turn, wanted, &kept));
        // Without a proof every slip is as good as any other.
        for at in (0..kept.len()).rev().filter(|_| proven) {
            let left_out: Vec<&Slip> =
                kept.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, slip)| *slip).collect();
            if self.heals(&self.with(turn, wanted, &left_out)) {
                kept = left_out;
            }
        }
        (kept.into_iter().cloned().collect(), proven)
    }
}

impl Case {
    /// Explains a recorded episode.
    ///
    /// # Errors
    /// Where the record cannot be repeated: what diverges cannot be explained by this environment.
    pub fn explain(&self, record: &EpisodeRecord) -> Result<Explanation, Divergence> {
        // The premise of everything below.
        let recorded = self.reexecute(&record.episode, Place::END)?;
        if let Some(divergence) = recorded.divergence {
            return Err(divergence);
        }
        let mut found = Explanation {
            reward: record.verdict.reward(),
            first_failing: None,
            root: None,
            links: Vec::new(),
            counterfactual: None,
            notes: Vec::new(),
        };
        let Some(passed) = passes(record) else {
            let fault = match &record.verdict {
                Verdict::Unscored(fault) => fault.message.as_str(),
                Verdict::Scored { .. } => "",
            };
            found.notes.push(format!("a fault left it unscored, which is no failure of the agent: {fault}"));
            return Ok(found);
        };
        found.first_failing = passed.iter().position(|passed| !passed);
        let Some(first_failing) = found.first_failing else {
            let note = match found.reward {
                Some(reward) if reward < 1.0 => "every turn passed, the episode as a whole did not",
                _ => "it passed: there is nothing to explain",
            };
            found.notes.push(note.to_owned());
            return Ok(found);
        };
        let script: Vec<Vec<String>> = record.episode.turns.iter().map(texts).collect();
        let search = Search { case: self, record, script, first_failing };
        let turn = search.root_turn();
        if turn.is_none() {
            let note = "playing the reference from the first turn on does not make the failing turn pass, so no cause is proven";
            found.notes.push(note.to_owned());
        }
        let root_turn = turn.unwrap_or(first_failing);
        let wanted = self.reference(root_turn).unwrap_or_default();
        let (slips, proven) = search.slips(root_turn, &wanted);
        let repaired = search.with(root_turn, &wanted, &slips.iter().collect::<Vec<_>>());
        if slips.is_empty() {
            found.notes.push(format!("turn {} is the reference's, step by step", root_turn + 1));
        } else if turn.is_some() && !proven {
            found.notes.push(format!(
                "the first failing turn passes only if turns {} to {} are all the reference's",
                root_turn + 1,
                first_failing + 1
            ));
        }
        let played = search.play(&repaired);
        let states = |record: &EpisodeRecord| {
            let seen = self.reexecute(&record.episode, Place::END).ok()?;
            let last = |turn: &crate::reexecute::TurnFrames| turn.after.last().unwrap_or(&turn.before).state.clone();
            Some(seen.turns.iter().map(last).collect::<Vec<_>>())
        };
        let now = played.as_ref().and_then(passes);
        let states_now = played.as_ref().and_then(states).unwrap_or_default();
        let states_then = states(record).unwrap_or_default();
        found.links = links(record, &passed, root_turn, now.as_deref(), (&states_then, &states_now));
        found.root = Some(Root { turn: root_turn, slips: causes(record, root_turn, &wanted, slips), proven });
        if let Some(played) = &played {
            let (at, skip, texts) = edit(root_turn, search.script.get(root_turn), &repaired[root_turn]);
            let reached = played.episode.turns.len();
            let now = now.unwrap_or_default();
            let turns = passed
                .iter()
                .enumerate()
                .map(|(turn, passed)| (*passed, now.get(turn).copied().filter(|_| turn < reached)));
            found.counterfactual =
                Some(Counterfactual { at, skip, texts, reward: played.verdict.reward(), turns: turns.collect() });
        }
        Ok(found)
    }
}

fn causes(record: &EpisodeRecord, turn: usize, wanted: &[String], slips: Vec<Slip>) -> Vec<Cause> {
    let steps = record.episode.turns.get(turn).map_or(&[][..], |turn| &turn.steps);
    let cause = |slip: Slip| {
        let step = steps.get(slip.step()).filter(|_| !matches!(slip, Slip::Missing { .. }));
        Cause {
            made: step.map(|step| step.text.clone()),
            reply: step.filter(|step| step.outcome != StepOutcome::Answered).map(|step| step.observation.clone()),
            wanted: slip.wanted().and_then(|number| wanted.get(number)).cloned(),
            slip,
        }
    };
    slips.into_iter().map(cause).collect()
}

fn links(
    record: &EpisodeRecord,
    passed: &[bool],
    root: usize,
    now: Option<&[bool]>,
    (then_states, now_states): (&[serde_json::Value], &[serde_json::Value]),
) -> Vec<Link> {
    let Verdict::Scored { turns: verdicts, .. } = &record.verdict else { return Vec::new() };
    let diagnosis = record.diagnosis.as_ref();
    let mut links = Vec::new();
    for (turn, verdict) in verdicts.iter().enumerate() {
        let Some(diagnosed) = diagnosis.and_then(|d| d.turns.get(turn)) else { continue };
        if passed[turn] && turn != root {
            continue;
        }
        let mut state = match (then_states.get(turn), now_states.get(turn)) {
            (Some(then), Some(now)) => json_diff(then, now),
            _ => Vec::new(),
        };
        let more = state.len().saturating_sub(MOST_CHANGES);
        state.truncate(MOST_CHANGES);
        let reaches = |d: &&Dependency| d.to == turn && d.from >= root;
        links.push(Link {
            turn,
            label: diagnosed.label,
            detail: verdict.detail.clone(),
            dependencies: diagnosis.iter().flat_map(|d| &d.dependencies).filter(reaches).copied().collect(),
            state,
            more,
            passes_after_repair: now.and_then(|now| now.get(turn)).copied(),
        });
    }
    links
}

/// The shortest edit of a turn: where it begins, how many recorded steps it replaces, and by what.
fn edit(turn: usize, before: Option<&Vec<String>>, after: &[String]) -> (Place, usize, Vec<String>) {
    let before = before.map_or(&[][..], Vec::as_slice);
    let head = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let most = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let texts = after[head..after.len() - tail].to_vec();
    (Place { turn, step: head }, before.len() - head - tail, texts)
}

/// How an earlier turn reaches a later one, in words.
pub fn dependency_phrase(kind: DependencyKind) -> &'static str {
    match kind {
        DependencyKind::State => "began with the state that it left",
        DependencyKind::Value => "used a value that it produced",
        DependencyKind::Unobtained => "needed a value that it did not obtain",
    }
}
