//! Rules as data: which failures switch a cue on and off, where, and what it says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::interface::Phi;
use crate::label::Failure;

/// What a rule is asked of: once, for each tool, or for each argument of each tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Global,
    Tool,
    Argument,
}

/// When a cue comes: all three must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct On {
    /// Turns that carry a triggering failure, at least.
    pub min_count: u32,
    /// Their share, at least: of all turns for global rules, of the turns that called or needed the tool otherwise.
    pub prevalence: f64,
    /// Mean reward of the episodes that carry one, below.
    pub max_mean_reward: f64,
}

/// When a cue fades: the capability is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Off {
    /// The share falls below this; less than the share that switches on (hysteresis).
    pub prevalence: f64,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    pub phi: Phi,
    pub scope: Scope,
    pub triggers: Vec<Failure>,
    pub on: On,
    pub off: Off,
    /// Rounds after a fade in which the cue may not come back.
    pub cooldown_rounds: u32,
    /// Longer texts are cut.
    pub max_words: u32,
    /// Template: `{tool}`, `{argument}`, `{required}`, `{constraint}`, `{preconditions}`, `{tools}` and `{form}` stand for what
    /// the schema says. A cue whose placeholder stands for nothing is not shown.
    pub text: String,
}

/// When a cue that does not help is taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RevertConfig {
    pub enabled: bool,
    /// Rounds that a cue is given.
    pub after_rounds: u32,
    /// The triggering share must have fallen by at least this.
    pub min_effect: f64,
    /// Rounds in which a reverted cue may not come back.
    pub cooldown_rounds: u32,
}

impl Default for RevertConfig {
    fn default() -> Self {
        Self { enabled: true, after_rounds: 4, min_effect: 0.01, cooldown_rounds: 8 }
    }
}

/// How the interface evolves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvolutionConfig {
    /// Whether the interface evolves at all; without it training shows the base environment.
    pub enabled: bool,
    /// Every cue of every rule from round 0 on, never switched off: the control arm of the published runs.
    pub static_cues: bool,
    /// Which cues may be shown.
    pub phis: Vec<Phi>,
    /// Words of all cues together, at most.
    pub word_budget: u32,
    /// φ_cap cues at a time, at most.
    pub max_guidelines: u32,
    /// Cues that one round may add, at most: few enough to tell their effects apart.
    pub max_additions: u32,
    /// No change from this round on: the "without closed loop" control.
    pub freeze_after: Option<u32>,
    pub revert_unhelpful: RevertConfig,
    pub rules: Vec<Rule>,
}

impl Default for EvolutionConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            static_cues: false,
            phis: vec![Phi::Schema, Phi::Err, Phi::Cap],
            word_budget: 120,
            max_guidelines: 3,
            max_additions: 4,
            freeze_after: None,
            revert_unhelpful: RevertConfig::default(),
            rules: super::default_rules(),
        }
    }
}

impl EvolutionConfig {
    /// What is wrong with the values, each with its path below this config, such as `rules[2].off.prevalence`.
    pub fn problems(&self) -> Vec<(String, String)> {
        todo!()
    }
}
