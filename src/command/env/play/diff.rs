//! What a call changed in the state, one line a place.

use serde_json::Value;

/// At most this many lines are shown.
const MOST: usize = 24;

/// `~ items/0/done: false → true`, `+ items/3: {…}`, `- items/1: {…}`; nothing where both are equal.
pub fn lines(before: &Value, after: &Value) -> Vec<String> {
    let mut out = Vec::new();
    walk("", before, after, &mut out);
    if out.len() > MOST {
        let more = out.len() - MOST;
        out.truncate(MOST);
        out.push(format!("… and {more} more"));
    }
    out
}

fn walk(path: &str, before: &Value, after: &Value, out: &mut Vec<String>) {
    if before == after {
        return;
    }
    let below = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}/{step}") };
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, old) in a {
                match b.get(key) {
                    Some(new) => walk(&below(key), old, new, out),
                    None => out.push(format!("- {}: {old}", below(key))),
                }
            }
            for (key, new) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                out.push(format!("+ {}: {new}", below(key)));
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            // What is equal at both ends is no change: an item taken out of the middle is one line.
            let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
            let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
            let (old, new) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
            let both = if a.len() == b.len() { old.len() } else { 0 };
            for at in 0..both {
                walk(&below(&(head + at).to_string()), &old[at], &new[at], out);
            }
            out.extend(
                old[both..]
                    .iter()
                    .enumerate()
                    .map(|(at, v)| format!("- {}: {v}", below(&(head + both + at).to_string()))),
            );
            out.extend(
                new[both..]
                    .iter()
                    .enumerate()
                    .map(|(at, v)| format!("+ {}: {v}", below(&(head + both + at).to_string()))),
            );
        }
        _ => out.push(format!("~ {path}: {before} → {after}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_change_is_a_line() {
        let cases = [
            (json!({"a": 1}), json!({"a": 1}), vec![]),
            (json!({"a": 1}), json!({"a": 2}), vec!["~ a: 1 → 2"]),
            (json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 1, "d": 3}}), vec!["- a/c: 2", "+ a/d: 3"]),
            (json!({"l": [1, 2, 3]}), json!({"l": [1, 3]}), vec!["- l/1: 2"]),
            (json!({"l": [1]}), json!({"l": [1, 2]}), vec!["+ l/1: 2"]),
            (json!({"l": [{"x": 1}, 5]}), json!({"l": [{"x": 2}, 5]}), vec!["~ l/0/x: 1 → 2"]),
            (json!(1), json!("1"), vec!["~ : 1 → \"1\""]),
        ];
        for (before, after, want) in cases {
            assert_eq!(lines(&before, &after), want);
        }
        let (many, none): (Vec<u32>, Vec<u32>) = ((0..100).collect(), Vec::new());
        let shown = lines(&json!(none), &json!(many));
        assert_eq!((shown.len(), shown[MOST].as_str()), (MOST + 1, "… and 76 more"));
    }
}
