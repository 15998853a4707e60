//! Breakpoints: where replay is to stop.

use coevo_core::episode::Parsed;
use coevo_core::label::Label;
use serde_json::Value;

use super::view::{Moment, View};

/// A condition on a moment of an episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakpoint {
    /// As the user wrote it.
    pub text: String,
    subject: Subject,
    op: Op,
    value: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Subject {
    /// The tool that a step calls.
    Tool,
    /// The code of a typed error, or the kind of a rejection.
    Error,
    /// The label of a turn; known when the turn is over.
    Label,
    /// The episode's; known when it is over.
    Reward,
    /// Number of the turn, from 1.
    Turn,
    /// What the user, the agent or the environment said.
    Text,
    /// A JSON pointer into the state; holds where the state begins to fit.
    State(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Op {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Contains,
    /// The pointer leads somewhere.
    Exists,
}

/// Longest first, so that `<=` is not read as `<`.
const OPS: [(&str, Op); 7] = [
    ("!=", Op::NotEqual),
    ("<=", Op::LessEqual),
    (">=", Op::GreaterEqual),
    ("=", Op::Equal),
    ("<", Op::Less),
    (">", Op::Greater),
    ("~", Op::Contains),
];

const FORMS: &str = "tool=NAME, error=CODE, label=LABEL, reward<1, turn=2, text~WORD, or a JSON pointer into the state: /bookings/0/status=held";

impl std::str::FromStr for Breakpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let found = text
            .char_indices()
            .find_map(|(at, _)| OPS.iter().find(|(sign, _)| text[at..].starts_with(sign)).map(|found| (at, found)));
        let (name, op, value) = match found {
            // `~0` and `~1` are escapes inside a pointer.
            Some((at, (sign, op))) => (text[..at].trim(), *op, text[at + sign.len()..].trim()),
            None if text.starts_with('/') => (text, Op::Exists, ""),
            None => return Err(format!("`{text}` is no breakpoint\n  hint: {FORMS}")),
        };
        let value = value.trim_matches(|c| matches!(c, '"' | '\'')).to_owned();
        let subject = match name {
            "tool" => Subject::Tool,
            "error" => Subject::Error,
            "label" => Subject::Label,
            "reward" => Subject::Reward,
            "turn" => Subject::Turn,
            "text" => Subject::Text,
            pointer if pointer.starts_with('/') => Subject::State(pointer.to_owned()),
            _ => return Err(format!("`{name}` in `{text}` is nothing to stop at\n  hint: {FORMS}")),
        };
        if subject == Subject::Label && !Label::all().any(|label| label.name() == value) {
            let known: Vec<&str> = Label::all().map(Label::name).collect();
            return Err(format!("there is no label `{value}`\n  hint: labels are {}", known.join(", ")));
        }
        if matches!(subject, Subject::Reward | Subject::Turn) && value.parse::<f64>().is_err() {
            return Err(format!("`{value}` in `{text}` is no number"));
        }
        Ok(Self { text: text.to_owned(), subject, op, value })
    }
}

impl Breakpoint {
    /// Whether replay is to stop at a moment.
    pub fn holds(&self, view: &View, moment: Moment) -> bool {
        let turn = &view.record.episode.turns[moment.turn];
        let step = moment.step.and_then(|step| turn.steps.get(step));
        let last_of_turn = moment.step.map_or(0, |step| step + 1) == turn.steps.len();
        let last = last_of_turn && moment.turn + 1 == view.record.episode.turns.len();
        match &self.subject {
            Subject::Tool => step.is_some_and(|step| match &step.parsed {
                Parsed::Call(call) => self.text_fits(&call.name),
                _ => false,
            }),
            Subject::Error => {
                step.and_then(|step| super::panes::error_code(&step.outcome)).is_some_and(|code| self.text_fits(code))
            }
            Subject::Label => last_of_turn && view.label(moment.turn).is_some_and(|label| self.text_fits(label.name())),
            Subject::Reward => last && view.record.verdict.reward().is_some_and(|reward| self.number_fits(reward)),
            Subject::Turn => moment.step.is_none() && self.number_fits(moment.turn as f64 + 1.0),
            Subject::Text => {
                let said: Vec<&str> = match step {
                    Some(step) => vec![&step.text, &step.observation, &step.cue],
                    None => vec![&turn.user],
                };
                said.into_iter().any(|text| self.text_fits(text))
            }
            Subject::State(pointer) => {
                let fits = |state: Option<&Value>| state.is_some_and(|state| self.value_fits(state.pointer(pointer)));
                let (before, after) = view.around(moment);
                fits(after) && !fits(before)
            }
        }
    }

    fn text_fits(&self, text: &str) -> bool {
        match self.op {
            Op::Equal => text == self.value,
            Op::NotEqual => text != self.value,
            Op::Contains => text.to_lowercase().contains(&self.value.to_lowercase()),
            Op::Less => text < self.value.as_str(),
            Op::LessEqual => text <= self.value.as_str(),
            Op::Greater => text > self.value.as_str(),
            Op::GreaterEqual => text >= self.value.as_str(),
            Op::Exists => true,
        }
    }

    fn number_fits(&self, number: f64) -> bool {
        let Ok(wanted) = self.value.parse::<f64>() else { return false };
        match self.op {
            Op::Equal => number == wanted,
            Op::NotEqual => number != wanted,
            Op::Less => number < wanted,
            Op::LessEqual => number <= wanted,
            Op::Greater => number > wanted,
            Op::GreaterEqual => number >= wanted,
            Op::Contains => false,
            Op::Exists => true,
        }
    }

    fn value_fits(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return false };
        match value {
            _ if self.op == Op::Exists => true,
            Value::String(text) => self.text_fits(text),
            Value::Number(number) => number.as_f64().is_some_and(|number| self.number_fits(number)),
            other => self.text_fits(&other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_and_others_are_answered_with_the_forms() {
        let check = |text: &str, subject: Subject, op: Op, value: &str| {
            let read: Breakpoint = text.parse().expect(text);
            assert_eq!((read.subject, read.op, read.value.as_str()), (subject, op, value), "{text}");
        };
        check("tool=book_flight", Subject::Tool, Op::Equal, "book_flight");
        check("label = state_mismatch", Subject::Label, Op::Equal, "state_mismatch");
        check("reward<1", Subject::Reward, Op::Less, "1");
        check("turn>=2", Subject::Turn, Op::GreaterEqual, "2");
        check("/bookings/0/status=\"held\"", Subject::State("/bookings/0/status".into()), Op::Equal, "held");
        check("/bookings/0", Subject::State("/bookings/0".into()), Op::Exists, "");
        for (text, says) in [
            ("book_flight", "is no breakpoint"),
            ("tol=book", "nothing to stop at"),
            ("label=wrong", "labels are"),
            ("reward<high", "no number"),
        ] {
            let error = text.parse::<Breakpoint>().expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
