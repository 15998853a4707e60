//! What the sandbox costs over whole trajectories, beside the same code run natively by another program (an
//! environment's `examples/native_NAME.rs`). The two are measured in turns, so that a busy machine slows both.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use coevo_core::episode::Fault;
use coevo_core::task::{Side, Task, TaskRef};
use serde::{Deserialize, Serialize};

use super::key;
use crate::abi::{self, types};
use crate::plugin::EnvPlugin;
use crate::sandbox::{Slots, ToolReply};

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trajectories {
    pub split: String,
    pub tasks: u32,
    pub seed: u64,
    /// How often each side is measured.
    pub rounds: u32,
    /// For how long.
    pub millis: u64,
}

/// One measurement of one side; times are µs for one trajectory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pass {
    pub environment: String,
    pub trajectories: usize,
    pub calls: usize,
    /// Reset from JSON, every reference call with its text in and out, a state hash after each.
    pub play_us: f64,
    /// The verdict on the finished episode.
    pub verify_us: f64,
    /// Of all state hashes: equal on both sides, or they did not do the same.
    pub checksum: String,
}

impl Pass {
    pub fn total_us(&self) -> f64 {
        self.play_us + self.verify_us
    }
}

/// Both sides, round by round.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub native: Vec<Pass>,
    /// A fresh instance for each trajectory and another for its verdict, both counted.
    pub sandbox: Vec<Pass>,
    /// The sandbox with the start that episodes have: by the snapshot of the initial state, where there is one.
    pub begun: Vec<Pass>,
}

impl Comparison {
    /// The median over rounds of one time.
    pub fn of(&self, passes: &[Pass], time: impl Fn(&Pass) -> f64) -> f64 {
        let mut times: Vec<f64> = passes.iter().map(time).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The median over rounds of sandbox time over native time.
    pub fn ratio(&self, sandbox: &[Pass], of: impl Fn(&Pass) -> f64) -> f64 {
        let mut ratios: Vec<f64> = sandbox.iter().zip(&self.native).map(|(a, b)| of(a) / of(b)).collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    #[error("{during}: {message}", during = .0.during, message = .0.message)]
    Fault(Fault),
    #[error(
        "{program}: {reason}\nhint: it is made by `cargo build --release --example native_NAME -p NAME` in plugins/"
    )]
    Native { program: String, reason: String },
    #[error(
        "the native program computed {native}, the sandbox {sandbox}: they are not the same environment or version"
    )]
    Unequal { native: String, sandbox: String },
}

impl From<Fault> for CompareError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

struct Prepared {
    task: Task,
    abi: types::Task,
    calls: Vec<(String, String)>,
    record: Vec<types::TurnRecord>,
}

/// Measures `program` and the sandbox on the same reference trajectories.
///
/// # Errors
/// A program that does not run or did something else, or a guest that faults.
pub fn compare(plugin: &EnvPlugin, program: &Path, of: &Trajectories) -> Result<Comparison, CompareError> {
    let mut prepared = Vec::new();
    for index in 0..of.tasks {
        let env = plugin.spec().name.clone();
        let task = plugin.task(&TaskRef { env, split: of.split.clone(), index, seed: of.seed })?;
        prepared.push(prepare(task));
    }
    let mut found = Comparison { native: Vec::new(), sandbox: Vec::new(), begun: Vec::new() };
    for _ in 0..of.rounds.max(1) {
        found.native.push(run(program, of)?);
        found.sandbox.push(measure(plugin, &prepared, of.millis, false)?);
        found.begun.push(measure(plugin, &prepared, of.millis, true)?);
    }
    let sums = || found.sandbox.iter().chain(&found.begun).zip(found.native.iter().cycle());
    for (sandbox, native) in sums() {
        if sandbox.checksum != native.checksum {
            let (native, sandbox) = (native.checksum.clone(), sandbox.checksum.clone());
            return Err(CompareError::Unequal { native, sandbox });
        }
    }
    Ok(found)
}

fn run(program: &Path, of: &Trajectories) -> Result<Pass, CompareError> {
    let fail = |reason: String| CompareError::Native { program: program.display().to_string(), reason };
    let args = [of.split.clone(), of.tasks.to_string(), of.seed.to_string(), of.millis.to_string()];
    let output = Command::new(program).args(args).output().map_err(|error| fail(error.to_string()))?;
    if !output.status.success() {
        return Err(fail(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| fail(format!("its report is no JSON: {error}")))
}

fn prepare(task: Task) -> Prepared {
    let all = task.hidden.reference.iter().flat_map(|turn| &turn.calls);
    let calls = all.map(|call| (call.name.clone(), call.arguments.to_string())).collect();
    let record = task.hidden.reference.iter().map(|turn| types::TurnRecord {
        calls: turn
            .calls
            .iter()
            .map(|call| types::CallRecord {
                call: types::ToolCall { name: call.name.clone(), arguments: call.arguments.to_string() },
                status: types::CallStatus::Executed,
                output: String::new(),
                side: types::Side::Agent,
            })
            .collect(),
        answer: Some(turn.answer.clone()),
    });
    let record = record.collect();
    Prepared { abi: abi::task(&task), calls, record, task }
}

fn measure(plugin: &EnvPlugin, prepared: &[Prepared], millis: u64, begun: bool) -> Result<Pass, Fault> {
    let mut checksum = 0;
    let play_us = least(millis, prepared.len(), || {
        checksum = 0u64;
        for trajectory in prepared {
            checksum = checksum.rotate_left(1) ^ play(plugin, trajectory, begun)?;
        }
        Ok(())
    })?;
    let verify_us = least(millis, prepared.len(), || {
        for Prepared { abi, record, .. } in prepared {
            black_box(plugin.world(Slots::Large, key())?.verify(abi, record)?);
        }
        Ok(())
    })?;
    let environment = plugin.spec().name.clone();
    let calls = prepared.iter().map(|trajectory| trajectory.calls.len()).sum();
    let checksum = format!("{checksum:016x}");
    Ok(Pass { environment, trajectories: prepared.len(), calls, play_us, verify_us, checksum })
}

/// One trajectory in an instance of its own; folds the state hashes on the way.
fn play(plugin: &EnvPlugin, trajectory: &Prepared, begun: bool) -> Result<u64, Fault> {
    let (mut world, mut sum) = if begun {
        plugin.starts().of(plugin, &trajectory.task.public)?.begin(plugin, key())?
    } else {
        let mut world = plugin.world(Slots::Small, key())?;
        world.reset(&trajectory.task.public.initial_state)?;
        let hash = world.state_hash()?;
        (world, hash)
    };
    for (name, arguments) in &trajectory.calls {
        match world.call(name, arguments, Side::Agent)? {
            ToolReply::Result(text) => drop(black_box(text)),
            ToolReply::Error(error) => drop(black_box(error)),
        }
        sum = sum.rotate_left(1) ^ world.state_hash()?;
    }
    Ok(sum)
}

/// The least mean over passes: other work on the machine only ever adds.
fn least(millis: u64, each: usize, mut pass: impl FnMut() -> Result<(), Fault>) -> Result<f64, Fault> {
    let (start, time) = (Instant::now(), Duration::from_millis(millis));
    let mut means = Vec::new();
    while means.len() < 5 || start.elapsed() < time {
        let begin = Instant::now();
        pass()?;
        means.push(begin.elapsed().as_secs_f64() * 1e6 / each.max(1) as f64);
    }
    means.sort_by(f64::total_cmp);
    Ok(means[0])
}
