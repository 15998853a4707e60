//! An agent that writes down the conversations of another one: tokenizer training and behaviour cloning need the text as
//! the agent read it, before there is a tokenizer to make tokens of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use coevo_agents::demonstration::Seen;
use coevo_agents::{Agent, EpisodeStart, Lesson, Reply, Request};
use coevo_core::episode::TokenTrace;
use coevo_core::render::{Message, Role};
use coevo_core::seed::StreamKey;

/// Finished conversations by the stream of their episode.
pub type Book = Arc<Mutex<BTreeMap<StreamKey, Vec<Seen>>>>;

/// Wraps a demonstrator.
pub struct Scribe<A> {
    inner: A,
    open: BTreeMap<usize, (StreamKey, Vec<Seen>)>,
    book: Book,
}

impl<A: Agent> Scribe<A> {
    pub fn new(inner: A) -> (Self, Book) {
        let book = Book::default();
        (Self { inner, open: BTreeMap::new(), book: Arc::clone(&book) }, book)
    }
}

impl<A: Agent> Agent for Scribe<A> {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn begin(&mut self, slot: usize, start: &EpisodeStart<'_>) {
        self.inner.begin(slot, start);
        self.open.insert(slot, (start.stream, Vec::new()));
    }

    fn act(&mut self, waiting: &[Request<'_>]) -> Vec<Reply> {
        let replies = self.inner.act(waiting);
        for (request, reply) in waiting.iter().zip(&replies) {
            let (_, seen) = self.open.get_mut(&request.slot).expect("the slot has begun");
            let (turn, step) = (request.turn, request.step);
            let read = request.messages.iter().cloned();
            seen.extend(read.map(|message| Seen { message, turn, step, lesson: Lesson::None }));
            if let Reply::Text(text) = reply {
                let message = Message { role: Role::Assistant, text: text.clone() };
                seen.push(Seen { message, turn, step, lesson: self.inner.lesson(request.slot) });
            }
        }
        replies
    }

    fn end(&mut self, slot: usize) -> TokenTrace {
        let (stream, seen) = self.open.remove(&slot).expect("the slot has begun");
        self.book.lock().expect("no panic while writing").insert(stream, seen);
        self.inner.end(slot)
    }

    fn lesson(&self, slot: usize) -> Lesson {
        self.inner.lesson(slot)
    }
}
