//! What can go wrong with a run folder, each with the file or episode it concerns and a hint.

use std::path::{Path, PathBuf};

use crate::record::CommitKey;

/// A failure of the run folder.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error(
        "{folder} is not a run folder: {reason}\n  hint: give the folder that `coevo run` printed; it holds `run.sqlite`"
    )]
    NotARun { folder: String, reason: String },
    #[error(
        "{folder} is not empty\n  hint: `coevo resume {folder}` continues a run; choose another --out for a new one"
    )]
    Occupied { folder: String },
    #[error(
        "{folder} has run format {found} (written by coevo {written_by}), but this is coevo {} with run format {supported}\n  \
         hint: read it with coevo {written_by}, or start a new run",
        env!("CARGO_PKG_VERSION")
    )]
    Version { folder: String, found: i64, supported: i64, written_by: String },
    #[error(
        "{folder} has run format {found}, which does not record {what}\n  \
         hint: `coevo resume {folder}` upgrades it; nothing is computed again"
    )]
    Old { folder: String, found: i64, what: String },
    #[error("another process is writing to {folder}\n  hint: wait for it or stop it; reading is possible meanwhile")]
    Busy { folder: String },
    #[error("checkpoint file {file} is damaged: {reason}\n  hint: copy it again from the original run folder")]
    Checkpoint { file: String, reason: String },
    #[error("there is no checkpoint of {wanted}\n  hint: {available}")]
    NoCheckpoint { wanted: String, available: String },
    #[error("the record of {what} is damaged: {reason}\n  hint: everything else in this run can still be read")]
    Payload { what: String, reason: String },
    #[error("no episode `{episode}` in this run\n  hint: ids look like `coevo/r003/train/0012/4`, or are row numbers")]
    NoEpisode { episode: String },
    #[error(
        "{key} was committed before with other content\n  \
         hint: the run did not repeat itself exactly; was the program, the environment or the backend changed?"
    )]
    Conflict { key: CommitKey },
    #[error(
        "line {line} is no episode of a coevo export: {reason}\n  hint: `coevo export RUN --format jsonl` writes such lines"
    )]
    Import { line: usize, reason: String },
    #[error("{name:?} cannot be part of a path in the run folder")]
    Name { name: String },
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    #[error(
        "run.sqlite is damaged: {reason}\n  \
         hint: `coevo episodes RUN --check` lists what can still be read; everything that is read is checked"
    )]
    Damaged { reason: String },
    #[error(
        "the run could not be written: {reason}\n  \
         hint: every commit before this one is safe; make room and go on with `coevo resume`"
    )]
    Full { reason: String },
    #[error("run.sqlite: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for TraceError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase, SystemIoFailure, TypeMismatch};
        // A column of a type that we never write can only have been altered.
        let altered = matches!(
            error,
            rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..)
        );
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase | TypeMismatch) => Self::Damaged { reason: error.to_string() },
            Some(DiskFull | SystemIoFailure) => Self::Full { reason: error.to_string() },
            _ if altered => Self::Damaged { reason: error.to_string() },
            _ => Self::Sqlite(error),
        }
    }
}

impl TraceError {
    /// Whether the folder that the user named is at fault, and not this program or machine.
    pub fn is_bad_input(&self) -> bool {
        !matches!(
            self,
            TraceError::Io { .. } | TraceError::Full { .. } | TraceError::Sqlite(_) | TraceError::Conflict { .. }
        )
    }
}

pub type Result<T> = std::result::Result<T, TraceError>;

/// Adds the path to an I/O error.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T> {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        self.map_err(|source| match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => {
                TraceError::Full { reason: format!("{}: {source}", path.display()) }
            }
            _ => TraceError::Io { path: path.display().to_string(), source },
        })
    }
}

/// `base/name`, if `name` is one plain path segment.
pub(crate) fn segment(base: &Path, name: &str) -> Result<PathBuf> {
    let plain = !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@'));
    if plain { Ok(base.join(name)) } else { Err(TraceError::Name { name: name.to_owned() }) }
}
