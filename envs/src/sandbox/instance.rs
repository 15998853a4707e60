//! One live guest: every call bounded, every way of going wrong a [`Fault`], and never entered again after one.

use std::sync::Arc;

use coevo_core::episode::{Boundary, Fault};
use coevo_core::task::Side;
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, Trap};

use super::bare::{Bare, BareInstance, Image};
use super::host::Flood;
use super::{HostState, SandboxLimits};
use crate::abi::{self, types};

/// What a tool answered, not yet parsed.
pub(crate) enum ToolReply {
    Result(String),
    Error(types::ToolError),
}

/// Which of the fuel and size limits a call is under.
#[derive(Clone, Copy)]
enum Allowance {
    Call,
    Task,
    /// Fuel of a call, size of a task: state and snapshots.
    Data,
}

/// A guest instance with its store. `G` is the way in.
pub(crate) struct Instance<G> {
    store: Store<HostState>,
    guest: G,
    limits: Arc<SandboxLimits>,
    /// Fuel that the last call used.
    pub fuel_used: u64,
    /// The fault after which this instance may not be entered again.
    dead: Option<Fault>,
}

/// An instance that describes, makes tasks or plays the user.
pub(crate) type Service = Instance<abi::Environment>;

/// An instance that an episode is played in, or judged.
pub(crate) type World = Instance<Way>;

/// How a world is entered.
pub(crate) enum Way {
    Component(abi::Environment),
    Bare(Arc<Bare>, BareInstance),
}

/// A way into a guest, and who counts its fuel.
pub(crate) trait Guest {
    /// Lets it use so much fuel from now on.
    fn grant(&self, store: &mut Store<HostState>, fuel: u64) -> wasmtime::Result<()>;
    /// What is left of it; `None` if it did not suffice.
    fn left(&self, store: &mut Store<HostState>) -> Option<u64>;
}

impl Guest for abi::Environment {
    fn grant(&self, store: &mut Store<HostState>, fuel: u64) -> wasmtime::Result<()> {
        store.set_fuel(fuel)
    }

    fn left(&self, store: &mut Store<HostState>) -> Option<u64> {
        store.get_fuel().ok()
    }
}

impl Guest for Way {
    fn grant(&self, store: &mut Store<HostState>, fuel: u64) -> wasmtime::Result<()> {
        match self {
            Self::Component(guest) => guest.grant(store, fuel),
            Self::Bare(_, guest) => guest.grant(store, fuel),
        }
    }

    fn left(&self, store: &mut Store<HostState>) -> Option<u64> {
        match self {
            Self::Component(guest) => guest.left(store),
            Self::Bare(_, guest) => guest.left(store),
        }
    }
}

impl<G: Guest> Instance<G> {
    fn new(
        engine: &Engine,
        limits: &Arc<SandboxLimits>,
        host: HostState,
        instantiate: impl FnOnce(&mut Store<HostState>) -> wasmtime::Result<G>,
    ) -> Result<Self, Fault> {
        let mut store = Store::new(engine, host);
        store.limiter(|state| state);
        match instantiate(&mut store) {
            Ok(guest) => Ok(Self { store, guest, limits: Arc::clone(limits), fuel_used: 0, dead: None }),
            Err(error) => {
                let mut fault = fault(&error, false, store.data(), limits, limits.data_bytes, "instantiate".to_owned());
                if error.is::<PoolConcurrencyLimitError>() {
                    fault.boundary = Boundary::Host;
                    fault.message.push_str(" (sandbox.live_instances may be too low)");
                }
                Err(fault)
            }
        }
    }

    pub fn host(&self) -> &HostState {
        self.store.data()
    }

    pub fn host_mut(&mut self) -> &mut HostState {
        self.store.data_mut()
    }

    /// Runs guest code. `run` is given the bytes that it may bring back.
    fn enter<R>(
        &mut self,
        allowance: Allowance,
        during: impl Fn() -> String,
        run: impl FnOnce(&mut G, &mut Store<HostState>, u32) -> wasmtime::Result<R>,
    ) -> Result<R, Fault> {
        if let Some(fault) = &self.dead {
            return Err(fault.clone());
        }
        let limits = &self.limits;
        let (fuel, bytes) = match allowance {
            Allowance::Call => (limits.fuel_per_call, limits.output_bytes),
            Allowance::Task => (limits.fuel_per_task, limits.data_bytes),
            Allowance::Data => (limits.fuel_per_call, limits.data_bytes),
        };
        self.store.data_mut().enter(bytes);
        self.store.set_hostcall_fuel(bytes as usize);
        let granted = self.guest.grant(&mut self.store, fuel);
        let done = granted.and_then(|()| run(&mut self.guest, &mut self.store, bytes));
        let left = self.guest.left(&mut self.store);
        self.fuel_used = fuel - left.unwrap_or(0);
        done.map_err(|error| {
            let fault = fault(&error, left.is_none(), self.store.data(), &self.limits, bytes, during());
            self.dead = Some(fault.clone());
            fault
        })
    }

    /// For a return value that breaks the contract: the instance is not to be trusted further.
    pub fn condemn(&mut self, during: impl Into<String>, message: impl Into<String>) -> Fault {
        let fault = Fault { boundary: Boundary::GuestOutput, during: during.into(), message: message.into() };
        self.dead = Some(fault.clone());
        fault
    }

    /// Calls an export that answers `result<T, string>`, where an error has no meaning but a fault.
    fn require<R>(
        &mut self,
        allowance: Allowance,
        during: &'static str,
        run: impl FnOnce(&mut G, &mut Store<HostState>, u32) -> wasmtime::Result<Result<R, String>>,
    ) -> Result<R, Fault> {
        match self.enter(allowance, || during.to_owned(), run)? {
            Ok(value) => Ok(value),
            Err(message) => Err(self.condemn(during, shorten(message))),
        }
    }
}

/// An instance of a component, whose start functions are guest code too.
fn start(
    pre: &abi::EnvironmentPre<HostState>,
    limits: &SandboxLimits,
    store: &mut Store<HostState>,
) -> wasmtime::Result<abi::Environment> {
    store.set_fuel(limits.fuel_per_task)?;
    pre.instantiate(store)
}

impl Service {
    pub fn begin(
        engine: &Engine,
        pre: &abi::EnvironmentPre<HostState>,
        limits: &Arc<SandboxLimits>,
        host: HostState,
    ) -> Result<Self, Fault> {
        Self::new(engine, limits, host, |store| start(pre, limits, store))
    }

    pub fn describe(&mut self) -> Result<types::Description, Fault> {
        let during = || "describe".to_owned();
        self.enter(Allowance::Task, during, |guest, store, _| guest.coevo_env_guest().call_describe(store))
    }

    pub fn generate(&mut self, split: &str, index: u32, seed: u64) -> Result<types::Task, Fault> {
        self.require(Allowance::Task, "generate", |guest, store, _| {
            guest.coevo_env_guest().call_generate(store, split, index, seed)
        })
    }

    pub fn import_task(&mut self, data: &str) -> Result<types::Task, Fault> {
        self.require(Allowance::Task, "import-task", |guest, store, _| {
            guest.coevo_env_guest().call_import_task(store, data)
        })
    }

    pub fn reset_user(&mut self, profile: &str) -> Result<(), Fault> {
        self.require(Allowance::Task, "reset-user", |guest, store, _| {
            guest.coevo_env_guest().call_reset_user(store, profile)
        })
    }

    pub fn next_user(&mut self, turn: u32, conversation: &[types::Message]) -> Result<types::UserEvent, Fault> {
        self.host_mut().now_ms += 1;
        self.require(Allowance::Call, "next-user", |guest, store, _| {
            guest.coevo_env_guest().call_next_user(store, turn, conversation)
        })
    }
}

impl World {
    pub fn begin(
        engine: &Engine,
        pre: &abi::EnvironmentPre<HostState>,
        limits: &Arc<SandboxLimits>,
        host: HostState,
    ) -> Result<Self, Fault> {
        Self::new(engine, limits, host, |store| start(pre, limits, store).map(Way::Component))
    }

    /// Of a module by itself.
    pub fn begin_bare(bare: &Arc<Bare>, limits: &Arc<SandboxLimits>, host: HostState) -> Result<Self, Fault> {
        Self::new(bare.engine(), limits, host, |store| Ok(Way::Bare(Arc::clone(bare), bare.instantiate(store)?)))
    }

    pub fn reset(&mut self, initial_state: &str) -> Result<(), Fault> {
        self.require(Allowance::Task, "reset", |way, store, most| match way {
            Way::Component(guest) => guest.coevo_env_guest().call_reset(store, initial_state),
            Way::Bare(bare, guest) => guest.reset(bare, store, initial_state, most),
        })
    }

    pub fn call(&mut self, name: &str, arguments: &str, caller: Side) -> Result<ToolReply, Fault> {
        self.host_mut().now_ms += 1;
        let side = abi::side(caller);
        let during = || format!("call {name}");
        self.enter(Allowance::Call, during, |way, store, most| match way {
            Way::Component(guest) => {
                let reply = guest.coevo_env_guest().call_call(store, name, arguments, side)?;
                Ok(reply.map_or_else(ToolReply::Error, ToolReply::Result))
            }
            Way::Bare(bare, guest) => guest.call(bare, store, (name, arguments, side), most),
        })
    }

    pub fn state_hash(&mut self) -> Result<u64, Fault> {
        self.enter(
            Allowance::Data,
            || "state-hash".to_owned(),
            |way, store, _| match way {
                Way::Component(guest) => guest.coevo_env_guest().call_state_hash(store),
                Way::Bare(bare, guest) => guest.hash(bare, store),
            },
        )
    }

    pub fn state(&mut self) -> Result<String, Fault> {
        self.enter(
            Allowance::Data,
            || "state".to_owned(),
            |way, store, most| match way {
                Way::Component(guest) => guest.coevo_env_guest().call_state(store),
                Way::Bare(bare, guest) => guest.state(bare, store, most),
            },
        )
    }

    /// The inner error is the guest's own: it has no snapshots.
    pub fn snapshot(&mut self) -> Result<Result<Vec<u8>, String>, Fault> {
        self.enter(
            Allowance::Data,
            || "snapshot".to_owned(),
            |way, store, most| match way {
                Way::Component(guest) => guest.coevo_env_guest().call_snapshot(store),
                Way::Bare(bare, guest) => guest.snapshot(bare, store, most),
            },
        )
    }

    pub fn restore(&mut self, snapshot: &[u8]) -> Result<Result<(), String>, Fault> {
        self.enter(
            Allowance::Task,
            || "restore".to_owned(),
            |way, store, most| match way {
                Way::Component(guest) => guest.coevo_env_guest().call_restore(store, snapshot),
                Way::Bare(bare, guest) => guest.restore(bare, store, snapshot, most),
            },
        )
    }

    pub fn verify(&mut self, task: &types::Task, turns: &[types::TurnRecord]) -> Result<types::Verdict, Fault> {
        self.require(Allowance::Task, "verify", |way, store, most| match way {
            Way::Component(guest) => guest.coevo_env_guest().call_verify(store, task, turns),
            Way::Bare(bare, guest) => guest.verify(bare, store, (task, turns), most),
        })
    }

    /// Whether the host sees into it.
    pub fn is_bare(&self) -> bool {
        matches!(self.guest, Way::Bare(..))
    }

    /// By what this world differs from `fresh`; `None` where the host cannot see into it, or where that is more than `most` bytes.
    pub fn image(&mut self, fresh: &Self, most: usize) -> Result<Option<Image>, Fault> {
        let Way::Bare(_, other) = &fresh.guest else { return Ok(None) };
        self.enter(
            Allowance::Task,
            || "image".to_owned(),
            |way, store, _| match way {
                Way::Component(_) => Ok(None),
                Way::Bare(bare, guest) => guest.image(bare, store, (other, &fresh.store), most),
            },
        )
    }

    /// Makes of this fresh world what the image was taken of.
    pub fn become_copy(&mut self, image: &Image) -> Result<(), Fault> {
        self.enter(
            Allowance::Task,
            || "reset".to_owned(),
            |way, store, _| match way {
                Way::Component(_) => wasmtime::bail!("an image of another world"),
                Way::Bare(bare, guest) => guest.become_copy(bare, store, image),
            },
        )
    }
}

/// Which boundary an error of wasmtime belongs to. `bytes` is what the call was allowed to return.
fn fault(
    error: &wasmtime::Error,
    out_of_fuel: bool,
    host: &HostState,
    limits: &SandboxLimits,
    bytes: u32,
    during: String,
) -> Fault {
    let trap = error.downcast_ref::<Trap>().copied();
    let (boundary, message) = match (trap, &host.refused) {
        _ if error.is::<Flood>() => (Boundary::GuestFuel, Flood.to_string()),
        _ if out_of_fuel || trap == Some(Trap::OutOfFuel) => (Boundary::GuestFuel, "used up its fuel".to_owned()),
        (Some(Trap::StackOverflow), _) => {
            (Boundary::GuestMemory, format!("used up its stack of {} bytes", limits.stack_bytes))
        }
        (_, Some(refused)) => (Boundary::GuestMemory, refused.clone()),
        (Some(trap), None) => {
            let said = host.last_words.as_deref().map(|words| format!("; it had said: {words}")).unwrap_or_default();
            (Boundary::GuestTrap, shorten(format!("{trap}{said}")))
        }
        (None, None) => {
            let text = error.root_cause().to_string();
            // wasmtime has no type for this one.
            let message = match text.contains("allocated for hostcalls") {
                true => format!("returned more than {bytes} bytes"),
                false => shorten(text),
            };
            (Boundary::GuestOutput, message)
        }
    };
    Fault { boundary, during, message }
}

/// A guest's own words, in a length that a record can bear.
pub(crate) fn shorten(mut text: String) -> String {
    const MOST: usize = 500;
    if text.len() > MOST {
        let end = (0..=MOST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
