//! The host's side of `coevo:env`, generated from the one WIT file, and the conversions between its records and ours.
//!
//! Conversions that a guest can get wrong live in `check`; these cannot fail.

wasmtime::component::bindgen!({
    path: "../plugins/wit",
    world: "environment",
    require_store_data_send: true,
    imports: { default: trappable },
});

use coevo_core::episode::{Parsed, Rejection, Step, StepOutcome, Turn, TurnVerdict, VerdictFailure};
use coevo_core::task as core;

pub use self::coevo::env::{host, types};

/// Package version of the ABI that this host speaks.
pub const VERSION: &str = "1.0.0";
/// What a guest imports, and what it exports, with that version.
pub const HOST: &str = "coevo:env/host@1.0.0";
pub const GUEST: &str = "coevo:env/guest@1.0.0";

pub fn side(side: core::Side) -> types::Side {
    match side {
        core::Side::Agent => types::Side::Agent,
        core::Side::User => types::Side::User,
    }
}

pub fn task(task: &core::Task) -> types::Task {
    let core::Task { public, hidden } = task;
    types::Task {
        id: public.id.clone(),
        scenario: public.scenario.clone(),
        category: public.category.clone(),
        system: public.system.clone(),
        initial_state: public.initial_state.clone(),
        turns: public.turns.iter().map(user_turn).collect(),
        user_profile: public.user_profile.clone(),
        reference: hidden.reference.iter().map(reference_turn).collect(),
        label: hidden.label.clone(),
    }
}

fn user_turn(turn: &core::UserTurn) -> types::UserTurn {
    let message = match &turn.message {
        core::UserMessage::Scripted(text) => types::UserMessage::Scripted(text.clone()),
        core::UserMessage::Simulated => types::UserMessage::Simulated,
    };
    types::UserTurn { message, offered: turn.offered.clone() }
}

fn reference_turn(turn: &core::ReferenceTurn) -> types::ReferenceTurn {
    types::ReferenceTurn {
        calls: turn.calls.iter().map(tool_call).collect(),
        answer: turn.answer.clone(),
        mentions: turn.mentions.clone(),
    }
}

fn tool_call(call: &core::ToolCall) -> types::ToolCall {
    types::ToolCall { name: call.name.clone(), arguments: call.arguments.to_string() }
}

/// A played turn as the verifier reads it: the user's own calls first, then every call that the agent made or attempted.
/// Broken call text (`@…` that is no call) counts as an attempt without a name; an empty reply is none.
pub fn turn_record(turn: &Turn) -> types::TurnRecord {
    let user =
        turn.user_calls.iter().filter_map(|made| call_record(tool_call(&made.call), &made.outcome, core::Side::User));
    let agent = turn.steps.iter().filter_map(|step| {
        let call = match &step.parsed {
            Parsed::Call(call) => tool_call(call),
            Parsed::Malformed { .. } if is_attempt(step) => {
                types::ToolCall { name: String::new(), arguments: "{}".to_owned() }
            }
            Parsed::Malformed { .. } | Parsed::Answer(_) => return None,
        };
        call_record(call, &step.outcome, core::Side::Agent)
    });
    types::TurnRecord { calls: user.chain(agent).collect(), answer: turn.answer().map(str::to_owned) }
}

fn is_attempt(step: &Step) -> bool {
    step.text.trim_start().starts_with('@')
}

fn call_record(call: types::ToolCall, outcome: &StepOutcome, by: core::Side) -> Option<types::CallRecord> {
    let (status, output) = match outcome {
        StepOutcome::Executed { result } => (types::CallStatus::Executed, result.to_string()),
        StepOutcome::ToolError { code, message, details } => {
            let error = serde_json::json!({ "code": code, "message": message, "details": details });
            (types::CallStatus::ToolError, error.to_string())
        }
        StepOutcome::Rejected(rejection) => (types::CallStatus::Rejected, reason(rejection).to_owned()),
        StepOutcome::Answered => return None,
    };
    Some(types::CallRecord { call, status, output, side: side(by) })
}

fn reason(rejection: &Rejection) -> &str {
    match rejection {
        Rejection::Malformed { reason } => reason,
        Rejection::UnknownTool { .. } => "unknown tool",
        Rejection::NotOffered { .. } => "not offered",
        Rejection::Schema { .. } => "arguments do not fit the schema",
    }
}

pub fn turn_verdict(verdict: types::TurnVerdict) -> TurnVerdict {
    let failure = verdict.failure.map(|failure| match failure {
        types::Failure::StateMismatch => VerdictFailure::StateMismatch,
        types::Failure::InstanceMismatch => VerdictFailure::InstanceMismatch,
        types::Failure::ResponseMismatch => VerdictFailure::ResponseMismatch,
        types::Failure::EmptyTurn => VerdictFailure::EmptyTurn,
        types::Failure::SpuriousCall => VerdictFailure::SpuriousCall,
    });
    TurnVerdict { failure, detail: verdict.detail }
}
