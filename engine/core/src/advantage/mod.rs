//! Advantages: group-relative rewards (METHOD.md eq. 10), weighted by diagnosis (eq. 11–12).

mod coevo;
mod moving;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use moving::WeightState;

use crate::diagnose::Diagnosis;
use crate::episode::TokenTrace;
use crate::label::Label;
use crate::seed::StreamKey;

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

/// How advantages are weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdvantageConfig {
    pub mode: WeightMode,
    /// Bounds of a weight before the group's mean is restored.
    pub clip_low: f64,
    pub clip_high: f64,
}

impl Default for AdvantageConfig {
    fn default() -> Self {
        Self { mode: WeightMode::default(), clip_low: 0.5, clip_high: 2.0 }
    }
}

/// One episode of a group. Unscored episodes have neither reward nor diagnosis.
#[derive(Clone, Debug)]
pub struct GroupMember<'a> {
    pub reward: Option<f64>,
    pub diagnosis: Option<&'a Diagnosis>,
    /// Action tokens of each turn ([`turn_tokens`]); turns beyond its end count one token.
    pub turn_tokens: Vec<u32>,
}

/// What an episode is trained with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeWeights {
    /// Group-relative advantage, unweighted (eq. 10).
    pub advantage: f64,
    /// Weight of each turn.
    pub per_turn: Vec<f64>,
}

impl EpisodeWeights {
    /// Advantage of every action token of a turn: `advantage · per_turn[turn]`; weight 1 beyond the last turn.
    pub fn at(&self, turn: usize) -> f64 {
        self.advantage * self.per_turn.get(turn).copied().unwrap_or(1.0)
    }
}

/// Action tokens of each of `turns` turns.
pub fn turn_tokens(trace: &TokenTrace, turns: usize) -> Vec<u32> {
    todo!()
}

/// METHOD.md eq. 10 inside one group; `None` stays `None` and does not reach the mean.
pub fn group_advantages(rewards: &[Option<f64>]) -> Vec<Option<f64>> {
    todo!()
}

/// ρ (METHOD.md §4).
pub fn rho(label: Label) -> f64 {
    todo!()
}

/// Weighs one group: all episodes of one task of one round. `None` for unscored episodes, which are not trained on.
///
/// `key` names the stream of the controls (`Purpose::Control`, with round and task).
pub fn weigh(
    group: &[GroupMember<'_>],
    config: &AdvantageConfig,
    state: &WeightState,
    key: StreamKey,
) -> Vec<Option<EpisodeWeights>> {
    todo!()
}
