//! The tasks of a run's environments, generated once and shared.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use coevo_core::episode::Fault;
use coevo_core::task::{Task, TaskRef};
use coevo_envs::EnvPlugin;
use coevo_scenarios::Settings;

use crate::error::RunError;
use crate::run::load_environment;

/// Generates tasks on first use. A task is a pure function of its reference, so neither sharing nor forgetting can reach a result.
pub struct TaskPool {
    plugin: EnvPlugin,
    seed: u64,
    made: Mutex<Made>,
}

/// What was generated lately.
#[derive(Default)]
struct Made {
    tasks: BTreeMap<TaskRef, Result<Arc<Task>, Fault>>,
    bytes: usize,
}

/// A guest may write tasks of megabytes: a pool forgets those it has when they are more than this together.
const MOST_BYTES: usize = 256 << 20;

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
        if let Some(known) = self.made().tasks.get(task) {
            return known.clone();
        }
        let new = self.plugin.task(task).map(Arc::new);
        let mut made = self.made();
        if made.bytes >= MOST_BYTES {
            *made = Made::default();
        }
        // Another thread may have been faster.
        let Made { tasks, bytes } = &mut *made;
        let entry = tasks.entry(task.clone()).or_insert_with(|| {
            *bytes += new.as_ref().map_or(0, |task| task.bytes());
            new
        });
        entry.clone()
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().expect("nothing panics with it")
    }
}

/// The tasks of everything that a scenario plays.
pub struct Pools {
    /// Of the environment that is trained on.
    pub main: TaskPool,
    /// Of those that are only tested on, in the order of the scenario.
    pub transfer: Vec<TaskPool>,
}

impl Pools {
    /// Loads every environment of `settings`, each in a sandbox with its limits.
    ///
    /// # Errors
    /// As [`load_environment`].
    pub fn load(settings: &Settings) -> Result<Self, RunError> {
        let seed = settings.environment.seed;
        let pool = |name: &str| Ok::<_, RunError>(TaskPool::new(load_environment(settings, name)?, seed));
        let transfer = settings.evaluation.transfer.iter().map(|transfer| pool(&transfer.environment));
        Ok(Self { main: pool(&settings.environment.name)?, transfer: transfer.collect::<Result<_, _>>()? })
    }

    /// The pool of the environment that calls itself `name`; the main one where there is no such.
    pub fn of(&self, name: &str) -> &TaskPool {
        self.transfer.iter().find(|pool| pool.plugin().spec().name == name).unwrap_or(&self.main)
    }
}

#[cfg(test)]
mod tests {
    use coevo_envs::{EnvSource, Sandbox, SandboxLimits};

    use super::*;

    #[test]
    fn what_is_forgotten_is_made_again() {
        let sandbox = Sandbox::with_cache(SandboxLimits::default(), None).expect("a sandbox");
        let source: EnvSource = "travel".parse().expect("a shipped name");
        let pool = TaskPool::new(EnvPlugin::load(&sandbox, &source).expect("it loads"), 0);
        let [first, second] = [0, 1].map(|index| pool.task_ref("train", index));
        let before = pool.task(&first).expect("a task");
        assert_eq!(pool.made().bytes, before.bytes());
        assert!(Arc::ptr_eq(&before, &pool.task(&first).expect("known")));
        pool.made().bytes = MOST_BYTES;
        let other = pool.task(&second).expect("a task");
        let kept = |made: &Made| (made.tasks.len(), made.bytes);
        assert_eq!(kept(&pool.made()), (1, other.bytes()));
        let again = pool.task(&first).expect("made again");
        assert!(*again == *before && !Arc::ptr_eq(&again, &before));
    }
}
