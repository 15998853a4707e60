//! What a guest said to a call, in plain form: for measurements and comparisons outside of an episode.

use crate::sandbox::ToolReply;

/// A result as JSON text, or a typed error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Result(String),
    Error {
        code: String,
        message: String,
        /// JSON text, or empty.
        details: String,
    },
}

impl From<ToolReply> for Reply {
    fn from(reply: ToolReply) -> Self {
        match reply {
            ToolReply::Result(text) => Self::Result(text),
            ToolReply::Error(error) => Self::Error { code: error.code, message: error.message, details: error.details },
        }
    }
}
