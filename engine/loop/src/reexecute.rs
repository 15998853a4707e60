//! Re-execution of a recorded episode up to any step, with the state before and after each, checked against the recorded
//! hashes. What shows states, forks or explains an episode begins here.

use coevo_core::episode::{Episode, Step, Truncation};
use coevo_core::render::Message;
use coevo_envs::{Divergence, Env};
use serde::Serialize;
use serde_json::Value;

use crate::recorded::Case;

/// A place between two steps: before step `step` of user turn `turn`, both from 0. With as many steps as the turn has, it
/// is the end of that turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    pub turn: usize,
    pub step: usize,
}

impl Place {
    pub const START: Place = Place { turn: 0, step: 0 };
    /// After everything.
    pub const END: Place = Place { turn: usize::MAX, step: 0 };
}

impl std::fmt::Display for Place {
    /// As people count: `2.3` is the third step of the second turn.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.turn.saturating_add(1), self.step + 1)
    }
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no place\n  hint: TURN or TURN.STEP, both from 1, such as 2 or 2.3");
        let (turn, step) = text.split_once('.').unwrap_or((text, "1"));
        let number = |text: &str| text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        Ok(Self { turn: number(turn).ok_or_else(wrong)?, step: number(step).ok_or_else(wrong)? })
    }
}

/// The state at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frame {
    pub state: Value,
    pub hash: u64,
}

/// One user turn, executed again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TurnFrames {
    /// What the agent was told when the turn began.
    pub messages: Vec<Message>,
    /// When the turn began, calls of the user included.
    pub before: Frame,
    /// After each step.
    pub after: Vec<Frame>,
}

/// What re-execution found.
pub struct Reexecution {
    pub initial: Frame,
    /// Up to the place that was asked for, or to the divergence.
    pub turns: Vec<TurnFrames>,
    /// Where it first left the record; nothing after it was executed.
    pub divergence: Option<Divergence>,
    /// The episode at that place, ready to go on.
    pub env: Env,
}

impl Reexecution {
    /// The state before a step (the end of the turn before, for the first) and after it.
    pub fn around(&self, place: Place) -> Option<(&Frame, &Frame)> {
        let turn = self.turns.get(place.turn)?;
        let before = if place.step == 0 { &turn.before } else { turn.after.get(place.step - 1)? };
        Some((before, turn.after.get(place.step)?))
    }
}

/// What a walk along a record passes.
enum Passed<'a> {
    /// A turn has begun.
    Turn(Vec<Message>),
    /// A step was executed, with the reply that the agent was shown.
    Step(&'a Step, Option<Message>),
}

impl Case {
    /// Executes `episode` again up to `upto`.
    ///
    /// # Errors
    /// A divergence before there is anything to show: the episode cannot begin as it was recorded, or the guest faults.
    pub fn reexecute(&self, episode: &Episode, upto: Place) -> Result<Reexecution, Divergence> {
        let mut env = self.beginning(episode)?;
        let initial = frame(&mut env).map_err(|fault| diverged(None, None, "state", "shown", &fault))?;
        let mut turns: Vec<TurnFrames> = Vec::new();
        let walked = walk(&mut env, episode, upto, &mut |env, passed| {
            let now = frame(env)?;
            match (passed, turns.last_mut()) {
                (Passed::Step(..), Some(turn)) => turn.after.push(now),
                (Passed::Step(..), None) => unreachable!("steps come after their turn"),
                (Passed::Turn(messages), _) => turns.push(TurnFrames { messages, before: now, after: Vec::new() }),
            }
            Ok(())
        });
        Ok(Reexecution { initial, turns, divergence: walked.err(), env })
    }

    /// Executes `episode` again up to `upto`, without looking at states, and returns the conversation until there, the
    /// agent's own texts included.
    ///
    /// # Errors
    /// The first divergence from the record.
    pub fn rerun(&self, episode: &Episode, upto: Place) -> Result<(Env, Vec<Message>), Divergence> {
        use coevo_core::render::Role;
        let mut env = self.beginning(episode)?;
        let mut said: Vec<Message> = Vec::new();
        walk(&mut env, episode, upto, &mut |_, passed| {
            match passed {
                Passed::Turn(messages) => said.extend(messages),
                Passed::Step(step, reply) => {
                    said.push(Message { role: Role::Assistant, text: step.text.clone() });
                    said.extend(reply);
                }
            }
            Ok(())
        })?;
        Ok((env, said))
    }

    pub(crate) fn beginning(&self, episode: &Episode) -> Result<Env, Divergence> {
        if episode.task_id != self.task.public.id {
            return Err(different(None, None, "task", &episode.task_id, &self.task.public.id));
        }
        if episode.interface != *self.interface.id() {
            return Err(different(None, None, "interface", &episode.interface, self.interface.id()));
        }
        let env = self.begin(episode).map_err(|fault| diverged(None, None, "beginning", "sound", &fault))?;
        if env.initial_state_hash() != episode.initial_state_hash {
            let (recorded, now) = (hex(episode.initial_state_hash), hex(env.initial_state_hash()));
            return Err(different(None, None, "initial_state_hash", &recorded, &now));
        }
        Ok(env)
    }
}

type Fault = coevo_core::episode::Fault;

/// Plays the recorded texts up to `upto` and compares what comes of each.
fn walk(
    env: &mut Env,
    episode: &Episode,
    upto: Place,
    pass: &mut dyn FnMut(&mut Env, Passed<'_>) -> Result<(), Fault>,
) -> Result<(), Divergence> {
    for (at, turn) in episode.turns.iter().enumerate().take(upto.turn.saturating_add(1)) {
        let here = Some(at);
        // A place before the first step of a turn is inside that turn: its user message has been said.
        let start = match env.next_turn() {
            Ok(Some(start)) => start,
            Ok(None) => return Err(different(here, None, "turn", &"played", &"not there")),
            Err(fault) => return Err(diverged(here, None, "turn", "played", &fault)),
        };
        let opened = env.turns().last().expect("a turn has begun");
        if opened.user != turn.user {
            return Err(different(here, None, "user", &turn.user, &opened.user));
        }
        if opened.state_hash_before != turn.state_hash_before {
            let (recorded, now) = (hex(turn.state_hash_before), hex(opened.state_hash_before));
            return Err(different(here, None, "state_hash_before", &recorded, &now));
        }
        pass(env, Passed::Turn(start.messages)).map_err(|fault| diverged(here, None, "state", "shown", &fault))?;
        let steps = if at == upto.turn { upto.step.min(turn.steps.len()) } else { turn.steps.len() };
        for (number, step) in turn.steps[..steps].iter().enumerate() {
            let here = (Some(at), Some(number));
            let reply = match env.step(&step.text) {
                Ok(reply) => reply,
                Err(fault) => return Err(diverged(here.0, here.1, "step", "played", &fault)),
            };
            let again = env.turns().last().and_then(|turn| turn.steps.get(number)).expect("a step was taken");
            if again.outcome != step.outcome {
                return Err(different(here.0, here.1, "outcome", &json(&step.outcome), &json(&again.outcome)));
            }
            if again.state_hash != step.state_hash {
                return Err(different(here.0, here.1, "state_hash", &hex(step.state_hash), &hex(again.state_hash)));
            }
            if again.cue != step.cue {
                return Err(different(here.0, here.1, "cue", &step.cue, &again.cue));
            }
            let reply = reply.message;
            pass(env, Passed::Step(step, reply)).map_err(|f| diverged(here.0, here.1, "state", "shown", &f))?;
        }
        if at < upto.turn && turn.truncated == Some(Truncation::Tokens) {
            env.truncate(Truncation::Tokens);
        }
    }
    Ok(())
}

fn frame(env: &mut Env) -> Result<Frame, Fault> {
    Ok(Frame { state: env.state()?, hash: env.state_hash() })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("our own types serialize")
}

/// Hashes as people compare them.
pub fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}

fn different(
    turn: Option<usize>,
    step: Option<usize>,
    what: &'static str,
    recorded: &dyn std::fmt::Display,
    now: &dyn std::fmt::Display,
) -> Divergence {
    Divergence { turn, step, what, recorded: recorded.to_string(), replayed: now.to_string() }
}

fn diverged(turn: Option<usize>, step: Option<usize>, what: &'static str, recorded: &str, fault: &Fault) -> Divergence {
    let now = format!("{:?} in {}: {}", fault.boundary, fault.during, fault.message);
    different(turn, step, what, &recorded, &now)
}
