//! The released code's moving weights (METHOD.md §4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::advantage::{GroupMember, clip_published, rho};
use crate::diagnose::released_turn_label;
use crate::label::{Failure, Label, Outcome};

/// Share of the old weight that a step keeps.
const KEEP: f64 = 0.75;
/// Labels seen at which a weight moves with full confidence.
const FULL_COUNT: f64 = 32.0;

/// The labels that the released code weighs.
const RELEASED: [Label; 7] = [
    Label::Outcome(Outcome::Pass),
    Label::Outcome(Outcome::CorrectAbstention),
    Label::Failure(Failure::SpuriousToolCall),
    Label::Failure(Failure::EmptyTurn),
    Label::Failure(Failure::StateMismatch),
    Label::Failure(Failure::ResponseMismatch),
    Label::Failure(Failure::InstanceMismatch),
];

/// The moving weight w_z of each label of the released set. Other modes carry it unchanged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightState {
    weights: BTreeMap<Label, f64>,
}

impl Default for WeightState {
    /// Every weight at its base b_z = ρ(z).
    fn default() -> Self {
        Self { weights: RELEASED.into_iter().map(|label| (label, rho(label))).collect() }
    }
}

impl WeightState {
    /// The weights after a round; call it once a round, with all members of all groups, before [`super::weigh`].
    ///
    /// `w_z ← 0.75·w_z + 0.25·clip(b_z·(1 + prev_z·(1 − r̄_z)·min(1, n_z/32)), 0.5, 2.0)`; pass keeps b_z. The window is
    /// the round's batch: n_z its turns labelled z, prev_z their share of all its turns (passes included), r̄_z the mean
    /// reward of its episodes that carry z. Unscored members are left out.
    pub fn step(&self, batch: &[GroupMember<'_>]) -> Self {
        let mut turns = 0.0;
        let mut seen: BTreeMap<Label, Seen> = BTreeMap::new();
        for (diagnosis, reward) in batch.iter().filter_map(|member| member.diagnosis.zip(member.reward)) {
            let mut carried: BTreeMap<Label, f64> = BTreeMap::new();
            for turn in &diagnosis.turns {
                turns += 1.0;
                *carried.entry(released_turn_label(turn)).or_default() += 1.0;
            }
            for (label, count) in carried {
                let entry = seen.entry(label).or_default();
                entry.turns += count;
                entry.episodes += 1.0;
                entry.reward_sum += reward;
            }
        }
        let moved = |label: Label, weight: f64| {
            let base = rho(label);
            if label == Label::Outcome(Outcome::Pass) {
                return base;
            }
            let push = seen
                .get(&label)
                .map_or(0.0, |z| z.turns / turns * (1.0 - z.reward_sum / z.episodes) * (z.turns / FULL_COUNT).min(1.0));
            KEEP * weight + (1.0 - KEEP) * clip_published(base * (1.0 + push))
        };
        Self { weights: self.weights.iter().map(|(label, weight)| (*label, moved(*label, *weight))).collect() }
    }

    /// The weight of a label; 1 outside the released set.
    pub fn weight(&self, label: Label) -> f64 {
        self.weights.get(&label).copied().unwrap_or(1.0)
    }
}

/// A label in the batch; counts as f64 because only ratios are wanted.
#[derive(Default)]
struct Seen {
    turns: f64,
    episodes: f64,
    reward_sum: f64,
}
