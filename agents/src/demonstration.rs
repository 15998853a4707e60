//! A conversation to learn from, as it was read and written, and the tokens of it.

use coevo_core::episode::TokenTrace;
use coevo_core::render::Message;

use crate::agent::Lesson;
use crate::tokenizer::{Tokenizer, role_token};

/// One message of a conversation.
#[derive(Clone, Debug)]
pub struct Seen {
    pub message: Message,
    pub turn: u16,
    pub step: u16,
    /// What it is to whoever learns from it; [`Lesson::None`] for what the demonstrator read.
    pub lesson: Lesson,
}

/// The tokens of a conversation; what is to be imitated counts as action tokens.
pub fn encode(tokenizer: &Tokenizer, conversation: &[Seen]) -> TokenTrace {
    let mut trace = TokenTrace::default();
    for seen in conversation {
        let before = trace.ids.len();
        tokenizer.encode_message(&seen.message, &mut trace.ids);
        debug_assert_eq!(trace.ids[before], role_token(seen.message.role));
        let added = trace.ids.len() - before;
        // The role token of a reply is given, not chosen.
        trace.action.extend((0..added).map(|i| seen.lesson.is_imitated() && i > 0));
        trace.turn.extend(std::iter::repeat_n(seen.turn, added));
        trace.step.extend(std::iter::repeat_n(seen.step, added));
    }
    trace.log_probs = vec![0.0; trace.ids.len()];
    trace
}
