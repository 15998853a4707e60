//! The tools as an agent is told of them.

use coevo_sdk::{Tool, Ty};

use crate::rules::*;
use crate::state::TAGS;

fn key(name: &'static str, doc: &'static str) -> Tool {
    Tool::new(name).doc(doc).arg("key", Ty::String, "one word")
}

fn tag(tool: Tool) -> Tool {
    tool.arg("tag", Ty::String, "which tag").one_of(&TAGS)
}

fn list(name: &'static str, doc: &'static str) -> Tool {
    Tool::new(name).doc(doc).arg("list", Ty::String, "name of the list")
}

const FOUND: Ty = Ty::List(&[("note", Ty::String), ("text", Ty::String)]);

/// All tools, in the order in which they are offered.
pub fn all() -> Vec<Tool> {
    vec![
        key("core_set", "keep a new fact")
            .arg("value", Ty::String, "the fact")
            .returns("free", Ty::Int)
            .rules(&[ROOM, NEW_KEY, TEXT])
            .mutates(),
        key("core_get", "recall a fact").returns("value", Ty::String).rules(&[KEY]),
        key("core_update", "change a fact")
            .arg("value", Ty::String, "the new fact")
            .returns("old", Ty::String)
            .rules(&[KEY, NEW_VALUE, TEXT])
            .mutates(),
        key("core_remove", "forget a fact").returns("free", Ty::Int).rules(&[KEY]).mutates(),
        Tool::new("core_keys").doc("keys of all facts").returns("keys", Ty::Strings).returns("free", Ty::Int),
        tag(key("core_archive", "move a fact to the archive"))
            .returns("note", Ty::String)
            .rules(&[KEY, SHELF, NEW_NOTE])
            .mutates(),
        tag(Tool::new("archive_add").doc("keep a note").arg("text", Ty::String, "the note"))
            .returns("note", Ty::String)
            .rules(&[SHELF, NEW_NOTE, TEXT])
            .mutates(),
        Tool::new("archive_search")
            .doc("notes with a word")
            .arg("word", Ty::String, "one word")
            .returns("found", FOUND)
            .rules(&[MATCH]),
        tag(Tool::new("archive_tagged").doc("notes with a tag")).returns("found", FOUND).rules(&[MATCH]),
        Tool::new("archive_remove")
            .doc("delete a note")
            .arg("note", Ty::String, "id of a note")
            .pattern("^n[1-9][0-9]*$")
            .returns("text", Ty::String)
            .rules(&[NOTE])
            .mutates(),
        list("list_new", "begin a list").returns("list", Ty::String).rules(&[NEW_LIST, FEW_LISTS, TEXT]).mutates(),
        list("list_add", "put an item on a list")
            .arg("item", Ty::String, "the item")
            .returns("items", Ty::Int)
            .rules(&[LIST, NEW_ITEM, SPACE, TEXT])
            .mutates(),
        list("list_show", "items of a list").returns("items", Ty::Strings).rules(&[LIST]),
        list("list_remove", "take an item off a list")
            .arg("item", Ty::String, "the item")
            .returns("items", Ty::Int)
            .rules(&[LIST, ITEM])
            .mutates(),
        list("list_drop", "delete an empty list").returns("list", Ty::String).rules(&[LIST, EMPTY]).mutates(),
        Tool::new("list_all").doc("names of all lists").returns("lists", Ty::Strings),
    ]
}
