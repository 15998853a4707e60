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

    /// What the last reply in `slot` is to whoever learns from it.
    fn lesson(&self, _slot: usize) -> Lesson {
        Lesson::Example
    }
}

/// What a reply is to whoever learns from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// To imitate.
    Example,
    /// A bad habit: to imitate, although its turn fails by it.
    Habit,
    /// A bad habit that leaves the environment as no later turn expects it: those may fail, too. What is tried in them is to
    /// imitate all the same, or whoever fails once would not know how to go on.
    Ruin,
    /// To read only: a slip.
    None,
}

impl Lesson {
    /// Whether the reply is to be imitated.
    pub fn is_imitated(self) -> bool {
        self != Lesson::None
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
    fn lesson(&self, slot: usize) -> Lesson {
        self.as_ref().lesson(slot)
    }
}

/// The stream of one action: turn and step share the key's `turn` field, 16 bits each.
pub fn action_stream(stream: StreamKey, turn: u16, step: u16) -> StreamKey {
    stream.turn(u32::from(turn) << 16 | u32::from(step))
}
