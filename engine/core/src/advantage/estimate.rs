//! Advantages before any weight: what a group says about each episode, turn or step.
//!
//! | option | advantage | source |
//! |---|---|---|
//! | `baseline: mean`, `scale: std` | `(r_j − mean r) / (sample std r + 1e-6)` | GRPO; METHOD.md eq. 10 |
//! | `baseline: mean`, `scale: none` | `r_j − mean r` | Dr. GRPO (Liu et al. 2025, arXiv 2503.20783) |
//! | `baseline: leave_one_out`, `scale: none` | `r_j − mean of the other r` | RLOO (Ahmadian et al. 2024, arXiv 2402.14740) |
//! | `baseline: zero`, `scale: none` | `r_j`: what earned something is imitated | RAFT (Dong et al. 2023, arXiv 2304.06767) |
//! | `blame: β` | `max(A, 0) + β · min(A, 0)` | ours |
//! | `credit: turn` | the same, turn by turn, among the members on track | ours |
//! | `credit: value` | `(v_k − mean v_k) · Π_{l>k} p_l / σ`: what passing turn k is worth to the episode | ours |
//! | `credit: step` | `A_episode + ω · A_step` | GiGPO (Feng et al. 2025, arXiv 2505.10978) |

use std::collections::BTreeMap;

use crate::advantage::{AdvantageConfig, Baseline, Credit, EpisodeWeights, GroupMember, Scale, StepCredit};
use crate::diagnose::Diagnosis;
use crate::episode::{TokenTrace, Turn};
use crate::stats;

/// Added to a standard deviation that is divided by (eq. 10).
const EPSILON: f64 = 1e-6;

/// Values that differ by less are equal: what rounding leaves of a sum of discounted rewards is no difference.
const ROUNDING: f64 = 1e-12;

/// One step of an episode, as [`Credit::Step`] compares it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepVisit {
    /// User turn.
    pub turn: usize,
    /// Hash of the environment's state before the step.
    pub state: u64,
    /// What was earned on it; an episode's steps together earn its reward.
    pub reward: f64,
    /// Action tokens.
    pub tokens: u32,
}

/// The first turn in which an episode's policy chose a token: 0, but for a branch, which repeats earlier turns of another one.
pub fn first_own_turn(trace: &TokenTrace) -> usize {
    trace.action.iter().position(|action| *action).map_or(0, |at| usize::from(trace.turn[at]))
}

/// The steps of an episode in order. `turn_rewards[t]` is what turn `t` earned: it is paid on the last step by its end.
pub fn step_visits(turns: &[Turn], trace: &TokenTrace, turn_rewards: &[f64]) -> Vec<StepVisit> {
    let mut tokens: BTreeMap<(usize, usize), u32> = BTreeMap::new();
    for ((turn, step), _) in trace.turn.iter().zip(&trace.step).zip(&trace.action).filter(|(_, action)| **action) {
        *tokens.entry((usize::from(*turn), usize::from(*step))).or_default() += 1;
    }
    let mut visits: Vec<StepVisit> = Vec::new();
    let mut owed = 0.0;
    for (number, turn) in turns.iter().enumerate() {
        let mut state = turn.state_hash_before;
        for (index, step) in turn.steps.iter().enumerate() {
            let tokens = tokens.get(&(number, index)).copied().unwrap_or(0);
            visits.push(StepVisit { turn: number, state, reward: 0.0, tokens });
            state = step.state_hash;
        }
        owed += turn_rewards.get(number).copied().unwrap_or(0.0);
        if let Some(last) = visits.last_mut() {
            last.reward += std::mem::take(&mut owed);
        }
    }
    if let Some(last) = visits.last_mut() {
        last.reward += turn_rewards.iter().skip(turns.len()).sum::<f64>();
    }
    visits
}

/// Each value relative to its group. `None` stays `None` and reaches neither baseline nor deviation; a group with fewer than
/// two values, or with equal ones, has no advantage.
pub fn relative(values: &[Option<f64>], config: &AdvantageConfig) -> Vec<Option<f64>> {
    let scored: Vec<f64> = values.iter().flatten().copied().collect();
    let (mean, total, others) = (stats::mean(&scored), scored.iter().sum::<f64>(), scored.len() as f64 - 1.0);
    let (low, high) = scored.iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    let equal = config.baseline != Baseline::Zero && (scored.len() < 2 || high - low <= ROUNDING);
    let divisor = match config.scale {
        Scale::Std => stats::sample_std(&scored) + EPSILON,
        Scale::None => 1.0,
    };
    let advantage = |value: f64| {
        let baseline = match config.baseline {
            Baseline::Mean => mean,
            Baseline::LeaveOneOut => (total - value) / others,
            Baseline::Zero => 0.0,
        };
        if equal { 0.0 } else { (value - baseline) / divisor }
    };
    values.iter().map(|value| value.map(advantage)).collect()
}

/// The advantages of a group with every weight 1. Scored means both: a reward without a diagnosis cannot be weighed, and
/// eq. 10 must be about the same episodes.
pub(super) fn unweighted(group: &[GroupMember<'_>], config: &AdvantageConfig) -> Vec<Option<EpisodeWeights>> {
    let rewards: Vec<Option<f64>> = group.iter().map(|member| member.diagnosis.and(member.reward)).collect();
    let mut weights: Vec<Option<EpisodeWeights>> = relative(&rewards, config)
        .into_iter()
        .zip(group)
        .map(|(advantage, member)| {
            let turns = member.diagnosis.map_or(0, |diagnosis| diagnosis.turns.len());
            Some(EpisodeWeights::plain(advantage?, turns))
        })
        .collect();
    match config.credit {
        Credit::Episode => {}
        Credit::Turn => turn_advantages(group, config, &mut weights),
        Credit::Value => value_advantages(group, config, &mut weights),
        Credit::Step => step_advantages(group, config, &mut weights),
    }
    if config.blame != 1.0 {
        weights.iter_mut().flatten().for_each(|weights| weights.blame(config.blame));
    }
    weights
}

/// Whether anything can be learnt from a group: its members differ in what they are rewarded for.
pub fn teaches(group: &[GroupMember<'_>], config: &AdvantageConfig) -> bool {
    unweighted(group, config).iter().flatten().any(EpisodeWeights::teaches)
}

/// Whether each member that was on track passed a turn; `None` for those that were not, have no such turn, or only repeated it.
fn verdicts(group: &[GroupMember<'_>], turn: usize) -> Vec<Option<f64>> {
    let of = |member: &GroupMember<'_>| {
        let on_track = |diagnosis: &&Diagnosis| diagnosis.first_failing.is_none_or(|first| first >= turn);
        let diagnosis = member.reward.and(member.diagnosis).filter(on_track)?;
        if turn < member.from {
            return None;
        }
        diagnosis.turns.get(turn).map(|turn| f64::from(u8::from(!turn.label.is_failure())))
    };
    group.iter().map(of).collect()
}

/// [`Credit::Turn`]: eq. 10 turn by turn, among the members whose earlier turns all passed. Turns after an episode's first
/// failing one have advantage 0: the state they met is not the one that the verifier asks for.
fn turn_advantages(group: &[GroupMember<'_>], config: &AdvantageConfig, weights: &mut [Option<EpisodeWeights>]) {
    let longest = weights.iter().flatten().map(|weights| weights.per_turn.len()).max().unwrap_or(0);
    weights.iter_mut().flatten().for_each(|weights| weights.turns = vec![0.0; weights.per_turn.len()]);
    for turn in 0..longest {
        for (weights, advantage) in weights.iter_mut().zip(relative(&verdicts(group, turn), config)) {
            if let (Some(weights), Some(advantage)) = (weights, advantage) {
                weights.turns[turn] = advantage;
            }
        }
    }
}

/// [`Credit::Value`]: what passing a turn is worth to the episode.
///
/// An episode succeeds where every turn passes: J = Π p_k, with p_k the chance of turn k among the members on track. The
/// gradient of J is Σ_k (Π_{l≠k} p_l) ∇p_k, so that a turn on track has the advantage `(v_k − mean v_k) · Π_{l>k} p_l`, v_k its
/// verdict (0 or 1): the episode's own objective, with less noise, because a turn is not blamed for what others did. Where
/// the scale is `std`, all is divided by √(J(1−J)), as eq. 10 does. Turns that seldom pass so weigh most in the tasks that
/// fail by them; eq. 10 turn by turn would let the many easy turns decide. Chances are counted in the group, with one pass and
/// one failure added, so that a turn that nobody survives still teaches those before it.
fn value_advantages(group: &[GroupMember<'_>], config: &AdvantageConfig, weights: &mut [Option<EpisodeWeights>]) {
    let longest = weights.iter().flatten().map(|weights| weights.per_turn.len()).max().unwrap_or(0);
    weights.iter_mut().flatten().for_each(|weights| weights.turns = vec![0.0; weights.per_turn.len()]);
    let turns: Vec<Vec<Option<f64>>> = (0..longest).map(|turn| verdicts(group, turn)).collect();
    let chance = |turn: &Vec<Option<f64>>| {
        let scored: Vec<f64> = turn.iter().flatten().copied().collect();
        (scored.iter().sum::<f64>() + 1.0) / (scored.len() as f64 + 2.0)
    };
    let success: f64 = turns.iter().map(chance).product();
    let divisor = match config.scale {
        Scale::Std => (success * (1.0 - success)).sqrt() + EPSILON,
        Scale::None => 1.0,
    };
    let unscaled = AdvantageConfig { scale: Scale::None, ..config.clone() };
    let mut later = 1.0;
    for (at, turn) in turns.iter().enumerate().rev() {
        for (weights, advantage) in weights.iter_mut().zip(relative(turn, &unscaled)) {
            if let (Some(weights), Some(advantage)) = (weights, advantage) {
                weights.turns[at] = advantage * later / divisor;
            }
        }
        later *= chance(turn);
    }
}

/// [`Credit::Step`]: GiGPO's two levels. Steps taken from the same state of the same turn form an anchor group, across
/// episodes and within one; the return of a step is what is earned from it on, discounted by γ a step; a step's advantage is
/// the episode's plus ω times its return's, relative to its anchor group. The turn is part of the anchor because the user's
/// request is part of what a state asks for. What the agent has read is not: states are keyed by their exact hash, and a
/// look-up changes none.
fn step_advantages(group: &[GroupMember<'_>], config: &AdvantageConfig, weights: &mut [Option<EpisodeWeights>]) {
    /// Member, step, return.
    type Visit = (usize, usize, f64);
    let mut anchors: BTreeMap<(usize, u64), Vec<Visit>> = BTreeMap::new();
    let mut by_step: Vec<Vec<f64>> = vec![Vec::new(); group.len()];
    for (member, episode) in group.iter().enumerate() {
        let Some(weights) = &weights[member] else { continue };
        let mut to_come = 0.0;
        for (index, visit) in episode.steps.iter().enumerate().rev() {
            to_come = visit.reward + config.discount * to_come;
            anchors.entry((visit.turn, visit.state)).or_default().push((member, index, to_come));
        }
        by_step[member] = vec![weights.advantage; episode.steps.len()];
    }
    for visits in anchors.into_values() {
        let returns: Vec<Option<f64>> = visits.iter().map(|(_, _, to_come)| Some(*to_come)).collect();
        for ((member, index, _), advantage) in visits.iter().zip(relative(&returns, config)) {
            by_step[*member][*index] += config.step_weight * advantage.unwrap_or(0.0);
        }
    }
    for ((weights, episode), by_step) in weights.iter_mut().zip(group).zip(by_step) {
        let Some(weights) = weights else { continue };
        weights.steps = vec![Vec::new(); weights.per_turn.len()];
        for (visit, advantage) in episode.steps.iter().zip(by_step) {
            if let Some(turn) = weights.steps.get_mut(visit.turn) {
                turn.push(StepCredit { advantage, weight: 1.0 });
            }
        }
    }
}
