//! Requests that change the tree, and the ways around a refusal.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Shell, file, folder, lines, list, new_path, spell, unread};
use crate::state::{Node, State, join, name, parent};
use crate::talk;
use crate::words::{ENDINGS, FILES, FOLDERS};
use crate::world::line;

fn locked(node: &Node) -> bool {
    matches!(node, Node::File { locked: true, .. })
}

/// A name that nothing has.
fn fresh(t: &mut Shell, names: &[&'static str]) -> Option<String> {
    let free = |candidate: &&&str| !t.state().nodes.keys().any(|path| name(path).starts_with(**candidate));
    let free: Vec<&str> = names.iter().filter(free).copied().collect();
    t.choose(&free).map(str::to_owned)
}

fn fresh_file(t: &mut Shell) -> Option<String> {
    fresh(t, &FILES).map(|name| format!("{name}.{}", t.rng.pick(&ENDINGS)))
}

/// Whoever makes something new speaks of it afterwards.
fn made(t: &mut Shell, path: String, arg: &str) {
    t.memory.spelled.insert(path.clone(), arg.to_owned());
    t.memory.focus = (!t.state().is_folder(&path)).then_some(path);
}

pub(super) fn cd(t: &mut Shell) -> Option<Beat> {
    let (path, d) = folder(t, &|_| true)?;
    t.call("cd", json!({"folder": d}));
    // Paths are written in another way from now on.
    t.memory.spelled.clear();
    t.memory.focus = None;
    let text = t.say(talk::CD, &[("d", &d)]);
    let (hole, reply) = (t.say(talk::CD_NO, &[]), t.reply(talk::REPLY_PATH, &d));
    Some(Beat::new(text, format!("Now in {path}.")).fact(name(&path)).lacking("folder", hole, reply))
}

pub(super) fn mkdir(t: &mut Shell) -> Option<Beat> {
    let named = fresh(t, &FOLDERS)?;
    let (path, to) = new_path(t, &named)?;
    t.call("mkdir", json!({"folder": to}));
    made(t, path, &to);
    let text = t.say(talk::MKDIR, &[("to", &to)]);
    let (hole, reply) = (t.say(talk::MKDIR_NO, &[]), t.reply(talk::REPLY_TO, &to));
    Some(Beat::new(text, format!("Made {to}.")).lacking("folder", hole, reply))
}

pub(super) fn mkdir_deep(t: &mut Shell) -> Option<Beat> {
    let missing = !t.rng.one_in(3);
    let up = if missing { fresh(t, &FOLDERS)? } else { folder(t, &|path| path.matches('/').count() == 1)?.1 };
    let inner = fresh(t, &FOLDERS).filter(|inner| *inner != up)?;
    let to = format!("{up}/{inner}");
    if missing {
        t.refused("mkdir", json!({"folder": to}), "no_parent");
        t.call("mkdir", json!({"folder": up}));
    }
    t.call("mkdir", json!({"folder": to}));
    t.memory.focus = None;
    Some(Beat::new(t.say(talk::MKDIR_DEEP, &[("to", &to), ("up", &up)]), format!("Made {to}.")))
}

pub(super) fn touch(t: &mut Shell) -> Option<Beat> {
    let named = fresh_file(t)?;
    let (path, to) = new_path(t, &named)?;
    t.call("touch", json!({"file": to}));
    t.memory.read.insert(path.clone());
    made(t, path, &to);
    let text = t.say(talk::TOUCH, &[("to", &to)]);
    let (hole, reply) = (t.say(talk::TOUCH_NO, &[]), t.reply(talk::REPLY_TO, &to));
    Some(Beat::new(text, format!("Made {to}.")).lacking("file", hole, reply))
}

pub(super) fn write(t: &mut Shell) -> Option<Beat> {
    let named = fresh_file(t)?;
    let (path, to) = new_path(t, &named)?;
    let x = line(&mut t.rng);
    t.call("write", json!({"file": to, "text": x}));
    t.memory.read.insert(path.clone());
    made(t, path, &to);
    let slots = [("to", to.as_str()), ("x", x.as_str())];
    let beat = Beat::new(t.say(talk::WRITE, &slots), format!("Wrote {to}."));
    Some(if t.rng.one_in(2) {
        let (hole, reply) = (t.say(talk::WRITE_NO_TEXT, &slots), t.reply(talk::REPLY_TEXT, &x));
        beat.lacking("text", hole, reply)
    } else {
        let (hole, reply) = (t.say(talk::WRITE_NO_FILE, &slots), t.reply(talk::REPLY_TO, &to));
        beat.lacking("file", hole, reply)
    })
}

pub(super) fn append(t: &mut Shell) -> Option<Beat> {
    let f = file(t, &|_, node| !locked(node))?;
    let x = line(&mut t.rng);
    t.call("append", json!({"file": f.arg, "text": x}));
    let slots = [("f", f.words.as_str()), ("x", x.as_str())];
    let beat = Beat::new(t.say(talk::APPEND, &slots), format!("Added it to {}.", f.arg));
    Some(if f.words == f.arg && t.rng.one_in(2) {
        let (hole, reply) = (t.say(talk::APPEND_NO_FILE, &slots), t.reply(talk::REPLY_PATH, &f.arg));
        beat.lacking("file", hole, reply)
    } else {
        let (hole, reply) = (t.say(talk::APPEND_NO_TEXT, &slots), t.reply(talk::REPLY_TEXT, &x));
        beat.lacking("text", hole, reply)
    })
}

/// Appends, and unlocks the file when that is refused.
pub(super) fn append_unlock(t: &mut Shell) -> Option<Beat> {
    let shut = !t.rng.one_in(3);
    let f = file(t, &|_, node| locked(node) == shut)?;
    if t.made() > 0 {
        return None;
    }
    let x = line(&mut t.rng);
    let arguments = json!({"file": f.arg, "text": x});
    if shut {
        t.refused("append", arguments.clone(), "locked");
        t.call("chmod", json!({"file": f.arg, "mode": "rw"}));
    }
    t.call("append", arguments);
    let text = t.say(talk::APPEND_UNLOCK, &[("f", &f.words), ("x", &x)]);
    Some(Beat::new(text, format!("Added it to {}.", f.arg)))
}

/// Appends a line of another file.
pub(super) fn append_from(t: &mut Shell) -> Option<Beat> {
    let f = unread(t, 2, 9)?;
    let g = folder_mate(t, &f.path)?;
    if t.made() > 0 {
        return None;
    }
    let (tool, end) = if t.rng.one_in(2) { ("head", "first") } else { ("tail", "last") };
    let told = list(&t.call(tool, json!({"file": f.arg})), "lines");
    t.call("append", json!({"file": g, "text": told.first()?}));
    t.memory.focus = None;
    let text = t.say(talk::APPEND_FROM, &[("f", &f.words), ("g", &g), ("end", end)]);
    Some(Beat::new(text, format!("Added {} to {g}.", told[0])).fact(&told[0]))
}

/// Another file that is not locked, as it is written.
fn folder_mate(t: &mut Shell, not: &str) -> Option<String> {
    let fits = |(path, node): &(&String, &Node)| {
        **node != Node::Folder && !locked(node) && *path != not && !t.memory.done.contains(*path)
    };
    let others: Vec<String> = t.state().nodes.iter().filter(fits).map(|(path, _)| path.clone()).collect();
    let path = t.choose(&others)?;
    let arg = spell(t, &path);
    t.memory.spelled.insert(path, arg.clone());
    Some(arg)
}

/// Where a file can be put: (absolute path of the folder, as written).
fn place(t: &mut Shell, f: &str) -> Option<(String, String)> {
    let taken = |state: &State, folder: &str| state.nodes.contains_key(&join(folder, name(f)));
    let state = t.state().clone();
    folder(t, &|path| !taken(&state, path) && parent(f) != path)
}

pub(super) fn cp(t: &mut Shell) -> Option<Beat> {
    let f = file(t, &|_, node| !lines(node).is_empty())?;
    let (beat, to) = if t.rng.one_in(2) {
        let (_, d) = place(t, &f.path)?;
        t.call("cp", json!({"from": f.arg, "to": d}));
        (Beat::new(t.say(talk::CP_INTO, &[("f", &f.words), ("d", &d)]), format!("Copied it into {d}.")), d)
    } else {
        let named = fresh_file(t)?;
        let (path, to) = new_path(t, &named)?;
        t.call("cp", json!({"from": f.arg, "to": to}));
        t.memory.spelled.insert(path, to.clone());
        (Beat::new(t.say(talk::CP, &[("f", &f.words), ("to", &to)]), format!("Copied it to {to}.")), to)
    };
    t.memory.focus = None;
    let (hole, reply) = (t.say(talk::CP_NO, &[("f", &f.words)]), t.reply(talk::REPLY_TO, &to));
    Some(beat.lacking("target", hole, reply))
}

/// Copies, and deletes the target when it is in the way.
pub(super) fn cp_again(t: &mut Shell) -> Option<Beat> {
    let f = file(t, &|_, node| !lines(node).is_empty())?;
    if t.made() > 0 {
        return None;
    }
    let to = if t.rng.one_in(3) {
        let named = fresh_file(t)?;
        new_path(t, &named)?.1
    } else {
        let to = folder_mate(t, &f.path)?;
        t.refused("cp", json!({"from": f.arg, "to": to}), "exists");
        t.call("rm", json!({"path": to}));
        to
    };
    t.call("cp", json!({"from": f.arg, "to": to}));
    t.memory.focus = None;
    Some(Beat::new(t.say(talk::CP_AGAIN, &[("f", &f.words), ("to", &to)]), format!("Copied it to {to}.")))
}

pub(super) fn mv(t: &mut Shell) -> Option<Beat> {
    let f = file(t, &|_, node| !locked(node))?;
    let (beat, to, path) = if t.rng.one_in(2) {
        let (folder, d) = place(t, &f.path)?;
        t.call("mv", json!({"from": f.arg, "to": d}));
        let beat = Beat::new(t.say(talk::MV_INTO, &[("f", &f.words), ("d", &d)]), format!("Moved it into {d}."));
        (beat, d, join(&folder, name(&f.path)))
    } else {
        let named = fresh_file(t)?;
        let path = join(parent(&f.path), &named);
        let to = t.state().relative(&path);
        t.call("mv", json!({"from": f.arg, "to": to}));
        (Beat::new(t.say(talk::MV, &[("f", &f.words), ("to", &to)]), format!("It is {to} now.")), to, path)
    };
    t.memory.spelled.remove(&f.path);
    t.memory.focus = None;
    // Its new path was not said in full where it went into a folder.
    t.memory.done.insert(path);
    let (hole, reply) = (t.say(talk::MV_NO, &[("f", &f.words)]), t.reply(talk::REPLY_TO, &to));
    Some(beat.lacking("target", hole, reply))
}

pub(super) fn rm(t: &mut Shell) -> Option<Beat> {
    let unlock = t.rng.one_in(3);
    let shut = unlock && !t.rng.one_in(3);
    let f = file(t, &|_, node| locked(node) == shut)?;
    if shut {
        t.refused("rm", json!({"path": f.arg}), "locked");
        t.call("chmod", json!({"file": f.arg, "mode": "rw"}));
    }
    t.call("rm", json!({"path": f.arg}));
    t.memory.focus = None;
    t.memory.spelled.remove(&f.path);
    let text = t.say(if unlock { talk::RM_UNLOCK } else { talk::RM }, &[("f", &f.words)]);
    let (hole, reply) = (t.say(talk::RM_NO, &[]), t.reply(talk::REPLY_PATH, &f.arg));
    let beat = Beat::new(text, format!("Deleted {}.", f.arg));
    Some(if f.words == f.arg && !unlock { beat.lacking("file", hole, reply) } else { beat })
}

/// Deletes a folder, and the file in it when it is in the way.
pub(super) fn rm_folder(t: &mut Shell) -> Option<Beat> {
    let state = t.state().clone();
    let (path, d) = folder(t, &|path| {
        let inside: Vec<_> = state.children(path).collect();
        inside.len() == 1 && inside.iter().all(|(_, node)| **node != Node::Folder && !locked(node))
    })?;
    let (inner, _) = state.children(&path).next()?;
    let f = spell(t, inner);
    t.refused("rm", json!({"path": d}), "not_empty");
    t.call("rm", json!({"path": f}));
    t.call("rm", json!({"path": d}));
    t.memory.focus = None;
    Some(Beat::new(t.say(talk::RM_FOLDER, &[("d", &d), ("f", &f)]), format!("Deleted {d}.")))
}

pub(super) fn chmod(t: &mut Shell) -> Option<Beat> {
    let shut = t.rng.one_in(3);
    let f = file(t, &|_, node| locked(node) == shut)?;
    let mode = if shut { "rw" } else { "ro" };
    t.call("chmod", json!({"file": f.arg, "mode": mode}));
    let text = t.say(if shut { talk::UNLOCK } else { talk::LOCK }, &[("f", &f.words)]);
    let (hole, reply) = (t.say(talk::LOCK_NO, &[("f", &f.words)]), t.reply(talk::REPLY_MODE, mode));
    Some(Beat::new(text, format!("{} is {mode} now.", f.arg)).lacking("mode", hole, reply))
}
