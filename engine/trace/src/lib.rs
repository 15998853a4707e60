//! The run folder: records, checkpoints, queries and exports.
//!
//! Invariants: a commit is there entirely or not at all, also after SIGKILL; every payload and checkpoint file carries a
//! BLAKE3 checksum, and a damaged one is named while the others stay readable; readers never wait for the writer; no clock
//! reaches anything but the `timings` table, and no export reads that.

mod aggregate;
mod branch;
mod checkpoint;
mod commit;
mod dictionary;
mod error;
mod export;
mod expr;
mod folder;
mod import;
mod payload;
mod query;
mod record;
mod survey;
mod tables;
mod tokens;

pub use aggregate::{FaultTally, LabelTally, LabelledTurn, Labels, Probe, Spread, Tally};
pub use branch::{Branch, NewBranch, split_branch};
pub use commit::Committed;
pub use error::{Result, TraceError};
pub use export::{export_atif, export_dot, export_jsonl, export_jsonl_with, export_parquet, export_tensorboard};
pub use expr::{Expr, ExprError, field_help};
pub use folder::RunFile;
pub use import::{Imported, import_jsonl};
pub use query::{CommitRecord, EpisodeFilter, EpisodeSummary, Sort};
pub use record::{
    CheckpointFile, CommitKey, EpisodeRecord, Evaluation, OtherEnv, Phase, RoundCommit, RunHeader, episode_name,
    stage_name,
};
pub use survey::Survey;
pub use tables::FORMAT;
