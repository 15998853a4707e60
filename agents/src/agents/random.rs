//! Calls offered tools with arguments of the right shape and no sense: the lower bound.

use std::collections::BTreeMap;

use coevo_core::episode::TokenTrace;
use coevo_core::protocol::format_call;
use coevo_core::seed::{Stream, StreamKey};
use coevo_core::task::{ToolCall, ToolSpec};
use serde_json::{Map, Value};

use crate::agent::{Agent, EpisodeStart, Reply, Request, action_stream};

/// A random offered tool with schema-shaped arguments, or, one time in four, an answer.
pub struct Random {
    tools: BTreeMap<String, ToolSpec>,
    streams: BTreeMap<usize, StreamKey>,
}

impl Random {
    pub fn new(tools: Vec<ToolSpec>) -> Self {
        Self { tools: tools.into_iter().map(|tool| (tool.name.clone(), tool)).collect(), streams: BTreeMap::new() }
    }

    fn reply(&self, request: &Request<'_>) -> String {
        let key = self.streams.get(&request.slot).expect("the slot has begun");
        let mut stream = action_stream(*key, request.turn, request.step).stream();
        if request.offered.is_empty() || stream.below(4) == 0 {
            return "Done.".to_owned();
        }
        let name = &request.offered[stream.below(request.offered.len() as u64) as usize];
        let schema = self.tools.get(name).map_or(&Value::Null, |tool| &tool.arguments);
        format_call(&ToolCall { name: name.clone(), arguments: value(schema, &mut stream, 0) })
    }
}

/// A random value of the schema's shape; objects get their required properties and half of the others.
fn value(schema: &Value, stream: &mut Stream, depth: usize) -> Value {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array).filter(|choices| !choices.is_empty()) {
        return choices[stream.below(choices.len() as u64) as usize].clone();
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        kind => kind.and_then(Value::as_str),
    };
    match kind.unwrap_or("object") {
        "string" => Value::from(["a", "b1", "Paris", "2026-01-02"][stream.below(4) as usize]),
        "integer" => Value::from(stream.below(10)),
        "number" => Value::from(stream.below(100) as f64 / 4.0),
        "boolean" => Value::from(stream.below(2) == 0),
        "null" => Value::Null,
        "array" if depth < 4 => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            (0..1 + stream.below(2)).map(|_| value(items, stream, depth + 1)).collect()
        }
        "object" if depth < 4 => {
            let required: Vec<&str> = schema
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let properties = schema.get("properties").and_then(Value::as_object);
            let mut object = Map::new();
            for (name, schema) in properties.into_iter().flatten() {
                if required.contains(&name.as_str()) || stream.below(2) == 0 {
                    object.insert(name.clone(), value(schema, stream, depth + 1));
                }
            }
            Value::Object(object)
        }
        _ => Value::Null,
    }
}

impl Agent for Random {
    fn name(&self) -> String {
        "random".to_owned()
    }

    fn begin(&mut self, slot: usize, start: &EpisodeStart<'_>) {
        self.streams.insert(slot, start.stream);
    }

    fn act(&mut self, waiting: &[Request<'_>]) -> Vec<Reply> {
        waiting.iter().map(|request| Reply::Text(self.reply(request))).collect()
    }

    fn end(&mut self, slot: usize) -> TokenTrace {
        self.streams.remove(&slot);
        TokenTrace::default()
    }
}
