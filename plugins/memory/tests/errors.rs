//! Every typed error can be reached, says what was wrong, and leaves the memory as it was.

use std::collections::BTreeMap;

use coevo_sdk::conformance::refusals::{Refused, check_refusals};
use coevo_sdk::session::{Quiet, Session, Side};
use coevo_sdk::{Value, json};
use memory::Memory;

/// Two facts, two notes, a full list and a short one.
fn some() -> Value {
    json!({
        "core": {"boss": "Ann", "pin": "1234"},
        "archive": {"3": {"tag": "home", "text": "roof costs 90 euros"}, "4": {"tag": "work", "text": "lease is due"}},
        "lists": {"films": ["Heat"], "gifts": ["candle", "gloves", "puzzle", "teapot"]},
        "next": 5,
    })
}

/// As much as there may be.
fn full() -> Value {
    let note = |number: usize| (number.to_string(), json!({"tag": "home", "text": format!("note {number}")}));
    let archive: BTreeMap<String, Value> = (1..=8).map(note).collect();
    json!({
        "core": {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"},
        "archive": archive,
        "lists": {"one": [], "two": [], "three": [], "four": []},
        "next": 9,
    })
}

#[test]
fn every_declared_error_is_reached_and_changes_nothing() {
    let (some, full) = (some(), full());
    let case = |tool, args, code| Refused::new(&some, tool, args, code);
    let limit = |tool, args, code| Refused::new(&full, tool, args, code);
    let film = |item: &str| json!({"list": "films", "item": item});
    check_refusals::<Memory>(&[
        limit("core_set", json!({"key": "f", "value": "6"}), "core_full"),
        case("core_set", json!({"key": "Boss", "value": "Ben"}), "key_used"),
        case("core_set", json!({"key": "cat", "value": " . "}), "empty_text"),
        case("core_get", json!({"key": "cat"}), "unknown_key"),
        case("core_update", json!({"key": "cat", "value": "Tom"}), "unknown_key"),
        case("core_update", json!({"key": "boss", "value": "Ann."}), "unchanged"),
        case("core_update", json!({"key": "boss", "value": ""}), "empty_text"),
        case("core_remove", json!({"key": "pin"}), "unknown_key").again::<Memory>(),
        case("core_archive", json!({"key": "cat", "tag": "home"}), "unknown_key"),
        limit("core_archive", json!({"key": "a", "tag": "home"}), "archive_full"),
        case("core_archive", json!({"key": "pin", "tag": "home"}), "same_note")
            .after::<Memory>("archive_add", &json!({"text": "pin is 1234", "tag": "work"})),
        limit("archive_add", json!({"text": "one more", "tag": "home"}), "archive_full"),
        case("archive_add", json!({"text": "sofa is due", "tag": "home"}), "same_note").again::<Memory>(),
        case("archive_add", json!({"text": "", "tag": "home"}), "empty_text"),
        case("archive_search", json!({"word": "sofa"}), "no_match"),
        case("archive_tagged", json!({"tag": "money"}), "no_match"),
        case("archive_remove", json!({"note": "n3"}), "unknown_note").again::<Memory>(),
        case("list_new", json!({"list": "Films"}), "list_exists"),
        limit("list_new", json!({"list": "five"}), "too_many_lists"),
        case("list_new", json!({"list": " "}), "empty_text"),
        case("list_add", json!({"list": "chores", "item": "dishes"}), "unknown_list"),
        case("list_add", film("Heat"), "has_item"),
        case("list_add", json!({"list": "gifts", "item": "wallet"}), "list_full"),
        case("list_add", film("!"), "empty_text"),
        case("list_show", json!({"list": "chores"}), "unknown_list"),
        case("list_remove", json!({"list": "chores", "item": "dishes"}), "unknown_list"),
        case("list_remove", film("Fargo"), "unknown_item"),
        case("list_drop", json!({"list": "chores"}), "unknown_list"),
        case("list_drop", json!({"list": "films"}), "not_empty"),
    ]);
}

#[test]
fn tools_do_what_they_say() {
    let mut session: Session<Memory> = Session::new();
    session.reset(&some().to_string()).unwrap();
    let steps = [
        ("core_set", json!({"key": "Cat", "value": " Tom  Junior. "}), json!({"free": 2})),
        ("core_get", json!({"key": "cat"}), json!({"value": "Tom Junior"})),
        ("core_update", json!({"key": "cat", "value": "Kit"}), json!({"old": "Tom Junior"})),
        ("core_archive", json!({"key": "cat", "tag": "home"}), json!({"note": "n5"})),
        ("core_keys", json!({}), json!({"keys": ["boss", "pin"], "free": 3})),
        ("archive_search", json!({"word": "CAT"}), json!({"found": [{"note": "n5", "text": "cat is Kit"}]})),
        ("archive_remove", json!({"note": "n5"}), json!({"text": "cat is Kit"})),
        ("archive_add", json!({"text": "tax is due", "tag": "money"}), json!({"note": "n6"})),
        ("archive_tagged", json!({"tag": "money"}), json!({"found": [{"note": "n6", "text": "tax is due"}]})),
        ("list_new", json!({"list": "Chores"}), json!({"list": "chores"})),
        ("list_add", json!({"list": "chores", "item": "dishes"}), json!({"items": 1})),
        ("list_show", json!({"list": "chores"}), json!({"items": ["dishes"]})),
        ("list_remove", json!({"list": "chores", "item": "dishes"}), json!({"items": 0})),
        ("list_drop", json!({"list": "chores"}), json!({"list": "chores"})),
        ("list_all", json!({}), json!({"lists": ["films", "gifts"]})),
        ("core_remove", json!({"key": "pin"}), json!({"free": 4})),
    ];
    for (tool, args, want) in steps {
        let got = session.call(tool, &args, Side::Agent, &mut Quiet::new());
        assert_eq!(got.as_ref(), Ok(&want), "{tool} {args}");
    }
}

#[test]
fn memories_beyond_their_limits_are_refused() {
    let breaks = [
        ("/core", json!({"a": "", "b": "", "c": "", "d": "", "e": "", "f": ""}), "core"),
        ("/lists/films", json!(["1", "2", "3", "4", "5"]), "list"),
        ("/archive/3/tag", json!("fun"), "tag"),
        ("/next", json!(4), "next"),
    ];
    for (place, value, says) in breaks {
        let mut state = some();
        *state.pointer_mut(place).unwrap() = value;
        let error = Session::<Memory>::new().reset(&state.to_string()).expect_err(place);
        assert!(error.contains(says), "{place}: {error}");
    }
}
