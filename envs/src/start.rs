//! Beginning an episode fast: the state after `reset` is kept and copied, instead of parsed again.
//!
//! A fresh instance is used for every episode; only the way it reaches the initial state differs. Where the host can see into
//! the guest (a bare module), it copies what `reset` changed. Else a task's snapshot is taken in one instance, restored into
//! another, and used only if hash, state and a snapshot taken there are all equal. Either is done only if `reset` drew nothing
//! from the random stream; else every episode of that task resets. Which way a task takes depends on the task alone, never on
//! what ran before, so that fuel figures too are the same in every run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use coevo_core::episode::{Boundary, Fault};
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::PublicTask;

use crate::plugin::EnvPlugin;
use crate::sandbox::{Image, Logs, Slots, World, shorten};

/// The way from a fresh instance to the initial state.
#[derive(Debug)]
enum Way {
    Reset,
    /// Of the initial state, where it was proven to be the whole of it.
    Snapshot(Vec<u8>),
    Image(Image),
}

/// How the episodes of one task begin.
#[derive(Debug)]
pub(crate) struct Start {
    pub task: Arc<PublicTask>,
    way: Way,
    /// What `reset` logged.
    logs: Logs,
}

impl Start {
    fn prepare(plugin: &EnvPlugin, task: &PublicTask) -> Result<Self, Fault> {
        let mut first = plugin.world(Slots::Apart, stream())?;
        let reset = first.reset(&task.initial_state);
        let logs = first.host().logs.clone();
        let way = match (first.host().draws, reset) {
            (0, Err(fault)) => return Err(fault),
            (0, Ok(())) => Self::way(plugin, &mut first)?,
            // What comes of it is each episode's own, a fault, too.
            _ => Way::Reset,
        };
        Ok(Self { task: Arc::new(task.clone()), way, logs })
    }

    /// The fastest way to the state that `first` is in.
    fn way(plugin: &EnvPlugin, first: &mut World) -> Result<Way, Fault> {
        // Many tasks are kept: one with a large memory is held as its snapshot, which is compact.
        const MOST: usize = 1 << 20;
        if first.is_bare()
            && let Some(image) = first.image(&plugin.world(Slots::Apart, stream())?, MOST)?
        {
            return Ok(Way::Image(image));
        }
        Ok(match first.snapshot() {
            Ok(Ok(snapshot)) if holds_everything(plugin, first, &snapshot)? => Way::Snapshot(snapshot),
            // A guest without snapshots, or one that faults in making them, plays all the same.
            _ => Way::Reset,
        })
    }

    /// A fresh instance in the task's initial state, and its hash.
    pub fn begin(&self, plugin: &EnvPlugin, stream: StreamKey) -> Result<(World, u64), Fault> {
        let mut instance = plugin.world(self.slots(), stream)?;
        let hash = self.bring(&mut instance)?;
        Ok((instance, hash))
    }

    /// The slots for its episodes.
    pub fn slots(&self) -> Slots {
        match &self.way {
            Way::Image(image) => image.slots(),
            Way::Snapshot(_) | Way::Reset => Slots::Large,
        }
    }

    /// Brings a fresh instance to the initial state; returns its hash.
    pub fn bring(&self, instance: &mut World) -> Result<u64, Fault> {
        self.enter(instance)?;
        instance.state_hash()
    }

    /// Brings a fresh instance to the initial state.
    pub fn enter(&self, instance: &mut World) -> Result<(), Fault> {
        match &self.way {
            Way::Image(image) => instance.become_copy(image)?,
            Way::Snapshot(snapshot) => {
                if let Err(message) = instance.restore(snapshot)? {
                    return Err(instance.condemn("restore", shorten(message)));
                }
            }
            Way::Reset => return instance.reset(&self.task.initial_state),
        }
        instance.host_mut().logs.clone_from(&self.logs);
        Ok(())
    }

    /// What it holds, but for small things.
    fn bytes(&self) -> usize {
        let way = match &self.way {
            Way::Reset => 0,
            Way::Snapshot(snapshot) => snapshot.len(),
            Way::Image(image) => image.bytes(),
        };
        let logged = self.logs.lines.iter().map(|line| line.message.len());
        way + self.task.bytes() + logged.sum::<usize>()
    }

    /// What the way to the initial state is called.
    pub fn way_name(&self) -> &'static str {
        match self.way {
            Way::Reset => "`reset`",
            Way::Snapshot(_) => "a snapshot",
            Way::Image(_) => "what `reset` leaves in memory",
        }
    }
}

/// The random stream of an instance that draws nothing from it.
fn stream() -> StreamKey {
    StreamKey::new(0, Purpose::Environment)
}

/// Whether an instance restored from `snapshot` cannot be told from `original` by hash, state or snapshot. A fault of the guest says
/// that it can; one of the host says nothing.
fn holds_everything(plugin: &EnvPlugin, original: &mut World, snapshot: &[u8]) -> Result<bool, Fault> {
    let mut compare = || -> Result<bool, Fault> {
        let mut copy = plugin.world(Slots::Apart, stream())?;
        if copy.restore(snapshot)?.is_err() {
            return Ok(false);
        }
        Ok(copy.state_hash()? == original.state_hash()?
            && copy.state()? == original.state()?
            && copy.snapshot()?.as_deref() == Ok(snapshot))
    };
    match compare() {
        Err(fault) if fault.boundary != Boundary::Host => Ok(false),
        compared => compared,
    }
}

/// The starts of the tasks seen lately. A bounded cache: what it forgets is prepared again, with the same outcome.
#[derive(Default)]
pub(crate) struct Starts(Mutex<Known>);

#[derive(Default)]
struct Known {
    starts: BTreeMap<String, Arc<Start>>,
    bytes: usize,
}

impl Starts {
    const MOST: usize = 2048;
    const MOST_BYTES: usize = 256 << 20;

    pub fn of(&self, plugin: &EnvPlugin, task: &PublicTask) -> Result<Arc<Start>, Fault> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().starts.get(&task.id).cloned();
        if let Some(start) = known.filter(|start| *start.task == *task) {
            return Ok(start);
        }
        let start = Arc::new(Start::prepare(plugin, task)?);
        let mut known = lock();
        if known.starts.len() >= Self::MOST || known.bytes >= Self::MOST_BYTES {
            *known = Known::default();
        }
        known.bytes += start.bytes();
        if let Some(before) = known.starts.insert(task.id.clone(), Arc::clone(&start)) {
            known.bytes -= before.bytes();
        }
        Ok(start)
    }
}

#[cfg(test)]
mod tests {
    use coevo_core::task::Side;

    use super::*;
    use crate::plugin::each_shipped;
    use crate::replies::Reply;
    use crate::sandbox::HostState;

    type Seen = (u64, String, Result<Vec<u8>, String>, usize);

    fn seen(world: &mut World) -> Seen {
        let (hash, state, snapshot) = (world.state_hash().unwrap(), world.state().unwrap(), world.snapshot().unwrap());
        (hash, state, snapshot, world.host().memory_peak)
    }

    /// A bare world that begins with an image cannot be told from the component after `reset`: replies, hashes, states,
    /// snapshots and memory are equal, now and after every call. It counts its fuel itself, and never less than wasmtime.
    #[test]
    fn an_image_is_what_reset_leaves() {
        let mut most = 0f64;
        each_shipped(6, |plugin, task| {
            let start = plugin.starts().of(plugin, &task.public).unwrap();
            assert_eq!(start.way_name(), "what `reset` leaves in memory", "{}", task.public.id);
            let stream = StreamKey::new(9, coevo_core::seed::Purpose::Environment);
            let mut bare = plugin.world(start.slots(), stream).unwrap();
            start.enter(&mut bare).unwrap();
            let mut whole = plugin.world_of_component(HostState::new(stream, plugin.limits())).unwrap();
            whole.reset(&task.public.initial_state).unwrap();
            let id = &task.public.id;
            assert_eq!(seen(&mut bare), seen(&mut whole), "{id} at the beginning");
            for call in task.hidden.reference.iter().flat_map(|turn| &turn.calls) {
                let arguments = call.arguments.to_string();
                let run = |world: &mut World| {
                    let reply = Reply::from(world.call(&call.name, &arguments, Side::Agent).unwrap());
                    (reply, world.fuel_used)
                };
                let ((reply, metered), (same, counted)) = (run(&mut bare), run(&mut whole));
                assert_eq!(reply, same, "{id} {}", call.name);
                assert!(metered >= counted, "{id} {}: {metered} of fuel for {counted}", call.name);
                most = most.max(metered as f64 / counted as f64);
                assert_eq!(seen(&mut bare), seen(&mut whole), "{id} after {}", call.name);
            }
        });
        assert!(most < 30.0, "a meter that counts far too much: {most}");
    }
}
