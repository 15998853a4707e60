//! What a user sets of advantages: what is compared with what, and how diagnoses weigh the result.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How diagnoses weigh advantages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WeightMode {
    /// No weights: plain GRPO.
    Uniform,
    /// Eq. 11–12 exactly.
    Paper,
    /// Eq. 11–12 with the released code's moving weights.
    Released,
    /// Sign-aware, mean-preserving inside the group, per turn.
    #[default]
    Coevo,
    /// Control: `coevo` with the labels of the group's turns shuffled.
    Shuffled,
    /// Control: the weights of `coevo`, dealt to the group's turns at random.
    Random,
}

/// What an advantage compares, before any weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Credit {
    /// The episode's reward with those of its group (eq. 10): one advantage for every turn.
    #[default]
    Episode,
    /// Each turn's verdict with those of the same turn in the members that were on track until then; what an episode does
    /// after its first failing turn is not trained on. A turn is then praised or blamed for itself alone.
    Turn,
    /// As `turn`, and times the chance that all later turns pass: what passing the turn is worth to the episode, so that what
    /// is improved is the episode's success and not the count of passed turns.
    Value,
    /// GiGPO: the episode's advantage, plus `step_weight` times the advantage of each step's discounted return over those of
    /// all steps that the group took from the same state in the same turn.
    Step,
}

/// What a reward is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The mean of its group, itself included.
    #[default]
    Mean,
    /// The mean of the others of its group (RLOO): no reward is part of its own baseline, so the gradient has no bias.
    LeaveOneOut,
    /// Nothing: what earned something is imitated, in agreeing groups, too, and nothing is blamed (rejection sampling, such as
    /// RAFT's; with `credit: turn` turn by turn). Needs `scale: none`.
    Zero,
}

/// What the difference from the baseline is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// The sample standard deviation of the group: hard and easy tasks then weigh as much as others.
    #[default]
    Std,
    /// Nothing (Dr. GRPO, RLOO).
    None,
}

/// How advantages are made and weighed. Keys that are left out follow `learner.algorithm`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdvantageConfig {
    pub credit: Credit,
    pub baseline: Baseline,
    pub scale: Scale,
    /// Share of a negative advantage that is kept. A turn that passes certifies all that was written in it; one that fails
    /// condemns nothing in particular, and most of what is pushed down with it was right.
    pub blame: f64,
    /// Weight ω of the step's advantage beside the episode's; used where `credit` is `step`.
    pub step_weight: f64,
    /// Discount γ of a step's return, from step to step; used where `credit` is `step`.
    pub discount: f64,
    pub mode: WeightMode,
    /// Bounds of a weight of `coevo` and its controls before the group's mean is restored; `paper` and `released` always
    /// clip to 0.5..2.0, as published.
    pub clip_low: f64,
    pub clip_high: f64,
}

impl Default for AdvantageConfig {
    fn default() -> Self {
        Self {
            credit: Credit::default(),
            baseline: Baseline::default(),
            scale: Scale::default(),
            blame: 1.0,
            step_weight: 1.0,
            discount: 0.95,
            mode: WeightMode::default(),
            clip_low: 0.5,
            clip_high: 2.0,
        }
    }
}
