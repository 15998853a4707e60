//! Demonstrations on made-up tool APIs, for pre-training a policy that reads tool specs.
//!
//! Every demonstration draws its own tools (names, arguments, documentation, types, pre-conditions, errors), its own things
//! and its own wording; so nothing can be known by heart, and a policy must use what its context says: choose the tool by
//! its description, copy values from the conversation and from results, recover from errors, ask where something is
//! missing, and abstain where no tool fits. No tool or task of a shipped environment is among them.
//!
//! A world is made of things with attributes (`world`), of switches, and of errands (`errand`), which are asked for in
//! other words than the tool's (`order`); or it is a part of a field (`field`, `scene`), a made-up API in everyday English, whose
//! people ask by what they need. A field's names and descriptions are written by hand, several for each tool; which of its tools are
//! there, under which of these and with which values, is drawn.
//!
//! The text is written by the same functions that render real episodes (`coevo_core::render`), cues included.

mod corpus;
mod errand;
mod field;
mod order;
mod scene;
mod value;
mod wish;
mod words;
mod world;

pub use corpus::Corpus;

use coevo_core::episode::{Parsed, Rejection, SchemaViolation, StepOutcome, ViolationKind};
use coevo_core::interface::{Cue, EvolutionConfig, Interface, Target};
use coevo_core::protocol::{THOUGHT, format_call, parse};
use coevo_core::render::{self, Message, Role};
use coevo_core::seed::Stream;
use coevo_core::task::{EnvSpec, PublicTask, ToolCall, ToolSpec};
use serde_json::{Value, json};

use crate::Lesson;
use crate::agents::misnamed;
use crate::demonstration::Seen;
use scene::Scene;
use wish::{Move, Wish, Wishes};
use words::{chance, one, pick, range};
use world::World;

/// How demonstrations are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// Chance of a mistake before a step, and of another after each, below 1; they are seen and not imitated.
    pub mistakes: f64,
    /// Share of the demonstrations with random interface cues.
    pub cues: f64,
    /// Whether a turn begins with a look at the tools that it takes ([`render::plan`]).
    pub reads: bool,
    /// How far learning has come, from 0 to 1: it begins with short lists, each tool of which is asked for by a word of its own.
    pub level: f64,
}

/// Share of worlds that are drawn from fields of everyday English, in the end.
const EVERYDAY: f64 = 0.65;

/// Share of the others with more than plain errands, in the end.
const HARD: f64 = 0.7;

const ABSTENTIONS: [&str; 3] =
    ["I have no tool for that yet.", "I cannot do that, there is no tool for it.", "There is no tool for that."];

/// One demonstration: the conversation as the policy reads it, its own lines marked for imitation.
pub fn demonstrate(stream: &mut Stream, mix: Mix) -> Vec<Seen> {
    converse(stream, mix, 1).remove(0)
}

/// Several conversations with the same tools, which open alike unless a tool comes late in one.
fn converse(stream: &mut Stream, mix: Mix, count: usize) -> Vec<Vec<Seen>> {
    let level = mix.level;
    let everyday = chance(stream, EVERYDAY * grown(level, 0.05, 0.2));
    let plain = !everyday && !chance(stream, HARD * grown(level, 0.12, 0.5));
    let more = if plain || everyday { grown(level, 0.1, 0.35) } else { 1.0 };
    let mix = Mix { mistakes: mix.mistakes * more, cues: mix.cues * more, ..mix };
    let setting = if everyday {
        Setting::Scene(Scene::draw(stream, 6 + (14.0 * grown(level, 0.1, 0.4)) as usize))
    } else if plain {
        Setting::World(World::plain(stream, level))
    } else {
        Setting::World(World::draw(stream))
    };
    let spec = match &setting {
        Setting::World(world) => world.spec(stream),
        Setting::Scene(scene) => world::spec_of(scene.specs()),
    };
    let config = EvolutionConfig::default();
    let interface =
        if chance(stream, mix.cues) { Interface::random(&spec, &config, 0.3, stream) } else { Interface::base() };
    let one_of_them = |_| {
        let count = if plain { 6 } else { one(stream, &[1, 2, 2, 2, 3, 3, 4]) };
        let (system, plan): (String, Vec<Wish>) = match &setting {
            Setting::World(world) => {
                let mut wishes = Wishes::new(stream, world.clone());
                (world.system.clone(), (0..count).map(|_| wishes.next()).collect())
            }
            Setting::Scene(scene) => {
                let mut scene = scene.clone();
                (scene.system.clone(), (0..count).map(|_| scene.wish(stream)).collect())
            }
        };
        let mut writer = Writer {
            stream,
            spec: &spec,
            interface: interface.clone(),
            mix,
            plain,
            out: Vec::new(),
            turn: 0,
            step: 0,
            offered: Vec::new(),
            thoughts: String::new(),
        };
        writer.write(system, plan);
        writer.out
    };
    (0..count).map(one_of_them).collect()
}

/// How much of what is learnt between two levels has been.
fn grown(level: f64, from: f64, to: f64) -> f64 {
    ((level - from) / (to - from)).clamp(0.0, 1.0)
}

/// What a conversation takes place in.
enum Setting {
    World(World),
    Scene(Scene),
}

struct Writer<'a> {
    stream: &'a mut Stream,
    spec: &'a EnvSpec,
    interface: Interface,
    mix: Mix,
    plain: bool,
    out: Vec<Seen>,
    turn: u16,
    step: u16,
    offered: Vec<String>,
    /// What the next reply begins with.
    thoughts: String,
}

/// What is special about a demonstration.
enum Twist {
    None,
    /// A tool of this wish is offered one turn late.
    Late(usize),
    /// This wish comes in two parts.
    Vague(usize),
}

impl Writer<'_> {
    fn write(&mut self, system: String, plan: Vec<Wish>) {
        let usual = self.plain && !chance(self.stream, grown(self.mix.level, 0.1, 0.35));
        let twist = if usual { Twist::None } else { self.twist(&plan) };
        let late: Option<String> = match twist {
            Twist::Late(at) => plan[at].moves.last().map(|last| last.call.name.clone()),
            _ => None,
        };
        self.offered =
            self.spec.tools.iter().map(|tool| tool.name.clone()).filter(|name| Some(name) != late.as_ref()).collect();
        let task = PublicTask { system, ..PublicTask::default() };
        let opening = render::opening(&task, &self.specs(), &self.interface);
        self.seen(opening);
        for (at, wish) in plan.into_iter().enumerate() {
            match (&twist, &wish.lack) {
                (Twist::Late(late), _) if *late == at => {
                    self.user(wish.text.clone());
                    let sorry = pick(self.stream, &ABSTENTIONS).to_owned();
                    self.plan(&wish);
                    self.answer(sorry);
                    self.release();
                    let again = pick(
                        self.stream,
                        &[
                            "You have the tool now, please do it.",
                            "Please try again.",
                            "Now it should work.",
                            "There is a new tool.",
                        ],
                    );
                    self.user(again.to_owned());
                }
                (Twist::Vague(vague), Some(lack)) if *vague == at => {
                    self.user(lack.text.clone());
                    self.plan(&wish);
                    self.answer(lack.question.clone());
                    self.user(lack.supply.clone());
                }
                _ => self.user(wish.text.clone()),
            }
            self.plan(&wish);
            for step in wish.moves {
                self.play(step);
            }
            self.answer(wish.answer);
        }
    }

    fn twist(&mut self, plan: &[Wish]) -> Twist {
        let at = self.stream.below(plan.len() as u64) as usize;
        let last = plan[at].moves.last().map(|last| &last.call.name);
        let used_before = plan[..at].iter().flat_map(|wish| &wish.moves).any(|step| Some(&step.call.name) == last);
        match self.stream.below(10) {
            0..=1 if !used_before => Twist::Late(at),
            3..=5 if plan[at].lack.is_some() => Twist::Vague(at),
            _ => Twist::None,
        }
    }

    fn specs(&self) -> Vec<&ToolSpec> {
        self.offered.iter().filter_map(|name| self.spec.tool(name)).collect()
    }

    fn release(&mut self) {
        let all: Vec<String> = self.spec.tools.iter().map(|tool| tool.name.clone()).collect();
        let added: Vec<&ToolSpec> = self.spec.tools.iter().filter(|tool| !self.offered.contains(&tool.name)).collect();
        if let Some(message) = render::tools_changed(&added, &[], &self.interface) {
            self.seen(message);
        }
        self.offered = all;
    }

    fn push(&mut self, role: Role, text: String, imitate: bool) {
        let (turn, step) = (self.turn, self.step);
        let lesson = if imitate { Lesson::Example } else { Lesson::None };
        self.out.push(Seen { message: Message { role, text }, turn, step, lesson });
    }

    fn seen(&mut self, message: Message) {
        self.push(message.role, message.text, false);
    }

    fn user(&mut self, text: String) {
        self.push(Role::User, text, false);
    }

    /// Looks at the tools of a wish before the next reply.
    fn plan(&mut self, wish: &Wish) {
        if self.mix.reads {
            // What only an error will ask for cannot be known yet.
            let mut told = true;
            let mut played = Vec::new();
            for step in wish.moves.iter().filter(|step| !self.is_spared(step)) {
                if told || !step.remedy {
                    played.push(step.call.name.as_str());
                }
                told &= matches!(step.outcome, StepOutcome::Executed { .. });
            }
            // The name of a made-up tool that is not there cannot be known.
            let (there, not): (Vec<&str>, Vec<&str>) =
                played.into_iter().partition(|name| self.offered.iter().any(|offered| offered == name));
            let none = if not.is_empty() { String::new() } else { format!("{THOUGHT}none\n") };
            self.thoughts = render::plan(there, &self.specs()) + &none;
        }
    }

    fn reply(&mut self, text: String, imitate: bool) {
        let text = std::mem::take(&mut self.thoughts) + &text;
        self.push(Role::Assistant, text, imitate);
    }

    fn answer(&mut self, text: String) {
        self.reply(text, true);
        self.turn += 1;
        self.step = 0;
    }

    fn play(&mut self, step: Move) {
        if self.is_spared(&step) {
            return;
        }
        while chance(self.stream, self.mix.mistakes) {
            if chance(self.stream, 0.4) {
                self.mistake_tool(&step.call);
            } else if let Some((text, outcome)) = self.mistake(&step.call) {
                self.act(text, &outcome, None, false);
            }
        }
        self.act(format_call(&step.call), &step.outcome, Some(&step.call), true);
    }

    fn act(&mut self, text: String, outcome: &StepOutcome, call: Option<&ToolCall>, imitate: bool) {
        let parsed = parse(&text);
        let called = match (&parsed, call) {
            (_, Some(call)) => Some(call),
            (Parsed::Call(call), None) => Some(call),
            _ => None,
        };
        let cue = render::recovery_cue(outcome, called, &self.specs(), &self.interface);
        let reply = render::tool_message(&render::observation(outcome), &cue);
        self.reply(text, imitate);
        self.seen(reply);
        self.step += 1;
    }

    /// Whether it is a call that a cue foretells the failure of, by saying what the tool needs first.
    fn is_spared(&self, step: &Move) -> bool {
        let about = |cue: &Cue| {
            cue.rule == "preconditions" && matches!(&cue.target, Target::Tool(name) if *name == step.call.name)
        };
        step.foreseeable && self.interface.cues().iter().any(about)
    }

    /// Takes another tool for the one that is meant; thinks again when that is refused.
    fn mistake_tool(&mut self, call: &ToolCall) {
        let others: Vec<ToolSpec> = self.specs().into_iter().filter(|tool| tool.name != call.name).cloned().collect();
        if others.is_empty() {
            return;
        }
        let other = one(self.stream, &others);
        let required = render::phrase::required(&other);
        let given = |name: &&str| call.arguments.get(*name).map(|value| ((*name).to_owned(), value.clone()));
        let arguments: serde_json::Map<String, Value> = required.iter().filter_map(given).collect();
        let missing = required.iter().find(|name| !arguments.contains_key(**name));
        let outcome = match (missing, other.errors.as_slice()) {
            (Some(name), _) => violated(ViolationKind::MissingRequired, (*name).to_owned()),
            (None, []) => return,
            (None, errors) => {
                let error = one(self.stream, errors);
                StepOutcome::ToolError { code: error.code, message: error.description, details: Value::Null }
            }
        };
        let thought = |name: &str| if self.mix.reads { render::plan([name], &self.specs()) } else { String::new() };
        let (wrong, right) = (thought(&other.name), thought(&call.name));
        let text = format_call(&ToolCall { name: other.name.clone(), arguments: Value::Object(arguments) });
        let kept = std::mem::replace(&mut self.thoughts, wrong);
        self.act(text, &outcome, None, false);
        self.thoughts = if kept.is_empty() { right } else { kept };
    }

    /// A wrong text in place of a call, and what comes of it.
    fn mistake(&mut self, call: &ToolCall) -> Option<(String, StepOutcome)> {
        let arguments = call.arguments.as_object()?;
        let text = format_call(call);
        Some(match self.stream.below(7) {
            0 if !arguments.is_empty() => {
                let skip = self.stream.below(arguments.len() as u64) as usize;
                let name = arguments.keys().nth(skip)?.clone();
                let mut wrong = call.clone();
                wrong.arguments.as_object_mut()?.shift_remove(&name);
                (format_call(&wrong), violated(ViolationKind::MissingRequired, name))
            }
            1 => {
                let cut = text.char_indices().rev().nth(self.stream.below(3) as usize)?.0;
                let text = text[..cut.max(call.name.len() + 2)].to_owned();
                let Parsed::Malformed { reason } = parse(&text) else { return None };
                (text, StepOutcome::Rejected(Rejection::Malformed { reason }))
            }
            2 if !arguments.is_empty() => {
                // A wrong identifier: the tool itself objects.
                let (name, value) = arguments.iter().next()?;
                let wrong = match value {
                    Value::Number(_) => json!(range(self.stream, 100, 999)),
                    Value::String(text) => json!(format!("{text}{}", self.stream.below(10))),
                    _ => return None,
                };
                let errors = &self.spec.tool(&call.name)?.errors;
                let code = errors.iter().find(|error| error.code.starts_with("unknown_"))?.code.clone();
                let mut other = call.clone();
                other.arguments[name] = wrong.clone();
                let message = format!("no {}", render::phrase::scalar(&wrong));
                (format_call(&other), StepOutcome::ToolError { code, message, details: json!({"argument": name}) })
            }
            3..=4 if !arguments.is_empty() => {
                // Another value that was spoken of, or one of another type.
                let at = self.stream.below(arguments.len() as u64) as usize;
                let (name, value) = arguments.iter().nth(at)?;
                let (wrong, kind) = match value {
                    Value::Number(number) => (json!(number.to_string()), ViolationKind::WrongType),
                    _ if arguments.len() > 1 => {
                        (arguments.values().nth((at + 1) % arguments.len())?.clone(), ViolationKind::Format)
                    }
                    _ => (json!(call.name), ViolationKind::Format),
                };
                let mut other = call.clone();
                other.arguments[name] = wrong;
                (format_call(&other), violated(kind, name.clone()))
            }
            _ => {
                let mut wrong = call.clone();
                wrong.name = misnamed(&call.name);
                if self.spec.tool(&wrong.name).is_some() {
                    return None;
                }
                let name = wrong.name.clone();
                (format_call(&wrong), StepOutcome::Rejected(Rejection::UnknownTool { name }))
            }
        })
    }
}

/// A call that the host did not run, for one argument.
fn violated(kind: ViolationKind, argument: String) -> StepOutcome {
    let violation = SchemaViolation { kind, argument, message: String::new() };
    StepOutcome::Rejected(Rejection::Schema { violations: vec![violation] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use coevo_core::protocol::split_thoughts;
    use coevo_core::seed::{Purpose, StreamKey};

    fn shown(seed: u64) -> Vec<Seen> {
        shown_at(seed, 1.0)
    }

    fn shown_at(seed: u64, level: f64) -> Vec<Seen> {
        let mix = Mix { mistakes: 0.1, cues: 0.25, reads: true, level };
        demonstrate(&mut StreamKey::new(seed, Purpose::Action).stream(), mix)
    }

    #[test]
    fn demonstrations_differ_and_repeat() {
        let texts = |seed| shown(seed).into_iter().map(|seen| seen.message.text).collect::<Vec<_>>();
        assert_eq!(texts(1), texts(1));
        assert_ne!(texts(1), texts(2));
    }

    #[test]
    fn it_begins_with_short_lists_whose_tools_are_asked_for_by_name() {
        let mut looks = 0;
        for seed in 0..100 {
            let mut asked = String::new();
            for seen in shown_at(seed, 0.0) {
                let text = &seen.message.text;
                match seen.message.role {
                    Role::System => assert!((3..=6).contains(&(text.lines().count() - 2)), "{seed}: {text}"),
                    Role::User => asked = text.to_lowercase(),
                    Role::Tool => {}
                    Role::Assistant => {
                        assert!(seen.lesson.is_imitated(), "{seed}: a mistake: {text}");
                        for look in split_thoughts(text).0.lines() {
                            looks += 1;
                            let verb = look[1..].split('_').next().expect("a name");
                            assert!(asked.contains(verb), "{seed}: {look} for {asked}");
                        }
                    }
                }
            }
        }
        assert!(looks > 500, "{looks}");
    }

    fn is_date(text: &str) -> bool {
        text.len() == 5 && text.chars().enumerate().all(|(at, c)| if at == 2 { c == '-' } else { c.is_ascii_digit() })
    }

    /// Whether some field's tool takes one of a few values, and this is one.
    fn is_choice(text: &str) -> bool {
        let arguments = field::FIELDS.iter().flat_map(|field| &field.tools).flat_map(|tool| &tool.arguments);
        arguments.into_iter().any(|argument| match &argument.holds {
            field::Type::Choice(values) => values.iter().any(|(value, _)| *value == text),
            _ => false,
        })
    }

    #[test]
    fn what_is_imitated_is_well_formed_and_follows_from_the_context() {
        let (mut thoughts, mut absent, mut calls, mut copied, mut values) = (0, 0, 0, 0, 0);
        for seed in 0..300 {
            let mut before = String::new();
            for seen in shown(seed) {
                if seen.lesson.is_imitated() {
                    for line in split_thoughts(&seen.message.text).0.lines() {
                        thoughts += 1;
                        absent += usize::from(line == "~none");
                        assert!(line == "~none" || before.contains(&format!("\n{}", &line[1..])), "{seed}: {line}");
                    }
                    match parse(&seen.message.text) {
                        Parsed::Call(call) => {
                            calls += 1;
                            assert!(before.contains(&format!("{}(", call.name)), "{seed}: {} is not listed", call.name);
                            for value in call.arguments.as_object().expect("an object").values() {
                                values += 1;
                                let parts = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                                // But for the capital that a sentence begins with.
                                let said = |part: &Value| {
                                    let text = render::phrase::scalar(part);
                                    before.contains(&text) || before.contains(&words::capital(&text))
                                };
                                copied += usize::from(parts.iter().all(said));
                                // What is not said as it is written is a date in words, or one of a few values.
                                let text = render::phrase::scalar(value);
                                let known = parts.iter().all(said) || is_date(&text) || is_choice(&text);
                                assert!(known, "{seed}: nobody said {text}");
                            }
                        }
                        Parsed::Answer(_) => {}
                        Parsed::Malformed { reason } => panic!("{seed}: {reason}: {}", seen.message.text),
                    }
                }
                before.push_str(&seen.message.text);
                before.push('\n');
            }
        }
        assert!(calls > 500 && thoughts > 500 && absent > 20);
        assert!(
            25 * (values - copied) < values,
            "of {values} arguments {copied} can be copied from what was said before"
        );
    }
}
