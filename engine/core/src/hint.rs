//! "Did you mean": the nearest known name by edit distance.

/// Optimal string alignment distance: insert, delete, replace, and swap of neighbours each cost 1.
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// The nearest of `known`, when it is near enough to be what was meant: a third of the letters may differ, or one is the
/// beginning of the other.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A pasted paragraph is no misspelt key; this also bounds the work.
    if given.chars().count() > 64 {
        return None;
    }
    let given = given.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|name| {
            let prefix = given.len() >= 3 && (name.starts_with(&given) || given.starts_with(name));
            (if prefix { 1 } else { distance(&given, name) }, name)
        })
        .filter(|(cost, name)| *cost <= (name.len().max(given.len()) / 3).max(1))
        .min_by_key(|(cost, _)| *cost)
        .map(|(_, name)| name)
}

/// "`a`, `b` and `c`".
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_what_was_meant_and_no_more() {
        let known = ["rounds", "group", "learning_rate", "clip_low"];
        for (given, expected) in [
            ("grup", Some("group")),
            ("rouns", Some("rounds")),
            ("roudns", Some("rounds")),
            ("learning-rate", Some("learning_rate")),
            ("learning", Some("learning_rate")),
            ("temperature", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, known), expected, "{given}");
        }
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
