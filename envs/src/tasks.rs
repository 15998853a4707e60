//! Imported tasks: a folder with a `tasks.jsonl` is an environment, too.
//!
//! Its first line names the environment that the tasks are for and has the pieces that many tasks share; every other line is
//! one task in the environment's own terms, its split, and which pieces it uses:
//!
//! ```text
//! {"environment": "bfcl", "source": "…", "shared": {"functions:MathAPI": […], …}}
//! {"split": "train", "uses": ["functions:MathAPI"], "task": {…}}
//! ```
//!
//! The guest's `import-task` is given `{"task": …, "shared": {…}}`, with the used pieces only. Tasks of a split are numbered in
//! the order of their lines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use coevo_core::task::SplitInfo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The file's name in its folder.
pub(crate) const FILE: &str = "tasks.jsonl";

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    /// A shipped name, or the path of a component or guest folder, relative to the file's folder.
    pub environment: String,
    /// Where the tasks are from, for people.
    pub source: String,
    pub shared: BTreeMap<String, Value>,
}

/// Any other line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub split: String,
    pub uses: Vec<String>,
    pub task: Value,
}

/// A task file, read and checked.
#[derive(Clone, Debug)]
pub(crate) struct TaskFile {
    pub header: Header,
    /// In the order of their first task.
    pub splits: Vec<SplitInfo>,
    lines: Vec<Line>,
}

/// Why a task file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TaskFileError {
    #[error("{path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}, line {line}: {problem}\nhint: import the tasks again with `coevo env import`")]
    Line { path: PathBuf, line: usize, problem: String },
}

impl TaskFile {
    /// The task file of a folder, if it has one.
    pub fn of(folder: &Path) -> Option<PathBuf> {
        Some(folder.join(FILE)).filter(|path| path.is_file())
    }

    /// # Errors
    /// When the file cannot be read, or a line is not what it should be.
    pub fn read(path: &Path) -> Result<(Self, Vec<u8>), TaskFileError> {
        let bytes = std::fs::read(path).map_err(|source| TaskFileError::Read { path: path.to_owned(), source })?;
        let wrong = |at: usize, problem: String| TaskFileError::Line { path: path.to_owned(), line: at + 1, problem };
        let mut texts = bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, text)| !text.is_empty());
        let (at, first) = texts.next().ok_or_else(|| wrong(0, "the file is empty".to_owned()))?;
        let header: Header = serde_json::from_slice(first).map_err(|error| wrong(at, error.to_string()))?;
        let (mut lines, mut splits) = (Vec::<Line>::new(), Vec::<SplitInfo>::new());
        for (at, text) in texts {
            let line: Line = serde_json::from_slice(text).map_err(|error| wrong(at, error.to_string()))?;
            if let Some(unknown) = line.uses.iter().find(|name| !header.shared.contains_key(*name)) {
                return Err(wrong(at, format!("uses {unknown:?}, which the first line does not have")));
            }
            match splits.iter_mut().find(|split| split.name == line.split) {
                Some(split) => split.tasks += 1,
                None => splits.push(SplitInfo { name: line.split.clone(), tasks: 1 }),
            }
            lines.push(line);
        }
        if lines.is_empty() {
            return Err(wrong(0, "there are no tasks in it".to_owned()));
        }
        Ok((Self { header, splits, lines }, bytes))
    }

    /// What the guest is given for the task at `index` of a split.
    pub fn data(&self, split: &str, index: u32) -> Option<String> {
        let line = self.lines.iter().filter(|line| line.split == split).nth(index as usize)?;
        let shared: BTreeMap<&String, &Value> =
            line.uses.iter().filter_map(|name| Some((name, self.header.shared.get(name)?))).collect();
        Some(json!({ "task": line.task, "shared": shared }).to_string())
    }
}
