//! The co-evolution round, with rollout slots on bevy_ecs and crossbeam workers, and the run made of rounds.
//!
//! Invariants: a round is committed whole or not at all; nothing read from a clock, a thread or a channel's order reaches
//! a result; evaluation is given no interface.

pub mod bench;
pub mod bench_peers;
pub mod bench_trace;
pub mod bench_write;
pub mod clock;
pub mod demonstrate;
pub mod diff;
pub mod error;
pub mod explain;
pub mod fork;
pub mod json_diff;
pub mod observer;
pub mod plant;
pub mod recorded;
pub mod reexecute;
pub mod replay;
pub mod rescore;
pub mod round;
pub mod run;
pub mod schedule;
pub mod scribe;
pub mod slip;
pub mod slots;
pub mod summary;
pub mod tasks;
pub mod testing;
pub mod weaned;
mod worker;
