//! Replays every imported task natively and compares with what the official implementation said.
//!
//! ```text
//! parity TASKS.jsonl DUMP.jsonl [--show N]
//! ```
//!
//! `TASKS.jsonl` is what `coevo env import bfcl WHEEL` wrote, `DUMP.jsonl` what `parity/dump.py` did. Compared are the text of every
//! ground-truth call, the public state after every turn (as Python compares it), and the verdict on every perturbed trace:
//! whether it passes, the turn that fails first, and why. Also: the ground truth fits the schemas of the description, the
//! description fits the official documents, and a call that reports an error has changed nothing. Exits with 1 where
//! anything differs, and shows the first N differences.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use bfcl::py::{Call, Py, parse_call, parse_literal, repr};
use bfcl::score::{Miss, Scorer};
use bfcl::task::{import, initial};
use bfcl::tools;
use bfcl::world::{Reply, World};
use coevo_sdk::task::Task;
use coevo_sdk::{Environment, Value, json};

#[derive(Default)]
struct Report {
    counts: BTreeMap<String, u64>,
    differences: Vec<String>,
    /// Functions that reported an error and had changed something.
    changed: BTreeSet<String>,
    /// The dump is CPython 3.11's or older: its `sum` rounds otherwise, which shows in task 47.
    old_sum: bool,
}

impl Report {
    fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_insert(0) += 1;
    }

    /// A difference that lies in the old `sum`, if the dump has it.
    fn known(&mut self, task: &Task) -> bool {
        let known = self.old_sum && task.scenario == "multi_turn_47";
        if known {
            self.count("known differences of CPython before 3.12 (task 47)");
        }
        known
    }

    fn differ(&mut self, what: &str, text: impl FnOnce() -> String) {
        self.count(&format!("DIFFERENT: {what}"));
        self.differences.push(format!("{what}: {}", text()));
    }
}

fn short(text: &str) -> String {
    text.chars().take(300).collect()
}

fn reference(task: &Task, truth: &[Vec<Call>], said: &Value, report: &mut Report) {
    let mut world = initial(&task.initial_state).expect("import has loaded it");
    for (at, calls) in truth.iter().enumerate() {
        let want = &said["turns"][at];
        for (number, call) in calls.iter().enumerate() {
            let before = world.clone();
            let reply = world.call(call);
            if failed(&reply) && world != before && !tools::CHANGE_BEFORE_ERROR.contains(&call.function.as_str()) {
                report.changed.insert(call.function.clone());
            }
            report.count("calls");
            let (have, want) = (reply.text(), want["results"][number].as_str().unwrap_or("(no such call)"));
            if have != want && !(call.function == "standard_deviation" && report.known(task)) {
                report.differ("result", || {
                    format!(
                        "{} turn {at} {}:\n  ours     {}\n  official {}",
                        task.id,
                        call.function,
                        short(&have),
                        short(want)
                    )
                });
            }
        }
        report.count("states");
        let official = parse_literal(want["state"].as_str().unwrap_or_default()).expect("the dump writes literals");
        compare_states(task, at, &world, &official, report);
    }
}

/// Calls that report an error must leave the world as it was.
fn unchanged(task: &Task, trace: &[Vec<Call>], report: &mut Report) {
    let mut world = initial(&task.initial_state).expect("import has loaded it");
    for call in trace.iter().flatten() {
        let before = world.clone();
        let reply = world.call(call);
        if failed(&reply) && world != before && !tools::CHANGE_BEFORE_ERROR.contains(&call.function.as_str()) {
            report.changed.insert(call.function.clone());
        }
    }
}

fn failed(reply: &Reply) -> bool {
    match reply {
        Reply::Raised(_) => true,
        Reply::Value(value) => value.get("error").is_some(),
    }
}

fn compare_states(task: &Task, at: usize, world: &World, official: &Py, report: &mut Report) {
    let ours: BTreeMap<String, Py> = world
        .public()
        .into_iter()
        .flat_map(|(class, attributes)| {
            attributes.into_iter().map(move |(name, value)| (format!("{class}.{name}"), value))
        })
        .collect();
    let mut names: BTreeSet<String> = ours.keys().cloned().collect();
    let mut theirs = BTreeMap::new();
    for (class, attributes) in official.pairs().unwrap_or_default() {
        for (name, value) in attributes.pairs().unwrap_or_default() {
            let name = format!("{}.{}", class.as_str().unwrap_or_default(), name.as_str().unwrap_or_default());
            names.insert(name.clone());
            theirs.insert(name, value);
        }
    }
    for name in names {
        let shown = |value: Option<&Py>| value.map_or("(absent)".to_owned(), |value| short(&repr(value)));
        let (have, want) = (ours.get(&name), theirs.get(&name).copied());
        if have != want {
            report.differ("state", || {
                format!("{} turn {at} {name}:\n  ours     {}\n  official {}", task.id, shown(have), shown(want))
            });
        }
    }
}

/// The first failing turn and the official name of the reason.
fn verdict(task: &Task, truth: &[Vec<Call>], trace: &[Vec<Call>]) -> Value {
    let mut scorer = Scorer::new(initial(&task.initial_state).expect("import has loaded it"));
    for (at, (truth, calls)) in truth.iter().zip(trace).enumerate() {
        if let Some(miss) = scorer.turn(truth, calls, calls.len()) {
            let kind = match miss {
                Miss::Empty => "empty_turn_model_response",
                Miss::State(_) => "instance_state_mismatch",
                Miss::Response(_) => "execution_response_mismatch",
            };
            return json!({ "turn": at, "kind": kind });
        }
    }
    Value::Null
}

/// The description against one official function document.
fn document(document: &Value, schemas: &BTreeMap<&str, Value>, report: &mut Report) {
    let name = document["name"].as_str().unwrap_or_default();
    report.count("function documents");
    let Some(schema) = schemas.get(name) else {
        return report.differ("document", || format!("{name} is not described"));
    };
    let (ours, theirs) = (&schema["properties"], &document["parameters"]["properties"]);
    let required = |schema: &Value| {
        schema["required"].as_array().into_iter().flatten().map(Value::to_string).collect::<BTreeSet<_>>()
    };
    let names = |properties: &Value| properties.as_object().map(|map| map.keys().cloned().collect::<BTreeSet<_>>());
    if names(ours) != names(theirs) || required(schema) != required(&document["parameters"]) {
        report.differ("document", || format!("{name}: {schema}\n  official {}", document["parameters"]));
    }
    let standard = |ty: &Value| match ty.as_str() {
        Some("float") => "number".to_owned(),
        Some("dict") => "object".to_owned(),
        other => other.unwrap_or_default().to_owned(),
    };
    for (argument, property) in theirs.as_object().into_iter().flatten() {
        let (mine, same) = (&ours[argument.as_str()], |place: &str| {
            ours[argument.as_str()].pointer(place).map(&standard) == property.pointer(place).map(&standard)
        });
        let either = mine["type"] == json!(["integer", "string"]) && property["type"] == "integer";
        if !(either || same("/type") && same("/items/type")) {
            report.differ("document", || format!("{name}.{argument}: {mine}\n  official {property}"));
        }
    }
}

/// Whether a value has the type that a schema of the description names.
fn fits(value: &Value, schema: &Value) -> bool {
    match schema["type"].as_str() {
        None => value.is_i64() || value.is_string(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("object") => value.is_object(),
        Some("array") => value.as_array().is_some_and(|items| items.iter().all(|item| fits(item, &schema["items"]))),
        _ => true,
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (Some(tasks), Some(dump)) = (args.first(), args.get(1)) else {
        eprintln!("usage: parity TASKS.jsonl DUMP.jsonl [--show N]");
        return ExitCode::from(2);
    };
    let most = args.iter().position(|arg| arg == "--show").and_then(|at| args.get(at + 1)?.parse().ok()).unwrap_or(20);
    let read = |path: &String| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let parse = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}"));

    let mut report = Report::default();
    let described = bfcl::Bfcl::describe();
    let schemas: BTreeMap<&str, Value> =
        described.tools.iter().map(|tool| (tool.name, tool.arguments_schema())).collect();
    let text = read(tasks);
    let mut lines = text.lines();
    let header = parse(lines.next().unwrap_or_default());
    for (key, list) in header["shared"].as_object().into_iter().flatten() {
        if key.starts_with("functions:") {
            list.as_array().into_iter().flatten().for_each(|one| document(one, &schemas, &mut report));
        }
    }
    let mut known: BTreeMap<String, (Task, Vec<Vec<Call>>)> = BTreeMap::new();
    for line in lines {
        let line = parse(line);
        let shared: serde_json::Map<String, Value> = line["uses"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| Some((name.as_str()?.to_owned(), header["shared"].get(name.as_str()?)?.clone())))
            .collect();
        match import(&json!({ "task": line["task"], "shared": shared }).to_string()) {
            Ok(task) => {
                for call in task.reference.iter().flat_map(|turn| &turn.calls) {
                    let schema = &schemas[call.name.as_str()];
                    let arguments = call.arguments.as_object().expect("an object");
                    if !arguments.iter().all(|(name, value)| fits(value, &schema["properties"][name.as_str()])) {
                        report.differ("schema", || format!("{} {} {}", task.id, call.name, call.arguments));
                    }
                }
                let truth = calls(&line["task"]["ground_truth"]).expect("import has read them");
                known.insert(task.id.clone(), (task, truth));
                report.count("tasks");
            }
            Err(error) => report.differ("import", || error),
        }
    }

    let text = read(dump);
    let mut lines = text.lines();
    let official = parse(lines.next().unwrap_or_default());
    let version: Vec<u32> = official["python"].as_str().unwrap_or_default().split('.').flat_map(str::parse).collect();
    report.old_sum = version < vec![3, 12];
    println!("official: {official}");
    for line in lines {
        let said = parse(line);
        let id = said["id"].as_str().unwrap_or_default();
        let Some((task, truth)) = known.get(id) else {
            report.count("DIFFERENT: no such task");
            continue;
        };
        let Some(kind) = said["kind"].as_str() else {
            reference(task, truth, &said, &mut report);
            continue;
        };
        let Ok(trace) = calls(&said["trace"]) else {
            report.differ("trace", || format!("{id}: {}", said["trace"]));
            continue;
        };
        report.count(&format!("verdicts on traces {kind}"));
        if kind == "corrupted" {
            unchanged(task, &trace, &mut report);
        }
        let ours = verdict(task, truth, &trace);
        if ours != said["verdict"] && !report.known(task) {
            report.differ("verdict", || {
                let turns = || said["trace"].as_array().into_iter().flatten().map(Value::to_string);
                let changed = turns().zip(truth).map(|(turn, _)| short(&turn)).collect::<Vec<_>>().join("\n    ");
                format!("{id} {kind}: ours {ours}, official {}\n    {changed}", said["verdict"])
            });
        }
    }
    for (what, count) in &report.counts {
        println!("{count:>8} {what}");
    }
    for name in &report.changed {
        println!("changes something before it reports an error: {name}");
    }
    for difference in report.differences.iter().take(most) {
        println!("{difference}");
    }
    ExitCode::from(u8::from(!report.differences.is_empty() || !report.changed.is_empty()))
}

fn calls(turns: &Value) -> Result<Vec<Vec<Call>>, String> {
    let turn = |turn: &Value| {
        turn.as_array().into_iter().flatten().map(|call| parse_call(call.as_str().unwrap_or_default())).collect()
    };
    turns.as_array().into_iter().flatten().map(turn).collect()
}
