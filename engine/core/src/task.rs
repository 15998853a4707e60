//! Environments and tasks as the host sees them.
//!
//! The split between [`PublicTask`] and [`HiddenLabel`] is the wall of the house: agents, interface rules and callable
//! sandbox instances are given the first and have no way to name the second.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who may call a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Agent,
    User,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorCode {
    pub code: String,
    pub description: String,
}

/// A tool as the environment declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    pub name: String,
    pub description: String,
    /// JSON Schema of the arguments object.
    pub arguments: Value,
    /// JSON Schema of a successful result.
    pub result: Value,
    pub errors: Vec<ErrorCode>,
    /// One sentence each.
    pub preconditions: Vec<String>,
    pub side: Side,
    pub mutates: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitInfo {
    pub name: String,
    pub tasks: u32,
}

/// What an environment says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvSpec {
    pub name: String,
    pub version: String,
    pub summary: String,
    pub tools: Vec<ToolSpec>,
    pub splits: Vec<SplitInfo>,
    pub categories: Vec<String>,
    pub reward_min: f64,
    pub reward_max: f64,
}

impl EnvSpec {
    pub fn tool(&self, name: &str) -> Option<&ToolSpec> {
        self.tools.iter().find(|tool| tool.name == name)
    }
}

/// A call by name with a JSON object of arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    pub name: String,
    pub arguments: Value,
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
    /// Tools the agent may call in this turn; enforced by the host.
    pub offered: Vec<String>,
}

/// The part of a task that an agent may learn of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PublicTask {
    pub id: String,
    /// Tasks that share a scenario stay on one side of a split.
    pub scenario: String,
    pub category: String,
    pub system: String,
    /// JSON text.
    pub initial_state: String,
    pub turns: Vec<UserTurn>,
    /// Private to the simulated user; empty where every turn is scripted.
    pub user_profile: String,
}

impl PublicTask {
    /// Length of its texts, but for names.
    pub fn bytes(&self) -> usize {
        let said = self.turns.iter().map(|turn| match &turn.message {
            UserMessage::Scripted(text) => text.len(),
            UserMessage::Simulated => 0,
        });
        self.system.len() + self.initial_state.len() + self.user_profile.len() + said.sum::<usize>()
    }
}

/// What the reference solution does in one user turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceTurn {
    pub calls: Vec<ToolCall>,
    pub answer: String,
    /// Of each inner list the answer must contain one, case-insensitively.
    pub mentions: Vec<Vec<String>>,
}

/// The part of a task that only the verifier, the oracle and the diagnosis may see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HiddenLabel {
    pub reference: Vec<ReferenceTurn>,
    /// Whatever else the environment's verifier needs (JSON text).
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub public: PublicTask,
    pub hidden: HiddenLabel,
}

impl Task {
    /// Length of its texts, but for names.
    pub fn bytes(&self) -> usize {
        let HiddenLabel { reference, label } = &self.hidden;
        let turns = reference.iter().map(|turn| {
            let calls = turn.calls.iter().map(|call| call.arguments.to_string().len());
            turn.answer.len() + calls.chain(turn.mentions.iter().flatten().map(String::len)).sum::<usize>()
        });
        self.public.bytes() + label.len() + turns.sum::<usize>()
    }
}

/// Which task of which environment: enough to generate it again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskRef {
    pub env: String,
    pub split: String,
    pub index: u32,
    pub seed: u64,
}
