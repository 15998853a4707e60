//! A state as a tree of rows, with what a step changed in it.

use serde_json::Value;

use super::rows::{Row, Tone, piece};

/// One difference between two states.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// JSON pointer.
    pub at: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// What differs, in the order of the later state, removed parts last in their container.
pub fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(at: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(_)), Some(Value::Object(_))) | (Some(Value::Array(_)), Some(Value::Array(_))) => {
            for (key, old, new) in children(before, after) {
                compare(&format!("{at}/{}", escape(&key)), old, new, found);
            }
        }
        (before, after) => {
            found.push(Change { at: at.to_owned(), before: before.cloned(), after: after.cloned() });
        }
    }
}

/// The parts of a container in both states by key or index.
fn children<'a>(
    before: Option<&'a Value>,
    after: Option<&'a Value>,
) -> Vec<(String, Option<&'a Value>, Option<&'a Value>)> {
    let keys = |value: Option<&'a Value>| -> Vec<(String, &'a Value)> {
        match value {
            Some(Value::Object(map)) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
            Some(Value::Array(list)) => list.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
            _ => Vec::new(),
        }
    };
    let (old, new) = (keys(before), keys(after));
    let find = |side: &[(String, &'a Value)], key: &str| side.iter().find(|(k, _)| k == key).map(|(_, value)| *value);
    let mut all: Vec<_> = new.iter().map(|(key, value)| (key.clone(), find(&old, key), Some(*value))).collect();
    all.extend(
        old.iter().filter(|(key, _)| find(&new, key).is_none()).map(|(key, value)| (key.clone(), Some(*value), None)),
    );
    all
}

/// RFC 6901.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The whole state as indented rows. Changed parts are marked `+`, `-` or `~` and always open; unchanged containers below
/// the first level are folded to their size unless `unfolded`.
pub fn tree(before: Option<&Value>, after: Option<&Value>, unfolded: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for (key, old, new) in children(before, after) {
        branch(&key, old, new, 0, unfolded, &mut rows);
    }
    if rows.is_empty()
        && let Some(value) = after.or(before)
    {
        rows.push(vec![piece(Tone::Plain, value.to_string())]);
    }
    rows
}

fn branch(key: &str, before: Option<&Value>, after: Option<&Value>, depth: usize, unfolded: bool, rows: &mut Vec<Row>) {
    let (mark, tone) = match (before, after) {
        (Some(old), Some(new)) if old == new => (' ', Tone::Plain),
        (Some(_), Some(_)) => ('~', Tone::Changed),
        (None, _) => ('+', Tone::Added),
        (Some(_), None) => ('-', Tone::Removed),
    };
    let shown = after.or(before).expect("one side is there");
    let same = mark == ' ';
    let name = |tone| piece(tone, format!("{mark} {}{key}: ", "  ".repeat(depth)));
    let container = |value: &Value| value.is_object() || value.is_array();
    let both = [before, after].into_iter().flatten().all(container);
    if container(shown) && both {
        let folded = (same && !unfolded && depth > 0) || size(shown) == 0;
        let label = if same { Tone::Dim } else { tone };
        rows.push(vec![name(label), piece(Tone::Dim, size_text(shown))]);
        if !folded {
            for (key, old, new) in children(before, after) {
                branch(&key, old, new, depth + 1, unfolded, rows);
            }
        }
        return;
    }
    let mut row = vec![name(if same { Tone::Dim } else { tone })];
    match (before, after) {
        (Some(old), Some(new)) if old != new => {
            row.push(piece(Tone::Removed, old.to_string()));
            row.push(piece(Tone::Dim, " → "));
            row.push(piece(Tone::Added, new.to_string()));
        }
        _ => row.push(piece(tone, shown.to_string())),
    }
    rows.push(row);
}

fn size(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.len(),
        Value::Array(list) => list.len(),
        _ => 0,
    }
}

fn size_text(value: &Value) -> String {
    match value {
        Value::Object(map) => format!("{{{}}}", map.len()),
        Value::Array(list) => format!("[{}]", list.len()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::rows::plain;
    use super::*;

    #[test]
    fn a_diff_names_what_came_went_and_changed() {
        let before = json!({"a/b": 1, "list": [1, 2], "same": {"deep": true}});
        let after = json!({"a/b": 2, "list": [1], "same": {"deep": true}, "new": null});
        let found: Vec<(String, Option<Value>, Option<Value>)> =
            changes(&before, &after).into_iter().map(|change| (change.at, change.before, change.after)).collect();
        assert_eq!(
            found,
            [
                ("/a~1b".to_owned(), Some(json!(1)), Some(json!(2))),
                ("/list/1".to_owned(), Some(json!(2)), None),
                ("/new".to_owned(), None, Some(Value::Null)),
            ]
        );
        let rows: Vec<String> = tree(Some(&before), Some(&after), false).iter().map(plain).collect();
        assert_eq!(
            rows,
            ["~ a/b: 1 → 2", "~ list: [1]", "    0: 1", "-   1: 2", "  same: {1}", "    deep: true", "+ new: null"]
        );
        assert!(changes(&after, &after).is_empty());
    }
}
