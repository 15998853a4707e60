//! Limits and everything else that must hold before a tool works, with the typed error where it does not.

use coevo_sdk::Rule;

pub const ROOM: Rule = Rule::state("core_full", "core memory is full", "Core memory holds fewer than 5 facts.");
pub const NEW_KEY: Rule = Rule::state("key_used", "the key is used", "The key is a new one.");
pub const KEY: Rule = Rule::state("unknown_key", "nothing under this key", "The key is in core memory.");
pub const NEW_VALUE: Rule = Rule::state("unchanged", "it is so already", "The value is a new one.");
pub const SHELF: Rule = Rule::state("archive_full", "the archive is full", "The archive holds fewer than 8 notes.");
pub const NEW_NOTE: Rule = Rule::state("same_note", "that note exists", "No note has the same text.");
pub const NOTE: Rule = Rule::value("unknown_note", "no such note", "an id from a search, such as n3");
pub const MATCH: Rule = Rule::state("no_match", "no note fits", "Some note has the word or tag.");
pub const LIST: Rule = Rule::state("unknown_list", "no such list", "The list exists.");
pub const NEW_LIST: Rule = Rule::state("list_exists", "the list exists", "No list has the name.");
pub const FEW_LISTS: Rule = Rule::state("too_many_lists", "there are 4 lists already", "There are fewer than 4 lists.");
pub const SPACE: Rule = Rule::state("list_full", "the list is full", "The list holds fewer than 4 items.");
pub const NEW_ITEM: Rule = Rule::state("has_item", "the item is on it", "The item is not on the list.");
pub const ITEM: Rule = Rule::state("unknown_item", "the item is not on it", "The item is on the list.");
pub const EMPTY: Rule = Rule::state("not_empty", "the list is not empty", "The list is empty.");
pub const TEXT: Rule = Rule::value("empty_text", "there is nothing to keep", "some words");
