//! What a set of episodes amounts to: success by category, label shares, faults.

use std::collections::BTreeMap;

use coevo_core::diagnose::Diagnosis;
use coevo_core::episode::{Episode, Verdict};
use coevo_core::label::Label;
use serde::{Deserialize, Serialize};

use crate::round::Diagnosed;

/// Counts of one category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub scored: u32,
    pub passed: u32,
}

/// Counts of a set of episodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub all: Count,
    /// By task category.
    pub categories: BTreeMap<String, Count>,
    /// Turns by dominant label; cascaded failures counted under their label, too.
    pub labels: BTreeMap<Label, u32>,
    /// Failing turns that an earlier turn explains.
    pub cascaded: u32,
    /// Episodes that a fault left without a verdict: in no other count.
    pub unscored: u32,
}

impl Summary {
    pub fn of<'e>(episodes: impl IntoIterator<Item = &'e Diagnosed>) -> Self {
        let mut summary = Self::default();
        for e in episodes {
            summary.add(&e.played.episode, &e.played.verdict, e.diagnosis.as_ref());
        }
        summary
    }

    /// Counts one more episode.
    pub fn add(&mut self, episode: &Episode, verdict: &Verdict, diagnosis: Option<&Diagnosis>) {
        let Some(reward) = verdict.reward() else {
            self.unscored += 1;
            return;
        };
        for count in [&mut self.all, self.categories.entry(episode.category.clone()).or_default()] {
            count.scored += 1;
            count.passed += u32::from(reward >= 1.0);
        }
        for turn in diagnosis.iter().flat_map(|diagnosis| &diagnosis.turns) {
            *self.labels.entry(turn.label).or_default() += 1;
            self.cascaded += u32::from(turn.cascaded_from.is_some());
        }
    }

    /// Share of the scored episodes that passed; 0 where none was scored.
    pub fn success(&self) -> f64 {
        if self.all.scored == 0 { 0.0 } else { f64::from(self.all.passed) / f64::from(self.all.scored) }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} % of {}", 100.0 * self.success(), self.all.scored)?;
        if self.unscored > 0 {
            write!(f, " ({} unscored)", self.unscored)?;
        }
        Ok(())
    }
}
