//! Whose calendar it is, who else is there, the rooms and the events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::{OFFICE, day, minute};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub name: String,
    /// Hours ahead of the calendar owner's time.
    pub ahead: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Open,
    Accept,
    Maybe,
    Decline,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub title: String,
    /// `MM-DD`
    pub date: String,
    /// `HH:MM`
    pub start: String,
    pub minutes: u32,
    /// Who called it.
    pub owner: u32,
    /// Guests and what they answered; whoever declined is free.
    pub guests: BTreeMap<u32, Answer>,
    pub room: Option<String>,
    /// Minutes before the start.
    pub reminder: Option<u32>,
}

/// The whole world of one episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// `MM-DD`
    pub today: String,
    /// Whose calendar it is.
    pub me: u32,
    pub people: BTreeMap<u32, Person>,
    /// Seats by name.
    pub rooms: BTreeMap<String, u32>,
    pub events: BTreeMap<u32, Event>,
    /// Number of the next event.
    pub next_event: u32,
    /// Where not 0, results carry irrelevant material drawn from this number.
    #[serde(default)]
    pub clutter: u64,
}

/// A stretch of time in one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub date: String,
    /// Minute of the day.
    pub from: u32,
    pub minutes: u32,
}

impl Span {
    fn meets(&self, other: &Span) -> bool {
        self.date == other.date && self.from < other.from + other.minutes && other.from < self.from + self.minutes
    }

    /// Whether the office is open all the while.
    pub fn in_office(&self) -> bool {
        OFFICE.0 <= self.from && self.from + self.minutes <= OFFICE.1
    }
}

impl Event {
    /// When it is.
    pub fn span(&self) -> Span {
        Span { date: self.date.clone(), from: minute(&self.start).unwrap_or(0), minutes: self.minutes }
    }

    /// Whether somebody takes part.
    pub fn has(&self, person: u32) -> bool {
        self.owner == person || self.guests.get(&person).is_some_and(|answer| *answer != Answer::Decline)
    }
}

impl State {
    /// The event that keeps somebody from another one at this time, if there is one.
    pub fn clash(&self, person: u32, span: &Span, except: Option<u32>) -> Option<u32> {
        let at_once =
            |(id, event): &(&u32, &Event)| Some(**id) != except && event.has(person) && event.span().meets(span);
        self.events.iter().find(at_once).map(|(id, _)| *id)
    }

    /// Whether a room is taken by another event.
    pub fn is_taken(&self, room: &str, span: &Span, except: Option<u32>) -> bool {
        let at_once = |(id, event): (&u32, &Event)| {
            Some(*id) != except && event.room.as_deref() == Some(room) && event.span().meets(span)
        };
        self.events.iter().any(at_once)
    }

    /// The first full hour of a day in which all are free.
    pub fn slot(&self, people: &[u32], date: &str) -> Option<u32> {
        let hours = (OFFICE.0..OFFICE.1).step_by(60);
        let free = |from: &u32| {
            let span = Span { date: date.to_owned(), from: *from, minutes: 60 };
            people.iter().all(|person| self.clash(*person, &span, None).is_none())
        };
        hours.into_iter().find(free)
    }

    /// What must hold of every world that a task may begin with.
    ///
    /// # Errors
    /// Names the first broken rule and the offending value.
    pub fn check(&self) -> Result<(), String> {
        day(&self.today).ok_or_else(|| format!("today {:?} is no MM-DD", self.today))?;
        if !self.people.contains_key(&self.me) {
            return Err(format!("the calendar is p{}'s, whom nobody knows", self.me));
        }
        for (id, event) in &self.events {
            if let Some(who) = event.guests.keys().chain([&event.owner]).find(|who| !self.people.contains_key(who)) {
                return Err(format!("e{id}: p{who} is nobody"));
            }
            if event.room.as_ref().is_some_and(|room| !self.rooms.contains_key(room)) {
                return Err(format!("e{id}: there is no room {:?}", event.room));
            }
            let timed = day(&event.date).is_some() && minute(&event.start).is_some() && event.span().in_office();
            if !timed || !(5..=600).contains(&event.minutes) {
                return Err(format!("e{id}: {} {} is not in office hours", event.date, event.start));
            }
            if *id >= self.next_event {
                return Err(format!("e{id} exists, the next event cannot be e{}", self.next_event));
            }
        }
        Ok(())
    }
}
