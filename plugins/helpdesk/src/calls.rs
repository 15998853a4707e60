//! What each tool does. The host has checked arguments against the tool's schema before they come here; the rules below
//! are those that a schema cannot say. A refusal never changes the state.

use coevo_sdk::talk::tidy;
use coevo_sdk::{ToolError, Value, args, json};

use crate::fail::Fail;
use crate::state::{Escalation, PRIORITIES, REASONS, RESOLUTIONS, Sent, State, TEAMS, Ticket};

/// Tools that work without a session.
const PUBLIC: [&str; 3] = ["login", "search_articles", "get_sla"];

/// Why a call did not happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// A rule of the helpdesk forbids it.
    Rule(Fail),
    /// The arguments do not fit; a host that checks schemas lets none of these through.
    Arguments(ToolError),
}

impl From<Fail> for Refusal {
    fn from(fail: Fail) -> Self {
        Refusal::Rule(fail)
    }
}

impl From<ToolError> for Refusal {
    fn from(error: ToolError) -> Self {
        Refusal::Arguments(error)
    }
}

/// Runs one tool.
///
/// # Errors
/// The rule that forbids it, or the argument that does not fit.
pub fn run(state: &mut State, name: &str, arguments: &Value) -> Result<Value, Refusal> {
    if state.me.is_none() && !PUBLIC.contains(&name) {
        return Err(Fail::NoSession.into());
    }
    let text = |key: &str| args::string(arguments, key);
    let code = |key: &str, known: &[&str]| one_of(key, text(key)?, known);
    let result = match name {
        "login" => login(state, text("user")?, text("pin")?),
        "find_person" => find_person(state, text("name")?),
        "get_team" => get_team(state, code("team", &TEAMS)?),
        "search_tickets" => search_tickets(state, text("word")?),
        "list_tickets" => {
            let status = args::opt_string(arguments, "status")?;
            Ok(list_tickets(state, status, args::opt_string(arguments, "team")?))
        }
        "get_ticket" => get_ticket(state, text("ticket")?),
        "create_ticket" => create_ticket(state, text("title")?, code("team", &TEAMS)?, code("priority", &PRIORITIES)?),
        "set_priority" => set_priority(state, text("ticket")?, code("priority", &PRIORITIES)?),
        "assign" => assign(state, text("ticket")?, text("person")?),
        "add_tag" => add_tag(state, text("ticket")?, text("tag")?),
        "list_files" => Ok(json!({"files": state.files})),
        "attach_file" => attach_file(state, text("ticket")?, text("file")?),
        "escalate" => escalate(state, text("ticket")?, text("person")?, code("reason", &REASONS)?),
        "close_ticket" => close_ticket(state, text("ticket")?, code("resolution", &RESOLUTIONS)?),
        "reopen_ticket" => reopen_ticket(state, text("ticket")?),
        "merge_tickets" => merge_tickets(state, text("ticket")?, text("into")?),
        "send_message" => send_message(state, text("person")?, text("text")?),
        "search_articles" => search_articles(state, text("word")?),
        "get_sla" => Ok(get_sla(state, code("priority", &PRIORITIES)?)),
        other => return Err(ToolError::unknown_tool(other).into()),
    };
    result.map_err(Refusal::Rule)
}

/// The value, if it is one of the known ones.
fn one_of<'a>(key: &str, value: &'a str, known: &[&str]) -> Result<&'a str, ToolError> {
    if known.contains(&value) {
        return Ok(value);
    }
    let details = json!({"argument": key, "expected": known});
    Err(ToolError::new("wrong_value", format!("{key} must be one of {}", known.join(", ")), details))
}

/// Free text as it is kept: two people who say the same thing should leave the same state.
fn plain(text: &str) -> String {
    tidy(text).to_lowercase()
}

fn done() -> Value {
    json!({"ok": true})
}

fn login(state: &mut State, user: &str, pin: &str) -> Result<Value, Fail> {
    if state.me.is_some() {
        return Err(Fail::SignedIn);
    }
    let person = state.person_named(user).ok_or(Fail::UnknownUser)?;
    if person.pin != pin {
        return Err(Fail::WrongPin);
    }
    let id = person.id.clone();
    let result = json!({"you": id, "team": person.team});
    state.me = Some(id);
    Ok(result)
}

fn find_person(state: &State, name: &str) -> Result<Value, Fail> {
    let person = state.person_named(name).ok_or(Fail::UnknownPerson)?;
    Ok(json!({"id": person.id, "name": person.name, "team": person.team}))
}

fn get_team(state: &State, team: &str) -> Result<Value, Fail> {
    let lead = state.lead_of(team).ok_or(Fail::UnknownPerson)?;
    Ok(json!({"team": team, "lead": lead.id}))
}

fn search_tickets(state: &State, word: &str) -> Result<Value, Fail> {
    let word = plain(word);
    let hits: Vec<Value> = state
        .tickets
        .iter()
        .filter(|ticket| !word.is_empty() && ticket.title.contains(&word))
        .map(|ticket| json!({"id": ticket.id, "title": ticket.title}))
        .collect();
    if hits.is_empty() { Err(Fail::NoMatch) } else { Ok(json!({"found": hits})) }
}

fn list_tickets(state: &State, status: Option<&str>, team: Option<&str>) -> Value {
    let ids: Vec<&str> = state
        .tickets
        .iter()
        .filter(|ticket| team.is_none_or(|team| ticket.team == team))
        .filter(|ticket| status.is_none_or(|status| ticket.status() == status))
        .map(|ticket| ticket.id.as_str())
        .collect();
    json!({"tickets": ids})
}

fn get_ticket(state: &State, id: &str) -> Result<Value, Fail> {
    let ticket = state.ticket(id).ok_or(Fail::UnknownTicket)?;
    let owner = ticket.owner.as_deref().unwrap_or("nobody");
    Ok(json!({
        "id": ticket.id, "title": ticket.title, "status": ticket.status(), "team": ticket.team,
        "priority": ticket.priority, "days": ticket.days, "owner": owner,
    }))
}

fn create_ticket(state: &mut State, title: &str, team: &str, priority: &str) -> Result<Value, Fail> {
    let title = plain(title);
    if title.is_empty() {
        return Err(Fail::EmptyText);
    }
    if state.tickets.iter().any(|ticket| ticket.is_open() && ticket.title == title) {
        return Err(Fail::DuplicateTitle);
    }
    let id = format!("t{}", state.next_ticket);
    state.next_ticket += 1;
    state.tickets.push(Ticket {
        id: id.clone(),
        title,
        team: team.into(),
        priority: priority.into(),
        days: 0,
        owner: None,
        resolution: None,
        tags: Vec::new(),
        files: Vec::new(),
        escalation: None,
        merged_into: None,
    });
    Ok(json!({"id": id}))
}

/// The ticket, if it exists and is open.
fn open_ticket<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Ticket, Fail> {
    let ticket = state.ticket_mut(id).ok_or(Fail::UnknownTicket)?;
    if ticket.is_open() { Ok(ticket) } else { Err(Fail::TicketClosed) }
}

fn set_priority(state: &mut State, id: &str, priority: &str) -> Result<Value, Fail> {
    let ticket = open_ticket(state, id)?;
    if ticket.priority == priority {
        return Err(Fail::Unchanged);
    }
    ticket.priority = priority.into();
    Ok(done())
}

/// The person's id, if that person exists and is in the team of the open ticket.
fn team_mate(state: &mut State, id: &str, person: &str) -> Result<String, Fail> {
    let team = open_ticket(state, id)?.team.clone();
    let person = state.person(person).ok_or(Fail::UnknownPerson)?;
    if person.team == team { Ok(person.id.clone()) } else { Err(Fail::NotInTeam) }
}

fn assign(state: &mut State, id: &str, person: &str) -> Result<Value, Fail> {
    let person = team_mate(state, id, person)?;
    let ticket = open_ticket(state, id)?;
    if ticket.owner.as_ref() == Some(&person) {
        return Err(Fail::Unchanged);
    }
    ticket.owner = Some(person);
    Ok(done())
}

fn add_tag(state: &mut State, id: &str, tag: &str) -> Result<Value, Fail> {
    let tag = plain(tag);
    if tag.is_empty() {
        return Err(Fail::EmptyText);
    }
    let ticket = state.ticket_mut(id).ok_or(Fail::UnknownTicket)?;
    if ticket.tags.contains(&tag) {
        return Err(Fail::HasTag);
    }
    ticket.tags.push(tag);
    // Tags are a set: the order in which they were given must not tell two states apart.
    ticket.tags.sort_unstable();
    Ok(done())
}

fn attach_file(state: &mut State, id: &str, file: &str) -> Result<Value, Fail> {
    let file = state.file(file).ok_or(Fail::UnknownFile)?.id.clone();
    let ticket = open_ticket(state, id)?;
    if ticket.files.contains(&file) {
        return Err(Fail::Attached);
    }
    ticket.files.push(file);
    ticket.files.sort_unstable();
    Ok(done())
}

fn escalate(state: &mut State, id: &str, person: &str, reason: &str) -> Result<Value, Fail> {
    let ticket = open_ticket(state, id)?;
    if ticket.escalation.is_some() {
        return Err(Fail::Escalated);
    }
    if !ticket.may_escalate() {
        return Err(Fail::NotEligible);
    }
    let person = team_mate(state, id, person)?;
    open_ticket(state, id)?.escalation = Some(Escalation { person, reason: reason.into() });
    Ok(done())
}

fn close_ticket(state: &mut State, id: &str, resolution: &str) -> Result<Value, Fail> {
    open_ticket(state, id)?.resolution = Some(resolution.into());
    Ok(done())
}

fn reopen_ticket(state: &mut State, id: &str) -> Result<Value, Fail> {
    let ticket = state.ticket_mut(id).ok_or(Fail::UnknownTicket)?;
    if ticket.is_open() {
        return Err(Fail::NotClosed);
    }
    ticket.resolution = None;
    ticket.merged_into = None;
    Ok(done())
}

fn merge_tickets(state: &mut State, id: &str, into: &str) -> Result<Value, Fail> {
    if id == into {
        return Err(Fail::SameTicket);
    }
    open_ticket(state, into)?;
    let ticket = open_ticket(state, id)?;
    ticket.resolution = Some("duplicate".into());
    ticket.merged_into = Some(into.into());
    let (tags, files) = (ticket.tags.clone(), ticket.files.clone());
    let target = open_ticket(state, into)?;
    for (list, more) in [(&mut target.tags, tags), (&mut target.files, files)] {
        list.extend(more);
        list.sort_unstable();
        list.dedup();
    }
    Ok(done())
}

fn send_message(state: &mut State, person: &str, words: &str) -> Result<Value, Fail> {
    let words = plain(words);
    if words.is_empty() {
        return Err(Fail::EmptyText);
    }
    let to = state.person(person).ok_or(Fail::UnknownPerson)?.id.clone();
    state.sent.push(Sent { to, text: words });
    Ok(done())
}

fn search_articles(state: &State, word: &str) -> Result<Value, Fail> {
    let word = plain(word);
    let article = state.articles.iter().find(|article| article.topic == word).ok_or(Fail::NoMatch)?;
    Ok(json!({"id": article.id, "tip": article.tip}))
}

fn get_sla(state: &State, priority: &str) -> Value {
    let rank = PRIORITIES.iter().position(|known| *known == priority).unwrap_or_default();
    json!({"priority": priority, "hours": state.sla[rank]})
}
