//! The default mode: sign-aware, mean-preserving inside the group, per turn (METHOD.md §4), and its two controls.
//!
//! **Raw weight of a turn**, from its label z, or from the label of the turn that caused its failure:
//!
//! | | z is an outcome (passed) | z is a failure |
//! |---|---|---|
//! | A > 0 | clip(ρ(z)): push what went right | damp(ρ(z)), never above 1: a success is not pushed harder for what went wrong in it |
//! | A < 0 | damp(ρ(z)), never above 1: a failure is not punished harder for what went right in it | clip(ρ(z)) |
//!
//! with `damp(ρ) = clip(min(ρ, 1/ρ))`. Turns of one episode differ: only the tokens of the diagnosed turn, and of the turns
//! that it caused, carry its weight.
//!
//! **Mean-preserving**: inside a group, each side of the sign is scaled so that the sum of |A|·weight over its action tokens
//! is what it was without weights. So the mean weighted advantage of the group stays what it was, its mean size too, and
//! weights only move credit between turns (or steps, where those have advantages of their own, GiGPO's: a step carries its
//! turn's label). Where the scale would lift a damped turn above 1, that turn stays at 1 and the
//! others take up the rest; a side with nothing but damped turns is not weighted at all.

use crate::advantage::{AdvantageConfig, EpisodeWeights, GroupMember, WeightMode, rho};
use crate::diagnose::Diagnosis;
use crate::label::Label;
use crate::seed::StreamKey;

/// One turn of one episode, or one step where steps have advantages of their own.
struct Cell {
    member: usize,
    turn: usize,
    step: Option<usize>,
    raw: f64,
    /// May not exceed 1.
    damped: bool,
    /// |A| · action tokens.
    mass: f64,
    positive: bool,
}

/// Weighs a group whose advantages are known: `weighed[i]` belongs to `group[i]` and comes with every weight 1.
pub(super) fn weigh(
    group: &[GroupMember<'_>],
    mut weighed: Vec<Option<EpisodeWeights>>,
    config: &AdvantageConfig,
    key: StreamKey,
) -> Vec<Option<EpisodeWeights>> {
    let labels = carried_labels(group, config.mode, key);
    let mut cells = Vec::new();
    for (member, episode) in weighed.iter().enumerate() {
        let Some(episode) = episode else { continue };
        for (turn, step, tokens) in places(&group[member], episode) {
            let advantage = episode.credit(turn, step.unwrap_or(0)).advantage;
            if advantage == 0.0 {
                continue;
            }
            let label = labels[member][turn];
            let positive = advantage > 0.0;
            let damped = label.is_failure() == positive;
            let ratio = rho(label);
            let raw = if damped { ratio.min(1.0 / ratio) } else { ratio };
            let raw = raw.clamp(config.clip_low, config.clip_high);
            cells.push(Cell { member, turn, step, raw, damped, mass: advantage.abs() * tokens, positive });
        }
    }
    for positive in [true, false] {
        let side: Vec<&Cell> = cells.iter().filter(|cell| cell.positive == positive).collect();
        let mut weights = balance(&side);
        if config.mode == WeightMode::Random {
            deal(&side, &mut weights, key.turn(u32::from(positive)));
        }
        for (cell, weight) in side.iter().zip(weights) {
            let Some(episode) = &mut weighed[cell.member] else { continue };
            match cell.step {
                Some(step) => episode.steps[cell.turn][step].weight = weight,
                None => episode.per_turn[cell.turn] = weight,
            }
        }
    }
    for episode in weighed.iter_mut().flatten() {
        for (of_turn, steps) in episode.per_turn.iter_mut().zip(&episode.steps).filter(|(_, steps)| !steps.is_empty()) {
            *of_turn = steps.iter().map(|step| step.weight).sum::<f64>() / steps.len() as f64;
        }
    }
    weighed
}

/// Where an episode has an advantage of its own, with the action tokens there: its turns, or the steps of each.
fn places(member: &GroupMember<'_>, episode: &EpisodeWeights) -> Vec<(usize, Option<usize>, f64)> {
    if episode.steps.is_empty() {
        return (0..episode.per_turn.len()).map(|turn| (turn, None, member.tokens(turn))).collect();
    }
    let mut next = vec![0; episode.steps.len()];
    let visits = member.steps.iter().filter(|visit| visit.turn < episode.steps.len());
    visits
        .map(|visit| {
            let step = next[visit.turn];
            next[visit.turn] += 1;
            (visit.turn, Some(step), f64::from(visit.tokens))
        })
        .collect()
}

/// The label whose weight each turn carries: its own, or that of the turn that caused its failure. The shuffled control
/// deals the labels of all scored turns of the group out again.
fn carried_labels(group: &[GroupMember<'_>], mode: WeightMode, key: StreamKey) -> Vec<Vec<Label>> {
    let carried = |diagnosis: &Diagnosis| -> Vec<Label> {
        diagnosis
            .turns
            .iter()
            .map(|turn| turn.cascaded_from.map_or(turn.label, |root| diagnosis.turns[root].label))
            .collect()
    };
    let mut labels: Vec<Vec<Label>> =
        group.iter().map(|member| member.diagnosis.map(carried).unwrap_or_default()).collect();
    if mode == WeightMode::Shuffled {
        let mut pool: Vec<Label> = labels.iter().flatten().copied().collect();
        key.stream().shuffle(&mut pool);
        labels.iter_mut().flatten().zip(pool).for_each(|(label, dealt)| *label = dealt);
    }
    labels
}

/// Scales raw weights so that the mass is kept and no damped turn exceeds 1.
fn balance(side: &[&Cell]) -> Vec<f64> {
    let mut held = vec![false; side.len()];
    loop {
        let (mut mass, mut raw) = (0.0, 0.0);
        for (cell, _) in side.iter().zip(&held).filter(|(_, held)| !**held) {
            mass += cell.mass;
            raw += cell.mass * cell.raw;
        }
        // Held turns keep exactly their own mass, so the free ones share exactly theirs.
        let scale = if raw > 0.0 { mass / raw } else { 1.0 };
        let mut grew = false;
        for (cell, held) in side.iter().zip(&mut held).filter(|(cell, held)| cell.damped && !**held) {
            if cell.raw * scale > 1.0 {
                *held = true;
                grew = true;
            }
        }
        if !grew {
            return side.iter().zip(&held).map(|(cell, held)| if *held { 1.0 } else { cell.raw * scale }).collect();
        }
    }
}

/// The random control: the same weights on other turns of the same sign, rescaled to keep the mass.
fn deal(side: &[&Cell], weights: &mut [f64], key: StreamKey) {
    key.stream().shuffle(weights);
    let mass: f64 = side.iter().map(|cell| cell.mass).sum();
    let weighted: f64 = side.iter().zip(weights.iter()).map(|(cell, weight)| cell.mass * weight).sum();
    if weighted > 0.0 {
        weights.iter_mut().for_each(|weight| *weight *= mass / weighted);
    }
}
