//! What an agent is told after a step: the base observation, and the recovery hint of the evolved interface (φ_err).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::episode::{Rejection, SchemaViolation, StepOutcome, ViolationKind};
use crate::interface::{Cue, Interface, Phi, Target};
use crate::label::Failure;
use crate::protocol::CALL_FORM;
use crate::render::phrase::{argument_list, scalar, value_constraint};
use crate::render::{Message, Role};
use crate::task::{ToolCall, ToolSpec};

/// Words of one hint, at most.
const HINT_WORDS: usize = 32;

/// What the untouched environment replies: the result as compact JSON, `error code: message`, or `rejected: reason`.
/// Empty after an answer.
pub fn observation(outcome: &StepOutcome) -> String {
    match outcome {
        StepOutcome::Executed { result } => result.to_string(),
        StepOutcome::ToolError { code, message, .. } => format!("error {code}: {message}"),
        StepOutcome::Rejected(rejection) => format!("rejected: {}", reason(rejection)),
        StepOutcome::Answered => String::new(),
    }
}

/// Whether an [`observation`] tells of a failed call.
pub fn is_failure(observation: &str) -> bool {
    observation.starts_with("error ") || observation.starts_with("rejected: ")
}

fn reason(rejection: &Rejection) -> String {
    match rejection {
        Rejection::Malformed { reason } => reason.clone(),
        Rejection::UnknownTool { name } => format!("no tool {name}"),
        Rejection::NotOffered { name } => format!("{name} is not offered now"),
        Rejection::Schema { violations } => {
            let kinds: BTreeSet<&str> = violations.iter().map(|violation| kind_phrase(violation.kind)).collect();
            format!("bad arguments ({})", kinds.into_iter().collect::<Vec<_>>().join(", "))
        }
    }
}

/// The base environment says what kind of mistake it was; which argument, and what it should be, is for φ_err to say.
fn kind_phrase(kind: ViolationKind) -> &'static str {
    match kind {
        ViolationKind::MissingRequired => "one is missing",
        ViolationKind::UnknownArgument => "one is unknown",
        ViolationKind::WrongType => "wrong type",
        ViolationKind::NotInEnum => "not an allowed value",
        ViolationKind::Format => "wrong format",
        ViolationKind::Other => "wrong structure",
    }
}

/// The tool message an agent reads: the observation, and the cue on a line of its own where there is one.
pub fn tool_message(observation: &str, cue: &str) -> Message {
    let text = if cue.is_empty() { observation.to_owned() } else { format!("{observation}\n{cue}") };
    Message { role: Role::Tool, text }
}

/// φ_err: one line that starts with `hint: `; empty unless the step failed and an active φ_err cue covers this kind of
/// failure at this tool. Made of the raw error, the schema and the offered tools only.
pub fn recovery_cue(
    outcome: &StepOutcome,
    call: Option<&ToolCall>,
    offered: &[&ToolSpec],
    interface: &Interface,
) -> String {
    let Some(cue) = interface.cues().iter().find(|cue| covers(cue, outcome, call)) else {
        return String::new();
    };
    let spec = call.and_then(|call| offered.iter().find(|tool| tool.name == call.name));
    let mut parts = match outcome {
        StepOutcome::Executed { .. } | StepOutcome::Answered => return String::new(),
        StepOutcome::Rejected(Rejection::Malformed { .. }) => vec![format!("write {CALL_FORM} or a plain answer")],
        StepOutcome::Rejected(Rejection::UnknownTool { name }) => vec![nearest(name, offered)],
        StepOutcome::Rejected(Rejection::NotOffered { name }) => vec![format!("this turn has no {name}")],
        StepOutcome::Rejected(Rejection::Schema { violations }) => {
            violations.iter().map(|violation| repair(violation, spec.copied())).collect()
        }
        StepOutcome::ToolError { code, message, details } => explain(code, message, details, spec.copied()),
    };
    parts.retain(|part| !part.is_empty());
    if !cue.text.is_empty() {
        parts.push(cue.text.clone());
    }
    let text = parts.join("; ");
    let words: Vec<&str> = text.split_whitespace().take(HINT_WORDS).collect();
    format!("hint: {}", words.join(" "))
}

fn covers(cue: &Cue, outcome: &StepOutcome, call: Option<&ToolCall>) -> bool {
    let curable: &[Failure] = match outcome {
        StepOutcome::Executed { .. } | StepOutcome::Answered => return false,
        StepOutcome::Rejected(Rejection::Schema { .. }) => &[Failure::ArgumentMismatch],
        StepOutcome::Rejected(_) => &[Failure::InvalidToolCall],
        StepOutcome::ToolError { .. } => &[Failure::RecoveryFailure, Failure::StateMismatch, Failure::InstanceMismatch],
    };
    let here = match &cue.target {
        Target::Global => true,
        Target::Tool(name) => call.is_some_and(|call| call.name == *name),
        Target::Argument { tool, argument } => {
            call.is_some_and(|call| call.name == *tool) && blamed(outcome).any(|name| name == argument)
        }
    };
    cue.phi == Phi::Err && here && cue.triggers.iter().any(|trigger| curable.contains(trigger))
}

/// The arguments that an error names.
fn blamed(outcome: &StepOutcome) -> impl Iterator<Item = &str> {
    let (violations, details): (&[SchemaViolation], Option<&Value>) = match outcome {
        StepOutcome::Rejected(Rejection::Schema { violations }) => (violations, None),
        StepOutcome::ToolError { details, .. } => (&[], details.get("argument")),
        _ => (&[], None),
    };
    violations.iter().map(|violation| violation.argument.as_str()).chain(details.and_then(Value::as_str))
}

fn repair(violation: &SchemaViolation, spec: Option<&ToolSpec>) -> String {
    let name = &violation.argument;
    let wanted = spec.map(|spec| value_constraint(spec, name)).unwrap_or_default();
    match violation.kind {
        ViolationKind::MissingRequired if wanted.is_empty() => format!("add {name}"),
        ViolationKind::MissingRequired => format!("add {name} ({wanted})"),
        ViolationKind::UnknownArgument => match spec {
            Some(spec) => format!("drop {name}, arguments are {}", argument_list(spec)),
            None => format!("drop {name}"),
        },
        _ if wanted.is_empty() => violation.message.clone(),
        _ => format!("{name} must be {wanted}"),
    }
}

/// The three offered tools whose names are nearest by edit distance.
fn nearest(name: &str, offered: &[&ToolSpec]) -> String {
    if offered.is_empty() {
        return "no tools are offered".to_owned();
    }
    let mut names: Vec<(usize, &str)> =
        offered.iter().map(|tool| (edit_distance(name, &tool.name), tool.name.as_str())).collect();
    names.sort();
    let nearest: Vec<&str> = names.into_iter().take(3).map(|(_, name)| name).collect();
    format!("nearest tools are {}", nearest.join(", "))
}

/// A typed error in words: what its details name, else what its code means, and the tool's pre-conditions where neither
/// says which one failed.
fn explain(code: &str, message: &str, details: &Value, spec: Option<&ToolSpec>) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(fields) = details.as_object() {
        let text = |key: &str| fields.get(key).map(scalar);
        match (text("argument"), text("expected")) {
            (Some(argument), Some(expected)) => parts.push(format!("{argument} must be {expected}")),
            (Some(argument), None) => parts.push(format!("check {argument}")),
            (None, Some(expected)) => parts.push(format!("expected {expected}")),
            (None, None) => {}
        }
        parts.extend(text("precondition").map(|sentence| format!("needs: {sentence}")));
        if let Some(options) = fields.get("options").and_then(Value::as_array) {
            parts.push(format!("options: {}", options.iter().map(scalar).collect::<Vec<_>>().join(", ")));
        }
        const SAID: [&str; 5] = ["argument", "expected", "precondition", "options", "given"];
        let rest = fields.iter().filter(|(key, value)| {
            !SAID.contains(&key.as_str()) && (value.is_string() || value.is_number() || value.is_boolean())
        });
        parts.extend(rest.map(|(key, value)| format!("{key} {}", scalar(value))));
    }
    if parts.is_empty()
        && let Some(spec) = spec
    {
        let meaning = spec.errors.iter().find(|error| error.code == code && error.description != message);
        parts.extend(meaning.map(|error| error.description.clone()));
        if !spec.preconditions.is_empty() {
            parts.push(format!("needs: {}", spec.preconditions.join(" ")));
        }
    }
    parts
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
