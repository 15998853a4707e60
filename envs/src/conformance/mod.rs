//! The conformance kit: what an environment must keep to, tried on sampled tasks, as a report a person can act on.
//!
//! It lives here, beside the sandbox, and not in the loop, because most checks need what only this crate may touch: raw
//! instances, snapshots, a state read after every step. Agents are no hindrance: the oracle is the task's own reference,
//! and random arguments come from `core::shape`, as the random agent's do. An author's crate has its own, faster tests
//! (`coevo_sdk::conformance`, native, over every task); this kit sees any component in any language, through the host.
//!
//! One `Player` plays every episode, and a `Watch` beside it looks at every step, so that rules about steps (schemas,
//! declared errors, effects, hashes, hidden words) are checked on all episodes that any other check plays.

mod agents;
mod calls;
mod copies;
mod declarations;
mod player;
mod transcript;
mod verifier;
mod watch;

use coevo_core::task::{Task, TaskRef};
use serde::Serialize;

use crate::plugin::{EnvPlugin, LoadError};
use crate::sandbox::{Sandbox, shorten};
use crate::source::EnvSource;

pub use transcript::{Transcript, transcript};

/// What to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Tasks of each split.
    pub tasks: u32,
    /// Of the tasks, and of everything the kit draws.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { tasks: 8, seed: 0 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    Failed,
    /// There was nothing to try it on; `tried` says why.
    NotTried,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Tool, task, turn, step.
    pub place: String,
    /// What was seen there.
    pub value: String,
    pub fix: String,
}

/// One promise, and what came of trying it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: &'static str,
    pub claim: &'static str,
    pub outcome: Outcome,
    /// What was done, in numbers.
    pub tried: String,
    /// The first few.
    pub findings: Vec<Finding>,
    /// All of them.
    pub found: usize,
    /// Worth knowing, and no failure.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub environment: String,
    pub version: String,
    pub component: String,
    pub seed: u64,
    pub tasks: usize,
    pub checks: Vec<Check>,
}

impl Report {
    pub fn passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// Names of the checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &'static str> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Failed).map(|check| check.name)
    }
}

/// What a check has found so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    findings: Vec<Finding>,
    found: usize,
    notes: Vec<String>,
}

impl Tally {
    /// Findings that are kept, and how many of them may begin alike: the first ones tell an author where to look, the rest
    /// say the same again.
    const KEPT: usize = 8;
    const ALIKE: usize = 2;

    pub fn find(&mut self, place: impl Into<String>, value: impl Into<String>, fix: impl Into<String>) {
        self.found += 1;
        let value = shorten(value.into());
        let beginning = |value: &str| value.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
        let alike = self.findings.iter().filter(|known| beginning(&known.value) == beginning(&value)).count();
        if self.findings.len() < Self::KEPT && alike < Self::ALIKE {
            self.findings.push(Finding { place: place.into(), value, fix: fix.into() });
        }
    }

    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// `nothing` where there was nothing to try.
    fn close(self, name: &'static str, claim: &'static str, tried: String, nothing: bool) -> Check {
        let outcome = match (self.found, nothing) {
            (0, true) => Outcome::NotTried,
            (0, false) => Outcome::Passed,
            _ => Outcome::Failed,
        };
        Check { name, claim, outcome, tried, findings: self.findings, found: self.found, notes: self.notes }
    }
}

/// A task that is tried.
pub(crate) struct Sample {
    pub of: TaskRef,
    pub task: Task,
}

/// Asks another process for its transcript of the same tasks; an error says why it could not.
pub type Elsewhere<'a> = &'a dyn Fn() -> Result<Transcript, String>;

/// Loads and checks an environment. `observe` is told of each check as it ends.
///
/// A component that speaks the ABI and breaks its rules at once (no legal description, a trap while it is described) is a
/// failed check.
///
/// # Errors
/// What is no environment at all: a missing file, another format.
pub fn check_source(
    sandbox: &Sandbox,
    source: &EnvSource,
    options: &Options,
    elsewhere: Option<Elsewhere<'_>>,
    observe: &mut dyn FnMut(&Check),
) -> Result<Report, LoadError> {
    let error = match EnvPlugin::load(sandbox, source) {
        Ok(plugin) => return Ok(check(&plugin, options, elsewhere, observe)),
        Err(error @ (LoadError::Description { .. } | LoadError::Fault { .. } | LoadError::Link { .. })) => error,
        Err(error) => return Err(error),
    };
    let mut tally = Tally::default();
    tally.find("describe", error.to_string(), "mend what `describe` returns; nothing else can be checked before");
    let check = tally.close("description", declarations::CLAIM, "loaded the component".to_owned(), false);
    observe(&check);
    let unknown = || "unknown".to_owned();
    Ok(Report {
        environment: source.to_string(),
        version: unknown(),
        component: unknown(),
        seed: options.seed,
        tasks: 0,
        checks: vec![check],
    })
}

/// Checks a loaded environment. `observe` is told of each check as it ends.
pub fn check(
    plugin: &EnvPlugin,
    options: &Options,
    elsewhere: Option<Elsewhere<'_>>,
    observe: &mut dyn FnMut(&Check),
) -> Report {
    let mut checks = Vec::new();
    let mut done = |check: Check| {
        observe(&check);
        checks.push(check);
    };
    done(declarations::description(plugin.spec()));
    let (samples, generation) = declarations::tasks(plugin, options);
    done(generation);
    let mut player = player::Player::new(plugin, &samples, options.seed);
    let oracles = player.oracles();
    done(agents::oracle(&mut player, &oracles));
    done(agents::idle(&mut player));
    done(agents::random(&mut player));
    done(verifier::fixtures(&mut player, &oracles));
    done(calls::offers(&mut player));
    done(calls::odd(&mut player));
    calls::long(&mut player);
    done(transcript::determinism(&mut player, &oracles, elsewhere));
    done(copies::snapshots(&mut player));
    player.watch.close().into_iter().for_each(done);
    let spec = plugin.spec();
    Report {
        environment: spec.name.clone(),
        version: spec.version.clone(),
        component: plugin.component_id().to_string(),
        seed: options.seed,
        tasks: samples.len(),
        checks,
    }
}
