//! The tree of one episode: absolute paths in order, so that a folder's content is a range and equal trees are equal
//! bytes. The root itself is not listed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A file or a folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    Folder,
    File {
        /// Without their ends.
        lines: Vec<String>,
        /// Cannot be changed, moved or deleted.
        locked: bool,
    },
}

/// The whole world of one episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Absolute; `/` is the root.
    pub cwd: String,
    /// By absolute path.
    pub nodes: BTreeMap<String, Node>,
    /// Bytes that all files together may have.
    pub quota: u32,
    /// Where not 0, results carry irrelevant material drawn from this number.
    #[serde(default)]
    pub clutter: u64,
}

impl Node {
    /// Bytes, line ends included.
    pub fn bytes(&self) -> usize {
        match self {
            Node::Folder => 0,
            Node::File { lines, .. } => lines.iter().map(|line| line.len() + 1).sum(),
        }
    }
}

/// The folder that a path lies in; `/` for the root.
pub fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

/// The last name of a path.
pub fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The path of a name in a folder.
pub fn join(folder: &str, name: &str) -> String {
    if folder == "/" { format!("/{name}") } else { format!("{folder}/{name}") }
}

/// Whether `path` is below `folder`.
pub fn is_below(path: &str, folder: &str) -> bool {
    folder == "/" || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

impl State {
    /// The absolute form of a path, or nothing if it is none. `..` stops at the root.
    pub fn resolve(&self, path: &str) -> Option<String> {
        let mut parts: Vec<&str> = if path.starts_with('/') {
            Vec::new()
        } else {
            self.cwd.split('/').filter(|part| !part.is_empty()).collect()
        };
        if path.is_empty() || path.len() > 200 {
            return None;
        }
        for part in path.split('/').filter(|part| !part.is_empty()) {
            match part {
                "." => {}
                ".." => {
                    parts.pop();
                }
                name if name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) => parts.push(name),
                _ => return None,
            }
        }
        Some(format!("/{}", parts.join("/")))
    }

    /// How a path is written from the current folder: relative where it is below, else absolute.
    pub fn relative(&self, path: &str) -> String {
        if is_below(path, &self.cwd) {
            path[self.cwd.trim_end_matches('/').len() + 1..].to_owned()
        } else {
            path.to_owned()
        }
    }

    /// Whether a folder is at this absolute path.
    pub fn is_folder(&self, path: &str) -> bool {
        path == "/" || self.nodes.get(path) == Some(&Node::Folder)
    }

    /// What is directly in a folder: paths and nodes, in order.
    pub fn children<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a String, &'a Node)> {
        self.nodes.iter().filter(move |(path, _)| parent(path) == folder)
    }

    /// Bytes of all files below a folder.
    pub fn bytes_below(&self, folder: &str) -> usize {
        self.nodes.iter().filter(|(path, _)| is_below(path, folder)).map(|(_, node)| node.bytes()).sum()
    }

    /// What must hold of every world that a task may begin with.
    ///
    /// # Errors
    /// Names the first path that breaks a rule.
    pub fn check(&self) -> Result<(), String> {
        if !self.is_folder(&self.cwd) {
            return Err(format!("the current folder {} does not exist", self.cwd));
        }
        for path in self.nodes.keys() {
            if self.resolve(path).as_ref() != Some(path) || path == "/" {
                return Err(format!("{path:?} is no absolute path"));
            }
            if !self.is_folder(parent(path)) {
                return Err(format!("{path} is in no folder"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_absolute_form() {
        let state = State { cwd: "/a/b".into(), nodes: BTreeMap::new(), quota: 0, clutter: 0 };
        for (path, want) in [
            ("c.txt", Some("/a/b/c.txt")),
            ("../c", Some("/a/c")),
            ("../../..", Some("/")),
            ("/x//y/", Some("/x/y")),
            (".", Some("/a/b")),
            ("", None),
            ("a b", None),
            ("é", None),
        ] {
            assert_eq!(state.resolve(path).as_deref(), want, "{path}");
        }
        for (path, want) in [("/a/b/c", "c"), ("/a/bc", "/a/bc"), ("/x", "/x")] {
            assert_eq!(state.relative(path), want);
        }
        assert_eq!((parent("/a"), parent("/a/b"), name("/a/b")), ("/", "/a", "b"));
    }
}
