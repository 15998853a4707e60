//! `coevo bench bfcl`: the whole ground truth in fresh sandbox instances, and beside it what the official Python needs.
//!
//! Both sides run in this one command, one after the other, on one thread each; every result of ours is compared with the
//! official one before any time is told.

use std::path::Path;
use std::process::Command;

use coevo_core::task::{Task, TaskRef};
use coevo_envs::Reply;
use coevo_envs::bench::{Outcomes, corpus};
use serde_json::{Value, json};

use super::{Failure, env};

/// Passes over the corpus; the shortest counts.
const PASSES: u32 = 7;

const DUMP: &str = include_str!("../../plugins/bfcl/parity/dump.py");
const SPEED: &str = include_str!("../../plugins/bfcl/parity/speed.py");

pub fn bench(folder: &Path, python: Option<&Path>, quiet: bool) -> Result<Value, Failure> {
    if !folder.join("tasks.jsonl").is_file() {
        return Err(Failure::bad_input(format!(
            "{}: no imported tasks\nhint: `coevo env import bfcl WHEEL`, then --tasks with the folder it made",
            folder.display()
        )));
    }
    let fault = |fault: coevo_core::episode::Fault| Failure::ours(format!("{}: {}", fault.during, fault.message));
    let plugin = env::load(&format!("{}/", folder.display()))?;
    let spec = plugin.spec();
    let mut tasks = Vec::new();
    for split in &spec.splits {
        for index in 0..split.tasks {
            let of = TaskRef { env: spec.name.clone(), split: split.name.clone(), index, seed: 0 };
            tasks.push(plugin.task(&of).map_err(fault)?);
        }
    }
    let (ours, outcomes) = corpus(&plugin, &tasks, PASSES).map_err(fault)?;
    let theirs = python.map(official).transpose()?;
    let compared = theirs.as_ref().map(|theirs| compare(&tasks, &outcomes, &theirs["results"])).transpose()?;
    if !quiet {
        println!("bfcl, one core, ms for the ground truth of a category (shortest of {PASSES} passes)");
        let columns =
            ["tasks", "calls", "starts", "instances", "episodes", "official", "direct", "official/ours", "direct/ours"];
        println!("  {:14} {}", "", columns.map(|name| format!("{name:>13}")).join(" "));
        for time in &ours {
            let their = |key: &str| theirs.as_ref().and_then(|theirs| theirs["times"][&time.category][key].as_f64());
            let (official, direct) = (their("official_ms"), their("direct_ms"));
            let shown =
                |value: Option<f64>| value.map_or_else(|| format!("{:>13}", "·"), |value| format!("{value:>13.2}"));
            println!(
                "  {:14} {:>13} {:>13} {:>13.2} {:>13.2} {:>13.2} {} {} {} {}",
                time.category,
                time.tasks,
                time.calls,
                time.starts_ms,
                time.instances_ms,
                time.episodes_ms,
                shown(official),
                shown(direct),
                shown(official.map(|ms| ms / time.instances_ms)),
                shown(direct.map(|ms| ms / time.instances_ms)),
            );
        }
        match (compared, &theirs) {
            (Some(calls), Some(theirs)) => println!("  {calls} results equal those of Python {}", theirs["python"]),
            _ => println!("  not compared with the official executor: give --python"),
        }
    }
    let theirs = theirs.map(|theirs| json!({ "python": theirs["python"], "times": theirs["times"] }));
    Ok(json!({ "ours": ours, "official": theirs, "results_compared": compared }))
}

/// Lets the official Python run its own measurement.
fn official(python: &Path) -> Result<Value, Failure> {
    let folder = std::env::temp_dir().join(format!("coevo-bfcl-{}", std::process::id()));
    let measured = (|| -> Result<Value, String> {
        let io = |error: std::io::Error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(&folder).map_err(io)?;
        std::fs::write(folder.join("dump.py"), DUMP).map_err(io)?;
        std::fs::write(folder.join("speed.py"), SPEED).map_err(io)?;
        let mut command = Command::new(python);
        let done = command.arg(folder.join("speed.py")).arg(folder.join("out.json")).arg(PASSES.to_string()).output();
        let done = done.map_err(|error| format!("{}: {error}", python.display()))?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr);
            let last = said.lines().last().unwrap_or("no message").to_owned();
            return Err(format!(
                "{}: {last}\nhint: `pip install --no-deps bfcl-eval==2026.3.23 mpmath` into its environment",
                python.display()
            ));
        }
        let text = std::fs::read_to_string(folder.join("out.json")).map_err(io)?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    })();
    let _ = std::fs::remove_dir_all(&folder);
    measured.map_err(Failure::bad_input)
}

/// Holds every result against the official one; returns how many.
fn compare(tasks: &[Task], outcomes: &[Outcomes], official: &Value) -> Result<u32, Failure> {
    let mut calls = 0;
    for (task, turns) in tasks.iter().zip(outcomes) {
        for (at, replies) in turns.iter().enumerate() {
            for (number, reply) in replies.iter().enumerate() {
                let said = official[&task.public.id][at][number].as_str().unwrap_or("(none)");
                if !same(reply, said) {
                    let place = format!("{}, turn {}, call {}", task.public.id, at + 1, number + 1);
                    return Err(Failure::ours(format!("{place}: {reply:?}, officially {said}")));
                }
                calls += 1;
            }
        }
    }
    Ok(calls)
}

/// Whether a reply is what the official text says: the JSON of a dict, or the text.
fn same(reply: &Reply, text: &str) -> bool {
    let dict: Option<Value> = serde_json::from_str(text).ok().filter(Value::is_object);
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    match reply {
        Reply::Result(have) => parse(have) == Some(dict.unwrap_or_else(|| Value::from(text))),
        Reply::Error { code, message, .. } if code == "exception" => message == text,
        Reply::Error { details, .. } => {
            dict.is_some() && parse(details).map(|details| details["result"].clone()) == dict
        }
    }
}
