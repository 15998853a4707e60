//! Guests and invitations.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Desk, clock, event, hour, owned, person};
use crate::state::Answer;
use crate::talk;
use crate::tools::ANSWERS;

pub(super) fn invite(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|state, _, event| owned(state, event))?;
    let (guests, short) = (t.state().events[&e.id].guests.clone(), t.made() > 0);
    let p = person(t, short, &|id| !guests.contains_key(&id))?;
    t.call("invite", json!({"event": format!("e{}", e.id), "person": format!("p{}", p.id)}));
    let slots = [("e", e.words.as_str()), ("p", p.words.as_str())];
    let text = t.say(talk::INVITE, &slots);
    let (hole, reply) = (t.say(talk::INVITE_NO, &slots), t.reply(talk::REPLY, &p.definite));
    Some(Beat::new(text, format!("p{} is invited to e{}.", p.id, e.id)).lacking("person", hole, reply))
}

/// Another hour where the guest is busy.
pub(super) fn invite_move(t: &mut Desk) -> Option<Beat> {
    let e = event(t, true, &|state, _, event| owned(state, event))?;
    let event = t.state().events[&e.id].clone();
    let state = t.state().clone();
    let clashes = |id: u32| state.clash(id, &event.span(), Some(e.id)).is_some();
    let rare = t.rng.one_in(4);
    let p = person(t, true, &|id| !event.guests.contains_key(&id) && clashes(id) != rare)?;
    let h = hour(t);
    let invitation = json!({"event": format!("e{}", e.id), "person": format!("p{}", p.id)});
    if !rare {
        t.refused("invite", invitation.clone(), "guest_busy");
        t.call("move_event", json!({"event": format!("e{}", e.id), "date": event.date, "start": clock(h)}));
    }
    t.call("invite", invitation);
    t.memory.details.insert(e.id);
    // The date is said too, so that it need not be looked up.
    let on = format!("{} {}", event.date, clock(h));
    let slots = [("e", e.words.as_str()), ("p", p.words.as_str()), ("h", on.as_str())];
    Some(Beat::new(t.say(talk::INVITE_MOVE, &slots), format!("p{} is invited to e{}.", p.id, e.id)))
}

pub(super) fn uninvite(t: &mut Desk) -> Option<Beat> {
    let me = t.state().me;
    let e = event(t, false, &|state, _, event| owned(state, event) && !event.guests.is_empty())?;
    let (guests, short) = (t.state().events[&e.id].guests.clone(), t.made() > 0);
    let p = person(t, short, &|id| id != me && guests.contains_key(&id))?;
    t.call("uninvite", json!({"event": format!("e{}", e.id), "person": format!("p{}", p.id)}));
    let slots = [("e", e.words.as_str()), ("p", p.words.as_str())];
    let text = t.say(talk::UNINVITE, &slots);
    let (hole, reply) = (t.say(talk::UNINVITE_NO, &slots), t.reply(talk::REPLY, &p.definite));
    Some(Beat::new(text, format!("p{} is off e{}.", p.id, e.id)).lacking("person", hole, reply))
}

pub(super) fn respond(t: &mut Desk) -> Option<Beat> {
    let e = event(t, false, &|state, _, event| event.guests.get(&state.me) == Some(&Answer::Open))?;
    let at = t.rng.below(ANSWERS.len());
    t.call("respond", json!({"event": format!("e{}", e.id), "answer": ANSWERS[at]}));
    let text = t.say(talk::RESPOND[at], &[("e", &e.words)]);
    let (hole, reply) = (t.say(talk::RESPOND_NO, &[("e", &e.words)]), t.reply(talk::REPLY, ANSWERS[at]));
    Some(Beat::new(text, format!("Answered e{} with {}.", e.id, ANSWERS[at])).lacking("answer", hole, reply))
}
