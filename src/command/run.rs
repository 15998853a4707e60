//! `coevo run`, `resume` and `table`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use coevo_loop::run::{self, Ended};
use coevo_scenarios::ResolvedScenario;
use coevo_trace::RunFile;

use super::{Done, Failure, machine, print_json};
use crate::cli::{Machine, ResumeArgs, RunArgs, TableArgs};
use crate::progress::Progress;
use crate::table::Table;

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// `coevo run`.
pub fn run(args: &RunArgs) -> Done {
    let mut overrides = args.set.clone();
    overrides.extend(args.seed.map(|seed| format!("seed={seed}")));
    let scenario = ResolvedScenario::load_with(&args.scenario, args.budget.as_deref(), &overrides)?;
    if args.dry_run {
        run::check(&scenario)?;
        println!("{}\n{}", scenario.name, scenario.plan);
        return Ok(ExitCode::SUCCESS);
    }
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => free_folder(&scenario.name),
    };
    let mut file = run::create(&scenario, &folder)?;
    eprintln!("run folder: {}", folder.display());
    go(&scenario, &mut file, &folder, &args.machine, args.json)
}

/// `coevo resume`.
pub fn resume(args: &ResumeArgs) -> Done {
    let (mut file, scenario) = run::reopen(&args.run)?;
    go(&scenario, &mut file, &args.run, &args.machine, args.json)
}

/// `coevo table`.
pub fn table(args: &TableArgs) -> Done {
    let file = RunFile::open_read_only(&args.run)?;
    let scenario = run::recorded_scenario(&file)?;
    show(&Table::of(&file, &scenario)?, args.json);
    Ok(ExitCode::SUCCESS)
}

fn go(scenario: &ResolvedScenario, file: &mut RunFile, folder: &Path, flags: &Machine, json: bool) -> Done {
    let stop = stop_on_interrupt()?;
    let machine = machine(flags, scenario.arms.iter().map(|arm| &arm.settings));
    let ended = run::drive(scenario, file, machine, &stop, &mut Progress::new())?;
    match ended {
        Ended::Stopped { reason } => {
            eprintln!("stopped ({reason}); everything up to here is saved: coevo resume {}", folder.display());
            Ok(ExitCode::from(INTERRUPTED))
        }
        Ended::Finished => {
            show(&Table::of(file, scenario)?, json);
            Ok(ExitCode::SUCCESS)
        }
        Ended::Partial { failed } => {
            show(&Table::of(file, scenario)?, json);
            let mut lines: Vec<String> =
                failed.iter().map(|(arm, reason)| format!("arm `{arm}` stopped: {reason}")).collect();
            if failed.len() < scenario.arms.len() {
                lines.push("the other arms finished".to_owned());
            }
            let hint = "going on would end the same way: lower a learning rate, in a new run";
            Err(Failure::ours(format!("{}\n  hint: {hint}", lines.join("\n"))))
        }
    }
}

fn show(table: &Table, json: bool) {
    if json {
        print_json(table);
    } else {
        print!("{table}");
    }
}

/// The first Ctrl-C asks to stop after the round in progress is saved; the second ends at once (the last round is saved).
fn stop_on_interrupt() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
        eprintln!("\nstopping after this round is saved; Ctrl-C again to end now (finished rounds are saved)");
    })
    .map_err(|error| Failure::ours(format!("cannot listen for Ctrl-C: {error}")))?;
    Ok(stop)
}

/// `runs/NAME`, or the first of `runs/NAME-2` and so on that does not exist.
fn free_folder(name: &str) -> PathBuf {
    let safe: String =
        name.chars().map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect();
    let numbered = (2..).map(|number| PathBuf::from("runs").join(format!("{safe}-{number}")));
    std::iter::once(PathBuf::from("runs").join(&safe))
        .chain(numbered)
        .find(|folder| !folder.exists())
        .expect("some number is free")
}
