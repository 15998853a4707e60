//! What a helpdesk is made of: people, tickets, an inbox of files, articles and sent messages.
//!
//! Lists stay in their order of creation and objects refer to each other by short ids (`u3`, `t14`, `f2`, `k1`), so that
//! equal histories give equal states. Fields that a hand-written initial state may leave out have defaults. A world holds a dozen objects: plain lists beat maps in size and in speed here.

use serde::{Deserialize, Serialize};

/// A ticket older than this may be escalated whatever its priority.
pub const ESCALATE_AFTER_DAYS: u32 = 7;
/// Priorities, lowest first; [`State::sla`] has their hours in the same order.
pub const PRIORITIES: [&str; 3] = ["low", "normal", "high"];
/// Teams that own tickets.
pub const TEAMS: [&str; 4] = ["network", "desktop", "security", "billing"];
/// Why a ticket is escalated.
pub const REASONS: [&str; 4] = ["outage", "security", "deadline", "vip"];
/// How a ticket was closed.
pub const RESOLUTIONS: [&str; 4] = ["fixed", "duplicate", "declined", "no_reply"];

/// Somebody who can sign in, own tickets and get messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub id: String,
    pub name: String,
    /// Four digits.
    pub pin: String,
    pub team: String,
    /// Whether this person leads the team.
    pub lead: bool,
}

/// One request for help.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    pub id: String,
    pub title: String,
    pub team: String,
    pub priority: String,
    /// Age in days.
    pub days: u32,
    /// Id of the person who works on it.
    #[serde(default)]
    pub owner: Option<String>,
    /// Present once the ticket is closed.
    #[serde(default)]
    pub resolution: Option<String>,
    #[serde(default)]
    pub tags: Vec<String>,
    /// Ids of attached files.
    #[serde(default)]
    pub files: Vec<String>,
    #[serde(default)]
    pub escalation: Option<Escalation>,
    /// The ticket that this one was merged into.
    #[serde(default)]
    pub merged_into: Option<String>,
}

/// Who has to look at a ticket now, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Escalation {
    pub person: String,
    pub reason: String,
}

/// A file in the inbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct File {
    pub id: String,
    pub name: String,
}

/// A page of the knowledge base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Article {
    pub id: String,
    pub topic: String,
    pub tip: String,
}

/// A message that was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    pub to: String,
    pub text: String,
}

/// The whole world of one episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Id of the person who is signed in.
    #[serde(default)]
    pub me: Option<String>,
    pub people: Vec<Person>,
    pub tickets: Vec<Ticket>,
    pub files: Vec<File>,
    pub articles: Vec<Article>,
    /// Hours to a first answer, by priority.
    pub sla: [u32; 3],
    #[serde(default)]
    pub sent: Vec<Sent>,
    /// Number of the next ticket.
    pub next_ticket: u32,
    /// Where not 0, results carry irrelevant material drawn from this number.
    #[serde(default)]
    pub clutter: u64,
}

impl Ticket {
    /// Whether nobody has closed or merged it.
    pub fn is_open(&self) -> bool {
        self.resolution.is_none()
    }

    /// The escalation rule: high priority, or older than [`ESCALATE_AFTER_DAYS`].
    pub fn may_escalate(&self) -> bool {
        self.priority == "high" || self.days > ESCALATE_AFTER_DAYS
    }

    /// First word of the title.
    pub fn topic(&self) -> &str {
        self.title.split(' ').next().unwrap_or_default()
    }

    /// `open` or `closed`.
    pub fn status(&self) -> &'static str {
        if self.is_open() { "open" } else { "closed" }
    }
}

impl State {
    /// The person with this id.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    /// The person with this name, whatever its case.
    pub fn person_named(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.name.eq_ignore_ascii_case(name.trim()))
    }

    /// The leader of a team.
    pub fn lead_of(&self, team: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.lead && person.team == team)
    }

    /// The ticket with this id.
    pub fn ticket(&self, id: &str) -> Option<&Ticket> {
        self.tickets.iter().find(|ticket| ticket.id == id)
    }

    /// The same, to change it.
    pub fn ticket_mut(&mut self, id: &str) -> Option<&mut Ticket> {
        self.tickets.iter_mut().find(|ticket| ticket.id == id)
    }

    /// The file with this id.
    pub fn file(&self, id: &str) -> Option<&File> {
        self.files.iter().find(|file| file.id == id)
    }

    /// What must hold of every world that a task may begin with.
    ///
    /// # Errors
    /// Names the first broken rule and the offending id.
    pub fn check(&self) -> Result<(), String> {
        let mut ids: Vec<&str> = Vec::new();
        ids.extend(self.people.iter().map(|person| person.id.as_str()));
        ids.extend(self.tickets.iter().map(|ticket| ticket.id.as_str()));
        ids.extend(self.files.iter().map(|file| file.id.as_str()));
        ids.extend(self.articles.iter().map(|article| article.id.as_str()));
        ids.sort_unstable();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("id {} appears twice", pair[0]));
        }
        if let Some(me) = self.me.as_deref().filter(|me| self.person(me).is_none()) {
            return Err(format!("{me} is signed in but is no person"));
        }
        if let Some(person) = self.people.iter().find(|person| !TEAMS.contains(&person.team.as_str())) {
            return Err(format!("{} is in team {}, which does not exist", person.id, person.team));
        }
        for ticket in &self.tickets {
            if !TEAMS.contains(&ticket.team.as_str()) {
                return Err(format!("{} belongs to team {}, which does not exist", ticket.id, ticket.team));
            }
            if !PRIORITIES.contains(&ticket.priority.as_str()) {
                return Err(format!("{} has priority {}, which does not exist", ticket.id, ticket.priority));
            }
            if let Some(owner) = ticket.owner.as_deref().filter(|owner| self.person(owner).is_none()) {
                return Err(format!("{} is owned by {owner}, who is no person", ticket.id));
            }
            if let Some(file) = ticket.files.iter().find(|file| self.file(file).is_none()) {
                return Err(format!("{} has file {file}, which does not exist", ticket.id));
            }
        }
        if self.tickets.iter().any(|ticket| ticket.id == format!("t{}", self.next_ticket)) {
            return Err(format!("next ticket t{} exists already", self.next_ticket));
        }
        Ok(())
    }
}
