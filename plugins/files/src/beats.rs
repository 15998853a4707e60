//! What users want: one builder for each kind of request.

mod changes;
mod questions;

use std::collections::{BTreeMap, BTreeSet};

use coevo_sdk::story::{Builder, Teller};
use coevo_sdk::{Value, json};

use crate::Files;
use crate::state::{Node, is_below, join, name, parent};

/// What the conversation has made known.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Absolute path → how it was written, valid in the current folder.
    spelled: BTreeMap<String, String>,
    /// Absolute path of the file that "it" means.
    focus: Option<String>,
    /// Absolute paths of files whose content was said.
    read: BTreeSet<String>,
    /// Paths that no request may touch again, such as what was deleted.
    done: BTreeSet<String>,
}

/// Builders with their weights.
pub const BEATS: [(usize, Builder<Files>); 24] = [
    (7, questions::cat),
    (5, questions::ls),
    (5, questions::find),
    (5, questions::head),
    (5, questions::tail),
    (6, questions::grep),
    (3, questions::sort),
    (5, questions::wc),
    (6, questions::diff),
    (5, questions::du),
    (8, changes::cd),
    (6, changes::mkdir),
    (5, changes::mkdir_deep),
    (4, changes::touch),
    (7, changes::write),
    (8, changes::append),
    (5, changes::append_unlock),
    (6, changes::append_from),
    (9, changes::cp),
    (5, changes::cp_again),
    (8, changes::mv),
    (9, changes::rm),
    (5, changes::rm_folder),
    (7, changes::chmod),
];

type Shell = Teller<Files>;

/// A file as the user names it and as the reference passes it.
struct Named {
    /// Absolute.
    path: String,
    /// What the reference passes.
    arg: String,
    /// In the running conversation, possibly "it".
    words: String,
}

fn lines(node: &Node) -> &[String] {
    match node {
        Node::File { lines, .. } => lines,
        Node::Folder => &[],
    }
}

/// A path as it is written from the current folder.
fn spell(t: &Shell, path: &str) -> String {
    t.memory.spelled.get(path).cloned().unwrap_or_else(|| t.state().relative(path))
}

/// A file for which `fits` holds: the one just spoken of, one named by its path, or one that has to be found first.
fn file(t: &mut Shell, fits: &dyn Fn(&str, &Node) -> bool) -> Option<Named> {
    let focus = t.memory.focus.clone();
    let good = |path: &str, node: &Node| *node != Node::Folder && fits(path, node);
    if let Some(path) = focus.clone().filter(|path| t.state().nodes.get(path).is_some_and(|node| good(path, node)))
        && !t.rng.one_in(3)
    {
        let words = t.rng.pick(&["it", "that file", "this file"]).to_owned();
        return Some(Named { arg: spell(t, &path), path, words });
    }
    let others: Vec<String> = t
        .state()
        .nodes
        .iter()
        .filter(|(path, node)| good(path, node) && focus.as_ref() != Some(*path) && !t.memory.done.contains(*path))
        .map(|(path, _)| path.clone())
        .collect();
    let path = t.choose(&others)?;
    let below = is_below(&path, &t.state().cwd) && parent(&path) != t.state().cwd;
    let twins = t.state().nodes.keys().filter(|other| name(other).contains(name(&path))).count();
    let words = if !t.memory.spelled.contains_key(&path) && below && twins == 1 && t.rng.one_in(2) {
        t.call("find", json!({"name": name(&path)}));
        name(&path).to_owned()
    } else {
        spell(t, &path)
    };
    let arg = spell(t, &path);
    t.memory.spelled.insert(path.clone(), arg.clone());
    t.memory.focus = Some(path.clone());
    Some(Named { path, arg, words })
}

/// The same, of a file whose content the conversation does not have, with this many lines.
fn unread(t: &mut Shell, least: usize, most: usize) -> Option<Named> {
    let read = t.memory.read.clone();
    file(t, &|path, node| (least..=most).contains(&lines(node).len()) && !read.contains(path))
}

/// A folder for which `fits` holds, named by its path.
fn folder(t: &mut Shell, fits: &dyn Fn(&str) -> bool) -> Option<(String, String)> {
    let cwd = t.state().cwd.clone();
    let all: Vec<String> = t
        .state()
        .nodes
        .iter()
        .filter(|(path, node)| **node == Node::Folder && **path != cwd && !t.memory.done.contains(*path) && fits(path))
        .map(|(path, _)| path.clone())
        .collect();
    let path = t.choose(&all)?;
    let arg = spell(t, &path);
    Some((path, arg))
}

/// A path that does not exist yet, in the current folder or in one of its folders: (absolute, as written).
fn new_path(t: &mut Shell, name: &str) -> Option<(String, String)> {
    let cwd = t.state().cwd.clone();
    let mut homes: Vec<String> = vec![cwd.clone(), cwd.clone()];
    let below = t.state().nodes.iter().filter(|(path, node)| **node == Node::Folder && is_below(path, &cwd));
    homes.extend(below.map(|(path, _)| path.clone()).filter(|path| !t.memory.done.contains(path)));
    let path = join(&t.choose(&homes)?, name);
    let arg = t.state().relative(&path);
    (!t.state().nodes.contains_key(&path)).then_some((path, arg))
}

/// The lines of a result.
fn list(result: &Value, field: &str) -> Vec<String> {
    result[field].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
