//! `coevo env check`: the conformance kit on one environment, as a report that a person can act on.

use std::process::{Command, ExitCode};

use coevo_envs::conformance::{Check, Options, Outcome, Transcript, check_source, transcript};
use coevo_envs::{EnvPlugin, EnvSource, Sandbox, SandboxLimits};
use coevo_loop::error::RunError;

use super::super::{Done, Failure, print_json};
use crate::cli::EnvCheckArgs;

/// Width that findings are wrapped to.
const WIDTH: usize = 110;

/// `coevo env check`. Exit code 0 only if every check passes.
pub fn check(args: &EnvCheckArgs) -> Done {
    if args.tasks == 0 {
        return Err(Failure::bad_input(
            "--tasks 0: nothing would be checked\nhint: give the number of tasks of each split",
        ));
    }
    let options = Options { tasks: args.tasks, seed: args.seed };
    let sandbox = Sandbox::new(SandboxLimits::default()).map_err(RunError::from)?;
    let source: EnvSource = args.env.parse().expect("any text names a source");
    if args.transcript {
        let plugin = EnvPlugin::load(&sandbox, &source)?;
        print_json(&transcript(&plugin, &options));
        return Ok(ExitCode::SUCCESS);
    }
    let elsewhere = || another_process(args);
    let mut observe = |check: &Check| {
        if !args.json {
            print(check);
        }
    };
    let report = check_source(&sandbox, &source, &options, Some(&elsewhere), &mut observe)?;
    if args.json {
        print_json(&report);
    } else {
        let failed: Vec<&str> = report.failed().collect();
        let passed = report.checks.iter().filter(|check| check.outcome == Outcome::Passed).count();
        let idle = report.checks.len() - passed - failed.len();
        print!(
            "\n{} {} (component {}), {} tasks, seed {}: ",
            report.environment, report.version, report.component, report.tasks, report.seed
        );
        println!("{passed} passed, {} failed, {idle} had nothing to try", failed.len());
        if !failed.is_empty() {
            println!("failed: {}", failed.join(", "));
        }
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The transcript of the same tasks, made by this program started once more.
fn another_process(args: &EnvCheckArgs) -> Result<Transcript, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
    let mut command = Command::new(program);
    command.args(["env", "check", &args.env, "--transcript", "--tasks", &args.tasks.to_string()]);
    command.args(["--seed", &args.seed.to_string()]);
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("it failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("its transcript is no JSON: {error}"))
}

fn print(check: &Check) {
    let mark = match check.outcome {
        Outcome::Passed => "ok",
        Outcome::Failed => "FAIL",
        Outcome::NotTried => "-",
    };
    println!("{mark:4}  {:13} {}", check.name, check.tried);
    if check.outcome == Outcome::Failed {
        println!("      {:13} broken: {}", "", check.claim);
    }
    for finding in &check.findings {
        wrapped(&finding.place, "          ");
        wrapped(&finding.value, "            ");
        wrapped(&format!("fix: {}", finding.fix), "            ");
    }
    let more = check.found - check.findings.len();
    if more > 0 {
        println!("          and {more} more");
    }
    for note in &check.notes {
        wrapped(&format!("note: {note}"), "      ");
    }
}

/// Prints text in lines of at most [`WIDTH`] characters, broken at spaces where there are any.
fn wrapped(text: &str, indent: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + line.chars().count() + 1 + word.chars().count() > WIDTH {
            println!("{indent}{line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    println!("{indent}{line}");
}
