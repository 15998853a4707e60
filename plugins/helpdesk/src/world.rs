//! Random worlds: who works here, which tickets, files and articles there are.

use coevo_sdk::Rng;

use crate::state::{Article, File, PRIORITIES, Person, RESOLUTIONS, State, TEAMS, Ticket};
use crate::words::{ENDINGS, FILES, NAMES, TIPS, TOPICS, TROUBLES};

const PEOPLE: usize = 6;
const TICKETS: usize = 6;
const INBOX: usize = 3;
const ARTICLES: usize = 4;

/// A world in which nobody is signed in. Three teams have two people each, one of whom leads; every title has a topic of
/// its own; one or two tickets are closed.
pub fn random(rng: &mut Rng) -> State {
    let teams = rng.distinct(TEAMS.len(), PEOPLE / 2);
    let ids = rng.distinct(9, PEOPLE);
    let names = rng.distinct(NAMES.len(), PEOPLE);
    let people: Vec<Person> = (0..PEOPLE)
        .map(|at| Person {
            id: format!("u{}", ids[at] + 1),
            name: NAMES[names[at]].into(),
            pin: format!("{:04}", rng.below(10_000)),
            team: TEAMS[teams[at / 2]].into(),
            lead: at % 2 == 0,
        })
        .collect();
    let first = rng.range(10, 80);
    let topics = rng.distinct(TOPICS.len(), TICKETS);
    let shut = 1 + rng.below(2);
    let closed = rng.distinct(TICKETS, shut);
    let tickets: Vec<Ticket> = (0..TICKETS)
        .map(|at| {
            let team = rng.below(PEOPLE / 2);
            let owner = (!rng.one_in(3)).then(|| people[2 * team + rng.below(2)].id.clone());
            Ticket {
                id: format!("t{}", first + at as u32),
                title: format!("{} {}", TOPICS[topics[at]], rng.pick(&TROUBLES)),
                team: TEAMS[teams[team]].into(),
                priority: rng.pick(&PRIORITIES).into(),
                days: rng.range(1, 20),
                owner,
                resolution: closed.contains(&at).then(|| rng.pick(&RESOLUTIONS).into()),
                tags: Vec::new(),
                files: Vec::new(),
                escalation: None,
                merged_into: None,
            }
        })
        .collect();
    let file_ids = rng.distinct(9, INBOX);
    let file_names = rng.distinct(FILES.len(), INBOX);
    let files = (0..INBOX)
        .map(|at| File {
            id: format!("f{}", file_ids[at] + 1),
            name: format!("{}.{}", FILES[file_names[at]], rng.pick(&ENDINGS)),
        })
        .collect();
    let article_ids = rng.distinct(9, ARTICLES);
    let article_topics = rng.distinct(TOPICS.len(), ARTICLES);
    let tips = rng.distinct(TIPS.len(), ARTICLES);
    let articles = (0..ARTICLES)
        .map(|at| Article {
            id: format!("k{}", article_ids[at] + 1),
            topic: TOPICS[article_topics[at]].into(),
            tip: TIPS[tips[at]].into(),
        })
        .collect();
    State {
        me: None,
        people,
        tickets,
        files,
        articles,
        sla: [rng.range(40, 90), rng.range(12, 36), rng.range(2, 9)],
        sent: Vec::new(),
        next_ticket: first + TICKETS as u32,
        clutter: 0,
    }
}
