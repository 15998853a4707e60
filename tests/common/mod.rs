//! Runs the real binary for the end-to-end tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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

/// A scenario small enough for a test: two arms, a tiny model, a few seconds.
pub const TINY: &str = "\
name: tiny
seed: 11
environment: { name: travel, train: 16 }
agent:
  model: { layers: 1, width: 32, heads: 2, mlp: 64, context: 1024 }
  tokenizer: { vocabulary: 512 }
  sampling: { temperature: 1.0, max_new_tokens: 24 }
  warm_start: { episodes: 16, imitation: { steps: 6, batch: 8 } }
learner: { backend: cpu, rounds: 2, tasks_per_round: 4, group: 3, mini_batch: 12 }
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
