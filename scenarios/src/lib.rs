//! Scenario files: the YAML schema, overrides, arms and the stage graph.
//!
//! A scenario is parsed once, here, into values that need no further checks: [`ResolvedScenario`] has one full set of
//! [`Settings`] for each arm and the [`Plan`] of stages. Invariants: no defaults are left open, a configured 0 stays 0, and
//! the same text gives the same scenario and the same id on every machine.

mod algorithm;
mod check;
use coevo_core::hint;
mod limits;
mod locate;
mod origin;
mod plan;
mod problem;
mod resolve;
mod schema;
mod source;
mod study;
mod types;

pub use hint::nearest;
pub use limits::{MIN_PROMPT_TOKENS, MIN_VOCABULARY};
pub use plan::{Plan, StageKind, StageNode, warm_start_id};
pub use problem::{Place, Problem, ScenarioError};
pub use resolve::{ArmPlan, ResolvedScenario};
pub use schema::{SHARED_SECTIONS, json_schema};
pub use types::{
    AgentConfig, Algorithm, Budgets, Checkpoints, DiagnosisConfig, EnvironmentConfig, EvaluationConfig, LearnerConfig,
    RewardKind, Select, Sequel, Settings, TransferConfig, ZeroVariance,
};
