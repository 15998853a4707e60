//! What happened in an episode, kept whole: text, parsed calls, results, hashes, tokens. Nothing is summarised away, so
//! that diagnosis and training can be repeated from the record.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::ContentId;
use crate::seed::StreamKey;
use crate::task::{TaskRef, ToolCall};

/// Why an episode was run; also decides which environment it may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Oracle episodes for behaviour cloning.
    Warmup,
    /// On-policy training episodes, with the evolved interface.
    Train,
    /// Evaluation on dev with the base interface.
    Dev,
    /// Dev tasks with the evolved interface, to measure the weaning gap. Never trained on.
    Probe,
    /// Final evaluation on test with the base interface.
    Test,
    /// The same on an environment that nothing is trained on.
    Transfer,
}

/// Identity of an episode inside a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EpisodeKey {
    pub arm: String,
    pub stage: Stage,
    pub round: u32,
    pub task: TaskRef,
    pub replica: u32,
}

/// What the agent's text was read as.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parsed {
    Call(ToolCall),
    Answer(String),
    /// Neither; the reason names what was expected.
    Malformed {
        reason: String,
    },
}

/// One departure of the arguments from the tool's schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SchemaViolation {
    pub kind: ViolationKind,
    /// The argument, or empty for the object as a whole.
    pub argument: String,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    MissingRequired,
    UnknownArgument,
    WrongType,
    NotInEnum,
    Format,
    Other,
}

/// Why the host did not run a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    Malformed { reason: String },
    UnknownTool { name: String },
    NotOffered { name: String },
    Schema { violations: Vec<SchemaViolation> },
}

/// What came of one step of the agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    Executed { result: Value },
    ToolError { code: String, message: String, details: Value },
    Rejected(Rejection),
    Answered,
}

impl StepOutcome {
    /// Whether the agent was shown an error.
    pub fn is_error(&self) -> bool {
        matches!(self, StepOutcome::ToolError { .. } | StepOutcome::Rejected(_))
    }
}

/// One step: the agent writes, the environment replies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Exactly what the agent wrote.
    pub text: String,
    pub parsed: Parsed,
    pub outcome: StepOutcome,
    /// What the base environment replied; empty after an answer.
    pub observation: String,
    /// What the evolved interface added to the reply; empty in evaluation.
    pub cue: String,
    /// After this step.
    pub state_hash: u64,
    pub fuel_used: u64,
}

/// A call that the simulated user made on their own side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserCall {
    pub call: ToolCall,
    pub outcome: StepOutcome,
}

/// One user turn: a user message and every step until the agent answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    pub user: String,
    pub offered: Vec<String>,
    pub user_calls: Vec<UserCall>,
    pub state_hash_before: u64,
    pub steps: Vec<Step>,
    /// Which budget cut the turn short.
    pub truncated: Option<Truncation>,
}

impl Turn {
    pub fn answer(&self) -> Option<&str> {
        self.steps.last().and_then(|step| match &step.parsed {
            Parsed::Answer(text) => Some(text.as_str()),
            _ => None,
        })
    }

    pub fn state_hash_after(&self) -> u64 {
        self.steps.last().map_or(self.state_hash_before, |step| step.state_hash)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// Too many steps in one user turn.
    Steps,
    /// The context window is full.
    Tokens,
}

/// Where a fault arose. A fault is never a failure of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// The guest trapped.
    GuestTrap,
    /// The guest used up its fuel.
    GuestFuel,
    /// The guest asked for more memory, table or stack than allowed.
    GuestMemory,
    /// The guest returned something that the contract forbids.
    GuestOutput,
    /// The verifier faulted.
    Verifier,
    /// The agent could not act (endpoint down, NaN logits).
    Agent,
    /// Our own fault.
    Host,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    pub boundary: Boundary,
    /// The guest export or host stage, such as `call book_flight`.
    pub during: String,
    pub message: String,
}

/// How the episode ended (Gymnasium's terms).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every user turn was played.
    Terminated,
    /// A budget ran out.
    Truncated(Truncation),
    Faulted(Fault),
}

/// The tokens of an episode as the policy saw and wrote them. All vectors have the episode's token count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenTrace {
    pub ids: Vec<u32>,
    /// Log-probability at sampling time; 0 for tokens the policy did not choose.
    pub log_probs: Vec<f32>,
    /// Whether the policy chose this token (loss mask).
    pub action: Vec<bool>,
    /// User turn of each token; tokens before the first user message belong to turn 0.
    pub turn: Vec<u16>,
    /// Step within the turn.
    pub step: Vec<u16>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    pub key: EpisodeKey,
    pub task_id: String,
    pub category: String,
    pub scenario: String,
    /// Name and version of the agent, such as `policy@round 3`.
    pub agent: String,
    /// Key of the stream that environment randomness came from.
    pub env_stream: StreamKey,
    /// The interface every turn was shown with.
    pub interface: ContentId,
    pub initial_state_hash: u64,
    pub turns: Vec<Turn>,
    pub ending: Ending,
    pub tokens: TokenTrace,
}

impl Episode {
    pub fn fault(&self) -> Option<&Fault> {
        match &self.ending {
            Ending::Faulted(fault) => Some(fault),
            _ => None,
        }
    }
}

/// What the verifier found in one turn (the guest's `failure` enum).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictFailure {
    StateMismatch,
    InstanceMismatch,
    ResponseMismatch,
    EmptyTurn,
    SpuriousCall,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnVerdict {
    pub failure: Option<VerdictFailure>,
    pub detail: String,
}

/// The verifier's judgement. `Unscored` is its own value: never 0, never NaN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Scored { reward: f64, turns: Vec<TurnVerdict> },
    Unscored(Fault),
}

impl Verdict {
    pub fn reward(&self) -> Option<f64> {
        match self {
            Verdict::Scored { reward, .. } => Some(*reward),
            Verdict::Unscored(_) => None,
        }
    }
}
