//! Write a Coevo environment in Rust: implement [`Environment`], then `coevo_sdk::export!(MyEnv);`.
//!
//! The SDK supplies everything that is the same for every environment: the ABI glue, snapshots and the state hash, a
//! keyed random generator, the script builder that runs the reference solution while a task is written, and
//! verification by re-execution. An environment is its state, its tools and its tasks.
//!
//! Chosen: the state is one plain serde value. Everything that must agree with it (snapshot, hash, JSON, equality) is
//! derived from it, so that no environment can forget a field. Rejected: letting authors write `snapshot` and
//! `state-hash` by hand, which is where environments silently stop being forkable.
//!
//! The glue exists only for `wasm32`; on the host the same environment is an ordinary library with ordinary tests
//! ([`conformance`] has the ones that every environment should pass).

// The macros and the generated bindings name this crate, both here and where an environment exports itself.
extern crate self as coevo_sdk;

pub mod args;
pub mod clutter;
pub mod conformance;
pub mod golden;
pub mod hash;
pub mod rng;
pub mod rule;
pub mod script;
pub mod session;
#[cfg(any(test, target_arch = "wasm32"))]
mod small;
pub mod story;
pub mod talk;
pub mod task;
pub mod tool;
pub mod typed;
pub mod verify;

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod glue;
#[cfg(target_arch = "wasm32")]
mod heap;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod wit;

pub use coevo_sdk_derive::{Args, Choice, Reply, ToolErrors, tools};
pub use rng::Rng;
pub use rule::Rule;
pub use script::Script;
pub use serde_json::{Value, json};
pub use session::{Context, Level, Session, Side};
pub use task::{TaskDraft, ToolCall};
pub use tool::{Description, Tool, ToolError, Ty};
pub use typed::{Arg, Args, Choice, Outcome, Output, Reply, ToolErrors, Tools};

use serde::{Serialize, de::DeserializeOwned};

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeDoctests;

/// Reads a state's JSON form.
///
/// # Errors
/// When the text is not one.
pub fn parse_state<S: DeserializeOwned>(state_json: &str) -> Result<S, String> {
    serde_json::from_str(state_json).map_err(|error| format!("initial state: {error}"))
}

/// A world with tools, and tasks in it.
///
/// Every function must be deterministic: equal arguments (and equal draws of [`Context::random`]) give equal results.
pub trait Environment: 'static {
    /// The whole state of an episode.
    ///
    /// It is encoded with postcard, which is not self-describing: no `#[serde(untagged)]`, no `skip_serializing_if`,
    /// no [`Value`] fields. Use `BTreeMap` and `BTreeSet`, never hash maps: the encoding is also the identity.
    type State: Clone + PartialEq + Serialize + DeserializeOwned;

    /// Name, version, tools, splits, categories.
    fn describe() -> Description;

    /// Parses the initial state of a task. The default reads the state's own JSON form, which is what the SDK writes
    /// into generated tasks.
    ///
    /// # Errors
    /// When the text is not a state of this environment.
    fn initial(state_json: &str) -> Result<Self::State, String> {
        parse_state(state_json)
    }

    /// The task at `index` of a split. `rng` is keyed by (split, index, seed); [`Rng::keyed`] gives streams for other
    /// keys, such as the scenario that several tasks share.
    ///
    /// # Errors
    /// When the split is unknown, the index out of range, or a reference call fails (a bug of the environment).
    fn generate(split: &str, index: u32, rng: &mut Rng) -> Result<TaskDraft<Self::State>, String>;

    /// Runs one tool. A call that returns an error must leave the state as it was: the SDK checks this in
    /// [`conformance`], and restores nothing by itself.
    ///
    /// # Errors
    /// A typed error, one of those that the tool declares.
    fn call(state: &mut Self::State, ctx: &mut Context<'_>, name: &str, args: &Value) -> Result<Value, ToolError>;

    /// As [`Environment::call`], from and to JSON text: what the ABI really carries. The default reads and writes it with
    /// `serde_json`; an environment whose values are of its own kind may spare itself the detour.
    ///
    /// # Errors
    /// As [`Environment::call`], and `wrong_type` where the arguments are no JSON object.
    fn call_text(
        state: &mut Self::State,
        ctx: &mut Context<'_>,
        name: &str,
        arguments: &str,
    ) -> Result<String, ToolError> {
        let args = args::parse(arguments)?;
        Self::call(state, ctx, name, &args).map(|result| result.to_string())
    }

    /// Turns external task data into a task.
    ///
    /// # Errors
    /// Always, unless the environment implements it.
    fn import(data: &str) -> Result<task::Task, String> {
        let _ = data;
        Err("this environment imports no tasks".to_owned())
    }

    /// The simulated user's next message, a function of the private profile and the conversation so far.
    ///
    /// # Errors
    /// Always, unless the environment implements it: then every turn of its tasks must be scripted.
    fn next_user(profile: &str, turn: u32, conversation: &[task::Message]) -> Result<task::UserEvent, String> {
        let _ = (profile, turn, conversation);
        Err("every turn of this environment is scripted".to_owned())
    }

    /// Judges a finished episode. The default re-executes it beside the reference ([`verify::verify`]); an environment that
    /// comes with an official scorer has that one instead. `around` gives the random stream the episode had.
    ///
    /// # Errors
    /// When the task is not one of this environment, or there are more turns than it has.
    fn verify(
        task: &task::Task,
        turns: &[task::TurnRecord],
        around: &mut dyn session::Surroundings,
    ) -> Result<task::Verdict, String>
    where
        Self: Sized,
    {
        verify::verify::<Self>(task, turns, around)
    }
}

/// Exports an [`Environment`] (a `pub` type) as the component's `guest` interface. Does nothing on the host.
#[macro_export]
macro_rules! export {
    ($env:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[doc(hidden)]
        mod __coevo_export {
            use super::*;

            pub struct Component;

            thread_local! {
                static SESSION: ::core::cell::RefCell<$crate::session::Session<$env>> =
                    ::core::cell::RefCell::new($crate::session::Session::new());
            }

            impl $crate::glue::Export for Component {
                type Env = $env;

                fn with<R>(run: impl FnOnce(&mut $crate::session::Session<$env>) -> R) -> R {
                    SESSION.with_borrow_mut(run)
                }
            }

            $crate::wit::export_environment!(Component with_types_in $crate::wit);
        }
    };
}
