//! Every refusal is reached, declared and harmless; every tool does what it says; broken calendars are refused.

use calendar::Calendar;
use coevo_sdk::conformance::refusals::{Refused, check_refusals};
use coevo_sdk::session::Quiet;
use coevo_sdk::{Session, Side, Value, json};

/// p1's calendar: `e1` with p2 in Oak (2 seats), `e2` an hour later, `e3` is p3's in Elm, `e4` is p2's and p3's.
fn office() -> Value {
    let person = |name: &str, ahead: i32| json!({"name": name, "ahead": ahead});
    let event = |title: &str, start: &str, owner: u32, guests: Value, room: Option<&str>| json!({"title": title, "date": "05-12", "start": start, "minutes": 60, "owner": owner, "guests": guests, "room": room, "reminder": null});
    json!({
        "today": "05-10",
        "me": 1,
        "people": {"1": person("Adam", 0), "2": person("Bella", -3), "3": person("Carl", 9)},
        "rooms": {"Elm": 5, "Fir": 1, "Oak": 2},
        "events": {
            "1": event("budget talk", "09:00", 1, json!({"2": "open"}), Some("Oak")),
            "2": event("sales call", "10:00", 1, json!({}), None),
            "3": event("launch lunch", "12:00", 3, json!({"1": "open"}), Some("Elm")),
            "4": event("logo talk", "15:00", 2, json!({"3": "accept"}), Some("Oak")),
        },
        "next_event": 5,
    })
}

fn cases() -> Vec<Refused> {
    let case =
        |tool: &'static str, arguments: Value, code: &'static str| Refused { state: office(), tool, arguments, code };
    let with = |change: fn(&mut Value), case: Refused| {
        let mut case = case;
        change(&mut case.state);
        case
    };
    let declined: fn(&mut Value) = |state| {
        state["events"]["3"]["guests"]["1"] = json!("decline");
        state["events"]["2"]["start"] = json!("12:00");
    };
    let full_day: fn(&mut Value) = |state| {
        state["events"]["2"] = state["events"]["1"].clone();
        state["events"]["2"]["start"] = json!("08:00");
        state["events"]["2"]["minutes"] = json!(600);
    };
    let week_later: fn(&mut Value) = |state| state["events"]["3"]["date"] = json!("05-19");
    let late_year: fn(&mut Value) = |state| state["events"]["2"]["date"] = json!("12-20");
    let create =
        |date: &str, start: &str, minutes: u32| json!({"title": "x", "date": date, "start": start, "minutes": minutes});
    let moved = |event: &str, date: &str, start: &str| json!({"event": event, "date": date, "start": start});
    let mut cases = vec![
        case("find_person", json!({"name": "Zoe"}), "unknown_name"),
        case("find_event", json!({"word": "budg"}), "no_match"),
        case("find_event", json!({"word": "logo"}), "no_match"),
        case("list_events", json!({"date": "5-12"}), "bad_date"),
        case("create_event", create("02-29", "09:00", 60), "bad_date"),
        case("create_event", create("05-10", "09:00", 60), "past_date"),
        case("create_event", create("05-12", "9:00", 60), "bad_time"),
        case("create_event", create("05-12", "11:00", 4), "bad_number"),
        case("create_event", create("05-12", "17:30", 60), "outside_hours"),
        case("create_event", create("05-12", "09:45", 15), "busy"),
        case("move_event", moved("e1", "soon", "09:00"), "bad_date"),
        case("move_event", moved("e1", "05-09", "09:00"), "past_date"),
        case("move_event", moved("e1", "05-12", "nine"), "bad_time"),
        case("move_event", moved("e1", "05-12", "07:00"), "outside_hours"),
        case("move_event", moved("e1", "05-12", "09:00"), "unchanged"),
        case("move_event", moved("e1", "05-12", "10:30"), "busy"),
        case("move_event", moved("e1", "05-12", "15:30"), "guest_busy"),
        case("invite", json!({"event": "e1", "person": "p2"}), "already_invited"),
        case("invite", json!({"event": "e1", "person": "p1"}), "already_invited"),
        case("invite", json!({"event": "e1", "person": "p3"}), "room_too_small"),
        case("uninvite", json!({"event": "e1", "person": "p3"}), "not_invited"),
        case("respond", json!({"event": "e1", "answer": "accept"}), "own_event"),
        case("respond", json!({"event": "e3", "answer": "never"}), "bad_answer"),
        with(declined, case("respond", json!({"event": "e3", "answer": "decline"}), "unchanged")),
        with(declined, case("respond", json!({"event": "e3", "answer": "maybe"}), "busy")),
        case("check_free", json!({"person": "p2", "date": "x", "start": "09:00"}), "bad_date"),
        case("check_free", json!({"person": "p2", "date": "05-12", "start": "x"}), "bad_time"),
        case("find_slot", json!({"person": "p2", "date": "x"}), "bad_date"),
        with(full_day, case("find_slot", json!({"person": "p2", "date": "05-12"}), "no_slot")),
        case("book_room", json!({"event": "e1", "room": "Ash"}), "unknown_room"),
        case("book_room", json!({"event": "e1", "room": "oak"}), "unchanged"),
        case("book_room", json!({"event": "e1", "room": "Fir"}), "room_too_small"),
        case("free_room", json!({"event": "e2"}), "no_room"),
        case("set_reminder", json!({"event": "e1", "minutes": 200}), "bad_number"),
        with(
            |state| state["events"]["1"]["reminder"] = json!(30),
            case("set_reminder", json!({"event": "e1", "minutes": 30}), "unchanged"),
        ),
        case("repeat_weekly", json!({"event": "e1", "weeks": 9}), "bad_number"),
        with(late_year, case("repeat_weekly", json!({"event": "e2", "weeks": 2}), "past_date")),
        case("local_time", json!({"person": "p2", "start": "noon"}), "bad_time"),
        case("room_seats", json!({"room": "Ash"}), "unknown_room"),
    ];
    // Another event at the time to which things move, by who or what is in it.
    let busy_then: [fn(&mut Value); 3] = [
        |state| state["events"]["4"]["owner"] = json!(1),
        |state| state["events"]["4"]["guests"] = json!({"2": "accept"}),
        |state| (state["events"]["4"]["owner"], state["events"]["4"]["guests"]) = (json!(3), json!({})),
    ];
    for (change, code) in busy_then.into_iter().zip(["busy", "guest_busy", "room_taken"]) {
        let mut at_once = case("move_event", moved("e1", "05-12", "15:00"), code);
        change(&mut at_once.state);
        let mut weekly = case("repeat_weekly", json!({"event": "e1", "weeks": 1}), code);
        change(&mut weekly.state);
        weekly.state["events"]["4"]["date"] = json!("05-19");
        weekly.state["events"]["4"]["start"] = json!("09:00");
        cases.extend([at_once, weekly]);
    }
    cases.push(with(week_later, case("move_event", moved("e2", "05-19", "12:00"), "busy")));
    let mut guest = case("invite", json!({"event": "e2", "person": "p3"}), "guest_busy");
    guest.state["events"]["4"]["start"] = json!("10:00");
    let mut taken = case("book_room", json!({"event": "e2", "room": "Oak"}), "room_taken");
    taken.state["events"]["4"]["start"] = json!("10:30");
    cases.extend([guest, taken]);
    let any = json!({"date": "05-13", "start": "09:00", "person": "p9", "answer": "maybe", "room": "Elm", "minutes": 30, "weeks": 1});
    for tool in [
        "get_event",
        "move_event",
        "cancel_event",
        "invite",
        "uninvite",
        "respond",
        "find_rooms",
        "book_room",
        "free_room",
        "set_reminder",
        "repeat_weekly",
    ] {
        // e4 exists, but p1 has nothing to do with it.
        for event in ["e9", "e4", "1"] {
            let mut arguments = any.clone();
            arguments["event"] = json!(event);
            cases.push(case(tool, arguments, "unknown_event"));
        }
    }
    for tool in ["move_event", "cancel_event", "invite", "uninvite", "book_room", "free_room", "repeat_weekly"] {
        let mut arguments = any.clone();
        arguments["event"] = json!("e3");
        cases.push(case(tool, arguments, "not_owner"));
    }
    for tool in ["invite", "uninvite", "check_free", "find_slot", "local_time"] {
        let mut arguments = any.clone();
        arguments["event"] = json!("e1");
        cases.push(case(tool, arguments, "unknown_person"));
    }
    cases
}

#[test]
fn every_refusal_is_reached_declared_and_harmless() {
    check_refusals::<Calendar>(&cases());
}

#[test]
fn tools_do_what_they_say() {
    let mut session: Session<Calendar> = Session::new();
    session.reset(&office().to_string()).unwrap();
    let ok = json!({"ok": true});
    let steps = [
        ("find_person", json!({"name": "carl"}), json!({"person": "p3"})),
        (
            "find_event",
            json!({"word": "budget"}),
            json!({"events": [{"event": "e1", "title": "budget talk", "date": "05-12"}]}),
        ),
        (
            "list_events",
            json!({"date": "05-12"}),
            json!({"events": [
                {"event": "e1", "title": "budget talk", "start": "09:00"},
                {"event": "e2", "title": "sales call", "start": "10:00"},
                {"event": "e3", "title": "launch lunch", "start": "12:00"},
            ]}),
        ),
        (
            "check_free",
            json!({"person": "p2", "date": "05-12", "start": "15:30"}),
            json!({"person": "p2", "status": "busy"}),
        ),
        ("find_slot", json!({"person": "p2", "date": "05-12"}), json!({"start": "08:00"})),
        ("local_time", json!({"person": "p2", "start": "02:15"}), json!({"person": "p2", "local": "23:15"})),
        ("local_time", json!({"person": "p3", "start": "16:00"}), json!({"person": "p3", "local": "01:00"})),
        ("room_seats", json!({"room": "oak"}), json!({"room": "Oak", "seats": 2})),
        (
            "create_event",
            json!({"title": "x y", "date": "05-12", "start": "11:00", "minutes": 60}),
            json!({"event": "e5"}),
        ),
        ("find_rooms", json!({"event": "e5"}), json!({"rooms": ["Elm", "Fir", "Oak"]})),
        ("invite", json!({"event": "e5", "person": "p3"}), ok.clone()),
        ("find_rooms", json!({"event": "e5"}), json!({"rooms": ["Elm", "Oak"]})),
        ("book_room", json!({"event": "e5", "room": "Elm"}), ok.clone()),
        ("set_reminder", json!({"event": "e5", "minutes": 15}), ok.clone()),
        (
            "get_event",
            json!({"event": "e5"}),
            json!({
                "title": "x y", "date": "05-12", "start": "11:00", "minutes": 60, "guests": ["p3"], "room": "Elm",
                "reminder": 15,
            }),
        ),
        ("move_event", json!({"event": "e5", "date": "05-13", "start": "17:00"}), ok.clone()),
        ("repeat_weekly", json!({"event": "e5", "weeks": 2}), ok.clone()),
        (
            "list_events",
            json!({"date": "05-27"}),
            json!({"events": [{"event": "e7", "title": "x y", "start": "17:00"}]}),
        ),
        (
            "check_free",
            json!({"person": "p3", "date": "05-20", "start": "16:30"}),
            json!({"person": "p3", "status": "busy"}),
        ),
        ("uninvite", json!({"event": "e6", "person": "p3"}), ok.clone()),
        (
            "check_free",
            json!({"person": "p3", "date": "05-20", "start": "16:30"}),
            json!({"person": "p3", "status": "free"}),
        ),
        ("free_room", json!({"event": "e6"}), ok.clone()),
        ("respond", json!({"event": "e3", "answer": "decline"}), ok.clone()),
        ("move_event", json!({"event": "e2", "date": "05-12", "start": "12:30"}), ok.clone()),
        ("cancel_event", json!({"event": "e7"}), ok),
        ("list_events", json!({"date": "05-27"}), json!({"events": []})),
    ];
    for (tool, args, want) in steps {
        let got = session.call(tool, &args, Side::Agent, &mut Quiet::new());
        assert_eq!(got.as_ref(), Ok(&want), "{tool} {args}");
    }
    let error = session.call("fly", &json!({}), Side::Agent, &mut Quiet::new()).unwrap_err();
    assert_eq!(error.code, "unknown_tool");
}

#[test]
fn broken_calendars_are_refused() {
    let breaks: [(&str, Value, &str); 6] = [
        ("/today", json!("May"), "May"),
        ("/me", json!(7), "p7"),
        ("/events/1/owner", json!(8), "p8"),
        ("/events/1/room", json!("Ash"), "Ash"),
        ("/events/1/start", json!("07:00"), "07:00"),
        ("/next_event", json!(4), "e4"),
    ];
    for (path, value, says) in breaks {
        let mut state = office();
        *state.pointer_mut(path).expect(path) = value;
        let error = Session::<Calendar>::new().reset(&state.to_string()).expect_err(path);
        assert!(error.contains(says), "{path}: {error}");
    }
}
