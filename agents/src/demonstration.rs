//! A conversation to learn from, as it was read and written, and the tokens of it.

use coevo_core::episode::TokenTrace;
use coevo_core::protocol::split_thoughts;
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

/// What each token of a conversation counts when it is imitated: `emphasis` where it decides, else 1. Empty where `emphasis` is 1.
pub fn emphasized(tokenizer: &Tokenizer, conversation: &[Seen], emphasis: f64) -> Vec<f32> {
    if emphasis == 1.0 {
        return Vec::new();
    }
    let mut counts = Vec::new();
    for seen in conversation {
        let mut ids = Vec::new();
        tokenizer.encode_message(&seen.message, &mut ids);
        let decides = if seen.lesson.is_imitated() { deciding(&seen.message.text) } else { Vec::new() };
        let mut byte = 0;
        for id in ids {
            // The role and the end of a message spell nothing.
            let length = tokenizer.bytes(id).map_or(0, |bytes| bytes.len());
            let of_it = decides.get(byte..(byte + length).min(decides.len())).unwrap_or(&[]);
            counts.push(if of_it.contains(&true) { emphasis as f32 } else { 1.0 });
            byte += length;
        }
    }
    counts
}

/// For each byte of a reply whether something is decided there: the name of a tool in a thought, how what follows the thoughts begins,
/// and how an argument's value begins.
fn deciding(reply: &str) -> Vec<bool> {
    let mut decides = vec![false; reply.len()];
    let said = reply.len() - split_thoughts(reply).1.len();
    let mut start = 0;
    for thought in reply[..said].split_inclusive('\n') {
        let name = thought.find(['(', '\n']).unwrap_or(thought.len());
        decides[start..start + name].fill(true);
        start += thought.len();
    }
    decides[said..].iter_mut().take(1).for_each(|first| *first = true);
    if reply[said..].starts_with('@') {
        for (colon, found) in reply[said..].match_indices("\":") {
            let value = said + colon + found.len();
            let quotes = reply[value..].bytes().take_while(|byte| b"\"[".contains(byte)).count();
            decides[value + quotes..].iter_mut().take(1).for_each(|first| *first = true);
        }
    }
    decides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reply_decides() {
        let marked = |reply: &str| -> String {
            let decides = deciding(reply);
            reply
                .char_indices()
                .map(|(at, c)| match c {
                    _ if decides[at] => c,
                    '\n' => '|',
                    _ => '.',
                })
                .collect()
        };
        let call = "~find_place(name)\n~none\n@find_place {\"name\":\"Oslo\",\"most\":12,\"of\":[\"a\",\"b\"]}";
        assert_eq!(marked(call), "~find_place......|~none|@....................O............1.........a.......");
        assert_eq!(marked("Which date?"), "W..........");
        assert_eq!(marked("~set_vent(vent)\nIt is off."), "~set_vent......|I.........");
        assert_eq!(marked(""), "");
    }
}
