//! Where a player's lines come from: an editor with completion at a terminal, plain lines from a pipe.

use std::cell::RefCell;
use std::io::{BufRead, IsTerminal, Write};
use std::rc::Rc;

use coevo_core::render::phrase;
use coevo_core::task::{EnvSpec, Side};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::line::COMMANDS;
use crate::command::Failure;

/// Names of the tools that may be called now; completion follows the turn.
pub type Offered = Rc<RefCell<Vec<String>>>;

pub enum Input {
    Terminal(Box<Editor<Words, DefaultHistory>>),
    Pipe,
}

impl Input {
    pub fn open(spec: &EnvSpec, offered: Offered) -> Result<Self, Failure> {
        if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
            return Ok(Self::Pipe);
        }
        let config = Config::builder().auto_add_history(true).completion_type(CompletionType::List).build();
        let mut editor =
            Editor::with_config(config).map_err(|error| Failure::ours(format!("the terminal: {error}")))?;
        editor.set_helper(Some(Words { spec: spec.clone(), offered }));
        Ok(Self::Terminal(Box::new(editor)))
    }

    /// The next line; `None` at the end. A pipe's lines are shown, so that what is printed reads like a session.
    pub fn next(&mut self, prompt: &str) -> Result<Option<String>, Failure> {
        let lost = |error: &dyn std::fmt::Display| Failure::ours(format!("reading the input: {error}"));
        match self {
            Self::Terminal(editor) => match editor.readline(prompt) {
                Ok(line) => Ok(Some(line)),
                Err(ReadlineError::Eof) => Ok(None),
                // Ctrl-C gives the line up, Ctrl-D the session.
                Err(ReadlineError::Interrupted) => Ok(Some(String::new())),
                Err(error) => Err(lost(&error)),
            },
            Self::Pipe => {
                let mut line = String::new();
                let read = std::io::stdin().lock().read_line(&mut line).map_err(|error| lost(&error))?;
                if read > 0 {
                    println!("{prompt}{}", line.trim_end());
                }
                std::io::stdout().flush().map_err(|error| lost(&error))?;
                Ok((read > 0).then_some(line))
            }
        }
    }
}

/// Completes commands, tools, arguments and the words that an argument may be.
pub struct Words {
    spec: EnvSpec,
    offered: Offered,
}

impl Words {
    /// (where the word begins, what it may become)
    fn candidates(&self, line: &str) -> (usize, Vec<String>) {
        let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let (before, word) = line.split_at(start);
        let before = before.trim();
        if before.is_empty() {
            let commands = COMMANDS.iter().map(|(name, _, _)| format!(":{name} "));
            let tools = self.offered.borrow().iter().map(|name| format!("{name} ")).collect::<Vec<_>>();
            return (start, beginning(word, tools.into_iter().chain(commands)));
        }
        if before == ":help" {
            return (start, beginning(word, self.spec.tools.iter().map(|tool| tool.name.clone())));
        }
        let first = before.split_whitespace().next().unwrap_or_default();
        let Some(tool) = self.spec.tool(first).filter(|tool| tool.side == Side::Agent) else {
            return (start, Vec::new());
        };
        match word.split_once('=') {
            None => (start, beginning(word, phrase::arguments(tool).into_iter().map(|name| format!("{name}=")))),
            Some((name, value)) => {
                let words = tool.arguments["properties"][name]["enum"].as_array();
                let words = words.into_iter().flatten().map(|word| format!("{} ", phrase::scalar(word)));
                (start + name.len() + 1, beginning(value, words))
            }
        }
    }
}

fn beginning(word: &str, all: impl Iterator<Item = String>) -> Vec<String> {
    all.filter(|candidate| candidate.starts_with(word)).collect()
}

impl Completer for Words {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(&line[..at]))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}
impl Validator for Words {}
impl Helper for Words {}

#[cfg(test)]
mod tests {
    use coevo_core::task::ToolSpec;
    use serde_json::json;

    use super::*;

    #[test]
    fn completion_follows_the_line() {
        let tool = |name: &str| ToolSpec {
            name: name.into(),
            description: String::new(),
            arguments: json!({"properties": {"card": {"type": "string", "enum": ["visa", "amex"]}, "count": {}}}),
            result: json!({}),
            errors: Vec::new(),
            preconditions: Vec::new(),
            side: Side::Agent,
            mutates: false,
        };
        let spec = EnvSpec {
            name: "toy".into(),
            version: "1.0.0".into(),
            summary: String::new(),
            tools: vec![tool("pay"), tool("look")],
            splits: Vec::new(),
            categories: Vec::new(),
            reward_min: 0.0,
            reward_max: 1.0,
        };
        let words = Words { spec, offered: Rc::new(RefCell::new(vec!["pay".to_owned()])) };
        let cases: [(&str, usize, &[&str]); 9] = [
            ("p", 0, &["pay "]),
            ("l", 0, &[]),
            (":st", 0, &[":state "]),
            ("pay ", 4, &["card=", "count="]),
            ("pay c", 4, &["card=", "count="]),
            ("pay card=", 9, &["visa ", "amex "]),
            ("pay count=2 card=a", 17, &["amex "]),
            (":help l", 6, &["look"]),
            ("nothing x", 8, &[]),
        ];
        for (line, start, want) in cases {
            let (at, found) = words.candidates(line);
            assert_eq!(found, want, "{line}");
            assert!(found.is_empty() || at == start, "{line}: begins at {at}");
        }
    }
}
