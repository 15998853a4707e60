//! BFCL through the whole host, against what the official implementation said.
//!
//! `COEVO_BFCL` names a folder with `tasks.jsonl` (`coevo env import bfcl WHEEL`) and `dump.jsonl` (`plugins/bfcl/parity/dump.py`);
//! `.ci/run` makes both. Without it these tests say so and check nothing, because neither may be in this repository.
//! The native example `parity` compares more (states, corrupted calls); here the sandbox, the offered tools, the schemas and
//! the ABI are in between. `COEVO_BFCL_PYTHON` names the component of `plugins/bfcl/python`, in which the official Python classes run
//! themselves: it is held to the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use coevo_core::episode::{Parsed, Rejection, Step, StepOutcome, Turn, Verdict, VerdictFailure};
use coevo_core::protocol::format_call;
use coevo_core::task::{Task, TaskRef, ToolCall};
use coevo_envs::conformance::{Options, Outcome, check};
use coevo_envs::{Budgets, Env, EnvPlugin, EnvSource, EvalEnv, Sandbox, SandboxLimits, verify};
use serde_json::{Value, json};

use crate::common::key;

struct Official {
    plugin: EnvPlugin,
    /// By id: the task, and its ground truth as text.
    tasks: BTreeMap<String, (Task, Vec<Vec<String>>)>,
    dump: Vec<Value>,
}

fn lines(path: PathBuf) -> Vec<Value> {
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The plugin in Rust, or the official classes in Python.
#[derive(Clone, Copy, PartialEq)]
enum Host {
    Rust,
    Python,
}

fn official(host: Host) -> Option<Official> {
    let Some(folder) = std::env::var_os("COEVO_BFCL").map(PathBuf::from) else {
        eprintln!(
            "BFCL parity is not checked: COEVO_BFCL names no folder with tasks.jsonl and dump.jsonl (see .ci/run)"
        );
        return None;
    };
    let limits = SandboxLimits { live_instances: 64, ..SandboxLimits::default() };
    let sandbox = Sandbox::new(limits).unwrap();
    let component = match host {
        Host::Rust => folder.clone(),
        Host::Python => match std::env::var_os("COEVO_BFCL_PYTHON") {
            Some(component) => component.into(),
            None => {
                eprintln!("the official classes in the sandbox are not checked: COEVO_BFCL_PYTHON names no component");
                return None;
            }
        },
    };
    let plugin = EnvPlugin::load(&sandbox, &EnvSource::Path(component)).unwrap();
    let mut truths: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for line in &lines(folder.join("tasks.jsonl"))[1..] {
        let truth = serde_json::from_value(line["task"]["ground_truth"].clone()).unwrap();
        truths.insert(line["task"]["id"].as_str().unwrap().to_owned(), truth);
    }
    let mut tasks = BTreeMap::new();
    for split in &plugin.spec().splits {
        for index in 0..split.tasks {
            let of = TaskRef { env: plugin.spec().name.clone(), split: split.name.clone(), index, seed: 0 };
            let task = plugin.task(&of).unwrap_or_else(|fault| panic!("{of:?}: {fault:?}"));
            let truth = truths.remove(&task.public.id).expect("every task has a truth");
            tasks.insert(task.public.id.clone(), (task, truth));
        }
    }
    assert_eq!(tasks.len(), 800);
    Some(Official { plugin, tasks, dump: lines(folder.join("dump.jsonl")) })
}

/// What the official text of a result is on our side: its JSON where it is a dict, else the text.
fn same(outcome: &StepOutcome, text: &str) -> bool {
    let parsed: Option<Value> = serde_json::from_str(text).ok().filter(Value::is_object);
    match outcome {
        StepOutcome::Executed { result } => *result == parsed.unwrap_or_else(|| Value::from(text)),
        StepOutcome::ToolError { code, message, details } => match code.as_str() {
            "exception" => message == text,
            _ => parsed.as_ref() == details.get("result"),
        },
        _ => false,
    }
}

#[test]
fn bfcl_references_run_as_officially_and_pass() {
    references(Host::Rust, 1);
}

#[test]
fn the_official_classes_in_the_sandbox_say_the_same() {
    references(Host::Python, 1);
    // All of them take minutes; the gate is content with every twentieth.
    let stride = std::env::var("COEVO_BFCL_STRIDE").ok().and_then(|text| text.parse().ok());
    verdicts(Host::Python, stride.unwrap_or(20));
}

/// The conformance kit on imported tasks, and on the official classes.
#[test]
fn bfcl_passes_the_conformance_kit() {
    for host in [Host::Rust, Host::Python] {
        let Some(Official { plugin, .. }) = official(host) else { continue };
        let report = check(&plugin, &Options { tasks: 2, seed: 0 }, None, &mut |_| ());
        let failed: Vec<_> = report.checks.iter().filter(|check| check.outcome == Outcome::Failed).collect();
        assert!(failed.is_empty(), "{failed:#?}");
    }
}

/// The public state as the dump writes it, from what `plugins/bfcl/python` shows: attributes by class, each as Python writes it.
fn public(state: &Value) -> String {
    let object = |value: &Value, item: &dyn Fn(&Value) -> String| {
        let items = value.as_object().into_iter().flatten().map(|(name, value)| format!("'{name}': {}", item(value)));
        format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
    };
    object(state, &|class| object(class, &|attribute| attribute.as_str().unwrap_or_default().to_owned()))
}

/// Plays every `stride`-th task's ground truth; results, states and the verdict must be the official ones.
fn references(host: Host, stride: usize) {
    let Some(Official { plugin, tasks, dump }) = official(host) else { return };
    let (mut calls, mut states) = (0, 0);
    for said in dump.iter().filter(|said| said.get("turns").is_some()).step_by(stride) {
        let (task, _) = &tasks[said["id"].as_str().unwrap()];
        let id = &task.public.id;
        let budgets = Budgets { steps_per_turn: 60 };
        let mut env: Env = EvalEnv::new(&plugin, &task.public, key(), &budgets).unwrap().into();
        let mut initial = false;
        for (at, reference) in task.hidden.reference.iter().enumerate() {
            env.next_turn().unwrap_or_else(|fault| panic!("{id}: {fault:?}")).expect("a turn");
            if at == 0 && task.public.category == "miss_func" {
                // Held-out functions cannot be called before they come back.
                let last = task.public.turns.last().unwrap();
                let held = last.offered.iter().find(|name| !task.public.turns[0].offered.contains(name)).unwrap();
                env.step(&format!("@{held} {{}}")).unwrap();
                let step = env.turns().last().and_then(|turn| turn.steps.last()).unwrap();
                assert_eq!(step.outcome, StepOutcome::Rejected(Rejection::NotOffered { name: held.clone() }), "{id}");
                initial = true;
            }
            for (number, call) in reference.calls.iter().enumerate() {
                env.step(&format_call(call)).unwrap_or_else(|fault| panic!("{id}: {call:?}: {fault:?}"));
                let step = env.turns().last().and_then(|turn| turn.steps.last()).unwrap();
                let text = said["turns"][at]["results"][number].as_str().unwrap();
                assert!(same(&step.outcome, text), "{id} {call:?}\n{:?}\n{text}", step.outcome);
                calls += 1;
            }
            if host == Host::Python {
                let (state, text) = (env.state().unwrap(), said["turns"][at]["state"].as_str().unwrap());
                assert_eq!(public(&state), text, "{id}, after turn {at}");
                states += 1;
            }
            env.step(&reference.answer).unwrap();
        }
        assert_eq!(env.next_turn(), Ok(None));
        assert!(initial || task.public.category != "miss_func");
        let record = env.finish();
        assert_eq!(verify(&plugin, task, &record.turns, key()).reward(), Some(1.0), "{id}");
    }
    eprintln!("{calls} calls and {states} states are the official ones");
    assert!(stride > 1 || calls == 4625);
}

/// A turn with these calls, all of them run.
fn turn(calls: &[&ToolCall]) -> Turn {
    let step = |parsed: Parsed, outcome: StepOutcome| Step {
        text: String::new(),
        parsed,
        outcome,
        observation: String::new(),
        cue: String::new(),
        state_hash: 0,
        fuel_used: 0,
    };
    let mut steps: Vec<Step> = calls
        .iter()
        .map(|call| step(Parsed::Call((*call).clone()), StepOutcome::Executed { result: Value::Null }))
        .collect();
    steps.push(step(Parsed::Answer("Done.".to_owned()), StepOutcome::Answered));
    Turn {
        user: String::new(),
        offered: Vec::new(),
        user_calls: Vec::new(),
        state_hash_before: 0,
        steps,
        truncated: None,
    }
}

#[test]
fn bfcl_verdicts_on_perturbed_traces_are_the_official_ones() {
    verdicts(Host::Rust, 1);
}

/// Judges every `stride`-th perturbed trace.
fn verdicts(host: Host, stride: usize) {
    let Some(Official { plugin, tasks, dump }) = official(host) else { return };
    let mut tried: BTreeMap<&str, u32> = BTreeMap::new();
    let traces = dump.iter().filter(|said| said.get("trace").is_some() && said["kind"] != "corrupted");
    for said in traces.step_by(stride) {
        let (task, truth) = &tasks[said["id"].as_str().unwrap()];
        let texts = truth.iter().flatten();
        let known: BTreeMap<&str, &ToolCall> = texts
            .map(String::as_str)
            .zip(task.hidden.reference.iter().flat_map(|reference| &reference.calls))
            .collect();
        let turns: Vec<Turn> = said["trace"]
            .as_array()
            .unwrap()
            .iter()
            .map(|calls| {
                turn(&calls.as_array().unwrap().iter().map(|call| known[call.as_str().unwrap()]).collect::<Vec<_>>())
            })
            .collect();
        let Verdict::Scored { reward, turns } = verify(&plugin, task, &turns, key()) else {
            panic!("{} is unscored", task.public.id);
        };
        let first = turns.iter().enumerate().find_map(|(at, turn)| Some((at, turn.failure?)));
        let ours = first.map_or(Value::Null, |(at, failure)| {
            let kind = match failure {
                VerdictFailure::EmptyTurn => "empty_turn_model_response",
                VerdictFailure::StateMismatch => "instance_state_mismatch",
                VerdictFailure::ResponseMismatch => "execution_response_mismatch",
                other => panic!("{other:?} is not an official failure"),
            };
            json!({ "turn": at, "kind": kind })
        });
        assert_eq!(ours, said["verdict"], "{} {}: {}", task.public.id, said["kind"], said["trace"]);
        assert_eq!(reward, f64::from(u8::from(said["verdict"].is_null())), "{}", task.public.id);
        *tried.entry(said["kind"].as_str().unwrap()).or_default() += 1;
    }
    eprintln!("{tried:?}");
    assert!(tried.values().sum::<u32>() >= 500, "{tried:?}");
}
