//! Exports: the run in the forms that other tools read. None holds anything that a clock or the order of work could change.

mod atif;
mod dot;
mod jsonl;
mod parquet;
mod tensorboard;

pub use atif::export_atif;
pub use dot::export_dot;
pub use jsonl::{export_jsonl, export_jsonl_with};
pub use parquet::export_parquet;
pub use tensorboard::export_tensorboard;

use std::path::Path;

use crate::error::TraceError;

/// The error of writing to `path`.
fn io(path: &Path) -> impl Fn(std::io::Error) -> TraceError {
    let path = path.display().to_string();
    move |source| TraceError::Io { path: path.clone(), source }
}
