//! The commands as the agent and the interface rules see them.

use coevo_sdk::{Rule, Tool, Ty};

use crate::rules::*;

/// The modes of `chmod`.
pub const MODES: [&str; 2] = ["ro", "rw"];
/// Names with slashes between; `..` is the folder above.
const PATH: &str = "^[A-Za-z0-9._/-]+$";

/// All tools, in the order in which they are offered.
pub fn all() -> Vec<Tool> {
    vec![
        path(Tool::new("cd").doc("change the current folder"), "folder", "path")
            .rules(&[NOT_FOUND, NOT_A_FOLDER, ALREADY_THERE])
            .returns("cwd", Ty::String)
            .mutates(),
        Tool::new("ls")
            .doc("names in a folder")
            .opt("folder", Ty::String, "path, default the current one")
            .pattern(PATH)
            .returns("names", Ty::Strings)
            .rules(&[BAD_PATH, NOT_FOUND, NOT_A_FOLDER]),
        Tool::new("find")
            .doc("paths by a part of the name, below the current folder")
            .arg("name", Ty::String, "part of the name")
            .returns("paths", Ty::Strings)
            .rules(&[NO_MATCH]),
        makes("mkdir", "make a folder", "folder"),
        makes("touch", "make an empty file", "file"),
        text(file("write", "make a file with one line")).rules(&[NO_PARENT, EXISTS, DISK_FULL]),
        text(file("append", "add a line to a file")).rules(&[NOT_FOUND, NOT_A_FILE, LOCKED, DISK_FULL]),
        reads("cat", "lines of a file", &[]),
        count(reads("head", "first lines of a file", &[])),
        count(reads("tail", "last lines of a file", &[])),
        reads("grep", "lines with a word", &[NO_MATCH]).arg("word", Ty::String, "word to look for"),
        reads("sort", "lines in order", &[]),
        file("wc", "number of lines and words")
            .rules(&[NOT_FOUND, NOT_A_FILE])
            .returns("lines", Ty::Int)
            .returns("words", Ty::Int),
        path(path(Tool::new("diff").doc("lines that differ"), "old", "path"), "new", "path")
            .rules(&[NOT_FOUND, NOT_A_FILE])
            .returns("removed", Ty::Strings)
            .returns("added", Ty::Strings),
        Tool::new("du")
            .doc("bytes of the files in a folder")
            .opt("folder", Ty::String, "path, default the current one")
            .pattern(PATH)
            .returns("bytes", Ty::Int)
            .rules(&[BAD_PATH, NOT_FOUND, NOT_A_FOLDER]),
        transfers("cp", "copy a file", &[NOT_A_FILE, DISK_FULL]),
        transfers("mv", "move or rename", &[LOCKED, IN_USE, INSIDE_ITSELF]),
        path(Tool::new("rm").doc("delete a file or an empty folder"), "path", "path")
            .rules(&[NOT_FOUND, NOT_EMPTY, IN_USE, LOCKED])
            .returns("ok", Ty::Bool)
            .mutates(),
        file("chmod", "lock (ro) or unlock (rw) a file")
            .arg("mode", Ty::String, "ro or rw")
            .one_of(&MODES)
            .rules(&[NOT_FOUND, NOT_A_FILE, BAD_MODE, UNCHANGED])
            .returns("ok", Ty::Bool)
            .mutates(),
    ]
}

fn path(tool: Tool, argument: &'static str, doc: &'static str) -> Tool {
    let tool = tool.arg(argument, Ty::String, doc).pattern(PATH);
    if tool.errors.is_empty() { tool.rules(&[BAD_PATH]) } else { tool }
}

fn file(name: &'static str, doc: &'static str) -> Tool {
    path(Tool::new(name).doc(doc), "file", "path")
}

fn makes(name: &'static str, doc: &'static str, argument: &'static str) -> Tool {
    path(Tool::new(name).doc(doc), argument, "path of the new one")
        .rules(&[NO_PARENT, EXISTS])
        .returns("ok", Ty::Bool)
        .mutates()
}

fn reads(name: &'static str, doc: &'static str, more: &[Rule]) -> Tool {
    file(name, doc).rules(&[NOT_FOUND, NOT_A_FILE]).rules(more).returns("lines", Ty::Strings)
}

fn count(tool: Tool) -> Tool {
    tool.opt("count", Ty::Int, "how many, default 1").range(1, 99)
}

fn text(tool: Tool) -> Tool {
    tool.arg("text", Ty::String, "the line").returns("bytes", Ty::Int).mutates()
}

fn transfers(name: &'static str, doc: &'static str, more: &[Rule]) -> Tool {
    path(path(Tool::new(name).doc(doc), "from", "path"), "to", "new path, or a folder to put it in")
        .rules(&[NOT_FOUND, NO_PARENT, EXISTS])
        .rules(more)
        .returns("ok", Ty::Bool)
        .mutates()
}
