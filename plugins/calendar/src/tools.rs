//! The tools as the agent and the interface rules see them.

use coevo_sdk::{Rule, Tool, Ty};

use crate::rules::*;

/// What a guest can answer.
pub const ANSWERS: [&str; 3] = ["accept", "maybe", "decline"];
const EVENT: &str = "^e[1-9][0-9]*$";
const PERSON: &str = "^p[1-9][0-9]*$";
const DATE: &str = "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
const TIME: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";

/// All tools, in the order in which they are offered.
pub fn all() -> Vec<Tool> {
    vec![
        Tool::new("find_person")
            .doc("id of a person")
            .arg("name", Ty::String, "first name")
            .returns("person", Ty::String)
            .rules(&[UNKNOWN_NAME]),
        Tool::new("find_event")
            .doc("events by a word of the title")
            .arg("word", Ty::String, "one word")
            .returns("events", Ty::List(&[("event", Ty::String), ("title", Ty::String)]))
            .rules(&[NO_MATCH]),
        date(Tool::new("list_events").doc("events of a day"), &[BAD_DATE])
            .returns("events", Ty::List(&[("event", Ty::String), ("title", Ty::String), ("start", Ty::String)])),
        on_event("get_event", "details of an event", &[])
            .returns("title", Ty::String)
            .returns("date", Ty::String)
            .returns("start", Ty::String)
            .returns("minutes", Ty::Int)
            .returns("guests", Ty::Strings)
            .may_return("room", Ty::String)
            .may_return("reminder", Ty::Int),
        start(date(
            Tool::new("create_event").doc("new event").arg("title", Ty::String, "words"),
            &[BAD_DATE, PAST_DATE],
        ))
        .arg("minutes", Ty::Int, "length")
        .range(5, 240)
        .rules(&[BAD_TIME, BAD_NUMBER, OUTSIDE_HOURS, BUSY])
        .returns("event", Ty::String)
        .mutates(),
        start(date(own("move_event", "to another time", &[]), &[BAD_DATE, PAST_DATE])).rules(&[
            BAD_TIME,
            OUTSIDE_HOURS,
            UNCHANGED,
            BUSY,
            GUEST_BUSY,
            ROOM_TAKEN,
        ]),
        own("cancel_event", "delete an event", &[]),
        person(own("invite", "add a guest", &[]), &[INVITED, GUEST_BUSY, TOO_SMALL]),
        person(own("uninvite", "take a guest off", &[]), &[NOT_INVITED]),
        on_event("respond", "answer an invitation", &[OWN_EVENT, BAD_ANSWER, UNCHANGED, BUSY])
            .arg("answer", Ty::String, "answer")
            .one_of(&ANSWERS)
            .returns("ok", Ty::Bool)
            .mutates(),
        start(date(person(Tool::new("check_free").doc("whether a person is free for an hour"), &[]), &[BAD_DATE]))
            .rules(&[BAD_TIME])
            .returns("person", Ty::String)
            .returns("status", Ty::String),
        date(person(Tool::new("find_slot").doc("first hour that suits you and a person"), &[]), &[BAD_DATE, NO_SLOT])
            .returns("start", Ty::String),
        on_event("find_rooms", "free rooms with enough seats for an event", &[]).returns("rooms", Ty::Strings),
        own("book_room", "give an event a room", &[]).arg("room", Ty::String, "name").rules(&[
            UNKNOWN_ROOM,
            UNCHANGED,
            ROOM_TAKEN,
            TOO_SMALL,
        ]),
        own("free_room", "give the room back", &[NO_ROOM]),
        on_event("set_reminder", "remind before an event", &[BAD_NUMBER, UNCHANGED])
            .arg("minutes", Ty::Int, "before the start")
            .range(5, 120)
            .returns("ok", Ty::Bool)
            .mutates(),
        own("repeat_weekly", "repeat in the weeks after", &[BAD_NUMBER, PAST_DATE, BUSY, GUEST_BUSY, ROOM_TAKEN])
            .arg("weeks", Ty::Int, "how many more")
            .range(1, 8),
        start(person(Tool::new("local_time").doc("a time where a person is"), &[]))
            .rules(&[BAD_TIME])
            .returns("person", Ty::String)
            .returns("local", Ty::String),
        Tool::new("room_seats")
            .doc("seats of a room")
            .arg("room", Ty::String, "name")
            .rules(&[UNKNOWN_ROOM])
            .returns("room", Ty::String)
            .returns("seats", Ty::Int),
    ]
}

fn on_event(name: &'static str, doc: &'static str, more: &[Rule]) -> Tool {
    Tool::new(name).doc(doc).arg("event", Ty::String, "event id").pattern(EVENT).rules(&[UNKNOWN_EVENT]).rules(more)
}

/// Changes an event of the calendar owner's.
fn own(name: &'static str, doc: &'static str, more: &[Rule]) -> Tool {
    on_event(name, doc, &[NOT_OWNER]).rules(more).returns("ok", Ty::Bool).mutates()
}

fn person(tool: Tool, more: &[Rule]) -> Tool {
    tool.arg("person", Ty::String, "person id").pattern(PERSON).rules(&[UNKNOWN_PERSON]).rules(more)
}

fn date(tool: Tool, more: &[Rule]) -> Tool {
    tool.arg("date", Ty::String, "MM-DD").pattern(DATE).rules(more)
}

fn start(tool: Tool) -> Tool {
    tool.arg("start", Ty::String, "HH:MM").pattern(TIME)
}
