//! Calls that nobody planned for: tools that are not offered yet, odd arguments, and long episodes without sense.

use coevo_core::episode::{Rejection, StepOutcome};
use coevo_core::protocol::format_call;
use coevo_core::seed::Stream;
use coevo_core::shape;
use coevo_core::task::{Side, ToolCall, ToolSpec};
use serde_json::{Value, json};

use super::player::{Played, Player};
use super::{Check, Tally};

/// Steps of a long episode.
const LONG: usize = 300;
/// Samples on which odd arguments are tried: each gets them for every tool.
const ODD: usize = 4;
/// Odd calls tried at most of each of these samples.
const MOST: usize = 2000;

/// A tool that is not offered in a turn cannot be called in it; nor can one of the user's.
pub(super) fn offers(player: &mut Player<'_>) -> Check {
    let mut tally = Tally::default();
    let (mut tried, mut later) = (0, 0);
    for at in 0..player.samples.len() {
        let sample = &player.samples[at];
        let turns = &sample.task.public.turns;
        let mut texts: Vec<Vec<String>> = Vec::new();
        for (number, turn) in turns.iter().enumerate() {
            let withheld = player.plugin.spec().tools.iter().filter(|tool| !turn.offered.contains(&tool.name));
            let mut stream = player.stream(at, 100 + number as u32);
            let mut calls = Vec::new();
            for tool in withheld {
                tried += 1;
                let offered_later = turns[number..].iter().any(|turn| turn.offered.contains(&tool.name));
                later += usize::from(offered_later);
                let known = player.pool.calls.get(&tool.name).and_then(|calls| calls.first()).cloned();
                let arguments = known.unwrap_or_else(|| shape::value(&tool.arguments, &mut stream));
                calls.push(format_call(&ToolCall { name: tool.name.clone(), arguments }));
            }
            calls.push("Done.".to_owned());
            texts.push(calls);
        }
        let played = player.play_texts(at, "tools not offered", &texts);
        for (number, turn) in played.turns.iter().enumerate() {
            let calls = turn.steps.iter().filter(|step| step.outcome != StepOutcome::Answered);
            for step in calls {
                let refused = matches!(
                    step.outcome,
                    StepOutcome::Rejected(Rejection::NotOffered { .. } | Rejection::UnknownTool { .. })
                );
                if !refused || step.state_hash != turn.state_hash_before {
                    let place = format!("{}, turn {}", sample.task.public.id, number + 1);
                    tally.find(
                        place,
                        format!("{} was let through: {:?}", step.text, step.outcome),
                        "report this: the host should refuse it",
                    );
                }
            }
        }
    }
    let claim = "a tool can be called only in the turns that offer it";
    let what = format!("{tried} calls of tools that the turn does not offer, {later} of them offered later");
    let what = if tried == 0 { "every tool is offered in every turn".to_owned() } else { what };
    tally.close("offers", claim, what, tried == 0)
}

/// Arguments that fit the schema and are odd, broken calls, and calls that do not fit: none may end the episode.
pub(super) fn odd(player: &mut Player<'_>) -> Check {
    let mut tally = Tally::default();
    let (mut tried, mut reached) = (0, 0);
    let samples = player.samples.len();
    let chosen: Vec<usize> = (0..samples).step_by(samples.div_ceil(ODD).max(1)).collect();
    for at in chosen {
        let tools: Vec<&ToolSpec> = player.agent_tools().collect();
        let mut texts: Vec<String> = BROKEN.iter().map(|text| (*text).to_owned()).collect();
        for tool in tools {
            let mut stream = player.stream(at, 200);
            let known = player.pool.calls.get(&tool.name).and_then(|calls| calls.get(at % calls.len())).cloned();
            let base = known.unwrap_or_else(|| shape::value(&tool.arguments, &mut stream));
            for arguments in variations(tool, &base) {
                texts.push(format_call(&ToolCall { name: tool.name.clone(), arguments }));
            }
        }
        texts.truncate(MOST);
        let mut next = 0;
        // An episode that faults is over: the rest is tried in another.
        while next < texts.len() {
            let task = player.open_task(at);
            let played = player.play_task(at, &task, "odd calls", &mut |view, _| texts.get(next + view.step).cloned());
            let made: usize = played.turns.iter().map(|turn| turn.steps.len()).sum();
            reached += ran(&played);
            tried += made;
            next += made;
            if let Some(fault) = &played.fault {
                let text = texts.get(next).cloned().unwrap_or_default();
                let value = format!("{}: {text} ends the episode", fault.message);
                tally.find(
                    format!("{}, {}", task.id, fault.during),
                    value,
                    "check arguments before use, and return a typed error",
                );
                if made == 0 && next == 0 && fault.during != "call" && !fault.during.starts_with("call ") {
                    break; // It cannot even begin.
                }
                tried += 1;
                next += 1;
            }
        }
    }
    let claim = "malformed, oversized and Unicode calls end in an error or a result, never a fault";
    tally.close("odd calls", claim, format!("{tried} calls, {reached} of which reached the guest"), tried == 0)
}

fn ran(played: &Played) -> usize {
    let steps = played.turns.iter().flat_map(|turn| &turn.steps);
    steps.filter(|step| matches!(step.outcome, StepOutcome::Executed { .. } | StepOutcome::ToolError { .. })).count()
}

/// Texts that are no call.
const BROKEN: [&str; 12] = [
    "",
    "@",
    "@ {}",
    "@{}",
    "@no_such_tool {}",
    "@no_such_tool {\"a\":",
    "@no_such_tool []",
    "@no_such_tool null",
    "@no_such_tool {\"a\":1e999}",
    "@no_such_tool {\"a\":\"\\ud800\"}",
    "@\u{1f980} {}",
    "@no_such_tool {} {}",
];

/// `base` with each argument made odd in turn, left out, and of another type; and with one that is not declared.
fn variations(tool: &ToolSpec, base: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    let nothing = Default::default();
    let declared = tool.arguments["properties"].as_object().unwrap_or(&nothing);
    for (name, schema) in declared {
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or_default(),
            kind => kind.as_str().unwrap_or_default(),
        };
        for value in odd_values(kind, base.get(name)) {
            let mut arguments = base.clone();
            arguments[name] = value;
            all.push(arguments);
        }
        let mut without = base.clone();
        if let Some(fields) = without.as_object_mut() {
            fields.shift_remove(name);
        }
        all.push(without);
    }
    let mut more = base.clone();
    more["no such argument \u{1f980}"] = json!({"deep": [[[[]]]]});
    all.push(more);
    all
}

/// Odd values of a type. A whole number written with a fraction (2.0) is an integer to JSON Schema.
fn odd_values(kind: &str, known: Option<&Value>) -> Vec<Value> {
    let mut values = match kind {
        "string" => vec![
            json!(""),
            json!(" "),
            json!("\u{e9}"),
            json!("e\u{301}\u{301}\u{301}"),
            json!("\u{1f980}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}"),
            json!("\u{202e}abc\u{2066}"),
            json!("\u{0}\u{1}\u{7f}\r\n\t"),
            json!("\u{feff}\u{fffd}\u{2028}"),
            json!("\u{130}\u{df}\u{fb01}"),
            json!("\"}]\\u0000' OR 1=1; --"),
            json!("../../../etc/passwd"),
            json!("-1"),
            json!("9".repeat(40)),
            json!("2026-02-30"),
            json!("x".repeat(3000)),
            json!("\u{1f980}".repeat(1000)),
            json!("y".repeat(200_000)),
        ],
        "integer" => vec![
            json!(0),
            json!(-1),
            json!(1),
            json!(i64::from(i32::MAX) + 1),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(2.0),
            json!(1e300),
        ],
        "number" => vec![
            json!(0),
            json!(-0.0),
            json!(-1.5),
            json!(5e-324),
            json!(1.797e308),
            json!(-1.797e308),
            json!(i64::MIN),
        ],
        "array" => {
            let item = known.and_then(|known| known.get(0)).cloned().unwrap_or_else(|| json!("a"));
            vec![json!([]), json!([item.clone(), item.clone()]), Value::from(vec![item; 5000])]
        }
        "object" => vec![json!({}), json!({"": {}}), json!({"\u{1f980}": 1})],
        _ => Vec::new(),
    };
    values.extend([Value::Null, json!(true), json!("text"), json!(7), json!([[]]), json!({"a": 1})]);
    values
}

/// Long episodes of calls from the pool in no order: they meet the errors that plans avoid, and show what grows. What they
/// find is told by the watch.
pub(super) fn long(player: &mut Player<'_>) {
    let tools: Vec<&ToolSpec> = player.agent_tools().collect();
    for at in 0..player.samples.len() {
        let mut stream = player.stream(at, 300);
        let task = player.open_task(at);
        player.play_task(at, &task, "long", &mut |view, pool| {
            if view.step >= LONG || tools.is_empty() {
                return None;
            }
            let tool = tools[stream.below(tools.len() as u64) as usize];
            let known = pool.calls.get(&tool.name).filter(|_| stream.below(2) == 0);
            let known = known.map(|calls| calls[stream.below(calls.len() as u64) as usize].clone());
            let mix = if known.is_some() { 3 } else { 1 };
            let mut arguments = known.unwrap_or_else(|| shape::value(&tool.arguments, &mut stream));
            vary(&mut arguments, mix, pool, &mut stream);
            Some(format_call(&ToolCall { name: tool.name.clone(), arguments }))
        });
    }
    debug_assert!(tools.iter().all(|tool| tool.side == Side::Agent));
}

/// Replaces about one argument in `mix` + 1 by one that stood elsewhere, and now and then alters one in its own form: an id
/// that is not there, another date, a larger number.
fn vary(arguments: &mut Value, mix: u64, pool: &super::player::Pool, stream: &mut Stream) {
    for (name, value) in arguments.as_object_mut().into_iter().flatten() {
        if stream.below(mix + 1) == 0
            && let Some(other) = pool.draw(name, value, stream)
        {
            *value = other;
        }
        if stream.below(6) == 0 {
            match value {
                Value::String(text) => *text = reshaped(text, stream),
                Value::Number(number) => {
                    if let Some(number) = number.as_i64().and_then(|number| number.checked_mul(10)) {
                        *value = Value::from(number);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The text with one letter or digit changed to another of its kind.
fn reshaped(text: &str, stream: &mut Stream) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let places: Vec<usize> = (0..chars.len()).filter(|at| chars[*at].is_ascii_alphanumeric()).collect();
    if !places.is_empty() {
        let at = places[stream.below(places.len() as u64) as usize];
        let (first, count) = match chars[at] {
            '0'..='9' => (b'0', 10),
            'A'..='Z' => (b'A', 26),
            _ => (b'a', 26),
        };
        chars[at] = char::from(first + stream.below(count) as u8);
    }
    chars.into_iter().collect()
}
