//! `coevo env`: list, show, build, import; the other verbs have files of their own.

pub mod check;
pub mod new;
pub mod play;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use coevo_core::interface::Interface;
use coevo_core::render;
use coevo_core::task::{TaskRef, UserMessage};
use coevo_envs::build::{BuildStep, build_guest, default_output, stamp};
use coevo_envs::manifest::FILE as MANIFEST;
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

/// Tells on standard error when a folder's sources changed after its component was built.
pub fn note_if_stale(folder: &Path) {
    let Ok(entries) = folder.read_dir() else { return };
    let mut stamps =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension() == Some("stamp".as_ref()));
    // A stamp that cannot be made (no cargo here) proves nothing.
    if let (Some(path), None) = (stamps.next(), stamps.next())
        && let (Ok(then), Ok(now)) = (std::fs::read_to_string(&path), stamp(folder))
        && then.trim() != now
    {
        let shown = folder.display();
        eprintln!("note: the sources in {shown} changed after it was built; `coevo env build {shown}` builds them");
    }
}

/// What may be loaded from `folder`: itself if it has a manifest, else its components.
fn directly_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    if folder.join(MANIFEST).is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let paths = folder.read_dir()?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.extension() == Some("wasm".as_ref())).collect())
}

/// The environments in `folder`, or in its folders, as sources.
fn found_in(folder: &Path) -> Result<Vec<String>, Failure> {
    let look = || -> std::io::Result<Vec<PathBuf>> {
        if folder.is_file() {
            return Ok(vec![folder.to_owned()]);
        }
        let mut found = directly_in(folder)?;
        if found.is_empty() {
            for entry in folder.read_dir()? {
                let path = entry?.path();
                // One that cannot be read is none of ours.
                found.extend(path.is_dir().then(|| directly_in(&path).unwrap_or_default()).into_iter().flatten());
            }
        }
        found.sort();
        Ok(found)
    };
    let found = look().map_err(|error| Failure::bad_input(format!("{}: {error}", folder.display())))?;
    if found.is_empty() {
        return Err(Failure::bad_input(format!(
            "{}: no environment here, nor in its folders\nhint: an environment's folder has an {MANIFEST} or a .wasm file",
            folder.display()
        )));
    }
    Ok(found.iter().map(|path| as_path(path)).collect())
}

/// A bare name would be that of a shipped environment.
pub fn as_path(path: &Path) -> String {
    let shown = path.display().to_string();
    if shown.contains('/') || shown == "." { shown } else { format!("./{shown}") }
}

/// `coevo env list`.
pub fn list(folders: &[PathBuf], json: bool) -> Done {
    let mut names: Vec<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
    for folder in folders {
        names.extend(found_in(folder)?);
    }
    let (mut rows, mut broken) = (Vec::new(), false);
    for name in names {
        // One that does not load must not hide the others.
        match load(&name) {
            Ok(plugin) if json => {
                let mut row = serde_json::to_value(plugin.spec()).expect("our own types serialize");
                row["source"] = json!(name);
                row["manifest"] = json!(plugin.manifest());
                rows.push(row);
            }
            Ok(plugin) => show_row(&name, &plugin),
            Err(failure) => {
                broken = true;
                eprintln!("{name}: {}", failure.message);
            }
        }
    }
    if json {
        print_json(&rows);
    }
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn show_row(source: &str, plugin: &EnvPlugin) {
    let spec = plugin.spec();
    let splits: Vec<String> = spec.splits.iter().map(|split| format!("{} {}", split.name, split.tasks)).collect();
    println!("{} {}  {}", spec.name, spec.version, spec.summary);
    println!("  {} tools; tasks: {}; categories: {}", spec.tools.len(), splits.join(", "), spec.categories.join(", "));
    let origin = if *source == spec.name { "shipped" } else { source };
    match plugin.manifest() {
        Some(manifest) => println!("  {origin}; {}; {}", manifest.language.name(), manifest.licence),
        None => println!("  {origin}"),
    }
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
#[expect(clippy::disallowed_methods, reason = "the time a build took is shown, and reaches no result")]
pub fn build(folder: &Path, out: Option<&Path>) -> Done {
    let begun = std::time::Instant::now();
    let out = out.map_or_else(|| default_output(folder), Path::to_path_buf);
    let bar = match std::io::stderr().is_terminal() {
        true => indicatif::ProgressBar::new_spinner(),
        false => indicatif::ProgressBar::hidden(),
    };
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    let mut first = true;
    let built = build_guest(folder, &out, &mut |step| match step {
        BuildStep::Found(toolchain) => {
            bar.suspend(|| eprintln!("building {} with {toolchain}", folder.display()));
        }
        BuildStep::Compiler(line) => {
            // With Debian's compiler the standard library is built along, once on a machine.
            if first && line.contains("Compiling core v0") {
                first = false;
                bar.suspend(|| {
                    eprintln!("the first build on this machine compiles Rust's standard library, too: minutes")
                });
            }
            bar.set_message(line.trim().to_owned());
        }
    });
    bar.finish_and_clear();
    let built = built.map_err(|error| Failure::bad_input(error.to_string()))?;
    let spec = built.plugin.spec();
    let seconds = begun.elapsed().as_secs_f64();
    println!("{} ({} KB, {seconds:.1} s)", built.component.display(), built.bytes / 1000);
    let tasks: u32 = spec.splits.iter().map(|split| split.tasks).sum();
    println!("{} {}: {} tools, {tasks} tasks", spec.name, spec.version, spec.tools.len());
    if built.plugin.manifest().is_none() {
        eprintln!("note: {} has no {MANIFEST}, so the component names no licence", folder.display());
    }
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
    let here = if out.is_absolute() { "" } else { "./" };
    println!("all of them load; in a scenario: environment: {{ name: {here}{} }}", out.display());
    Ok(ExitCode::SUCCESS)
}
