//! What a crossbeam worker does with one episode: open it, step it, close it and have it verified.
//!
//! Workers own an environment only while they work on it; it travels back with the outcome. All waiting for agents
//! happens elsewhere.

use std::sync::Arc;

use coevo_core::episode::{Ending, Fault, Truncation, Turn, Verdict};
use coevo_core::render::{Message, Role};
use coevo_core::seed::StreamKey;
use coevo_core::task::Task;
use coevo_envs::{Budgets, Env, EnvPlugin, EvalEnv, TrainEnv, verify};
use crossbeam::channel::{Receiver, Sender};

use crate::slots::{Arena, Job};

/// An episode under way.
pub struct Seat {
    env: Env,
    plugin: EnvPlugin,
    task: Arc<Task>,
    env_stream: StreamKey,
    offered: Vec<String>,
    /// User turn, from 0.
    pub turn: u16,
    /// Step within the turn, from 0.
    pub step: u16,
}

/// What is asked of a worker.
pub enum Work {
    Open(Box<Job>),
    Step(Seat, String),
    /// The agent's context is full.
    Truncate(Seat, Truncation),
    /// The agent faulted.
    Abort(Seat, Fault),
}

/// What comes back.
#[expect(clippy::large_enum_variant, reason = "most outcomes are the large one, and it is moved at once")]
pub enum Outcome {
    Waiting { seat: Seat, messages: Vec<Message>, offered: Vec<String> },
    Finished(Box<End>),
}

/// A closed and verified episode.
pub struct End {
    pub turns: Vec<Turn>,
    pub ending: Ending,
    pub initial_state_hash: u64,
    pub verdict: Verdict,
}

/// Serves parcels until the channel closes.
pub fn serve(work: &Receiver<(usize, Work)>, outcomes: &Sender<(usize, Outcome)>, budgets: &Budgets) {
    for (slot, parcel) in work.iter() {
        let outcome = match parcel {
            Work::Open(job) => open(*job, budgets),
            Work::Step(seat, text) => step(seat, &text),
            Work::Truncate(mut seat, truncation) => {
                seat.env.truncate(truncation);
                close(seat)
            }
            Work::Abort(seat, fault) => abort(seat, fault),
        };
        if outcomes.send((slot, outcome)).is_err() {
            return;
        }
    }
}

fn open(job: Job, budgets: &Budgets) -> Outcome {
    let task = match &job.task {
        Ok(task) => Arc::clone(task),
        Err(fault) => return failed_to_open(fault.clone()),
    };
    let opened = match &job.arena {
        Arena::Base => EvalEnv::new(&job.plugin, &task.public, job.env_stream, budgets).map(Env::from),
        Arena::Evolved(interface) => {
            TrainEnv::new(&job.plugin, &task.public, job.env_stream, budgets, Arc::clone(interface)).map(Env::from)
        }
    };
    match opened {
        Ok(env) => {
            let Job { plugin, env_stream, prefix, .. } = job;
            repeat(Seat { env, plugin, task, env_stream, offered: Vec::new(), turn: 0, step: 0 }, prefix)
        }
        Err(fault) => failed_to_open(fault),
    }
}

/// Plays the turns that a branch repeats, then begins its own.
fn repeat(mut seat: Seat, prefix: Vec<Vec<String>>) -> Outcome {
    let mut heard: Vec<Message> = Vec::new();
    for texts in prefix {
        match seat.env.next_turn() {
            Err(fault) => return abort(seat, fault),
            Ok(None) => return close(seat),
            Ok(Some(start)) => heard.extend(start.messages),
        }
        for text in texts {
            match seat.env.step(&text) {
                Err(fault) => return abort(seat, fault),
                Ok(reply) if reply.truncated.is_some() => return close(seat),
                Ok(reply) => {
                    heard.push(Message { role: Role::Assistant, text });
                    heard.extend(reply.message);
                }
            }
        }
        seat.turn += 1;
    }
    match next_turn(seat) {
        Outcome::Waiting { seat, messages, offered } => {
            heard.extend(messages);
            Outcome::Waiting { seat, messages: heard, offered }
        }
        finished => finished,
    }
}

fn failed_to_open(fault: Fault) -> Outcome {
    Outcome::Finished(Box::new(End {
        turns: Vec::new(),
        ending: Ending::Faulted(fault.clone()),
        initial_state_hash: 0,
        verdict: Verdict::Unscored(fault),
    }))
}

fn step(mut seat: Seat, text: &str) -> Outcome {
    match seat.env.step(text) {
        Err(fault) => abort(seat, fault),
        Ok(reply) if reply.truncated.is_some() => close(seat),
        Ok(reply) if reply.turn_over => {
            seat.turn += 1;
            seat.step = 0;
            next_turn(seat)
        }
        Ok(reply) => {
            seat.step += 1;
            let offered = seat.offered.clone();
            Outcome::Waiting { seat, messages: reply.message.into_iter().collect(), offered }
        }
    }
}

fn next_turn(mut seat: Seat) -> Outcome {
    match seat.env.next_turn() {
        Err(fault) => abort(seat, fault),
        Ok(None) => close(seat),
        Ok(Some(start)) => {
            seat.offered.clone_from(&start.offered);
            Outcome::Waiting { seat, messages: start.messages, offered: start.offered }
        }
    }
}

fn close(seat: Seat) -> Outcome {
    let Seat { env, plugin, task, env_stream, .. } = seat;
    let record = env.finish();
    let verdict = match &record.ending {
        Ending::Faulted(fault) => Verdict::Unscored(fault.clone()),
        Ending::Terminated | Ending::Truncated(_) => verify(&plugin, &task, &record.turns, env_stream),
    };
    let initial_state_hash = record.initial_state_hash;
    Outcome::Finished(Box::new(End { turns: record.turns, ending: record.ending, initial_state_hash, verdict }))
}

fn abort(mut seat: Seat, fault: Fault) -> Outcome {
    seat.env.fail(fault);
    close(seat)
}
