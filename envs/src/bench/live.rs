//! How many episodes live at once: all are begun, then all are stepped in turn, and the memory they take is read.

use std::sync::Arc;
use std::time::Instant;

use coevo_core::episode::Fault;
use coevo_core::interface::Interface;
use coevo_core::protocol;
use coevo_core::task::{Task, TaskRef};
use serde::Serialize;

use super::key;
use crate::budget::Budgets;
use crate::plugin::EnvPlugin;
use crate::session::Session;

/// What it took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Living {
    pub instances: usize,
    pub steps: usize,
    /// µs to begin one, while more and more live.
    pub begin_us: f64,
    /// µs of a step, when all live and each is stepped in turn.
    pub step_us: f64,
    /// Resident memory of the process, KiB: before, and when every episode has been stepped. 0 where it cannot be read.
    pub before_kib: u64,
    pub after_kib: u64,
}

impl Living {
    /// KiB of resident memory that one live episode takes.
    pub fn each_kib(&self) -> f64 {
        self.after_kib.saturating_sub(self.before_kib) as f64 / self.instances.max(1) as f64
    }
}

/// Begins `instances` episodes of the first tasks of a split and plays each through its reference, one step of each at a
/// time. The plugin's sandbox must allow so many.
///
/// # Errors
/// A fault, such as too few slots or too little address space.
pub fn live(plugin: &EnvPlugin, split: &str, instances: usize) -> Result<Living, Fault> {
    const TASKS: u32 = 64;
    let tasks: Vec<Task> = (0..TASKS.min(instances as u32))
        .map(|index| plugin.task(&TaskRef { env: plugin.spec().name.clone(), split: split.to_owned(), index, seed: 0 }))
        .collect::<Result<_, _>>()?;
    let texts: Vec<Vec<String>> = tasks.iter().map(first_turn).collect();
    let base = Arc::new(Interface::base());
    let budgets = Budgets { steps_per_turn: u32::MAX };
    // What a task's first episode prepares is no part of the others.
    for task in &tasks {
        Session::begin(plugin, &task.public, key(), &budgets, Arc::clone(&base))?;
    }
    let before_kib = resident_kib();
    let watch = Instant::now();
    let mut sessions = Vec::with_capacity(instances);
    for at in 0..instances {
        let task = &tasks[at % tasks.len()].public;
        let mut session = Session::begin(plugin, task, key(), &budgets, Arc::clone(&base))?;
        session.next_turn()?;
        sessions.push(session);
    }
    let begin_us = watch.elapsed().as_secs_f64() * 1e6 / instances.max(1) as f64;
    let watch = Instant::now();
    let mut steps = 0;
    let longest = texts.iter().map(Vec::len).max().unwrap_or(0);
    for step in 0..longest {
        for (at, session) in sessions.iter_mut().enumerate() {
            if let Some(text) = texts[at % tasks.len()].get(step) {
                session.step(text)?;
                steps += 1;
            }
        }
    }
    let step_us = watch.elapsed().as_secs_f64() * 1e6 / steps.max(1) as f64;
    Ok(Living { instances, steps, begin_us, step_us, before_kib, after_kib: resident_kib() })
}

/// The calls of the first turn, without its answer, so that every episode stays open.
fn first_turn(task: &Task) -> Vec<String> {
    task.hidden.reference.first().map(|turn| turn.calls.iter().map(protocol::format_call).collect()).unwrap_or_default()
}

/// Resident memory of this process, where the system tells it.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
