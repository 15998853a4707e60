//! Why a run cannot begin or go on.

use coevo_agents::learner::LearnerError;

/// A failure of a run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Scenario(#[from] coevo_scenarios::ScenarioError),
    #[error(transparent)]
    Environment(#[from] coevo_envs::LoadError),
    #[error(transparent)]
    Sandbox(#[from] coevo_envs::SandboxError),
    #[error(transparent)]
    Trace(#[from] coevo_trace::TraceError),
    #[error(transparent)]
    Learner(#[from] LearnerError),
    /// An arm cannot go on; its last good checkpoint is the round before.
    #[error("round {round}: {source}")]
    Round { round: u32, source: LearnerError },
    #[error(transparent)]
    Tokenizer(#[from] coevo_agents::tokenizer::TokenizerError),
    /// The scenario asks for what the environment or the run does not have.
    #[error("{message}\n  hint: {hint}")]
    Unfit { message: String, hint: String },
}

impl RunError {
    /// Whether what the user gave is at fault, and not this program or machine.
    pub fn is_bad_input(&self) -> bool {
        match self {
            RunError::Sandbox(_)
            | RunError::Scenario(_)
            | RunError::Environment(_)
            | RunError::Unfit { .. }
            | RunError::Tokenizer(_) => true,
            RunError::Trace(error) => error.is_bad_input(),
            RunError::Learner(error) => matches!(error, LearnerError::Backend(_) | LearnerError::Model(_)),
            RunError::Round { .. } => false,
        }
    }
}
