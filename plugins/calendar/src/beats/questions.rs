//! Questions: the answer must give what a tool told.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Desk, clock, date, event, hour, person};
use crate::talk;

pub(super) fn agenda(t: &mut Desk) -> Option<Beat> {
    let d = date(t);
    let told = t.call("list_events", json!({"date": d}));
    let found: Vec<(String, String)> = told["events"]
        .as_array()?
        .iter()
        .filter_map(|event| Some((event["event"].as_str()?.to_owned(), event["title"].as_str()?.to_owned())))
        .collect();
    if !(1..=3).contains(&found.len()) {
        return None;
    }
    t.memory.events.extend(found.iter().filter_map(|(id, _)| coevo_sdk::args::id(id, 'e')));
    t.memory.focus = None;
    let titles: Vec<&str> = found.iter().map(|(_, title)| title.as_str()).collect();
    let beat = Beat::new(t.say(talk::AGENDA, &[("d", &d)]), format!("There is: {}.", titles.join(", ")));
    let (hole, reply) = (t.say(talk::AGENDA_NO, &[]), t.reply(talk::REPLY_DATE, &d));
    Some(titles.iter().fold(beat, |beat, title| beat.fact(*title)).lacking("date", hole, reply))
}

pub(super) fn detail(t: &mut Desk) -> Option<Beat> {
    let known = t.memory.details.clone();
    let what = t.rng.below(4);
    let e = event(t, false, &|_, id, event| !known.contains(&id) && (what != 2 || event.room.is_some()))?;
    t.memory.details.insert(e.id);
    let told = t.call("get_event", json!({"event": format!("e{}", e.id)}));
    let (ask, field, intro) = [
        (talk::START, "start", "It starts at"),
        (talk::LENGTH, "minutes", "Minutes:"),
        (talk::PLACE, "room", "It is in"),
        (talk::DAY, "date", "It is on"),
    ][what];
    let value = told[field].as_str().map_or_else(|| told[field].to_string(), str::to_owned);
    let text = t.say(ask, &[("e", &e.words)]);
    let (hole, reply) = (t.say(talk::DETAIL_NO, &[]), t.reply(talk::REPLY, &e.definite));
    Some(Beat::new(text, format!("{intro} {value}.")).fact(value).lacking("event", hole, reply))
}

pub(super) fn free(t: &mut Desk) -> Option<Beat> {
    let p = person(t, false, &|_| true)?;
    let busy = t.state().events.values().filter(|event| event.has(p.id));
    let busy: Vec<(String, String)> = busy.map(|event| (event.date.clone(), event.start.clone())).collect();
    let (d, h) = match t.choose(&busy) {
        Some(then) if t.rng.one_in(2) => then,
        _ => (date(t), clock(hour(t))),
    };
    let told = t.call("check_free", json!({"person": format!("p{}", p.id), "date": d, "start": h}));
    let status = told["status"].as_str()?;
    let slots = [("p", p.words.as_str()), ("d", d.as_str()), ("h", h.as_str())];
    let text = t.say(talk::FREE, &slots);
    let (hole, reply) = (t.say(talk::FREE_NO, &slots), t.reply(talk::REPLY_TIME, &h));
    Some(Beat::new(text, format!("p{} is {status} then.", p.id)).fact(status).lacking("time", hole, reply))
}

pub(super) fn slot(t: &mut Desk) -> Option<Beat> {
    let p = person(t, false, &|_| true)?;
    let d = date(t);
    let told = t.call("find_slot", json!({"person": format!("p{}", p.id), "date": d}));
    let start = told["start"].as_str().filter(|start| *start != "08:00" || t.rng.one_in(4))?;
    let slots = [("p", p.words.as_str()), ("d", d.as_str())];
    let text = t.say(talk::SLOT, &slots);
    let (hole, reply) = (t.say(talk::SLOT_NO, &slots), t.reply(talk::REPLY_DATE, &d));
    Some(Beat::new(text, format!("You could meet at {start}.")).fact(start).lacking("date", hole, reply))
}

pub(super) fn local(t: &mut Desk) -> Option<Beat> {
    let p = person(t, false, &|_| true)?;
    let h = clock(hour(t));
    let told = t.call("local_time", json!({"person": format!("p{}", p.id), "start": h}));
    let there = told["local"].as_str()?;
    let slots = [("p", p.words.as_str()), ("h", h.as_str())];
    let text = t.say(talk::LOCAL, &slots);
    let (hole, reply) = (t.say(talk::LOCAL_NO, &slots), t.reply(talk::REPLY_TIME, &h));
    Some(Beat::new(text, format!("It is {there} there.")).fact(there).lacking("time", hole, reply))
}

pub(super) fn seats(t: &mut Desk) -> Option<Beat> {
    let rooms: Vec<String> = t.state().rooms.keys().cloned().collect();
    let r = t.choose(&rooms)?;
    let seats = t.call("room_seats", json!({"room": r}))["seats"].to_string();
    let text = t.say(talk::SEATS, &[("r", &r)]);
    let (hole, reply) = (t.say(talk::SEATS_NO, &[]), t.reply(talk::REPLY, &r));
    Some(Beat::new(text, format!("{r} has {seats} seats.")).fact(seats).lacking("room", hole, reply))
}
