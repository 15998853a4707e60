//! What is wrong with a scenario: where, which key, which value, and how to mend it.

use std::fmt;

/// Where a problem was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the scenario file; line and column count from 1, and are absent where the key is nowhere in the text.
    File { file: String, at: Option<(usize, usize)> },
    /// In a `--set` of the command line, given as written.
    Set(String),
    /// In another flag of the command line.
    Flag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File { file, at: Some((line, column)) } => write!(f, "{file}:{line}:{column}"),
            Place::File { file, at: None } => f.write_str(file),
            Place::Set(text) => write!(f, "--set {text}"),
            Place::Flag(text) => f.write_str(text),
        }
    }
}

/// One mistake in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub place: Place,
    /// Dotted path such as `learner.group`; empty where the file as a whole is meant.
    pub key: String,
    /// Names the key and the offending value.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Every problem that was found, in the order of the checks; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScenarioError {
    pub problems: Vec<Problem>,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl From<Problem> for ScenarioError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// A dotted key path; list positions are written `rules[2]`.
pub fn dotted(path: &[String]) -> String {
    let mut out = String::new();
    for segment in path {
        if segment.starts_with('[') || out.is_empty() {
            out.push_str(segment);
        } else {
            out.push('.');
            out.push_str(segment);
        }
    }
    out
}
