//! The one trait through which the loop drives whoever acts: oracle, policy, human.
//!
//! All slots that wait for an action are passed at once, so that a policy can batch them. An agent's replies may depend on
//! its slot's own history and stream only, never on which other slots happen to wait: the loop is free to interleave.

use coevo_core::episode::{Fault, TokenTrace};
use coevo_core::render::Message;
use coevo_core::seed::StreamKey;
use coevo_core::task::PublicTask;

/// What an agent learns when an episode begins in one of its slots.
#[derive(Clone, Copy, Debug)]
pub struct EpisodeStart<'a> {
    pub task: &'a PublicTask,
    /// `Purpose::Action`, keyed by round, task and replica; the agent derives a stream per turn and step with
    /// [`action_stream`].
    pub stream: StreamKey,
}

/// A slot that waits for an action.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub slot: usize,
    /// User turn, from 0.
    pub turn: u16,
    /// Step within the turn, from 0.
    pub step: u16,
    /// New since this slot's last act. The agent's own replies are not among them.
    pub messages: &'a [Message],
    /// Names of the tools that may be called in this turn.
    pub offered: &'a [String],
}

/// What an agent does.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Text(String),
    /// The context window has no room for the messages and an answer: the episode is truncated.
    ContextFull,
    /// The agent could not act; never the agent's failure.
    Fault(Fault),
}

/// Whoever acts.
pub trait Agent: Send {
    /// Name and version, such as `policy@3`.
    fn name(&self) -> String;

    /// Starts an episode in `slot`, replacing whatever was there.
    fn begin(&mut self, slot: usize, start: &EpisodeStart<'_>);

    /// One reply for each request, in the same order. Every slot named must have begun.
    fn act(&mut self, waiting: &[Request<'_>]) -> Vec<Reply>;

    /// Ends the episode of `slot`; the tokens as seen and written, empty for agents without tokens.
    fn end(&mut self, slot: usize) -> TokenTrace;

    /// Whether the last reply in `slot` is one to imitate. Noisy demonstrators say no of their deliberate mistakes.
    fn exemplary(&self, _slot: usize) -> bool {
        true
    }
}

impl Agent for Box<dyn Agent> {
    fn name(&self) -> String {
        self.as_ref().name()
    }
    fn begin(&mut self, slot: usize, start: &EpisodeStart<'_>) {
        self.as_mut().begin(slot, start);
    }
    fn act(&mut self, waiting: &[Request<'_>]) -> Vec<Reply> {
        self.as_mut().act(waiting)
    }
    fn end(&mut self, slot: usize) -> TokenTrace {
        self.as_mut().end(slot)
    }
    fn exemplary(&self, slot: usize) -> bool {
        self.as_ref().exemplary(slot)
    }
}

/// The stream of one action: turn and step share the key's `turn` field, 16 bits each.
pub fn action_stream(stream: StreamKey, turn: u16, step: u16) -> StreamKey {
    stream.turn(u32::from(turn) << 16 | u32::from(step))
}
