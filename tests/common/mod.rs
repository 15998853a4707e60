//! Runs the real binary for the end-to-end tests, on scenarios that take seconds.

#![allow(dead_code, reason = "each test file uses its share of this module")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use coevo_trace::{EpisodeFilter, EpisodeRecord, RunFile};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The binary, in a folder of the test's own.
pub fn coevo(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coevo"));
    command.current_dir(folder).env_remove("RUST_BACKTRACE");
    command
}

/// Runs `coevo ARGS` and returns (exit code, standard output, standard error).
pub fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output: Output = coevo(folder).args(args).output().expect("the binary runs");
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8(output.stdout).expect("UTF-8 output"),
        String::from_utf8(output.stderr).expect("UTF-8 errors"),
    )
}

/// Like [`run`], and insists on success.
pub fn succeed(folder: &Path, args: &[&str]) -> String {
    let (code, out, err) = run(folder, args);
    assert_eq!(code, 0, "coevo {args:?}\n{out}\n{err}");
    out
}

/// A shipped environment with a model so small that it learns the form of a call and little more: about 6 s.
pub const TINY: &str = "\
name: tiny
seed: 11
environment: { name: travel, train: 16 }
agent:
  model: { layers: 1, width: 32, heads: 2, mlp: 64, context: 1280 }
  tokenizer: { vocabulary: 512 }
  sampling: { temperature: 1.0, max_new_tokens: 32 }
  warm_start: { episodes: 64, imitation: { steps: 70, batch: 8, learning_rate: 0.01 } }
learner: { backend: cpu, rounds: 2, tasks_per_round: 4, group: 3, mini_batch: 6 }
evaluation: { every: 1, dev_tasks: 4, test_tasks: 8, probe: true }
arms:
  vanilla: { evolution: { enabled: false }, advantages: { mode: uniform } }
  coevo: {}
";

/// Writes [`TINY`] into `folder` and returns its name.
pub fn tiny(folder: &Path) -> &'static str {
    std::fs::write(folder.join("tiny.yaml"), TINY).expect("a writable folder");
    "tiny.yaml"
}

/// The counter of `envs/tests/guests/hostile`: so easy that the policy solves some of its tasks and learns from the
/// rest, in about a second. Tasks 4 to 7 of each split fault, each in its own way.
pub const COUNTER: &str = "\
name: counter
seed: 5
environment: { name: ./hostile.wasm, train: 8 }
agent:
  model: { layers: 1, width: 32, heads: 2, mlp: 64, context: 768 }
  tokenizer: { vocabulary: 400 }
  sampling: { temperature: 1.0, max_new_tokens: 24 }
  warm_start: { episodes: 64, mistakes: 0, reads_tools: false, imitation: { steps: 60, batch: 8, learning_rate: 0.01 } }
learner: { backend: cpu, rounds: 2, tasks_per_round: 8, group: 4, mini_batch: 16 }
evaluation: { every: 1, dev_tasks: 8, test_tasks: 8, probe: true }
arms:
  vanilla: { evolution: { enabled: false }, advantages: { mode: uniform } }
  coevo: {}
";

/// Writes [`COUNTER`] and its environment into `folder` and returns its name.
pub fn counter(folder: &Path) -> &'static str {
    let guest = root().join("envs/tests/guests/hostile/hostile.wasm");
    std::fs::copy(guest, folder.join("hostile.wasm")).expect("the test guest is checked in");
    std::fs::write(folder.join("counter.yaml"), COUNTER).expect("a writable folder");
    "counter.yaml"
}

/// Every record of a run that passes the filter.
pub fn records(run: &RunFile, filter: &EpisodeFilter) -> Vec<EpisodeRecord> {
    let summaries = run.episodes(filter).expect("a readable run");
    summaries.iter().map(|summary| run.record(summary).expect("a sound record")).collect()
}
