//! How users of the helpdesk put things.

use coevo_sdk::Rng;
use coevo_sdk::talk::fill;
pub use coevo_sdk::talk::say;

/// The user's answer to a question for `argument`. A bare value keeps its spelling: it may be a code.
pub fn reply(rng: &mut Rng, argument: &str, value: &str) -> String {
    fill(rng.pick(replies(argument)), &[("x", value)])
}

/// Requests and questions, by intent.
pub mod ask {
    pub const LOGIN: &[&str] = &[
        "I am {name}, pin {pin}.",
        "This is {name} and my pin is {pin}.",
        "sign me in as {name} with pin {pin}",
        "log in as {name}, the pin is {pin}",
        "{name} here, pin {pin}.",
    ];
    pub const LOGIN_DOUBT: &[&str] = &[
        "I am {name}, my pin is {old} or else {pin}.",
        "sign me in as {name} with pin {old}, or {pin} if that is wrong",
        "log in as {name}, pin {old}, the newer one is {pin}",
    ];
    pub const LOGIN_NO_PIN: &[&str] = &["sign me in, i am {name}", "log in as {name}", "{name} here, sign me in."];

    pub const CREATE: &[&str] = &[
        "open a {prio} ticket \"{title}\" for the {team} team",
        "create a ticket \"{title}\" for {team} with {prio} priority",
        "file \"{title}\" with the {team} team, priority {prio}",
        "we need a {prio} ticket for {team}: \"{title}\".",
        "add a new ticket for {team}, \"{title}\", {prio} priority",
    ];
    pub const CREATE_NO_PRIO: &[&str] =
        &["open a ticket \"{title}\" for the {team} team", "file \"{title}\" with the {team} team"];
    pub const CREATE_NO_TEAM: &[&str] =
        &["open a {prio} ticket \"{title}\"", "create a ticket \"{title}\" with {prio} priority"];
    pub const CREATE_NO_TITLE: &[&str] =
        &["open a {prio} ticket for the {team} team", "create a ticket for {team} with {prio} priority"];

    pub const ESCALATE: &[&str] = &[
        "escalate {t} to {p}, {why}",
        "{t} must be escalated to {p}, {why}.",
        "pass {t} up to {p}, {why}",
        "escalate {t}, {why}, {p} should take it",
    ];
    pub const ESCALATE_NO_REASON: &[&str] = &["escalate {t} to {p}", "{t} must be escalated to {p}."];
    pub const ESCALATE_NO_PERSON: &[&str] = &["escalate {t}, {why}", "{t} must be escalated, {why}."];

    pub const RAISE: &[&str] = &[
        "raise {t} to high and escalate it to {p}, {why}",
        "set {t} to high priority, then escalate it to {p}, {why}",
        "make {t} high first, then escalate it to {p}, {why}",
    ];
    pub const CHECK: &[&str] = &[
        "check {t} and escalate it to {p}, {why}, raise it first if needed",
        "look at {t}, raise it if needed, then escalate it to {p}, {why}",
    ];

    pub const TRY: &[&str] = &[
        "escalate {t} to {p}, {why}, raise it if that is refused",
        "try to escalate {t} to {p}, {why}, make it high if you must",
    ];

    pub const ATTACH: &[&str] = &[
        "attach {file} to {t}",
        "add the file {file} to {t}",
        "put {file} from the inbox on {t}",
        "{file} belongs to {t}, attach it.",
    ];
    pub const ATTACH_NO_FILE: &[&str] = &["attach a file to {t}", "put one of my files on {t}"];

    pub const MESSAGE: &[&str] = &[
        "tell {p}: \"{text}\"",
        "send {p} the message \"{text}\"",
        "write to {p}: \"{text}\"",
        "let {p} know this: \"{text}\".",
        "message {p} with \"{text}\"",
    ];
    pub const MESSAGE_TIP: &[&str] =
        &["send that tip to {p}", "tell {p} that tip", "forward the tip to {p}", "{p} should get this tip too."];
    pub const MESSAGE_NO_TEXT: &[&str] = &["send {p} a message", "i want to write to {p}."];
    pub const MESSAGE_NO_PERSON: &[&str] = &["send the message \"{text}\"", "tell somebody: \"{text}\""];

    pub const CLOSE: &[&str] = &[
        "close {t} as {how}",
        "close {t}, resolution {how}",
        "{t} can be closed as {how}.",
        "finish {t} with the resolution {how}",
    ];
    pub const CLOSE_TALK: &[&str] = &["close {t}, {how}", "{t} can be closed, {how}.", "close {t} because {how}"];
    pub const CLOSE_NO_HOW: &[&str] = &["close {t}", "{t} can be closed."];
    pub const CLOSE_NO_TICKET: &[&str] = &["close one of the tickets as {how}", "a ticket can be closed as {how}."];

    pub const REOPEN: &[&str] =
        &["reopen {t}", "open {t} again", "{t} was closed too early, reopen it.", "bring {t} back, it is not solved"];
    pub const REOPEN_NO_TICKET: &[&str] = &["reopen a ticket", "one of the closed tickets must be reopened."];

    pub const TAG: &[&str] =
        &["tag {t} as {tag}", "add the tag {tag} to {t}", "label {t} {tag}", "{t} needs the tag {tag}."];
    pub const TAG_NO_TAG: &[&str] = &["add a tag to {t}", "{t} needs a tag."];
    pub const TAG_NO_TICKET: &[&str] = &["add the tag {tag} to a ticket", "a ticket needs the tag {tag}."];

    pub const ASSIGN: &[&str] = &[
        "assign {t} to {p}",
        "give {t} to {p}",
        "hand {t} over to {p}",
        "{p} should work on {t}.",
        "make {p} the owner of {t}",
    ];
    pub const ASSIGN_ME: &[&str] = &["assign {t} to me", "give {t} to me", "i will work on {t}, assign it to me."];
    pub const ASSIGN_NO_PERSON: &[&str] = &["assign {t} to a colleague", "somebody else should work on {t}."];
    pub const ASSIGN_NO_TICKET: &[&str] = &["assign a ticket to {p}", "{p} should work on a ticket."];

    pub const MERGE: &[&str] =
        &["merge {t} into {into}", "{t} is the same as {into}, merge it into that one.", "fold {t} into {into}"];
    pub const MERGE_NO_INTO: &[&str] = &["merge {t} into another ticket", "{t} repeats another ticket, merge it."];

    pub const PRIORITY: &[&str] = &[
        "set {t} to {prio} priority",
        "change the priority of {t} to {prio}",
        "{t} should have {prio} priority.",
        "make {t} {prio} priority",
    ];
    pub const PRIORITY_REOPEN: &[&str] = &[
        "set {t} to {prio} priority, reopen it if it is closed",
        "make {t} {prio} priority, if it is closed open it again first",
        "{t} should have {prio} priority, reopen it if you must.",
    ];
    pub const PRIORITY_NO_PRIO: &[&str] = &["change the priority of {t}", "{t} should have another priority."];
    pub const PRIORITY_NO_TICKET: &[&str] =
        &["set a ticket to {prio} priority", "a ticket should have {prio} priority."];

    pub const OWNER: &[&str] = &["Who works on {t}?", "Who is the owner of {t}?", "look up who owns {t}"];
    pub const DAYS: &[&str] = &["How old is {t}?", "How many days old is {t}?", "tell me the age of {t}"];
    pub const RANK: &[&str] = &["What priority does {t} have?", "How urgent is {t}?", "look up the priority of {t}"];
    pub const TEAM: &[&str] = &["Which team has {t}?", "Whose team is {t} with?", "look up the team of {t}"];
    pub const FACT_NO_TICKET: &[&str] = &["look up the {fact} of a ticket", "I need the {fact} of a ticket."];

    pub const LIST: &[&str] = &[
        "Which {status} tickets does {team} have?",
        "list the {status} tickets of {team}",
        "What is {status} in the {team} team?",
        "show me the {status} {team} tickets",
    ];

    pub const SLA: &[&str] = &[
        "How many hours do we have for {prio} tickets?",
        "What is the time limit for {prio} priority?",
        "look up the hours for {prio} priority",
    ];
    pub const SLA_NO_PRIO: &[&str] = &["How many hours do we have for a ticket?", "look up the time limit"];
    pub const SLA_TICKET: &[&str] = &[
        "How many hours do we have for {t}?",
        "What is the time limit for {t}?",
        "look up the hours for {t} by its priority",
    ];

    pub const TIP: &[&str] = &[
        "Any tip for the {topic}?",
        "What does the knowledge base say about the {topic}?",
        "search the articles for {topic}",
        "My {topic} has trouble, what can I do?",
        "find help about the {topic}",
    ];
    pub const TIP_NO_TOPIC: &[&str] = &["search the articles", "look in the knowledge base for me"];
}

/// Answers to the agent's questions, by the argument that was missing; `{x}` is the value in words.
fn replies(argument: &str) -> &'static [&'static str] {
    match argument {
        "pin" => &["{x}.", "The pin is {x}.", "My pin: {x}."],
        "title" => &["\"{x}\".", "Call it \"{x}\".", "The title is \"{x}\"."],
        "text" => &["\"{x}\".", "Write \"{x}\".", "The text is \"{x}\"."],
        "team" => &["{x}.", "The {x} team.", "For {x}."],
        "priority" => &["{x}.", "Make it {x}.", "{x} priority."],
        "person" => &["{x}.", "To {x}.", "It is for {x}."],
        "into" | "ticket" => &["{x}.", "I mean {x}.", "It is {x}."],
        "reason" | "resolution" => &["{x}.", "Well, {x}."],
        "file" => &["{x}.", "The file {x}.", "Take {x}."],
        "tag" => &["{x}.", "The tag {x}.", "Use {x}."],
        _ => &["{x}.", "The word is {x}.", "About {x}."],
    }
}
