//! A script writes a task turn by turn and runs the reference calls while it does, so that later turns can use real
//! results: quote ids, prices, booking numbers.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::session::{Quiet, Session, Side};
use crate::task::{ReferenceTurn, TaskDraft, ToolCall, TurnDraft};
use crate::{Environment, ToolError};

/// A task in the making.
///
/// Every turn offers all agent tools except those withheld at that moment. A reference call that fails is a bug of the
/// environment: the first one is remembered, and [`Script::finish`] returns it.
pub struct Script<E: Environment> {
    initial: E::State,
    session: Session<E>,
    around: Quiet,
    tools: Vec<&'static str>,
    withheld: BTreeSet<String>,
    turns: Vec<TurnDraft>,
    problem: Option<String>,
}

impl<E: Environment> Script<E> {
    /// A script that begins in `initial`.
    pub fn new(initial: E::State) -> Self {
        let tools = E::describe().tools;
        Self {
            session: Session::at(initial.clone()),
            initial,
            around: Quiet::new(),
            tools: tools.iter().filter(|tool| tool.side == Side::Agent).map(|tool| tool.name).collect(),
            withheld: BTreeSet::new(),
            turns: Vec::new(),
            problem: None,
        }
    }

    /// The state after the calls so far.
    pub fn state(&self) -> &E::State {
        self.session.state().expect("a script has a state from the start")
    }

    /// How many turns there are.
    pub fn len(&self) -> usize {
        self.turns.len()
    }

    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// From the next turn on, the tool is not offered.
    pub fn withhold(&mut self, tool: &str) -> &mut Self {
        if !self.tools.contains(&tool) {
            self.note(format!("withhold: no agent tool {tool}"));
        }
        self.withheld.insert(tool.to_owned());
        self
    }

    /// From the next turn on, the tool is offered again.
    pub fn release(&mut self, tool: &str) -> &mut Self {
        self.withheld.remove(tool);
        self
    }

    /// Begins a user turn.
    pub fn turn(&mut self, user: impl Into<String>) -> &mut Self {
        let offered = self.tools.iter().filter(|tool| !self.withheld.contains(**tool)).map(|t| (*t).to_owned());
        self.turns.push(TurnDraft {
            user: user.into(),
            offered: offered.collect(),
            reference: ReferenceTurn::default(),
        });
        self
    }

    /// A reference call: runs it and returns its result (`null` when it failed, see [`Script::finish`]).
    pub fn call(&mut self, name: &str, arguments: Value) -> Value {
        match self.attempt(name, &arguments) {
            Ok(result) => result,
            Err(error) => {
                self.note(format!("{name} {arguments}: {}: {}", error.code, error.message));
                Value::Null
            }
        }
    }

    /// A reference call that is meant to fail with `code`, such as a booking beyond the budget that the agent must
    /// try in order to learn of it. Returns the error's details.
    pub fn call_error(&mut self, name: &str, arguments: Value, code: &str) -> Value {
        match self.attempt(name, &arguments) {
            Err(error) if error.code == code => error.details,
            Err(error) => {
                self.note(format!("{name} {arguments}: wanted error {code}, got {}", error.code));
                Value::Null
            }
            Ok(_) => {
                self.note(format!("{name} {arguments}: wanted error {code}, got a result"));
                Value::Null
            }
        }
    }

    fn attempt(&mut self, name: &str, arguments: &Value) -> Result<Value, ToolError> {
        match self.turns.last_mut() {
            None => self.note(format!("{name}: a call before the first turn")),
            Some(turn) if !turn.offered.iter().any(|tool| tool == name) => {
                self.note(format!("{name}: a reference call of a tool that is not offered"));
            }
            Some(turn) => turn.reference.calls.push(ToolCall { name: name.to_owned(), arguments: arguments.clone() }),
        }
        self.session.call(name, arguments, Side::Agent, &mut self.around)
    }

    /// The answer that ends the turn.
    pub fn answer(&mut self, text: impl Into<String>) -> &mut Self {
        match self.turns.last_mut() {
            None => self.note("an answer before the first turn".to_owned()),
            Some(turn) => turn.reference.answer = text.into(),
        }
        self
    }

    /// The answer must contain one of these (case-insensitively). Several calls add up. Call it after
    /// [`Script::answer`]: the reference's own answer is checked at once.
    pub fn mention(&mut self, alternatives: &[&str]) -> &mut Self {
        match self.turns.last_mut() {
            None => self.note("a mention before the first turn".to_owned()),
            Some(turn) => turn.reference.mentions.push(alternatives.iter().map(|a| (*a).to_owned()).collect()),
        }
        if let Some(turn) = self.turns.last() {
            let lower = turn.reference.answer.to_lowercase();
            if !alternatives.iter().any(|a| lower.contains(&a.to_lowercase())) {
                let answer = turn.reference.answer.clone();
                self.note(format!("the reference answer {answer:?} mentions none of {alternatives:?}"));
            }
        }
        self
    }

    fn note(&mut self, problem: String) {
        let turn = self.turns.len();
        self.problem.get_or_insert_with(|| format!("turn {turn}: {problem}"));
    }

    /// The finished draft.
    ///
    /// # Errors
    /// The first problem: a reference call that failed, a call of a tool that was not offered, a turn without answer.
    pub fn finish(
        mut self,
        scenario: impl Into<String>,
        category: &str,
        system: impl Into<String>,
    ) -> Result<TaskDraft<E::State>, String> {
        if self.turns.is_empty() {
            self.note("a task without turns".to_owned());
        }
        if let Some(at) = self.turns.iter().position(|turn| turn.reference.answer.trim().is_empty()) {
            self.note(format!("turn {} has no answer", at + 1));
        }
        match self.problem {
            Some(problem) => Err(problem),
            None => Ok(TaskDraft {
                scenario: scenario.into(),
                category: category.to_owned(),
                system: system.into(),
                initial: self.initial,
                turns: self.turns,
                label: String::new(),
            }),
        }
    }
}
