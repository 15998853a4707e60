//! Small hand-made environments, episodes and diagnoses for this crate's tests.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::diagnose::{Blame, Diagnosis, Evidence, TurnDiagnosis};
use crate::episode::*;
use crate::interface::Interface;
use crate::label::{Failure, Label};
use crate::protocol::{format_call, parse};
use crate::seed::{Purpose, StreamKey};
use crate::task::*;

/// A tool of the agent; required arguments are all but those whose name ends in `?`.
pub fn tool(name: &str, description: &str, arguments: &[(&str, Value)], preconditions: &[&str]) -> ToolSpec {
    let bare = |name: &str| name.trim_end_matches('?').to_owned();
    let properties: serde_json::Map<String, Value> =
        arguments.iter().map(|(name, schema)| (bare(name), schema.clone())).collect();
    let required: Vec<&str> = arguments.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    ToolSpec {
        name: name.to_owned(),
        description: description.to_owned(),
        arguments: json!({"type": "object", "properties": properties, "required": required}),
        result: json!({"type": "object"}),
        errors: vec![ErrorCode { code: "gone".to_owned(), description: "it is no longer there".to_owned() }],
        preconditions: preconditions.iter().map(|text| (*text).to_owned()).collect(),
        side: Side::Agent,
        mutates: !preconditions.is_empty(),
    }
}

/// A travel agency with three tools for the agent and one for the user.
pub fn spec() -> EnvSpec {
    let quote = json!({"type": "string", "description": "quote id", "pattern": "^q[1-9][0-9]*[a-z]$"});
    let card = json!({"type": "string", "description": "card to charge", "enum": ["visa", "amex"]});
    let bags = json!({"type": "integer", "minimum": 1, "maximum": 3});
    EnvSpec {
        name: "trips".to_owned(),
        version: "1.0.0".to_owned(),
        summary: "Trips.".to_owned(),
        tools: vec![
            tool("find", "flights to a city", &[("city", json!({"type": "string"}))], &[]),
            tool("book", "book a quote", &[("quote", quote), ("card", card), ("bags?", bags)], &["The card is held."]),
            tool("cancel", "cancel a booking", &[("booking", json!({"type": "string"}))], &["It is not cancelled."]),
            ToolSpec { side: Side::User, ..tool("reboot", "restart the phone", &[], &[]) },
        ],
        splits: vec![SplitInfo { name: "train".to_owned(), tasks: 10 }],
        categories: vec!["base".to_owned()],
        reward_min: 0.0,
        reward_max: 1.0,
    }
}

pub fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall { name: name.to_owned(), arguments }
}

/// A step with that text and outcome, after which the state hash is `hash`.
pub fn step(text: &str, outcome: StepOutcome, hash: u64) -> Step {
    let observation = crate::render::observation(&outcome);
    let (text, parsed) = (text.to_owned(), parse(text));
    Step { text, parsed, outcome, observation, cue: String::new(), state_hash: hash, fuel_used: 0 }
}

pub fn ran(name: &str, arguments: Value, result: Value, hash: u64) -> Step {
    step(&format_call(&call(name, arguments)), StepOutcome::Executed { result }, hash)
}

pub fn refused(name: &str, arguments: Value, code: &str, hash: u64) -> Step {
    let outcome = StepOutcome::ToolError { code: code.to_owned(), message: "no".to_owned(), details: Value::Null };
    step(&format_call(&call(name, arguments)), outcome, hash)
}

pub fn rejected(text: &str, rejection: Rejection, hash: u64) -> Step {
    step(text, StepOutcome::Rejected(rejection), hash)
}

pub fn violation(kind: ViolationKind, argument: &str) -> SchemaViolation {
    SchemaViolation { kind, argument: argument.to_owned(), message: format!("{argument} is wrong") }
}

pub fn answered(text: &str, hash: u64) -> Step {
    step(text, StepOutcome::Answered, hash)
}

pub fn turn(user: &str, before: u64, steps: Vec<Step>) -> Turn {
    let offered = spec().tools.iter().map(|tool| tool.name.clone()).collect();
    Turn { user: user.to_owned(), offered, user_calls: Vec::new(), state_hash_before: before, steps, truncated: None }
}

pub fn episode(turns: Vec<Turn>) -> Episode {
    let task = TaskRef { env: "trips".to_owned(), split: "train".to_owned(), index: 0, seed: 0 };
    Episode {
        key: EpisodeKey { arm: "a".to_owned(), stage: Stage::Train, round: 0, task, replica: 0 },
        task_id: "train/0".to_owned(),
        category: "base".to_owned(),
        scenario: "s0".to_owned(),
        agent: "policy@0".to_owned(),
        env_stream: StreamKey::new(0, Purpose::Environment),
        interface: Interface::base().id().clone(),
        initial_state_hash: 0,
        turns,
        ending: Ending::Terminated,
        tokens: TokenTrace::default(),
    }
}

pub fn hidden(reference: &[&[ToolCall]]) -> HiddenLabel {
    let turn =
        |calls: &&[ToolCall]| ReferenceTurn { calls: calls.to_vec(), answer: "done".to_owned(), mentions: vec![] };
    HiddenLabel { reference: reference.iter().map(turn).collect(), label: String::new() }
}

pub fn scored(failures: &[Option<VerdictFailure>]) -> Verdict {
    let reward = f64::from(u8::from(failures.iter().all(Option::is_none)));
    let turns = failures.iter().map(|failure| TurnVerdict { failure: *failure, detail: String::new() }).collect();
    Verdict::Scored { reward, turns }
}

/// A diagnosed turn with that label that called `tools` with success and blames `blame`.
pub fn labelled(label: Label, tools: &[&str], blame: &[(Failure, &str, Option<&str>)]) -> TurnDiagnosis {
    let pin = |(failure, tool, argument): &(Failure, &str, Option<&str>)| Blame {
        failure: *failure,
        tool: (*tool).to_owned(),
        argument: argument.map(str::to_owned),
    };
    TurnDiagnosis {
        label,
        evidence: Evidence { executed: tools.iter().map(|t| (*t).to_owned()).collect(), ..Evidence::default() },
        cascaded_from: None,
        blame: blame.iter().map(pin).collect::<BTreeSet<Blame>>(),
    }
}

pub fn diagnosis(turns: Vec<TurnDiagnosis>) -> Diagnosis {
    let first_failing = turns.iter().position(|turn| turn.label.is_failure());
    Diagnosis { turns, first_failing, dependencies: Vec::new(), table: 1 }
}
