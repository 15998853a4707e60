//! Reading arguments. The host validates them against the schema before the guest sees them; these accessors are the
//! guest's own second line, and give a typed error where a native caller skipped that step.

use serde_json::{Value, json};

use crate::tool::ToolError;

fn missing(name: &str) -> ToolError {
    ToolError::new("missing_argument", format!("{name} is required"), json!({"argument": name}))
}

fn wrong(name: &str, expected: &str) -> ToolError {
    ToolError::new("wrong_type", format!("{name} must be {expected}"), json!({"argument": name, "expected": expected}))
}

/// Reads the arguments of a call.
///
/// # Errors
/// `wrong_type` where the text is no JSON object.
pub fn parse(arguments: &str) -> Result<Value, ToolError> {
    match serde_json::from_str(arguments) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(ToolError::new("wrong_type", "arguments must be an object", Value::Null)),
        Err(error) => Err(ToolError::new("wrong_type", error.to_string(), Value::Null)),
    }
}

/// A required string.
///
/// # Errors
/// `missing_argument` or `wrong_type`.
pub fn string<'a>(args: &'a Value, name: &str) -> Result<&'a str, ToolError> {
    opt_string(args, name)?.ok_or_else(|| missing(name))
}

/// An optional string.
///
/// # Errors
/// `wrong_type`.
pub fn opt_string<'a>(args: &'a Value, name: &str) -> Result<Option<&'a str>, ToolError> {
    args.get(name).map(|value| value.as_str().ok_or_else(|| wrong(name, "a string"))).transpose()
}

/// A required string that is one of the known ones.
///
/// # Errors
/// `missing_argument`, `wrong_type`, or `wrong_value` with the known ones as options.
pub fn one_of<'a>(args: &'a Value, name: &str, known: &[&str]) -> Result<&'a str, ToolError> {
    let value = string(args, name)?;
    if known.contains(&value) {
        return Ok(value);
    }
    let details = json!({"argument": name, "options": known});
    Err(ToolError::new("wrong_value", format!("{name} must be one of {}", known.join(", ")), details))
}

/// A whole number, also one that is written with a fraction of nothing: to JSON Schema 2.0 is an integer.
pub fn whole(value: &Value) -> Option<i128> {
    // Beyond this a float says nothing of ones, and no argument is that large.
    const EXACT: f64 = 1e18;
    let float = || value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() <= EXACT).map(|n| n as i128);
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from)).or_else(float)
}

/// A required integer of at least 0.
///
/// # Errors
/// `missing_argument` or `wrong_type`.
pub fn uint(args: &Value, name: &str) -> Result<u32, ToolError> {
    opt_uint(args, name)?.ok_or_else(|| missing(name))
}

/// An optional integer of at least 0.
///
/// # Errors
/// `wrong_type`.
pub fn opt_uint(args: &Value, name: &str) -> Result<Option<u32>, ToolError> {
    let read = |value: &Value| whole(value).and_then(|n| u32::try_from(n).ok());
    args.get(name).map(|value| read(value).ok_or_else(|| wrong(name, "a whole number"))).transpose()
}

/// A required boolean.
///
/// # Errors
/// `missing_argument` or `wrong_type`.
pub fn boolean(args: &Value, name: &str) -> Result<bool, ToolError> {
    args.get(name).ok_or_else(|| missing(name))?.as_bool().ok_or_else(|| wrong(name, "true or false"))
}

/// An id of the form `<prefix><number>`, such as `b2`: the number, or nothing if the text has another form.
pub fn id(text: &str, prefix: char) -> Option<u32> {
    let digits = text.strip_prefix(prefix)?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accessors_name_the_argument() {
        let args = json!({"s": "x", "n": 3, "b": true});
        assert_eq!(string(&args, "s"), Ok("x"));
        assert_eq!(uint(&args, "n"), Ok(3));
        assert_eq!(uint(&json!({"n": 3.0}), "n"), Ok(3));
        assert_eq!(boolean(&args, "b"), Ok(true));
        assert_eq!(one_of(&args, "s", &["w", "x"]), Ok("x"));
        assert_eq!(opt_uint(&args, "none"), Ok(None));
        for (code, error) in [
            ("missing_argument", string(&args, "q").unwrap_err()),
            ("wrong_type", string(&args, "n").unwrap_err()),
            ("wrong_type", uint(&args, "s").unwrap_err()),
            ("missing_argument", boolean(&args, "q").unwrap_err()),
            ("wrong_value", one_of(&args, "s", &["w"]).unwrap_err()),
        ] {
            assert_eq!(error.code, code);
            assert!(error.details["argument"].is_string());
        }
    }

    #[test]
    fn whole_numbers_have_several_forms() {
        let cases = [
            (json!(2), Some(2)),
            (json!(2.0), Some(2)),
            (json!(-0.0), Some(0)),
            (json!(-7.0), Some(-7)),
            (json!(u64::MAX), Some(i128::from(u64::MAX))),
            (json!(2.5), None),
            (json!(1e300), None),
            (json!("2"), None),
            (json!(true), None),
        ];
        for (value, want) in cases {
            assert_eq!(whole(&value), want, "{value}");
        }
    }

    #[test]
    fn ids_have_one_spelling() {
        for (text, want) in
            [("b2", Some(2)), ("b02", None), ("c2", None), ("b", None), ("b+2", None), ("b12", Some(12))]
        {
            assert_eq!(id(text, 'b'), want, "{text}");
        }
    }
}
