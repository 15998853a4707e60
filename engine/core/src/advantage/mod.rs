//! Advantages: group-relative rewards (METHOD.md eq. 10), weighted by diagnosis (eq. 11–12).

mod coevo;
mod moving;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use moving::WeightState;

use crate::diagnose::{Diagnosis, TurnDiagnosis, released_turn_label};
use crate::episode::TokenTrace;
use crate::label::{Failure, Label, Outcome};
use crate::seed::StreamKey;
use crate::stats;

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
    /// Bounds of a weight of `coevo` and its controls before the group's mean is restored; `paper` and `released` always
    /// clip to 0.5..2.0, as published.
    pub clip_low: f64,
    pub clip_high: f64,
}

impl AdvantageConfig {
    /// What is wrong with the values: (path below this config, message).
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        if !(self.clip_low > 0.0 && self.clip_low <= 1.0) {
            found.push(("clip_low".to_owned(), format!("{} must be above 0 and at most 1", self.clip_low)));
        }
        if !(self.clip_high >= 1.0 && self.clip_high.is_finite()) {
            found.push(("clip_high".to_owned(), format!("{} must be at least 1", self.clip_high)));
        }
        found
    }
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

impl GroupMember<'_> {
    fn tokens(&self, turn: usize) -> f64 {
        self.turn_tokens.get(turn).map_or(1.0, |tokens| f64::from(*tokens))
    }
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
    let mut counts = vec![0; turns];
    for (turn, _) in trace.turn.iter().zip(&trace.action).filter(|(_, action)| **action) {
        if let Some(count) = counts.get_mut(usize::from(*turn)) {
            *count += 1;
        }
    }
    counts
}

/// Added to the standard deviation of eq. 10.
const EPSILON: f64 = 1e-6;

/// METHOD.md eq. 10 inside one group: `(r_j − mean) / (sample std + 1e-6)`. `None` stays `None` and reaches neither mean nor
/// deviation; a group with fewer than two scored episodes has no advantage.
pub fn group_advantages(rewards: &[Option<f64>]) -> Vec<Option<f64>> {
    let scored: Vec<f64> = rewards.iter().flatten().copied().collect();
    let (mean, deviation) = (stats::mean(&scored), stats::sample_std(&scored));
    // Equal rewards have no advantage, whatever rounding leaves of the deviation.
    let equal = scored.windows(2).all(|pair| pair[0] == pair[1]);
    let advantage = |reward: f64| if equal { 0.0 } else { (reward - mean) / (deviation + EPSILON) };
    rewards.iter().map(|reward| reward.map(advantage)).collect()
}

/// ρ(z) (METHOD.md §4).
pub fn rho(label: Label) -> f64 {
    match label {
        Label::Failure(Failure::SpuriousToolCall) => 2.0,
        Label::Outcome(Outcome::CorrectAbstention) => 1.8,
        Label::Failure(Failure::EmptyTurn) => 1.5,
        Label::Failure(Failure::ResponseMismatch) => 0.9,
        Label::Failure(Failure::InstanceMismatch) => 0.6,
        _ => 1.0,
    }
}

/// The published bounds of a weight.
fn clip_published(weight: f64) -> f64 {
    weight.clamp(0.5, 2.0)
}

/// Eq. 11–12: `w_j = clip(Σ_z p_j(z)·ρ(z), 0.5, 2.0)`, one weight for the whole trajectory. `weigh_label` is ρ of a turn.
fn trajectory_weight(diagnosis: &Diagnosis, weigh_label: impl Fn(&TurnDiagnosis) -> f64) -> f64 {
    let turns = diagnosis.turns.len();
    if turns == 0 {
        return 1.0;
    }
    clip_published(diagnosis.turns.iter().map(weigh_label).sum::<f64>() / turns as f64)
}

/// Weighs one group: all episodes of one task of one round. `None` for unscored episodes, which are not trained on.
///
/// `paper` labels turns by our taxonomy, which has every name of the ρ table; `released` by the verifier's finding, as the
/// released code does. `key` names the stream of the controls (`Purpose::Control`, with round and task).
pub fn weigh(
    group: &[GroupMember<'_>],
    config: &AdvantageConfig,
    state: &WeightState,
    key: StreamKey,
) -> Vec<Option<EpisodeWeights>> {
    // Scored means both: a reward without a diagnosis cannot be weighed, and eq. 10 must be about the same episodes.
    let rewards: Vec<Option<f64>> = group.iter().map(|member| member.diagnosis.and(member.reward)).collect();
    let advantages = group_advantages(&rewards);
    let per_trajectory = |weight: &dyn Fn(&Diagnosis) -> f64| {
        let weighed = group.iter().zip(&advantages).map(|(member, advantage)| {
            let (diagnosis, advantage) = member.diagnosis.zip(*advantage)?;
            Some(EpisodeWeights { advantage, per_turn: vec![weight(diagnosis); diagnosis.turns.len()] })
        });
        weighed.collect()
    };
    match config.mode {
        WeightMode::Uniform => per_trajectory(&|_| 1.0),
        WeightMode::Paper => per_trajectory(&|diagnosis| trajectory_weight(diagnosis, |turn| rho(turn.label))),
        WeightMode::Released => {
            per_trajectory(&|diagnosis| trajectory_weight(diagnosis, |turn| state.weight(released_turn_label(turn))))
        }
        WeightMode::Coevo | WeightMode::Shuffled | WeightMode::Random => coevo::weigh(group, &advantages, config, key),
    }
}
