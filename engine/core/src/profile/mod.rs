//! The failure profile C_t: a pure fold of diagnoses over a sliding window of rounds (METHOD.md §1, step 5).
//!
//! A sliding window rather than exponential decay: counts stay whole numbers of turns, so that a threshold such as "at least
//! 8 turns" means what it says, a fold in any grouping gives equal profiles, and what a cue did since it came can be
//! asked of exactly the rounds that had it.

mod counts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use counts::{RoundCounts, Tally, ToolCounts};

use crate::diagnose::Diagnosis;
use crate::episode::Episode;
use crate::label::{Failure, Label};

/// What a counter or a cue is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Global,
    Tool(String),
    Argument { tool: String, argument: String },
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Global => f.write_str("all tools"),
            Target::Tool(tool) => f.write_str(tool),
            Target::Argument { tool, argument } => write!(f, "{tool}.{argument}"),
        }
    }
}

/// How much of the past a profile remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileConfig {
    /// Rounds in the window, the latest included; at least 1.
    pub window_rounds: u32,
}

impl Default for ProfileConfig {
    fn default() -> Self {
        Self { window_rounds: 3 }
    }
}

/// What the profile says of some failures at a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Turns that carry one of the failures.
    pub count: u32,
    /// Turns that could have: all turns for `Global`, else those that called or needed the tool.
    pub of: u32,
    /// Mean reward of the episodes that carry one; 0 where none does.
    pub mean_reward: f64,
}

impl Signal {
    /// `count / of`; 0 where nothing was seen.
    pub fn prevalence(&self) -> f64 {
        if self.of == 0 { 0.0 } else { f64::from(self.count) / f64::from(self.of) }
    }

    /// `prevalence · (1 − mean reward)`: what cues are ranked by (METHOD.md §3).
    pub fn severity(&self) -> f64 {
        self.prevalence() * (1.0 - self.mean_reward)
    }
}

/// The failure profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    window_rounds: u32,
    /// Oldest first; no round twice.
    rounds: Vec<RoundCounts>,
}

impl Profile {
    /// Nothing seen yet.
    pub fn new(config: &ProfileConfig) -> Self {
        Self { window_rounds: config.window_rounds.max(1), rounds: Vec::new() }
    }

    /// The rounds of the window, oldest first.
    pub fn rounds(&self) -> &[RoundCounts] {
        &self.rounds
    }

    /// User turns in the window.
    pub fn turns(&self) -> u32 {
        self.rounds.iter().map(|round| round.turns).sum()
    }

    /// Turns in the window with this dominant label; cascaded failures are not counted.
    pub fn count(&self, label: Label) -> u32 {
        self.tally(label).count
    }

    /// Turns in the window that failed so, but because of an earlier turn.
    pub fn cascaded(&self, label: Label) -> u32 {
        self.rounds.iter().filter_map(|round| round.cascaded.get(&label)).sum()
    }

    /// `count / turns`; 0 where no turn was seen.
    pub fn prevalence(&self, label: Label) -> f64 {
        Signal { count: self.count(label), of: self.turns(), mean_reward: 0.0 }.prevalence()
    }

    /// Mean reward of the episodes that carry the label; `None` where none does.
    pub fn mean_reward(&self, label: Label) -> Option<f64> {
        self.tally(label).mean_reward()
    }

    /// Share of turns by label, every label present. They sum to 1 less the cascaded share.
    pub fn shares(&self) -> BTreeMap<Label, f64> {
        Label::all().map(|label| (label, self.prevalence(label))).collect()
    }

    /// What rounds `from..` of the window say of `failures` at `target`.
    ///
    /// Global signals count dominant labels; signals of a tool or an argument count the errors blamed on it, also in turns
    /// that passed in the end. A turn with two of the failures counts once for each, up to `of`.
    pub fn signal(&self, target: &Target, failures: &[Failure], from: u32) -> Signal {
        let mut sum = Tally::default();
        let mut of = 0;
        for round in self.rounds.iter().filter(|round| round.round >= from) {
            of += match target {
                Target::Global => round.turns,
                Target::Tool(tool) | Target::Argument { tool, .. } => round.tools.get(tool).map_or(0, |t| t.turns),
            };
            failures.iter().filter_map(|failure| round.tally(target, *failure)).for_each(|tally| sum.add(tally));
        }
        Signal { count: sum.count.min(of), of, mean_reward: sum.mean_reward().unwrap_or(0.0) }
    }

    fn tally(&self, label: Label) -> Tally {
        let mut sum = Tally::default();
        self.rounds.iter().filter_map(|round| round.labels.get(&label)).for_each(|tally| sum.add(tally));
        sum
    }
}

/// Folds one round's scored episodes into the profile: `(diagnosis, episode, reward)`. Episodes of a round may come in
/// several parts; rounds that have left the window are forgotten.
pub fn assess(profile: &Profile, scored: &[(&Diagnosis, &Episode, f64)], round: u32) -> Profile {
    let mut next = profile.clone();
    let at = next.rounds.binary_search_by_key(&round, |counts| counts.round).unwrap_or_else(|at| {
        next.rounds.insert(at, RoundCounts::new(round));
        at
    });
    for (diagnosis, episode, reward) in scored {
        next.rounds[at].add(diagnosis, &episode.category, *reward);
    }
    let latest = next.rounds.last().map_or(round, |counts| counts.round);
    next.rounds.retain(|counts| counts.round + next.window_rounds > latest);
    next
}
