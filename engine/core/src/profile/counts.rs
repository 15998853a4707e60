//! The counters of one round.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::diagnose::{Blame, Diagnosis};
use crate::label::{Failure, Label};
use crate::profile::Target;

/// Turns that carry something, and the rewards of their episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Turns.
    pub count: u32,
    /// Episodes with at least one such turn.
    pub episodes: u32,
    /// Sum over those episodes, each once.
    pub reward_sum: f64,
}

impl Tally {
    /// `None` where no episode was seen.
    pub fn mean_reward(&self) -> Option<f64> {
        (self.episodes > 0).then(|| self.reward_sum / f64::from(self.episodes))
    }

    pub(super) fn add(&mut self, other: &Tally) {
        self.count += other.count;
        self.episodes += other.episodes;
        self.reward_sum += other.reward_sum;
    }

    fn turn(&mut self, first_of_episode: bool, reward: f64) {
        self.count += 1;
        if first_of_episode {
            self.episodes += 1;
            self.reward_sum += reward;
        }
    }
}

/// What happened around one tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCounts {
    /// Turns that called the tool, or needed it.
    pub turns: u32,
    pub failures: BTreeMap<Failure, Tally>,
    /// By argument.
    pub arguments: BTreeMap<String, BTreeMap<Failure, Tally>>,
}

/// Everything counted in one round.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundCounts {
    pub round: u32,
    /// User turns.
    pub turns: u32,
    /// By dominant label, cascaded failures left out.
    pub labels: BTreeMap<Label, Tally>,
    /// Turns of cascaded failures.
    pub cascaded: BTreeMap<Label, u32>,
    pub tools: BTreeMap<String, ToolCounts>,
    /// Turns, episodes and rewards by category of task.
    pub categories: BTreeMap<String, Tally>,
}

impl RoundCounts {
    pub(super) fn new(round: u32) -> Self {
        Self { round, ..Self::default() }
    }

    pub(super) fn tally(&self, target: &Target, failure: Failure) -> Option<&Tally> {
        match target {
            Target::Global => self.labels.get(&Label::Failure(failure)),
            Target::Tool(tool) => self.tools.get(tool)?.failures.get(&failure),
            Target::Argument { tool, argument } => self.tools.get(tool)?.arguments.get(argument)?.get(&failure),
        }
    }

    pub(super) fn add(&mut self, diagnosis: &Diagnosis, category: &str, reward: f64) {
        let mut seen_labels: BTreeSet<Label> = BTreeSet::new();
        let mut seen_blame: BTreeSet<&Blame> = BTreeSet::new();
        for (at, turn) in diagnosis.turns.iter().enumerate() {
            self.turns += 1;
            self.categories.entry(category.to_owned()).or_default().turn(at == 0, reward);
            if turn.cascaded_from.is_some() {
                *self.cascaded.entry(turn.label).or_default() += 1;
            } else {
                self.labels.entry(turn.label).or_default().turn(seen_labels.insert(turn.label), reward);
            }
            for tool in turn.evidence.tools() {
                self.tools.entry(tool.to_owned()).or_default().turns += 1;
            }
            for blame in &turn.blame {
                let tool = self.tools.entry(blame.tool.clone()).or_default();
                let failures = match &blame.argument {
                    None => &mut tool.failures,
                    Some(argument) => tool.arguments.entry(argument.clone()).or_default(),
                };
                failures.entry(blame.failure).or_default().turn(seen_blame.insert(blame), reward);
            }
        }
    }
}
