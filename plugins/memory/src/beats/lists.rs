//! Lists.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Story, prefer, stored, strays};
use crate::world::LISTS;

/// A list that exists, one added to in this conversation if possible.
fn list(t: &mut Story, fits: impl Fn(&[String]) -> bool) -> Option<String> {
    let all: Vec<String> =
        t.state().lists.iter().filter(|(_, items)| fits(items)).map(|(name, _)| name.clone()).collect();
    let fresh: Vec<String> = t.memory.lists.iter().filter(|list| all.contains(list)).cloned().collect();
    prefer(t, &fresh, &all)
}

/// Something that belongs on a list and is not on it.
fn item(t: &mut Story, list: &str) -> Option<&'static str> {
    let (_, items) = LISTS.iter().find(|(name, _)| *name == list)?;
    let on: &[String] = t.state().lists.get(list).map_or(&[], Vec::as_slice);
    let off: Vec<&'static str> = items.iter().copied().filter(|item| !on.iter().any(|known| known == item)).collect();
    t.choose(&off)
}

pub fn add(t: &mut Story) -> Option<Beat> {
    let list = list(t, |_| true)?;
    let item = item(t, &list)?;
    t.call("list_add", json!({"list": list, "item": item}));
    t.memory.lists.push(list.clone());
    stored(t);
    let slots = [("list", list.as_str()), ("item", item)];
    let text = t.say(
        &[
            "put {item} on my {list} list",
            "add {item} to {list}",
            "The {list} list lacks {item}.",
            "My {list} list needs {item}.",
            "write {item} on the {list} list",
        ],
        &slots,
    );
    let beat = Beat::new(text, format!("{item} is on the {list} list."));
    Some(if t.rng.one_in(2) {
        let hole = t.say(
            &["put something on my {list} list", "add an item to {list}", "My {list} list needs one more thing."],
            &slots,
        );
        let reply = t.reply(&["{x}.", "Add {x}.", "The item is {x}."], item);
        beat.lacking("item", hole, reply)
    } else {
        let hole =
            t.say(&["put {item} on a list", "add {item} to one of my lists", "write {item} down on a list"], &slots);
        let reply = t.reply(&["{x}.", "On {x}.", "On the {x} list."], &list);
        beat.lacking("list", hole, reply)
    })
}

/// The list is full: another item makes room.
pub fn add_full(t: &mut Story) -> Option<Beat> {
    let list = list(t, |_| true)?;
    let on = t.state().lists[&list].clone();
    let (old, item) = (t.choose(&on)?, item(t, &list)?);
    t.refused("list_add", json!({"list": list, "item": item}), "list_full");
    t.call("list_remove", json!({"list": list, "item": old}));
    t.call("list_add", json!({"list": list, "item": item}));
    t.memory.lists.push(list.clone());
    stored(t);
    let text = t.say(
        &[
            "Add {item} to {list}. If the list is full, take {old} off.",
            "put {item} on my {list} list, and if it is full remove {old}",
            "The {list} list needs {item}. No room? Then drop {old}.",
        ],
        &[("list", &list), ("item", item), ("old", &old)],
    );
    Some(Beat::new(text, format!("{item} is on the {list} list instead of {old}.")))
}

pub fn show(t: &mut Story) -> Option<Beat> {
    let list = list(t, |items| !items.is_empty())?;
    let found = t.call("list_show", json!({"list": list}));
    let items: Vec<&str> = found["items"].as_array()?.iter().filter_map(|item| item.as_str()).collect();
    let slots = [("list", list.as_str())];
    let text = t.say(
        &[
            "What is on my {list} list?",
            "read me the {list} list",
            "show me {list}",
            "What did I put on {list}?",
            "Which items are on {list}?",
        ],
        &slots,
    );
    let hole = t.say(&["What is on my list?", "read me one of my lists", "show me a list"], &slots);
    let reply = t.reply(&["{x}.", "The {x} list.", "I mean {x}."], &list);
    let beat = Beat::new(text, format!("On {list}: {}.", items.join(", "))).lacking("list", hole, reply);
    Some(items.into_iter().fold(beat, Beat::fact))
}

pub fn remove(t: &mut Story) -> Option<Beat> {
    let list = list(t, |items| !items.is_empty())?;
    let on = t.state().lists[&list].clone();
    let item = t.choose(&on)?;
    t.call("list_remove", json!({"list": list, "item": item}));
    let slots = [("list", list.as_str()), ("item", item.as_str())];
    let text = t.say(
        &[
            "take {item} off my {list} list",
            "remove {item} from {list}",
            "I am done with {item}, take it off {list}.",
            "cross {item} off the {list} list",
        ],
        &slots,
    );
    let hole = t.say(
        &["take something off my {list} list", "remove an item from {list}", "cross one thing off {list}"],
        &slots,
    );
    let reply = t.reply(&["{x}.", "Take {x}.", "I mean {x}."], &item);
    Some(Beat::new(text, format!("{item} is off the {list} list.")).lacking("item", hole, reply))
}

/// A new list with its first item.
pub fn begin(t: &mut Story) -> Option<Beat> {
    if strays(t) {
        return None;
    }
    let names: Vec<&str> =
        LISTS.iter().map(|(name, _)| *name).filter(|name| !t.state().lists.contains_key(*name)).collect();
    let list = t.choose(&names)?;
    let item = item(t, list)?;
    t.call("list_new", json!({"list": list}));
    t.call("list_add", json!({"list": list, "item": item}));
    t.memory.lists.push(list.to_owned());
    stored(t);
    let slots = [("list", list), ("item", item)];
    let text = t.say(
        &[
            "begin a {list} list with {item} on it",
            "make a new list {list} and put {item} on it",
            "I need a {list} list. First item: {item}.",
            "start a list called {list} with {item}",
        ],
        &slots,
    );
    let hole = t.say(&["begin a list with {item} on it", "I need a new list. First item: {item}."], &slots);
    let reply = t.reply(&["Call it {x}.", "{x}.", "It is the {x} list."], list);
    Some(Beat::new(text, format!("The {list} list has {item}.")).lacking("list", hole, reply))
}

pub fn names(t: &mut Story) -> Option<Beat> {
    if strays(t) {
        return None;
    }
    let found = t.call("list_all", json!({}));
    let names: Vec<&str> = found["lists"].as_array()?.iter().filter_map(|name| name.as_str()).collect();
    let text = t.say(
        &["Which lists do I have?", "tell me the names of my lists", "What lists are there?", "name all my lists"],
        &[],
    );
    let beat = Beat::new(text, format!("You have {}.", names.join(", ")));
    Some(names.into_iter().fold(beat, Beat::fact))
}

/// A list with one item is emptied and deleted.
pub fn drop(t: &mut Story) -> Option<Beat> {
    let list = list(t, |items| items.len() == 1)?;
    let item = t.state().lists[&list][0].clone();
    t.call("list_show", json!({"list": list}));
    t.call("list_remove", json!({"list": list, "item": item}));
    t.call("list_drop", json!({"list": list}));
    let text = t.say(
        &[
            "empty my {list} list, see what is on it, then delete it",
            "I am done with {list}. Take off what is left and delete the list.",
            "look what is left on {list}, take it off and drop the list",
        ],
        &[("list", &list)],
    );
    Some(Beat::new(text, format!("The {list} list is gone.")))
}

/// A fact from core memory goes on a list.
pub fn add_fact(t: &mut Story) -> Option<Beat> {
    let keys: Vec<String> = t.state().core.keys().cloned().collect();
    let fresh = t.memory.keys.iter().filter(|key| keys.contains(key)).cloned().collect::<Vec<_>>();
    let (key, list) = (prefer(t, &fresh, &keys)?, list(t, |_| true)?);
    let value = t.call("core_get", json!({"key": key}))["value"].clone();
    t.call("list_add", json!({"list": list, "item": value}));
    let text = t.say(
        &[
            "look up my {key} and put it on the {list} list",
            "put what you know as my {key} on {list}",
            "find out my {key} and add it to {list}",
            "The {list} list needs my {key}. Look it up.",
        ],
        &[("key", &key), ("list", &list)],
    );
    Some(Beat::new(text, format!("Your {key} is on the {list} list.")))
}
