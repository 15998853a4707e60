//! Random values in the shape of a JSON Schema: what the random agent calls with, and what the conformance kit tries.

use serde_json::{Map, Value};

use crate::seed::Stream;

/// A random value of the schema's shape; objects get their required properties and half of the others. Bounds, formats
/// and patterns are not looked at.
pub fn value(schema: &Value, stream: &mut Stream) -> Value {
    nested(schema, stream, 0)
}

fn nested(schema: &Value, stream: &mut Stream, depth: usize) -> Value {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array).filter(|choices| !choices.is_empty()) {
        return choices[stream.below(choices.len() as u64) as usize].clone();
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        kind => kind.and_then(Value::as_str),
    };
    match kind.unwrap_or("object") {
        "string" => Value::from(["a", "b1", "Paris", "2026-01-02"][stream.below(4) as usize]),
        "integer" => Value::from(stream.below(10)),
        "number" => Value::from(stream.below(100) as f64 / 4.0),
        "boolean" => Value::from(stream.below(2) == 0),
        "null" => Value::Null,
        "array" if depth < 4 => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            (0..1 + stream.below(2)).map(|_| nested(items, stream, depth + 1)).collect()
        }
        "object" if depth < 4 => {
            let required: Vec<&str> = schema
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let properties = schema.get("properties").and_then(Value::as_object);
            let mut object = Map::new();
            for (name, schema) in properties.into_iter().flatten() {
                if required.contains(&name.as_str()) || stream.below(2) == 0 {
                    object.insert(name.clone(), nested(schema, stream, depth + 1));
                }
            }
            Value::Object(object)
        }
        _ => Value::Null,
    }
}
