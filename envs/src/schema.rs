//! Argument schemas, compiled once per plugin, and what is wrong with arguments in our own terms.

use coevo_core::episode::{SchemaViolation, ViolationKind};
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

/// Violations reported of one call.
const MOST: usize = 8;
/// Values in a schema, with every `$ref` written out: what checking one value against it costs at most.
const NODES: usize = 20_000;
/// Nesting of a schema, references included.
const DEPTH: usize = 64;
/// Bytes of a compiled pattern.
const PATTERN: usize = 1 << 20;

/// A compiled JSON Schema (draft 2020-12 unless it says otherwise; formats are checked).
#[derive(Debug)]
pub(crate) struct Schema {
    validator: jsonschema::Validator,
    /// Values in it, references written out.
    pub nodes: usize,
}

impl Schema {
    /// # Errors
    /// What is wrong with the schema.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        let mut left = NODES;
        bounded(schema, schema, DEPTH, &mut left)?;
        // The engine without look-around: its time is linear in the text, whatever the pattern.
        let patterns = jsonschema::PatternOptions::regex().size_limit(PATTERN).dfa_size_limit(PATTERN);
        let options = jsonschema::options().should_validate_formats(true).with_pattern_options(patterns);
        let built = options.build(schema);
        let nodes = NODES - left;
        built
            .map(|validator| Self { validator, nodes })
            .map_err(|error| format!("{error} (at {:?})", error.instance_path().as_str()))
    }

    /// Departures of `arguments`, in the schema's order; empty where they fit.
    pub fn violations(&self, arguments: &Value) -> Vec<SchemaViolation> {
        if self.validator.is_valid(arguments) {
            return Vec::new();
        }
        self.validator.iter_errors(arguments).flat_map(|error| violations(&error)).take(MOST).collect()
    }
}

/// Whether `value`, a part of `schema`, is small with its references written out. References lead inside the schema only,
/// and never back to themselves: else a schema of some bytes could keep the host busy for years.
fn bounded(schema: &Value, value: &Value, depth: usize, left: &mut usize) -> Result<(), String> {
    let large = || format!("it is too large: at most {NODES} values, references written out");
    *left = left.checked_sub(1).ok_or_else(large)?;
    let depth = depth.checked_sub(1).ok_or_else(|| format!("it is nested deeper than {DEPTH}, or refers to itself"))?;
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| bounded(schema, item, depth, left)),
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| match (name.as_str(), field) {
            ("$ref", Value::String(to)) => {
                let inside = to.strip_prefix('#').and_then(|pointer| schema.pointer(pointer));
                let target =
                    inside.ok_or_else(|| format!("$ref {to:?} does not lead to a place in it, such as #/$defs/x"))?;
                bounded(schema, target, depth, left)
            }
            ("$dynamicRef" | "$recursiveRef" | "$id" | "$anchor" | "$dynamicAnchor", Value::String(_)) => {
                Err(format!("{name} is not supported: use $ref with a pointer, such as #/$defs/x"))
            }
            _ => bounded(schema, field, depth, left),
        }),
        _ => Ok(()),
    }
}

/// Messages name the argument and what is wrong with it, never what the schema would allow: in the base environment an
/// agent must find that out, and the evolved interface's cues add it from the schema.
fn violations(error: &jsonschema::ValidationError<'_>) -> Vec<SchemaViolation> {
    use ViolationKind as Kind;
    let path = error.instance_path().as_str().trim_start_matches('/').to_owned();
    let top = path.split('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
    let place = if path.is_empty() { "the arguments".to_owned() } else { format!("`{}`", path.replace('/', ".")) };
    let one = |kind, argument: String, message| vec![SchemaViolation { kind, argument, message }];
    let within = |name: &str| if top.is_empty() { name.to_owned() } else { top.clone() };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let inside = if path.is_empty() { String::new() } else { format!(" in {place}") };
            one(Kind::MissingRequired, within(name), format!("`{name}` is missing{inside}"))
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let violation = |name: &String| SchemaViolation {
                kind: Kind::UnknownArgument,
                argument: within(name),
                message: format!("`{name}` is not an argument"),
            };
            unexpected.iter().map(violation).collect()
        }
        ValidationErrorKind::Type { .. } => one(Kind::WrongType, top, format!("{place} has the wrong type")),
        ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => {
            one(Kind::NotInEnum, top, format!("{place} is not an allowed value"))
        }
        ValidationErrorKind::Format { .. } | ValidationErrorKind::Pattern { .. } => {
            one(Kind::Format, top, format!("{place} is not in the right format"))
        }
        other => one(Kind::Other, top, format!("{place} breaks the rule `{}`", other.keyword())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_of_error_is_named() {
        let schema = Schema::compile(&json!({
            "type": "object", "required": ["to", "pay"], "additionalProperties": false,
            "properties": {
                "to": {"type": "string", "pattern": "^[A-Z]{3}$"}, "on": {"type": "string", "format": "date"},
                "n": {"type": "integer", "minimum": 1},
                "pay": {"type": "object", "required": ["card"], "properties": {"card": {"enum": ["visa", "amex"]}}},
            }
        }))
        .unwrap();
        use ViolationKind::*;
        let cases = [
            (json!({"to": "CDG", "pay": {"card": "visa"}, "on": "2026-11-24", "n": 2}), vec![]),
            (json!({"pay": {"card": "visa"}}), vec![(MissingRequired, "to")]),
            (json!({"to": "CDG", "pay": {}}), vec![(MissingRequired, "pay")]),
            (
                json!({"to": "CDG", "pay": {"card": "visa"}, "x": 1, "y": 2}),
                vec![(UnknownArgument, "x"), (UnknownArgument, "y")],
            ),
            (json!({"to": 3, "pay": {"card": "visa"}}), vec![(WrongType, "to")]),
            (json!({"to": "CDG", "pay": {"card": "cash"}}), vec![(NotInEnum, "pay")]),
            (json!({"to": "cdg", "pay": {"card": "visa"}}), vec![(Format, "to")]),
            (json!({"to": "CDG", "pay": {"card": "visa"}, "on": "24.11."}), vec![(Format, "on")]),
            (json!({"to": "CDG", "pay": {"card": "visa"}, "n": 0}), vec![(Other, "n")]),
        ];
        for (arguments, want) in cases {
            let got = schema.violations(&arguments);
            let have: Vec<_> = got.iter().map(|v| (v.kind, v.argument.as_str())).collect();
            assert_eq!(have, want, "{arguments}: {got:?}");
        }
    }

    #[test]
    fn a_broken_schema_is_refused() {
        for schema in [json!({"type": "objekt"}), json!({"required": "x"}), json!({"$ref": "https://example.org/x"})] {
            assert!(Schema::compile(&schema).is_err(), "{schema}");
        }
    }
}
