//! Rules of an environment, each declared once: the code and message of the typed error that its breach is, and what it
//! asks for. The tool's list of errors, its pre-conditions and the details of the error are all written from it.

use serde_json::{Value, json};

use crate::tool::{Tool, ToolError};

/// A rule that a call may break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    pub code: &'static str,
    /// A few words for the agent.
    pub message: &'static str,
    /// What would have to hold.
    pub requires: &'static str,
    /// Whether it is about the value of an argument (then `requires` says what is expected of it), rather than about
    /// the state of the world (then it is a sentence, and a pre-condition of the tool).
    of_value: bool,
}

impl Rule {
    /// A rule about the value of an argument; `expected` completes "must be …".
    pub const fn value(code: &'static str, message: &'static str, expected: &'static str) -> Self {
        Self { code, message, requires: expected, of_value: true }
    }

    /// A rule about the state of the world, as a sentence.
    pub const fn state(code: &'static str, message: &'static str, sentence: &'static str) -> Self {
        Self { code, message, requires: sentence, of_value: false }
    }

    /// The error of a call that breaks the rule, by the argument named.
    pub fn broken(&self, argument: &str) -> ToolError {
        let key = if self.of_value { "expected" } else { "precondition" };
        ToolError::new(self.code, self.message, json!({"argument": argument, key: self.requires}))
    }

    /// The error of a call that breaks the rule, where no argument is to blame.
    pub fn error(&self) -> ToolError {
        ToolError::new(self.code, self.message, json!({"precondition": self.requires}))
    }

    /// The rule as a condition that no argument is to blame for.
    ///
    /// # Errors
    /// [`Rule::error`] where it does not hold.
    pub fn require(&self, holds: bool) -> Result<(), ToolError> {
        if holds { Ok(()) } else { Err(self.error()) }
    }

    /// The rule as a condition.
    ///
    /// # Errors
    /// [`Rule::broken`] where it does not hold.
    pub fn unless(&self, holds: bool, argument: &str) -> Result<(), ToolError> {
        if holds { Ok(()) } else { Err(self.broken(argument)) }
    }
}

impl Tool {
    /// The tool may break these rules: declares their errors and pre-conditions.
    pub fn rules(self, rules: &[Rule]) -> Self {
        rules.iter().fold(self, |tool, rule| {
            let tool = tool.error(rule.code, rule.message);
            if rule.of_value { tool } else { tool.pre(rule.requires) }
        })
    }
}

impl ToolError {
    /// Says more than the rule's own words.
    #[must_use]
    pub fn saying(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// Adds a detail, such as `options` or what is `left`.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details[key] = value.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_declares_what_its_breach_says() {
        const FULL: Rule = Rule::state("full", "the box is full", "The box has room.");
        const NAME: Rule = Rule::value("bad_name", "no such name", "a name from list");
        let tool = Tool::new("put").rules(&[FULL, NAME]);
        assert_eq!(tool.errors, [("full", "the box is full"), ("bad_name", "no such name")]);
        assert_eq!(tool.preconditions, ["The box has room."]);
        let error = FULL.unless(false, "box").unwrap_err().detail("left", 0);
        assert_eq!(error.details, json!({"argument": "box", "precondition": "The box has room.", "left": 0}));
        assert_eq!(FULL.require(false).unwrap_err().details, json!({"precondition": "The box has room."}));
        assert_eq!(FULL.error().saying("no room at all").message, "no room at all");
        assert_eq!(NAME.broken("name").details, json!({"argument": "name", "expected": "a name from list"}));
        assert_eq!(NAME.unless(true, "name"), Ok(()));
    }
}
