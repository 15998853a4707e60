//! Random memories, as sessions before this one have left them.

use std::collections::BTreeMap;

use coevo_sdk::Rng;

use crate::state::{CORE, ITEMS, Note, State, TAGS};

/// What kind of value a key has.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Person,
    Code,
    Mark,
    Word,
}

/// Keys of facts, as in "my dentist is Iris".
const KEYS: [(&str, Kind); 20] = [
    ("alarm", Kind::Code),
    ("barber", Kind::Person),
    ("boss", Kind::Person),
    ("car", Kind::Mark),
    ("cat", Kind::Person),
    ("club", Kind::Word),
    ("coach", Kind::Person),
    ("dentist", Kind::Person),
    ("flight", Kind::Mark),
    ("gate", Kind::Mark),
    ("hobby", Kind::Word),
    ("landlord", Kind::Person),
    ("locker", Kind::Code),
    ("lawyer", Kind::Person),
    ("password", Kind::Word),
    ("pin", Kind::Code),
    ("plumber", Kind::Person),
    ("seat", Kind::Mark),
    ("teacher", Kind::Person),
    ("wifi", Kind::Word),
];
pub const NAMES: [&str; 24] = [
    "Adele", "Basil", "Chloe", "Duke", "Enid", "Frida", "Grant", "Hazel", "Igor", "Joan", "Keith", "Lydia", "Miles",
    "Nadia", "Otto", "Pearl", "Roger", "Stella", "Tomas", "Ursula", "Vera", "Wanda", "Xenia", "Yusuf",
];
const WORDS: [&str; 16] = [
    "amber", "breeze", "cactus", "dolphin", "ember", "falcon", "glacier", "harvest", "island", "juniper", "lantern",
    "meadow", "nectar", "orchid", "pebble", "thunder",
];
/// What notes are about; first word of a note.
pub const TOPICS: [&str; 20] = [
    "attic",
    "bicycle",
    "boiler",
    "contract",
    "cousin",
    "fence",
    "garden",
    "heater",
    "insurance",
    "invoice",
    "lease",
    "meeting",
    "passport",
    "piano",
    "roof",
    "sofa",
    "tax",
    "vaccine",
    "visa",
    "window",
];
/// Lists and what may be on them.
pub const LISTS: [(&str, [&str; 8]); 6] = [
    ("groceries", ["bread", "butter", "coffee", "eggs", "flour", "milk", "rice", "sugar"]),
    ("packing", ["adapter", "boots", "camera", "hat", "socks", "swimsuit", "towel", "umbrella"]),
    ("chores", ["dishes", "dusting", "ironing", "laundry", "mowing", "sweeping", "trash", "weeding"]),
    ("gifts", ["candle", "chess set", "cookbook", "earrings", "gloves", "puzzle", "teapot", "wallet"]),
    ("calls", ["accountant", "bakery", "bank", "embassy", "florist", "garage", "museum", "pharmacy"]),
    ("films", ["Arrival", "Brazil", "Casablanca", "Fargo", "Heat", "Memento", "Psycho", "Vertigo"]),
];

/// Irrelevant lines for long results.
pub const CLUTTER: [&str; 14] = [
    "the index was rebuilt overnight",
    "an older copy is kept in cold storage",
    "nothing was shared with other devices",
    "handwriting was turned into text",
    "the summary was written by the night job",
    "no reminder is attached here",
    "the language was detected as english",
    "three drafts were thrown away",
    "battery of the recorder was low then",
    "imported from the paper diary",
    "the cloud quota is half used",
    "read aloud once in the kitchen",
    "spelling was checked in spring",
    "the old phone is still paired",
];

/// A key that is not among the given ones, with a value.
pub fn fact<'k>(rng: &mut Rng, taken: impl Fn(&str) -> bool + 'k) -> (&'static str, String) {
    loop {
        let (key, kind) = KEYS[rng.below(KEYS.len())];
        if !taken(key) {
            return (key, value(rng, kind));
        }
    }
}

/// Another value for a key.
pub fn other(rng: &mut Rng, key: &str, now: &str) -> String {
    let kind = KEYS.iter().find(|(known, _)| *known == key).map_or(Kind::Word, |(_, kind)| *kind);
    loop {
        let value = value(rng, kind);
        if value != now {
            return value;
        }
    }
}

fn value(rng: &mut Rng, kind: Kind) -> String {
    match kind {
        Kind::Person => rng.pick(&NAMES).to_owned(),
        Kind::Code => rng.range(1_000, 9_999).to_string(),
        Kind::Mark => format!("{}{}", char::from(b'A' + rng.below(26) as u8), rng.range(10, 99)),
        Kind::Word => rng.pick(&WORDS).to_owned(),
    }
}

/// What a note says about its topic.
pub fn note(rng: &mut Rng, topic: &str) -> String {
    let (name, number) = (rng.pick(&NAMES), rng.range(20, 990));
    match rng.below(5) {
        0 => format!("{topic} costs {number} euros"),
        1 => format!("{topic} is checked by {name}"),
        2 => format!("{topic} papers are with {name}"),
        3 => format!("{topic} number is {number}"),
        _ => format!("{topic} is due in week {}", rng.range(2, 52)),
    }
}

/// A topic that no note is about.
pub fn topic(rng: &mut Rng, archive: &BTreeMap<u32, Note>) -> &'static str {
    loop {
        let topic = rng.pick(&TOPICS);
        if !archive.values().any(|note| note.text.starts_with(topic)) {
            return topic;
        }
    }
}

/// Three facts or more, three to five notes, two or three lists.
pub fn random(rng: &mut Rng) -> State {
    let mut core: BTreeMap<String, String> = BTreeMap::new();
    let facts = if rng.one_in(3) { CORE } else { rng.range(2, CORE as u32 - 1) as usize };
    while core.len() < facts {
        let (key, value) = fact(rng, |key| core.contains_key(key));
        core.insert(key.to_owned(), value);
    }
    let mut archive = BTreeMap::new();
    let mut next = rng.range(1, 40);
    for _ in 0..rng.range(3, 5) {
        let topic = topic(rng, &archive);
        archive.insert(next, Note { tag: rng.pick(&TAGS).to_owned(), text: note(rng, topic) });
        next += rng.range(1, 2);
    }
    let count = rng.range(2, 3) as usize;
    let lists = rng.distinct(LISTS.len(), count).into_iter().map(|at| {
        let (name, items) = LISTS[at];
        let count = if rng.one_in(3) { ITEMS } else { rng.range(1, 3) as usize };
        (name.to_owned(), rng.distinct(items.len(), count).into_iter().map(|item| items[item].to_owned()).collect())
    });
    let lists = lists.collect();
    State { core, archive, lists, next, clutter: 0 }
}
