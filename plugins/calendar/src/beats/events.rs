//! Making, moving and ending events, and the ways around a clash.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Desk, clock, date, event, hour, owned, person, span, suits, time_of};
use crate::talk;
use crate::time::day;
use crate::words::TOPICS;

/// A title that no event has.
fn title(t: &mut Desk) -> Option<String> {
    let used = |topic: &&&str| !t.state().events.values().any(|event| event.title.starts_with(**topic));
    let free: Vec<&str> = TOPICS.iter().filter(used).copied().collect();
    let topic = t.choose(&free)?;
    Some(crate::world::title(&mut t.rng, topic))
}

/// Speaks of the event just made.
fn made(t: &mut Desk, text: String, id: &str) -> Beat {
    let id = id.to_owned();
    t.memory.focus = coevo_sdk::args::id(&id, 'e');
    t.memory.events.extend(t.memory.focus);
    t.memory.details.extend(t.memory.focus);
    Beat::new(text, format!("Added as {id}.")).fact(id)
}

pub(super) fn create(t: &mut Desk) -> Option<Beat> {
    let (name, d, h, m) = (title(t)?, date(t), clock(hour(t)), 15 * t.rng.range(1, 6));
    let told = t.call("create_event", json!({"title": name, "date": d, "start": h, "minutes": m}));
    let m = m.to_string();
    let slots = [("t", name.as_str()), ("d", d.as_str()), ("h", h.as_str()), ("m", m.as_str())];
    let text = t.say(talk::CREATE, &slots);
    let beat = made(t, text, told["event"].as_str()?);
    Some(match t.rng.below(3) {
        0 => beat.lacking("start", t.say(talk::CREATE_NO_START, &slots), t.reply(talk::REPLY_TIME, &h)),
        1 => beat.lacking("date", t.say(talk::CREATE_NO_DATE, &slots), t.reply(talk::REPLY_DATE, &d)),
        _ => beat.lacking("title", t.say(talk::CREATE_NO_TITLE, &slots), t.reply(talk::REPLY_TITLE, &name)),
    })
}

/// Another hour where the first is taken.
pub(super) fn create_else(t: &mut Desk) -> Option<Beat> {
    let (name, d, m) = (title(t)?, date(t), 15 * t.rng.range(1, 4));
    let (mut h, g, me) = (hour(t), hour(t), t.state().me);
    if let Some(event) = t.state().events.values().find(|event| event.date == d && event.has(me)) {
        h = event.span().from;
    }
    let busy = t.state().clash(me, &span(&d, h, m), None).is_some();
    if h == g || (!busy && !t.rng.one_in(3)) {
        return None;
    }
    let mut arguments = json!({"title": name, "date": d, "start": clock(h), "minutes": m});
    if busy {
        t.refused("create_event", arguments.clone(), "busy");
        arguments["start"] = json!(clock(g));
    }
    let told = t.call("create_event", arguments);
    let (h, g, m) = (clock(h), clock(g), m.to_string());
    let slots = [("t", name.as_str()), ("d", d.as_str()), ("h", h.as_str()), ("g", g.as_str()), ("m", m.as_str())];
    let text = t.say(talk::CREATE_ELSE, &slots);
    Some(made(t, text, told["event"].as_str()?))
}

/// An hour that has to be looked up.
pub(super) fn create_slot(t: &mut Desk) -> Option<Beat> {
    let (name, d) = (title(t)?, date(t));
    let p = person(t, false, &|_| true)?;
    let start = t.call("find_slot", json!({"person": format!("p{}", p.id), "date": d}))["start"].clone();
    if start == "08:00" && !t.rng.one_in(4) {
        return None;
    }
    let told = t.call("create_event", json!({"title": name, "date": d, "start": start, "minutes": 60}));
    let slots = [("t", name.as_str()), ("d", d.as_str()), ("p", p.words.as_str())];
    let text = t.say(talk::CREATE_SLOT, &slots);
    Some(made(t, text, told["event"].as_str()?))
}

pub(super) fn shift(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|state, _, event| owned(state, event))?;
    let (d, h) = (date(t), clock(hour(t)));
    t.call("move_event", json!({"event": format!("e{}", e.id), "date": d, "start": h}));
    t.memory.details.insert(e.id);
    let slots = [("e", e.words.as_str()), ("d", d.as_str()), ("h", h.as_str())];
    let text = t.say(talk::MOVE, &slots);
    let (hole, reply) = (t.say(talk::MOVE_NO, &slots), t.reply(talk::REPLY_TIME, &h));
    Some(Beat::new(text, format!("Moved e{} to {d} {h}.", e.id)).lacking("start", hole, reply))
}

/// Another hour where somebody is busy at the first.
pub(super) fn shift_else(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|state, _, event| owned(state, event))?;
    let event = t.state().events[&e.id].clone();
    let ((d, h), g) = (time_of(t, e.id, &|other| event.guests.keys().any(|guest| other.has(*guest))), hour(t));
    let state = t.state();
    let wanted = span(&d, h, event.minutes);
    let busy = state.clash(state.me, &wanted, Some(e.id)).is_some();
    let others = event.guests.keys().any(|guest| state.clash(*guest, &wanted, Some(e.id)).is_some());
    if h == g || (!busy && !others && !t.rng.one_in(4)) {
        return None;
    }
    let mut arguments = json!({"event": format!("e{}", e.id), "date": d, "start": clock(h)});
    if busy || others {
        t.refused("move_event", arguments.clone(), if busy { "busy" } else { "guest_busy" });
        arguments["start"] = json!(clock(g));
    }
    let end = arguments["start"].as_str().unwrap_or_default().to_owned();
    t.call("move_event", arguments);
    t.memory.details.insert(e.id);
    let slots = [("e", e.words.clone()), ("d", d.clone()), ("h", clock(h)), ("g", clock(g))];
    let slots: Vec<(&str, &str)> = slots.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Some(Beat::new(t.say(talk::MOVE_ELSE, &slots), format!("Moved e{} to {d} {end}.", e.id)).fact(end))
}

pub(super) fn cancel(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|state, _, event| owned(state, event))?;
    t.call("cancel_event", json!({"event": format!("e{}", e.id)}));
    t.memory.focus = None;
    let text = t.say(talk::CANCEL, &[("e", &e.words)]);
    let (hole, reply) = (t.say(talk::CANCEL_NO, &[]), t.reply(talk::REPLY, &e.definite));
    Some(Beat::new(text, format!("Cancelled e{}.", e.id)).lacking("event", hole, reply))
}

pub(super) fn remind(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|_, _, event| event.reminder.is_none())?;
    let m = 5 * t.rng.range(1, 12);
    t.call("set_reminder", json!({"event": format!("e{}", e.id), "minutes": m}));
    let m = m.to_string();
    let slots = [("e", e.words.as_str()), ("m", m.as_str())];
    let text = t.say(talk::REMIND, &slots);
    let (hole, reply) = (t.say(talk::REMIND_NO, &slots), t.reply(talk::REPLY_NUMBER, &m));
    Some(Beat::new(text, format!("Reminder set, {m} minutes before.")).lacking("number", hole, reply))
}

pub(super) fn repeat(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|state, id, event| {
        let week_after = day(&event.date).and_then(|day| crate::time::date(day + 7));
        let free =
            week_after.is_some_and(|date| suits(state, id, event, &span(&date, event.span().from, event.minutes)));
        owned(state, event) && free
    })?;
    let w = t.rng.range(2, 4);
    t.call("repeat_weekly", json!({"event": format!("e{}", e.id), "weeks": w}));
    t.memory.focus = None;
    let w = w.to_string();
    let slots = [("e", e.words.as_str()), ("w", w.as_str())];
    let text = t.say(talk::REPEAT, &slots);
    let (hole, reply) = (t.say(talk::REPEAT_NO, &slots), t.reply(talk::REPLY_NUMBER, &w));
    Some(Beat::new(text, format!("Repeated for {w} weeks.")).lacking("number", hole, reply))
}
