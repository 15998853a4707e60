//! Which earlier turn explains a later failure.
//!
//! A dependency graph between turns is read off the record: a turn depends on an earlier one whose state it inherited, or
//! whose results it used, or should have used. A failure whose label such a dependency can explain is marked as cascaded from
//! the root of the chain. Failures that no inherited state or value can cause (a malformed call, a wrong argument, a
//! spurious call, an empty text) always stand for themselves.
//!
//! This is a judgement from one trace, so it is conservative; [`Diagnosis::with_counterfactual`] replaces it by what a
//! forked episode showed.
//!
//! [`Diagnosis::with_counterfactual`]: super::Diagnosis::with_counterfactual

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::diagnose::evidence::success;
use crate::diagnose::{Dependency, DependencyKind, Evidence};
use crate::episode::{Parsed, StepOutcome, Turn, VerdictFailure};
use crate::label::{Failure, Label};
use crate::task::{ReferenceTurn, ToolCall};

/// What is known of the episode when its failures are attributed.
pub(super) struct Case<'a> {
    pub turns: &'a [Turn],
    pub reference: &'a [ReferenceTurn],
    pub evidence: &'a [Evidence],
    pub labels: &'a [Label],
}

impl Case<'_> {
    /// Every dependency, ordered by the later turn.
    pub fn dependencies(&self) -> Vec<Dependency> {
        let produced = self.produced();
        let mut found = BTreeSet::new();
        for to in 1..self.turns.len() {
            let mut add = |from: usize, kind| found.insert((to, Dependency { from, to, kind }));
            if let Some(from) = self.inherited_divergence(to) {
                add(from, DependencyKind::State);
            }
            for value in calls(&self.turns[to]).flat_map(|call| texts(&call.arguments)) {
                if let Some(from) = produced.get(value).filter(|from| **from < to && !self.said(value, to)) {
                    add(*from, DependencyKind::Value);
                }
            }
            if let Some(from) = self.unobtained(to) {
                add(from, DependencyKind::Unobtained);
            }
        }
        found.into_iter().map(|(_, dependency)| dependency).collect()
    }

    /// The root of each turn's failure; `None` for turns that passed or failed on their own.
    pub fn roots(&self, dependencies: &[Dependency]) -> Vec<Option<usize>> {
        let mut roots: Vec<Option<usize>> = vec![None; self.turns.len()];
        for to in 0..self.turns.len() {
            let causes = dependencies.iter().filter(|d| d.to == to && self.explains(d));
            roots[to] = causes.map(|d| roots[d.from].unwrap_or(d.from)).min();
        }
        roots
    }

    /// Whether a dependency on a failed turn can be the cause of this failure.
    fn explains(&self, dependency: &Dependency) -> bool {
        let Dependency { from, to, kind } = *dependency;
        let Label::Failure(failure) = self.labels[to] else { return false };
        if !self.labels[from].is_failure() {
            return false;
        }
        let inheritable = matches!(
            failure,
            Failure::StateMismatch | Failure::InstanceMismatch | Failure::RecoveryFailure | Failure::ResponseMismatch
        );
        match kind {
            // A turn that changes the state with a tool that nobody asked for fails on its own too.
            DependencyKind::State => {
                let evidence = &self.evidence[to];
                inheritable && evidence.strayed.iter().all(|tool| evidence.needed.contains(tool))
            }
            DependencyKind::Value => inheritable && self.consumed_wrongly(from, to),
            DependencyKind::Unobtained => inheritable || failure == Failure::MissingToolCall,
        }
    }

    /// The last turn before `to` after which the state was not the reference's.
    fn inherited_divergence(&self, to: usize) -> Option<usize> {
        let checked = (0..to).rev().find(|at| self.evidence[*at].calls_needed());
        let spurious_change = (checked.map_or(0, |at| at + 1)..to)
            .find(|at| self.evidence[*at].state_before != self.evidence[*at].state_after);
        let diverged = checked.filter(|at| match self.evidence[*at].verdict {
            Some(VerdictFailure::StateMismatch | VerdictFailure::InstanceMismatch) => true,
            // Nothing was done there; whether the state should have changed shows only in the next turn, when that did
            // exactly what it should and its state is wrong all the same.
            Some(VerdictFailure::EmptyTurn) => {
                let later = &self.evidence[to];
                let wrong =
                    matches!(later.verdict, Some(VerdictFailure::StateMismatch | VerdictFailure::InstanceMismatch));
                wrong && later.uncovered.is_empty() && later.strayed.is_empty()
            }
            _ => false,
        });
        diverged.or(spurious_change)
    }

    /// Texts in results, by the turn that first showed them.
    fn produced(&self) -> BTreeMap<&str, usize> {
        let mut produced = BTreeMap::new();
        for (at, turn) in self.turns.iter().enumerate() {
            for step in &turn.steps {
                if let (Some(_), StepOutcome::Executed { result }) = (success(step), &step.outcome) {
                    for text in texts(result) {
                        produced.entry(text).or_insert(at);
                    }
                }
            }
        }
        produced
    }

    /// Whether the user has said it, up to and in turn `to`.
    fn said(&self, value: &str, to: usize) -> bool {
        let value = value.to_lowercase();
        self.turns[..=to].iter().any(|turn| turn.user.to_lowercase().contains(&value))
    }

    /// Whether a call of turn `to` used a value that turn `from` produced and that no reference call of `to` uses.
    fn consumed_wrongly(&self, from: usize, to: usize) -> bool {
        let produced = self.produced();
        let wanted = self.reference.get(to).map_or(&[][..], |turn| &turn.calls);
        let right: BTreeSet<&str> = wanted.iter().flat_map(|call| texts(&call.arguments)).collect();
        let mut used = calls(&self.turns[to]).flat_map(|call| texts(&call.arguments));
        used.any(|value| produced.get(value) == Some(&from) && !right.contains(value) && !self.said(value, to))
    }

    /// The last failed turn before `to` that left something undone, if the first reference call of `to` needs an
    /// identifier that nobody said and no result had shown by then.
    fn unobtained(&self, to: usize) -> Option<usize> {
        let first = self.reference.get(to)?.calls.first()?;
        let produced = self.produced();
        let lacking = texts(&first.arguments).any(|value| {
            let shown = produced.get(value).is_some_and(|at| *at < to);
            is_identifier(value) && !shown && !self.said(value, to)
        });
        let undone = |at: &usize| {
            let evidence = &self.evidence[*at];
            evidence.verdict.is_some() && evidence.calls_needed()
        };
        lacking.then(|| (0..to).rev().find(undone)).flatten()
    }
}

/// Made by an environment rather than said by a user: has a digit and a letter.
fn is_identifier(value: &str) -> bool {
    value.chars().any(|c| c.is_ascii_digit()) && value.chars().any(char::is_alphabetic)
}

fn calls(turn: &Turn) -> impl Iterator<Item = &ToolCall> {
    turn.steps.iter().filter_map(|step| match &step.parsed {
        Parsed::Call(call) => Some(call),
        _ => None,
    })
}

/// Every text of two characters or more inside a JSON value.
fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) if text.chars().nth(1).is_some() => Box::new(std::iter::once(text.as_str())),
        Value::Array(items) => Box::new(items.iter().flat_map(texts)),
        Value::Object(fields) => Box::new(fields.values().flat_map(texts)),
        _ => Box::new(std::iter::empty()),
    }
}
