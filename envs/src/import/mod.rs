//! Bringing tasks along from where they are published. Nothing of them is in this repository: the user fetches the
//! archive, and the import writes a folder that scenarios can name.

mod archive;
mod bfcl;

use std::path::PathBuf;

pub use bfcl::{Import, bfcl};

/// Why an import came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}: {problem}\nhint: fetch it with `{fetch}`")]
    Archive { path: PathBuf, problem: String, fetch: &'static str },
    #[error("{path}: {entry}: {problem}\nhint: this program knows {known}")]
    Content { path: PathBuf, entry: String, problem: String, known: &'static str },
    #[error("{path}: a folder with tasks is there already\nhint: name another one with --out, or remove it")]
    Exists { path: PathBuf },
}
