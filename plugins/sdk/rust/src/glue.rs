//! Between the ABI and the SDK: converts records, parses JSON, and nothing else.

use serde_json::Value;

use crate::heap;
use crate::session::{self, Session, Surroundings};
use crate::task as sdk;
use crate::wit::coevo::env::{host, types as abi};
use crate::wit::exports::coevo::env::guest::Guest;
use crate::{Environment, Level, Side};

/// Implemented by the `export!` macro: where the one session of this instance lives.
pub trait Export: 'static {
    type Env: Environment;
    fn with<R>(run: impl FnOnce(&mut Session<Self::Env>) -> R) -> R;
}

/// The host's imports.
struct Host;

impl Surroundings for Host {
    fn random(&mut self) -> u64 {
        host::random_u64()
    }

    fn log(&mut self, level: Level, message: &str) {
        let level = match level {
            Level::Debug => host::Level::Debug,
            Level::Info => host::Level::Info,
            Level::Warn => host::Level::Warn,
            Level::Error => host::Level::Error,
        };
        host::log(level, message);
    }
}

impl<X: Export> Guest for X {
    fn describe() -> abi::Description {
        let described = X::Env::describe();
        abi::Description {
            name: described.name.into(),
            version: described.version.into(),
            summary: described.summary.into(),
            tools: described.tools.iter().map(tool).collect(),
            splits: described
                .splits
                .iter()
                .map(|(name, tasks)| abi::SplitInfo { name: (*name).into(), tasks: *tasks })
                .collect(),
            categories: described.categories.iter().map(|name| (*name).into()).collect(),
            reward_min: 0.0,
            reward_max: 1.0,
        }
    }

    fn generate(split: String, index: u32, seed: u64) -> Result<abi::Task, String> {
        session::generate::<X::Env>(&split, index, seed).map(task_out)
    }

    fn import_task(data: String) -> Result<abi::Task, String> {
        X::Env::import(&data).map(task_out)
    }

    fn reset(initial_state: String) -> Result<(), String> {
        heap::wiped(|| {
            let done = X::with(|session| session.reset(&initial_state));
            drop(initial_state);
            done
        })
    }

    fn reset_user(profile: String) -> Result<(), String> {
        PROFILE.with_borrow_mut(|slot| *slot = profile);
        Ok(())
    }

    fn next_user(turn: u32, conversation: Vec<abi::Message>) -> Result<abi::UserEvent, String> {
        let conversation: Vec<sdk::Message> = conversation.into_iter().map(message_in).collect();
        let event = PROFILE.with_borrow(|profile| X::Env::next_user(profile, turn, &conversation))?;
        Ok(abi::UserEvent {
            message: event.message,
            offered: event.offered,
            calls: event.calls.into_iter().map(call_out).collect(),
            done: event.done,
        })
    }

    fn call(name: String, arguments: String, caller: abi::Side) -> Result<String, abi::ToolError> {
        let done = X::with(|session| session.call_text(&name, &arguments, side_in(caller), &mut Host));
        done.map_err(|error| abi::ToolError {
            code: error.code,
            message: error.message,
            details: if error.details.is_null() { String::new() } else { error.details.to_string() },
        })
    }

    fn state_hash() -> u64 {
        X::with(Session::state_hash)
    }

    fn state() -> String {
        X::with(|session| session.state_json())
    }

    fn snapshot() -> Result<Vec<u8>, String> {
        X::with(|session| session.snapshot())
    }

    fn restore(snapshot: Vec<u8>) -> Result<(), String> {
        X::with(|session| session.restore(&snapshot))
    }

    fn verify(task: abi::Task, turns: Vec<abi::TurnRecord>) -> Result<abi::Verdict, String> {
        let task = task_in(task)?;
        let turns = turns.into_iter().map(turn_in).collect::<Result<Vec<_>, _>>()?;
        let verdict = X::Env::verify(&task, &turns, &mut Host)?;
        Ok(abi::Verdict { reward: verdict.reward, turns: verdict.turns.into_iter().map(verdict_out).collect() })
    }
}

thread_local! {
    static PROFILE: core::cell::RefCell<String> = const { core::cell::RefCell::new(String::new()) };
}

fn tool(tool: &crate::Tool) -> abi::Tool {
    abi::Tool {
        name: tool.name.into(),
        description: tool.description.into(),
        arguments: tool.arguments_schema().to_string(),
        result: tool.result_schema().to_string(),
        errors: tool
            .errors
            .iter()
            .map(|(code, description)| abi::ErrorCode { code: (*code).into(), description: (*description).into() })
            .collect(),
        preconditions: tool.preconditions.iter().map(|text| (*text).into()).collect(),
        side: match tool.side {
            Side::Agent => abi::Side::Agent,
            Side::User => abi::Side::User,
        },
        mutates: tool.mutates,
    }
}

fn side_in(side: abi::Side) -> Side {
    match side {
        abi::Side::Agent => Side::Agent,
        abi::Side::User => Side::User,
    }
}

fn message_in(message: abi::Message) -> sdk::Message {
    let role = match message.role {
        abi::Role::User => sdk::Role::User,
        abi::Role::Assistant => sdk::Role::Assistant,
        abi::Role::Tool => sdk::Role::Tool,
    };
    sdk::Message { role, text: message.text }
}

fn call_out(call: sdk::ToolCall) -> abi::ToolCall {
    abi::ToolCall { name: call.name, arguments: call.arguments.to_string() }
}

fn call_in(call: abi::ToolCall) -> Result<sdk::ToolCall, String> {
    let arguments = serde_json::from_str(&call.arguments).map_err(|error| format!("{}: {error}", call.name))?;
    Ok(sdk::ToolCall { name: call.name, arguments })
}

fn task_out(task: sdk::Task) -> abi::Task {
    let turn = |turn: sdk::UserTurn| abi::UserTurn {
        message: match turn.message {
            sdk::UserMessage::Scripted(text) => abi::UserMessage::Scripted(text),
            sdk::UserMessage::Simulated => abi::UserMessage::Simulated,
        },
        offered: turn.offered,
    };
    let reference = |turn: sdk::ReferenceTurn| abi::ReferenceTurn {
        calls: turn.calls.into_iter().map(call_out).collect(),
        answer: turn.answer,
        mentions: turn.mentions,
    };
    abi::Task {
        id: task.id,
        scenario: task.scenario,
        category: task.category,
        system: task.system,
        initial_state: task.initial_state,
        turns: task.turns.into_iter().map(turn).collect(),
        user_profile: task.user_profile,
        reference: task.reference.into_iter().map(reference).collect(),
        label: task.label,
    }
}

fn task_in(task: abi::Task) -> Result<sdk::Task, String> {
    let turn = |turn: abi::UserTurn| sdk::UserTurn {
        message: match turn.message {
            abi::UserMessage::Scripted(text) => sdk::UserMessage::Scripted(text),
            abi::UserMessage::Simulated => sdk::UserMessage::Simulated,
        },
        offered: turn.offered,
    };
    let reference = |turn: abi::ReferenceTurn| -> Result<sdk::ReferenceTurn, String> {
        Ok(sdk::ReferenceTurn {
            calls: turn.calls.into_iter().map(call_in).collect::<Result<_, _>>()?,
            answer: turn.answer,
            mentions: turn.mentions,
        })
    };
    Ok(sdk::Task {
        id: task.id,
        scenario: task.scenario,
        category: task.category,
        system: task.system,
        initial_state: task.initial_state,
        turns: task.turns.into_iter().map(turn).collect(),
        user_profile: task.user_profile,
        reference: task.reference.into_iter().map(reference).collect::<Result<_, _>>()?,
        label: task.label,
    })
}

fn turn_in(turn: abi::TurnRecord) -> Result<sdk::TurnRecord, String> {
    let record = |record: abi::CallRecord| -> Result<sdk::CallRecord, String> {
        let status = match record.status {
            abi::CallStatus::Executed => sdk::CallStatus::Executed,
            abi::CallStatus::ToolError => sdk::CallStatus::ToolError,
            abi::CallStatus::Rejected => sdk::CallStatus::Rejected,
        };
        let call = match (call_in(record.call.clone()), status) {
            (Ok(call), _) => call,
            // A rejected call may have arguments that are no JSON; it counts as an attempt and is never replayed.
            (Err(_), sdk::CallStatus::Rejected) => sdk::ToolCall { name: record.call.name, arguments: Value::Null },
            (Err(error), _) => return Err(error),
        };
        Ok(sdk::CallRecord { call, status, side: side_in(record.side) })
    };
    Ok(sdk::TurnRecord { calls: turn.calls.into_iter().map(record).collect::<Result<_, _>>()?, answer: turn.answer })
}

fn verdict_out(turn: sdk::TurnVerdict) -> abi::TurnVerdict {
    let failure = turn.failure.map(|failure| match failure {
        sdk::Failure::StateMismatch => abi::Failure::StateMismatch,
        sdk::Failure::InstanceMismatch => abi::Failure::InstanceMismatch,
        sdk::Failure::ResponseMismatch => abi::Failure::ResponseMismatch,
        sdk::Failure::EmptyTurn => abi::Failure::EmptyTurn,
        sdk::Failure::SpuriousCall => abi::Failure::SpuriousCall,
    });
    abi::TurnVerdict { failure, detail: turn.detail }
}
