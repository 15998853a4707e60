//! Beginning an episode fast: the state after `reset` is kept as a snapshot and restored, instead of parsed again.
//!
//! A fresh instance is used for every episode; only the way it reaches the initial state differs. A task's snapshot is
//! taken in one instance, restored into another, and used only if hash, state and a snapshot taken there are all equal,
//! and if `reset` drew nothing from the random stream. Else every episode of that task resets. Which way a task takes
//! depends on the task alone, never on what ran before, so that fuel figures too are the same in every run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use coevo_core::episode::Fault;
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::PublicTask;

use crate::plugin::EnvPlugin;
use crate::sandbox::{Instance, Logs};

/// How the episodes of one task begin.
#[derive(Debug)]
pub(crate) struct Start {
    pub task: Arc<PublicTask>,
    /// Snapshot of the initial state, where it was proven to be the whole of it.
    snapshot: Option<Vec<u8>>,
    /// What `reset` logged.
    logs: Logs,
}

impl Start {
    fn prepare(plugin: &EnvPlugin, task: &PublicTask) -> Result<Self, Fault> {
        let stream = StreamKey::new(0, Purpose::Environment);
        let mut first = plugin.instance(stream)?;
        first.reset(&task.initial_state)?;
        let deterministic = first.host().draws == 0;
        let logs = first.host().logs.clone();
        let snapshot = match first.snapshot() {
            Ok(Ok(snapshot)) if deterministic && holds_everything(plugin, &mut first, &snapshot) => Some(snapshot),
            // A guest without snapshots, or one that faults in making them, plays all the same.
            _ => None,
        };
        Ok(Self { task: Arc::new(task.clone()), snapshot, logs })
    }

    /// A fresh instance in the task's initial state, and its hash.
    pub fn begin(&self, plugin: &EnvPlugin, stream: StreamKey) -> Result<(Instance, u64), Fault> {
        let mut instance = plugin.instance(stream)?;
        let hash = self.bring(&mut instance)?;
        Ok((instance, hash))
    }

    /// Brings a fresh instance to the initial state; returns its hash.
    pub fn bring(&self, instance: &mut Instance) -> Result<u64, Fault> {
        self.enter(instance)?;
        instance.state_hash()
    }

    /// Brings a fresh instance to the initial state.
    pub fn enter(&self, instance: &mut Instance) -> Result<(), Fault> {
        match &self.snapshot {
            Some(snapshot) => {
                if let Err(message) = instance.restore(snapshot)? {
                    return Err(instance.condemn("restore", message));
                }
                instance.host_mut().logs.clone_from(&self.logs);
            }
            None => instance.reset(&self.task.initial_state)?,
        }
        Ok(())
    }

    /// Whether episodes of this task begin from a snapshot.
    pub fn is_cached(&self) -> bool {
        self.snapshot.is_some()
    }
}

/// Whether an instance restored from `snapshot` cannot be told from `original` by hash, state or snapshot.
fn holds_everything(plugin: &EnvPlugin, original: &mut Instance, snapshot: &[u8]) -> bool {
    let mut compare = || -> Result<bool, Fault> {
        let mut copy = plugin.instance(StreamKey::new(0, Purpose::Environment))?;
        if copy.restore(snapshot)?.is_err() {
            return Ok(false);
        }
        Ok(copy.state_hash()? == original.state_hash()?
            && copy.state()? == original.state()?
            && copy.snapshot()?.as_deref() == Ok(snapshot))
    };
    compare().unwrap_or(false)
}

/// The starts of the tasks seen lately. A bounded cache: what it forgets is prepared again, with the same outcome.
#[derive(Default)]
pub(crate) struct Starts(Mutex<BTreeMap<String, Arc<Start>>>);

impl Starts {
    const MOST: usize = 2048;

    pub fn of(&self, plugin: &EnvPlugin, task: &PublicTask) -> Result<Arc<Start>, Fault> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&task.id).cloned();
        if let Some(start) = known.filter(|start| *start.task == *task) {
            return Ok(start);
        }
        let start = Arc::new(Start::prepare(plugin, task)?);
        let mut starts = lock();
        if starts.len() >= Self::MOST {
            starts.clear();
        }
        starts.insert(task.id.clone(), Arc::clone(&start));
        Ok(start)
    }
}
