//! Plays episodes for the checks, and shows every step to the watch.

use std::collections::BTreeMap;
use std::sync::Arc;

use coevo_core::episode::{Fault, Turn, Verdict};
use coevo_core::id::ContentId;
use coevo_core::interface::Interface;
use coevo_core::protocol::format_call;
use coevo_core::seed::{Purpose, Stream, StreamKey};
use coevo_core::task::{PublicTask, ReferenceTurn, Side, ToolCall, ToolSpec};
use serde_json::Value;

use super::watch::{Moment, Watch};
use super::{Sample, Tally};
use crate::budget::Budgets;
use crate::plugin::EnvPlugin;
use crate::session::Session;
use crate::verify;

/// The budget that a played episode has: the kit ends its episodes itself.
pub(super) const UNLIMITED: Budgets = Budgets { steps_per_turn: u32::MAX };

/// The environment's random stream in every episode of the kit.
pub(super) fn key() -> StreamKey {
    StreamKey::new(0, Purpose::Environment)
}

/// What an agent of the kit may look at before it writes.
pub(super) struct View {
    pub turn: usize,
    /// Step within the turn.
    pub step: usize,
}

/// An episode that was played.
pub(super) struct Played {
    pub turns: Vec<Turn>,
    /// What ended it before its agent did.
    pub fault: Option<Fault>,
    /// The state at the end of each turn, by content.
    pub ends: Vec<ContentId>,
    pub initial: ContentId,
}

impl Played {
    /// The state after the last turn.
    pub fn end(&self) -> &ContentId {
        self.ends.last().unwrap_or(&self.initial)
    }
}

pub(super) struct Player<'a> {
    pub plugin: &'a EnvPlugin,
    pub samples: &'a [Sample],
    pub seed: u64,
    pub watch: Watch,
    /// Values that calls may be made of.
    pub pool: Pool,
}

/// Calls of the reference by tool, and values by the name of the argument or result field they stood in.
#[derive(Default)]
pub(super) struct Pool {
    pub calls: BTreeMap<String, Vec<Value>>,
    values: BTreeMap<String, Vec<Value>>,
}

impl Pool {
    /// Values kept for one name.
    const MOST: usize = 64;

    /// Takes up every scalar of `value`, under the name of its field.
    pub fn gather(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, field)| self.gather(name, field)),
            Value::Array(items) => items.iter().take(8).for_each(|item| self.gather(name, item)),
            Value::Null => {}
            scalar => {
                let known = self.values.entry(name.to_owned()).or_default();
                if known.len() < Self::MOST && !known.contains(scalar) {
                    known.push(scalar.clone());
                }
            }
        }
    }

    /// A value that stood under `name`; now and then one of the same type that stood anywhere.
    pub fn draw(&self, name: &str, like: &Value, stream: &mut Stream) -> Option<Value> {
        let pick = |from: &[Value], stream: &mut Stream| match from.len() as u64 {
            0 => None,
            n => Some(from[stream.below(n) as usize].clone()),
        };
        let own = self.values.get(name).filter(|_| stream.below(4) > 0);
        if let Some(value) = own.and_then(|own| pick(own, stream)) {
            return Some(value);
        }
        let same = |value: &&Value| std::mem::discriminant(*value) == std::mem::discriminant(like);
        let anywhere: Vec<Value> = self.values.values().flatten().filter(same).cloned().collect();
        pick(&anywhere, stream)
    }
}

/// What an agent that follows the reference writes in a turn.
pub(super) fn reference_texts(turn: &ReferenceTurn) -> Vec<String> {
    turn.calls.iter().map(format_call).chain([answer_text(turn)]).collect()
}

/// The reference's answer; a turn without one is still ended with a word.
pub(super) fn answer_text(turn: &ReferenceTurn) -> String {
    if turn.answer.trim().is_empty() { "Done.".to_owned() } else { turn.answer.clone() }
}

impl<'a> Player<'a> {
    pub fn new(plugin: &'a EnvPlugin, samples: &'a [Sample], seed: u64) -> Self {
        let mut pool = Pool::default();
        for call in samples.iter().flat_map(|s| &s.task.hidden.reference).flat_map(|turn| &turn.calls) {
            let known = pool.calls.entry(call.name.clone()).or_default();
            if known.len() < Pool::MOST && !known.contains(&call.arguments) {
                known.push(call.arguments.clone());
            }
            pool.gather("", &call.arguments);
        }
        Self { plugin, samples, seed, watch: Watch::new(plugin), pool }
    }

    /// The stream of one use of chance.
    pub fn stream(&self, sample: usize, replica: u32) -> Stream {
        StreamKey::new(self.seed, Purpose::Control).task(sample as u64).replica(replica).stream()
    }

    pub fn agent_tools(&self) -> impl Iterator<Item = &'a ToolSpec> + use<'a> {
        self.plugin.spec().tools.iter().filter(|tool| tool.side == Side::Agent)
    }

    /// Plays one episode of a sample with the texts that `agent` writes; `None` stops it. A state is read after every
    /// step, and everything is shown to the watch.
    pub fn play(
        &mut self,
        sample: usize,
        who: &str,
        agent: &mut dyn FnMut(&View, &mut Pool) -> Option<String>,
    ) -> Played {
        let task = &self.samples[sample].task.public;
        self.play_task(sample, task, who, agent)
    }

    /// As [`Player::play`], of a variation on the sample's task.
    pub fn play_task(
        &mut self,
        sample: usize,
        task: &PublicTask,
        who: &str,
        agent: &mut dyn FnMut(&View, &mut Pool) -> Option<String>,
    ) -> Played {
        let base = Arc::new(Interface::base());
        self.watch.episode(&self.samples[sample], who);
        let mut ends = Vec::new();
        let session = Session::begin(self.plugin, task, key(), &UNLIMITED, base);
        let mut session = match session {
            Ok(session) => session,
            Err(fault) => {
                self.watch.fault(&fault, None);
                let initial = ContentId::of_bytes(&[]);
                return Played { turns: Vec::new(), fault: Some(fault), ends, initial };
            }
        };
        let mut initial = ContentId::of_bytes(&[]);
        let played = self.turns(&mut session, agent, &mut initial, &mut ends);
        let fault = played.err().map(|(fault, text)| {
            self.watch.fault(&fault, text.as_deref());
            fault
        });
        self.watch.peak_memory(session.memory_peak());
        let record = session.finish();
        Played { turns: record.turns, fault, ends, initial }
    }

    fn turns(
        &mut self,
        session: &mut Session,
        agent: &mut dyn FnMut(&View, &mut Pool) -> Option<String>,
        initial: &mut ContentId,
        ends: &mut Vec<ContentId>,
    ) -> Result<(), (Fault, Option<String>)> {
        let quiet = |fault| (fault, None);
        let mut now = Moment::of(session).map_err(quiet)?;
        self.watch.moment(&now);
        initial.clone_from(&now.state);
        let mut turn = 0;
        while let Some(start) = session.next_turn().map_err(quiet)? {
            self.watch.messages(turn, &start.messages);
            now = Moment::of(session).map_err(quiet)?;
            self.watch.moment(&now);
            let mut step = 0;
            loop {
                let Some(text) = agent(&View { turn, step }, &mut self.pool) else {
                    return Ok(());
                };
                let reply = session.step(&text).map_err(|fault| (fault, Some(text.clone())))?;
                let after = Moment::of(session).map_err(|fault| (fault, Some(text.clone())))?;
                let made = session.turns().last().and_then(|turn| turn.steps.last());
                if let Some(made) = made {
                    if let coevo_core::episode::StepOutcome::Executed { result } = &made.outcome {
                        self.pool.gather("", result);
                    }
                    self.watch.step(turn, step, made, &now, &after);
                }
                now = after;
                if reply.turn_over {
                    break;
                }
                step += 1;
            }
            ends.push(now.state.clone());
            turn += 1;
        }
        Ok(())
    }

    /// Plays texts turn by turn; an answer ends the turn whether or not it was the last text.
    pub fn play_texts(&mut self, sample: usize, who: &str, texts: &[Vec<String>]) -> Played {
        self.play(sample, who, &mut |view, _| texts.get(view.turn).and_then(|turn| turn.get(view.step)).cloned())
    }

    /// The reference solution of every sample, played.
    pub fn oracles(&mut self) -> Vec<Played> {
        let samples = self.samples;
        let texts = |at: usize| samples[at].task.hidden.reference.iter().map(reference_texts).collect::<Vec<_>>();
        (0..samples.len()).map(|at| self.play_texts(at, "reference", &texts(at))).collect()
    }

    /// The verdict on an episode of a sample.
    pub fn judge(&mut self, sample: usize, turns: &[Turn]) -> Verdict {
        let task = &self.samples[sample].task;
        let (verdict, fuel_used) = verify::measured(self.plugin, task, turns, key());
        self.watch.task_fuel(fuel_used, "verify", &task.public.id);
        verdict
    }

    /// Whether the verdict is full reward; a verifier that faults is a finding of `tally`.
    pub fn solved(&mut self, sample: usize, turns: &[Turn], who: &str, tally: &mut Tally) -> bool {
        match self.judge(sample, turns) {
            Verdict::Scored { reward, .. } => reward >= self.plugin.spec().reward_max,
            Verdict::Unscored(fault) => {
                let place = format!("{}, verdict on {who}", self.samples[sample].task.public.id);
                tally.find(
                    place,
                    fault.message,
                    "let `verify` judge any record: cut off turns, failed calls, none at all",
                );
                false
            }
        }
    }

    /// The sample's task with one long turn in which every tool of the agent is offered.
    pub fn open_task(&self, sample: usize) -> PublicTask {
        let mut task = self.samples[sample].task.public.clone();
        task.id.push_str("+all-tools");
        task.turns.truncate(1);
        for turn in &mut task.turns {
            turn.message = coevo_core::task::UserMessage::Scripted("Go on.".to_owned());
            turn.offered = self.agent_tools().map(|tool| tool.name.clone()).collect();
        }
        task
    }
}

/// A call as text, short enough for a report.
pub(super) fn shown(call: &ToolCall) -> String {
    crate::sandbox::shorten(format_call(call))
}
