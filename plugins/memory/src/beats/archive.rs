//! Notes in the archive.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Story, prefer, stored, strays};
use crate::state::{Note, TAGS};
use crate::world::{note, topic};

pub fn keep(t: &mut Story) -> Option<Beat> {
    if strays(t) {
        return None;
    }
    let archive = t.state().archive.clone();
    let topic = topic(&mut t.rng, &archive);
    let (text, tag) = (note(&mut t.rng, topic), t.rng.pick(&TAGS));
    let id = t.call("archive_add", json!({"text": text, "tag": tag}))["note"].as_str()?.to_owned();
    t.memory.notes.push((topic.to_owned(), id.clone()));
    stored(t);
    let slots = [("text", text.as_str()), ("tag", tag)];
    let said = t.say(
        &[
            "note under {tag}: {text}",
            "archive this under {tag}: {text}",
            "add a {tag} note: {text}",
            "A note for {tag}: {text}.",
            "keep a note tagged {tag}: {text}",
        ],
        &slots,
    );
    let beat = Beat::new(said, format!("Noted as {id}.")).fact(id);
    Some(if t.rng.one_in(2) {
        let hole = t.say(&["archive this: {text}", "add a note: {text}", "Please note: {text}."], &slots);
        let reply = t.reply(&["{x}.", "Under {x}.", "Tag it {x}."], tag);
        beat.lacking("tag", hole, reply)
    } else {
        let hole = t.say(&["add a note under {tag}", "I have a note for {tag}.", "keep a note tagged {tag}"], &slots);
        let reply = t.reply(&["{x}.", "This: {x}.", "Write: {x}."], &text);
        beat.lacking("text", hole, reply)
    })
}

/// (topic, note id), one of this conversation if possible.
fn any(t: &mut Story) -> Option<(String, String)> {
    let first = |note: &Note| note.text.split(' ').next().unwrap_or_default().to_owned();
    let all: Vec<(String, String)> =
        t.state().archive.iter().map(|(number, note)| (first(note), format!("n{number}"))).collect();
    let fresh: Vec<(String, String)> = t.memory.notes.iter().filter(|known| all.contains(known)).cloned().collect();
    prefer(t, &fresh, &all)
}

pub fn find(t: &mut Story) -> Option<Beat> {
    let (topic, id) = any(t)?;
    let found = t.call("archive_search", json!({"word": topic}));
    let [only] = &found["found"].as_array()?[..] else { return None };
    let text = only["text"].as_str()?.to_owned();
    t.memory.notes.push((topic.clone(), id));
    let slots = [("topic", topic.as_str())];
    let said = t.say(
        &[
            "What did I note about the {topic}?",
            "Is there a note about the {topic}? What does it say?",
            "search my notes for {topic}",
            "find the {topic} note and read it to me",
            "What do my notes say about the {topic}?",
        ],
        &slots,
    );
    let hole = t.say(&["read me one of my notes", "search my notes", "What did I note about it?"], &slots);
    let reply = t.reply(&["About the {x}.", "{x}.", "The {x} one."], &topic);
    Some(Beat::new(said, format!("The note says: {text}.")).fact(text).lacking("topic", hole, reply))
}

pub fn tagged(t: &mut Story) -> Option<Beat> {
    if strays(t) {
        return None;
    }
    let tags: Vec<String> = t.state().archive.values().map(|note| note.tag.clone()).collect();
    let tag = t.choose(&tags)?;
    let found = t.call("archive_tagged", json!({"tag": tag}));
    let ids: Vec<&str> = found["found"].as_array()?.iter().filter_map(|note| note["note"].as_str()).collect();
    if ids.len() > 3 {
        return None;
    }
    let slots = [("tag", tag.as_str())];
    let text = t.say(
        &[
            "Which notes are tagged {tag}?",
            "list my {tag} notes",
            "What is in the archive under {tag}?",
            "give me the ids of my {tag} notes",
        ],
        &slots,
    );
    let hole =
        t.say(&["list my notes with a certain tag", "Which notes have that tag?", "list some notes by tag"], &slots);
    let reply = t.reply(&["{x}.", "Tag {x}.", "The {x} ones."], &tag);
    let beat = Beat::new(text, format!("Under {tag}: {}.", ids.join(", "))).lacking("tag", hole, reply);
    Some(ids.into_iter().fold(beat, Beat::fact))
}

/// Looks a note up unless the conversation has its id, then deletes it.
pub fn delete(t: &mut Story) -> Option<Beat> {
    let (topic, id) = any(t)?;
    let known = t.memory.notes.iter().any(|(_, note)| *note == id);
    if !known {
        t.call("archive_search", json!({"word": topic}));
    }
    t.call("archive_remove", json!({"note": id}));
    let slots = [("topic", topic.as_str()), ("id", id.as_str())];
    let text = if known && t.rng.one_in(2) {
        t.say(&["delete note {id}", "I do not need {id} any more, delete it.", "throw note {id} away"], &slots)
    } else {
        t.say(
            &[
                "delete the note about the {topic}",
                "The {topic} is settled, delete its note.",
                "throw away the {topic} note",
                "remove what I noted about the {topic}",
            ],
            &slots,
        )
    };
    let hole =
        t.say(&["delete one of my notes", "throw a note away", "There is a note I do not need any more."], &slots);
    let reply = t.reply(&["The one about the {x}.", "The {x} note.", "{x}."], &topic);
    Some(Beat::new(text, format!("{id} is deleted.")).lacking("note", hole, reply))
}

/// Copies a note into core memory.
pub fn to_core(t: &mut Story) -> Option<Beat> {
    let (topic, id) = any(t)?;
    let text = t.state().archive.get(&id[1..].parse().ok()?)?.text.clone();
    t.call("archive_search", json!({"word": topic}));
    t.call("core_set", json!({"key": topic, "value": text}));
    t.memory.notes.push((topic.clone(), id));
    t.memory.keys.push(topic.clone());
    let said = t.say(
        &[
            "copy the {topic} note into core memory as {topic}",
            "look up my {topic} note and keep it in core as {topic}",
            "I need the {topic} note often. Copy it to core, key {topic}.",
        ],
        &[("topic", &topic)],
    );
    Some(Beat::new(said, format!("The note is in core memory as {topic}.")))
}
