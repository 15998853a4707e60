//! The text protocol between an agent and its environment.
//!
//! After trimming, text that begins with `@` is a tool call, `@name {json object}`; any other text is an answer that ends
//! the user turn; empty text and a broken call are malformed. Chosen over JSON for the whole reply because a small policy
//! writes two tokens of syntax instead of twenty, and an answer needs no escaping.

use serde_json::{Map, Value};

use crate::episode::Parsed;
use crate::task::ToolCall;

/// The form that a call must have, as reasons and hints show it.
pub const CALL_FORM: &str = r#"@name {"argument":value}"#;

/// Reads what an agent wrote. Never fails: text that is neither a call nor an answer is [`Parsed::Malformed`].
pub fn parse(text: &str) -> Parsed {
    let text = text.trim();
    if text.is_empty() {
        return malformed("the reply is empty");
    }
    let Some(call) = text.strip_prefix('@') else {
        return Parsed::Answer(text.to_owned());
    };
    let name_end = call.find(|c: char| !is_name_char(c)).unwrap_or(call.len());
    let (name, rest) = call.split_at(name_end);
    if name.is_empty() {
        return malformed("no tool name after @");
    }
    if rest.is_empty() {
        return malformed("no arguments after the tool name");
    }
    if !rest.starts_with(char::is_whitespace) {
        return malformed("no space between tool name and arguments");
    }
    match serde_json::from_str::<Map<String, Value>>(rest.trim_start()) {
        Ok(arguments) => Parsed::Call(ToolCall { name: name.to_owned(), arguments: Value::Object(arguments) }),
        Err(_) => malformed("the arguments are not one JSON object"),
    }
}

/// Writes a call as an agent would; [`parse`] reads it back. JSON is compact, keys in their order.
pub fn format_call(call: &ToolCall) -> String {
    format!("@{} {}", call.name, call.arguments)
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn malformed(reason: &str) -> Parsed {
    Parsed::Malformed { reason: reason.to_owned() }
}
