//! One episode inside a guest: the state and what is derived from it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hash::xxh64;
use crate::tool::ToolError;
use crate::{Environment, Rng, TaskDraft, task};

/// Who makes a call: the agent or the simulated user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Agent,
    User,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// What surrounds a session: the host's random stream and log. Tests give their own.
pub trait Surroundings {
    fn random(&mut self) -> u64;
    fn log(&mut self, level: Level, message: &str);
}

/// Surroundings for generation and native tests: one keyed stream, logs dropped.
pub struct Quiet(pub Rng);

impl Quiet {
    pub fn new() -> Self {
        Self(Rng::new(0, "quiet", &[]))
    }
}

impl Default for Quiet {
    fn default() -> Self {
        Self::new()
    }
}

impl Surroundings for Quiet {
    fn random(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn log(&mut self, _level: Level, _message: &str) {}
}

/// What a tool may ask for while it runs.
pub struct Context<'a> {
    side: Side,
    now_ms: u64,
    around: &'a mut dyn Surroundings,
}

impl<'a> Context<'a> {
    pub fn new(side: Side, now_ms: u64, around: &'a mut dyn Surroundings) -> Self {
        Self { side, now_ms, around }
    }

    /// Who calls.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Logical milliseconds: the number of tool calls made before this one in the episode. The SDK counts them itself
    /// rather than asking the host (whose clock also advances for hashes and snapshots), so that a re-execution in the
    /// verifier reads the same clock.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// The next 64 bits of the episode's random stream.
    pub fn random(&mut self) -> u64 {
        self.around.random()
    }

    /// Diagnostic output, never shown to the agent.
    pub fn log(&mut self, level: Level, message: &str) {
        self.around.log(level, message);
    }
}

/// One episode: empty until [`Session::reset`].
pub struct Session<E: Environment> {
    state: Option<E::State>,
    calls: u64,
    /// Reused by [`Session::state_hash`], so that it allocates once.
    scratch: Vec<u8>,
}

impl<E: Environment> Default for Session<E> {
    fn default() -> Self {
        Self::new()
    }
}

const NO_EPISODE: &str = "no episode: reset was not called";

impl<E: Environment> Session<E> {
    pub const fn new() -> Self {
        Self { state: None, calls: 0, scratch: Vec::new() }
    }

    /// A session that begins in `state`.
    pub fn at(state: E::State) -> Self {
        Self { state: Some(state), calls: 0, scratch: Vec::new() }
    }

    /// Begins an episode.
    ///
    /// # Errors
    /// When the state does not parse.
    pub fn reset(&mut self, state_json: &str) -> Result<(), String> {
        self.state = Some(E::initial(state_json)?);
        self.calls = 0;
        Ok(())
    }

    /// The current state, if an episode has begun.
    pub fn state(&self) -> Option<&E::State> {
        self.state.as_ref()
    }

    /// Runs a tool.
    ///
    /// # Errors
    /// The environment's typed error; `no_episode` before the first reset.
    pub fn call(
        &mut self,
        name: &str,
        args: &Value,
        side: Side,
        around: &mut dyn Surroundings,
    ) -> Result<Value, ToolError> {
        self.run(side, around, |state, context| E::call(state, context, name, args))
    }

    /// Runs a tool, from and to JSON text.
    ///
    /// # Errors
    /// As [`Session::call`], and where the arguments are no JSON object.
    pub fn call_text(
        &mut self,
        name: &str,
        arguments: &str,
        side: Side,
        around: &mut dyn Surroundings,
    ) -> Result<String, ToolError> {
        self.run(side, around, |state, context| E::call_text(state, context, name, arguments))
    }

    fn run<T>(
        &mut self,
        side: Side,
        around: &mut dyn Surroundings,
        call: impl FnOnce(&mut E::State, &mut Context<'_>) -> Result<T, ToolError>,
    ) -> Result<T, ToolError> {
        let state = self.state.as_mut().ok_or_else(|| ToolError::new("no_episode", NO_EPISODE, Value::Null))?;
        let now_ms = self.calls;
        self.calls += 1;
        call(state, &mut Context::new(side, now_ms, around))
    }

    /// Hash of the state's canonical bytes; 0 before the first reset. Counters of the session are no part of it.
    pub fn state_hash(&mut self) -> u64 {
        let Some(state) = &self.state else { return 0 };
        self.scratch.clear();
        let buffer = core::mem::take(&mut self.scratch);
        self.scratch = postcard::to_extend(state, buffer).expect("a state serializes");
        xxh64(&self.scratch, 0)
    }

    /// The state as JSON text; `null` before the first reset.
    pub fn state_json(&self) -> String {
        serde_json::to_string(&self.state).expect("a state serializes")
    }

    /// The episode in compact binary form.
    ///
    /// # Errors
    /// Before the first reset.
    pub fn snapshot(&self) -> Result<Vec<u8>, String> {
        let state = self.state.as_ref().ok_or(NO_EPISODE)?;
        postcard::to_extend(&(self.calls, state), Vec::with_capacity(512)).map_err(|error| error.to_string())
    }

    /// Continues from a snapshot of any instance of the same environment.
    ///
    /// # Errors
    /// When the bytes are no snapshot of it, or more than one.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), String> {
        let ((calls, state), rest) =
            postcard::take_from_bytes::<(u64, E::State)>(snapshot).map_err(|error| format!("snapshot: {error}"))?;
        if !rest.is_empty() {
            return Err(format!("snapshot: {} bytes too many", rest.len()));
        }
        self.calls = calls;
        self.state = Some(state);
        Ok(())
    }
}

/// The finished task at `index` of a split: a pure function of its arguments.
///
/// # Errors
/// What the environment's `generate` says.
pub fn generate<E: Environment>(split: &str, index: u32, seed: u64) -> Result<task::Task, String> {
    let mut rng = Rng::new(seed, split, &[u64::from(index)]);
    let draft: TaskDraft<E::State> = E::generate(split, index, &mut rng)?;
    let (mut turns, mut reference) = (Vec::new(), Vec::new());
    for turn in draft.turns {
        turns.push(task::UserTurn { message: task::UserMessage::Scripted(turn.user), offered: turn.offered });
        reference.push(turn.reference);
    }
    Ok(task::Task {
        id: format!("{}:{split}:{index}:{seed}", E::describe().name),
        scenario: draft.scenario,
        category: draft.category,
        system: draft.system,
        initial_state: serde_json::to_string(&draft.initial).map_err(|error| error.to_string())?,
        turns,
        user_profile: String::new(),
        reference,
        label: draft.label,
    })
}
