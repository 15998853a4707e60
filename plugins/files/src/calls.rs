//! What the commands do. Every one checks everything before it changes anything.

use coevo_sdk::{ToolError, Value, args, json};

use crate::rules::*;
use crate::state::{Node, State, is_below, join, name, parent};
use crate::tools::MODES;

type Outcome = Result<Value, ToolError>;

/// Runs a command.
///
/// # Errors
/// One of the [`crate::rules`].
pub fn run(state: &mut State, tool: &str, args: &Value) -> Outcome {
    match tool {
        "cd" => cd(state, args),
        "ls" => ls(state, args),
        "find" => find(state, args),
        "mkdir" => make(state, args, "folder", Node::Folder),
        "touch" => make(state, args, "file", Node::File { lines: Vec::new(), locked: false }),
        "write" => write(state, args),
        "append" => append(state, args),
        "cat" => Ok(json!({"lines": lines(state, args, "file")?})),
        "head" | "tail" => part(state, args, tool == "head"),
        "grep" => grep(state, args),
        "sort" => sort(state, args),
        "wc" => wc(state, args),
        "diff" => diff(state, args),
        "du" => Ok(json!({"bytes": state.bytes_below(&folder_or_here(state, args)?)})),
        "cp" => cp(state, args),
        "mv" => mv(state, args),
        "rm" => rm(state, args),
        "chmod" => chmod(state, args),
        _ => Err(ToolError::unknown_tool(tool)),
    }
}

/// The absolute path that an argument means, whether or not something is there.
fn path(state: &State, args: &Value, argument: &str) -> Result<String, ToolError> {
    state.resolve(args::string(args, argument)?).ok_or_else(|| BAD_PATH.broken(argument))
}

/// The same, of something that exists.
fn existing(state: &State, args: &Value, argument: &str) -> Result<String, ToolError> {
    let path = path(state, args, argument)?;
    NOT_FOUND.unless(path == "/" || state.nodes.contains_key(&path), argument)?;
    Ok(path)
}

fn folder_or_here(state: &State, args: &Value) -> Result<String, ToolError> {
    if args::opt_string(args, "folder")?.is_none() {
        return Ok(state.cwd.clone());
    }
    let path = existing(state, args, "folder")?;
    NOT_A_FOLDER.unless(state.is_folder(&path), "folder")?;
    Ok(path)
}

/// The lines of an existing file.
fn lines<'a>(state: &'a State, args: &Value, argument: &str) -> Result<&'a [String], ToolError> {
    match state.nodes.get(&existing(state, args, argument)?) {
        Some(Node::File { lines, .. }) => Ok(lines),
        _ => Err(NOT_A_FILE.broken(argument)),
    }
}

/// Where something new may be made.
fn vacant(state: &State, path: &str, argument: &str) -> Result<(), ToolError> {
    EXISTS.unless(path != "/" && !state.nodes.contains_key(path), argument)?;
    NO_PARENT.unless(state.is_folder(parent(path)), argument)
}

fn room(state: &State, more: usize, argument: &str) -> Result<(), ToolError> {
    let used = state.bytes_below("/");
    let left = (state.quota as usize).saturating_sub(used);
    DISK_FULL.unless(more <= left, argument).map_err(|error| error.detail("left", left))
}

fn unlocked(state: &State, path: &str, argument: &str) -> Result<(), ToolError> {
    LOCKED.unless(!matches!(state.nodes.get(path), Some(Node::File { locked: true, .. })), argument)
}

fn cd(state: &mut State, args: &Value) -> Outcome {
    args::string(args, "folder")?;
    let folder = folder_or_here(state, args)?;
    ALREADY_THERE.unless(folder != state.cwd, "folder")?;
    state.cwd = folder;
    Ok(json!({"cwd": state.cwd}))
}

fn ls(state: &State, args: &Value) -> Outcome {
    let folder = folder_or_here(state, args)?;
    let show = |(path, node): (&String, &Node)| match node {
        Node::Folder => format!("{}/", name(path)),
        Node::File { .. } => name(path).to_owned(),
    };
    Ok(json!({"names": state.children(&folder).map(show).collect::<Vec<_>>()}))
}

fn find(state: &State, args: &Value) -> Outcome {
    let part = args::string(args, "name")?;
    let fits = |path: &&String| is_below(path, &state.cwd) && !part.is_empty() && name(path).contains(part);
    let paths: Vec<String> = state.nodes.keys().filter(fits).map(|path| state.relative(path)).collect();
    NO_MATCH.unless(!paths.is_empty(), "name")?;
    Ok(json!({"paths": paths}))
}

fn make(state: &mut State, args: &Value, argument: &str, node: Node) -> Outcome {
    let path = path(state, args, argument)?;
    vacant(state, &path, argument)?;
    state.nodes.insert(path, node);
    Ok(json!({"ok": true}))
}

fn write(state: &mut State, args: &Value) -> Outcome {
    let (path, text) = (path(state, args, "file")?, args::string(args, "text")?.to_owned());
    vacant(state, &path, "file")?;
    room(state, text.len() + 1, "text")?;
    let bytes = text.len() + 1;
    state.nodes.insert(path, Node::File { lines: vec![text], locked: false });
    Ok(json!({"bytes": bytes}))
}

fn append(state: &mut State, args: &Value) -> Outcome {
    lines(state, args, "file")?;
    let (path, text) = (path(state, args, "file")?, args::string(args, "text")?.to_owned());
    unlocked(state, &path, "file")?;
    room(state, text.len() + 1, "text")?;
    if let Some(Node::File { lines, .. }) = state.nodes.get_mut(&path) {
        lines.push(text);
    }
    Ok(json!({"bytes": state.nodes[&path].bytes()}))
}

fn part(state: &State, args: &Value, first: bool) -> Outcome {
    let lines = lines(state, args, "file")?;
    let count = (args::opt_uint(args, "count")?.unwrap_or(1) as usize).min(lines.len());
    let chosen = if first { &lines[..count] } else { &lines[lines.len() - count..] };
    Ok(json!({"lines": chosen}))
}

fn grep(state: &State, args: &Value) -> Outcome {
    let word = args::string(args, "word")?;
    let found: Vec<&String> = lines(state, args, "file")?.iter().filter(|line| line.contains(word)).collect();
    NO_MATCH.unless(!found.is_empty(), "word")?;
    Ok(json!({"lines": found}))
}

fn sort(state: &State, args: &Value) -> Outcome {
    let mut sorted = lines(state, args, "file")?.to_vec();
    sorted.sort();
    Ok(json!({"lines": sorted}))
}

fn wc(state: &State, args: &Value) -> Outcome {
    let lines = lines(state, args, "file")?;
    let words: usize = lines.iter().map(|line| line.split_whitespace().count()).sum();
    Ok(json!({"lines": lines.len(), "words": words}))
}

fn diff(state: &State, args: &Value) -> Outcome {
    let (old, new) = (lines(state, args, "old")?, lines(state, args, "new")?);
    let lacks = |from: &[String], other: &[String]| -> Vec<String> {
        from.iter().filter(|line| !other.contains(line)).cloned().collect()
    };
    Ok(json!({"removed": lacks(old, new), "added": lacks(new, old)}))
}

/// Where a copy or move ends up: a folder takes it under its own name.
fn target(state: &State, args: &Value, from: &str) -> Result<String, ToolError> {
    let to = path(state, args, "to")?;
    let to = if state.is_folder(&to) { join(&to, name(from)) } else { to };
    vacant(state, &to, "to")?;
    Ok(to)
}

fn cp(state: &mut State, args: &Value) -> Outcome {
    let from = existing(state, args, "from")?;
    NOT_A_FILE.unless(!state.is_folder(&from), "from")?;
    let to = target(state, args, &from)?;
    let mut copy = state.nodes[&from].clone();
    room(state, copy.bytes(), "from")?;
    if let Node::File { locked, .. } = &mut copy {
        *locked = false;
    }
    state.nodes.insert(to, copy);
    Ok(json!({"ok": true}))
}

fn mv(state: &mut State, args: &Value) -> Outcome {
    let from = existing(state, args, "from")?;
    IN_USE.unless(from != state.cwd && !is_below(&state.cwd, &from), "from")?;
    unlocked(state, &from, "from")?;
    let to = target(state, args, &from)?;
    INSIDE_ITSELF.unless(!is_below(&to, &from), "to")?;
    let moved: Vec<String> =
        state.nodes.keys().filter(|path| **path == from || is_below(path, &from)).cloned().collect();
    for path in moved {
        if let Some(node) = state.nodes.remove(&path) {
            state.nodes.insert(format!("{to}{}", &path[from.len()..]), node);
        }
    }
    Ok(json!({"ok": true}))
}

fn rm(state: &mut State, args: &Value) -> Outcome {
    let path = existing(state, args, "path")?;
    IN_USE.unless(path != state.cwd && !is_below(&state.cwd, &path), "path")?;
    unlocked(state, &path, "path")?;
    let inside: Vec<&str> = state.children(&path).map(|(path, _)| name(path)).collect();
    NOT_EMPTY.unless(inside.is_empty(), "path").map_err(|error| error.detail("inside", inside.join(", ")))?;
    state.nodes.remove(&path);
    Ok(json!({"ok": true}))
}

fn chmod(state: &mut State, args: &Value) -> Outcome {
    lines(state, args, "file")?;
    let (path, mode) = (path(state, args, "file")?, args::string(args, "mode")?);
    BAD_MODE.unless(MODES.contains(&mode), "mode").map_err(|error| error.detail("options", json!(MODES)))?;
    let lock = mode == MODES[0];
    if let Some(Node::File { locked, .. }) = state.nodes.get_mut(&path) {
        UNCHANGED.unless(*locked != lock, "mode")?;
        *locked = lock;
    }
    Ok(json!({"ok": true}))
}
