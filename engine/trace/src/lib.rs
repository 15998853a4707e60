//! The run folder: records, checkpoints, queries and exports.
//!
//! Invariants: a commit is there entirely or not at all, also after SIGKILL; every payload and checkpoint file carries a
//! BLAKE3 checksum, and a damaged one is named while the others stay readable; readers never wait for the writer; no clock
//! reaches anything but the `timings` table, and no export reads that.

mod checkpoint;
mod commit;
mod error;
mod export;
mod folder;
mod payload;
mod query;
mod record;
mod tables;
mod tokens;

pub use commit::Committed;
pub use error::{Result, TraceError};
pub use export::export_jsonl;
pub use folder::RunFile;
pub use query::{CommitRecord, EpisodeFilter, EpisodeSummary};
pub use record::{
    CheckpointFile, CommitKey, EpisodeRecord, Evaluation, Phase, RoundCommit, RunHeader, episode_name, stage_name,
};
pub use tables::FORMAT;
