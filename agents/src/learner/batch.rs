//! From sequences to what a gradient needs, and how sequences are dealt to shards.

use std::collections::BTreeMap;

use crate::infer::grammar::Allowed;
use crate::learner::objective::ActionToken;
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
                    weight,
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

/// Fewest shards of a step on the CPU, if there are inputs enough: work for this many threads.
const LEAST_SHARDS: usize = 8;

/// Deals inputs evenly to shards of about `budget` tokens or fewer: each goes to the shard with the fewest tokens, longest
/// first. The result depends on the lengths and the budget only, never on the number of threads.
pub fn even_shards(lengths: &[usize], budget: usize) -> Vec<Vec<usize>> {
    let total: usize = lengths.iter().sum();
    let count = total.div_ceil(budget.max(1)).max(LEAST_SHARDS).min(lengths.len());
    let mut shards: Vec<(usize, Vec<usize>)> = vec![(0, Vec::new()); count];
    for index in longest_first(lengths) {
        let shard = shards.iter_mut().min_by_key(|(tokens, _)| *tokens).expect("one shard an input at most");
        shard.0 += lengths[index];
        shard.1.push(index);
    }
    shards.into_iter().map(|(_, indices)| indices).collect()
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
        assert_eq!(even_shards(&lengths, 1000).len(), 7);
        let twenty = [10; 20];
        let sizes: Vec<usize> = even_shards(&twenty, 1000).iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3, 3, 3, 2, 2, 2, 2]);
        assert_eq!(even_shards(&twenty, 20).len(), 10);
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
