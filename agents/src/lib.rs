//! Policies and learners: burn transformer, tokenizer, sampling, GRPO; oracle, random, scripted and human agents.
//!
//! Invariants: nothing here knows of environments, scenarios or the run file. Training runs on burn (CPU or wgpu); sampling
//! runs in plain Rust on the CPU, because ragged batches with a cache per slot are simple there and because each
//! slot's numbers must not depend on who else is in the batch: that is what makes a trace equal for any number of workers.

pub mod agent;
pub mod agents;
pub mod backbone;
pub mod config;
pub mod demonstration;
pub mod infer;
pub mod kernels;
pub mod learner;
pub mod model;
pub mod policy;
pub mod recall;
pub mod sequence;
pub mod synth;
pub mod threads;
pub mod tokenizer;
pub mod trace;

pub use agent::{Agent, EpisodeStart, Lesson, Reply, Request};
pub use backbone::Backbone;
pub use config::{Backend, ImitationConfig, LossAggregation, ModelConfig, RlConfig, SampleConfig};
pub use learner::{CheckpointBytes, Learner, LearnerError};
pub use policy::{Policy, PolicyAgent};
pub use sequence::{StepReport, TrainReport, TrainSequence};
pub use tokenizer::Tokenizer;
