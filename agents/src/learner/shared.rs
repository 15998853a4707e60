//! Sequences that open alike, laid out so that what they share is there once.
//!
//! The episodes of a shard share the system message with its tools, those of a group the first user message too, and often the
//! first replies. A token's numbers depend on what precedes it only: forward, a shared token is computed once; backward, the
//! gradients of all that follow it add up before they go on through it. The result is the unshared gradient in another order of
//! addition.

use std::ops::Range;

use super::batch::Input;

/// Openings shorter than this are not worth a segment of their own.
const LEAST: usize = 16;

/// A run of tokens that the same sequences share.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its rows among those of all segments.
    pub rows: Range<usize>,
    /// Rows of the whole path that leads here, in order, this segment's last.
    pub path: Vec<Range<usize>>,
}

impl Segment {
    /// Tokens before this segment.
    pub fn context(&self) -> usize {
        self.path[..self.path.len() - 1].iter().map(Range::len).sum()
    }
}

/// Inputs as segments, every segment behind its parents.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub segments: Vec<Segment>,
    /// Token of each row.
    pub ids: Vec<u32>,
    /// Row of each action of each input, inputs in order.
    pub actions: Vec<usize>,
}

impl Layout {
    pub fn of(inputs: &[Input<'_>]) -> Self {
        let mut layout = Self::default();
        let mut paths: Vec<Vec<Range<usize>>> = vec![Vec::new(); inputs.len()];
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        order.sort_by(|a, b| inputs[*a].ids.cmp(inputs[*b].ids).then(a.cmp(b)));
        layout.split(inputs, &order, 0, &[], &mut paths);
        for (input, path) in inputs.iter().zip(&paths) {
            layout.actions.extend(input.actions.iter().map(|(at, _)| row_of(path, *at)));
        }
        layout
    }

    /// Lays out what `members`, sorted, have behind their common first `done` tokens; `path` holds those.
    fn split(
        &mut self,
        inputs: &[Input<'_>],
        members: &[usize],
        done: usize,
        path: &[Range<usize>],
        paths: &mut [Vec<Range<usize>>],
    ) {
        // Runs of members that go on alike for long enough to share it.
        for run in members.chunk_by(|a, b| common(inputs[*a].ids, inputs[*b].ids) >= done + LEAST) {
            let (first, last) = (inputs[run[0]].ids, inputs[run[run.len() - 1]].ids);
            let shared = if run.len() == 1 { first.len() } else { common(first, last) };
            let path = self.push(&first[done..shared], path);
            let (over, rest): (Vec<usize>, Vec<usize>) =
                run.iter().partition(|index| inputs[**index].ids.len() == shared);
            over.into_iter().for_each(|index| paths[index].clone_from(&path));
            if !rest.is_empty() {
                self.split(inputs, &rest, shared, &path, paths);
            }
        }
    }

    fn push(&mut self, ids: &[u32], path: &[Range<usize>]) -> Vec<Range<usize>> {
        let rows = self.ids.len()..self.ids.len() + ids.len();
        self.ids.extend_from_slice(ids);
        let path = [path, std::slice::from_ref(&rows)].concat();
        self.segments.push(Segment { rows, path: path.clone() });
        path
    }
}

/// Length of the common opening.
pub fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn row_of(path: &[Range<usize>], mut at: usize) -> usize {
    for rows in path {
        if at < rows.len() {
            return rows.start + at;
        }
        at -= rows.len();
    }
    unreachable!("an action is a token of its input")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::learner::objective::ActionToken;

    fn layout(sequences: &[Vec<u32>]) -> Layout {
        let input = |ids: &'_ Vec<u32>| ids.len() - 1;
        let inputs: Vec<Input<'_>> = sequences
            .iter()
            .map(|ids| Input {
                ids,
                actions: vec![(0, ActionToken::default()), (input(ids), ActionToken::default())],
                allowed: BTreeMap::new(),
            })
            .collect();
        Layout::of(&inputs)
    }

    /// Every sequence is its path, whatever was shared.
    fn check(sequences: &[Vec<u32>], rows: usize) {
        let layout = layout(sequences);
        assert_eq!(layout.ids.len(), rows);
        for (index, ids) in sequences.iter().enumerate() {
            let last = layout.actions[2 * index + 1];
            let segment = layout.segments.iter().find(|segment| segment.rows.contains(&last)).unwrap();
            let spelled: Vec<u32> = segment.path.iter().flat_map(|rows| &layout.ids[rows.clone()]).copied().collect();
            assert_eq!(spelled[..ids.len()], ids[..], "{layout:?}");
            assert_eq!(layout.actions[2 * index], segment.path[0].start);
        }
    }

    #[test]
    fn what_is_shared_is_there_once() {
        let run = |from: u32, n: u32| (from..from + n).collect::<Vec<u32>>();
        let join = |parts: &[Vec<u32>]| parts.concat();
        let (a, b, c) = (run(0, 40), run(100, 20), run(200, 5));
        // Two groups that share the first 40 tokens; in the first group 20 more; one sequence ends where another goes on.
        check(
            &[
                join(&[a.clone(), b.clone(), c.clone()]),
                join(&[a.clone(), c.clone()]),
                join(&[a.clone(), b.clone(), run(7, 3)]),
            ],
            73,
        );
        check(&[a.clone(), join(&[a.clone(), b.clone()]), a.clone()], 60);
        // Too little in common to be worth it.
        check(&[join(&[c.clone(), a.clone()]), join(&[c.clone(), b.clone()])], 70);
        check(&[c], 5);
    }
}
