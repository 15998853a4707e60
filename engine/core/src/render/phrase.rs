//! Short phrases made of a tool's argument schema: signature, constraints of an argument.

use serde_json::Value;

use crate::task::ToolSpec;

/// Argument names in the order of the schema.
pub fn arguments(tool: &ToolSpec) -> Vec<&str> {
    properties(tool).map(|(name, _)| name).collect()
}

/// Names of the required arguments, in the order of the schema.
pub fn required(tool: &ToolSpec) -> Vec<&str> {
    arguments(tool).into_iter().filter(|name| is_required(tool, name)).collect()
}

/// `name(arg, arg?)`; `?` marks what may be left out.
pub fn signature(tool: &ToolSpec) -> String {
    format!("{}({})", tool.name, argument_list(tool))
}

/// `arg, arg?`.
pub fn argument_list(tool: &ToolSpec) -> String {
    let marked = |name: &str| if is_required(tool, name) { name.to_owned() } else { format!("{name}?") };
    arguments(tool).into_iter().map(marked).collect::<Vec<_>>().join(", ")
}

/// What the schema demands of an argument beyond its name: `required, visa|amex`; empty where it demands nothing.
pub fn constraint(tool: &ToolSpec, argument: &str) -> String {
    let value = value_constraint(tool, argument);
    match (is_required(tool, argument), value.is_empty()) {
        (true, true) => "required".to_owned(),
        (true, false) => format!("required, {value}"),
        (false, _) => value,
    }
}

/// What the schema demands of an argument's value: enum, else type, range, format and a mask of its pattern (`#` a digit,
/// `A` and `a` a letter).
pub fn value_constraint(tool: &ToolSpec, argument: &str) -> String {
    let Some((_, schema)) = properties(tool).find(|(name, _)| *name == argument) else {
        return String::new();
    };
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        return options.iter().map(scalar).collect::<Vec<_>>().join("|");
    }
    let mut parts = Vec::new();
    if let Some(kind) = schema.get("type").and_then(Value::as_str).filter(|kind| *kind != "string") {
        parts.push(kind.to_owned());
    }
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(low), Some(high)) => parts.push(format!("{low}..{high}")),
        (Some(low), None) => parts.push(format!("at least {low}")),
        (None, Some(high)) => parts.push(format!("at most {high}")),
        (None, None) => {}
    }
    let mask = schema.get("pattern").and_then(Value::as_str).and_then(mask);
    if let Some(text) = schema.get("description").or(schema.get("format")).and_then(Value::as_str) {
        parts.push(text.to_owned());
    }
    parts.extend(mask);
    parts.join(" ")
}

/// A scalar as plain text, anything else as compact JSON.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn properties(tool: &ToolSpec) -> impl Iterator<Item = (&str, &Value)> {
    tool.arguments.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(k, v)| (k.as_str(), v))
}

fn is_required(tool: &ToolSpec, argument: &str) -> bool {
    let required = tool.arguments.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|name| name.as_str() == Some(argument)))
}

/// The shape of what a simple pattern matches: `^q[1-9][0-9]*[a-z]$` is `q#a`. A mask, not an example, so that no value of a
/// task can be met in it by chance. `None` for patterns that use more than literals, classes, groups and quantifiers.
fn mask(pattern: &str) -> Option<String> {
    let chars: Vec<char> = pattern.strip_prefix('^')?.strip_suffix('$')?.chars().collect();
    let (text, end) = mask_sequence(&chars, 0)?;
    (end == chars.len()).then_some(text)
}

/// Masks up to the end, or to the `)` or `|` that ends the alternative.
fn mask_sequence(chars: &[char], mut at: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    while at < chars.len() && !matches!(chars[at], ')' | '|') {
        let (atom, next) = mask_atom(chars, at)?;
        let (times, next) = repetitions(chars, next)?;
        text.push_str(&atom.repeat(times));
        at = next;
    }
    Some((text, at))
}

fn mask_atom(chars: &[char], at: usize) -> Option<(String, usize)> {
    match chars[at] {
        '[' => {
            let end = at + chars[at..].iter().position(|c| *c == ']')?;
            let sign = match chars.get(at + 1)? {
                '0'..='9' => '#',
                'A'..='Z' => 'A',
                'a'..='z' => 'a',
                _ => return None,
            };
            Some((sign.to_string(), end + 1))
        }
        '(' => {
            let (first, mut end) = mask_sequence(chars, at + 1)?;
            while chars.get(end) == Some(&'|') {
                end = mask_sequence(chars, end + 1)?.1;
            }
            (chars.get(end) == Some(&')')).then_some((first, end + 1))
        }
        '\\' | '.' | '?' | '*' | '+' | '{' | '}' | ']' | '^' | '$' => None,
        '0'..='9' => Some(("#".to_owned(), at + 1)),
        literal => Some((literal.to_string(), at + 1)),
    }
}

/// How often a mask shows an atom: `{n}` n times, `*` and `?` never, otherwise once.
fn repetitions(chars: &[char], at: usize) -> Option<(usize, usize)> {
    match chars.get(at) {
        Some('*' | '?') => Some((0, at + 1)),
        Some('+') => Some((1, at + 1)),
        Some('{') => {
            let end = at + chars[at..].iter().position(|c| *c == '}')?;
            let count: String = chars[at + 1..end].iter().take_while(|c| c.is_ascii_digit()).collect();
            Some((count.parse::<usize>().ok()?.min(8), end + 1))
        }
        _ => Some((1, at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_show_the_shape_of_a_pattern() {
        let check = |pattern: &str, expected: Option<&str>| assert_eq!(mask(pattern).as_deref(), expected, "{pattern}");
        check("^q[1-9][0-9]*[a-z]$", Some("q#a"));
        check("^[A-Z]{3}$", Some("AAA"));
        check("^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", Some("##-##"));
        check("^[1-9][0-9]?[A-F]$", Some("#A"));
        check("^P[0-9]{4}$", Some("P####"));
        check("^t[0-9]+$", Some("t#"));
        check(r"^\d+$", None);
        check("^(a$", None);
        check("^[$", None);
        check("^a)$", None);
        check("unanchored", None);
    }
}
