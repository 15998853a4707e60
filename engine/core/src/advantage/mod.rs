//! Advantages: group-relative rewards (METHOD.md eq. 10 and its relatives, [`estimate`]), weighted by diagnosis (eq. 11–12).

mod coevo;
mod config;
mod estimate;
mod moving;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use config::{AdvantageConfig, Baseline, Credit, Scale, WeightMode};
pub use estimate::{StepVisit, first_own_turn, relative, step_visits, teaches};
pub use moving::WeightState;

use crate::diagnose::{Diagnosis, TurnDiagnosis, released_turn_label};
use crate::episode::TokenTrace;
use crate::label::{Failure, Label, Outcome};
use crate::seed::StreamKey;

/// One episode of a group. Unscored episodes have neither reward nor diagnosis.
#[derive(Clone, Debug)]
pub struct GroupMember<'a> {
    pub reward: Option<f64>,
    pub diagnosis: Option<&'a Diagnosis>,
    /// Action tokens of each turn ([`turn_tokens`]); turns beyond its end count one token.
    pub turn_tokens: Vec<u32>,
    /// Its steps in order ([`step_visits`]); only [`Credit::Step`] reads them.
    pub steps: Vec<StepVisit>,
    /// The first turn that it chose itself ([`first_own_turn`]): a branch repeats those before from another member.
    pub from: usize,
}

impl GroupMember<'_> {
    fn tokens(&self, turn: usize) -> f64 {
        self.turn_tokens.get(turn).map_or(1.0, |tokens| f64::from(*tokens))
    }
}

/// What one step is trained with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepCredit {
    /// Unweighted.
    pub advantage: f64,
    pub weight: f64,
}

/// What an episode is trained with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeWeights {
    /// Group-relative advantage of the episode, unweighted (eq. 10).
    pub advantage: f64,
    /// Unweighted advantage of each turn ([`Credit::Turn`], [`Credit::Value`]); else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<f64>,
    /// Every step of each turn ([`Credit::Step`]); else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Vec<StepCredit>>,
    /// Weight of each turn; the mean of its steps' where they have weights of their own.
    pub per_turn: Vec<f64>,
}

impl EpisodeWeights {
    /// One advantage for all of `turns` turns, every weight 1.
    pub fn plain(advantage: f64, turns: usize) -> Self {
        Self { advantage, turns: Vec::new(), steps: Vec::new(), per_turn: vec![1.0; turns] }
    }

    /// Advantage and weight of the action tokens of a step. The weight is 1 beyond the last turn or step.
    pub fn credit(&self, turn: usize, step: usize) -> StepCredit {
        if !self.steps.is_empty() {
            let known = self.steps.get(turn).and_then(|steps| steps.get(step)).copied();
            return known.unwrap_or(StepCredit { advantage: self.advantage, weight: 1.0 });
        }
        let advantage = if self.turns.is_empty() { Some(self.advantage) } else { self.turns.get(turn).copied() };
        StepCredit { advantage: advantage.unwrap_or(0.0), weight: self.per_turn.get(turn).copied().unwrap_or(1.0) }
    }

    /// Advantage of every action token of a step: its unweighted one times its weight.
    pub fn at(&self, turn: usize, step: usize) -> f64 {
        let credit = self.credit(turn, step);
        credit.advantage * credit.weight
    }

    /// Weighted advantage of a turn: the mean of its steps' where they have advantages of their own.
    pub fn of_turn(&self, turn: usize) -> f64 {
        match self.steps.get(turn) {
            Some(steps) if !steps.is_empty() => {
                steps.iter().map(|step| step.advantage * step.weight).sum::<f64>() / steps.len() as f64
            }
            _ => self.at(turn, 0),
        }
    }

    /// Whether any token has an advantage: an episode of a group that agrees teaches nothing.
    pub fn teaches(&self) -> bool {
        if self.turns.is_empty() {
            self.advantage != 0.0 || self.steps.iter().flatten().any(|step| step.advantage != 0.0)
        } else {
            self.turns.iter().any(|turn| *turn != 0.0)
        }
    }

    /// Keeps this share of what is negative.
    fn blame(&mut self, share: f64) {
        let steps = self.steps.iter_mut().flatten().map(|step| &mut step.advantage);
        for advantage in steps.chain(&mut self.turns).chain([&mut self.advantage]) {
            if *advantage < 0.0 {
                *advantage *= share;
            }
        }
    }

    /// Gives every turn and step one weight.
    fn weighted(mut self, weight: f64) -> Self {
        self.per_turn.fill(weight);
        self.steps.iter_mut().flatten().for_each(|step| step.weight = weight);
        self
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
    let unweighted = estimate::unweighted(group, config);
    let per_trajectory = |weight: &dyn Fn(&Diagnosis) -> f64| {
        let weighed = group.iter().zip(&unweighted).map(|(member, unweighted)| {
            let (diagnosis, unweighted) = member.diagnosis.zip(unweighted.as_ref())?;
            Some(unweighted.clone().weighted(weight(diagnosis)))
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
