//! Words that have the same pieces wherever they stand.
//!
//! Merges are learnt on bare words in small letters. A word that begins with a capital has the same merges again with its
//! first letter; one that follows a space or an underscore takes it into its first piece, after all other merges. So
//! `open`, ` open`, `_open` and `Open` differ in the first piece only, and that only in its form.

use std::collections::BTreeMap;

use super::merges;

/// What a piece stands behind, or begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    Bare,
    Spaced,
    Underscored,
    Capital,
}

/// A space, in the crate's byte alphabet.
const SPACE: char = '\u{120}';

/// A piece and the two that merge to it.
type Merge = (String, (String, String));

/// The form of a pre-token or a token, and what it is a form of; `None` for what is no word.
pub fn of(text: &str) -> Option<(Form, String)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    let rest = chars.as_str();
    let small = |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase());
    match first {
        SPACE | ' ' if small(rest) => Some((Form::Spaced, rest.to_owned())),
        '_' if small(rest) => Some((Form::Underscored, rest.to_owned())),
        'A'..='Z' => Some((Form::Capital, format!("{}{rest}", first.to_ascii_lowercase()))),
        'a'..='z' => Some((Form::Bare, text.to_owned())),
        _ => None,
    }
}

/// As [`merges::learn`], half of the room for pieces and the rest for the forms that are most frequent.
pub fn learn(words: &BTreeMap<String, u64>, symbols: &BTreeMap<char, u32>, limit: usize) -> Vec<Merge> {
    let mut bare: BTreeMap<String, u64> = BTreeMap::new();
    let mut shapes: BTreeMap<(Form, String), u64> = BTreeMap::new();
    for (word, count) in words {
        match of(word) {
            Some((form, base)) => {
                *bare.entry(base.clone()).or_default() += count;
                *shapes.entry((form, base)).or_default() += count;
            }
            None => *bare.entry(word.clone()).or_default() += count,
        }
    }
    let room = limit.saturating_sub(symbols.len() + super::SPECIAL.len());
    let pieces = merges::learn(&bare, symbols, limit - room.div_ceil(2));
    let rank: BTreeMap<(&str, &str), usize> =
        pieces.iter().enumerate().map(|(at, (_, (a, b)))| ((a.as_str(), b.as_str()), at)).collect();
    // How often each form of a piece would be used; a capital's merges by their rank.
    let mut capitals: BTreeMap<usize, u64> = BTreeMap::new();
    let mut behind: BTreeMap<(String, char), u64> = BTreeMap::new();
    for ((form, base), count) in shapes {
        let (first, path) = first_piece(&base, &rank);
        // What stands in one form will stand in others; a tenth as often, as a guess.
        let share = |of: Form| if of == form { 10 * count } else { count };
        path.into_iter().for_each(|at| *capitals.entry(at).or_default() += share(Form::Capital));
        *behind.entry((first.clone(), '_')).or_default() += share(Form::Underscored);
        *behind.entry((first, SPACE)).or_default() += share(Form::Spaced);
    }
    // A merge is at least as frequent as those that follow from it, and before them in rank: none is kept without its parts.
    let mut wanted: Vec<(u64, Option<usize>, Merge)> = Vec::new();
    for (at, count) in capitals {
        let (name, (a, b)) = &pieces[at];
        wanted.push((count, Some(at), (capital(name), (capital(a), b.clone()))));
    }
    for ((piece, before), count) in behind {
        wanted.push((count, None, (format!("{before}{piece}"), (before.to_string(), piece))));
    }
    wanted.retain(|(count, ..)| *count >= 10);
    wanted.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| (a.1, &a.2).cmp(&(b.1, &b.2))));
    wanted.truncate(limit.saturating_sub(super::SPECIAL.len() + symbols.len() + pieces.len()));
    let mut twins: BTreeMap<usize, Merge> = BTreeMap::new();
    let mut prefixed = Vec::new();
    for (_, at, merge) in wanted {
        match at {
            Some(at) => drop(twins.insert(at, merge)),
            None => prefixed.push(merge),
        }
    }
    let mut all = Vec::with_capacity(pieces.len() + twins.len() + prefixed.len());
    for (at, merge) in pieces.into_iter().enumerate() {
        all.push(merge);
        all.extend(twins.remove(&at));
    }
    all.extend(prefixed);
    all
}

fn capital(piece: &str) -> String {
    let mut chars = piece.chars();
    chars.next().map(|c| c.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

/// A word's first piece, and the merges that make it.
fn first_piece(word: &str, rank: &BTreeMap<(&str, &str), usize>) -> (String, Vec<usize>) {
    let mut pieces: Vec<String> = word.chars().map(String::from).collect();
    let mut path = Vec::new();
    while let Some((at, merge)) = (1..pieces.len())
        .filter_map(|at| Some((at, *rank.get(&(&*pieces[at - 1], &*pieces[at]))?)))
        .min_by_key(|m| (m.1, m.0))
    {
        let piece = pieces.remove(at);
        pieces[at - 1].push_str(&piece);
        if at == 1 {
            path.push(merge);
        }
    }
    (pieces.swap_remove(0), path)
}
