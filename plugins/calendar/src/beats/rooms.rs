//! Rooms.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Desk, clock, event, owned, span, time_of};
use crate::talk;

pub(super) fn find(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|_, _, event| event.room.is_none())?;
    let told = t.call("find_rooms", json!({"event": format!("e{}", e.id)}));
    let rooms: Vec<&str> = told["rooms"].as_array()?.iter().filter_map(|room| room.as_str()).collect();
    if rooms.is_empty() {
        return None;
    }
    let beat = Beat::new(t.say(talk::ROOMS, &[("e", &e.words)]), format!("Free: {}.", rooms.join(", ")));
    Some(rooms.iter().fold(beat, |beat, room| beat.fact(*room)))
}

pub(super) fn book(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|state, _, event| owned(state, event) && event.room.is_none())?;
    let rooms: Vec<String> = t.state().rooms.keys().cloned().collect();
    let r = t.choose(&rooms)?;
    t.call("book_room", json!({"event": format!("e{}", e.id), "room": r}));
    let slots = [("e", e.words.as_str()), ("r", r.as_str())];
    let text = t.say(talk::BOOK, &slots);
    let (hole, reply) = (t.say(talk::BOOK_NO, &slots), t.reply(talk::REPLY, &r));
    Some(Beat::new(text, format!("e{} is in {r}.", e.id)).lacking("room", hole, reply))
}

/// Another room where the first is taken or too small.
pub(super) fn book_else(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|state, _, event| owned(state, event) && event.room.is_none())?;
    let event = t.state().events[&e.id].clone();
    let rooms: Vec<String> = t.state().rooms.keys().cloned().collect();
    let state = t.state().clone();
    let taken = |room: &String| state.is_taken(room, &event.span(), Some(e.id));
    let small = |room: &String| state.rooms[room] as usize <= event.guests.len();
    let rare = t.rng.one_in(4);
    let first: Vec<String> = rooms.iter().filter(|room| (taken(room) || small(room)) != rare).cloned().collect();
    let (r, q) = (t.choose(&first)?, t.choose(&rooms)?);
    let (taken, small) = (taken(&r), small(&r));
    if r == q {
        return None;
    }
    let mut arguments = json!({"event": format!("e{}", e.id), "room": r});
    if taken || small {
        t.refused("book_room", arguments.clone(), if taken { "room_taken" } else { "room_too_small" });
        arguments["room"] = json!(q);
    }
    let end = arguments["room"].as_str().unwrap_or_default().to_owned();
    t.call("book_room", arguments);
    let slots = [("e", e.words.as_str()), ("r", r.as_str()), ("q", q.as_str())];
    Some(Beat::new(t.say(talk::BOOK_ELSE, &slots), format!("e{} is in {end}.", e.id)).fact(end))
}

/// A room that has to be looked up.
pub(super) fn book_found(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|state, _, event| owned(state, event) && event.room.is_none())?;
    let told = t.call("find_rooms", json!({"event": format!("e{}", e.id)}));
    let r = told["rooms"][0].as_str()?;
    t.call("book_room", json!({"event": format!("e{}", e.id), "room": r}));
    let text = t.say(talk::BOOK_FOUND, &[("e", &e.words)]);
    Some(Beat::new(text, format!("e{} is in {r}.", e.id)).fact(r))
}

pub(super) fn release(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|state, _, event| owned(state, event) && event.room.is_some())?;
    t.call("free_room", json!({"event": format!("e{}", e.id)}));
    Some(Beat::new(t.say(talk::RELEASE, &[("e", &e.words)]), format!("e{} has no room now.", e.id)))
}

/// Moves an event, without its room where that is taken then.
pub(super) fn shift_release(t: &mut Desk) -> Option<Beat> {
    let e = event(t, true, &|state, _, event| owned(state, event) && event.room.is_some())?;
    let event = t.state().events[&e.id].clone();
    let (d, h) = time_of(t, e.id, &|other| other.room == event.room);
    let taken =
        event.room.as_ref().is_some_and(|room| t.state().is_taken(room, &span(&d, h, event.minutes), Some(e.id)));
    if !taken && !t.rng.one_in(4) {
        return None;
    }
    let arguments = json!({"event": format!("e{}", e.id), "date": d, "start": clock(h)});
    if taken {
        t.refused("move_event", arguments.clone(), "room_taken");
        t.call("free_room", json!({"event": format!("e{}", e.id)}));
    }
    t.call("move_event", arguments);
    t.memory.details.insert(e.id);
    let h = clock(h);
    let slots = [("e", e.words.as_str()), ("d", d.as_str()), ("h", h.as_str())];
    Some(Beat::new(t.say(talk::MOVE_RELEASE, &slots), format!("Moved e{} to {d} {h}.", e.id)))
}
