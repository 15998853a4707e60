//! Looking tools up: after each request, the lines of those tools that share most with it, as the list has them.
//!
//! A small policy copies what stands near and hardly finds one line among twenty. So whoever reads the conversation for it counts
//! words: each word that a request shares with a tool's line counts the more, the fewer lines have it. It is part of how
//! a policy reads, as its tokenizer is: what the environment says stays as it is.
//!
//! Rejected: the same after each call that failed, by the words of its error, too. Fewer failed calls are said again, but the
//! right tool is found less often (RESULTS.md).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use coevo_core::render::{self, Listed, Message, Role};

/// A word of a tool's name counts this many times as much as one of its arguments or description.
const NAME: f64 = 1.5;

/// The tools that a conversation has offered so far.
#[derive(Clone, Debug)]
pub struct Recall {
    /// How many to look up; 0 for none.
    most: usize,
    tools: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    name: String,
    text: String,
    own: BTreeSet<String>,
    words: BTreeSet<String>,
}

impl Recall {
    pub fn new(most: usize) -> Self {
        Self { most, tools: Vec::new() }
    }

    /// The text of a message as a policy reads it: a request is followed by the lines of the tools that are nearest to it.
    pub fn read<'a>(&mut self, message: &'a Message) -> Cow<'a, str> {
        match message.role {
            Role::System if self.most > 0 => self.offer(&message.text),
            Role::User if self.most > 0 => {
                let near = self.nearest(&message.text);
                if !near.is_empty() {
                    return format!("{}\n{}", message.text, near.join("\n")).into();
                }
            }
            _ => {}
        }
        message.text.as_str().into()
    }

    /// Takes up what a system message says of tools.
    fn offer(&mut self, text: &str) {
        let Listed { added, withdrawn } = render::listed(text);
        self.tools.retain(|tool| !withdrawn.contains(&tool.name.as_str()));
        self.tools.extend(added.into_iter().map(|(name, line)| Line {
            name: name.to_owned(),
            text: line.to_owned(),
            own: words(name).collect(),
            words: words(line).collect(),
        }));
    }

    fn nearest(&self, request: &str) -> Vec<&str> {
        let asked: BTreeSet<String> = words(request).collect();
        let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
        for word in self.tools.iter().flat_map(|tool| &tool.words) {
            *lines.entry(word).or_default() += 1;
        }
        let score = |tool: &Line| -> f64 {
            let shared = tool.words.intersection(&asked);
            shared
                .map(|word| {
                    let rare = ((self.tools.len() + 1) as f64 / lines[word.as_str()] as f64).ln();
                    if tool.own.contains(word) { NAME * rare } else { rare }
                })
                .sum()
        };
        let mut scored: Vec<(f64, &str)> =
            self.tools.iter().map(|tool| (score(tool), tool.text.as_str())).filter(|(score, _)| *score > 0.0).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().take(self.most).map(|(_, text)| text).collect()
    }
}

/// The words of a text in small letters, without the `s` of a plural; `getPrice` is two.
fn words(text: &str) -> impl Iterator<Item = String> {
    let split = text.split(|c: char| !c.is_alphabetic());
    split.flat_map(humps).map(|word| {
        let word = word.to_lowercase();
        match word.strip_suffix('s') {
            Some(one) if one.len() >= 3 => one.to_owned(),
            _ => word,
        }
    })
}

/// `getPrice` in two.
fn humps(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let hump =
            |(at, c): (usize, char)| (c.is_uppercase() && rest[..at].ends_with(char::is_lowercase)).then_some(at);
        let at = rest.char_indices().find_map(hump).unwrap_or(rest.len());
        let (first, after) = rest.split_at(at);
        rest = after;
        (!first.is_empty()).then_some(first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use coevo_core::config::{Backend, ModelConfig, SampleConfig, TokenizerConfig};
    use coevo_core::interface::Interface;
    use coevo_core::seed::{Purpose, StreamKey};
    use coevo_core::task::{PublicTask, Side, ToolSpec};
    use serde_json::json;

    use crate::demonstration::{Seen, encode};
    use crate::{Agent, EpisodeStart, Learner, Lesson, Request, Tokenizer};

    fn tool(name: &str, description: &str, arguments: &[&str]) -> ToolSpec {
        let properties: serde_json::Map<String, serde_json::Value> =
            arguments.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
        ToolSpec {
            name: name.to_owned(),
            description: description.to_owned(),
            arguments: json!({ "type": "object", "properties": properties, "required": arguments }),
            result: json!({}),
            errors: Vec::new(),
            preconditions: Vec::new(),
            side: Side::Agent,
            mutates: false,
        }
    }

    fn asked(recall: &mut Recall, text: &str) -> String {
        recall.read(&Message { role: Role::User, text: text.to_owned() }).into_owned()
    }

    #[test]
    fn a_request_is_followed_by_the_tools_that_share_most_with_it() {
        let tools = [
            tool("set_vent", "set a vent", &["vent", "level"]),
            tool("check_tyre", "pressure of every wheel", &[]),
            tool("getPrice", "what a share costs", &["share"]),
            tool("set_lamp", "set a lamp", &["lamp"]),
        ];
        let task = PublicTask { system: "call(me) a helper".to_owned(), ..PublicTask::default() };
        let opening = render::opening(&task, &tools[..3].iter().collect::<Vec<_>>(), &Interface::base());
        let mut recall = Recall::new(2);
        assert_eq!(recall.read(&opening), opening.text);
        let both = "Check the tyres, then set the vent.\nset_vent(vent, level) set a vent\ncheck_tyre() pressure of every wheel";
        assert_eq!(asked(&mut recall, "Check the tyres, then set the vent."), both);
        assert_eq!(asked(&mut recall, "Its price?"), "Its price?\ngetPrice(share) what a share costs");
        assert_eq!(asked(&mut recall, "And now?"), "And now?");
        assert_eq!(asked(&mut Recall::new(0), "Its price?"), "Its price?");
        let changed = render::tools_changed(&[&tools[3]], &["set_vent".to_owned()], &Interface::base());
        recall.read(&changed.expect("they changed"));
        assert_eq!(asked(&mut recall, "Set both."), "Set both.\nset_lamp(lamp) set a lamp");
    }

    /// Demonstrations, episodes and what a checkpoint brings back read alike.
    #[test]
    fn what_is_played_is_read_as_it_was_demonstrated() {
        let tool = tool("open_door", "open a door", &["door"]);
        let opening = render::opening(&PublicTask::default(), &[&tool], &Interface::base());
        let request = Message { role: Role::User, text: "Open the left door.".to_owned() };
        let texts = [opening.text.as_str(), request.text.as_str()];
        let tokenizer = Tokenizer::train(texts, &TokenizerConfig { vocabulary: 300, ..TokenizerConfig::default() });
        let model =
            ModelConfig { layers: 1, width: 32, heads: 2, mlp: 32, context: 256, recall: 3, ..ModelConfig::default() };
        let learner = Learner::new(&model, tokenizer.expect("large enough"), Backend::Cpu, 1).expect("a valid model");
        let learner = Learner::restore(&learner.checkpoint(), Backend::Cpu).expect("its own checkpoint");

        let seen = |message: &Message| Seen { message: message.clone(), turn: 0, step: 0, lesson: Lesson::None };
        let demonstrated = encode(learner.tokenizer(), &[seen(&opening), seen(&request)]).ids;
        let read = learner.tokenizer().decode(&demonstrated);
        assert!(read.ends_with("Open the left door.\nopen_door(door) open a door"), "{read}");

        let mut agent = learner.policy().agent(SampleConfig::greedy(1), &[]);
        let stream = StreamKey::new(1, Purpose::Action);
        agent.begin(0, &EpisodeStart { task: &PublicTask::default(), stream });
        let messages = [opening, request];
        agent.act(&[Request { slot: 0, turn: 0, step: 0, messages: &messages, offered: &[] }]);
        let played = agent.end(0).ids;
        assert_eq!(played[..demonstrated.len()], demonstrated);
    }

    #[test]
    fn words_are_small_single_and_whole() {
        let of = |text: &str| words(text).collect::<Vec<_>>();
        assert_eq!(
            of("set_vents(isOpen?) Öffne 3 gas HTTPServer"),
            ["set", "vent", "is", "open", "öffne", "gas", "httpserver"]
        );
    }
}
