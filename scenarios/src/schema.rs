//! The JSON Schema of a scenario, and merging that it guides.
//!
//! The schema comes from the Rust types. It is used three times: printed by `coevo schema`, checked against before
//! deserialising ([`crate::check`]), and to merge an arm over the base: records merge, everything else is replaced.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::types::{Sequel, Settings};

/// Sections that all arms share: the closing table compares arms on the same tasks.
pub const SHARED_SECTIONS: [&str; 2] = ["environment", "evaluation"];

/// JSON Schema (draft 2020-12) of a scenario file, without references.
pub fn json_schema() -> Value {
    let settings = schema_of::<Settings>();
    let mut properties = Map::new();
    properties.insert("name".into(), json!({"type": "string", "minLength": 1, "description": "Name of the scenario."}));
    let seeds = json!({
        "description": "Repeat every arm under so many seeds, counted up from `seed`, or under those of a list: a study. \
                        Tasks stay the same; the draw of training tasks, the start and the sampling follow the seed.",
        "oneOf": [
            {"type": "integer", "minimum": 1, "maximum": 1000},
            {"type": "array", "items": {"type": "integer", "format": "uint64", "minimum": 0}},
        ],
    });
    properties.insert("seeds".into(), seeds);
    let mut arm = Map::new();
    for (key, value) in settings["properties"].as_object().into_iter().flatten() {
        properties.insert(key.clone(), value.clone());
        if !SHARED_SECTIONS.contains(&key.as_str()) {
            arm.insert(key.clone(), value.clone());
        }
    }
    for (key, value) in schema_of::<Sequel>()["properties"].as_object().into_iter().flatten() {
        arm.insert(key.clone(), value.clone());
    }
    let mut budget = properties.clone();
    budget.shift_remove("name");
    properties.insert(
        "named_budgets".into(),
        json!({
            "type": "object",
            "description": "Named partial overrides of everything above; `--budget NAME` lays one over the file.",
            "additionalProperties": {"type": "object", "properties": budget, "additionalProperties": false},
        }),
    );
    properties.insert(
        "arms".into(),
        json!({
            "type": "object",
            "description": "Named variants, each a partial override of the settings above, compared in the closing table. \
                            Without this key there is one arm, `main`.",
            "additionalProperties": {"type": "object", "properties": arm, "additionalProperties": false},
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Coevo scenario",
        "type": "object",
        "properties": properties,
        "required": ["name", "environment"],
        "additionalProperties": false,
    })
}

fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// Whether `schema` is a record of named keys, so that an override may name only some of them.
fn is_record(schema: &Value) -> bool {
    schema["type"] == "object" && (schema["properties"].is_object() || schema["additionalProperties"].is_object())
}

/// The schema of `key` inside a record.
pub(crate) fn inner<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    let named = schema["properties"].get(key);
    named.or_else(|| schema.get("additionalProperties").filter(|rest| rest.is_object()))
}

/// Reads a section that was left empty (`learner:`) as one that sets nothing.
pub fn fill_empty_sections(schema: &Value, value: &mut Value) {
    if !is_record(schema) {
        return;
    }
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    for (key, child) in value.as_object_mut().into_iter().flatten() {
        if let Some(schema) = inner(schema, key) {
            fill_empty_sections(schema, child);
        }
    }
}

/// Lays `over` on `base`: records merge key by key, everything else (lists, choices, scalars) is replaced.
pub fn merge(schema: &Value, base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) if is_record(schema) => {
            for (key, value) in over {
                match (base.get_mut(key), inner(schema, key)) {
                    (Some(place), Some(schema)) => merge(schema, place, value),
                    _ => {
                        base.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// The smallest override that [`merge`] turns `base` into `whole` with; `None` where they are equal.
pub fn difference(schema: &Value, base: &Value, whole: &Value) -> Option<Value> {
    if base == whole {
        return None;
    }
    match (base, whole) {
        (Value::Object(base), Value::Object(whole)) if is_record(schema) => {
            let mut out = Map::new();
            for (key, value) in whole {
                let change = match (base.get(key), inner(schema, key)) {
                    (Some(before), Some(schema)) => difference(schema, before, value),
                    _ => Some(value.clone()),
                };
                if let Some(change) = change {
                    out.insert(key.clone(), change);
                }
            }
            Some(Value::Object(out))
        }
        _ => Some(whole.clone()),
    }
}
