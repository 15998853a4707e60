//! The work of each verb. A verb returns its exit code, or a failure with a message.

pub mod bench;
pub mod bench_explain;
pub mod bench_peers;
pub mod bench_trace;
pub mod bfcl;
pub mod diff;
pub mod env;
pub mod episodes;
pub mod eval;
pub mod explain;
pub mod export;
pub mod fork;
pub mod import;
pub mod replay;
pub mod report;
pub mod rescore;
pub mod run;

use std::process::ExitCode;

use coevo_core::config::Backend;
use coevo_loop::error::RunError;
use coevo_loop::run::Machine as RunMachine;
use coevo_loop::slots::Parallelism;
use coevo_scenarios::Settings;

use crate::cli::Machine;

/// Exit code of bad input.
const BAD_INPUT: u8 = 2;

/// Why a verb could not do its work.
pub struct Failure {
    pub message: String,
    pub code: ExitCode,
}

impl Failure {
    /// What the user gave is at fault.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: ExitCode::from(BAD_INPUT) }
    }

    /// This program or machine is at fault.
    pub fn ours(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: ExitCode::FAILURE }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let message = error.to_string();
        if error.is_bad_input() { Self::bad_input(message) } else { Self::ours(message) }
    }
}

impl From<coevo_trace::TraceError> for Failure {
    fn from(error: coevo_trace::TraceError) -> Self {
        RunError::from(error).into()
    }
}

impl From<coevo_scenarios::ScenarioError> for Failure {
    fn from(error: coevo_scenarios::ScenarioError) -> Self {
        RunError::from(error).into()
    }
}

impl From<coevo_envs::LoadError> for Failure {
    fn from(error: coevo_envs::LoadError) -> Self {
        RunError::from(error).into()
    }
}

pub type Done = Result<ExitCode, Failure>;

/// The machine's cores, or what the flag says.
pub fn workers(flag: Option<usize>) -> usize {
    flag.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
}

/// Arms side by side by default, at most: each has a cache of its own for every slot.
const MOST_JOBS: usize = 4;

/// `arms`: the settings of whatever may run side by side.
fn machine<'a>(flags: &Machine, arms: impl IntoIterator<Item = &'a Settings>) -> RunMachine {
    let backend: Option<Backend> = flags.backend.map(Into::into);
    let backends: Vec<Backend> = arms.into_iter().map(|arm| backend.unwrap_or(arm.learner.backend)).collect();
    let cores = workers(None);
    let alone = backends.len() < 2 || backends.iter().any(|backend| *backend != Backend::Cpu);
    let lanes = flags.jobs.unwrap_or(if alone { 1 } else { cores.min(MOST_JOBS) }).max(1);
    let workers = flags.workers.unwrap_or(cores.div_ceil(lanes)).max(1);
    RunMachine { backend, parallelism: Parallelism { slots: flags.slots.max(1), workers }, lanes }
}

/// `coevo schema`.
pub fn schema() -> Done {
    print_json(&coevo_scenarios::json_schema());
    Ok(ExitCode::SUCCESS)
}

/// A text of several lines that stays behind what its first line stands behind.
fn hanging(text: &str, columns: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(columns)))
}

/// Pretty JSON on standard output.
pub fn print_json(value: &impl serde::Serialize) {
    println!("{}", serde_json::to_string_pretty(value).expect("our own types serialize"));
}
