//! The tools as the agent and the interface rules see them: signatures, enums, pre-conditions, typed errors.
//!
//! Descriptions are a few words: an agent with a context of a thousand tokens reads a dozen of them in every episode.

use coevo_sdk::{Tool, Ty};

use crate::fail::Fail;
use crate::state::{PRIORITIES, REASONS, RESOLUTIONS, TEAMS};

const SESSION: &str = "Somebody must be signed in.";
const OPEN: &str = "The ticket must be open.";
const TICKET: &str = "^t[0-9]+$";
const PERSON: &str = "^u[0-9]+$";
const FILE: &str = "^f[0-9]+$";

/// All tools, in the order in which they are offered.
pub fn all() -> Vec<Tool> {
    use Fail::*;
    vec![
        fails(Tool::new("login").doc("sign in").mutates(), &[SignedIn, UnknownUser, WrongPin])
            .arg("user", Ty::String, "first name")
            .arg("pin", Ty::String, "four digits")
            .pattern("^[0-9]{4}$")
            .returns("you", Ty::String)
            .returns("team", Ty::String)
            .pre("Nobody is signed in yet."),
        fails(session("find_person", "id of a person"), &[UnknownPerson])
            .arg("name", Ty::String, "first name")
            .returns("id", Ty::String)
            .returns("name", Ty::String)
            .returns("team", Ty::String),
        fails(session("get_team", "who leads a team"), &[UnknownPerson])
            .arg("team", Ty::String, "team")
            .one_of(&TEAMS)
            .returns("team", Ty::String)
            .returns("lead", Ty::String),
        fails(session("search_tickets", "tickets with a word in the title"), &[NoMatch])
            .arg("word", Ty::String, "one word")
            .returns("found", Ty::List(&[("id", Ty::String), ("title", Ty::String)])),
        session("list_tickets", "ids of tickets")
            .opt("status", Ty::String, "open or closed")
            .one_of(&["open", "closed"])
            .opt("team", Ty::String, "team")
            .one_of(&TEAMS)
            .returns("tickets", Ty::Strings),
        fails(ticket_tool("get_ticket", "details of a ticket"), &[])
            .returns("id", Ty::String)
            .returns("title", Ty::String)
            .returns("status", Ty::String)
            .returns("team", Ty::String)
            .returns("priority", Ty::String)
            .returns("days", Ty::Int)
            .returns("owner", Ty::String),
        fails(session("create_ticket", "open a ticket").mutates(), &[DuplicateTitle, EmptyText])
            .arg("title", Ty::String, "a few words")
            .arg("team", Ty::String, "team that will own it")
            .one_of(&TEAMS)
            .arg("priority", Ty::String, "priority")
            .one_of(&PRIORITIES)
            .returns("id", Ty::String)
            .pre("No open ticket has the same title."),
        changes("set_priority", "change a priority", &[TicketClosed, Unchanged])
            .arg("priority", Ty::String, "the new one")
            .one_of(&PRIORITIES)
            .pre(OPEN)
            .pre("The priority must be a new one."),
        changes("assign", "give a ticket to a person", &[TicketClosed, UnknownPerson, NotInTeam, Unchanged])
            .arg("person", Ty::String, "id of a person")
            .pattern(PERSON)
            .pre(OPEN)
            .pre("The person must be in the ticket's team."),
        changes("add_tag", "tag a ticket", &[HasTag, EmptyText])
            .arg("tag", Ty::String, "one word")
            .pre("The ticket must not have the tag."),
        session("list_files", "files in the inbox")
            .returns("files", Ty::List(&[("id", Ty::String), ("name", Ty::String)])),
        changes("attach_file", "attach a file to a ticket", &[TicketClosed, UnknownFile, Attached])
            .arg("file", Ty::String, "id of a file")
            .pattern(FILE)
            .pre(OPEN)
            .pre("The file must be in the inbox."),
        changes(
            "escalate",
            "escalate a ticket to a person",
            &[TicketClosed, Escalated, NotEligible, UnknownPerson, NotInTeam],
        )
        .arg("person", Ty::String, "id of a person")
        .pattern(PERSON)
        .arg("reason", Ty::String, "reason code")
        .one_of(&REASONS)
        .pre(OPEN)
        .pre("The ticket must have high priority or be older than 7 days.")
        .pre("The person must be in the ticket's team."),
        changes("close_ticket", "close a ticket", &[TicketClosed])
            .arg("resolution", Ty::String, "how it ended")
            .one_of(&RESOLUTIONS)
            .pre(OPEN),
        changes("reopen_ticket", "reopen a ticket", &[NotClosed]).pre("The ticket must be closed."),
        changes("merge_tickets", "merge a ticket into another", &[TicketClosed, SameTicket])
            .arg("into", Ty::String, "id of the ticket that stays")
            .pattern(TICKET)
            .pre("Both tickets must be open."),
        fails(session("send_message", "write to a person").mutates(), &[UnknownPerson, EmptyText])
            .arg("person", Ty::String, "id of a person")
            .pattern(PERSON)
            .arg("text", Ty::String, "the words")
            .returns("ok", Ty::Bool),
        fails(Tool::new("search_articles").doc("tips of the knowledge base"), &[NoMatch])
            .arg("word", Ty::String, "one word")
            .returns("id", Ty::String)
            .returns("tip", Ty::String),
        Tool::new("get_sla")
            .doc("hours allowed for a priority")
            .arg("priority", Ty::String, "priority")
            .one_of(&PRIORITIES)
            .returns("priority", Ty::String)
            .returns("hours", Ty::Int),
    ]
}

fn fails(tool: Tool, list: &[Fail]) -> Tool {
    list.iter().fold(tool, |tool, fail| tool.error(fail.code(), fail.message()))
}

/// A tool that needs a session.
fn session(name: &'static str, doc: &'static str) -> Tool {
    fails(Tool::new(name).doc(doc), &[Fail::NoSession]).pre(SESSION)
}

/// A tool about one ticket.
fn ticket_tool(name: &'static str, doc: &'static str) -> Tool {
    fails(session(name, doc), &[Fail::UnknownTicket]).arg("ticket", Ty::String, "id of a ticket").pattern(TICKET)
}

/// A tool that changes one ticket.
fn changes(name: &'static str, doc: &'static str, list: &[Fail]) -> Tool {
    fails(ticket_tool(name, doc), list).mutates().returns("ok", Ty::Bool)
}
