//! Tasks, records and verdicts: the ABI's records as plain Rust values, so that everything can be tested on the host.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::session::Side;

/// A call by name with a JSON object of arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    pub name: String,
    pub arguments: Value,
}

/// One user turn of a task under construction, with what the reference does in it.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnDraft {
    pub user: String,
    pub offered: Vec<String>,
    pub reference: ReferenceTurn,
}

/// What [`crate::Environment::generate`] returns; usually from [`crate::Script::finish`].
#[derive(Clone, Debug, PartialEq)]
pub struct TaskDraft<S> {
    /// Tasks that share a scenario stay on one side of a split.
    pub scenario: String,
    pub category: String,
    /// Shown to the agent before the first turn.
    pub system: String,
    pub initial: S,
    pub turns: Vec<TurnDraft>,
    /// Whatever else an environment's own verifier needs; usually empty.
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserMessage {
    Scripted(String),
    Simulated,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserTurn {
    pub message: UserMessage,
    /// Names of the tools that the agent may call in this turn.
    pub offered: Vec<String>,
}

/// What the reference solution does in one user turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReferenceTurn {
    pub calls: Vec<ToolCall>,
    pub answer: String,
    /// Of each inner list the answer must contain one, case-insensitively.
    pub mentions: Vec<Vec<String>>,
}

/// A finished task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub id: String,
    pub scenario: String,
    pub category: String,
    pub system: String,
    /// JSON text.
    pub initial_state: String,
    pub turns: Vec<UserTurn>,
    pub user_profile: String,
    pub reference: Vec<ReferenceTurn>,
    pub label: String,
}

/// What came of a call in a finished episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    Executed,
    ToolError,
    /// Never reached the guest.
    Rejected,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    pub call: ToolCall,
    pub status: CallStatus,
    pub side: Side,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnRecord {
    pub calls: Vec<CallRecord>,
    /// Absent where the turn was cut off.
    pub answer: Option<String>,
}

/// Why a turn failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    StateMismatch,
    InstanceMismatch,
    ResponseMismatch,
    EmptyTurn,
    SpuriousCall,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnVerdict {
    /// Absent where the turn passed.
    pub failure: Option<Failure>,
    /// For people; may name hidden facts.
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// 1 if every turn passed, else 0.
    pub reward: f64,
    pub turns: Vec<TurnVerdict>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    User,
    Assistant,
    Tool,
}

/// One message of the conversation, for simulated users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    pub text: String,
}

/// What a simulated user does next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserEvent {
    pub message: String,
    pub offered: Vec<String>,
    pub calls: Vec<ToolCall>,
    pub done: bool,
}
