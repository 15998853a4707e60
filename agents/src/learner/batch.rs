//! From sequences to what a gradient needs, and how sequences are dealt to shards.

use std::collections::BTreeMap;

use crate::infer::grammar::Allowed;
use crate::learner::objective::ActionToken;
use crate::learner::shared::common;
use crate::sequence::TrainSequence;

/// One sequence as input: everything up to the token before its last action.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    pub ids: &'a [u32],
    /// The position whose logits predict an action token, and that token.
    pub actions: Vec<(usize, ActionToken)>,
    /// What a grammar allowed, by the position whose logits predict the token.
    pub allowed: BTreeMap<usize, &'a Allowed>,
}

impl<'a> Input<'a> {
    /// `None` for a sequence without actions. `weight` goes to every token; `reference` has the sequence's length, or is
    /// empty.
    pub fn new(sequence: &'a TrainSequence, weight: f32, reference: &[f32]) -> Option<Self> {
        Self::of(sequence, weight, reference, |_| true)
    }

    /// Only the actions at positions that `wanted` keeps; the input then ends before the last of those.
    pub fn of(
        sequence: &'a TrainSequence,
        weight: f32,
        reference: &[f32],
        wanted: impl Fn(usize) -> bool,
    ) -> Option<Self> {
        let actions: Vec<(usize, ActionToken)> = (1..sequence.ids.len())
            .filter(|t| sequence.action[*t] && wanted(*t))
            .map(|t| {
                let token = ActionToken {
                    target: sequence.ids[t],
                    weight: weight * sequence.emphasis(t),
                    old: sequence.log_probs[t],
                    reference: reference.get(t).copied().unwrap_or(0.0),
                    advantage: sequence.advantage[t],
                };
                (t - 1, token)
            })
            .collect();
        let last = actions.last()?.0;
        let allowed = sequence.allowed.iter().map(|(t, allowed)| (t - 1, allowed)).collect();
        Some(Self { ids: &sequence.ids[..=last], actions, allowed })
    }
}

/// Inputs of a shard on the CPU: as many as share an opening well, and yet leave work for several threads.
const INPUTS_OF_A_SHARD: usize = 4;
/// Shards that a step has at most, if the budget allows: work for this many threads.
const SHARDS: usize = 8;

/// Deals inputs to shards that share their openings: neighbours in the order of their tokens, as many to a shard as make its
/// work, tokens that it does not share, about equal. More shards where a shard would exceed `budget` tokens. The result depends on
/// the inputs and the budget only, never on the number of threads.
pub fn sharing_shards(inputs: &[&[u32]], budget: usize) -> Vec<Vec<usize>> {
    let total: usize = inputs.iter().map(|ids| ids.len()).sum();
    let wanted = (inputs.len() / INPUTS_OF_A_SHARD).clamp(2, SHARDS);
    let count = total.div_ceil(budget.max(1)).max(wanted).min(inputs.len());
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    order.sort_by(|a, b| inputs[*a].cmp(inputs[*b]).then(a.cmp(b)));
    let opening = inputs.iter().map(|ids| common(inputs[0], ids)).min().unwrap_or(0);
    // What all share is computed in each shard, whoever is in it.
    let work = |place: usize| {
        let ids = inputs[order[place]];
        let shared = if place == 0 { 0 } else { common(ids, inputs[order[place - 1]]) };
        ids.len() - shared.max(opening).min(ids.len()) + 1
    };
    let all: usize = (0..order.len()).map(work).sum();
    let mut shards = vec![Vec::new(); count];
    let mut done = 0;
    for (place, index) in order.iter().enumerate() {
        // By the middle of its work, so that no shard is left empty by a long neighbour without need.
        let own = work(place);
        shards[((done + own / 2) * count / all).min(count - 1)].push(*index);
        done += own;
    }
    shards.retain(|shard| !shard.is_empty());
    shards
}

/// Deals inputs to shards that stay within `budget` tokens when padded to their longest (at least one input each).
pub fn padded_shards(lengths: &[usize], budget: usize) -> Vec<Vec<usize>> {
    let mut shards: Vec<Vec<usize>> = Vec::new();
    let mut longest = 0;
    for index in longest_first(lengths) {
        match shards.last_mut() {
            Some(shard) if (shard.len() + 1) * longest <= budget => shard.push(index),
            _ => {
                longest = lengths[index];
                shards.push(vec![index]);
            }
        }
    }
    shards
}

fn longest_first(lengths: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|index| (std::cmp::Reverse(lengths[*index]), *index));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_hold_every_input_once_within_the_budget() {
        let lengths = [5, 100, 7, 60, 61, 3, 200];
        assert_eq!(padded_shards(&lengths, 130), [vec![6], vec![1], vec![4, 3], vec![2, 0, 5]]);
    }

    #[test]
    fn what_opens_alike_shares_a_shard() {
        // Eight groups of four: all share 30 tokens, a group 20 more, each has 10 of its own.
        let sequence = |i: u32| [vec![1; 30], vec![10 + i % 8; 20], vec![100 + i; 10]].concat();
        let sequences: Vec<Vec<u32>> = (0..32).map(sequence).collect();
        let ids: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
        let shards = sharing_shards(&ids, 10_000);
        let groups: Vec<Vec<usize>> = (0..8).map(|group| (0..4).map(|i| group + 8 * i).collect()).collect();
        assert_eq!(shards, groups);
        let counts =
            |n: usize, budget: usize| sharing_shards(&ids[..n], budget).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(counts(4, 10_000), [2, 2]);
        assert_eq!(counts(1, 10_000), [1]);
        assert_eq!(counts(20, 10_000).len(), 5);
        assert_eq!(counts(32, 100).iter().sum::<usize>(), 32);
        assert!(counts(32, 100).len() > 15);
    }

    #[test]
    fn inputs_stop_before_the_last_action() {
        let sequence = TrainSequence {
            ids: vec![10, 11, 12, 13, 14],
            action: vec![false, false, true, true, false],
            log_probs: vec![0.0, 0.0, -1.0, -2.0, 0.0],
            advantage: vec![0.0, 0.0, 0.5, 0.5, 0.0],
            ..TrainSequence::default()
        };
        let input = Input::new(&sequence, 0.25, &[]).unwrap();
        assert_eq!(input.ids, [10, 11, 12]);
        let actions: Vec<_> = input.actions.iter().map(|(at, token)| (*at, token.target, token.old)).collect();
        assert_eq!(actions, [(1, 12, -1.0), (2, 13, -2.0)]);
        assert!(Input::new(&TrainSequence { action: vec![false; 5], ..sequence }, 1.0, &[]).is_none());
    }
}
