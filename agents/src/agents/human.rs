//! A person at the terminal.

use std::io::{BufRead, BufReader, Stdin, Stdout, Write};

use coevo_core::episode::{Boundary, Fault, TokenTrace};
use coevo_core::render::Role;

use crate::agent::{Agent, EpisodeStart, Reply, Request};

/// Shows the conversation and reads one line a reply. The end of the input is a fault, not an empty answer.
pub struct Human<R = BufReader<Stdin>, W = Stdout> {
    input: R,
    output: W,
}

impl Default for Human {
    fn default() -> Self {
        Self::new(BufReader::new(std::io::stdin()), std::io::stdout())
    }
}

impl<R: BufRead, W: Write> Human<R, W> {
    pub fn new(input: R, output: W) -> Self {
        Self { input, output }
    }

    fn converse(&mut self, request: &Request<'_>) -> std::io::Result<Option<String>> {
        for message in request.messages {
            let speaker = match message.role {
                Role::System => "system",
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::Tool => "tool",
            };
            writeln!(self.output, "[{speaker}] {}", message.text)?;
        }
        write!(self.output, "[turn {}, step {}] > ", request.turn + 1, request.step + 1)?;
        self.output.flush()?;
        let mut line = String::new();
        let read = self.input.read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

impl<R: BufRead + Send, W: Write + Send> Agent for Human<R, W> {
    fn name(&self) -> String {
        "human".to_owned()
    }

    fn begin(&mut self, _slot: usize, start: &EpisodeStart<'_>) {
        // A terminal that is gone shows up as a fault in `act`, where there is someone to tell.
        let _ = writeln!(self.output, "\n=== {} ({})", start.task.id, start.task.category);
    }

    fn act(&mut self, waiting: &[Request<'_>]) -> Vec<Reply> {
        let fault = |message: String| {
            Reply::Fault(Fault { boundary: Boundary::Agent, during: "reading the terminal".to_owned(), message })
        };
        let mut reply = |request| match self.converse(request) {
            Ok(Some(text)) => Reply::Text(text),
            Ok(None) => fault("the input ended".to_owned()),
            Err(error) => fault(error.to_string()),
        };
        waiting.iter().map(&mut reply).collect()
    }

    fn end(&mut self, _slot: usize) -> TokenTrace {
        TokenTrace::default()
    }
}
