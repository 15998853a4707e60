//! What people want: one builder for each kind of request.

mod events;
mod guests;
mod questions;
mod rooms;

use std::collections::BTreeSet;

use coevo_sdk::json;
use coevo_sdk::story::{Builder, Teller};

use crate::Calendar;
use crate::state::{Event, Span, State};
use crate::time;

/// What the conversation has made known.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Events whose id was said.
    events: BTreeSet<u32>,
    /// People whose id was said.
    people: BTreeSet<u32>,
    /// Events whose details were said.
    details: BTreeSet<u32>,
    /// The event that "it" means.
    focus: Option<u32>,
}

/// Builders with their weights.
pub const BEATS: [(usize, Builder<Calendar>); 24] = [
    (6, questions::agenda),
    (8, questions::detail),
    (7, questions::free),
    (6, questions::slot),
    (4, questions::local),
    (3, questions::seats),
    (10, events::create),
    (7, events::create_else),
    (6, events::create_slot),
    (9, events::shift),
    (6, events::shift_else),
    (8, events::cancel),
    (7, events::remind),
    (5, events::repeat),
    (9, guests::invite),
    (6, guests::invite_move),
    (6, guests::uninvite),
    (7, guests::respond),
    (4, rooms::find),
    (8, rooms::book),
    (7, rooms::book_else),
    (5, rooms::book_found),
    (5, rooms::release),
    (6, rooms::shift_release),
];

type Desk = Teller<Calendar>;

/// An event or person as the user names it.
struct Named {
    id: u32,
    words: String,
    /// What to say where the conversation has not just named it.
    definite: String,
}

fn owned(state: &State, event: &Event) -> bool {
    event.owner == state.me
}

/// An event for which `fits` holds, with the lookup that the reference needs; with `short`, one that needs none.
fn event(t: &mut Desk, short: bool, fits: &dyn Fn(&State, u32, &Event) -> bool) -> Option<Named> {
    let seen = |state: &State, event: &Event| event.owner == state.me || event.guests.contains_key(&state.me);
    let good = |state: &State, id: u32| state.events.get(&id).is_some_and(|e| seen(state, e) && fits(state, id, e));
    let focus = t.memory.focus;
    if let Some(id) = focus.filter(|id| good(t.state(), *id))
        && !t.rng.one_in(3)
    {
        let words = t.rng.pick(&["it", "that event", "this event"]).to_owned();
        return Some(Named { id, words, definite: format!("e{id}") });
    }
    let state = t.state();
    let others: Vec<u32> = state.events.keys().copied().filter(|id| focus != Some(*id) && good(state, *id)).collect();
    let id = t.choose(&others)?;
    let title = t.state().events[&id].title.clone();
    let topic = title.split(' ').next().unwrap_or_default();
    let only = t.state().events.values().filter(|event| event.title.split(' ').any(|part| part == topic)).count() == 1;
    let words = if t.memory.events.contains(&id) && only && t.rng.one_in(2) {
        format!("the {title}")
    } else if !t.memory.events.contains(&id) && !short && only && t.rng.below(10) < 6 {
        t.call("find_event", json!({"word": topic}));
        format!("the {title}")
    } else {
        format!("e{id}")
    };
    t.memory.events.insert(id);
    t.memory.focus = Some(id);
    Some(Named { id, definite: words.clone(), words })
}

/// A person for whom `fits` holds, but not the calendar owner, with the lookup that the reference needs; with `short`,
/// one that needs none.
fn person(t: &mut Desk, short: bool, fits: &dyn Fn(u32) -> bool) -> Option<Named> {
    let me = t.state().me;
    let all: Vec<u32> = t.state().people.keys().copied().filter(|id| *id != me && fits(*id)).collect();
    let id = t.choose(&all)?;
    let name = t.state().people[&id].name.clone();
    let words = if t.memory.people.contains(&id) {
        name
    } else if short || t.rng.one_in(4) {
        format!("{name} (p{id})")
    } else {
        t.call("find_person", json!({"name": name}));
        name
    };
    t.memory.people.insert(id);
    Some(Named { id, definite: words.clone(), words })
}

/// A date on which something is, or another one.
fn date(t: &mut Desk) -> String {
    let state = t.state();
    let dates: BTreeSet<&String> = state.events.values().map(|event| &event.date).collect();
    let dates: Vec<String> = dates.into_iter().cloned().collect();
    let today = state.today.clone();
    match t.choose(&dates) {
        Some(date) if !t.rng.one_in(3) => date,
        _ => crate::world::date(&mut t.rng, &today),
    }
}

/// When another event is for which `fits` holds, two times of three; else any time: (date, minute of the day).
fn time_of(t: &mut Desk, not: u32, fits: &dyn Fn(&Event) -> bool) -> (String, u32) {
    let others = t.state().events.iter().filter(|(id, event)| **id != not && fits(event));
    let taken: Vec<(String, u32)> = others.map(|(_, event)| (event.date.clone(), event.span().from)).collect();
    match t.choose(&taken) {
        Some(then) if !t.rng.one_in(3) => then,
        _ => (date(t), hour(t)),
    }
}

/// A full or half hour.
fn hour(t: &mut Desk) -> u32 {
    30 * t.rng.range(16, 32)
}

fn span(date: &str, from: u32, minutes: u32) -> Span {
    Span { date: date.to_owned(), from, minutes }
}

/// Whether everybody, and the room, could come at another time.
fn suits(state: &State, id: u32, event: &Event, span: &Span) -> bool {
    let people = event.guests.keys().chain([&event.owner]);
    people.filter(|who| event.has(**who)).all(|who| state.clash(*who, span, Some(id)).is_none())
        && !event.room.as_ref().is_some_and(|room| state.is_taken(room, span, Some(id)))
}

fn clock(minute: u32) -> String {
    time::time(minute)
}
