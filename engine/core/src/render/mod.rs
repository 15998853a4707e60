//! What an agent reads: the conversation as messages, and the pure text functions that write them.
//!
//! Every function takes the interface; with [`Interface::base`] the text is that of the untouched environment. Nothing
//! here can see a hidden label: it is not among the arguments.

mod feedback;
pub mod phrase;

use serde::{Deserialize, Serialize};

pub use feedback::{observation, recovery_cue, tool_message};

use crate::interface::Interface;
use crate::task::{PublicTask, ToolSpec};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    pub text: String,
}

/// The offered tools, one line each, with the interface's schema notes under them.
pub fn tool_list(tools: &[&ToolSpec], interface: &Interface) -> String {
    todo!()
}

/// The first message of an episode: the task's system text, the tools of the first turn, the interface's guidelines.
pub fn opening(task: &PublicTask, tools: &[&ToolSpec], interface: &Interface) -> Message {
    todo!()
}

/// The message between two user turns whose offered tools differ; `None` where they do not.
pub fn tools_changed(added: &[&ToolSpec], withdrawn: &[String], interface: &Interface) -> Option<Message> {
    todo!()
}
