//! Tasks as stories: a random world, a few requests that the world has a case for, and four tasks from each story.
//!
//! An environment lists builders of single requests ([`Storied::beats`]). A builder looks into the world, runs the calls
//! that carry the request out ([`Teller::call`]), and says the request in one of many ways. The teller keeps a request
//! only if it proves sound: every call ends as the builder said, a change changes something, and no lookup repeats a
//! result that the conversation has already. So a builder may propose freely; what does not fit is taken back, memory
//! and world included.
//!
//! The four tasks of a story are the categories: as it is, with a tool that comes late, with a value that comes late,
//! and with results full of irrelevant material. Index `4·s + c` of a split is category `c` of story `s`. World, requests
//! and wording come from the story's own random stream, so the variants differ only in what the category is about.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::session::{Context, Quiet, Side};
use crate::talk::{ASKS, CANNOT, ENABLED, fill, say};
use crate::{Environment, Rng, Script, TaskDraft};

/// (split, number of tasks)
pub const SPLITS: [(&str, u32); 3] = [("train", 400), ("dev", 100), ("test", 400)];
/// In the order of `index % 4`.
pub const CATEGORIES: [&str; 4] = ["base", "miss_func", "miss_param", "long_context"];

/// How many tools a task offers: those that the story needs, filled up with others.
const OFFERED: usize = 12;
/// At most this many calls in one turn.
const MOST_CALLS: usize = 3;
/// At most this many words in one user message.
const MOST_WORDS: usize = 20;

/// Builds one request, or nothing where the world has no case for it.
pub type Builder<E> = fn(&mut Teller<E>) -> Option<Beat>;

/// An environment whose tasks are stories. Its tools may use neither [`Context::now_ms`] nor [`Context::random`].
pub trait Storied: Environment {
    /// What the conversation has made known, such as ids that were looked up, and what it is about.
    type Memory: Clone + Default;

    /// Tools whose work other tools can do as well. They never come late: an agent that uses another way is right.
    const REPLACEABLE: &'static [&'static str] = &[];

    /// A world to begin in.
    fn world(rng: &mut Rng) -> Self::State;

    /// What the agent reads before the first turn.
    fn system(state: &Self::State) -> String;

    /// Builders of requests with their weights. A story uses each at most once.
    fn beats() -> &'static [(usize, Builder<Self>)]
    where
        Self: Sized;

    /// From now on, results carry irrelevant material drawn from this number, which is not 0.
    fn clutter(state: &mut Self::State, number: u64);
}

/// A call of the reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub name: &'static str,
    pub arguments: Value,
    /// The error that the reference runs into and recovers from.
    pub refused: Option<&'static str>,
}

/// A required value that the missing-parameter variant leaves out.
#[derive(Clone, Debug, PartialEq)]
pub struct Hole {
    /// What the reference asks for: "Which …?"
    pub asked: &'static str,
    /// The request without it.
    pub text: String,
    /// The user's reply.
    pub reply: String,
}

/// One request of a story.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    pub text: String,
    pub hole: Option<Hole>,
    /// Filled in by the teller.
    pub calls: Vec<Call>,
    pub answer: String,
    /// Each must be in the answer.
    pub facts: Vec<String>,
}

impl Beat {
    pub fn new(text: impl Into<String>, answer: impl Into<String>) -> Self {
        Self { text: text.into(), hole: None, calls: Vec::new(), answer: answer.into(), facts: Vec::new() }
    }

    /// The answer must contain this.
    #[must_use]
    pub fn fact(mut self, text: impl Into<String>) -> Self {
        self.facts.push(text.into());
        self
    }

    /// How the user asks when a value is left out, and gives it when asked.
    #[must_use]
    pub fn lacking(mut self, asked: &'static str, text: impl Into<String>, reply: impl Into<String>) -> Self {
        self.hole = Some(Hole { asked, text: text.into(), reply: reply.into() });
        self
    }

    /// The tool that the request is about: the last one called.
    fn key(&self) -> &'static str {
        self.calls.last().map_or("", |call| call.name)
    }

    fn uses(&self, tool: &str) -> bool {
        self.calls.iter().any(|call| call.name == tool)
    }
}

/// A story in the making.
pub struct Teller<E: Storied> {
    pub rng: Rng,
    pub memory: E::Memory,
    state: E::State,
    mutating: BTreeSet<&'static str>,
    /// Results of lookups so far.
    seen: Vec<Value>,
    calls: Vec<Call>,
    /// Whether the request in the making has proved unsound.
    flawed: bool,
}

impl<E: Storied> Teller<E> {
    fn new(mut rng: Rng) -> Self {
        let mutating = E::describe().tools.iter().filter(|tool| tool.mutates).map(|tool| tool.name).collect();
        let state = E::world(&mut rng);
        let (seen, calls) = (Vec::new(), Vec::new());
        Self { rng, memory: E::Memory::default(), state, mutating, seen, calls, flawed: false }
    }

    /// The world as it stands after the calls so far.
    pub fn state(&self) -> &E::State {
        &self.state
    }

    /// How many calls the request in the making has.
    pub fn made(&self) -> usize {
        self.calls.len()
    }

    /// Says one of the templates ([`say`]).
    pub fn say(&mut self, templates: &[&'static str], slots: &[(&str, &str)]) -> String {
        say(&mut self.rng, templates, slots)
    }

    /// Answers the agent's question with one of the templates, `{x}` being the value. A bare value keeps its spelling.
    pub fn reply(&mut self, templates: &[&'static str], value: &str) -> String {
        fill(self.rng.pick(templates), &[("x", value)])
    }

    /// One of these, or nothing if there are none.
    pub fn choose<T: Clone>(&mut self, among: &[T]) -> Option<T> {
        if among.is_empty() { None } else { Some(among[self.rng.below(among.len())].clone()) }
    }

    fn run(&mut self, name: &'static str, arguments: &Value) -> Result<Value, String> {
        let mut around = Quiet::new();
        let mut context = Context::new(Side::Agent, 0, &mut around);
        E::call(&mut self.state, &mut context, name, arguments).map_err(|error| error.code)
    }

    /// Runs a call of the reference. Where it fails, changes nothing although its tool should, or looks up what the
    /// conversation has already, the request is taken back; the result is `null` then.
    pub fn call(&mut self, name: &'static str, arguments: Value) -> Value {
        let before = self.state.clone();
        let Ok(result) = self.run(name, &arguments) else {
            self.flawed = true;
            return Value::Null;
        };
        if self.mutating.contains(name) {
            self.flawed |= self.state == before;
        } else {
            self.flawed |= self.seen.contains(&result);
            self.seen.push(result.clone());
        }
        self.calls.push(Call { name, arguments, refused: None });
        result
    }

    /// Runs a call that the reference makes in order to learn that it is refused.
    pub fn refused(&mut self, name: &'static str, arguments: Value, code: &'static str) {
        self.flawed |= self.run(name, &arguments) != Err(code.to_owned());
        self.calls.push(Call { name, arguments, refused: Some(code) });
    }

    /// Makes one request, or takes everything back.
    fn attempt(&mut self, builder: Builder<E>) -> Option<Beat> {
        let (state, memory, seen) = (self.state.clone(), self.memory.clone(), self.seen.len());
        self.flawed = false;
        let made = builder(self);
        let calls = std::mem::take(&mut self.calls);
        match made {
            Some(beat) if !self.flawed && (1..=MOST_CALLS).contains(&calls.len()) && is_short(&beat) => {
                Some(Beat { calls, ..beat })
            }
            _ => {
                self.state = state;
                self.memory = memory;
                self.seen.truncate(seen);
                None
            }
        }
    }
}

fn is_short(beat: &Beat) -> bool {
    let hole = beat.hole.iter().flat_map(|hole| [&hole.text, &hole.reply]);
    hole.chain([&beat.text]).all(|text| text.split_whitespace().count() <= MOST_WORDS)
}

/// A story that can be told in all four variants.
struct Story<E: Storied> {
    world: E::State,
    beats: Vec<Beat>,
    /// In the order of declaration.
    offered: Vec<&'static str>,
    /// For wording and choices that belong to a variant.
    rng: Rng,
}

/// The task at `index` of a split of [`SPLITS`].
///
/// # Errors
/// Unknown split, index out of range, or an environment whose builders fail.
pub fn generate<E: Storied>(split: &str, index: u32, rng: &mut Rng) -> Result<TaskDraft<E::State>, String> {
    let at = SPLITS.iter().position(|(name, _)| *name == split).ok_or_else(|| format!("no split {split:?}"))?;
    let count = SPLITS[at].1;
    if index >= count {
        return Err(format!("{split} has {count} tasks, {index} is none of them"));
    }
    let number = u64::from(index / 4);
    // A draw in which some variant has no place is drawn again; most need a few attempts.
    let drawn = (0..200).find_map(|attempt| draw::<E>(rng.keyed("story", &[at as u64, number, attempt])));
    let story = drawn.ok_or_else(|| format!("{split}:{index}: no story in 200 attempts"))?;
    write(story, (index % 4) as usize, &format!("{split}-{number}-{}", rng.seed()))
}

fn draw<E: Storied>(rng: Rng) -> Option<Story<E>> {
    let mut teller = Teller::<E>::new(rng);
    let world = teller.state.clone();
    let turns = [2, 2, 2, 2, 2, 3, 3, 3, 4, 4][teller.rng.below(10)];
    let mut left: Vec<(usize, Builder<E>)> = E::beats().to_vec();
    let mut beats: Vec<Beat> = Vec::new();
    while beats.len() < turns && !left.is_empty() {
        let weights = left.iter().map(|(weight, _)| weight).sum();
        let mut dice = teller.rng.below(weights);
        let at = left.iter().position(|(weight, _)| {
            let here = dice < *weight;
            dice = dice.saturating_sub(*weight);
            here
        })?;
        let (_, builder) = left.remove(at);
        beats.extend(teller.attempt(builder));
    }
    let rng = teller.rng.clone();
    let mut story = Story { world, beats, offered: Vec::new(), rng };
    let told = story.beats.len() == turns && story.holes().next().is_some() && story.late_tools().next().is_some();
    story.offer();
    told.then_some(story)
}

impl<E: Storied> Story<E> {
    /// Requests that can leave a value out.
    fn holes(&self) -> impl Iterator<Item = usize> {
        (0..self.beats.len()).filter(|at| self.beats[*at].hole.is_some())
    }

    /// Requests whose tool no earlier one needs, and no other tool replaces.
    fn late_tools(&self) -> impl Iterator<Item = usize> {
        (0..self.beats.len()).filter(|at| {
            let key = self.beats[*at].key();
            !E::REPLACEABLE.contains(&key) && !self.beats[..*at].iter().any(|beat| beat.uses(key))
        })
    }

    fn offer(&mut self) {
        let mut tools: Vec<&'static str> =
            E::describe().tools.iter().filter(|tool| tool.side == Side::Agent).map(|tool| tool.name).collect();
        let mut spare: Vec<&str> =
            tools.iter().copied().filter(|tool| !self.beats.iter().any(|beat| beat.uses(tool))).collect();
        self.rng.shuffle(&mut spare);
        let surplus = tools.len().saturating_sub(OFFERED);
        spare.truncate(surplus);
        tools.retain(|tool| !spare.contains(tool));
        self.offered = tools;
    }
}

/// What goes wrong at first, and in which turn.
enum Twist {
    None,
    LateTool(usize),
    LateValue(usize),
}

fn write<E: Storied>(mut story: Story<E>, category: usize, id: &str) -> Result<TaskDraft<E::State>, String> {
    let mut rng = story.rng.keyed(id, &[category as u64]);
    let mut choose = |among: Vec<usize>| among[rng.below(among.len())];
    let twist = match CATEGORIES[category] {
        "miss_func" => Twist::LateTool(choose(story.late_tools().collect())),
        "miss_param" => Twist::LateValue(choose(story.holes().collect())),
        _ => Twist::None,
    };
    if CATEGORIES[category] == "long_context" {
        E::clutter(&mut story.world, 1 + rng.next_u64() % 1_000_000);
    }
    let system = E::system(&story.world);
    let mut script = Script::<E>::new(story.world);
    for tool in E::describe().tools.iter().filter(|tool| tool.side == Side::Agent) {
        if !story.offered.contains(&tool.name) {
            script.withhold(tool.name);
        }
    }
    if let Twist::LateTool(at) = twist {
        script.withhold(story.beats[at].key());
    }
    for (turn, beat) in story.beats.iter().enumerate() {
        match (&twist, &beat.hole) {
            (Twist::LateTool(at), _) if *at == turn => {
                script.turn(&beat.text);
                script.answer("I have no tool for that.").mention(&CANNOT);
                script.release(beat.key());
                script.turn(rng.pick(&ENABLED));
            }
            (Twist::LateValue(at), Some(hole)) if *at == turn => {
                script.turn(&hole.text);
                script.answer(format!("Which {}?", hole.asked)).mention(&ASKS);
                script.turn(&hole.reply);
            }
            _ => {
                script.turn(&beat.text);
            }
        }
        for call in &beat.calls {
            match call.refused {
                None => script.call(call.name, call.arguments.clone()),
                Some(code) => script.call_error(call.name, call.arguments.clone(), code),
            };
        }
        script.answer(&beat.answer);
        for fact in &beat.facts {
            script.mention(&[fact]);
        }
    }
    script.finish(id, CATEGORIES[category], system)
}
