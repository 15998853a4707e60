//! `coevo env`: list, show, build, import.

use std::path::Path;
use std::process::ExitCode;

use coevo_core::interface::Interface;
use coevo_core::render;
use coevo_core::task::{EnvSpec, TaskRef, UserMessage};
use coevo_envs::build::{build_rust_guest, default_output};
use coevo_envs::{EnvPlugin, EnvSource, SHIPPED, Sandbox, SandboxLimits, import};
use coevo_loop::error::RunError;
use serde_json::json;

use super::{Done, Failure, print_json};
use crate::cli::ImportKind;

/// Loads an environment by shipped name, folder or file.
pub fn load(name: &str) -> Result<EnvPlugin, Failure> {
    let sandbox = Sandbox::new(SandboxLimits::default()).map_err(RunError::from)?;
    let source: EnvSource = name.parse().expect("any text names a source");
    Ok(EnvPlugin::load(&sandbox, &source)?)
}

/// `coevo env list`.
pub fn list(json: bool) -> Done {
    let specs: Vec<EnvSpec> =
        SHIPPED.iter().map(|(name, _)| Ok(load(name)?.spec().clone())).collect::<Result<_, Failure>>()?;
    if json {
        print_json(&specs);
        return Ok(ExitCode::SUCCESS);
    }
    for spec in specs {
        let splits: Vec<String> = spec.splits.iter().map(|split| format!("{} {}", split.name, split.tasks)).collect();
        println!("{} {}  {}", spec.name, spec.version, spec.summary);
        println!(
            "  {} tools; tasks: {}; categories: {}",
            spec.tools.len(),
            splits.join(", "),
            spec.categories.join(", ")
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// `coevo env show`.
pub fn show(env: &str, task: Option<u32>, json: bool) -> Done {
    let plugin = load(env)?;
    let spec = plugin.spec();
    let shown = match task {
        None => None,
        Some(index) => {
            let reference = TaskRef { env: spec.name.clone(), split: "train".to_owned(), index, seed: 0 };
            let made = plugin.task(&reference);
            Some(made.map_err(|fault| {
                Failure::bad_input(format!("task {index} of the training split of {env}: {}", fault.message))
            })?)
        }
    };
    if json {
        print_json(&json!({ "environment": spec, "task": shown.map(|task| task.public) }));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} {}: {}\n", spec.name, spec.version, spec.summary);
    let tools: Vec<_> = spec.tools.iter().collect();
    println!("{}", render::tool_list(&tools, &Interface::base()));
    println!("\nerrors");
    for tool in &spec.tools {
        let codes: Vec<&str> = tool.errors.iter().map(|error| error.code.as_str()).collect();
        if !codes.is_empty() {
            println!("  {}: {}", tool.name, codes.join(", "));
        }
    }
    if let Some(task) = shown {
        println!("\ntask {} ({}, scenario {})", task.public.id, task.public.category, task.public.scenario);
        println!("  system: {}", task.public.system);
        for (number, turn) in task.public.turns.iter().enumerate() {
            let text = match &turn.message {
                UserMessage::Scripted(text) => text,
                UserMessage::Simulated => "(made up by the simulated user)",
            };
            println!("  turn {}: {text}  [{} tools offered]", number + 1, turn.offered.len());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `coevo env build`.
pub fn build(folder: &Path, out: Option<&Path>) -> Done {
    let out = out.map_or_else(|| default_output(folder), Path::to_path_buf);
    let built = build_rust_guest(folder, &out).map_err(|error| Failure::bad_input(error.to_string()))?;
    println!("{} ({} KB, built with {})", built.component.display(), built.bytes / 1000, built.toolchain);
    // A component that does not load is not a result.
    let spec = load(&built.component.display().to_string())?.spec().clone();
    println!("{} {}: {} tools", spec.name, spec.version, spec.tools.len());
    Ok(ExitCode::SUCCESS)
}

/// `coevo env import`.
pub fn import(kind: ImportKind, archive: &Path, out: Option<&Path>, official: bool) -> Done {
    let ImportKind::Bfcl = kind;
    let out = out.unwrap_or(Path::new("bfcl-tasks"));
    let done = import::bfcl(archive, out, official).map_err(|error| Failure::bad_input(error.to_string()))?;
    let splits: Vec<String> = done.splits.iter().map(|(name, tasks)| format!("{name} {tasks}")).collect();
    println!("{} (bfcl-eval {}, {} KB)", out.display(), done.version, done.bytes / 1000);
    println!("tasks: {}", splits.join(", "));
    // Tasks that the guest cannot read are not a result.
    let plugin = load(&format!("{}/", out.display()))?;
    for split in plugin.spec().splits.clone() {
        for index in 0..split.tasks {
            let of = TaskRef { env: plugin.spec().name.clone(), split: split.name.clone(), index, seed: 0 };
            plugin.task(&of).map_err(|fault| Failure::ours(format!("{} {index}: {}", split.name, fault.message)))?;
        }
    }
    println!("all of them load; in a scenario: environment: {{ name: ./{} }}", out.display());
    Ok(ExitCode::SUCCESS)
}
