//! Escalations: plain ones, and three ways of dealing with a ticket that the rule does not let through.

use coevo_sdk::json;

use super::{beat, code, learn_details, open};
use crate::fail::Fail;
use crate::state::REASONS;
use crate::story::{Beat, Draft, PersonRef, Story, TicketRef};
use crate::talk::{ask, say};
use crate::words::REASON_TALK;

/// A reason code, a clause for the request and the words for a reply.
fn reason(story: &mut Story) -> (&'static str, String, String) {
    let (code, words, literal) = code(story, &REASONS, &REASON_TALK);
    let clause = if literal { format!("reason {code}") } else { format!("because {words}") };
    (code, clause, words.to_owned())
}

/// A ticket that the rule lets through.
pub(super) fn escalate(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let t = story.ticket(draft, &|t| open(t) && t.escalation.is_none() && t.may_escalate())?;
    let p = mate(story, draft, &t)?;
    let (code, why, words) = reason(story);
    draft.call("escalate", json!({"ticket": t.id, "person": p.id, "reason": code}));
    let slots = [("t", t.words.as_str()), ("p", p.words.as_str()), ("why", why.as_str())];
    let made = beat(say(&mut story.rng, ask::ESCALATE, &slots), format!("Escalated {}.", t.id));
    Some(if story.rng.one_in(2) {
        let hole = say(&mut story.rng, ask::ESCALATE_NO_REASON, &slots);
        made.without("reason", hole, &words, story)
    } else {
        let hole = say(&mut story.rng, ask::ESCALATE_NO_PERSON, &slots);
        made.without("person", hole, &p.words, story)
    })
}

/// Somebody in the ticket's team.
fn mate(story: &mut Story, draft: &mut Draft, t: &TicketRef) -> Option<PersonRef> {
    let team = story.team(&story.world.ticket(&t.id)?.team.clone());
    story.person(draft, &team, draft.calls.len() > 1)
}

/// The user knows that the priority has to go up first.
pub(super) fn raise(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let t = story.ticket(draft, &|t| open(t) && t.escalation.is_none() && !t.may_escalate())?;
    draft.call("set_priority", json!({"ticket": t.id, "priority": "high"}));
    let p = mate(story, draft, &t)?;
    let (code, why, _) = reason(story);
    draft.call("escalate", json!({"ticket": t.id, "person": p.id, "reason": code}));
    let slots = [("t", t.words.as_str()), ("p", p.words.as_str()), ("why", why.as_str())];
    Some(beat(say(&mut story.rng, ask::RAISE, &slots), format!("Escalated {}.", t.id)))
}

/// The agent looks whether the priority has to go up first.
pub(super) fn check(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let t = story.ticket(draft, &|t| open(t) && t.escalation.is_none())?;
    if !draft.calls.is_empty() || story.knows(&format!("details {}", t.id)) {
        return None;
    }
    draft.call("get_ticket", json!({"ticket": t.id}));
    learn_details(draft, &t);
    let ticket = story.world.ticket(&t.id)?.clone();
    if !ticket.may_escalate() {
        draft.call("set_priority", json!({"ticket": t.id, "priority": "high"}));
    }
    let team = story.team(&ticket.team);
    let p = story.person(draft, &team, true)?;
    let (code, why, _) = reason(story);
    draft.call("escalate", json!({"ticket": t.id, "person": p.id, "reason": code}));
    let slots = [("t", t.words.as_str()), ("p", p.words.as_str()), ("why", why.as_str())];
    Some(beat(say(&mut story.rng, ask::CHECK, &slots), format!("Escalated {}.", t.id)))
}

/// Escalates first and raises the priority when that is refused.
pub(super) fn attempt(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let refused = !story.rng.one_in(4);
    let t = story.ticket(draft, &|t| open(t) && t.escalation.is_none() && t.may_escalate() != refused)?;
    let ticket = story.world.ticket(&t.id)?.clone();
    let team = story.team(&ticket.team);
    let p = story.person(draft, &team, true)?;
    let (code, why, _) = reason(story);
    let arguments = json!({"ticket": t.id, "person": p.id, "reason": code});
    if refused {
        draft.refused("escalate", arguments.clone(), Fail::NotEligible);
        draft.call("set_priority", json!({"ticket": t.id, "priority": "high"}));
    }
    draft.call("escalate", arguments);
    let slots = [("t", t.words.as_str()), ("p", p.words.as_str()), ("why", why.as_str())];
    Some(beat(say(&mut story.rng, ask::TRY, &slots), format!("Escalated {}.", t.id)))
}
