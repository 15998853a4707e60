//! Questions: the answer must give what a tool told.

use coevo_sdk::json;

use super::{beat, learn_details, open};
use crate::state::{PRIORITIES, Ticket};
use crate::story::{Beat, Draft, Story};
use crate::talk::{ask, say};

/// One field of a ticket whose details the conversation does not have yet.
pub(super) fn fact(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let field = story.rng.below(4);
    let t = story.ticket(draft, &|t| t.days > 0 && (field != 0 || t.owner.is_some()))?;
    if story.knows(&format!("details {}", t.id)) {
        return None;
    }
    draft.call("get_ticket", json!({"ticket": t.id}));
    learn_details(draft, &t);
    let ticket = story.world.ticket(&t.id)?.clone();
    let (templates, name, value) = match field {
        0 => (ask::OWNER, "owner", ticket.owner?),
        1 => (ask::DAYS, "days", ticket.days.to_string()),
        2 => (ask::RANK, "priority", ticket.priority),
        _ => (ask::TEAM, "team", ticket.team),
    };
    let text = say(&mut story.rng, templates, &[("t", &t.words)]);
    let made = beat(text, format!("The {name}: {value}.")).fact(value);
    let asked = if name == "days" { "age" } else { name };
    let hole = say(&mut story.rng, ask::FACT_NO_TICKET, &[("fact", asked)]);
    Some(made.without("ticket", hole, &t.definite, story))
}

/// The tickets of a team.
pub(super) fn list(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let status = if story.rng.one_in(3) { "closed" } else { "open" };
    let teams: Vec<&str> = story.world.people.iter().filter(|p| p.lead).map(|p| p.team.as_str()).collect();
    let team = story.rng.pick(&teams).to_owned();
    let fits = |t: &&Ticket| t.team == team && t.status() == status;
    let ids: Vec<String> = story.world.tickets.iter().filter(fits).map(|t| t.id.clone()).collect();
    if ids.is_empty() || ids.len() > 3 {
        return None;
    }
    draft.call("list_tickets", json!({"status": status, "team": team}));
    let text = say(&mut story.rng, ask::LIST, &[("status", status), ("team", &team)]);
    Some(ids.iter().fold(beat(text, format!("Tickets: {}.", ids.join(", "))), |made, id| made.fact(id.clone())))
}

/// The hours for a priority, or for a ticket by its priority.
pub(super) fn sla(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let (prio, t) = if story.rng.one_in(2) {
        (story.rng.pick(&PRIORITIES).to_owned(), None)
    } else {
        let t = story.ticket(draft, &|t| open(t) && t.days > 0)?;
        if story.knows(&format!("details {}", t.id)) {
            return None;
        }
        draft.call("get_ticket", json!({"ticket": t.id}));
        learn_details(draft, &t);
        (story.world.ticket(&t.id)?.priority.clone(), Some(t))
    };
    draft.call("get_sla", json!({"priority": prio}));
    let rank = PRIORITIES.iter().position(|known| *known == prio)?;
    let hours = story.world.sla[rank].to_string();
    let answer = format!("The hours: {hours}.");
    Some(match t {
        Some(t) => beat(say(&mut story.rng, ask::SLA_TICKET, &[("t", &t.words)]), answer).fact(hours),
        None => {
            let made = beat(say(&mut story.rng, ask::SLA, &[("prio", &prio)]), answer).fact(hours);
            let hole = say(&mut story.rng, ask::SLA_NO_PRIO, &[]);
            made.without("priority", hole, &prio, story)
        }
    })
}

/// What the knowledge base advises.
pub(super) fn tip(story: &mut Story, draft: &mut Draft) -> Option<Beat> {
    let article = story.world.articles[story.rng.below(story.world.articles.len())].clone();
    draft.call("search_articles", json!({"word": article.topic}));
    draft.tip = Some(article.tip.clone());
    let text = say(&mut story.rng, ask::TIP, &[("topic", &article.topic)]);
    let made = beat(text, format!("The tip: {}.", article.tip)).fact(article.tip);
    let hole = say(&mut story.rng, ask::TIP_NO_TOPIC, &[]);
    Some(made.without("word", hole, &article.topic, story))
}
