//! The text protocol between an agent and its environment.
//!
//! After trimming, text that begins with `@` is a tool call, `@name {json object}`; any other text is an answer that ends
//! the user turn; empty text and a broken call are malformed. Chosen over JSON for the whole reply because a small policy
//! writes two tokens of syntax instead of twenty, and an answer needs no escaping.
//!
//! Before either, an agent may think: lines that begin with `~` are its own. Neither tool, user nor verifier sees them; they
//! stay in the conversation, and are trained like everything that the policy writes.

use serde_json::{Map, Value};

use crate::episode::Parsed;
use crate::task::ToolCall;

/// The form that a call must have, as reasons and hints show it.
pub const CALL_FORM: &str = r#"@name {"argument":value}"#;

/// Begins a line of thought.
pub const THOUGHT: char = '~';

/// The lines of thought that a reply begins with, and what it says or does.
pub fn split_thoughts(text: &str) -> (&str, &str) {
    let text = text.trim();
    let mut rest = text;
    while rest.starts_with(THOUGHT) {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest.trim_start());
    }
    (text[..text.len() - rest.len()].trim_end(), rest)
}

/// Reads what an agent wrote. Never fails: text that is neither a call nor an answer is [`Parsed::Malformed`].
pub fn parse(text: &str) -> Parsed {
    let (thoughts, text) = split_thoughts(text);
    if text.is_empty() {
        return malformed(if thoughts.is_empty() { "the reply is empty" } else { "the reply is nothing but thought" });
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn readings() {
        let call = |name: &str, arguments| Parsed::Call(ToolCall { name: name.to_owned(), arguments });
        let broken = |reason: &str| malformed(reason);
        let check = |text: &str, expected: Parsed| assert_eq!(parse(text), expected, "{text:?}");
        check(r#"@book {"quote":"q2","n":1}"#, call("book", json!({"quote": "q2", "n": 1})));
        check("  @list {}\n", call("list", json!({})));
        check("@list\n{ }", call("list", json!({})));
        check("Done, see a@b.c", Parsed::Answer("Done, see a@b.c".to_owned()));
        check("\u{00a0} yes ", Parsed::Answer("yes".to_owned()));
        check("", broken("the reply is empty"));
        check(" \n\t", broken("the reply is empty"));
        check("@", broken("no tool name after @"));
        check("@ book {}", broken("no tool name after @"));
        check("@book", broken("no arguments after the tool name"));
        check("@book{}", broken("no space between tool name and arguments"));
        check("@book [1]", broken("the arguments are not one JSON object"));
        check("@book {\"a\":}", broken("the arguments are not one JSON object"));
        check("@book {} thanks", broken("the arguments are not one JSON object"));
        check("@book {} @book {}", broken("the arguments are not one JSON object"));
        check("~list()\n~pay none\n @list {}", call("list", json!({})));
        check("~book(quote)\nWhich one?\n~ that one", Parsed::Answer("Which one?\n~ that one".to_owned()));
        check(" ~list()\n", broken("the reply is nothing but thought"));
        assert_eq!(split_thoughts(" ~a\n\n~b \n@c {} "), ("~a\n\n~b", "@c {}"));
        assert_eq!(split_thoughts("yes"), ("", "yes"));
    }

    #[test]
    fn deep_nesting_is_malformed_not_a_crash() {
        let text = format!("@t {{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(parse(&text), Parsed::Malformed { .. }));
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-4000i32..4000).prop_map(|n| Value::from(f64::from(n) / 8.0)),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn calls_round_trip(name in "[a-z][a-z0-9_.-]{0,12}", fields in prop::collection::btree_map(".{0,8}", json_value(), 0..4)) {
            let call = ToolCall { name, arguments: Value::Object(fields.into_iter().collect()) };
            prop_assert_eq!(parse(&format_call(&call)), Parsed::Call(call));
        }

        #[test]
        fn any_text_is_read_as_something(text in "\\PC*", prefix in "(~[a-z]*\n?){0,2}(@[a-z_]{0,3} ?\\{?|@)?") {
            let text = format!("{prefix}{text}");
            match parse(&text) {
                Parsed::Call(call) => {
                    prop_assert!(split_thoughts(&text).1.starts_with('@') && call.arguments.is_object());
                }
                Parsed::Answer(answer) => prop_assert!(!answer.is_empty() && !answer.starts_with(['@', THOUGHT])),
                Parsed::Malformed { reason } => prop_assert!(!reason.is_empty()),
            }
        }
    }
}
