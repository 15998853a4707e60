//! Facts in core memory.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Story, prefer, stored, strays};
use crate::state::TAGS;
use crate::world::{fact, other};

/// A key that exists, one stored in this conversation if possible.
fn key(t: &mut Story) -> Option<String> {
    let all: Vec<String> = t.state().core.keys().cloned().collect();
    let fresh: Vec<String> = t.memory.keys.iter().filter(|key| all.contains(key)).cloned().collect();
    prefer(t, &fresh, &all)
}

/// A new key with its value.
fn new(t: &mut Story) -> Option<(&'static str, String)> {
    if strays(t) {
        return None;
    }
    let taken = t.state().core.clone();
    Some(fact(&mut t.rng, move |key| taken.contains_key(key)))
}

const REMEMBER: &[&str] = &[
    "remember that my {key} is {value}",
    "keep in mind: my {key} is {value}",
    "My {key} is {value}. Remember it.",
    "store my {key}, it is {value}",
    "Do not forget: {value} is my {key}.",
    "save {value} as my {key}",
];

pub fn remember(t: &mut Story) -> Option<Beat> {
    let (key, value) = new(t)?;
    t.call("core_set", json!({"key": key, "value": value}));
    t.memory.keys.push(key.to_owned());
    stored(t);
    let slots = [("key", key), ("value", value.as_str())];
    let beat = Beat::new(t.say(REMEMBER, &slots), format!("I will remember your {key}."));
    Some(if t.rng.one_in(2) {
        let hole = t.say(&["remember my {key}", "store my {key}", "I want you to keep my {key} in mind."], &slots);
        let reply = t.reply(&["{x}.", "It is {x}."], &value);
        beat.lacking("value", hole, reply)
    } else {
        let hole = t.say(&["remember {value}", "store {value}", "Do not forget {value}."], &slots);
        let reply = t.reply(&["It is my {x}.", "As my {x}.", "That is my {x}."], key);
        beat.lacking("key", hole, reply)
    })
}

/// Core memory is full: another fact goes to the archive, or is forgotten.
pub fn remember_full(t: &mut Story) -> Option<Beat> {
    let (key, value) = new(t)?;
    let keys: Vec<String> = t.state().core.keys().cloned().collect();
    let old = t.choose(&keys)?;
    t.refused("core_set", json!({"key": key, "value": value}), "core_full");
    let tag = t.rng.pick(&TAGS);
    let slots = [("key", key), ("value", value.as_str()), ("old", old.as_str()), ("tag", tag)];
    let text = if t.rng.one_in(2) {
        t.call("core_archive", json!({"key": old, "tag": tag}));
        t.say(
            &[
                "Remember my {key} is {value}. If core is full, archive my {old} under {tag}.",
                "My {key} is {value}, keep it. No room? Archive my {old}, tag {tag}.",
                "save {value} as my {key}; if full, move my {old} to the archive as {tag}",
            ],
            &slots,
        )
    } else {
        t.call("core_remove", json!({"key": old}));
        t.say(
            &[
                "Remember my {key} is {value}. If core is full, forget my {old}.",
                "My {key} is {value}, keep it. No room? Drop my {old}.",
                "save {value} as my {key}, and if full forget my {old}",
            ],
            &slots,
        )
    };
    t.call("core_set", json!({"key": key, "value": value}));
    t.memory.keys.push(key.to_owned());
    stored(t);
    Some(Beat::new(text, format!("I will remember your {key}.")))
}

pub fn recall(t: &mut Story) -> Option<Beat> {
    let key = key(t)?;
    let value = t.call("core_get", json!({"key": key}))["value"].as_str()?.to_owned();
    let slots = [("key", key.as_str())];
    let text = t.say(
        &[
            "What did I say about my {key}?",
            "What do you have for my {key}?",
            "tell me my {key}",
            "I forgot my {key}. Look it up.",
            "Do you know my {key}?",
            "Remind me: my {key}?",
        ],
        &slots,
    );
    let hole =
        t.say(&["What was it again?", "I forgot something of mine. Look it up.", "tell me one of my facts"], &slots);
    let reply = t.reply(&["My {x}.", "{x}.", "I mean my {x}."], &key);
    Some(Beat::new(text, format!("Your {key} is {value}.")).fact(value).lacking("key", hole, reply))
}

pub fn update(t: &mut Story) -> Option<Beat> {
    let key = key(t)?;
    let now = t.state().core[&key].clone();
    let value = other(&mut t.rng, &key, &now);
    t.call("core_update", json!({"key": key, "value": value}));
    let slots = [("key", key.as_str()), ("value", value.as_str())];
    let text = t.say(
        &[
            "My {key} has changed, it is {value} now.",
            "change my {key} to {value}",
            "update my {key}: {value}",
            "From now on my {key} is {value}.",
            "My {key} is no longer the same. Make it {value}.",
        ],
        &slots,
    );
    let hole = t.say(&["My {key} has changed.", "change my {key}", "update my {key}"], &slots);
    let reply = t.reply(&["{x}.", "It is {x} now.", "To {x}."], &value);
    Some(Beat::new(text, format!("Your {key} is {value} now.")).lacking("value", hole, reply))
}

pub fn forget(t: &mut Story) -> Option<Beat> {
    let key = key(t)?;
    t.call("core_remove", json!({"key": key}));
    let slots = [("key", key.as_str())];
    let text = t.say(
        &["forget my {key}", "erase my {key}", "I have no {key} any more, drop it.", "remove my {key} from memory"],
        &slots,
    );
    let hole = t.say(
        &["forget one of my facts", "erase something from core memory", "There is a fact you can forget."],
        &slots,
    );
    let reply = t.reply(&["My {x}.", "{x}.", "The {x}."], &key);
    Some(Beat::new(text, format!("Your {key} is forgotten.")).lacking("key", hole, reply))
}

pub fn keys(t: &mut Story) -> Option<Beat> {
    if strays(t) {
        return None;
    }
    let found = t.call("core_keys", json!({}));
    let text = t.say(
        &[
            "Which facts do you know about me?",
            "What do you have in core memory?",
            "list the keys that you keep",
            "What do you remember of me? Only the keys.",
        ],
        &[],
    );
    let keys: Vec<&str> = found["keys"].as_array()?.iter().filter_map(|key| key.as_str()).collect();
    let beat = Beat::new(text, format!("I keep: {}.", keys.join(", ")));
    Some(keys.into_iter().fold(beat, Beat::fact))
}

/// Moves a fact to the archive.
pub fn put_away(t: &mut Story) -> Option<Beat> {
    let (key, tag) = (key(t)?, t.rng.pick(&TAGS));
    let id = t.call("core_archive", json!({"key": key, "tag": tag}))["note"].as_str()?.to_owned();
    t.memory.notes.push((key.clone(), id.clone()));
    stored(t);
    let slots = [("key", key.as_str()), ("tag", tag)];
    let text = t.say(
        &[
            "move my {key} fact to the archive, tag {tag}",
            "archive the fact about my {key} under {tag}",
            "I rarely need my {key}. Archive it as {tag}.",
            "put the fact about my {key} away in the archive, {tag}",
        ],
        &slots,
    );
    let hole = t.say(
        &[
            "move my {key} fact to the archive",
            "archive the fact about my {key}",
            "put the fact about my {key} away in the archive",
        ],
        &slots,
    );
    let reply = t.reply(&["{x}.", "Under {x}.", "With {x}."], tag);
    Some(Beat::new(text, format!("It is archived as {id}.")).fact(id).lacking("tag", hole, reply))
}
