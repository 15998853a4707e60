//! The same seed gives the same bytes: in another instance, in another order, unobserved, and in another process.

use std::collections::BTreeMap;
use std::sync::Arc;

use coevo_core::episode::{Ending, Fault, Turn, Verdict};
use coevo_core::id::ContentId;
use coevo_core::interface::Interface;

use super::agents::random_texts;
use super::player::{Played, Player, UNLIMITED, key, reference_texts};
use super::{Check, Elsewhere, Options, Sample, Tally, declarations};
use crate::plugin::EnvPlugin;
use crate::session::Session;

/// Content of each sampled task with its reference and random episodes and their verdicts, by task id. Equal components
/// have equal transcripts.
pub type Transcript = BTreeMap<String, ContentId>;

/// The transcript of the tasks that [`super::check`] samples with the same options.
pub fn transcript(plugin: &EnvPlugin, options: &Options) -> Transcript {
    let (samples, _) = declarations::tasks(plugin, options);
    let mut player = Player::new(plugin, &samples, options.seed);
    let mut tried = |at| unobserved(&mut player, at);
    let plays: Vec<_> = (0..samples.len()).map(&mut tried).collect();
    plays.iter().zip(&samples).map(|(plays, sample)| entry(sample, plays)).collect()
}

fn entry(sample: &Sample, plays: &[Unobserved]) -> (String, ContentId) {
    let task = &sample.task;
    (
        task.public.id.clone(),
        ContentId::of(&(task, plays.iter().map(|play| (&play.turns, &play.ending, &play.verdict)).collect::<Vec<_>>())),
    )
}

/// An episode in which no state was read.
#[derive(PartialEq)]
struct Unobserved {
    who: &'static str,
    turns: Vec<Turn>,
    ending: Ending,
    verdict: Verdict,
}

fn unobserved(player: &mut Player<'_>, at: usize) -> Vec<Unobserved> {
    let reference = player.samples[at].task.hidden.reference.iter().map(reference_texts).collect();
    let plays = [("reference", reference), ("random", random_texts(player, at, 0))];
    let play = |(who, texts): (&'static str, Vec<Vec<String>>)| {
        let (turns, ending) = match played(player, at, &texts) {
            Ok(done) => done,
            Err(fault) => (Vec::new(), Ending::Faulted(fault)),
        };
        let verdict = player.judge(at, &turns);
        Unobserved { who, turns, ending, verdict }
    };
    plays.into_iter().map(play).collect()
}

fn played(player: &Player<'_>, at: usize, texts: &[Vec<String>]) -> Result<(Vec<Turn>, Ending), Fault> {
    let base = Arc::new(Interface::base());
    let mut session = Session::begin(player.plugin, &player.samples[at].task.public, key(), &UNLIMITED, base)?;
    for texts in texts {
        if !matches!(session.next_turn(), Ok(Some(_))) || texts.iter().any(|text| session.step(text).is_err()) {
            break;
        }
    }
    let _ = session.next_turn();
    let record = session.finish();
    Ok((record.turns, record.ending))
}

/// Plays everything again, last first and unobserved, and asks another process if there is one.
pub(super) fn determinism(player: &mut Player<'_>, oracles: &[Played], elsewhere: Option<Elsewhere<'_>>) -> Check {
    let mut tally = Tally::default();
    let samples = player.samples.len();
    let first: Vec<Vec<Unobserved>> = (0..samples).map(|at| unobserved(player, at)).collect();
    let fix = "let results depend on the state and the call only";
    for at in (0..samples).rev() {
        let id = &player.samples[at].task.public.id;
        for (one, two) in first[at].iter().zip(unobserved(player, at)) {
            if *one != two {
                let value =
                    difference(&one.turns, &two.turns, true).unwrap_or_else(|| "ending or verdict differs".to_owned());
                tally.find(format!("{id} ({}), played twice", one.who), value, fix);
            }
        }
        // Reading a state may move the heap, and so the fuel; nothing else.
        let watched = oracles.get(at).zip(first[at].first());
        let seen = watched.and_then(|(watched, alone)| difference(&watched.turns, &alone.turns, false));
        if let Some(value) = seen {
            tally.find(
                format!("{id}, with and without reading the state"),
                value,
                "let `state` and `snapshot` change nothing",
            );
        }
    }
    let here: Transcript = (0..samples).map(|at| entry(&player.samples[at], &first[at])).collect();
    let tried = format!("{samples} tasks, reference and random episodes: again, in reverse order, unobserved");
    let tried = match elsewhere.map(|ask| ask()) {
        None => format!("{tried}; no other process was asked"),
        Some(Err(why)) => {
            tally.find("another process", why, "run the check again; report it if it stays");
            tried
        }
        Some(Ok(there)) => {
            let ids = here.keys().chain(there.keys().filter(|id| !here.contains_key(*id)));
            for id in ids.filter(|id| here.get(*id) != there.get(*id)) {
                let show = |of: &Transcript| of.get(id).map_or_else(|| "absent".to_owned(), ToString::to_string);
                let value = format!("transcript {} here, {} in another process", show(&here), show(&there));
                tally.find(id.clone(), value, fix);
            }
            format!("{tried}, and in another process")
        }
    };
    let claim = "same seed, same bytes: across instances, orders and processes";
    tally.close("determinism", claim, tried, samples == 0)
}

/// Where two records of the same texts first differ.
fn difference(one: &[Turn], two: &[Turn], fuel: bool) -> Option<String> {
    for (number, (a, b)) in one.iter().zip(two).enumerate() {
        for (step, (x, y)) in a.steps.iter().zip(&b.steps).enumerate() {
            let here = |what: &str, x: String, y: String| {
                Some(format!("turn {}, step {}: {what} was {x}, is {y}", number + 1, step + 1))
            };
            if x.observation != y.observation {
                return here("the observation", x.observation.clone(), y.observation.clone());
            }
            if x.state_hash != y.state_hash {
                return here("the state hash", format!("{:016x}", x.state_hash), format!("{:016x}", y.state_hash));
            }
            if fuel && x.fuel_used != y.fuel_used {
                return here("fuel", x.fuel_used.to_string(), y.fuel_used.to_string());
            }
        }
        if a.user != b.user || a.user_calls != b.user_calls || a.steps.len() != b.steps.len() {
            return Some(format!("turn {}: the user's message, calls or the number of steps differ", number + 1));
        }
    }
    (one.len() != two.len()).then(|| format!("{} turns were played, then {}", one.len(), two.len()))
}
