//! Calls offered tools with arguments of the right shape and no sense: the lower bound.

use std::collections::BTreeMap;

use coevo_core::episode::TokenTrace;
use coevo_core::protocol::format_call;
use coevo_core::seed::StreamKey;
use coevo_core::shape;
use coevo_core::task::{ToolCall, ToolSpec};
use serde_json::Value;

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
        format_call(&ToolCall { name: name.clone(), arguments: shape::value(schema, &mut stream) })
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
