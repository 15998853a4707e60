//! The simulated user: a second instance of the guest, which the agent cannot call.

use std::sync::Arc;

use coevo_core::episode::{Fault, Parsed, Turn};
use coevo_core::task::{ToolCall, UserMessage};

use crate::abi::types;
use crate::check;
use crate::sandbox::Service;
use crate::session::Setting;

/// What a simulated user does next.
pub(crate) struct UserMove {
    pub message: String,
    pub offered: Vec<String>,
    pub calls: Vec<ToolCall>,
}

pub(crate) struct SimulatedUser {
    guest: Service,
    /// Turns in which it was asked, to bring a fork to the same point.
    asked: Vec<usize>,
}

impl SimulatedUser {
    /// `None` where every turn of the task is scripted.
    pub fn begin(setting: &Setting) -> Result<Option<Self>, Fault> {
        if setting.task.turns.iter().all(|turn| turn.message != UserMessage::Simulated) {
            return Ok(None);
        }
        // Its stream differs from the world's in `turn`, which the world's leaves at 0.
        let mut guest = setting.plugin.service(setting.stream.turn(u32::MAX))?;
        guest.reset_user(&setting.task.user_profile)?;
        Ok(Some(Self { guest, asked: Vec::new() }))
    }

    /// The user's move in turn `at`, after the turns in `past`; `None` when they are done. What a user who is done
    /// would still say or call is dropped.
    pub fn next(&mut self, setting: &Setting, at: usize, past: &[Arc<Turn>]) -> Result<Option<UserMove>, Fault> {
        self.asked.push(at);
        let event = self.guest.next_user(at as u32, &conversation(past))?;
        if event.done {
            return Ok(None);
        }
        let spec = setting.plugin.spec();
        let calls = match event.calls.len() {
            count if count > check::USER_CALLS => {
                Err(format!("there are {count}, at most {} are allowed", check::USER_CALLS))
            }
            _ => event.calls.into_iter().map(|call| check::tool_call(call, spec)).collect(),
        };
        let checked = match (calls, check::offered(&event.offered, spec)) {
            (Err(problem), _) => Err(format!("calls: {problem}")),
            (_, Err(problem)) => Err(format!("offered: {problem}")),
            (Ok(_), _) if event.message.trim().is_empty() => Err("message is empty".to_owned()),
            (Ok(calls), Ok(())) => Ok(UserMove { message: event.message, offered: event.offered, calls }),
        };
        checked.map(Some).map_err(|problem| self.guest.condemn("next-user", problem))
    }

    /// A user at the same point of the conversation: asked the same questions again.
    pub fn fork(&self, setting: &Setting, past: &[Arc<Turn>]) -> Result<Self, Fault> {
        let mut guest = setting.plugin.service(setting.stream.turn(u32::MAX))?;
        guest.reset_user(&setting.task.user_profile)?;
        for &at in &self.asked {
            guest.next_user(at as u32, &conversation(&past[..at]))?;
        }
        Ok(Self { guest, asked: self.asked.clone() })
    }
}

/// What the user has seen: their own messages, the agent's answers, and its calls with their observations, but never a
/// cue of the training interface.
fn conversation(past: &[Arc<Turn>]) -> Vec<types::Message> {
    let message = |role, text: &str| types::Message { role, text: text.to_owned() };
    let mut messages = Vec::new();
    for turn in past {
        messages.push(message(types::Role::User, &turn.user));
        for step in &turn.steps {
            messages.push(message(types::Role::Assistant, &step.text));
            if !matches!(step.parsed, Parsed::Answer(_)) {
                messages.push(message(types::Role::Tool, &step.observation));
            }
        }
    }
    messages
}
