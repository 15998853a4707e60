//! Replies that can be read: an answer, or a call of an offered tool whose arguments fit the tool's schema; before either,
//! lines of thought.
//!
//! A grammar is compiled per set of offered tools by `llguidance` (chosen over rules of our own: JSON Schema has many corners, and
//! its masks are computed on the tokens' bytes, so that any tokenizer will do). The constrained policy is a policy of its own: at
//! each choice the model's distribution over the allowed tokens, renormalised; where the grammar leaves no choice, the one
//! continuation there is. The learner sees the same sets again ([`Grammars::allowed`]), so that its ratio compares like with like.
//!
//! What a schema says and the grammar cannot (a keyword that `llguidance` does not know, the 29th of February in a year without
//! one) is left to the check after the call, as it is without a grammar.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use coevo_core::episode::TokenTrace;
use coevo_core::render::Role;
use coevo_core::task::ToolSpec;
use llguidance::api::{ParserLimits, TopLevelGrammar};
use llguidance::toktrie::{InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenizerEnv};
use llguidance::{Matcher, ParserFactory};
use serde_json::{Map, Value, json};

use crate::tokenizer::{END, Tokenizer, role_token};

/// One bit a token: which may come next.
pub type Allowed = Arc<[u32]>;

/// Numbers without a bound of their own are bounded by this: a thousand digits are valid JSON, but no reader takes them.
const LARGEST_NUMBER: f64 = 1e15;
/// A call is closed within so many bytes, or cut short.
const LONGEST_CLOSING: usize = 1024;

/// Whether `token` is in the set.
pub fn contains(allowed: &[u32], token: usize) -> bool {
    allowed.get(token / 32).is_some_and(|word| word >> (token % 32) & 1 == 1)
}

/// The grammars of an environment's tools, compiled when a set of them is first offered.
pub struct Grammars {
    factory: ParserFactory,
    tokenizer: Tokenizer,
    tools: BTreeMap<String, ToolSpec>,
    /// By the names offered.
    compiled: Mutex<BTreeMap<Vec<String>, Matcher>>,
}

impl Grammars {
    pub fn new(tokenizer: &Tokenizer, tools: &[ToolSpec]) -> Self {
        let env: TokEnv = Arc::new(Env::new(tokenizer));
        let mut factory = ParserFactory::new(&env, InferenceCapabilities::default(), &[]).expect("there are no slices");
        factory.quiet();
        // What the limits are for, hostile grammars, is refused when an environment is loaded; here they would make a mask depend on
        // what was cached before.
        *factory.limits_mut() = ParserLimits {
            step_lexer_fuel: u64::MAX / 2,
            step_max_items: usize::MAX / 2,
            verbose_errors: false,
            ..ParserLimits::default()
        };
        let tools = tools.iter().map(|tool| (tool.name.clone(), tool.clone())).collect();
        Self { factory, tokenizer: tokenizer.clone(), tools, compiled: Mutex::default() }
    }

    /// At the beginning of a reply to which `offered` tools may be called.
    ///
    /// # Errors
    /// Where the grammar cannot be compiled.
    pub fn begin(&self, offered: &[String]) -> Result<Writing, String> {
        let mut compiled = self.compiled.lock().expect("nothing panics in here");
        let matcher = match compiled.get(offered) {
            Some(matcher) => matcher.clone(),
            None => {
                let matcher = self.compile(offered)?;
                compiled.insert(offered.to_vec(), matcher.clone());
                matcher
            }
        };
        Ok(Writing { matcher, tokenizer: self.tokenizer.clone() })
    }

    fn compile(&self, offered: &[String]) -> Result<Matcher, String> {
        let tools: Vec<&ToolSpec> = offered.iter().filter_map(|name| self.tools.get(name)).collect();
        let attempt = |strictness: Strictness| {
            let parser = self.factory.create_parser(TopLevelGrammar::from_lark(grammar(&tools, strictness)));
            let mut matcher = Matcher::new(parser);
            matcher.compute_mask().map(|_| matcher).map_err(|error| error.to_string())
        };
        attempt(Strictness::Whole)
            .or_else(|_| attempt(Strictness::Lenient))
            .or_else(|_| attempt(Strictness::Shape))
            .map_err(|error| format!("the grammar of {} tools: {error}", tools.len()))
    }

    /// The set that each action token of a recorded episode was drawn from, by position; `offered(turn)` names the tools of a
    /// user turn.
    ///
    /// # Errors
    /// Where the episode was not written under this grammar.
    pub fn allowed<'a>(
        &self,
        trace: &TokenTrace,
        offered: impl Fn(u16) -> &'a [String],
    ) -> Result<BTreeMap<usize, Allowed>, String> {
        let mut sets = BTreeMap::new();
        let mut writing: Option<Writing> = None;
        for (t, id) in trace.ids.iter().enumerate() {
            let Some(current) = &mut writing else {
                if *id == role_token(Role::Assistant) {
                    writing = Some(self.begin(offered(trace.turn[t]))?);
                }
                continue;
            };
            if trace.action[t] {
                sets.insert(t, current.allowed()?);
            }
            if *id == END {
                writing = None;
            } else {
                current.take(*id)?;
            }
        }
        Ok(sets)
    }
}

/// A reply in progress.
pub struct Writing {
    matcher: Matcher,
    tokenizer: Tokenizer,
}

impl Writing {
    /// Which tokens may come next.
    ///
    /// # Errors
    /// Where the matcher fails: a bug, not the policy's doing.
    pub fn allowed(&mut self) -> Result<Allowed, String> {
        let set = self.matcher.compute_mask_or_eos().map_err(|error| error.to_string())?;
        Ok(set.as_slice().into())
    }

    /// Goes on behind `token`, which is no end token.
    ///
    /// # Errors
    /// Where the token is not allowed.
    pub fn take(&mut self, token: u32) -> Result<(), String> {
        self.matcher.consume_token(token).map_err(|error| error.to_string())
    }

    /// Tokens that must come now, taken already.
    pub fn forced(&mut self) -> Vec<u32> {
        self.matcher.consume_ff_tokens()
    }

    /// Whether nothing but the end can come.
    pub fn is_over(&self) -> bool {
        self.matcher.is_stopped()
    }

    /// A short way to the end of a call, as tokens: strings, lists and objects are closed where they may be, else the smallest digit
    /// or letter that may come does. `None` where that leads to no end.
    pub fn closing(&mut self) -> Option<Vec<u32>> {
        let (mut bytes, mut tokens) = (Vec::new(), Vec::new());
        while !self.is_over() && bytes.len() < LONGEST_CLOSING {
            let mut next = self.forced();
            if next.is_empty() && !self.is_over() {
                let allowed = self.allowed().ok()?;
                if contains(&allowed, END as usize) {
                    break;
                }
                let candidates = (0..self.tokenizer.vocabulary()).filter(|id| contains(&allowed, *id));
                let spelled = candidates.filter_map(|id| Some((id as u32, self.tokenizer.bytes(id as u32)?)));
                let (token, _) = spelled.min_by_key(|(id, bytes)| (closeness(bytes[0]), bytes.len(), *id))?;
                self.take(token).ok()?;
                next.push(token);
            }
            bytes.extend(next.iter().filter_map(|id| self.tokenizer.bytes(*id)).flatten());
            tokens.extend(next);
        }
        if bytes.len() >= LONGEST_CLOSING {
            return None;
        }
        // As the policy would have written it, where a character was not cut in two.
        Some(std::str::from_utf8(&bytes).map_or(tokens, |text| self.tokenizer.encode(text)))
    }
}

/// How near the end of a call a byte leads: less is nearer.
fn closeness(byte: u8) -> (u8, u8) {
    match byte {
        b'"' => (0, 0),
        b'}' => (1, 0),
        b']' => (2, 0),
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => (3, byte),
        _ => (4, byte),
    }
}

/// How much of a schema the grammar takes over.
#[derive(Clone, Copy, PartialEq)]
enum Strictness {
    Whole,
    /// What `llguidance` does not know is left out.
    Lenient,
    /// Any object.
    Shape,
}

/// The grammar as Lark text: thoughts, and an answer, which is any text that does not begin as a call, a thought or with a
/// space, or one of the calls.
fn grammar(tools: &[&ToolSpec], strictness: Strictness) -> String {
    let mut text = String::from("start: THOUGHT* (ANSWER");
    (0..tools.len()).for_each(|index| text.push_str(&format!(" | call{index}")));
    text.push_str(")\nTHOUGHT: /~[^\\n]*\\n/\nANSWER: /[^@~\\s].*/s\n");
    for (index, tool) in tools.iter().enumerate() {
        let opening = Value::from(format!("@{} ", tool.name));
        let schema = arguments(tool, strictness);
        text.push_str(&format!("call{index}: {opening} arguments{index}\narguments{index}: %json {schema}\n"));
    }
    text
}

/// A tool's schema with our options: compact JSON, as calls are written, and no escapes that would be half a character.
fn arguments(tool: &ToolSpec, strictness: Strictness) -> Value {
    let mut schema = match (&tool.arguments, strictness) {
        (Value::Object(_), Strictness::Whole | Strictness::Lenient) => tool.arguments.clone(),
        _ => json!({}),
    };
    bound_numbers(&mut schema);
    let options = json!({
        "whitespace_flexible": false,
        "json_allowed_escapes": "nrbtf\\\"",
        "lenient": strictness == Strictness::Lenient,
    });
    let fields = schema.as_object_mut().expect("made so above");
    fields.entry("type").or_insert_with(|| json!("object"));
    fields.insert("x-guidance".to_owned(), options);
    schema
}

/// Gives every number in a schema that has none a lower and an upper bound.
fn bound_numbers(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if is_number(fields) {
                for (bound, strict, value) in
                    [("minimum", "exclusiveMinimum", -LARGEST_NUMBER), ("maximum", "exclusiveMaximum", LARGEST_NUMBER)]
                {
                    if !fields.contains_key(strict) {
                        fields.entry(bound).or_insert_with(|| json!(value as i64));
                    }
                }
            }
            fields
                .iter_mut()
                .filter(|(key, _)| !matches!(key.as_str(), "enum" | "const" | "default" | "examples"))
                .for_each(|(_, field)| bound_numbers(field));
        }
        Value::Array(items) => items.iter_mut().for_each(bound_numbers),
        _ => {}
    }
}

fn is_number(schema: &Map<String, Value>) -> bool {
    let number = |name: &Value| matches!(name.as_str(), Some("number" | "integer"));
    let free = !schema.contains_key("enum") && !schema.contains_key("const");
    free && schema.get("type").is_some_and(|of| number(of) || of.as_array().is_some_and(|of| of.iter().any(number)))
}

/// Our tokenizer in `llguidance`'s terms.
struct Env {
    tokenizer: Tokenizer,
    trie: TokTrie,
}

impl Env {
    fn new(tokenizer: &Tokenizer) -> Self {
        let count = tokenizer.vocabulary() as u32;
        let special = |id: u32| [&[TokTrie::SPECIAL_TOKEN_MARKER], format!("<{id}>").as_bytes()].concat();
        let words: Vec<Vec<u8>> = (0..count).map(|id| tokenizer.bytes(id).unwrap_or_else(|| special(id))).collect();
        Self { tokenizer: tokenizer.clone(), trie: TokTrie::from(&TokRxInfo::new(count, END), &words) }
    }
}

impl TokenizerEnv for Env {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<u32> {
        self.trie.tokenize_with_greedy_fallback(bytes, |text| self.tokenizer.encode(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coevo_core::config::TokenizerConfig;
    use coevo_core::task::Side;

    fn tool(name: &str, arguments: Value) -> ToolSpec {
        ToolSpec {
            name: name.to_owned(),
            description: String::new(),
            arguments,
            result: json!({}),
            errors: vec![],
            preconditions: vec![],
            side: Side::Agent,
            mutates: false,
        }
    }

    fn grammars() -> Grammars {
        let texts = ["@book {\"quote\":\"q1\",\"n\":2}", "@book_seat {\"seat\":\"1A\"}", "Which one do you mean?"];
        let tokenizer =
            Tokenizer::train(texts.repeat(20), &TokenizerConfig { vocabulary: 330, ..TokenizerConfig::default() })
                .unwrap();
        let tools = [
            tool(
                "book",
                json!({"type": "object", "required": ["quote"], "additionalProperties": false, "properties": {
                    "quote": {"type": "string", "pattern": "^q[1-9][0-9]*$"}, "n": {"type": "integer"}}}),
            ),
            tool(
                "book_seat",
                json!({"type": "object", "required": ["class", "seats"], "additionalProperties": false, "properties": {
                    "class": {"enum": ["first", "second"]},
                    "seats": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/seat"}}},
                    "$defs": {"seat": {"type": "string", "minLength": 2}}}),
            ),
        ];
        Grammars::new(&tokenizer, &tools)
    }

    const ALL: [&str; 2] = ["book", "book_seat"];

    /// Whether a whole text may be written, however it is cut into tokens.
    fn accepts(grammars: &Grammars, offered: &[&str], text: &str) -> bool {
        let offered: Vec<String> = offered.iter().map(|name| (*name).to_owned()).collect();
        let mut writing = grammars.begin(&offered).unwrap();
        grammars.tokenizer.encode(text).iter().all(|id| writing.take(*id).is_ok())
            && contains(&writing.allowed().unwrap(), END as usize)
    }

    #[test]
    fn answers_and_fitting_calls_of_offered_tools_only() {
        let grammars = grammars();
        let check = |offered: &[&str], text: &str, want: bool| {
            assert_eq!(accepts(&grammars, offered, text), want, "{offered:?} {text}");
        };
        check(&ALL, "Which one? Zürich → a@b.c\n", true);
        check(&ALL, r#"@book {"quote":"q17"}"#, true);
        check(&ALL, r#"@book {"quote":"q17","n":-3}"#, true);
        check(&ALL, r#"@book_seat {"class":"first","seats":["1A","12C"]}"#, true);
        check(&ALL, "~book(quote, n?)\n~fly none\n@book {\"quote\":\"q17\"}", true);
        check(&ALL, "~book(quote, n?)\nWhich one?", true);
        check(&ALL, "~book(quote, n?)\n", false);
        check(&ALL, "~book\n@book", false);
        check(&ALL, "", false);
        check(&ALL, " yes", false);
        check(&ALL, "@book", false);
        check(&ALL, r#"@book {"quote":"q0"}"#, false);
        check(&ALL, r#"@book {"n":3}"#, false);
        check(&ALL, r#"@book {"quote":"q1","x":1}"#, false);
        check(&ALL, r#"@book {"quote":"q1"} thanks"#, false);
        check(&ALL, r#"@book_seat {"class":"third","seats":["1A"]}"#, false);
        check(&ALL, r#"@book_seat {"class":"first","seats":[]}"#, false);
        check(&ALL, r#"@cancel {}"#, false);
        // Tools come and go between turns.
        check(&["book"], r#"@book_seat {"class":"first","seats":["1A"]}"#, false);
        check(&["book_seat"], r#"@book_seat {"class":"first","seats":["1A"]}"#, true);
        check(&[], r#"@book {"quote":"q17"}"#, false);
        check(&[], "There is no tool for that.", true);
    }

    #[test]
    fn a_call_is_closed_from_anywhere() {
        let grammars = grammars();
        let offered: Vec<String> = ALL.iter().map(|name| (*name).to_owned()).collect();
        for text in [
            "@",
            "@book_s",
            "~fly none\n@boo",
            "@book ",
            "@book {\"quote\":\"",
            "@book_seat {\"class\":\"se",
            "@book {\"quote\":\"q1\",\"n\":-",
        ] {
            let mut writing = grammars.begin(&offered).unwrap();
            let start = grammars.tokenizer.encode(text);
            start.iter().for_each(|id| writing.take(*id).unwrap());
            let whole: Vec<u32> = start.into_iter().chain(writing.closing().unwrap()).collect();
            let whole = grammars.tokenizer.decode(&whole);
            assert!(whole.starts_with(text) && accepts(&grammars, &ALL, &whole), "{text} {whole}");
        }
    }

    #[test]
    fn what_has_no_alternative_is_forced() {
        let grammars = grammars();
        let mut writing = grammars.begin(&["book".to_owned()]).unwrap();
        writing.take(grammars.tokenizer.encode("@")[0]).unwrap();
        let forced = grammars.tokenizer.decode(&writing.forced());
        assert!(forced.starts_with("book {\"quote"), "{forced}");
    }
}
