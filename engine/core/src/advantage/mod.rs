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
}

/// How advantages are made and weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdvantageConfig {
    pub credit: Credit,
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
        Self { credit: Credit::default(), mode: WeightMode::default(), clip_low: 0.5, clip_high: 2.0 }
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
    /// Group-relative advantage of the episode, unweighted (eq. 10).
    pub advantage: f64,
    /// Unweighted advantage of each turn; empty where every turn has the episode's ([`Credit::Episode`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<f64>,
    /// Weight of each turn.
    pub per_turn: Vec<f64>,
}

impl EpisodeWeights {
    /// Unweighted advantage of a turn.
    pub fn unweighted(&self, turn: usize) -> f64 {
        if self.turns.is_empty() { self.advantage } else { self.turns.get(turn).copied().unwrap_or(0.0) }
    }

    /// Advantage of every action token of a turn: its unweighted one times its weight, which is 1 beyond the last turn.
    pub fn at(&self, turn: usize) -> f64 {
        self.unweighted(turn) * self.per_turn.get(turn).copied().unwrap_or(1.0)
    }

    /// Whether any token has an advantage: an episode of a group that agrees teaches nothing.
    pub fn teaches(&self) -> bool {
        if self.turns.is_empty() { self.advantage != 0.0 } else { self.turns.iter().any(|turn| *turn != 0.0) }
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

/// The advantages of a group with every weight 1. Scored means both: a reward without a diagnosis cannot be weighed, and
/// eq. 10 must be about the same episodes.
fn unweighted(group: &[GroupMember<'_>], credit: Credit) -> Vec<Option<EpisodeWeights>> {
    let rewards: Vec<Option<f64>> = group.iter().map(|member| member.diagnosis.and(member.reward)).collect();
    let diagnoses: Vec<Option<&Diagnosis>> = group.iter().map(|member| member.reward.and(member.diagnosis)).collect();
    let by_turn = match credit {
        Credit::Episode => vec![Vec::new(); group.len()],
        Credit::Turn => turn_advantages(&diagnoses),
    };
    let turns = |member: &GroupMember<'_>| member.diagnosis.map_or(0, |diagnosis| diagnosis.turns.len());
    group_advantages(&rewards)
        .into_iter()
        .zip(by_turn)
        .zip(group)
        .map(|((advantage, by_turn), member)| {
            advantage.map(|advantage| EpisodeWeights { advantage, turns: by_turn, per_turn: vec![1.0; turns(member)] })
        })
        .collect()
}

/// [`Credit::Turn`]: eq. 10 turn by turn, among the members whose earlier turns all passed. Turns after an episode's first
/// failing one have advantage 0: the state they met is not the one that the verifier asks for.
fn turn_advantages(group: &[Option<&Diagnosis>]) -> Vec<Vec<f64>> {
    let mut advantages: Vec<Vec<f64>> =
        group.iter().map(|diagnosis| vec![0.0; diagnosis.map_or(0, |diagnosis| diagnosis.turns.len())]).collect();
    let longest = advantages.iter().map(Vec::len).max().unwrap_or(0);
    for turn in 0..longest {
        let verdicts: Vec<Option<f64>> = group
            .iter()
            .map(|diagnosis| {
                let on_track = |first: usize| first >= turn;
                let diagnosis = diagnosis.filter(|d| d.first_failing.is_none_or(on_track))?;
                diagnosis.turns.get(turn).map(|turn| f64::from(u8::from(!turn.label.is_failure())))
            })
            .collect();
        for (of_member, advantage) in advantages.iter_mut().zip(group_advantages(&verdicts)) {
            if let Some(advantage) = advantage {
                of_member[turn] = advantage;
            }
        }
    }
    advantages
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
    let unweighted = unweighted(group, config.credit);
    let per_trajectory = |weight: &dyn Fn(&Diagnosis) -> f64| {
        let weighed = group.iter().zip(&unweighted).map(|(member, unweighted)| {
            let (diagnosis, unweighted) = member.diagnosis.zip(unweighted.as_ref())?;
            Some(EpisodeWeights { per_turn: vec![weight(diagnosis); diagnosis.turns.len()], ..unweighted.clone() })
        });
        weighed.collect()
    };
    match config.mode {
        WeightMode::Uniform => per_trajectory(&|_| 1.0),
        WeightMode::Paper => per_trajectory(&|diagnosis| trajectory_weight(diagnosis, |turn| rho(turn.label))),
        WeightMode::Released => {
            per_trajectory(&|diagnosis| trajectory_weight(diagnosis, |turn| state.weight(released_turn_label(turn))))
        }
        WeightMode::Coevo | WeightMode::Shuffled | WeightMode::Random => coevo::weigh(group, unweighted, config, key),
    }
}
