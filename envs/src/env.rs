//! Episodes as the loop drives them. There are two doors: [`EvalEnv`] cannot be given an interface, [`TrainEnv`] must be.

use std::sync::{Arc, OnceLock};

use coevo_core::episode::{Fault, Truncation, Turn};
use coevo_core::interface::Interface;
use coevo_core::seed::StreamKey;
use coevo_core::task::PublicTask;
use serde_json::Value;

use crate::budget::Budgets;
use crate::plugin::EnvPlugin;
use crate::session::{Record, Session, StepReply, TurnStart};

/// An episode under the base interface: evaluation, warm-up, replay of either.
///
/// Nothing that evolved can reach it, because there is nowhere to put it:
///
/// ```compile_fail,E0061
/// use std::sync::Arc;
/// use coevo_core::{interface::Interface, seed::StreamKey, task::PublicTask};
/// use coevo_envs::{Budgets, EnvPlugin, EvalEnv};
///
/// fn evaluate(plugin: &EnvPlugin, task: &PublicTask, key: StreamKey, budgets: &Budgets, evolved: Arc<Interface>) {
///     let _ = EvalEnv::new(plugin, task, key, budgets, evolved);
/// }
/// ```
///
/// Without the interface the same code compiles:
///
/// ```
/// use coevo_core::{seed::StreamKey, task::PublicTask};
/// use coevo_envs::{Budgets, EnvPlugin, EvalEnv};
///
/// fn evaluate(plugin: &EnvPlugin, task: &PublicTask, key: StreamKey, budgets: &Budgets) {
///     let _ = EvalEnv::new(plugin, task, key, budgets);
/// }
/// ```
pub struct EvalEnv(Session);

/// An episode under an evolved interface.
pub struct TrainEnv(Session);

/// An episode in progress, whichever door it came through. `Send`: workers may step slots in parallel.
///
/// Only the public part of a task ever comes here, so no hidden label can enter an instance that an agent can call.
pub struct Env(Session);

impl EvalEnv {
    /// Begins an episode in an instance of its own, with the base interface. `stream` is where the environment's random
    /// numbers come from.
    ///
    /// # Errors
    /// When the guest cannot be brought to the task's initial state.
    pub fn new(plugin: &EnvPlugin, task: &PublicTask, stream: StreamKey, budgets: &Budgets) -> Result<Self, Fault> {
        static BASE: OnceLock<Arc<Interface>> = OnceLock::new();
        let base = Arc::clone(BASE.get_or_init(|| Arc::new(Interface::base())));
        Session::begin(plugin, task, stream, budgets, base).map(Self)
    }
}

impl TrainEnv {
    /// Begins an episode in an instance of its own, shown through `interface`.
    ///
    /// # Errors
    /// When the guest cannot be brought to the task's initial state.
    pub fn new(
        plugin: &EnvPlugin,
        task: &PublicTask,
        stream: StreamKey,
        budgets: &Budgets,
        interface: Arc<Interface>,
    ) -> Result<Self, Fault> {
        Session::begin(plugin, task, stream, budgets, interface).map(Self)
    }
}

impl From<EvalEnv> for Env {
    fn from(env: EvalEnv) -> Self {
        Self(env.0)
    }
}

impl From<TrainEnv> for Env {
    fn from(env: TrainEnv) -> Self {
        Self(env.0)
    }
}

impl Env {
    /// Begins the next user turn; `None` when the episode is over (the script ended, the user is done, or a budget ran
    /// out).
    ///
    /// # Errors
    /// A fault of the guest, after which the episode is over; or of the caller, who must end a turn before the next.
    pub fn next_turn(&mut self) -> Result<Option<TurnStart>, Fault> {
        self.0.next_turn()
    }

    /// Takes what the agent wrote: a call is checked, run and observed; an answer ends the turn.
    ///
    /// # Errors
    /// A fault of the guest, after which the episode is over; or of the caller, if no turn is open.
    pub fn step(&mut self, text: &str) -> Result<StepReply, Fault> {
        self.0.step(text)
    }

    /// Ends the episode because a budget outside the environment ran out, such as the agent's context window.
    pub fn truncate(&mut self, by: Truncation) {
        self.0.truncate(by);
    }

    /// Ends the episode with a fault from outside, such as an agent that cannot act.
    pub fn fail(&mut self, fault: Fault) {
        self.0.fail(fault);
    }

    /// Whether the episode has an ending.
    pub fn is_over(&self) -> bool {
        self.0.is_over()
    }

    /// A second episode that continues from here, with the same place in the random stream and the same history.
    /// By the guest's snapshot; by playing the recorded prefix again where the guest has none, or one that does not
    /// hold the whole state (found by the state hash).
    ///
    /// # Errors
    /// A fault of either instance. States and results of both continue equal; fuel figures may differ, because a
    /// restored instance has another heap.
    pub fn fork(&mut self) -> Result<Self, Fault> {
        self.0.fork().map(Self)
    }

    /// The state as JSON, for people and predicates.
    ///
    /// # Errors
    /// A fault of the guest.
    pub fn state(&mut self) -> Result<Value, Fault> {
        self.0.state()
    }

    /// Hash of the state now.
    pub fn state_hash(&self) -> u64 {
        self.0.state_hash()
    }

    pub fn initial_state_hash(&self) -> u64 {
        self.0.initial_hash()
    }

    pub fn task(&self) -> &PublicTask {
        self.0.task()
    }

    pub fn interface(&self) -> &Interface {
        self.0.interface()
    }

    /// Turns so far, the one in progress included.
    pub fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.0.turns()
    }

    /// Ends the episode. One that was not played to its end counts as a host fault.
    pub fn finish(self) -> Record {
        self.0.finish()
    }
}
