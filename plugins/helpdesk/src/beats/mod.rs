//! What users want: one builder for each kind of request. A builder looks for people and tickets that fit, says the
//! request in one of many ways, and lists the calls that carry it out; it returns nothing where the world has no case.

mod escalations;
mod questions;

use coevo_sdk::json;

use crate::fail::Fail;
use crate::state::{PRIORITIES, RESOLUTIONS, Ticket};
use crate::story::{Beat, Draft, Hole, Story, TicketRef};
use crate::talk::{ask, reply, say};
use crate::words::{NEWS, RESOLUTION_TALK, TAGS, TOPICS, TROUBLES};

/// Kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Create,
    Escalate,
    Attach,
    Message,
    Close,
    Reopen,
    Tag,
    Assign,
    Merge,
    Priority,
    Fact,
    List,
    Sla,
    Tip,
}

/// Kinds with their weights.
pub const KINDS: [(Kind, usize); 14] = [
    (Kind::Create, 9),
    (Kind::Escalate, 13),
    (Kind::Attach, 9),
    (Kind::Message, 11),
    (Kind::Close, 9),
    (Kind::Reopen, 5),
    (Kind::Tag, 7),
    (Kind::Assign, 9),
    (Kind::Merge, 4),
    (Kind::Priority, 8),
    (Kind::Fact, 7),
    (Kind::List, 5),
    (Kind::Sla, 5),
    (Kind::Tip, 7),
];

/// A request of this kind, if the world has a case for it.
pub fn build(kind: Kind, story: &mut Story) -> Option<(Draft, Beat)> {
    let mut draft = Draft::default();
    let beat = match kind {
        Kind::Create => create(story, &mut draft),
        Kind::Escalate => match story.rng.below(8) {
            0 => escalations::raise(story, &mut draft),
            1 => escalations::check(story, &mut draft),
            2 | 3 => escalations::attempt(story, &mut draft),
            _ => escalations::escalate(story, &mut draft),
        },
        Kind::Attach => attach(story, &mut draft),
        Kind::Message => message(story, &mut draft),
        Kind::Close => close(story, &mut draft),
        Kind::Reopen => reopen(story, &mut draft),
        Kind::Tag => tag(story, &mut draft),
        Kind::Assign => assign(story, &mut draft),
        Kind::Merge => merge(story, &mut draft),
        Kind::Priority => match story.rng.below(3) {
            0 => priority_reopen(story, &mut draft),
            _ => priority(story, &mut draft),
        },
        Kind::Fact => questions::fact(story, &mut draft),
        Kind::List => questions::list(story, &mut draft),
        Kind::Sla => questions::sla(story, &mut draft),
        Kind::Tip => questions::tip(story, &mut draft),
    }?;
    Some((draft, beat))
}

fn beat(text: String, answer: String) -> Beat {
    Beat { text, hole: None, calls: Vec::new(), answer, facts: Vec::new() }
}

impl Beat {
    fn fact(mut self, text: impl Into<String>) -> Self {
        self.facts.push(text.into());
        self
    }

    fn without(mut self, argument: &'static str, text: String, value: &str, story: &mut Story) -> Self {
        let reply = reply(&mut story.rng, argument, value);
        self.hole = Some(Hole { argument, text, reply });
        self
    }
}

fn open(ticket: &Ticket) -> bool {
    ticket.is_open()
}

fn create(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let used = |topic: &&&str| story.world.tickets.iter().all(|ticket| ticket.topic() != **topic);
    let topics: Vec<&str> = TOPICS.iter().filter(used).copied().collect();
    let title = format!("{} {}", story.rng.pick(&topics), story.rng.pick(&TROUBLES));
    let teams: Vec<&str> = story.world.people.iter().filter(|p| p.lead).map(|p| p.team.as_str()).collect();
    let team = story.rng.pick(&teams).to_owned();
    let prio = story.rng.pick(&PRIORITIES);
    let id = format!("t{}", story.world.next_ticket);
    draft.call("create_ticket", json!({"title": title, "team": team, "priority": prio}));
    draft.learned.push(format!("ticket {id}"));
    draft.focus = Some(id.clone());
    let slots = [("title", title.as_str()), ("team", team.as_str()), ("prio", prio)];
    let text = say(&mut story.rng, ask::CREATE, &slots);
    let made = beat(text, format!("Opened {id}.")).fact(id);
    let (argument, templates, value) = match story.rng.below(3) {
        0 => ("title", ask::CREATE_NO_TITLE, title.as_str()),
        1 => ("team", ask::CREATE_NO_TEAM, team.as_str()),
        _ => ("priority", ask::CREATE_NO_PRIO, prio),
    };
    let hole = say(&mut story.rng, templates, &slots);
    Some(made.without(argument, hole, value, story))
}

/// A code, and how the user puts it: the code itself more often than not.
fn code(
    story: &mut Story,
    codes: &[&'static str; 4],
    talk: &[[&'static str; 3]; 4],
) -> (&'static str, &'static str, bool) {
    let at = story.rng.below(codes.len());
    let literal = story.rng.below(10) < 6;
    (codes[at], if literal { codes[at] } else { story.rng.pick(&talk[at]) }, literal)
}

fn learn_details(draft: &mut Draft, t: &TicketRef) {
    draft.learned.push(format!("details {}", t.id));
    draft.learned.push(format!("ticket {}", t.id));
}

fn attach(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let t = story.ticket(draft, &open)?;
    let file = story.world.files[story.rng.below(story.world.files.len())].clone();
    if story.world.ticket(&t.id)?.files.contains(&file.id) {
        return None;
    }
    if !story.knows("files") {
        draft.call("list_files", json!({}));
        draft.learned.push("files".into());
    }
    draft.call("attach_file", json!({"ticket": t.id, "file": file.id}));
    let slots = [("t", t.words.as_str()), ("file", file.name.as_str())];
    let made = beat(say(&mut story.rng, ask::ATTACH, &slots), format!("Attached {} to {}.", file.id, t.id));
    let hole = say(&mut story.rng, ask::ATTACH_NO_FILE, &slots);
    Some(made.without("file", hole, &file.name, story))
}

fn message(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let everyone: Vec<String> = story.world.people.iter().map(|person| person.id.clone()).collect();
    let p = story.person(draft, &everyone, false)?;
    let tip = story.tip.clone().filter(|_| !story.rng.one_in(4));
    let text = tip.clone().unwrap_or_else(|| story.rng.pick(&NEWS).to_owned());
    draft.call("send_message", json!({"person": p.id, "text": text}));
    let slots = [("p", p.words.as_str()), ("text", text.as_str())];
    let templates = if tip.is_some() { ask::MESSAGE_TIP } else { ask::MESSAGE };
    let made = beat(say(&mut story.rng, templates, &slots), format!("Sent to {}.", p.id));
    Some(if story.rng.one_in(2) {
        let hole = say(&mut story.rng, ask::MESSAGE_NO_TEXT, &slots);
        made.without("text", hole, &text, story)
    } else {
        let hole = say(&mut story.rng, ask::MESSAGE_NO_PERSON, &slots);
        made.without("person", hole, &p.words, story)
    })
}

fn close(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let t = story.ticket(draft, &open)?;
    let (code, how, literal) = code(story, &RESOLUTIONS, &RESOLUTION_TALK);
    draft.call("close_ticket", json!({"ticket": t.id, "resolution": code}));
    let slots = [("t", t.words.as_str()), ("how", how)];
    let text = say(&mut story.rng, if literal { ask::CLOSE } else { ask::CLOSE_TALK }, &slots);
    let made = beat(text, format!("Closed {}.", t.id));
    Some(if literal && story.rng.one_in(3) {
        let hole = say(&mut story.rng, ask::CLOSE_NO_TICKET, &slots);
        made.without("ticket", hole, &t.definite, story)
    } else {
        let hole = say(&mut story.rng, ask::CLOSE_NO_HOW, &slots);
        made.without("resolution", hole, how, story)
    })
}

fn reopen(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let t = story.ticket(draft, &|t| !open(t))?;
    draft.call("reopen_ticket", json!({"ticket": t.id}));
    let slots = [("t", t.words.as_str())];
    let made = beat(say(&mut story.rng, ask::REOPEN, &slots), format!("Reopened {}.", t.id));
    let hole = say(&mut story.rng, ask::REOPEN_NO_TICKET, &slots);
    Some(made.without("ticket", hole, &t.definite, story))
}

fn tag(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let t = story.ticket(draft, &open)?;
    let tag = story.rng.pick(&TAGS);
    draft.call("add_tag", json!({"ticket": t.id, "tag": tag}));
    let slots = [("t", t.words.as_str()), ("tag", tag)];
    let made = beat(say(&mut story.rng, ask::TAG, &slots), format!("Tagged {}.", t.id));
    Some(if story.rng.one_in(3) {
        let hole = say(&mut story.rng, ask::TAG_NO_TICKET, &slots);
        made.without("ticket", hole, &t.definite, story)
    } else {
        let hole = say(&mut story.rng, ask::TAG_NO_TAG, &slots);
        made.without("tag", hole, tag, story)
    })
}

fn assign(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let me = story.world.me.clone();
    let my_team = me.as_ref().and_then(|me| story.world.person(me)).map(|person| person.team.clone());
    let t = story.ticket(draft, &open)?;
    let ticket = story.world.ticket(&t.id)?.clone();
    if let Some(me) = me.filter(|me| my_team.as_ref() == Some(&ticket.team) && ticket.owner.as_ref() != Some(me)) {
        draft.call("assign", json!({"ticket": t.id, "person": me}));
        return Some(beat(say(&mut story.rng, ask::ASSIGN_ME, &[("t", &t.words)]), format!("Assigned {}.", t.id)));
    }
    let others: Vec<String> =
        story.team(&ticket.team).into_iter().filter(|id| ticket.owner.as_ref() != Some(id)).collect();
    let p = story.person(draft, &others, false)?;
    draft.call("assign", json!({"ticket": t.id, "person": p.id}));
    let slots = [("t", t.words.as_str()), ("p", p.words.as_str())];
    let made = beat(say(&mut story.rng, ask::ASSIGN, &slots), format!("Assigned {}.", t.id));
    Some(if story.rng.one_in(3) {
        let hole = say(&mut story.rng, ask::ASSIGN_NO_TICKET, &slots);
        made.without("ticket", hole, &t.definite, story)
    } else {
        let hole = say(&mut story.rng, ask::ASSIGN_NO_PERSON, &slots);
        made.without("person", hole, &p.words, story)
    })
}

fn merge(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let t = story.ticket(draft, &open)?;
    let into = story.ticket(draft, &|other| open(other) && other.id != t.id)?;
    draft.call("merge_tickets", json!({"ticket": t.id, "into": into.id}));
    // "It" could be either of the two once both are named, so the second is named in full.
    let slots = [("t", t.words.as_str()), ("into", into.definite.as_str())];
    let made = beat(say(&mut story.rng, ask::MERGE, &slots), format!("Merged {} into {}.", t.id, into.id));
    let hole = say(&mut story.rng, ask::MERGE_NO_INTO, &slots);
    Some(made.without("into", hole, &into.definite, story))
}

fn priority(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let t = story.ticket(draft, &open)?;
    let now = story.world.ticket(&t.id)?.priority.clone();
    let others: Vec<&str> = PRIORITIES.iter().filter(|prio| **prio != now).copied().collect();
    let prio = story.rng.pick(&others);
    draft.call("set_priority", json!({"ticket": t.id, "priority": prio}));
    let slots = [("t", t.words.as_str()), ("prio", prio)];
    let made = beat(say(&mut story.rng, ask::PRIORITY, &slots), format!("Set {} to {prio}.", t.id));
    Some(if story.rng.one_in(3) {
        let hole = say(&mut story.rng, ask::PRIORITY_NO_TICKET, &slots);
        made.without("ticket", hole, &t.definite, story)
    } else {
        let hole = say(&mut story.rng, ask::PRIORITY_NO_PRIO, &slots);
        made.without("priority", hole, prio, story)
    })
}

/// Sets a priority and reopens the ticket when that is refused.
fn priority_reopen(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let closed = !story.rng.one_in(4);
    let t = story.ticket(draft, &|t| open(t) != closed)?;
    let now = story.world.ticket(&t.id)?.priority.clone();
    let others: Vec<&str> = PRIORITIES.iter().filter(|prio| **prio != now).copied().collect();
    let prio = story.rng.pick(&others);
    let arguments = json!({"ticket": t.id, "priority": prio});
    if closed {
        draft.refused("set_priority", arguments.clone(), Fail::TicketClosed);
        draft.call("reopen_ticket", json!({"ticket": t.id}));
    }
    draft.call("set_priority", arguments);
    let slots = [("t", t.words.as_str()), ("prio", prio)];
    Some(beat(say(&mut story.rng, ask::PRIORITY_REOPEN, &slots), format!("Set {} to {prio}.", t.id)))
}
