//! What an environment says of itself: tools, argument schemas, typed errors, splits.
//!
//! A compact builder; the JSON Schemas (draft 2020-12) are written from it, properties in the order of declaration.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::session::Side;

/// The type of an argument or of a field of a result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ty {
    String,
    Int,
    /// A whole number or a string, such as an id that may be written either way.
    IntOrString,
    Number,
    Bool,
    /// A list of strings.
    Strings,
    /// A list of numbers.
    Numbers,
    /// An object with these required fields; more may be present.
    Object(&'static [(&'static str, Ty)]),
    /// A list of such objects.
    List(&'static [(&'static str, Ty)]),
    /// A list of these.
    Array(&'static Ty),
    /// An object with any keys, whose values are these.
    Map(&'static Ty),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// May be left out; as a field of an object or as an argument.
    Optional(&'static Ty),
    Any,
}

impl Ty {
    fn schema(self) -> Value {
        match self {
            Ty::String => json!({"type": "string"}),
            Ty::Int => json!({"type": "integer"}),
            Ty::IntOrString => json!({"type": ["integer", "string"]}),
            Ty::Number => json!({"type": "number"}),
            Ty::Bool => json!({"type": "boolean"}),
            Ty::Strings => json!({"type": "array", "items": {"type": "string"}}),
            Ty::Numbers => json!({"type": "array", "items": {"type": "number"}}),
            Ty::Object(fields) => {
                object_schema(fields.iter().map(|(name, ty)| (*name, ty.schema(), !ty.is_optional())), true)
            }
            Ty::List(fields) => json!({"type": "array", "items": Ty::Object(fields).schema()}),
            Ty::Array(item) => json!({"type": "array", "items": item.schema()}),
            Ty::Map(item) => json!({"type": "object", "additionalProperties": item.schema()}),
            Ty::OneOf(words) => json!({"type": "string", "enum": words}),
            Ty::Optional(inner) => inner.schema(),
            Ty::Any => json!({}),
        }
    }

    fn is_optional(self) -> bool {
        matches!(self, Ty::Optional(_))
    }
}

fn object_schema<'a>(fields: impl Iterator<Item = (&'a str, Value, bool)>, open: bool) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, schema, needed) in fields {
        properties.insert(name.to_owned(), schema);
        if needed {
            required.push(Value::from(name));
        }
    }
    let mut schema = json!({"type": "object", "properties": properties, "required": required});
    if !open {
        schema["additionalProperties"] = Value::Bool(false);
    }
    schema
}

/// An argument or a field of a result. Schemas are written on demand: a description is cheap to make.
#[derive(Clone, Debug)]
struct Field {
    name: &'static str,
    ty: Ty,
    doc: &'static str,
    required: bool,
    refinements: Vec<(&'static str, Value)>,
}

impl Field {
    fn new(name: &'static str, ty: Ty, doc: &'static str, required: bool) -> Self {
        match ty {
            Ty::Optional(inner) => Self::new(name, *inner, doc, false),
            // The words follow the description, as they do where the builder's `one_of` adds them.
            Ty::OneOf(words) => {
                Self { refinements: vec![("enum", json!(words))], ..Self::new(name, Ty::String, doc, required) }
            }
            ty => Self { name, ty, doc, required, refinements: Vec::new() },
        }
    }

    fn schema(&self) -> Value {
        let mut schema = self.ty.schema();
        if !self.doc.is_empty() {
            schema["description"] = Value::from(self.doc);
        }
        for (key, value) in &self.refinements {
            schema[*key] = value.clone();
        }
        schema
    }
}

/// One tool. Methods that refine an argument ([`Tool::one_of`], [`Tool::pattern`], [`Tool::range`]) mean the argument
/// declared last.
#[derive(Clone, Debug)]
pub struct Tool {
    pub name: &'static str,
    pub description: &'static str,
    /// (code, description)
    pub errors: Vec<(&'static str, &'static str)>,
    /// One sentence each.
    pub preconditions: Vec<&'static str>,
    pub side: Side,
    /// Whether a successful call may change the state.
    pub mutates: bool,
    args: Vec<Field>,
    results: Vec<Field>,
    /// Its result need not be an object.
    any_result: bool,
}

impl Tool {
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            description: "",
            errors: Vec::new(),
            preconditions: Vec::new(),
            side: Side::Agent,
            mutates: false,
            args: Vec::new(),
            results: Vec::new(),
            any_result: false,
        }
    }

    /// What the agent is told of the tool: a few words.
    pub fn doc(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    /// A required argument.
    pub fn arg(self, name: &'static str, ty: Ty, doc: &'static str) -> Self {
        self.push(name, ty, doc, true)
    }

    /// An optional argument.
    pub fn opt(self, name: &'static str, ty: Ty, doc: &'static str) -> Self {
        self.push(name, ty, doc, false)
    }

    fn push(mut self, name: &'static str, ty: Ty, doc: &'static str, required: bool) -> Self {
        self.args.push(Field::new(name, ty, doc, required));
        self
    }

    fn refine(mut self, key: &'static str, value: Value) -> Self {
        if let Some(arg) = self.args.last_mut() {
            arg.refinements.push((key, value));
        }
        self
    }

    /// The argument is one of these.
    pub fn one_of(self, values: &[&str]) -> Self {
        self.refine("enum", json!(values))
    }

    /// The argument matches this regular expression (ECMA 262, anchor it yourself).
    pub fn pattern(self, regex: &str) -> Self {
        self.refine("pattern", Value::from(regex))
    }

    /// The argument lies in `low..=high`.
    pub fn range(self, low: i64, high: i64) -> Self {
        self.refine("minimum", Value::from(low)).refine("maximum", Value::from(high))
    }

    /// A field that every successful result has.
    pub fn returns(mut self, name: &'static str, ty: Ty) -> Self {
        self.results.push(Field::new(name, ty, "", true));
        self
    }

    /// A field that a successful result may have.
    pub fn may_return(mut self, name: &'static str, ty: Ty) -> Self {
        self.results.push(Field::new(name, ty, "", false));
        self
    }

    /// A successful result may be any JSON.
    pub fn returns_anything(self) -> Self {
        Self { any_result: true, ..self }
    }

    /// An error that the tool may answer with.
    pub fn error(mut self, code: &'static str, description: &'static str) -> Self {
        self.errors.push((code, description));
        self
    }

    /// A rule that must hold before the call; material for cues.
    pub fn pre(mut self, sentence: &'static str) -> Self {
        self.preconditions.push(sentence);
        self
    }

    /// A successful call may change the state.
    pub fn mutates(self) -> Self {
        Self { mutates: true, ..self }
    }

    /// Only the simulated user may call it.
    pub fn user_side(self) -> Self {
        Self { side: Side::User, ..self }
    }

    /// `name(argument, optional?) description`, for people.
    pub fn signature(&self) -> String {
        let mark = |arg: &Field| format!("{}{}", arg.name, if arg.required { "" } else { "?" });
        let args: Vec<String> = self.args.iter().map(mark).collect();
        format!("{}({}) {}", self.name, args.join(", "), self.description)
    }

    /// JSON Schema of the arguments object.
    pub fn arguments_schema(&self) -> Value {
        object_schema(self.args.iter().map(|arg| (arg.name, arg.schema(), arg.required)), false)
    }

    /// JSON Schema of a successful result.
    pub fn result_schema(&self) -> Value {
        if self.any_result {
            return json!({});
        }
        object_schema(self.results.iter().map(|arg| (arg.name, arg.schema(), arg.required)), true)
    }
}

/// Tools are equal when the host cannot tell them apart.
impl PartialEq for Tool {
    fn eq(&self, other: &Self) -> bool {
        let words = |tool: &Self| (tool.name, tool.description, tool.side, tool.mutates);
        let schemas = |tool: &Self| [tool.arguments_schema().to_string(), tool.result_schema().to_string()];
        words(self) == words(other)
            && self.errors == other.errors
            && self.preconditions == other.preconditions
            && schemas(self) == schemas(other)
    }
}

/// What [`crate::Environment::describe`] returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    pub name: &'static str,
    /// Semantic version: a change that alters any task, result or verdict is a new one.
    pub version: &'static str,
    pub summary: &'static str,
    pub tools: Vec<Tool>,
    /// (name, number of tasks)
    pub splits: Vec<(&'static str, u32)>,
    pub categories: Vec<&'static str>,
}

impl Description {
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }
}

/// A typed error of a tool. Not a fault: the agent reads it and may recover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolError {
    pub code: String,
    /// A short sentence for the agent.
    pub message: String,
    /// Names the argument or the pre-condition, and what was expected.
    pub details: Value,
}

impl ToolError {
    pub fn new(code: &str, message: impl Into<String>, details: Value) -> Self {
        Self { code: code.to_owned(), message: message.into(), details }
    }

    /// For the last arm of `call`.
    pub fn unknown_tool(name: &str) -> Self {
        Self::new("unknown_tool", format!("no tool {name}"), json!({"tool": name}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_keeps_declaration_order_and_refinements() {
        let tool = Tool::new("pay")
            .arg("to", Ty::String, "payee")
            .pattern("^p[0-9]+$")
            .arg("card", Ty::String, "which card")
            .one_of(&["visa", "amex"])
            .opt("amount", Ty::Int, "euros")
            .range(1, 99)
            .returns("items", Ty::List(&[("id", Ty::String)]));
        let schema = tool.arguments_schema();
        assert_eq!(
            schema.to_string(),
            r#"{"type":"object","properties":{"to":{"type":"string","description":"payee","pattern":"^p[0-9]+$"},"card":{"type":"string","description":"which card","enum":["visa","amex"]},"amount":{"type":"integer","description":"euros","minimum":1,"maximum":99}},"required":["to","card"],"additionalProperties":false}"#
        );
        assert_eq!(tool.result_schema()["properties"]["items"]["items"]["required"], json!(["id"]));
    }
}
