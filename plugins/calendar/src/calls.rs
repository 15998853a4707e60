//! What the tools do. Every one checks everything before it changes anything.

use std::collections::BTreeMap;

use coevo_sdk::{ToolError, Value, args, json};

use crate::rules::*;
use crate::state::{Answer, Event, Span, State};
use crate::time;
use crate::tools::ANSWERS;

type Outcome = Result<Value, ToolError>;

/// Runs a tool.
///
/// # Errors
/// One of the [`crate::rules`].
pub fn run(state: &mut State, tool: &str, args: &Value) -> Outcome {
    match tool {
        "find_person" => find_person(state, args),
        "find_event" => find_event(state, args),
        "list_events" => list_events(state, args),
        "get_event" => get_event(state, args),
        "create_event" => create_event(state, args),
        "move_event" => move_event(state, args),
        "cancel_event" => {
            let (id, _) = own(state, args)?;
            state.events.remove(&id);
            Ok(json!({"ok": true}))
        }
        "invite" => invite(state, args),
        "uninvite" => uninvite(state, args),
        "respond" => respond(state, args),
        "check_free" => check_free(state, args),
        "find_slot" => find_slot(state, args),
        "find_rooms" => find_rooms(state, args),
        "book_room" => book_room(state, args),
        "free_room" => free_room(state, args),
        "set_reminder" => set_reminder(state, args),
        "repeat_weekly" => repeat_weekly(state, args),
        "local_time" => local_time(state, args),
        "room_seats" => room(state, args).map(|(room, seats)| json!({"room": room, "seats": seats})),
        _ => Err(ToolError::unknown_tool(tool)),
    }
}

/// Changes an event that exists.
fn change(state: &mut State, id: u32, how: impl FnOnce(&mut Event)) -> Outcome {
    if let Some(event) = state.events.get_mut(&id) {
        how(event);
    }
    Ok(json!({"ok": true}))
}

/// An event that the calendar owner takes part in, or was invited to.
fn event<'a>(state: &'a State, args: &Value) -> Result<(u32, &'a Event), ToolError> {
    let id = args::id(args::string(args, "event")?, 'e');
    let seen = |event: &&Event| event.owner == state.me || event.guests.contains_key(&state.me);
    let found = id.and_then(|id| state.events.get(&id).filter(seen).map(|event| (id, event)));
    found.ok_or_else(|| UNKNOWN_EVENT.broken("event"))
}

/// The same, of one that the calendar owner called.
fn own(state: &State, args: &Value) -> Result<(u32, Event), ToolError> {
    let (id, event) = event(state, args)?;
    NOT_OWNER.unless(event.owner == state.me, "event")?;
    Ok((id, event.clone()))
}

fn person(state: &State, args: &Value) -> Result<u32, ToolError> {
    let id = args::id(args::string(args, "person")?, 'p').filter(|id| state.people.contains_key(id));
    id.ok_or_else(|| UNKNOWN_PERSON.broken("person"))
}

fn room(state: &State, args: &Value) -> Result<(String, u32), ToolError> {
    let name = args::string(args, "room")?;
    let found = state.rooms.iter().find(|(room, _)| room.eq_ignore_ascii_case(name));
    found
        .map(|(room, seats)| (room.clone(), *seats))
        .ok_or_else(|| UNKNOWN_ROOM.broken("room").detail("options", json!(state.rooms.keys().collect::<Vec<_>>())))
}

fn date(args: &Value) -> Result<String, ToolError> {
    let date = args::string(args, "date")?;
    BAD_DATE.unless(time::day(date).is_some(), "date")?;
    Ok(date.to_owned())
}

fn future(state: &State, date: String) -> Result<String, ToolError> {
    PAST_DATE.unless(date > state.today, "date").map_err(|error| error.detail("today", &*state.today))?;
    Ok(date)
}

fn minute(args: &Value) -> Result<u32, ToolError> {
    time::minute(args::string(args, "start")?).ok_or_else(|| BAD_TIME.broken("start"))
}

fn number(args: &Value, argument: &str, low: u32, high: u32) -> Result<u32, ToolError> {
    let number = args::uint(args, argument)?;
    BAD_NUMBER
        .unless((low..=high).contains(&number), argument)
        .map_err(|error| error.detail("from", low).detail("to", high))?;
    Ok(number)
}

/// The calendar owner must be free.
fn free(state: &State, span: &Span, except: Option<u32>) -> Result<(), ToolError> {
    let clash = state.clash(state.me, span, except);
    BUSY.unless(clash.is_none(), "start").map_err(|error| error.detail("with", format!("e{}", clash.unwrap_or(0))))
}

/// Guests and room of an event must be free at another time.
fn all_free(state: &State, event: &Event, span: &Span, except: Option<u32>) -> Result<(), ToolError> {
    free(state, span, except)?;
    let coming = event.guests.iter().filter(|(_, answer)| **answer != Answer::Decline);
    let busy = coming.map(|(guest, _)| *guest).find(|guest| state.clash(*guest, span, except).is_some());
    GUEST_BUSY
        .unless(busy.is_none(), "start")
        .map_err(|error| error.detail("guest", format!("p{}", busy.unwrap_or(0))))?;
    let taken = event.room.as_ref().is_some_and(|room| state.is_taken(room, span, except));
    ROOM_TAKEN.unless(!taken, "start")
}

fn find_person(state: &State, args: &Value) -> Outcome {
    let name = args::string(args, "name")?.trim();
    let found = state.people.iter().find(|(_, person)| person.name.eq_ignore_ascii_case(name));
    found.map(|(id, _)| json!({"person": format!("p{id}")})).ok_or_else(|| UNKNOWN_NAME.broken("name"))
}

/// The calendar owner's events for which `fits` holds, by time.
fn mine(state: &State, fits: impl Fn(&Event) -> bool) -> Vec<(u32, &Event)> {
    let seen = |event: &Event| event.owner == state.me || event.guests.contains_key(&state.me);
    let all = state.events.iter().filter(|(_, event)| seen(event) && fits(event));
    let mut found: Vec<(u32, &Event)> = all.map(|(id, event)| (*id, event)).collect();
    found.sort_by(|(_, a), (_, b)| (&a.date, &a.start).cmp(&(&b.date, &b.start)));
    found
}

fn find_event(state: &State, args: &Value) -> Outcome {
    let word = args::string(args, "word")?.to_lowercase();
    let found = mine(state, |event| event.title.split(' ').any(|part| part.to_lowercase() == word));
    NO_MATCH.unless(!found.is_empty(), "word")?;
    let show =
        |(id, event): &(u32, &Event)| json!({"event": format!("e{id}"), "title": event.title, "date": event.date});
    Ok(json!({"events": found.iter().map(show).collect::<Vec<_>>()}))
}

fn list_events(state: &State, args: &Value) -> Outcome {
    let date = date(args)?;
    let show =
        |(id, event): &(u32, &Event)| json!({"event": format!("e{id}"), "title": event.title, "start": event.start});
    Ok(json!({"events": mine(state, |event| event.date == date).iter().map(show).collect::<Vec<_>>()}))
}

fn get_event(state: &State, args: &Value) -> Outcome {
    let (_, event) = event(state, args)?;
    let guests: Vec<String> = event.guests.keys().map(|guest| format!("p{guest}")).collect();
    let mut result = json!({
        "title": event.title, "date": event.date, "start": event.start, "minutes": event.minutes, "guests": guests
    });
    if let Some(room) = &event.room {
        result["room"] = json!(room);
    }
    if let Some(reminder) = event.reminder {
        result["reminder"] = json!(reminder);
    }
    Ok(result)
}

fn create_event(state: &mut State, args: &Value) -> Outcome {
    let title = args::string(args, "title")?.to_owned();
    let (date, from) = (future(state, date(args)?)?, minute(args)?);
    let minutes = number(args, "minutes", 5, 240)?;
    let span = Span { date: date.clone(), from, minutes };
    OUTSIDE_HOURS.unless(span.in_office(), "start")?;
    free(state, &span, None)?;
    let id = state.next_event;
    let (start, guests) = (time::time(from), BTreeMap::new());
    let event = Event { title, date, start, minutes, owner: state.me, guests, room: None, reminder: None };
    state.events.insert(id, event);
    state.next_event += 1;
    Ok(json!({"event": format!("e{id}")}))
}

fn move_event(state: &mut State, args: &Value) -> Outcome {
    let (id, event) = own(state, args)?;
    let (date, from) = (future(state, date(args)?)?, minute(args)?);
    let span = Span { date: date.clone(), from, minutes: event.minutes };
    UNCHANGED.unless(span != event.span(), "start")?;
    OUTSIDE_HOURS.unless(span.in_office(), "start")?;
    all_free(state, &event, &span, Some(id))?;
    state.events.insert(id, Event { date, start: time::time(from), ..event });
    Ok(json!({"ok": true}))
}

fn seats_for(event: &Event, seats: u32, more: usize) -> bool {
    event.guests.len() + 1 + more <= seats as usize
}

fn invite(state: &mut State, args: &Value) -> Outcome {
    let (id, event) = own(state, args)?;
    let person = person(state, args)?;
    INVITED.unless(person != event.owner && !event.guests.contains_key(&person), "person")?;
    GUEST_BUSY.unless(state.clash(person, &event.span(), Some(id)).is_none(), "person")?;
    let seats = event.room.as_ref().and_then(|room| state.rooms.get(room));
    TOO_SMALL.unless(seats.is_none_or(|seats| seats_for(&event, *seats, 1)), "person")?;
    change(state, id, |event| {
        event.guests.insert(person, Answer::Open);
    })
}

fn uninvite(state: &mut State, args: &Value) -> Outcome {
    let (id, event) = own(state, args)?;
    let person = person(state, args)?;
    NOT_INVITED.unless(event.guests.contains_key(&person), "person")?;
    change(state, id, |event| {
        event.guests.remove(&person);
    })
}

fn respond(state: &mut State, args: &Value) -> Outcome {
    let (id, invited) = event(state, args).map(|(id, event)| (id, event.clone()))?;
    OWN_EVENT.unless(invited.owner != state.me, "event")?;
    let answer = match args::string(args, "answer")? {
        "accept" => Answer::Accept,
        "maybe" => Answer::Maybe,
        "decline" => Answer::Decline,
        _ => return Err(BAD_ANSWER.broken("answer").detail("options", json!(ANSWERS))),
    };
    UNCHANGED.unless(invited.guests.get(&state.me) != Some(&answer), "answer")?;
    if answer != Answer::Decline {
        free(state, &invited.span(), Some(id))?;
    }
    let me = state.me;
    change(state, id, |event| {
        event.guests.insert(me, answer);
    })
}

fn check_free(state: &State, args: &Value) -> Outcome {
    let person = person(state, args)?;
    let span = Span { date: date(args)?, from: minute(args)?, minutes: 60 };
    let status = if state.clash(person, &span, None).is_none() { "free" } else { "busy" };
    Ok(json!({"person": format!("p{person}"), "status": status}))
}

fn find_slot(state: &State, args: &Value) -> Outcome {
    let (person, date) = (person(state, args)?, date(args)?);
    let slot = state.slot(&[state.me, person], &date).ok_or_else(|| NO_SLOT.broken("date"))?;
    Ok(json!({"start": time::time(slot)}))
}

fn find_rooms(state: &State, args: &Value) -> Outcome {
    let (id, event) = event(state, args)?;
    let fits = |(room, seats): &(&String, &u32)| {
        seats_for(event, **seats, 0)
            && !state.is_taken(room, &event.span(), Some(id))
            && event.room.as_ref() != Some(*room)
    };
    Ok(json!({"rooms": state.rooms.iter().filter(fits).map(|(room, _)| room).collect::<Vec<_>>()}))
}

fn book_room(state: &mut State, args: &Value) -> Outcome {
    let (id, event) = own(state, args)?;
    let (room, seats) = room(state, args)?;
    UNCHANGED.unless(event.room.as_ref() != Some(&room), "room")?;
    ROOM_TAKEN.unless(!state.is_taken(&room, &event.span(), Some(id)), "room")?;
    TOO_SMALL.unless(seats_for(&event, seats, 0), "room").map_err(|error| error.detail("seats", seats))?;
    change(state, id, |event| event.room = Some(room))
}

fn free_room(state: &mut State, args: &Value) -> Outcome {
    let (id, event) = own(state, args)?;
    NO_ROOM.unless(event.room.is_some(), "event")?;
    change(state, id, |event| event.room = None)
}

fn set_reminder(state: &mut State, args: &Value) -> Outcome {
    let (id, event) = event(state, args).map(|(id, event)| (id, event.clone()))?;
    let minutes = number(args, "minutes", 5, 120)?;
    UNCHANGED.unless(event.reminder != Some(minutes), "minutes")?;
    change(state, id, |event| event.reminder = Some(minutes))
}

fn repeat_weekly(state: &mut State, args: &Value) -> Outcome {
    let (_, event) = own(state, args)?;
    let weeks = number(args, "weeks", 1, 8)?;
    let first = time::day(&event.date).unwrap_or(0);
    let mut repeats = Vec::new();
    for week in 1..=weeks {
        // The calendar ends with the year.
        let date = time::date(first + 7 * week).ok_or_else(|| PAST_DATE.broken("weeks"))?;
        let span = Span { date: date.clone(), ..event.span() };
        all_free(state, &event, &span, None)?;
        repeats.push(Event { date, ..event.clone() });
    }
    for repeat in repeats {
        state.events.insert(state.next_event, repeat);
        state.next_event += 1;
    }
    Ok(json!({"ok": true}))
}

fn local_time(state: &State, args: &Value) -> Outcome {
    let person = person(state, args)?;
    let ahead = state.people.get(&person).map_or(0, |person| person.ahead);
    let there = (minute(args)? as i32 + 60 * ahead).rem_euclid(24 * 60);
    Ok(json!({"person": format!("p{person}"), "local": time::time(there as u32)}))
}
