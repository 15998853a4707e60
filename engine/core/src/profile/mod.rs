//! The failure profile C_t: a pure fold of diagnoses over a sliding window of rounds (METHOD.md §1, step 5).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// How much of the past a profile remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileConfig {
    /// Rounds in the window, the latest included.
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
}

/// The failure profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    window_rounds: u32,
}

impl Profile {
    pub fn new(config: &ProfileConfig) -> Self {
        Self { window_rounds: config.window_rounds }
    }

    /// User turns in the window.
    pub fn turns(&self) -> u32 {
        todo!()
    }

    /// Turns in the window with this dominant label; cascaded failures are not counted.
    pub fn count(&self, label: Label) -> u32 {
        todo!()
    }

    /// `count / turns`; 0 where no turn was seen.
    pub fn prevalence(&self, label: Label) -> f64 {
        todo!()
    }

    /// Mean reward of the episodes that carry the label; `None` where none does.
    pub fn mean_reward(&self, label: Label) -> Option<f64> {
        todo!()
    }

    /// Share of turns by label, every label present.
    pub fn shares(&self) -> BTreeMap<Label, f64> {
        todo!()
    }

    /// What rounds `from..` of the window say of `failures` at `target`.
    pub fn signal(&self, target: &Target, failures: &[Failure], from: u32) -> Signal {
        todo!()
    }
}

/// Folds one round's scored episodes into the profile: `(diagnosis, episode, reward)`.
pub fn assess(profile: &Profile, scored: &[(&Diagnosis, &Episode, f64)], round: u32) -> Profile {
    todo!()
}
