//! Argument schemas, compiled once per plugin, and what is wrong with arguments in our own terms.

use coevo_core::episode::{SchemaViolation, ViolationKind};
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

/// Violations reported of one call.
const MOST: usize = 8;

/// A compiled JSON Schema (draft 2020-12 unless it says otherwise; formats are checked).
#[derive(Debug)]
pub(crate) struct Schema(jsonschema::Validator);

impl Schema {
    /// # Errors
    /// What is wrong with the schema.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        let options = jsonschema::options().should_validate_formats(true);
        options.build(schema).map(Self).map_err(|error| format!("{error} (at {:?})", error.instance_path().as_str()))
    }

    /// Departures of `arguments`, in the schema's order; empty where they fit.
    pub fn violations(&self, arguments: &Value) -> Vec<SchemaViolation> {
        if self.0.is_valid(arguments) {
            return Vec::new();
        }
        self.0.iter_errors(arguments).flat_map(|error| violations(&error)).take(MOST).collect()
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
