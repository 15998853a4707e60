//! Random offices: six people, four rooms and, over three days, seven events of the calendar owner's, to two of which
//! others invited; and four events of other people at the same hours, which keep guests and rooms from being free.

use std::collections::BTreeMap;

use coevo_sdk::Rng;

use crate::state::{Answer, Event, Person, State};
use crate::time;
use crate::words::{KINDS, NAMES, ROOMS, TOPICS};

const PEOPLE: usize = 6;

/// A date of the next weeks.
pub fn date(rng: &mut Rng, today: &str) -> String {
    let day = time::day(today).unwrap_or(0) + rng.range(1, 20);
    time::date(day).unwrap_or_else(|| today.to_owned())
}

/// A title that begins with a topic.
pub fn title(rng: &mut Rng, topic: &str) -> String {
    format!("{topic} {}", rng.pick(&KINDS))
}

/// An office.
pub fn random(rng: &mut Rng) -> State {
    let (ids, names) = (rng.distinct(9, PEOPLE), rng.distinct(NAMES.len(), PEOPLE));
    let ids: Vec<u32> = ids.into_iter().map(|id| id as u32 + 1).collect();
    let mut people = BTreeMap::new();
    for (id, name) in ids.iter().zip(names) {
        let ahead = if *id == ids[0] { 0 } else { rng.range(0, 9) as i32 - 4 };
        people.insert(*id, Person { name: NAMES[name].to_owned(), ahead });
    }
    let rooms = rng.distinct(ROOMS.len(), 4).into_iter().zip([3, 4, 6, 10]);
    let rooms: BTreeMap<String, u32> = rooms.map(|(at, seats)| (ROOMS[at].to_owned(), seats)).collect();
    let today = format!("{:02}-{:02}", rng.range(1, 10), rng.range(1, 28));
    let mut state =
        State { today, me: ids[0], people, rooms, events: BTreeMap::new(), next_event: rng.range(3, 40), clutter: 0 };
    let dates: Vec<String> = (0..3).map(|_| date(rng, &state.today)).collect();
    let topics = rng.distinct(TOPICS.len(), 11);
    for (at, topic) in topics.into_iter().enumerate() {
        let owner = if at < 5 { ids[0] } else { ids[1 + at % 5] };
        place(rng, &mut state, &dates[at % 3], owner, TOPICS[topic], at < 7);
    }
    state
}

/// Adds an event at an hour in which nobody who takes part has another; nothing where there is none. Events without the
/// calendar owner are at hours of the owner's.
fn place(rng: &mut Rng, state: &mut State, date: &str, owner: u32, topic: &str, mine: bool) {
    let others: Vec<u32> = state.people.keys().copied().filter(|id| *id != owner && *id != state.me).collect();
    let count = rng.below(3);
    let mut guests: BTreeMap<u32, Answer> =
        rng.distinct(others.len(), count).into_iter().map(|at| (others[at], Answer::Open)).collect();
    if mine && owner != state.me {
        guests.insert(state.me, Answer::Open);
    }
    let room =
        if !mine || rng.one_in(2) { state.rooms.keys().nth(rng.below(state.rooms.len())).cloned() } else { None };
    let (title, minutes) = (title(rng, topic), 30 * rng.range(1, 3));
    let hours: Vec<(String, String)> =
        state.events.values().map(|event| (event.date.clone(), event.start.clone())).collect();
    for _ in 0..20 {
        // Mornings fill up first, so that a free hour has to be looked for.
        let latest = if rng.one_in(3) { 16 } else { 10 };
        let any = (date.to_owned(), time::time(60 * rng.range(8, latest)));
        let (date, start) = if mine { any } else { hours[rng.below(hours.len())].clone() };
        let event = Event {
            title: title.clone(),
            date,
            start,
            minutes,
            owner,
            guests: guests.clone(),
            room: room.clone().filter(|room| state.rooms[room] as usize > guests.len()),
            reminder: None,
        };
        let span = event.span();
        let clash = guests.keys().chain([&owner]).any(|who| state.clash(*who, &span, None).is_some());
        if !clash && !event.room.as_ref().is_some_and(|room| state.is_taken(room, &span, None)) {
            state.events.insert(state.next_event, event);
            state.next_event += rng.range(1, 2);
            return;
        }
    }
}
