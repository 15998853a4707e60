//! What the sandbox costs, measured on the machine at hand. For `coevo bench`: numbers only, no judgement.
//!
//! Each figure is the median over batches of the mean time of one operation; batches are about a millisecond long, so
//! that the clock's own cost and its granularity vanish.

#![expect(clippy::disallowed_methods, reason = "this module measures time; nothing here reaches a result")]

mod live;
mod native;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coevo_core::episode::Fault;
use coevo_core::interface::Interface;
use coevo_core::protocol;
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{Side, Task, ToolCall};
use serde::Serialize;

use crate::budget::Budgets;
use crate::plugin::EnvPlugin;
use crate::sandbox::{Slots, World};
use crate::session::Session;
use crate::verify::verify;

pub use live::{Living, live};
pub use native::{CompareError, Comparison, Pass, Trajectories, compare};

/// One measured operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub name: String,
    /// What it includes.
    pub what: &'static str,
    pub median_us: f64,
    /// Of the batches.
    pub p90_us: f64,
    pub operations: u32,
}

/// How long to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Effort {
    pub batches: u32,
    pub batch_us: u32,
}

impl Default for Effort {
    fn default() -> Self {
        Self { batches: 60, batch_us: 2000 }
    }
}

/// What a whole corpus of reference solutions costs: for each category the time of one pass over its tasks, the shortest of
/// several passes, in a fresh instance per task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CorpusTime {
    pub category: String,
    pub tasks: u32,
    pub calls: u32,
    /// A fresh instance in its initial state, made and dropped.
    pub starts_ms: f64,
    /// The same, and all calls, each result compared.
    pub instances_ms: f64,
    /// The same through the host's episode: text parsed, schema checked, state hashed, observation written, turns kept.
    pub episodes_ms: f64,
}

/// What the reference calls of a task gave: turn by turn, call by call.
pub type Outcomes = Vec<Vec<crate::replies::Reply>>;

/// Plays every task's reference once, and then `passes` times against the clock, on this thread.
///
/// # Errors
/// A fault of the guest, or of a call that gave something else than in the first pass.
pub fn corpus(plugin: &EnvPlugin, tasks: &[Task], passes: u32) -> Result<(Vec<CorpusTime>, Vec<Outcomes>), Fault> {
    use std::collections::BTreeMap;
    let mut outcomes = Vec::with_capacity(tasks.len());
    let mut groups: BTreeMap<&str, Vec<Played<'_>>> = BTreeMap::new();
    for task in tasks {
        let played = Played::first(plugin, task)?;
        outcomes.push(played.replies.clone());
        groups.entry(&task.public.category).or_default().push(played);
    }
    let mut times = Vec::new();
    for (category, played) in &groups {
        let best = |run: &dyn Fn(&Played<'_>) -> Result<(), Fault>| -> Result<f64, Fault> {
            let mut best = f64::INFINITY;
            for _ in 0..passes {
                let start = Instant::now();
                for one in played {
                    run(one)?;
                }
                best = best.min(start.elapsed().as_secs_f64() * 1e3);
            }
            Ok(best)
        };
        times.push(CorpusTime {
            category: (*category).to_owned(),
            tasks: played.len() as u32,
            calls: played.iter().map(|one| one.calls.iter().map(Vec::len).sum::<usize>()).sum::<usize>() as u32,
            starts_ms: best(&|one| {
                let mut world = plugin.world(one.start.slots(), key())?;
                one.start.enter(&mut world)
            })?,
            instances_ms: best(&|one| one.again(plugin))?,
            episodes_ms: best(&|one| one.episode(plugin))?,
        });
    }
    Ok((times, outcomes))
}

/// A reference solution that was played once.
struct Played<'a> {
    task: &'a Task,
    start: Arc<crate::start::Start>,
    /// Name and argument text of each call, by turn.
    calls: Vec<Vec<(&'a str, String)>>,
    /// As an agent writes it, answers included.
    texts: Vec<Vec<String>>,
    replies: Outcomes,
}

impl<'a> Played<'a> {
    fn first(plugin: &EnvPlugin, task: &'a Task) -> Result<Self, Fault> {
        let start = plugin.starts().of(plugin, &task.public)?;
        let turns = || task.hidden.reference.iter();
        let mut played = Self {
            task,
            start,
            calls: turns()
                .map(|turn| turn.calls.iter().map(|call| (call.name.as_str(), call.arguments.to_string())).collect())
                .collect(),
            texts: turns()
                .map(|turn| turn.calls.iter().map(protocol::format_call).chain([turn.answer.clone()]).collect())
                .collect(),
            replies: Vec::new(),
        };
        let (mut world, _) = played.start.begin(plugin, key())?;
        for calls in &played.calls {
            let replies = calls.iter().map(|(name, args)| world.call(name, args, Side::Agent).map(Into::into));
            played.replies.push(replies.collect::<Result<_, Fault>>()?);
        }
        Ok(played)
    }

    fn again(&self, plugin: &EnvPlugin) -> Result<(), Fault> {
        let mut world = plugin.world(self.start.slots(), key())?;
        self.start.enter(&mut world)?;
        for (calls, replies) in self.calls.iter().zip(&self.replies) {
            for ((name, args), wanted) in calls.iter().zip(replies) {
                if crate::replies::Reply::from(world.call(name, args, Side::Agent)?) != *wanted {
                    return Err(world.condemn(format!("call {name}"), "gave something else than before".to_owned()));
                }
            }
        }
        Ok(())
    }

    fn episode(&self, plugin: &EnvPlugin) -> Result<(), Fault> {
        let base = Arc::new(Interface::base());
        let budgets = Budgets { steps_per_turn: u32::MAX };
        let mut session = Session::begin(plugin, &self.task.public, key(), &budgets, base)?;
        for texts in &self.texts {
            session.next_turn()?;
            for text in texts {
                session.step(text)?;
            }
        }
        black_box(session.finish());
        Ok(())
    }
}

struct Bench<'a> {
    plugin: &'a EnvPlugin,
    task: &'a Task,
    effort: Effort,
    figures: Vec<Figure>,
}

fn key() -> StreamKey {
    StreamKey::new(0, Purpose::Environment)
}

/// Measures the sandbox with one environment and task; the calls are those of the task's reference solution.
///
/// # Errors
/// A fault of the guest: it cannot be measured.
pub fn measure(plugin: &EnvPlugin, task: &Task, effort: Effort) -> Result<Vec<Figure>, Fault> {
    let mut bench = Bench { plugin, task, effort, figures: Vec::new() };
    bench.life()?;
    bench.calls()?;
    bench.steps()?;
    bench.forks()?;
    bench.outside()?;
    Ok(bench.figures)
}

impl Bench<'_> {
    /// Times `run` after `prepare`, whose time does not count. `run` returns how many operations it did.
    fn time<S>(
        &mut self,
        name: impl Into<String>,
        what: &'static str,
        mut prepare: impl FnMut() -> Result<S, Fault>,
        mut run: impl FnMut(&mut S) -> Result<u32, Fault>,
    ) -> Result<(), Fault> {
        let batch = Duration::from_micros(self.effort.batch_us.into());
        let mut means = Vec::new();
        let mut total = 0;
        for _ in 0..self.effort.batches {
            let (mut spent, mut operations) = (Duration::ZERO, 0);
            while spent < batch {
                let mut state = prepare()?;
                let start = Instant::now();
                operations += black_box(run(&mut state)?);
                spent += start.elapsed();
            }
            means.push(spent.as_secs_f64() * 1e6 / f64::from(operations.max(1)));
            total += operations;
        }
        means.sort_by(f64::total_cmp);
        let at = |share: f64| means[((means.len() - 1) as f64 * share) as usize];
        self.figures.push(Figure { name: name.into(), what, median_us: at(0.5), p90_us: at(0.9), operations: total });
        Ok(())
    }

    fn begin(&self) -> Result<Session, Fault> {
        let base = Arc::new(Interface::base());
        Session::begin(self.plugin, &self.task.public, key(), &Budgets { steps_per_turn: u32::MAX }, base)
    }

    /// A world in the task's initial state.
    fn world(&self) -> Result<World, Fault> {
        self.plugin.starts().of(self.plugin, &self.task.public)?.begin(self.plugin, key()).map(|(world, _)| world)
    }

    fn life(&mut self) -> Result<(), Fault> {
        const MANY: u32 = 32;
        let (plugin, task) = (self.plugin, self.task);
        let state = task.public.initial_state.as_str();
        self.time(
            "instantiate",
            "a fresh instance, made and dropped",
            || Ok(()),
            |()| {
                for _ in 0..MANY {
                    black_box(plugin.world(Slots::Small, key())?);
                }
                Ok(MANY)
            },
        )?;
        let fresh = || plugin.world(Slots::Small, key());
        self.time("reset from JSON", "the guest's `reset` in a fresh instance", fresh, |world| {
            world.reset(state)?;
            Ok(1)
        })?;
        let start = plugin.starts().of(plugin, &task.public)?;
        let name = format!("reset by {}", start.way_name());
        self.time(name, "a fresh instance brought to the initial state, with its hash", fresh, |world| {
            black_box(start.bring(world)?);
            Ok(1)
        })?;
        self.time(
            "begin an episode",
            "instantiate, reset and the first hash; dropped again",
            || Ok(()),
            |()| {
                for _ in 0..MANY {
                    black_box(start.begin(plugin, key())?);
                }
                Ok(MANY)
            },
        )
    }

    fn calls(&mut self) -> Result<(), Fault> {
        const MANY: u32 = 256;
        let mut world = self.world()?;
        self.time(
            "state hash",
            "the guest's `state-hash`, called from the host",
            || Ok(()),
            |()| {
                for _ in 0..MANY {
                    black_box(world.state_hash()?);
                }
                Ok(MANY)
            },
        )?;
        // Before `reset` the hash has nothing to do: what is left is the way in and out.
        let mut empty = self.plugin.world(Slots::Small, key())?;
        self.time(
            "dispatch",
            "a call that does nothing: fuel set, guest entered and left",
            || Ok(()),
            |()| {
                for _ in 0..MANY {
                    black_box(empty.state_hash()?);
                }
                Ok(MANY)
            },
        )?;
        let calls: Vec<(String, String)> =
            self.reference().iter().map(|call| (call.name.clone(), call.arguments.to_string())).collect();
        let (plugin, task) = (self.plugin, self.task);
        let begin = || Ok(plugin.starts().of(plugin, &task.public)?.begin(plugin, key())?.0);
        self.time("call", "a tool call of the reference solution, its text in and out", begin, |world| {
            for (name, arguments) in &calls {
                black_box(world.call(name, arguments, Side::Agent)?);
            }
            Ok(calls.len() as u32)
        })
    }

    fn reference(&self) -> Vec<ToolCall> {
        self.task.hidden.reference.iter().flat_map(|turn| turn.calls.clone()).collect()
    }

    /// The texts of an agent that plays the reference solution, by turn.
    fn texts(&self) -> Vec<Vec<String>> {
        let text = |turn: &coevo_core::task::ReferenceTurn| {
            let calls = turn.calls.iter().map(protocol::format_call);
            calls
                .chain([if turn.answer.trim().is_empty() { "Done.".to_owned() } else { turn.answer.clone() }])
                .collect()
        };
        self.task.hidden.reference.iter().map(text).collect()
    }

    fn steps(&mut self) -> Result<(), Fault> {
        let texts = self.texts();
        let (plugin, task) = (self.plugin, self.task);
        let budgets = Budgets { steps_per_turn: u32::MAX };
        let base = Arc::new(Interface::base());
        let begin = || Session::begin(plugin, &task.public, key(), &budgets, Arc::clone(&base));
        let what = "a step of an episode: parse, check, call, hash, observe, record; answers included";
        self.time("step", what, begin, |session| {
            let mut steps = 0;
            for turn in &texts {
                session.next_turn()?;
                for text in turn {
                    black_box(session.step(text)?);
                    steps += 1;
                }
            }
            Ok(steps)
        })
    }

    fn forks(&mut self) -> Result<(), Fault> {
        const MANY: u32 = 32;
        let texts = self.texts();
        let mut session = self.begin()?;
        for (at, turn) in texts.iter().enumerate() {
            session.next_turn()?;
            let what = "a second episode at the beginning of the turn, made and dropped";
            self.time(
                format!("fork at turn {}", at + 1),
                what,
                || Ok(()),
                |()| {
                    for _ in 0..MANY {
                        black_box(session.fork()?);
                    }
                    Ok(MANY)
                },
            )?;
            for text in turn {
                session.step(text)?;
            }
        }
        let mut world = self.world()?;
        if let Ok(snapshot) = world.snapshot()? {
            self.time(
                "snapshot",
                "the guest's `snapshot` of the initial state",
                || Ok(()),
                |()| {
                    for _ in 0..MANY {
                        let _ = black_box(world.snapshot()?);
                    }
                    Ok(MANY)
                },
            )?;
            let mut other = self.world()?;
            self.time(
                "restore",
                "the guest's `restore` of it, in a used instance",
                || Ok(()),
                |()| {
                    for _ in 0..MANY {
                        let _ = black_box(other.restore(&snapshot)?);
                    }
                    Ok(MANY)
                },
            )?;
        }
        Ok(())
    }

    fn outside(&mut self) -> Result<(), Fault> {
        let texts = self.texts();
        let mut session = self.begin()?;
        for turn in &texts {
            session.next_turn()?;
            for text in turn {
                session.step(text)?;
            }
        }
        session.next_turn()?;
        let record = session.finish();
        let (plugin, task) = (self.plugin, self.task);
        self.time(
            "verify",
            "the verdict on an episode, in an instance of its own",
            || Ok(()),
            |()| {
                black_box(verify(plugin, task, &record.turns, key()));
                Ok(1)
            },
        )?;
        let Some(split) = plugin.spec().splits.first().map(|split| split.name.clone()) else { return Ok(()) };
        self.time(
            "generate",
            "a task, generated and checked, in an instance of its own",
            || Ok(()),
            |()| {
                black_box(plugin.generate(&split, 0, 1)?);
                Ok(1)
            },
        )
    }
}
