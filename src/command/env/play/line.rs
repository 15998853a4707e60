//! What a player types: a command (`:state`), or a call, `tool id=3 text="two words"`, `tool 3` or `tool {"id": 3}`.

use coevo_core::render::phrase;
use coevo_core::task::{EnvSpec, ToolCall, ToolSpec};
use serde_json::{Map, Value};

/// The commands: (name, argument, what it does). [`Command`] has one variant for each.
pub const COMMANDS: [(&str, &str, &str); 12] = [
    ("answer", "TEXT", "end the turn with an answer"),
    ("hint", "", "what the reference solution does next"),
    ("follow", "", "do what the reference solution does next"),
    ("state", "[PATH]", "the state, or a part of it, such as items/0"),
    ("undo", "", "take the last call or answer back"),
    ("reset", "", "begin the task again"),
    ("verify", "", "the verdict on what was done so far"),
    ("tools", "", "the tools offered in this turn"),
    ("help", "[TOOL]", "this list, or all about a tool"),
    ("task", "[N]", "the conversation so far, or another task"),
    ("log", "", "what was done so far, as an agent would write it"),
    ("quit", "", "leave (so does the end of the input)"),
];

/// One line, understood.
#[derive(Debug, PartialEq)]
pub enum Line {
    Nothing,
    /// Command and the rest of the line.
    Command(&'static str, String),
    Call(ToolCall),
}

/// Reads a line.
///
/// # Errors
/// What is wrong and what to write instead.
pub fn read(text: &str, spec: &EnvSpec) -> Result<Line, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Line::Nothing);
    }
    let (word, rest) = text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()));
    if let Some(given) = word.strip_prefix(':') {
        return command(given).map(|name| Line::Command(name, rest.to_owned()));
    }
    // The agent's own form works, too.
    let name = word.strip_prefix('@').unwrap_or(word);
    let Some(tool) = spec.tool(name) else {
        let names = spec.tools.iter().map(|tool| tool.name.as_str());
        let meant = coevo_scenarios::nearest(name, names).map(|meant| format!("; did you mean `{meant}`?"));
        let hint = meant.unwrap_or_else(|| "; `:tools` lists them, `:answer TEXT` speaks to the user".to_owned());
        return Err(format!("no tool `{name}`{hint}"));
    };
    Ok(Line::Call(ToolCall { name: name.to_owned(), arguments: arguments(tool, rest)? }))
}

fn command(given: &str) -> Result<&'static str, String> {
    let names = || COMMANDS.iter().map(|(name, _, _)| *name);
    let begins: Vec<&str> = names().filter(|name| name.starts_with(given)).collect();
    match begins.as_slice() {
        _ if names().any(|name| name == given) => Ok(names().find(|name| *name == given).unwrap_or_default()),
        [only] if !given.is_empty() => Ok(only),
        _ => {
            let meant = coevo_scenarios::nearest(given, names()).map(|meant| format!("; did you mean `:{meant}`?"));
            Err(format!("no command `:{given}`{}", meant.unwrap_or_else(|| "; `:help` lists them".to_owned())))
        }
    }
}

fn arguments(tool: &ToolSpec, text: &str) -> Result<Value, String> {
    if text.starts_with('{') {
        return match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(map) => Ok(Value::Object(map)),
            Err(error) => Err(format!("the arguments are no JSON object: {error}")),
        };
    }
    let known = phrase::arguments(tool);
    let mut given = Map::new();
    for word in words(text)? {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if known.contains(&name) => (name, value),
            Some((name, _)) if is_name(name) => {
                return Err(format!("{} has no argument `{name}`; it is {}", tool.name, phrase::signature(tool)));
            }
            _ => match known.iter().find(|name| !given.contains_key(**name)) {
                Some(next) => (*next, word.as_str()),
                None => return Err(format!("`{word}` is one argument too many; it is {}", phrase::signature(tool))),
            },
        };
        if given.insert(name.to_owned(), self::value(tool, name, value)).is_some() {
            return Err(format!("`{name}` is there twice"));
        }
    }
    Ok(Value::Object(given))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// Text for a string argument (quotes may be left out), JSON for any other. What is neither goes as text, and the host says
/// what it should have been.
fn value(tool: &ToolSpec, name: &str, text: &str) -> Value {
    let is_text = tool.arguments["properties"][name]["type"] == "string";
    match serde_json::from_str(text) {
        Ok(value @ Value::String(_)) => value,
        Ok(value) if !is_text => value,
        _ => Value::from(text),
    }
}

/// Splits at spaces outside of quotes and brackets.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut out, mut word, mut depth) = (Vec::new(), String::new(), 0_u32);
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if c.is_whitespace() && !quoted && depth == 0 {
            if !word.is_empty() {
                out.push(std::mem::take(&mut word));
            }
            continue;
        }
        match c {
            '"' if !escaped => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        word.push(c);
    }
    if quoted || depth > 0 {
        return Err(format!("a {} is not closed in `{word}`", if quoted { "quote" } else { "bracket" }));
    }
    out.extend((!word.is_empty()).then_some(word));
    Ok(out)
}

/// A call as a player would type it.
pub fn typed(call: &ToolCall) -> String {
    let mut out = call.name.clone();
    for (name, value) in call.arguments.as_object().into_iter().flatten() {
        let plain = value.as_str().filter(|text| {
            !text.is_empty()
                && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | '@'))
                && !text.starts_with(':')
                && serde_json::from_str::<Value>(text).is_err()
        });
        let value = plain.map_or_else(|| value.to_string(), str::to_owned);
        out.push_str(&format!(" {name}={value}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use coevo_core::task::Side;
    use serde_json::json;

    use super::*;

    fn spec() -> EnvSpec {
        let tool = ToolSpec {
            name: "add".into(),
            description: "add".into(),
            arguments: json!({"type": "object", "required": ["text"], "properties": {
                "text": {"type": "string"}, "count": {"type": "integer"}, "tags": {"type": "array"},
            }}),
            result: json!({}),
            errors: Vec::new(),
            preconditions: Vec::new(),
            side: Side::Agent,
            mutates: true,
        };
        EnvSpec {
            name: "toy".into(),
            version: "1.0.0".into(),
            summary: String::new(),
            tools: vec![tool],
            splits: Vec::new(),
            categories: Vec::new(),
            reward_min: 0.0,
            reward_max: 1.0,
        }
    }

    #[test]
    fn calls_are_read_in_every_form() {
        let cases = [
            ("add", json!({})),
            ("add two", json!({"text": "two"})),
            ("add text=two count=2", json!({"text": "two", "count": 2})),
            ("add two 2", json!({"text": "two", "count": 2})),
            ("  add \"two words\" ", json!({"text": "two words"})),
            ("add text=\"a \\\"b\\\" c\"", json!({"text": "a \"b\" c"})),
            ("add text=12", json!({"text": "12"})),
            ("add text=x tags=[\"a\", \"b c\"]", json!({"text": "x", "tags": ["a", "b c"]})),
            ("add count=many", json!({"count": "many"})),
            ("add {\"nope\": 1}", json!({"nope": 1})),
            ("@add {\"text\":\"x\"}", json!({"text": "x"})),
        ];
        for (text, want) in cases {
            let call = ToolCall { name: "add".into(), arguments: want };
            assert_eq!(read(text, &spec()), Ok(Line::Call(call.clone())), "{text}");
            assert_eq!(read(&typed(&call), &spec()).is_ok(), call.arguments.get("nope").is_none(), "{}", typed(&call));
        }
    }

    #[test]
    fn a_mistake_is_met_with_what_to_write() {
        let cases = [
            ("ad x", "no tool `ad`; did you mean `add`?"),
            ("hello there", "no tool `hello`; `:tools` lists them, `:answer TEXT` speaks to the user"),
            (":stat", ""),
            (":foo", "no command `:foo`; `:help` lists them"),
            (":hnit", "no command `:hnit`; did you mean `:hint`?"),
            ("add txt=x", "add has no argument `txt`; it is add(text, count?, tags?)"),
            ("add a 1 [] b", "`b` is one argument too many; it is add(text, count?, tags?)"),
            ("add text=a text=b", "`text` is there twice"),
            ("add \"a", "a quote is not closed in `\"a`"),
            ("add {\"a\": }", "the arguments are no JSON object: expected value at line 1 column 7"),
        ];
        for (text, want) in cases {
            match read(text, &spec()) {
                Ok(line) => assert_eq!((want, line), ("", Line::Command("state", String::new()))),
                Err(message) => assert_eq!(message, want),
            }
        }
    }
}
