//! A conversation to learn from, as it was read and written, and the tokens of it.

use coevo_core::episode::TokenTrace;
use coevo_core::protocol::split_thoughts;
use coevo_core::render::Message;

use crate::agent::Lesson;
use crate::sequence::TrainSequence;
use crate::tokenizer::{END, Tokenizer, role_token};

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
    let mut reader = tokenizer.reader();
    for seen in conversation {
        let before = trace.ids.len();
        reader.read(&seen.message, &mut trace.ids);
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

/// A conversation to imitate, of which `trace` has the tokens ([`encode`]): what decides counts `emphasis` times as much as the rest.
pub fn to_imitate(tokenizer: &Tokenizer, conversation: &[Seen], trace: &TokenTrace, emphasis: f64) -> TrainSequence {
    let mut sequence = TrainSequence::imitation(trace);
    if emphasis == 1.0 {
        return sequence;
    }
    let messages = trace.ids.split_inclusive(|id| *id == END);
    for (seen, ids) in conversation.iter().zip(messages) {
        let decides = if seen.lesson.is_imitated() { deciding(&seen.message.text) } else { Vec::new() };
        let mut rest = decides.as_slice();
        for id in ids {
            // The role and the end of a message spell nothing.
            let length = tokenizer.bytes(*id).map_or(0, |bytes| bytes.len());
            let (spelled, after) = rest.split_at(length.min(rest.len()));
            sequence.emphasis.push(if spelled.contains(&true) { emphasis as f32 } else { 1.0 });
            rest = after;
        }
    }
    sequence
}

/// For each byte of a reply whether something is decided there: the name of a tool in a thought, how what follows the thoughts begins,
/// and how an argument's value begins.
fn deciding(reply: &str) -> Vec<bool> {
    let mut decides = vec![false; reply.len()];
    let said = reply.trim_end().len() - split_thoughts(reply).1.len();
    let mut start = 0;
    for thought in reply[..said].split_inclusive('\n') {
        let name = thought.find(['(', '\n']).unwrap_or(thought.len());
        decides[start..start + name].fill(true);
        start += thought.len();
    }
    let mut begins = vec![said];
    if reply[said..].starts_with('@') {
        for (colon, found) in reply[said..].match_indices("\":") {
            let value = said + colon + found.len();
            begins.push(value + reply[value..].bytes().take_while(|byte| b"\"[".contains(byte)).count());
        }
    }
    for at in begins.into_iter().filter(|at| *at < reply.len()) {
        decides[at] = true;
    }
    decides
}

#[cfg(test)]
mod tests {
    use super::*;
    use coevo_core::config::TokenizerConfig;
    use coevo_core::render::Role;

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
        assert_eq!(marked("~none\nNo é. "), "~none|N.....");
    }
    #[test]
    fn tokens_that_decide_count_more() {
        let say = |role, text: &str, lesson| Seen {
            message: Message { role, text: text.to_owned() },
            turn: 0,
            step: 0,
            lesson,
        };
        let conversation = [
            say(Role::User, "@find {\"name\":\"Oslo\"}", Lesson::None),
            say(Role::Assistant, "~find(name)\n@find {\"name\":\"Oslo\"}", Lesson::Example),
        ];
        let config = TokenizerConfig { vocabulary: 280, ..TokenizerConfig::default() };
        let tokenizer = Tokenizer::train(conversation.iter().map(|seen| &seen.message.text), &config).unwrap();
        let trace = encode(&tokenizer, &conversation);
        let sequence = to_imitate(&tokenizer, &conversation, &trace, 5.0);
        assert_eq!(sequence.emphasis.len(), trace.ids.len());
        let counted: Vec<u32> =
            (0..trace.ids.len()).filter(|t| sequence.emphasis[*t] == 5.0).map(|t| trace.ids[t]).collect();
        let spelled = tokenizer.decode(&counted);
        assert!(spelled.starts_with("~find") && spelled.contains('@') && spelled.contains('O'), "{spelled}");
        assert!(counted.len() < sequence.action_tokens(), "{spelled}");
        assert!(to_imitate(&tokenizer, &conversation, &trace, 1.0).emphasis.is_empty());
    }
}
