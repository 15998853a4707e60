//! An oracle that errs now and then and recovers: what a policy must have seen to read an error and go on.

use std::collections::BTreeMap;

use coevo_core::episode::TokenTrace;
use coevo_core::protocol::format_call;
use coevo_core::seed::{Stream, StreamKey};
use coevo_core::task::{HiddenLabel, ToolCall, ToolSpec};
use serde_json::Value;

use super::Oracle;
use crate::agent::{Agent, EpisodeStart, Reply, Request, action_stream};

/// Before a reference call it first makes a mistake, with the given probability, then plays the call. Its mistakes are not
/// [`exemplary`](Agent::exemplary). Most are rejected by the host; a wrong value may be accepted by a tool and spoil the
/// episode, so demonstrations that fail verification must be dropped.
///
/// A turn without calls, where the reference asks or abstains, it may begin overeagerly: with a call that only a later turn
/// makes possible, one value guessed. That is a bad habit, not a slip: it is imitated.
pub struct NoisyOracle {
    oracle: Oracle,
    tools: BTreeMap<String, ToolSpec>,
    probability: f64,
    overeager: f64,
    slots: BTreeMap<usize, Slot>,
}

struct Slot {
    stream: StreamKey,
    turn: u16,
    /// Reference steps done in this turn.
    done: usize,
    erred: bool,
}

impl NoisyOracle {
    /// `labels` by task id; `tools` as the environment declares them; `probability` of a mistake before a call.
    pub fn new(labels: BTreeMap<String, HiddenLabel>, tools: Vec<ToolSpec>, probability: f64) -> Self {
        let tools = tools.into_iter().map(|tool| (tool.name.clone(), tool)).collect();
        Self { oracle: Oracle::new(labels), tools, probability, overeager: 0.0, slots: BTreeMap::new() }
    }

    /// With this probability of an overeager call in a turn that wants none.
    pub fn overeager(self, probability: f64) -> Self {
        Self { overeager: probability, ..self }
    }

    fn reply(&mut self, request: &Request<'_>) -> String {
        let slot = self.slots.get_mut(&request.slot).expect("the slot has begun");
        if slot.turn != request.turn {
            (slot.turn, slot.done, slot.erred) = (request.turn, 0, false);
        }
        let mut stream = action_stream(slot.stream, request.turn, request.step).stream();
        let calls = self.oracle.calls(request.slot, request.turn);
        if calls.is_empty()
            && request.step == 0
            && let Some(next) = self.oracle.calls(request.slot, request.turn + 1).first()
            && stream.uniform() < self.overeager
        {
            return guess(next, &mut stream);
        }
        if let Some(call) = calls.get(slot.done) {
            // Never two mistakes in a row: the step budget is not the lesson.
            if !slot.erred && stream.uniform() < self.probability {
                slot.erred = true;
                return mistake(call, calls.get(slot.done + 1), &self.tools, &mut stream);
            }
        }
        slot.erred = false;
        slot.done += 1;
        self.oracle.text(request.slot, request.turn, slot.done - 1)
    }
}

/// `call` with its last text changed: what it will be, the conversation has not said yet.
fn guess(call: &ToolCall, stream: &mut Stream) -> String {
    let mut guessed = call.clone();
    let values = guessed.arguments.as_object_mut().into_iter().flat_map(|arguments| arguments.values_mut());
    if let Some(Value::String(text)) = values.filter(|value| value.is_string()).last() {
        *text = another(text, stream);
    }
    format_call(&guessed)
}

/// A plausible wrong text in place of `call`.
fn mistake(
    call: &ToolCall,
    next: Option<&ToolCall>,
    tools: &BTreeMap<String, ToolSpec>,
    stream: &mut Stream,
) -> String {
    let tool = tools.get(&call.name);
    let mut wrong = call.clone();
    let arguments = wrong.arguments.as_object_mut();
    match (stream.below(6), arguments) {
        (0, Some(arguments)) => {
            let required = tool.and_then(|tool| tool.arguments.get("required")).and_then(Value::as_array);
            let names: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
            if let Some(name) = pick(&names, stream) {
                arguments.shift_remove(*name);
                return format_call(&wrong);
            }
        }
        (1, Some(arguments)) => {
            let names: Vec<String> = arguments.keys().cloned().collect();
            if let Some(name) = pick(&names, stream) {
                let value = arguments.shift_remove(name).expect("a key of the map");
                arguments.insert(format!("{name}_id"), value);
                return format_call(&wrong);
            }
        }
        (2, Some(arguments)) => {
            let mut texts: Vec<&mut Value> = arguments.values_mut().filter(|value| value.is_string()).collect();
            if !texts.is_empty() {
                let index = stream.below(texts.len() as u64) as usize;
                let text = texts[index].as_str().expect("filtered").to_owned();
                *texts[index] = Value::String(another(&text, stream));
                return format_call(&wrong);
            }
        }
        (3, _) => {
            // Too early: harmless where the tool changes nothing.
            if let Some(next) = next.filter(|next| tools.get(&next.name).is_some_and(|tool| !tool.mutates)) {
                return format_call(next);
            }
        }
        (4, _) => {
            let text = format_call(call);
            let cut = text.char_indices().rev().nth(stream.below(3) as usize).map_or(0, |(at, _)| at);
            if cut > call.name.len() + 2 {
                return text[..cut].to_owned();
            }
        }
        _ => {}
    }
    wrong = call.clone();
    wrong.name = misnamed(&call.name);
    format_call(&wrong)
}

/// A plausible wrong name of a tool.
pub(crate) fn misnamed(tool: &str) -> String {
    tool.split_once('_').map_or_else(|| format!("{tool}_now"), |(verb, _)| verb.to_owned())
}

fn pick<'a, T>(items: &'a [T], stream: &mut Stream) -> Option<&'a T> {
    (!items.is_empty()).then(|| &items[stream.below(items.len() as u64) as usize])
}

/// A neighbour of `text`: its last digit changed, or a letter dropped.
fn another(text: &str, stream: &mut Stream) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    if let Some(digit) = chars.iter().rposition(char::is_ascii_digit) {
        let old = chars[digit].to_digit(10).expect("an ASCII digit");
        chars[digit] = char::from_digit((old + 1 + stream.below(9) as u32) % 10, 10).expect("below ten");
    } else if chars.len() > 1 {
        chars.pop();
    } else {
        chars.push('x');
    }
    chars.into_iter().collect()
}

impl Agent for NoisyOracle {
    fn name(&self) -> String {
        format!("noisy oracle {}", self.probability)
    }

    fn begin(&mut self, slot: usize, start: &EpisodeStart<'_>) {
        self.oracle.begin(slot, start);
        self.slots.insert(slot, Slot { stream: start.stream, turn: 0, done: 0, erred: false });
    }

    fn act(&mut self, waiting: &[Request<'_>]) -> Vec<Reply> {
        waiting.iter().map(|request| Reply::Text(self.reply(request))).collect()
    }

    fn end(&mut self, slot: usize) -> TokenTrace {
        self.slots.remove(&slot);
        self.oracle.end(slot)
    }

    fn exemplary(&self, slot: usize) -> bool {
        self.slots.get(&slot).is_none_or(|slot| !slot.erred)
    }
}
