//! A story in the making: the world as it stands, what the conversation has already made known, and how people and
//! tickets are referred to.
//!
//! The reference looks an id up exactly when the conversation has not given it yet, so that it can be inferred from what
//! the agent reads and nothing is asked twice.

use std::collections::BTreeSet;

use coevo_sdk::{Rng, Value, json};

use crate::calls;
use crate::fail::Fail;
use crate::state::{State, Ticket};

/// A call of the reference.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: &'static str,
    pub arguments: Value,
    /// The refusal that the reference runs into and recovers from.
    pub refused: Option<Fail>,
}

/// A required value that the missing-parameter variant leaves out.
#[derive(Clone, Debug)]
pub struct Hole {
    /// The argument.
    pub argument: &'static str,
    /// The request without it.
    pub text: String,
    /// The user's reply when asked for it.
    pub reply: String,
}

/// One user turn of a story.
#[derive(Clone, Debug)]
pub struct Beat {
    pub text: String,
    pub hole: Option<Hole>,
    pub calls: Vec<Call>,
    pub answer: String,
    /// Each must be in the answer.
    pub facts: Vec<String>,
}

impl Beat {
    /// The tool that the request is about: the last one called.
    pub fn key(&self) -> &'static str {
        self.calls.last().map_or("", |call| call.name)
    }
}

/// What a beat does to the story once it is accepted.
#[derive(Default)]
pub struct Draft {
    pub calls: Vec<Call>,
    /// What the conversation makes known.
    pub learned: Vec<String>,
    /// The ticket that "it" means afterwards.
    pub focus: Option<String>,
    /// The tip that "that tip" means afterwards.
    pub tip: Option<String>,
}

impl Draft {
    /// Adds a call.
    pub fn call(&mut self, name: &'static str, arguments: Value) {
        self.calls.push(Call { name, arguments, refused: None });
    }

    /// Adds a call that will be refused.
    pub fn refused(&mut self, name: &'static str, arguments: Value, fail: Fail) {
        self.calls.push(Call { name, arguments, refused: Some(fail) });
    }
}

/// A ticket as the user names it.
#[derive(Clone, Debug)]
pub struct TicketRef {
    pub id: String,
    /// In the running conversation, possibly "it".
    pub words: String,
    /// Where the conversation has not named it just before.
    pub definite: String,
}

/// A person as the user names them.
#[derive(Clone, Debug)]
pub struct PersonRef {
    pub id: String,
    pub words: String,
}

/// The state of a story.
pub struct Story {
    pub world: State,
    pub rng: Rng,
    known: BTreeSet<String>,
    focus: Option<String>,
    pub tip: Option<String>,
}

impl Story {
    /// A story that begins in `world`; whoever is signed in is known by name and id.
    pub fn new(world: State, rng: Rng) -> Self {
        let known = world.me.iter().map(|me| format!("person {me}")).collect();
        Self { world, rng, known, focus: None, tip: None }
    }

    /// Whether the conversation has already given this (`ticket t14`, `details t14`, `person u3`, `lead network`, `files`).
    pub fn knows(&self, what: &str) -> bool {
        self.known.contains(what)
    }

    /// A ticket for which `fits` holds. Adds the lookup that it needs.
    pub fn ticket(&mut self, draft: &mut Draft, fits: &dyn Fn(&Ticket) -> bool) -> Option<TicketRef> {
        let focus = self.focus.clone().and_then(|id| self.world.ticket(&id)).filter(|ticket| fits(ticket)).cloned();
        if let Some(ticket) = focus.filter(|_| !self.rng.one_in(3)) {
            let definite =
                if self.knows(&format!("ticket {}", ticket.id)) { self.named(&ticket) } else { ticket.id.clone() };
            draft.focus = Some(ticket.id.clone());
            let words = self.rng.pick(&["it", "that ticket", "this ticket"]).to_owned();
            return Some(TicketRef { id: ticket.id, words, definite });
        }
        let other = |ticket: &&Ticket| fits(ticket) && self.focus.as_ref() != Some(&ticket.id);
        let candidates: Vec<Ticket> = self.world.tickets.iter().filter(other).cloned().collect();
        if candidates.is_empty() {
            return None;
        }
        let ticket = &candidates[self.rng.below(candidates.len())];
        let words = if self.knows(&format!("ticket {}", ticket.id)) {
            self.named(ticket)
        } else if self.rng.below(10) < 6 {
            draft.call("search_tickets", json!({"word": ticket.topic()}));
            draft.learned.push(format!("ticket {}", ticket.id));
            format!("the {} ticket", ticket.topic())
        } else {
            self.by_id(ticket)
        };
        draft.focus = Some(ticket.id.clone());
        Some(TicketRef { id: ticket.id.clone(), definite: words.clone(), words })
    }

    fn named(&mut self, ticket: &Ticket) -> String {
        if self.rng.one_in(2) { format!("the {} ticket", ticket.topic()) } else { self.by_id(ticket) }
    }

    fn by_id(&mut self, ticket: &Ticket) -> String {
        if self.rng.one_in(2) { format!("ticket {}", ticket.id) } else { ticket.id.clone() }
    }

    /// One of the people (ids), with the lookup that the reference needs. With `short`, one that needs none.
    pub fn person(&mut self, draft: &mut Draft, among: &[String], short: bool) -> Option<PersonRef> {
        let others: Vec<&String> = among.iter().filter(|id| self.world.me.as_ref() != Some(*id)).collect();
        if others.is_empty() {
            return None;
        }
        let id = others[self.rng.below(others.len())].clone();
        let person = self.world.person(&id)?.clone();
        if self.knows(&format!("person {id}")) {
            return Some(PersonRef { id, words: person.name });
        }
        if short || self.rng.one_in(5) {
            draft.learned.push(format!("person {id}"));
            let words = format!("{} ({id})", person.name);
            return Some(PersonRef { id, words });
        }
        if person.lead && self.rng.one_in(2) {
            let lead = format!("lead {}", person.team);
            if !self.knows(&lead) {
                draft.call("get_team", json!({"team": person.team}));
                draft.learned.push(lead);
            }
            return Some(PersonRef { id, words: format!("the {} lead", person.team) });
        }
        draft.call("find_person", json!({"name": person.name}));
        draft.learned.push(format!("person {id}"));
        Some(PersonRef { id, words: person.name })
    }

    /// Ids of everyone in a team.
    pub fn team(&self, team: &str) -> Vec<String> {
        self.world.people.iter().filter(|person| person.team == team).map(|person| person.id.clone()).collect()
    }

    /// Plays an accepted draft and returns its calls.
    ///
    /// # Errors
    /// When a call ends in another way than the draft says, which a story must never let happen.
    pub fn play(&mut self, draft: Draft) -> Result<Vec<Call>, String> {
        for call in &draft.calls {
            let outcome = calls::run(&mut self.world, call.name, &call.arguments);
            match (outcome, call.refused) {
                (Ok(_), None) => {}
                (Err(calls::Refusal::Rule(fail)), Some(expected)) if fail == expected => {}
                (outcome, _) => return Err(format!("story: {call:?} ended in {outcome:?}")),
            }
        }
        self.known.extend(draft.learned);
        self.focus = draft.focus;
        self.tip = draft.tip;
        Ok(draft.calls)
    }
}
