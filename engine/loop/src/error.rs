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
    /// An arm cannot go on; its last good checkpoint is the round before. `batch` names the episodes of the step that failed.
    #[error("round {round}: {source}{}", named(batch))]
    Round { round: u32, batch: Vec<String>, source: LearnerError },
    /// An arm whose origin stopped.
    #[error("it starts from arm `{from}`, which stopped")]
    Orphaned { from: String },
    #[error(transparent)]
    Tokenizer(#[from] coevo_agents::tokenizer::TokenizerError),
    /// The scenario asks for what the environment or the run does not have.
    #[error("{message}\n  hint: {hint}")]
    Unfit { message: String, hint: String },
}

/// A batch in a sentence: its first episodes, and how many more.
fn named(batch: &[String]) -> String {
    const SHOWN: usize = 4;
    let first = batch.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match batch.len() {
        0 => String::new(),
        n if n <= SHOWN => format!("; its batch: {first}"),
        n => format!("; its batch of {n}: {first} and {} more", n - SHOWN),
    }
}

impl RunError {
    /// Whether it ends the arms it concerns, and lets the others go on.
    pub fn is_of_an_arm(&self) -> bool {
        match self {
            RunError::Learner(error) => matches!(error, LearnerError::Diverged { .. }),
            RunError::Round { .. } | RunError::Orphaned { .. } => true,
            _ => false,
        }
    }

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
            RunError::Round { .. } | RunError::Orphaned { .. } => false,
        }
    }
}
