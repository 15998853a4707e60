//! One live guest: every call bounded, every way of going wrong a [`Fault`], and never entered again after one.

use std::sync::Arc;

use coevo_core::episode::{Boundary, Fault};
use coevo_core::task::Side;
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, Trap};

use super::host::Flood;
use super::{HostState, SandboxLimits};
use crate::abi::exports::coevo::env::guest::Guest;
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

/// A guest instance with its store.
pub(crate) struct Instance {
    store: Store<HostState>,
    guest: abi::Environment,
    limits: Arc<SandboxLimits>,
    /// Fuel that the last call used.
    pub fuel_used: u64,
    /// The fault after which this instance may not be entered again.
    dead: Option<Fault>,
}

impl Instance {
    pub fn new(
        engine: &Engine,
        pre: &abi::EnvironmentPre<HostState>,
        limits: &Arc<SandboxLimits>,
        host: HostState,
    ) -> Result<Self, Fault> {
        let mut store = Store::new(engine, host);
        store.limiter(|state| state);
        // A start function is guest code too.
        let started = store.set_fuel(limits.fuel_per_task).and_then(|()| pre.instantiate(&mut store));
        match started {
            Ok(guest) => Ok(Self { store, guest, limits: Arc::clone(limits), fuel_used: 0, dead: None }),
            Err(error) => {
                let mut fault = fault(&error, store.data(), limits, limits.data_bytes, "instantiate".to_owned());
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

    fn enter<R>(
        &mut self,
        allowance: Allowance,
        during: impl Fn() -> String,
        run: impl FnOnce(&Guest, &mut Store<HostState>) -> wasmtime::Result<R>,
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
        self.store.data_mut().enter();
        self.store.set_hostcall_fuel(bytes as usize);
        let done = self.store.set_fuel(fuel).and_then(|()| run(self.guest.coevo_env_guest(), &mut self.store));
        self.fuel_used = fuel - self.store.get_fuel().unwrap_or(0);
        done.map_err(|error| {
            let fault = fault(&error, self.store.data(), &self.limits, bytes, during());
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
        run: impl FnOnce(&Guest, &mut Store<HostState>) -> wasmtime::Result<Result<R, String>>,
    ) -> Result<R, Fault> {
        match self.enter(allowance, || during.to_owned(), run)? {
            Ok(value) => Ok(value),
            Err(message) => Err(self.condemn(during, shorten(message))),
        }
    }

    pub fn describe(&mut self) -> Result<types::Description, Fault> {
        self.enter(Allowance::Task, || "describe".to_owned(), |guest, store| guest.call_describe(store))
    }

    pub fn generate(&mut self, split: &str, index: u32, seed: u64) -> Result<types::Task, Fault> {
        self.require(Allowance::Task, "generate", |guest, store| guest.call_generate(store, split, index, seed))
    }

    pub fn import_task(&mut self, data: &str) -> Result<types::Task, Fault> {
        self.require(Allowance::Task, "import-task", |guest, store| guest.call_import_task(store, data))
    }

    pub fn reset(&mut self, initial_state: &str) -> Result<(), Fault> {
        self.require(Allowance::Task, "reset", |guest, store| guest.call_reset(store, initial_state))
    }

    pub fn reset_user(&mut self, profile: &str) -> Result<(), Fault> {
        self.require(Allowance::Task, "reset-user", |guest, store| guest.call_reset_user(store, profile))
    }

    pub fn next_user(&mut self, turn: u32, conversation: &[types::Message]) -> Result<types::UserEvent, Fault> {
        self.host_mut().now_ms += 1;
        self.require(Allowance::Call, "next-user", |guest, store| guest.call_next_user(store, turn, conversation))
    }

    pub fn call(&mut self, name: &str, arguments: &str, caller: Side) -> Result<ToolReply, Fault> {
        self.host_mut().now_ms += 1;
        let side = abi::side(caller);
        let during = || format!("call {name}");
        let reply =
            self.enter(Allowance::Call, during, |guest, store| guest.call_call(store, name, arguments, side))?;
        Ok(match reply {
            Ok(result) => ToolReply::Result(result),
            Err(error) => ToolReply::Error(error),
        })
    }

    pub fn state_hash(&mut self) -> Result<u64, Fault> {
        self.enter(Allowance::Data, || "state-hash".to_owned(), |guest, store| guest.call_state_hash(store))
    }

    pub fn state(&mut self) -> Result<String, Fault> {
        self.enter(Allowance::Data, || "state".to_owned(), |guest, store| guest.call_state(store))
    }

    /// The inner error is the guest's own: it has no snapshots.
    pub fn snapshot(&mut self) -> Result<Result<Vec<u8>, String>, Fault> {
        self.enter(Allowance::Data, || "snapshot".to_owned(), |guest, store| guest.call_snapshot(store))
    }

    pub fn restore(&mut self, snapshot: &[u8]) -> Result<Result<(), String>, Fault> {
        self.enter(Allowance::Task, || "restore".to_owned(), |guest, store| guest.call_restore(store, snapshot))
    }

    pub fn verify(&mut self, task: &types::Task, turns: &[types::TurnRecord]) -> Result<types::Verdict, Fault> {
        self.require(Allowance::Task, "verify", |guest, store| guest.call_verify(store, task, turns))
    }
}

/// Which boundary an error of wasmtime belongs to. `bytes` is what the call was allowed to return.
fn fault(error: &wasmtime::Error, host: &HostState, limits: &SandboxLimits, bytes: u32, during: String) -> Fault {
    let trap = error.downcast_ref::<Trap>().copied();
    let (boundary, message) = match (trap, &host.refused) {
        _ if error.is::<Flood>() => (Boundary::GuestFuel, Flood.to_string()),
        (Some(Trap::OutOfFuel), _) => (Boundary::GuestFuel, "used up its fuel".to_owned()),
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
