//! Forks: an episode continued from any step by someone else, or with other texts.

use coevo_agents::{Agent, EpisodeStart, Reply, Request};
use coevo_core::episode::{Episode, Parsed, Step, StepOutcome, Truncation, Turn};
use coevo_core::protocol::format_call;
use coevo_core::render::{Message, Role};
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::ToolCall;
use coevo_envs::{Divergence, Env};
use coevo_trace::EpisodeRecord;

use crate::recorded::Case;
use crate::reexecute::Place;

/// Who goes on.
pub enum Then {
    /// The recorded texts from that place on, whatever comes of them now.
    Recorded,
    /// The reference: in a turn that has begun, the calls of it that were not made yet, then its answer.
    Reference,
    /// An agent, which is given the conversation so far.
    Agent(Box<dyn Agent>),
}

/// What to do otherwise.
pub struct Change {
    /// The first step that is played otherwise.
    pub at: Place,
    /// Played there instead of `skip` recorded steps.
    pub texts: Vec<String>,
    pub skip: usize,
    /// Who goes on after the texts.
    pub then: Then,
    /// Another number draws other actions from an agent; 0 is the stream of the record.
    pub seed: u64,
}

impl Change {
    /// Plays the texts instead of `skip` recorded steps, then the recorded rest.
    pub fn texts(at: Place, skip: usize, texts: Vec<String>) -> Self {
        Self { at, texts, skip, then: Then::Recorded, seed: 0 }
    }

    /// From there on, someone else.
    pub fn then(at: Place, then: Then) -> Self {
        Self { at, texts: Vec::new(), skip: 0, then, seed: 0 }
    }
}

impl Case {
    /// Plays `episode` up to a place and then otherwise; verified and diagnosed. The texts of a turn may run out before
    /// an answer, as the recorded ones may: then the episode is truncated there.
    ///
    /// # Errors
    /// Where the record cannot be repeated up to that place.
    pub fn fork(&self, episode: &Episode, change: Change) -> Result<EpisodeRecord, Divergence> {
        let Change { at, texts, skip, then, seed } = change;
        let agent = match &then {
            Then::Recorded => episode.agent.clone(),
            Then::Reference => "oracle".to_owned(),
            Then::Agent(agent) => agent.name(),
        };
        let (env, said) = self.rerun(episode, at)?;
        let mut play = Playing::at(env, said);
        for text in texts {
            if play.open {
                play.say(&text);
            }
        }
        match then {
            Then::Recorded => play.script(|turn| {
                let recorded = episode.turns.get(turn)?;
                let from = if turn == at.turn { at.step + skip } else { 0 };
                Some(recorded.steps.iter().skip(from).map(|step| step.text.clone()).collect())
            }),
            Then::Reference => {
                // Begun turns go on from what was done in them.
                let mut begun = play.open.then(|| self.reference_rest(&play.env, play.turn));
                play.script(|turn| begun.take().or_else(|| self.reference(turn)));
            }
            Then::Agent(mut agent) => {
                let stream = StreamKey { purpose: Purpose::Action, ..episode.env_stream }.replica(episode.key.replica);
                let stream = StreamKey { seed: stream.seed ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), ..stream };
                agent.begin(0, &EpisodeStart { task: &self.task.public, stream });
                play.agent(agent.as_mut());
            }
        }
        Ok(self.close(play.env, episode, agent))
    }

    /// Plays other texts from the beginning: those of each turn, as far as they go. Verified and diagnosed.
    ///
    /// # Errors
    /// Where the episode cannot begin as it was recorded.
    pub fn perform(&self, episode: &Episode, script: &[Vec<String>]) -> Result<EpisodeRecord, Divergence> {
        let mut play = Playing::at(self.beginning(episode)?, Vec::new());
        if play.next_turn() {
            play.turn = 0;
            play.script(|turn| script.get(turn).cloned());
        }
        Ok(self.close(play.env, episode, episode.agent.clone()))
    }

    /// The texts of the reference in a turn; `None` after the last.
    pub fn reference(&self, turn: usize) -> Option<Vec<String>> {
        let reference = self.task.hidden.reference.get(turn)?;
        Some(reference.calls.iter().map(format_call).chain([reference.answer.clone()]).collect())
    }

    /// The texts of the reference that are left in the turn in progress.
    fn reference_rest(&self, env: &Env, turn: usize) -> Vec<String> {
        let Some(reference) = self.task.hidden.reference.get(turn) else { return Vec::new() };
        let mut done: Vec<&ToolCall> = env.turns().last().map(executed).unwrap_or_default();
        let mut rest: Vec<String> = Vec::new();
        for call in &reference.calls {
            match done.iter().position(|made| *made == call) {
                Some(found) => drop(done.remove(found)),
                None => rest.push(format_call(call)),
            }
        }
        rest.push(reference.answer.clone());
        rest
    }
}

/// The calls of a turn that succeeded.
fn executed(turn: &Turn) -> Vec<&ToolCall> {
    let success = |step: &&Step| matches!(step.outcome, StepOutcome::Executed { .. });
    fn call(step: &Step) -> Option<&ToolCall> {
        match &step.parsed {
            Parsed::Call(call) => Some(call),
            _ => None,
        }
    }
    turn.steps.iter().filter(success).filter_map(call).collect()
}

/// An episode being continued.
struct Playing {
    env: Env,
    turn: usize,
    step: usize,
    /// Whether the turn waits for a text.
    open: bool,
    /// What an agent has not been told yet.
    heard: Vec<Message>,
}

impl Playing {
    fn at(env: Env, heard: Vec<Message>) -> Self {
        let turn = env.turns().count().saturating_sub(1);
        let last = env.turns().last();
        let step = last.map_or(0, |turn| turn.steps.len());
        let open = !env.is_over() && last.is_some_and(|turn| turn.answer().is_none());
        Self { turn, step, open, heard, env }
    }

    fn say(&mut self, text: &str) {
        let Ok(reply) = self.env.step(text) else {
            self.open = false; // The fault ends the episode, and is kept in it.
            return;
        };
        self.heard.push(Message { role: Role::Assistant, text: text.to_owned() });
        self.heard.extend(reply.message);
        self.step += 1;
        self.open = !reply.turn_over;
    }

    /// Begins the next turn; false where there is none.
    fn next_turn(&mut self) -> bool {
        match self.env.next_turn() {
            Ok(Some(start)) => {
                self.heard.extend(start.messages);
                (self.turn, self.step, self.open) = (self.turn + 1, 0, true);
                true
            }
            _ => false,
        }
    }

    /// Goes on with the texts of each turn; a turn without texts, or whose texts run out before an answer, ends the episode.
    fn script(&mut self, mut texts: impl FnMut(usize) -> Option<Vec<String>>) {
        loop {
            if self.open {
                for text in texts(self.turn).unwrap_or_default() {
                    if self.open {
                        self.say(&text);
                    }
                }
                if self.open {
                    self.env.truncate(Truncation::Steps);
                    return;
                }
            }
            if self.env.is_over() || !self.next_turn() {
                return;
            }
        }
    }

    fn agent(&mut self, agent: &mut dyn Agent) {
        loop {
            while self.open {
                let offered = self.env.turns().last().map(|turn| turn.offered.clone()).unwrap_or_default();
                let messages = std::mem::take(&mut self.heard);
                let (turn, step) = (self.turn as u16, self.step as u16);
                let request = Request { slot: 0, turn, step, messages: &messages, offered: &offered };
                match agent.act(&[request]).pop() {
                    Some(Reply::Text(text)) => {
                        self.say(&text);
                        // An agent knows what it said itself.
                        if !self.heard.is_empty() {
                            self.heard.remove(0);
                        }
                    }
                    Some(Reply::ContextFull) => {
                        self.env.truncate(Truncation::Tokens);
                        self.open = false;
                    }
                    Some(Reply::Fault(fault)) => {
                        self.env.fail(fault);
                        self.open = false;
                    }
                    None => unreachable!("an agent answers every request once"),
                }
            }
            if self.env.is_over() || !self.next_turn() {
                agent.end(0);
                return;
            }
        }
    }
}
