//! Diagnosis: one dominant label a user turn, from executable evidence only (METHOD.md §2, eq. 5–7).
//!
//! All evidence is kept beside the label, the label is derived from it by a versioned priority table, and a later
//! failure that an earlier turn explains is marked as cascaded from it.

mod attribution;
mod evidence;
mod mapping;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use attribution::Case;
pub use evidence::{ErrorEvidence, ErrorKind, Evidence};
pub use mapping::{paper_label, released_label, released_turn_label};
pub use table::PriorityTable;

use crate::episode::{Ending, Episode, Verdict, ViolationKind};
use crate::label::{Failure, Label, Outcome};
use crate::task::HiddenLabel;

/// A failure pinned to a tool and perhaps one of its arguments; what the counters of the profile count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Blame {
    pub failure: Failure,
    pub tool: String,
    pub argument: Option<String>,
}

/// How an earlier turn reaches a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DependencyKind {
    /// The state was already not the reference's when the later turn began.
    State,
    /// A call of the later turn used a value that a result of the earlier turn produced.
    Value,
    /// A call that the later turn needed uses a value that the earlier turn should have obtained, and did not.
    Unobtained,
}

/// An edge of the dependency graph between turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dependency {
    pub from: usize,
    pub to: usize,
    pub kind: DependencyKind,
}

/// One user turn, diagnosed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnDiagnosis {
    pub label: Label,
    pub evidence: Evidence,
    /// The first turn of the chain that led to this failure; `None` for passing turns and where the turn is its own root.
    pub cascaded_from: Option<usize>,
    /// Tools and arguments that went wrong in this turn, also where the turn passed in the end.
    pub blame: BTreeSet<Blame>,
}

/// One episode, diagnosed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// One for each user turn that was played.
    pub turns: Vec<TurnDiagnosis>,
    pub first_failing: Option<usize>,
    pub dependencies: Vec<Dependency>,
    /// Version of the priority table.
    pub table: u32,
}

/// Diagnoses an episode. `None` where it was not scored: a fault is not a failure.
///
/// A turn that the verifier passed passes, whatever errors it had; it abstained correctly where no call was needed and
/// none was tried, rejected ones included.
pub fn diagnose(
    episode: &Episode,
    verdict: &Verdict,
    hidden: &HiddenLabel,
    table: &PriorityTable,
) -> Option<Diagnosis> {
    let Verdict::Scored { turns: verdicts, .. } = verdict else { return None };
    if episode.fault().is_some() {
        return None;
    }
    let turns = &episode.turns;
    let finding = |at: usize| verdicts.get(at).and_then(|verdict| verdict.failure);
    let mut evidence: Vec<Evidence> =
        (0..turns.len()).map(|at| Evidence::gather(turns, at, &hidden.reference, finding(at))).collect();
    // The budget of the whole conversation may end an episode between two steps.
    if let (Ending::Truncated(truncation), Some(last)) = (&episode.ending, evidence.last_mut())
        && !last.answered
    {
        last.truncated.get_or_insert(*truncation);
    }
    let labels: Vec<Label> = evidence.iter().map(|evidence| label(evidence, table)).collect();
    let case = Case { turns, reference: &hidden.reference, evidence: &evidence, labels: &labels };
    let dependencies = case.dependencies();
    let roots = case.roots(&dependencies);
    let turns: Vec<TurnDiagnosis> = evidence
        .into_iter()
        .zip(&labels)
        .zip(roots)
        .map(|((evidence, label), root)| TurnDiagnosis::new(*label, evidence, root))
        .collect();
    Some(Diagnosis {
        first_failing: labels.iter().position(|l| l.is_failure()),
        turns,
        dependencies,
        table: table.version,
    })
}

fn label(evidence: &Evidence, table: &PriorityTable) -> Label {
    if evidence.verdict.is_some() {
        Label::Failure(table.dominant(evidence))
    } else if !evidence.calls_needed() && evidence.attempts == 0 {
        Label::Outcome(Outcome::CorrectAbstention)
    } else {
        Label::Outcome(Outcome::Pass)
    }
}

impl TurnDiagnosis {
    fn new(label: Label, evidence: Evidence, cascaded_from: Option<usize>) -> Self {
        let blame = blame(label, &evidence, cascaded_from.is_some());
        Self { label, evidence, cascaded_from, blame }
    }

    /// Failed, and not because of an earlier turn.
    pub fn is_root(&self) -> bool {
        self.label.is_failure() && self.cascaded_from.is_none()
    }
}

impl Diagnosis {
    /// The diagnosis after a counterfactual check: the episode was forked before failed turn `repaired`, the reference was
    /// played there and the recorded actions afterwards, and turn `t` then passed iff `passes[t]`. Later failures that
    /// passed are cascaded from it; those that did not are no longer.
    pub fn with_counterfactual(&self, repaired: usize, passes: &[bool]) -> Self {
        let root = self.turns[repaired].cascaded_from.unwrap_or(repaired);
        let mut turns = self.turns.clone();
        for (turn, passes) in
            turns.iter_mut().zip(passes).skip(repaired + 1).filter(|(turn, _)| turn.label.is_failure())
        {
            let cascaded_from = match (passes, turn.cascaded_from) {
                (true, _) => Some(root),
                (false, Some(from)) if from == root => None,
                (false, other) => other,
            };
            *turn = TurnDiagnosis::new(turn.label, turn.evidence.clone(), cascaded_from);
        }
        Self { turns, ..self.clone() }
    }
}

/// Errors are blamed on what the agent called even where it recovered in the end, typed tool errors only where it did not;
/// what the label says is blamed on the tools that it concerns, unless an earlier turn is to blame.
fn blame(label: Label, evidence: &Evidence, cascaded: bool) -> BTreeSet<Blame> {
    let mut blame = BTreeSet::new();
    let mut add = |failure, tool: &str, argument: Option<&str>| {
        blame.insert(Blame { failure, tool: tool.to_owned(), argument: argument.map(str::to_owned) })
    };
    for error in &evidence.errors {
        let Some(tool) = error.tool.as_deref() else { continue };
        match &error.kind {
            ErrorKind::Schema { violations } => {
                add(Failure::ArgumentMismatch, tool, None);
                let known = violations.iter().filter(|v| v.kind != ViolationKind::UnknownArgument);
                for violation in known.filter(|v| !v.argument.is_empty()) {
                    add(Failure::ArgumentMismatch, tool, Some(&violation.argument));
                }
            }
            ErrorKind::ToolError { .. } if !error.recovered => {
                add(Failure::RecoveryFailure, tool, None);
            }
            ErrorKind::NotOffered => {
                add(Failure::InvalidToolCall, tool, None);
            }
            ErrorKind::ToolError { .. } | ErrorKind::Empty | ErrorKind::Malformed { .. } | ErrorKind::UnknownTool => {}
        }
    }
    if let Label::Failure(failure) = label
        && !cascaded
    {
        let concerned: Vec<&str> = match failure {
            Failure::StateMismatch | Failure::InstanceMismatch => evidence.strayed.iter().map(String::as_str).collect(),
            Failure::MissingToolCall | Failure::EmptyTurn => evidence.uncovered.iter().map(String::as_str).collect(),
            Failure::SpuriousToolCall => evidence.tools().into_iter().collect(),
            _ => Vec::new(),
        };
        concerned.into_iter().for_each(|tool| {
            add(failure, tool, None);
        });
    }
    blame
}
