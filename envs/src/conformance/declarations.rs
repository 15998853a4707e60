//! What an environment says of itself, and the tasks that it makes.

use std::collections::{BTreeMap, BTreeSet};

use coevo_core::episode::Fault;
use coevo_core::task::{EnvSpec, Task, TaskRef, ToolSpec};
use serde_json::Value;

use super::{Check, Options, Sample, Tally};
use crate::abi::types;
use crate::check;
use crate::plugin::EnvPlugin;
use crate::sandbox::Service;

pub(super) const CLAIM: &str = "tools, schemas, error codes and splits are declared in full";

/// The rules that a loaded description has already passed (legal schemas, distinct names) are not repeated here.
pub(super) fn description(spec: &EnvSpec) -> Check {
    let mut tally = Tally::default();
    for tool in &spec.tools {
        let place = |part: &str| format!("tool {}, {part}", tool.name);
        if tool.description.trim().is_empty() {
            tally.find(place("description"), "is empty", "say in a few words what it does");
        }
        arguments(tool, &mut tally);
        for error in &tool.errors {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if error.code.is_empty() || !error.code.chars().all(fits) {
                let value = format!("the code {:?} is not one word", error.code);
                tally.find(place("errors"), value, "use letters, digits and _ only, such as not_found");
            }
            if error.description.trim().is_empty() {
                tally.find(place("errors"), format!("{} has no description", error.code), "say when it happens");
            }
        }
    }
    let free = spec.tools.iter().filter(|tool| tool.result == Value::Object(Default::default()));
    match free.map(|tool| tool.name.as_str()).collect::<Vec<_>>().as_slice() {
        [] => {}
        [only] => tally.note(format!("{only}: its result schema allows everything")),
        [first, rest @ ..] => {
            tally.note(format!("{first} and {} more: their result schemas allow everything", rest.len()));
        }
    }
    if spec.summary.trim().is_empty() {
        tally.find("summary", "is empty", "say in one line what the environment is");
    }
    if spec.splits.is_empty() {
        tally.find("splits", "there are none", "declare at least a split to train on and one to test on");
    }
    for split in spec.splits.iter().filter(|split| split.tasks == 0) {
        tally.find(format!("split {}", split.name), "has no tasks", "give it tasks, or leave it out");
    }
    let (tools, splits) = (spec.tools.len(), spec.splits.len());
    let codes: usize = spec.tools.iter().map(|tool| tool.errors.len()).sum();
    let tried =
        format!("{tools} tools with {codes} error codes, {splits} splits, {} categories", spec.categories.len());
    tally.close("description", CLAIM, tried, false)
}

fn arguments(tool: &ToolSpec, tally: &mut Tally) {
    let place = format!("tool {}, arguments", tool.name);
    if tool.arguments["type"] != "object" {
        let value = format!("its type is {}", tool.arguments["type"]);
        return tally.find(place, value, "arguments are an object: {\"type\":\"object\",\"properties\":{…}}");
    }
    let nothing = Default::default();
    let properties = tool.arguments["properties"].as_object().unwrap_or(&nothing);
    for name in tool.arguments["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !properties.contains_key(name) {
            tally.find(
                place.clone(),
                format!("{name:?} is required and not among the properties"),
                "declare it, or mend its name",
            );
        }
    }
    if tool.arguments["additionalProperties"] != false && !properties.is_empty() {
        tally.note(format!("{}: undeclared arguments are let through (additionalProperties is not false)", tool.name));
    }
}

/// Samples the tasks of each split, spread over it, and checks how they are made.
pub(super) fn tasks(plugin: &EnvPlugin, options: &Options) -> (Vec<Sample>, Check) {
    let spec = plugin.spec();
    let mut tally = Tally::default();
    let (mut samples, mut scenarios) = (Vec::new(), BTreeMap::<String, String>::new());
    let mut unlike = 0;
    for split in &spec.splits {
        for index in indices(split.tasks, options.tasks) {
            let of = TaskRef { env: spec.name.clone(), split: split.name.clone(), index, seed: options.seed };
            let place = format!("{}:{index}, seed {}", split.name, options.seed);
            let task = match plugin.task(&of) {
                Ok(task) => task,
                Err(fault) => {
                    tally.find(
                        place,
                        format!("{}: {}", fault.during, fault.message),
                        "every index of a split gives a legal task",
                    );
                    continue;
                }
            };
            let owner = scenarios.entry(task.public.scenario.clone()).or_insert_with(|| split.name.clone());
            if *owner != split.name {
                let value = format!("scenario {:?} is also in split {owner}", task.public.scenario);
                tally.find(place, value, "keep the tasks of one scenario in one split, or a test set is trained on");
            }
            let other = plugin.task(&TaskRef { seed: options.seed ^ 0x5eed, ..of.clone() });
            unlike += u32::from(other.is_ok_and(|other| other.public.turns != task.public.turns));
            samples.push(Sample { of, task });
        }
    }
    orders(plugin, &samples, &mut tally);
    strangers(plugin, options, &mut tally);
    let categories: BTreeSet<&str> = samples.iter().map(|sample| sample.task.public.category.as_str()).collect();
    let missed: Vec<&str> =
        spec.categories.iter().map(String::as_str).filter(|name| !categories.contains(name)).collect();
    if !missed.is_empty() {
        tally.note(format!("no task sampled of: {} (--tasks N samples more)", missed.join(", ")));
    }
    let tried = format!("{} tasks of {} splits; {unlike} differ with another seed", samples.len(), spec.splits.len());
    let claim = "a task is a function of split, index and seed; scenarios keep to one split";
    let nothing = samples.is_empty();
    (samples, tally.close("tasks", claim, tried, nothing))
}

/// `want` of `have` indices, spread so that a cycle of categories is not hit at one point only.
fn indices(have: u32, want: u32) -> BTreeSet<u32> {
    let want = want.min(have);
    let step = have.checked_div(want).unwrap_or(1);
    (0..want).map(|at| at * step + at % step).collect()
}

fn fresh(plugin: &EnvPlugin) -> Result<Service, Fault> {
    plugin.service(super::player::key())
}

fn made(plugin: &EnvPlugin, instance: &mut Service, of: &TaskRef) -> Result<types::Task, Fault> {
    match plugin.imported(of) {
        Some(data) => instance.import_task(&data),
        None => instance.generate(&of.split, of.index, of.seed),
    }
}

/// One instance makes every task, last first, and makes each again: the same as instances of their own.
fn orders(plugin: &EnvPlugin, samples: &[Sample], tally: &mut Tally) {
    let mut compare = || -> Result<(), Fault> {
        let mut one = fresh(plugin)?;
        for sample in samples.iter().rev().chain(samples) {
            let again = check::task(made(plugin, &mut one, &sample.of)?, plugin.spec());
            let again: Task = again.map_err(|problem| one.condemn("generate", problem))?;
            if again != sample.task {
                let value = "differs when its instance has made other tasks before";
                let fix = "let generation depend on its arguments only: no counters, no shared generator";
                tally.find(sample.task.public.id.clone(), value, fix);
            }
        }
        Ok(())
    };
    if let Err(fault) = compare() {
        let value = format!("{}: {}", fault.during, fault.message);
        tally.find("generating all tasks in one instance", value, "an instance may be asked for many tasks");
    }
}

/// Splits and indices that are not there are refused, by an error and not by a trap.
fn strangers(plugin: &EnvPlugin, options: &Options, tally: &mut Tally) {
    let beyond = plugin.spec().splits.iter().map(|split| (split.name.clone(), split.tasks));
    for (split, index) in beyond.chain([("no such split".to_owned(), 0)]) {
        let refused = fresh(plugin).and_then(|mut instance| instance.generate(&split, index, options.seed));
        let place = format!("generate({split:?}, {index})");
        match refused {
            Ok(_) => tally.find(place, "gives a task", "refuse what `describe` does not list, with an error"),
            Err(fault) if fault.boundary != coevo_core::episode::Boundary::GuestOutput => {
                tally.find(place, fault.message, "return an error instead of trapping");
            }
            Err(_) => {}
        }
    }
}
