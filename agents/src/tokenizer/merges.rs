//! Byte-pair merges, learnt in one fixed order.
//!
//! The trainer of the `tokenizers` crate keeps its counts in hash maps with a random seed per process and may break ties
//! differently in each; this one is small and its result is a function of the word counts. Encoding and the file format
//! are the crate's.

use std::collections::BTreeMap;

/// Merges of the most frequent neighbours, most frequent first; ties go to the smaller pair.
///
/// `words` maps a word, in the crate's byte alphabet, to how often it occurs; `symbols` are the single characters with
/// their ids. Stops at `limit` ids, or when no pair occurs twice. Returns the vocabulary's new strings in order
/// of id, and each one's parts.
pub fn learn(
    words: &BTreeMap<String, u64>,
    symbols: &BTreeMap<char, u32>,
    limit: usize,
) -> Vec<(String, (String, String))> {
    let mut names: BTreeMap<u32, String> = symbols.iter().map(|(c, id)| (*id, c.to_string())).collect();
    let mut next = names.keys().last().map_or(0, |id| id + 1);
    let mut taken: BTreeMap<String, u32> = names.iter().map(|(id, name)| (name.clone(), *id)).collect();
    let mut words: Vec<(Vec<u32>, i64)> = words
        .iter()
        .map(|(word, count)| (word.chars().filter_map(|c| symbols.get(&c).copied()).collect(), *count as i64))
        .collect();
    let mut counts: BTreeMap<(u32, u32), i64> = BTreeMap::new();
    for (word, count) in &words {
        add_pairs(&mut counts, word, *count);
    }
    let mut merges = Vec::new();
    while (next as usize) < limit {
        let best = counts.iter().max_by_key(|(pair, count)| (**count, std::cmp::Reverse(**pair)));
        let Some((&pair, _)) = best.filter(|(_, count)| **count >= 2) else { break };
        let parts = (names[&pair.0].clone(), names[&pair.1].clone());
        let name = format!("{}{}", parts.0, parts.1);
        if taken.contains_key(&name) {
            // Another pair already spells this token; merging it would give one string two ids.
            counts.remove(&pair);
            continue;
        }
        taken.insert(name.clone(), next);
        names.insert(next, name.clone());
        for (word, count) in &mut words {
            if !word.windows(2).any(|w| (w[0], w[1]) == pair) {
                continue;
            }
            add_pairs(&mut counts, word, -*count);
            *word = replace(word, pair, next);
            add_pairs(&mut counts, word, *count);
        }
        counts.retain(|_, count| *count > 0);
        merges.push((name, parts));
        next += 1;
    }
    merges
}

fn add_pairs(counts: &mut BTreeMap<(u32, u32), i64>, word: &[u32], count: i64) {
    for pair in word.windows(2) {
        *counts.entry((pair[0], pair[1])).or_default() += count;
    }
}

fn replace(word: &[u32], pair: (u32, u32), new: u32) -> Vec<u32> {
    let mut out = Vec::with_capacity(word.len());
    let mut i = 0;
    while i < word.len() {
        if i + 1 < word.len() && (word[i], word[i + 1]) == pair {
            out.push(new);
            i += 2;
        } else {
            out.push(word[i]);
            i += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_follow_frequency_and_ties_follow_order() {
        let words = BTreeMap::from([("abab".to_owned(), 3), ("cd".to_owned(), 6), ("ae".to_owned(), 1)]);
        let symbols = "abcde".chars().zip(10..).collect();
        let merges: Vec<String> = learn(&words, &symbols, 100).into_iter().map(|(name, _)| name).collect();
        // "ab" and "cd" both occur six times: the smaller pair of ids first. "ae" occurs once and is never merged.
        assert_eq!(merges, ["ab", "cd", "abab"]);
    }

    #[test]
    fn the_limit_counts_ids() {
        let words = BTreeMap::from([("abcd".to_owned(), 9)]);
        let symbols = "abcd".chars().zip(0..).collect();
        assert_eq!(learn(&words, &symbols, 5).len(), 1);
    }
}
