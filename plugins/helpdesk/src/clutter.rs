//! Irrelevant material for the long-context category.
//!
//! It is a function of the state's clutter number, the tool and its arguments, so that a repeated call repeats its
//! result; it never touches a relevant field.

use coevo_sdk::{Rng, Value, json};

use crate::words::CLUTTER;

/// Average length of a line of clutter, with its quotes and comma.
const LINE: usize = 45;

/// Adds three to five times the result's own length, part before and part after the relevant fields.
pub fn pad(result: &Value, clutter: u64, name: &str, args: &Value) -> Value {
    let Some(fields) = result.as_object() else { return result.clone() };
    let key: Vec<u64> = args.to_string().bytes().map(u64::from).collect();
    let mut rng = Rng::new(clutter, name, &key);
    let lines = (4 * result.to_string().len() / LINE).clamp(1, 9) + rng.below(2);
    let mut notes: Vec<Value> =
        rng.distinct(CLUTTER.len(), lines).into_iter().map(|at| Value::from(CLUTTER[at])).collect();
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
