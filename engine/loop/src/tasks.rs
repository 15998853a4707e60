//! The tasks of a run's environment, generated once and shared.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use coevo_core::episode::Fault;
use coevo_core::task::{Task, TaskRef};
use coevo_envs::EnvPlugin;

/// Generates tasks on first use. A task is a pure function of its reference, so sharing cannot reach a result.
pub struct TaskPool {
    plugin: EnvPlugin,
    seed: u64,
    made: Mutex<BTreeMap<TaskRef, Result<Arc<Task>, Fault>>>,
}

impl TaskPool {
    /// Tasks of `plugin` under the task `seed`.
    pub fn new(plugin: EnvPlugin, seed: u64) -> Self {
        Self { plugin, seed, made: Mutex::default() }
    }

    pub fn plugin(&self) -> &EnvPlugin {
        &self.plugin
    }

    pub fn task_ref(&self, split: &str, index: u32) -> TaskRef {
        TaskRef { env: self.plugin.spec().name.clone(), split: split.to_owned(), index, seed: self.seed }
    }

    /// # Errors
    /// The fault of a plugin that failed to generate the task.
    pub fn task(&self, task: &TaskRef) -> Result<Arc<Task>, Fault> {
        let mut made = self.made.lock().expect("generation does not panic");
        made.entry(task.clone()).or_insert_with(|| self.plugin.task(task).map(Arc::new)).clone()
    }
}
