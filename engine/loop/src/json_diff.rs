//! How two JSON values differ, as the smallest parts that do, each with its JSON pointer.

use serde::Serialize;
use serde_json::Value;

/// One part that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JsonChange {
    /// JSON pointer; empty for the whole.
    pub pointer: String,
    /// `None` where it was not there.
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl std::fmt::Display for JsonChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        match (&self.before, &self.after) {
            (None, Some(after)) => write!(f, "+ {pointer} {after}"),
            (Some(before), None) => write!(f, "- {pointer} {before}"),
            (Some(before), Some(after)) => write!(f, "~ {pointer} {before} -> {after}"),
            (None, None) => write!(f, "  {pointer}"),
        }
    }
}

/// What leads from `before` to `after`, in the order of the values; empty where they are equal. Arrays are compared place
/// by place, except that what they have in common at both ends is passed over.
pub fn json_diff(before: &Value, after: &Value) -> Vec<JsonChange> {
    let mut changes = Vec::new();
    compare(&mut String::new(), before, after, &mut changes);
    changes
}

fn compare(pointer: &mut String, before: &Value, after: &Value, changes: &mut Vec<JsonChange>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in old {
                inside(pointer, name, |pointer| match new.get(name) {
                    Some(other) => compare(pointer, value, other, changes),
                    None => changes.push(change(pointer, Some(value), None)),
                });
            }
            for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
                inside(pointer, name, |pointer| changes.push(change(pointer, None, Some(value))));
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            let shorter = old.len().min(new.len());
            let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
            let tail = old.iter().rev().zip(new.iter().rev()).take(shorter - head).take_while(|(a, b)| a == b).count();
            let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
            for at in 0..old.len().max(new.len()) {
                inside(pointer, &(head + at).to_string(), |pointer| match (old.get(at), new.get(at)) {
                    (Some(a), Some(b)) => compare(pointer, a, b, changes),
                    (a, b) => changes.push(change(pointer, a, b)),
                });
            }
        }
        _ => changes.push(change(pointer, Some(before), Some(after))),
    }
}

fn inside(pointer: &mut String, name: &str, compare: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
    compare(pointer);
    pointer.truncate(length);
}

fn change(pointer: &str, before: Option<&Value>, after: Option<&Value>) -> JsonChange {
    JsonChange { pointer: pointer.to_owned(), before: before.cloned(), after: after.cloned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_are_the_smallest_parts_that_differ() {
        let check = |before: Value, after: Value, expected: &[&str]| {
            let shown: Vec<String> = json_diff(&before, &after).iter().map(JsonChange::to_string).collect();
            assert_eq!(shown, expected, "{before} to {after}");
            for change in json_diff(&before, &after) {
                assert_eq!(before.pointer(&change.pointer).cloned(), change.before, "{change}");
            }
        };
        check(json!({"a": 1}), json!({"a": 1}), &[]);
        check(json!(1), json!("1"), &["~ / 1 -> \"1\""]);
        check(
            json!({"a": {"b": 1, "c/d": 2}, "e": 3}),
            json!({"a": {"b": 2}, "f": []}),
            &["~ /a/b 1 -> 2", "- /a/c~1d 2", "- /e 3", "+ /f []"],
        );
        check(json!([1, 2, 3]), json!([1, 3]), &["- /1 2"]);
        check(json!([{"x": 1}, 5]), json!([{"x": 2}, 5, 6]), &["~ /0/x 1 -> 2", "+ /2 6"]);
    }
}
