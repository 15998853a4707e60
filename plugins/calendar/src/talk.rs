//! How people put their requests. `{e}` is an event, `{p}` a person, `{d}` a date, `{h}` a time, `{m}` minutes, `{r}` a
//! room.

pub const AGENDA: &[&str] =
    &["What is on {d}?", "list my events on {d}", "What do I have on {d}?", "show me the day {d}"];
pub const AGENDA_NO: &[&str] = &["list my events of a day", "What do I have that day?"];

pub const START: &[&str] = &["When does {e} start?", "At what time is {e}?", "tell me when {e} begins"];
pub const LENGTH: &[&str] = &["How long is {e}?", "How many minutes does {e} take?", "look up the length of {e}"];
pub const PLACE: &[&str] = &["In which room is {e}?", "Where is {e}?", "look up the room of {e}"];
pub const DAY: &[&str] = &["On which date is {e}?", "tell me the date of {e}"];
pub const DETAIL_NO: &[&str] = &["look up an event", "When is that event?"];

pub const FREE: &[&str] =
    &["Is {p} free on {d} at {h}?", "check if {p} has time on {d} at {h}", "Could {p} come on {d} at {h}?"];
pub const FREE_NO: &[&str] = &["Is {p} free on {d}?", "check if {p} has time on {d}"];
pub const SLOT: &[&str] =
    &["When could I meet {p} on {d}?", "find a time for {p} and me on {d}", "When are {p} and I free on {d}?"];
pub const SLOT_NO: &[&str] = &["find a time for {p} and me", "When could I meet {p}?"];
pub const ROOMS: &[&str] =
    &["Which rooms could we use for {e}?", "find rooms for {e}", "Which rooms are free for {e}?"];
pub const LOCAL: &[&str] =
    &["What time is {h} for {p}?", "tell me what {h} is where {p} lives", "What does the clock of {p} say at {h}?"];
pub const LOCAL_NO: &[&str] = &["tell me the time where {p} lives", "What time is it for {p} then?"];
pub const SEATS: &[&str] =
    &["How many seats does {r} have?", "tell me how many people fit into {r}", "How big is the room {r}?"];
pub const SEATS_NO: &[&str] = &["tell me the seats of a room", "How many people fit into that room?"];

pub const CREATE: &[&str] = &[
    "add \"{t}\" on {d} at {h} for {m} minutes",
    "create \"{t}\" on {d} at {h}, {m} minutes",
    "put \"{t}\" on {d} from {h}, {m} minutes long",
    "plan \"{t}\" for {d} at {h}, it takes {m} minutes",
];
pub const CREATE_NO_START: &[&str] = &["add \"{t}\" on {d} for {m} minutes", "create \"{t}\" on {d}, {m} minutes"];
pub const CREATE_NO_DATE: &[&str] = &["add \"{t}\" at {h} for {m} minutes", "create \"{t}\" at {h}, {m} minutes"];
pub const CREATE_NO_TITLE: &[&str] =
    &["add an event on {d} at {h} for {m} minutes", "create an event on {d} at {h}, {m} minutes"];
pub const CREATE_ELSE: &[&str] = &[
    "add \"{t}\" on {d} at {h} for {m} minutes, or at {g} if I am busy",
    "create \"{t}\" on {d} at {h}, {m} minutes, if I am busy at {g}",
];
pub const CREATE_SLOT: &[&str] = &[
    "find an hour for {p} and me on {d} and add \"{t}\" then, 60 minutes",
    "add \"{t}\", 60 minutes, when {p} and I are free on {d}",
];

pub const MOVE: &[&str] = &[
    "move {e} to {d} at {h}",
    "shift {e} to {d}, {h}",
    "{e} should be on {d} at {h}.",
    "put {e} on {d} at {h} instead",
];
pub const MOVE_NO: &[&str] = &["move {e} to {d}", "shift {e} to {d}"];
pub const MOVE_ELSE: &[&str] =
    &["move {e} to {d} at {h}, or at {g} if somebody is busy", "shift {e} to {d} at {h}, if that clashes to {g}"];
pub const MOVE_RELEASE: &[&str] = &[
    "move {e} to {d} at {h}, give the room back if it is taken then",
    "shift {e} to {d} at {h}, without the room if that is taken",
];

pub const CANCEL: &[&str] = &["cancel {e}", "delete {e}", "{e} will not take place, delete it.", "call off {e}"];
pub const CANCEL_NO: &[&str] = &["cancel an event", "call off one of my events"];

pub const INVITE: &[&str] = &["invite {p} to {e}", "add {p} to {e}", "{p} should come to {e}.", "ask {p} to join {e}"];
pub const INVITE_NO: &[&str] = &["invite somebody to {e}", "add a guest to {e}"];
pub const INVITE_MOVE: &[&str] =
    &["invite {p} to {e}, if they are busy move it to {h} first", "add {p} to {e}, move it to {h} if they are busy"];
pub const UNINVITE: &[&str] =
    &["take {p} off {e}", "uninvite {p} from {e}", "{p} need not come to {e}.", "remove {p} from {e}"];
pub const UNINVITE_NO: &[&str] = &["take a guest off {e}", "uninvite somebody from {e}"];

/// For each of the answers.
pub const RESPOND: [&[&str]; 3] = [
    &["accept {e}", "I will come to {e}, accept it.", "say yes to {e}"],
    &["answer {e} with maybe", "say maybe to {e}", "I might come to {e}, answer maybe."],
    &["decline {e}", "I cannot come to {e}, decline it.", "say no to {e}"],
];
pub const RESPOND_NO: &[&str] = &["answer the invitation to {e}", "reply to {e} for me"];

pub const BOOK: &[&str] =
    &["book {r} for {e}", "we want the room {r} for {e}.", "reserve {r} for {e}", "put {e} into {r}"];
pub const BOOK_NO: &[&str] = &["book a room for {e}", "{e} needs a room."];
pub const BOOK_ELSE: &[&str] =
    &["book {r} for {e}, or {q} if that does not work", "reserve {r} for {e}, take {q} if it is refused"];
pub const BOOK_FOUND: &[&str] =
    &["book any free room for {e}, the first you find", "look which rooms are free for {e} and book the first"];
pub const RELEASE: &[&str] = &["give back the room of {e}", "{e} needs no room any more.", "free the room of {e}"];

pub const REMIND: &[&str] = &[
    "remind me {m} minutes before {e}",
    "set a reminder {m} minutes before {e}",
    "set the reminder of {e} to {m} minutes",
];
pub const REMIND_NO: &[&str] = &["remind me of {e}", "set a reminder for {e}"];
pub const REPEAT: &[&str] =
    &["repeat {e} for {w} more weeks", "have {e} again in each of the next {w} weeks", "repeat {e} weekly, {w} times"];
pub const REPEAT_NO: &[&str] = &["repeat {e} weekly", "repeat {e} every week"];

/// Replies to the agent's question.
pub const REPLY: &[&str] = &["{x}.", "I mean {x}.", "It is {x}.", "Take {x}."];
pub const REPLY_TIME: &[&str] = &["At {x}.", "{x}.", "Let us say {x}."];
pub const REPLY_DATE: &[&str] = &["On {x}.", "{x}.", "Let us say {x}."];
pub const REPLY_TITLE: &[&str] = &["\"{x}\".", "Call it \"{x}\".", "The title is \"{x}\"."];
pub const REPLY_NUMBER: &[&str] = &["{x}.", "Make it {x}.", "{x}, I think."];
