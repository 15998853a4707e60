//! The host of environments: the wasmtime sandbox, schema validation, verification and the interface overlay.
//!
//! ```text
//! Sandbox ─ one engine, all limits
//!    └ EnvPlugin::load ─ a component, its description checked, its schemas compiled
//!         ├ task(&TaskRef) ─ in an instance of its own
//!         ├ EvalEnv / TrainEnv → Env ─ an episode: next_turn, step, …, finish → Record
//!         ├ verify ─ in an instance of its own, the only one that is given a hidden label
//!         ├ replay ─ the record executed again and compared
//!         └ conformance ─ what an environment must keep to, tried
//! ```
//!
//! Invariants: an instance serves one episode; a guest that faults is never entered again; nothing a guest returns is
//! used before it is checked; no clock, file, environment variable or unseeded number reaches a guest.

mod abi;
pub mod bench;
mod budget;
pub mod build;
mod check;
pub mod conformance;
mod env;
pub mod import;
pub mod manifest;
mod plugin;
mod replay;
mod replies;
pub mod sandbox;
pub mod scaffold;
mod schema;
mod session;
mod source;
mod start;
mod tasks;
mod user;
mod verify;

pub use budget::Budgets;
pub use env::{Env, EvalEnv, TrainEnv};
pub use manifest::Manifest;
pub use plugin::{EnvPlugin, LoadError};
pub use replay::{Divergence, ReplayReport, replay};
pub use replies::Reply;
pub use sandbox::{LogLevel, LogLine, Logs, Sandbox, SandboxError, SandboxLimits};
pub use session::{Record, StepReply, TurnStart};
pub use source::{EnvSource, SHIPPED};
pub use tasks::TaskFileError;
pub use verify::verify;
