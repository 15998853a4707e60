//! Checks a scenario against its JSON Schema and reports every departure with a hint; serde would stop at the first and know
//! no place. Knows the keywords that schemars emits for our types, not all of JSON Schema.

use serde_json::{Map, Value};

use crate::hint;
use crate::locate::End;
use crate::problem::dotted;
use crate::schema::{SHARED_SECTIONS, inner};

/// One departure from the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    pub path: Vec<String>,
    pub end: End,
    pub message: String,
    pub hint: Option<String>,
}

/// Every departure of `value` from `schema`, in the order of the file.
pub fn check(schema: &Value, value: &Value) -> Vec<Issue> {
    let mut checker = Checker { root: schema, issues: Vec::new() };
    checker.visit(schema, value, &mut Vec::new());
    checker.issues
}

struct Checker<'a> {
    root: &'a Value,
    issues: Vec<Issue>,
}

impl Checker<'_> {
    fn report(&mut self, path: &[String], end: End, message: String, hint: Option<String>) {
        self.issues.push(Issue { path: path.to_vec(), end, message, hint });
    }

    fn wrong(&mut self, schema: &Value, value: &Value, path: &[String], wanted: &str) {
        let what = if path.is_empty() { "the scenario".to_owned() } else { format!("`{}`", dotted(path)) };
        let message = format!("{what} is {}, but must be {wanted}", shown(value));
        let default = schema.get("default").filter(|default| !default.is_object() && !default.is_array());
        let hint = default.map(|default| format!("leave it out for the default, {default}"));
        self.report(path, End::Value, message, hint);
    }

    fn visit(&mut self, schema: &Value, value: &Value, path: &mut Vec<String>) {
        if let Some(branches) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
            return self.choice(branches, value, path);
        }
        if let Some(wanted) = schema.get("const") {
            if wanted != value {
                self.wrong(schema, value, path, &format!("`{}`", plain(wanted)));
            }
            return;
        }
        if schema["enum"].is_array() {
            return self.choice(std::slice::from_ref(schema), value, path);
        }
        if !type_fits(schema, value) {
            return self.wrong(schema, value, path, &wanted(schema));
        }
        let short = |text: &String, least: u64| (text.chars().count() as u64) < least;
        match value {
            Value::Number(_) if out_of_range(schema, value) => self.wrong(schema, value, path, &wanted(schema)),
            Value::String(text) if schema["minLength"].as_u64().is_some_and(|least| short(text, least)) => {
                self.wrong(schema, value, path, "some text");
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(format!("[{index}]"));
                    self.visit(&schema["items"], item, path);
                    path.pop();
                }
            }
            Value::Object(map) => self.record(schema, map, path),
            _ => {}
        }
    }

    fn record(&mut self, schema: &Value, map: &Map<String, Value>, path: &mut Vec<String>) {
        let closed = schema["additionalProperties"] == false || schema["unevaluatedProperties"] == false;
        for (key, value) in map {
            path.push(key.clone());
            match inner(schema, key) {
                Some(schema) => self.visit(schema, value, path),
                None if closed => {
                    let known: Vec<&str> =
                        schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
                    let hint = self.where_it_belongs(key, &known, path);
                    let message = format!("`{}` is not a known key (its value is {})", dotted(path), shown(value));
                    self.report(path, End::Key, message, Some(hint));
                }
                None => {}
            }
            path.pop();
        }
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !map.contains_key(key) {
                path.push(key.to_owned());
                let message = format!("`{}` is missing", dotted(path));
                let about = schema["properties"][key]["description"].as_str().unwrap_or("it has no default");
                let about = about.lines().next().unwrap_or_default().to_owned();
                self.report(path, End::Key, message, Some(format!("add `{key}: …` ({about})")));
                path.pop();
            }
        }
    }

    /// Advice for an unknown key: the sibling that was meant, else the section that has such a key, else all siblings.
    fn where_it_belongs(&self, key: &str, known: &[&str], path: &[String]) -> String {
        if SHARED_SECTIONS.contains(&key) && path.len() == 3 && path[0] == "arms" {
            return format!("`{key}` is shared by all arms: set it at the top level");
        }
        if let Some(near) = hint::nearest(key, known.iter().copied()) {
            return format!("did you mean `{near}`?");
        }
        let mut places = Vec::new();
        find_key(self.root, key, &mut Vec::new(), &mut places);
        places.sort_by_key(|place| place.matches('.').count());
        if places.is_empty() {
            return format!("known keys here: {}", hint::list(known.iter().copied()));
        }
        let places: Vec<String> = places.iter().map(|place| format!("`{place}`")).collect();
        format!("did you mean {}?", places.join(" or "))
    }

    /// `oneOf`, `anyOf` and `enum`: names, records that one key or one `kind` tells apart, or null.
    fn choice(&mut self, branches: &[Value], value: &Value, path: &mut Vec<String>) {
        let fits = |branch: &Value| match branch["enum"].as_array() {
            Some(names) => names.contains(value),
            None => check(branch, value).is_empty(),
        };
        if branches.iter().any(fits) {
            return;
        }
        let records: Vec<&Value> = branches.iter().filter(|branch| branch["type"] == "object").collect();
        if let Value::Object(map) = value {
            let tagged = |branch: &&&Value| {
                let keys = branch["properties"].as_object().into_iter().flatten();
                let required = branch["required"].as_array().map_or(0, Vec::len);
                keys.into_iter().any(|(key, schema)| match schema.get("const") {
                    Some(name) => map.get(key) == Some(name),
                    None => required == 1 && map.contains_key(key) && branch["required"][0] == key.as_str(),
                })
            };
            if let Some(branch) =
                records.iter().find(tagged).or(if records.len() == 1 { records.first() } else { None })
            {
                return self.visit(branch, value, path);
            }
        }
        let names: Vec<String> = branches.iter().flat_map(names_of).collect();
        if names.is_empty() {
            let kinds: Vec<String> = branches.iter().map(wanted).collect();
            return self.wrong(&Value::Null, value, path, &kinds.join(" or "));
        }
        let keyed: Vec<&str> = records.iter().filter_map(|branch| branch["required"][0].as_str()).collect();
        let mut hint = format!("allowed: {}", hint::list(names.iter().map(String::as_str)));
        if !keyed.is_empty() {
            hint.push_str(&format!(", or a map with the key {}", hint::list(keyed.iter().copied())));
        }
        if let Some(near) = value.as_str().and_then(|given| hint::nearest(given, names.iter().map(String::as_str))) {
            hint = format!("did you mean `{near}`? {hint}");
        }
        self.report(path, End::Value, format!("`{}` cannot be {}", dotted(path), shown(value)), Some(hint));
    }
}

/// The names that a branch of a choice allows.
fn names_of(branch: &Value) -> Vec<String> {
    let many = branch["enum"].as_array().into_iter().flatten();
    many.chain(branch.get("const")).map(plain).collect()
}

/// Dotted paths in `schema` that end in `key`. Arms repeat the base, so they are not looked at.
fn find_key(schema: &Value, key: &str, path: &mut Vec<String>, found: &mut Vec<String>) {
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        path.push(name.clone());
        if name == key {
            found.push(dotted(path));
        }
        if name != "arms" {
            find_key(schema, key, path, found);
        }
        path.pop();
    }
}

fn type_names(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn type_fits(schema: &Value, value: &Value) -> bool {
    let names = type_names(schema);
    names.is_empty()
        || names.iter().any(|name| match *name {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => true,
        })
}

/// Smallest and largest value of an integer type, and stated bounds.
fn bounds(schema: &Value) -> (Option<f64>, Option<f64>) {
    let (low, high) = match schema["format"].as_str() {
        Some("uint8") => (Some(0.0), Some(f64::from(u8::MAX))),
        Some("uint16") => (Some(0.0), Some(f64::from(u16::MAX))),
        Some("uint32") => (Some(0.0), Some(f64::from(u32::MAX))),
        Some("int32") => (Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))),
        Some("uint" | "uint64") => (Some(0.0), None),
        _ => (None, None),
    };
    (schema["minimum"].as_f64().or(low), schema["maximum"].as_f64().or(high))
}

fn out_of_range(schema: &Value, value: &Value) -> bool {
    let (low, high) = bounds(schema);
    let number = value.as_f64().unwrap_or_default();
    low.is_some_and(|low| number < low) || high.is_some_and(|high| number > high)
}

/// What a schema asks for, in words.
fn wanted(schema: &Value) -> String {
    let word = |name: &str| match name {
        "null" => "null".to_owned(),
        "boolean" => "true or false".to_owned(),
        "integer" | "number" => {
            let noun = if name == "integer" { "an integer" } else { "a number" };
            match bounds(schema) {
                (Some(low), Some(high)) => format!("{noun} from {low} to {high}"),
                (Some(low), None) => format!("{noun} of {low} or more"),
                (None, Some(high)) => format!("{noun} of at most {high}"),
                (None, None) => noun.to_owned(),
            }
        }
        "string" => "text".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "a map of keys".to_owned(),
        other => other.to_owned(),
    };
    let names: Vec<String> = type_names(schema).into_iter().map(word).collect();
    names.join(" or ")
}

/// A value as a person wrote it, shortened.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "empty (null)".to_owned(),
        Value::String(text) if text.chars().count() > 40 => {
            format!("the text {:?}…", text.chars().take(40).collect::<String>())
        }
        Value::String(text) => format!("the text {text:?}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
        scalar => scalar.to_string(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
