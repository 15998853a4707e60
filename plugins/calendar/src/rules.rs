//! Every way in which the calendar can refuse.

use coevo_sdk::Rule;

pub const UNKNOWN_EVENT: Rule = Rule::value("unknown_event", "no such event", "an id such as e4");
pub const UNKNOWN_PERSON: Rule = Rule::value("unknown_person", "no such person", "an id from find_person");
pub const UNKNOWN_NAME: Rule = Rule::value("unknown_name", "nobody has this name", "a first name");
pub const UNKNOWN_ROOM: Rule = Rule::value("unknown_room", "no such room", "the name of a room");
pub const NO_MATCH: Rule = Rule::value("no_match", "nothing found", "a word of a title");
pub const BAD_DATE: Rule = Rule::value("bad_date", "not a date", "a date MM-DD");
pub const BAD_TIME: Rule = Rule::value("bad_time", "not a time", "a time HH:MM");
pub const BAD_NUMBER: Rule = Rule::value("bad_number", "not a possible number", "a number in the allowed range");
pub const BAD_ANSWER: Rule = Rule::value("bad_answer", "not an answer", "accept, maybe or decline");
pub const PAST_DATE: Rule = Rule::state("past_date", "the date is in the past", "The date is after today.");
pub const OUTSIDE_HOURS: Rule =
    Rule::state("outside_hours", "the office is closed then", "The event lies between 08:00 and 18:00.");
pub const NOT_OWNER: Rule = Rule::state("not_owner", "somebody else called it", "The event is the calendar owner's.");
pub const OWN_EVENT: Rule = Rule::state("own_event", "the event is your own", "The event is somebody else's.");
pub const BUSY: Rule = Rule::state("busy", "the owner is busy then", "The calendar owner is free then.");
pub const GUEST_BUSY: Rule = Rule::state("guest_busy", "a guest is busy then", "Every guest is free then.");
pub const INVITED: Rule =
    Rule::state("already_invited", "that person takes part", "The person does not take part yet.");
pub const NOT_INVITED: Rule = Rule::state("not_invited", "that person is no guest", "The person is a guest.");
pub const ROOM_TAKEN: Rule = Rule::state("room_taken", "the room is taken then", "The room is free then.");
pub const TOO_SMALL: Rule =
    Rule::state("room_too_small", "the room has too few seats", "The room has a seat for each.");
pub const NO_ROOM: Rule = Rule::state("no_room", "the event has no room", "The event has a room.");
pub const UNCHANGED: Rule = Rule::state("unchanged", "it is so already", "The value is a new one.");
pub const NO_SLOT: Rule = Rule::state("no_slot", "no common hour that day", "Both have a free hour that day.");
