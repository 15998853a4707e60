//! Replay means re-execution: the recorded texts are played again in a fresh instance, and every reply, result and state
//! hash is compared with the record.

use std::sync::Arc;

use coevo_core::episode::{Ending, Episode, Truncation, Turn};
use coevo_core::interface::Interface;
use coevo_core::task::PublicTask;
use serde::Serialize;

use crate::budget::Budgets;
use crate::plugin::EnvPlugin;
use crate::session::Session;

/// Where a replay first left the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Divergence {
    /// User turn, from 0; absent where it is about the episode as a whole.
    pub turn: Option<usize>,
    /// Step within the turn, from 0.
    pub step: Option<usize>,
    /// What differs, such as `state_hash`.
    pub what: &'static str,
    pub recorded: String,
    pub replayed: String,
}

/// What a replay found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayReport {
    /// Steps that were executed again and agreed.
    pub steps: u32,
    pub divergence: Option<Divergence>,
}

impl ReplayReport {
    pub fn ok(&self) -> bool {
        self.divergence.is_none()
    }
}

impl std::fmt::Display for Divergence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(turn) = self.turn {
            write!(f, "turn {}", turn + 1)?;
            if let Some(step) = self.step {
                write!(f, ", step {}", step + 1)?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{} was {}, is {}", self.what, self.recorded, self.replayed)
    }
}

/// Plays `episode` again. `interface` must be the one it was recorded with (its id is compared).
///
/// Fuel is not compared: an episode that continued from a fork used other fuel for the same results. What a fault
/// interrupted cannot be played again; the turns before it are.
pub fn replay(plugin: &EnvPlugin, task: &PublicTask, episode: &Episode, interface: &Arc<Interface>) -> ReplayReport {
    let mut check = Check { steps: 0 };
    let divergence = check.episode(plugin, task, episode, interface).err();
    ReplayReport { steps: check.steps, divergence: divergence.map(|boxed| *boxed) }
}

struct Check {
    steps: u32,
}

type Checked = Result<(), Box<Divergence>>;

/// Compares one thing.
fn same<T: PartialEq + std::fmt::Debug>(
    at: (Option<usize>, Option<usize>),
    what: &'static str,
    old: &T,
    new: &T,
) -> Checked {
    if old == new {
        return Ok(());
    }
    let shown = |value: &T| crate::sandbox::shorten(format!("{value:?}"));
    Err(Box::new(Divergence { turn: at.0, step: at.1, what, recorded: shown(old), replayed: shown(new) }))
}

impl Check {
    fn episode(
        &mut self,
        plugin: &EnvPlugin,
        task: &PublicTask,
        episode: &Episode,
        interface: &Arc<Interface>,
    ) -> Checked {
        let whole = (None, None);
        same(whole, "task", &episode.task_id, &task.id)?;
        same(whole, "interface", &episode.interface, interface.id())?;
        let budgets = budgets(episode);
        let session = Session::begin(plugin, task, episode.env_stream, &budgets, Arc::clone(interface));
        let mut session = match (session, &episode.ending) {
            (Ok(session), _) => session,
            // The record says that it could not begin.
            (Err(fault), Ending::Faulted(recorded)) if episode.turns.is_empty() => {
                return same(whole, "fault", recorded, &fault);
            }
            (Err(fault), _) => return same(whole, "beginning", &"sound".to_owned(), &fault.to_text()),
        };
        same(whole, "initial_state_hash", &episode.initial_state_hash, &session.initial_hash())?;
        for (at, turn) in episode.turns.iter().enumerate() {
            self.turn(&mut session, at, turn)?;
        }
        if let Ending::Faulted(_) = episode.ending {
            return Ok(());
        }
        let after = session.next_turn();
        same(whole, "number of turns", &episode.turns.len(), &session.turns().count())?;
        let after = after.err().map(Ending::Faulted);
        let ending = after.unwrap_or_else(|| session.finish().ending);
        same(whole, "ending", &episode.ending, &ending)
    }

    fn turn(&mut self, session: &mut Session, at: usize, recorded: &Turn) -> Checked {
        let here = (Some(at), None);
        match session.next_turn() {
            Ok(Some(_)) => {}
            Ok(None) => return same(here, "turn", &"played", &"not there"),
            Err(fault) => return same(here, "turn", &"played".to_owned(), &fault.to_text()),
        }
        let opened = session.turns().last().cloned();
        let Some(opened) = opened else { return same(here, "turn", &"played", &"not there") };
        same(here, "user", &recorded.user, &opened.user)?;
        same(here, "offered", &recorded.offered, &opened.offered)?;
        same(here, "user_calls", &recorded.user_calls, &opened.user_calls)?;
        same(here, "state_hash_before", &recorded.state_hash_before, &opened.state_hash_before)?;
        for (number, step) in recorded.steps.iter().enumerate() {
            let here = (Some(at), Some(number));
            if let Err(fault) = session.step(&step.text) {
                return same(here, "step", &"played".to_owned(), &fault.to_text());
            }
            let again = session.turns().last().and_then(|turn| turn.steps.get(number)).cloned();
            let Some(again) = again else { return same(here, "step", &"played", &"not there") };
            same(here, "parsed", &step.parsed, &again.parsed)?;
            same(here, "outcome", &step.outcome, &again.outcome)?;
            same(here, "state_hash", &step.state_hash, &again.state_hash)?;
            same(here, "observation", &step.observation, &again.observation)?;
            same(here, "cue", &step.cue, &again.cue)?;
            self.steps += 1;
        }
        if recorded.truncated == Some(Truncation::Tokens) {
            session.truncate(Truncation::Tokens);
        }
        let truncated = session.turns().last().and_then(|turn| turn.truncated);
        same((Some(at), None), "truncated", &recorded.truncated, &truncated)
    }
}

/// The steps budget that the record implies: the length of the turn that ran out, else no limit that matters.
fn budgets(episode: &Episode) -> Budgets {
    let ran_out = episode.turns.iter().find(|turn| turn.truncated == Some(Truncation::Steps));
    Budgets { steps_per_turn: ran_out.map_or(u32::MAX, |turn| turn.steps.len() as u32) }
}

trait ToText {
    fn to_text(&self) -> String;
}

impl ToText for coevo_core::episode::Fault {
    fn to_text(&self) -> String {
        format!("{:?} in {}: {}", self.boundary, self.during, self.message)
    }
}
