//! What each tool does. Everything is checked before anything changes: a call that fails leaves the state as it was.
//!
//! Keys and list names are kept in lower case, texts as they are written but for spaces and a final mark.

use coevo_sdk::talk::tidy;
use coevo_sdk::{ToolError, Value, args, json};

use crate::rules::*;
use crate::state::{ITEMS, LISTS, NOTES, Note, State, TAGS};

type Outcome = Result<Value, ToolError>;

/// Runs a tool.
///
/// # Errors
/// The rule that forbids it, or the argument that does not fit.
pub fn run(state: &mut State, name: &str, args: &Value) -> Outcome {
    match name {
        "core_set" => core_set(state, args),
        "core_get" => Ok(json!({"value": fact(state, args)?.1})),
        "core_update" => {
            let (key, old) = fact(state, args)?;
            let value = text(args, "value")?;
            NEW_VALUE.unless(value != old, "value")?;
            state.core.insert(key, value);
            Ok(json!({"old": old}))
        }
        "core_remove" => {
            let (key, _) = fact(state, args)?;
            state.core.remove(&key);
            Ok(json!({"free": state.free()}))
        }
        "core_keys" => Ok(json!({"keys": state.core.keys().collect::<Vec<_>>(), "free": state.free()})),
        "core_archive" => {
            let (key, value) = fact(state, args)?;
            let note = note(state, args, format!("{key} is {value}"))?;
            state.core.remove(&key);
            Ok(note)
        }
        "archive_add" => {
            let text = text(args, "text")?;
            note(state, args, text)
        }
        "archive_search" => {
            let word = tidy(args::string(args, "word")?).to_lowercase();
            let has =
                |note: &Note| note.text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|one| one == word);
            found(state, "word", has)
        }
        "archive_tagged" => {
            let tag = args::one_of(args, "tag", &TAGS)?;
            found(state, "tag", |note| note.tag == tag)
        }
        "archive_remove" => {
            let number = args::id(args::string(args, "note")?, 'n').filter(|number| state.archive.contains_key(number));
            let number = number.ok_or_else(|| NOTE.broken("note"))?;
            Ok(json!({"text": state.archive.remove(&number).map(|note| note.text)}))
        }
        "list_new" => {
            let name = text(args, "list")?.to_lowercase();
            NEW_LIST.unless(!state.lists.contains_key(&name), "list")?;
            FEW_LISTS.require(state.lists.len() < LISTS)?;
            state.lists.insert(name.clone(), Vec::new());
            Ok(json!({"list": name}))
        }
        "list_add" => list_add(state, args),
        "list_show" => Ok(json!({"items": state.lists[&list(state, args)?]})),
        "list_remove" => list_remove(state, args),
        "list_drop" => {
            let name = list(state, args)?;
            EMPTY.unless(state.lists[&name].is_empty(), "list")?;
            state.lists.remove(&name);
            Ok(json!({"list": name}))
        }
        "list_all" => Ok(json!({"lists": state.lists.keys().collect::<Vec<_>>()})),
        _ => Err(ToolError::unknown_tool(name)),
    }
}

/// A text to keep.
fn text(args: &Value, argument: &str) -> Result<String, ToolError> {
    let text = tidy(args::string(args, argument)?);
    if text.is_empty() { Err(TEXT.broken(argument)) } else { Ok(text) }
}

/// The key and value of a fact in core memory.
fn fact(state: &State, args: &Value) -> Result<(String, String), ToolError> {
    let key = tidy(args::string(args, "key")?).to_lowercase();
    let options = || state.core.keys().cloned().collect::<Vec<_>>();
    let value = state.core.get(&key).cloned().ok_or_else(|| KEY.broken("key").detail("options", options()))?;
    Ok((key, value))
}

fn core_set(state: &mut State, args: &Value) -> Outcome {
    let (key, value) = (text(args, "key")?.to_lowercase(), text(args, "value")?);
    if state.core.contains_key(&key) {
        return Err(NEW_KEY.broken("key"));
    }
    ROOM.require(state.free() > 0)?;
    state.core.insert(key, value);
    Ok(json!({"free": state.free()}))
}

/// Adds a note to the archive.
fn note(state: &mut State, args: &Value, text: String) -> Outcome {
    let tag = args::one_of(args, "tag", &TAGS)?.to_owned();
    SHELF.require(state.archive.len() < NOTES)?;
    NEW_NOTE.require(state.archive.values().all(|note| note.text != text))?;
    let number = state.next;
    state.next += 1;
    state.archive.insert(number, Note { tag, text });
    Ok(json!({"note": format!("n{number}")}))
}

fn found(state: &State, argument: &str, fits: impl Fn(&Note) -> bool) -> Outcome {
    let notes = state.archive.iter().filter(|(_, note)| fits(note));
    let found: Vec<Value> =
        notes.map(|(number, note)| json!({"note": format!("n{number}"), "text": note.text})).collect();
    if found.is_empty() { Err(MATCH.broken(argument)) } else { Ok(json!({"found": found})) }
}

/// The name of a list that exists.
fn list(state: &State, args: &Value) -> Result<String, ToolError> {
    let name = tidy(args::string(args, "list")?).to_lowercase();
    let options = || state.lists.keys().cloned().collect::<Vec<_>>();
    if state.lists.contains_key(&name) { Ok(name) } else { Err(LIST.broken("list").detail("options", options())) }
}

fn list_add(state: &mut State, args: &Value) -> Outcome {
    let (name, item) = (list(state, args)?, text(args, "item")?);
    let items = state.lists.entry(name).or_default();
    NEW_ITEM.unless(!items.contains(&item), "item")?;
    SPACE.unless(items.len() < ITEMS, "list")?;
    items.push(item);
    Ok(json!({"items": items.len()}))
}

fn list_remove(state: &mut State, args: &Value) -> Outcome {
    let (name, item) = (list(state, args)?, tidy(args::string(args, "item")?));
    let items = state.lists.entry(name).or_default();
    let at = items.iter().position(|known| *known == item);
    let at = at.ok_or_else(|| ITEM.broken("item").detail("options", items.clone()))?;
    items.remove(at);
    Ok(json!({"items": items.len()}))
}
