//! `coevo import`: a JSONL export back into a run folder, to query, replay, fork and explain.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use coevo_loop::run;
use coevo_loop::tasks::TaskPool;
use coevo_scenarios::ResolvedScenario;
use coevo_trace::import_jsonl;

use super::{Done, Failure};

#[derive(Args, Debug)]
pub struct ImportArgs {
    /// A file that `coevo export --format jsonl` wrote
    pub file: PathBuf,
    /// The run folder to make
    pub run: PathBuf,
    /// The scenario that the episodes were played with (scenario.yaml of their run folder)
    #[arg(long)]
    pub scenario: PathBuf,
}

/// `coevo import`. A file that is wrong leaves no folder.
pub fn import(args: &ImportArgs) -> Done {
    let lines = File::open(&args.file)
        .map_err(|error| Failure::bad_input(format!("cannot read {}: {error}", args.file.display())))?;
    let scenario = ResolvedScenario::load(&args.scenario, &[])?;
    let mut file = run::create(&scenario, &args.run)?;
    let pool = TaskPool::new(run::load_plugin(&scenario.base)?, scenario.base.environment.seed);
    let task = |reference: &_| pool.task(reference).ok().map(|task| task.public.clone());
    match import_jsonl(BufReader::new(lines), &mut file, &task) {
        Ok(imported) => {
            println!("{} episodes in {} commits: {}", imported.episodes, imported.commits, args.run.display());
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            // It was made a moment ago and holds nothing.
            drop(file);
            let _ = std::fs::remove_dir_all(&args.run);
            let failure = Failure::from(error);
            Err(Failure { message: format!("{}, {}", args.file.display(), failure.message), ..failure })
        }
    }
}
