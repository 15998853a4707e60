//! Irrelevant material around results, for tasks with a long context.

use serde_json::{Value, json};

use crate::Rng;

/// Average length of a line of clutter, with its quotes and comma.
const LINE: usize = 45;

/// Adds three to five times the result's own length, part before (`history`) and part after (`notices`) the relevant
/// fields. It is a function of the episode's number, the tool and its arguments, so that a repeated call repeats its
/// result; it never touches a field of the result.
pub fn pad(result: &Value, number: u64, name: &str, args: &Value, lines: &[&str]) -> Value {
    let Some(fields) = result.as_object() else { return result.clone() };
    let key: Vec<u64> = args.to_string().bytes().map(u64::from).collect();
    let mut rng = Rng::new(number, name, &key);
    let count = (4 * result.to_string().len() / LINE).clamp(1, 9) + rng.below(2);
    let mut notes: Vec<Value> = rng.distinct(lines.len(), count).into_iter().map(|at| Value::from(lines[at])).collect();
    let after = notes.split_off(rng.below(notes.len() + 1));
    let mut padded = json!({});
    if !notes.is_empty() {
        padded["history"] = Value::from(notes);
    }
    for (field, value) in fields {
        padded[field] = value.clone();
    }
    if !after.is_empty() {
        padded["notices"] = Value::from(after);
    }
    padded
}
