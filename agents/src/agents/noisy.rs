//! An oracle that errs now and then and recovers: what a policy must have seen to read an error and go on. It may have bad
//! habits, too, which it drops where a cue speaks against them.

use std::collections::BTreeMap;
use std::sync::Arc;

use coevo_core::episode::TokenTrace;
use coevo_core::interface::{Cue, Interface, Target};
use coevo_core::label::Failure;
use coevo_core::protocol::format_call;
use coevo_core::render::{self, Role, is_failure};
use coevo_core::seed::{Stream, StreamKey};
use coevo_core::task::{HiddenLabel, ToolCall, ToolSpec};
use serde_json::Value;

use super::Oracle;
use crate::agent::{Agent, EpisodeStart, Lesson, Reply, Request, action_stream};

/// Before a reference call it first makes a mistake, with the given probability, then plays the call. Its mistakes are not
/// [imitated](Lesson::None). Most are rejected by the host; a wrong value may be accepted by a tool and spoil the
/// episode, so demonstrations that fail verification must be dropped.
///
/// It may [read its tools](Self::reading) before it acts in a turn.
///
/// Its [`Habits`] are no slips: they are imitated. Under a cue that speaks against one it does what the cue says.
pub struct NoisyOracle {
    oracle: Oracle,
    tools: BTreeMap<String, ToolSpec>,
    probability: f64,
    habits: Habits,
    reads: Reads,
    /// What an episode is shown, by its stream; the base interface where there is nothing.
    shown: BTreeMap<StreamKey, Arc<Interface>>,
    slots: BTreeMap<usize, Slot>,
}

/// Bad habits such as tool-tuned models have, each with its probability where there is an occasion.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Habits {
    /// In a turn without calls, where the reference asks or abstains: begins with a call that only a later turn makes possible,
    /// one value guessed.
    pub overeager: f64,
    /// In a turn with calls: says that it is done, and calls nothing.
    pub hasty: f64,
    /// After an error: gives up.
    pub resigned: f64,
}

/// What is thought of before the first step of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    #[default]
    Nothing,
    /// The tools that the turn takes, each as the list has it, or as one that is not there ([`render::plan`]).
    Tools,
    /// And the value of each argument that they require, or that it has not been given ([`render::plan_values`]).
    Values,
}

struct Slot {
    stream: StreamKey,
    shown: Option<Arc<Interface>>,
    turn: u16,
    /// Reference steps done in this turn.
    done: usize,
    /// Of the last reply in this turn.
    lesson: Lesson,
}

impl Slot {
    /// Whether a cue speaks against `failure`, for all tools or for one of those that `calls` name.
    fn warned(&self, failure: Failure, calls: &[ToolCall]) -> bool {
        let about = |target: &Target| match target {
            Target::Global => true,
            Target::Tool(tool) | Target::Argument { tool, .. } => calls.iter().any(|call| call.name == *tool),
        };
        let against = |cue: &Cue| about(&cue.target) && cue.triggers.contains(&failure);
        self.shown.as_ref().is_some_and(|interface| interface.cues().iter().any(against))
    }
}

impl NoisyOracle {
    /// `labels` by task id; `tools` as the environment declares them; `probability` of a mistake before a call.
    pub fn new(labels: BTreeMap<String, HiddenLabel>, tools: Vec<ToolSpec>, probability: f64) -> Self {
        let tools = tools.into_iter().map(|tool| (tool.name.clone(), tool)).collect();
        Self {
            oracle: Oracle::new(labels),
            tools,
            probability,
            habits: Habits::default(),
            reads: Reads::Nothing,
            shown: BTreeMap::new(),
            slots: BTreeMap::new(),
        }
    }

    /// With bad habits, and what each episode is shown that may speak against them.
    pub fn with_habits(self, habits: Habits, shown: BTreeMap<StreamKey, Arc<Interface>>) -> Self {
        Self { habits, shown, ..self }
    }

    /// What it first thinks of in a turn: a policy that has learnt this looks before it decides.
    pub fn reading(self, reads: Reads) -> Self {
        Self { reads, ..self }
    }

    fn reply(&mut self, request: &Request<'_>) -> String {
        let slot = self.slots.get_mut(&request.slot).expect("the slot has begun");
        if slot.turn != request.turn {
            (slot.turn, slot.done, slot.lesson) = (request.turn, 0, Lesson::Example);
        }
        let erred = std::mem::replace(&mut slot.lesson, Lesson::Example) == Lesson::None;
        let mut stream = action_stream(slot.stream, request.turn, request.step).stream();
        let calls = self.oracle.calls(request.slot, request.turn);
        let next = self.oracle.calls(request.slot, request.turn + 1);
        let mut plan = String::new();
        if self.reads != Reads::Nothing && request.step == 0 {
            let wanted = if calls.is_empty() { next } else { calls };
            let offered: Vec<&ToolSpec> = request.offered.iter().filter_map(|name| self.tools.get(name)).collect();
            plan = match self.reads {
                Reads::Values => {
                    // Where the reference calls, all is given, if in other words than the value's.
                    let said = |value: &str| request.messages.iter().any(|message| message.text.contains(value));
                    render::plan_values(wanted, &offered, |value| !calls.is_empty() || said(value))
                }
                _ => render::plan(wanted.iter().map(|call| call.name.as_str()), &offered),
            };
        }
        if let Some((lesson, text)) = habit(slot, &self.habits, request, calls, next, &self.tools, &mut stream) {
            slot.lesson = lesson;
            // Over-eagerness looks and calls all the same; in haste there is no look.
            return if calls.is_empty() { plan + &text } else { text };
        }
        if let Some(call) = calls.get(slot.done) {
            // Never two mistakes in a row: the step budget is not the lesson.
            if !erred && stream.uniform() < self.probability {
                slot.lesson = Lesson::None;
                return plan + &mistake(call, calls.get(slot.done + 1), &self.tools, &mut stream);
            }
        }
        slot.done += 1;
        plan + &self.oracle.text(request.slot, request.turn, slot.done - 1)
    }
}

/// What a habit makes of a step, if one does; nothing is drawn for habits that it does not have.
fn habit(
    slot: &Slot,
    habits: &Habits,
    request: &Request<'_>,
    calls: &[ToolCall],
    next: &[ToolCall],
    tools: &BTreeMap<String, ToolSpec>,
    stream: &mut Stream,
) -> Option<(Lesson, String)> {
    let mut falls_for =
        |probability: f64, occasion: bool| occasion && probability > 0.0 && stream.uniform() < probability;
    let opening = request.step == 0;
    let abstains = opening && calls.is_empty() && !next.is_empty();
    if falls_for(habits.overeager, abstains) && !slot.warned(Failure::SpuriousToolCall, next) {
        return Some((Lesson::Habit, guess(&next[0], stream)));
    }
    if falls_for(habits.hasty, opening && !calls.is_empty()) && !slot.warned(Failure::MissingToolCall, calls) {
        let changes = calls.iter().any(|call| tools.get(&call.name).is_none_or(|tool| tool.mutates));
        let lesson = if changes { Lesson::Ruin } else { Lesson::Habit };
        return Some((lesson, "Done.".to_owned()));
    }
    let failed = request.messages.iter().any(|message| message.role == Role::Tool && is_failure(&message.text));
    if falls_for(habits.resigned, !opening && failed) && !slot.warned(Failure::RecoveryFailure, calls) {
        return Some((Lesson::Ruin, "That did not work.".to_owned()));
    }
    None
}

/// `call` with its last text changed: what it will be, the conversation has not said yet.
fn guess(call: &ToolCall, stream: &mut Stream) -> String {
    let mut guessed = call.clone();
    let values = guessed.arguments.as_object_mut().into_iter().flat_map(|arguments| arguments.values_mut());
    if let Some(Value::String(text)) = values.filter(|value| value.is_string()).last() {
        *text = another(text, stream);
    }
    format_call(&guessed)
}

/// A plausible wrong text in place of `call`.
fn mistake(
    call: &ToolCall,
    next: Option<&ToolCall>,
    tools: &BTreeMap<String, ToolSpec>,
    stream: &mut Stream,
) -> String {
    let tool = tools.get(&call.name);
    let mut wrong = call.clone();
    let arguments = wrong.arguments.as_object_mut();
    match (stream.below(6), arguments) {
        (0, Some(arguments)) => {
            let required = tool.and_then(|tool| tool.arguments.get("required")).and_then(Value::as_array);
            let names: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
            if let Some(name) = pick(&names, stream) {
                arguments.shift_remove(*name);
                return format_call(&wrong);
            }
        }
        (1, Some(arguments)) => {
            let names: Vec<String> = arguments.keys().cloned().collect();
            if let Some(name) = pick(&names, stream) {
                let value = arguments.shift_remove(name).expect("a key of the map");
                arguments.insert(format!("{name}_id"), value);
                return format_call(&wrong);
            }
        }
        (2, Some(arguments)) => {
            let mut texts: Vec<&mut Value> = arguments.values_mut().filter(|value| value.is_string()).collect();
            if !texts.is_empty() {
                let index = stream.below(texts.len() as u64) as usize;
                let text = texts[index].as_str().expect("filtered").to_owned();
                *texts[index] = Value::String(another(&text, stream));
                return format_call(&wrong);
            }
        }
        (3, _) => {
            // Too early: harmless where the tool changes nothing.
            if let Some(next) = next.filter(|next| tools.get(&next.name).is_some_and(|tool| !tool.mutates)) {
                return format_call(next);
            }
        }
        (4, _) => {
            let text = format_call(call);
            let cut = text.char_indices().rev().nth(stream.below(3) as usize).map_or(0, |(at, _)| at);
            if cut > call.name.len() + 2 {
                return text[..cut].to_owned();
            }
        }
        _ => {}
    }
    wrong = call.clone();
    wrong.name = misnamed(&call.name);
    format_call(&wrong)
}

/// A plausible wrong name of a tool.
pub(crate) fn misnamed(tool: &str) -> String {
    tool.split_once('_').map_or_else(|| format!("{tool}_now"), |(verb, _)| verb.to_owned())
}

fn pick<'a, T>(items: &'a [T], stream: &mut Stream) -> Option<&'a T> {
    (!items.is_empty()).then(|| &items[stream.below(items.len() as u64) as usize])
}

/// A neighbour of `text`: its last digit changed, or a letter dropped.
fn another(text: &str, stream: &mut Stream) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    if let Some(digit) = chars.iter().rposition(char::is_ascii_digit) {
        let old = chars[digit].to_digit(10).expect("an ASCII digit");
        chars[digit] = char::from_digit((old + 1 + stream.below(9) as u32) % 10, 10).expect("below ten");
    } else if chars.len() > 1 {
        chars.pop();
    } else {
        chars.push('x');
    }
    chars.into_iter().collect()
}

impl Agent for NoisyOracle {
    fn name(&self) -> String {
        format!("noisy oracle {}", self.probability)
    }

    fn begin(&mut self, slot: usize, start: &EpisodeStart<'_>) {
        self.oracle.begin(slot, start);
        let (stream, shown) = (start.stream, self.shown.get(&start.stream).cloned());
        self.slots.insert(slot, Slot { stream, shown, turn: 0, done: 0, lesson: Lesson::Example });
    }

    fn act(&mut self, waiting: &[Request<'_>]) -> Vec<Reply> {
        waiting.iter().map(|request| Reply::Text(self.reply(request))).collect()
    }

    fn end(&mut self, slot: usize) -> TokenTrace {
        self.slots.remove(&slot);
        self.oracle.end(slot)
    }

    fn lesson(&self, slot: usize) -> Lesson {
        self.slots.get(&slot).map_or(Lesson::Example, |slot| slot.lesson)
    }
}
