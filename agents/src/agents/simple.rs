//! The two simplest agents: one that does nothing, one that reads from a list.

use std::collections::BTreeMap;

use coevo_core::episode::TokenTrace;

use crate::agent::{Agent, EpisodeStart, Reply, Request};

/// Answers every turn at once, without a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct DoNothing;

impl Agent for DoNothing {
    fn name(&self) -> String {
        "do-nothing".to_owned()
    }

    fn begin(&mut self, _slot: usize, _start: &EpisodeStart<'_>) {}

    fn act(&mut self, waiting: &[Request<'_>]) -> Vec<Reply> {
        waiting.iter().map(|_| Reply::Text("I cannot help with that.".to_owned())).collect()
    }

    fn end(&mut self, _slot: usize) -> TokenTrace {
        TokenTrace::default()
    }
}

/// Plays the same texts in every episode, from the first; empty texts after the last.
#[derive(Clone, Debug)]
pub struct Script {
    texts: Vec<String>,
    next: BTreeMap<usize, usize>,
}

impl Script {
    pub fn new(texts: Vec<String>) -> Self {
        Self { texts, next: BTreeMap::new() }
    }
}

impl Agent for Script {
    fn name(&self) -> String {
        "script".to_owned()
    }

    fn begin(&mut self, slot: usize, _start: &EpisodeStart<'_>) {
        self.next.insert(slot, 0);
    }

    fn act(&mut self, waiting: &[Request<'_>]) -> Vec<Reply> {
        let mut text = |slot: usize| {
            let next = self.next.get_mut(&slot).expect("the slot has begun");
            *next += 1;
            self.texts.get(*next - 1).cloned().unwrap_or_default()
        };
        waiting.iter().map(|request| Reply::Text(text(request.slot))).collect()
    }

    fn end(&mut self, slot: usize) -> TokenTrace {
        self.next.remove(&slot);
        TokenTrace::default()
    }
}
