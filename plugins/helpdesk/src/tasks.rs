//! Tasks: a scenario is one world and one story; its four variants are the categories.
//!
//! Index `4·s + c` of a split is category `c` of scenario `s`. World, story and wording come from the scenario's own
//! random stream, so the variants differ only in what the category is about.

use coevo_sdk::talk::{ASKS, CANNOT, ENABLED};
use coevo_sdk::{Rng, Script, TaskDraft, json};

use crate::Helpdesk;
use crate::beats::{KINDS, Kind, build};
use crate::fail::Fail;
use crate::state::{Person, State};
use crate::story::{Beat, Draft, Hole, Story};
use crate::talk::{ask, reply, say};
use crate::{tools, world};

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

/// A scenario before it is told.
struct Scenario {
    world: State,
    /// How the conversation begins where somebody has to sign in.
    sign_in: Option<Beat>,
    beats: Vec<Beat>,
    /// Whether the sign-in and the first request share a turn.
    joined: bool,
    offered: Vec<&'static str>,
    /// For wording that belongs to a variant.
    rng: Rng,
}

/// The task at `index` of `split`.
///
/// # Errors
/// Unknown split, index out of range, or a bug of the generator.
pub fn generate(split: &str, index: u32, rng: &mut Rng) -> Result<TaskDraft<State>, String> {
    let (_, count) = SPLITS.iter().find(|(name, _)| *name == split).ok_or_else(|| format!("no split {split}"))?;
    if index >= *count {
        return Err(format!("{split} has {count} tasks, {index} is none of them"));
    }
    let number = u64::from(index / 4);
    let mut scenario = None;
    // A draw in which some variant has no place is drawn again; most need one attempt.
    for attempt in 0..200 {
        scenario = draw(rng.keyed("helpdesk scenario", &[code_of(split), number, attempt]))?;
        if scenario.is_some() {
            break;
        }
    }
    let scenario = scenario.ok_or_else(|| format!("{split}:{index}: no scenario in 200 attempts"))?;
    tell(scenario, (index % 4) as usize, &format!("{split}-{number}"))
}

fn code_of(split: &str) -> u64 {
    SPLITS.iter().position(|(name, _)| *name == split).unwrap_or_default() as u64
}

/// Draws a scenario; nothing where the draw cannot be told in all four variants.
fn draw(mut rng: Rng) -> Result<Option<Scenario>, String> {
    let mut world = world::random(&mut rng);
    let me = world.people[rng.below(world.people.len())].clone();
    let signs_in = rng.below(10) < 6;
    if !signs_in {
        world.me = Some(me.id.clone());
    }
    let turns = [2, 2, 2, 2, 2, 3, 3, 3, 4, 4][rng.below(10)];
    let joined = signs_in && rng.one_in(2);
    let requests = if signs_in && !joined { turns - 1 } else { turns };
    let mut story = Story::new(world.clone(), rng);
    let sign_in = if signs_in { Some(sign_in(&mut story, &me)?) } else { None };
    let mut kinds: Vec<Kind> = Vec::new();
    let mut beats: Vec<Beat> = Vec::new();
    for _ in 0..40 {
        if beats.len() == requests {
            break;
        }
        let kind = pick_kind(&mut story.rng);
        let Some((draft, mut beat)) = (!kinds.contains(&kind)).then(|| build(kind, &mut story)).flatten() else {
            continue;
        };
        let greeting = sign_in.as_ref().filter(|_| joined && beats.is_empty());
        let calls = greeting.map_or(0, |greeting| greeting.calls.len()) + draft.calls.len();
        let length = greeting.map_or(0, |greeting| words(&greeting.text)) + words(&beat.text);
        if calls > MOST_CALLS || length > MOST_WORDS {
            continue;
        }
        beat.calls = story.play(draft)?;
        kinds.push(kind);
        beats.push(beat);
    }
    let mut scenario = Scenario { world, sign_in, beats, joined, offered: Vec::new(), rng: story.rng.clone() };
    let complete = scenario.beats.len() == requests;
    if !complete || scenario.late_tools().is_empty() || scenario.holes().is_empty() {
        return Ok(None);
    }
    scenario.offered = offer(&scenario, &mut story.rng);
    Ok(Some(scenario))
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn pick_kind(rng: &mut Rng) -> Kind {
    let mut left = rng.below(KINDS.iter().map(|(_, weight)| weight).sum());
    for (kind, weight) in KINDS {
        if left < weight {
            return kind;
        }
        left -= weight;
    }
    unreachable!("the draw is below the sum of the weights")
}

/// How somebody signs in; sometimes with a pin that is refused and another.
fn sign_in(story: &mut Story, me: &Person) -> Result<Beat, String> {
    let Person { id, name, pin, .. } = me;
    let mut draft = Draft::default();
    let old = format!("{:04}", story.rng.below(10_000));
    let doubt = old != *pin && story.rng.one_in(6);
    if doubt {
        draft.refused("login", json!({"user": name, "pin": old}), Fail::WrongPin);
    }
    draft.call("login", json!({"user": name, "pin": pin}));
    draft.learned.push(format!("person {id}"));
    let slots = [("name", name.as_str()), ("pin", pin.as_str()), ("old", old.as_str())];
    let text = say(&mut story.rng, if doubt { ask::LOGIN_DOUBT } else { ask::LOGIN }, &slots);
    let hole = Hole {
        argument: "pin",
        text: say(&mut story.rng, ask::LOGIN_NO_PIN, &slots),
        reply: reply(&mut story.rng, "pin", pin),
    };
    let calls = story.play(draft)?;
    Ok(Beat { text, hole: (!doubt).then_some(hole), calls, answer: format!("Signed in as {id}."), facts: Vec::new() })
}

/// The tools that the story calls, filled up with others, in the order of declaration.
fn offer(scenario: &Scenario, rng: &mut Rng) -> Vec<&'static str> {
    let all: Vec<&'static str> = tools::all().iter().map(|tool| tool.name).collect();
    let mut chosen: Vec<&'static str> = Vec::new();
    let calls = scenario.sign_in.iter().chain(&scenario.beats).flat_map(|beat| &beat.calls);
    let spare = rng.distinct(all.len(), all.len()).into_iter().map(|at| all[at]);
    for name in calls.map(|call| call.name).chain(spare) {
        if !chosen.contains(&name) && (chosen.len() < OFFERED) {
            chosen.push(name);
        }
    }
    all.into_iter().filter(|name| chosen.contains(name)).collect()
}

impl Scenario {
    /// Requests whose tool can come late: no earlier turn needs it, and the turn is not the one with the sign-in.
    fn late_tools(&self) -> Vec<usize> {
        let first = usize::from(self.joined);
        let fresh = |at: &usize| {
            let key = self.beats[*at].key();
            self.beats[..*at].iter().all(|beat| beat.calls.iter().all(|call| call.name != key))
        };
        (first..self.beats.len()).filter(fresh).collect()
    }

    /// Requests that can lack a value. Position `None` is the sign-in itself.
    fn holes(&self) -> Vec<Option<usize>> {
        let first = usize::from(self.joined);
        let mut places: Vec<Option<usize>> =
            (first..self.beats.len()).filter(|at| self.beats[*at].hole.is_some()).map(Some).collect();
        if !self.joined && self.sign_in.as_ref().is_some_and(|beat| beat.hole.is_some()) {
            places.push(None);
        }
        places
    }
}

/// Writes the scenario as one of its variants.
fn tell(scenario: Scenario, category: usize, name: &str) -> Result<TaskDraft<State>, String> {
    let mut rng = scenario.rng.clone();
    let mut world = scenario.world.clone();
    if category == 3 {
        world.clutter = rng.next_u64() | 1;
    }
    let late: Vec<usize> = scenario.late_tools();
    let late = (category == 1).then(|| late[rng.below(late.len())]);
    let holes = scenario.holes();
    let hole = (category == 2).then(|| holes[rng.below(holes.len())]);
    let system = system(&world);
    let mut script: Script<Helpdesk> = Script::new(world);
    for tool in tools::all().iter().filter(|tool| !scenario.offered.contains(&tool.name)) {
        script.withhold(tool.name);
    }
    if let Some(at) = late {
        script.withhold(scenario.beats[at].key());
    }
    let mut greeting = None;
    if let Some(sign_in) = &scenario.sign_in {
        if scenario.joined {
            greeting = Some(sign_in);
        } else {
            play(&mut script, sign_in, hole == Some(None), None);
        }
    }
    for (at, beat) in scenario.beats.iter().enumerate() {
        if late == Some(at) {
            script.turn(&beat.text).answer("I cannot do that, I have no tool for it.").mention(&CANNOT);
            script.release(beat.key());
            let told = Beat { text: rng.pick(&ENABLED).to_owned(), ..beat.clone() };
            play(&mut script, &told, false, None);
        } else {
            play(&mut script, beat, hole == Some(Some(at)), greeting.take());
        }
    }
    script.finish(name, CATEGORIES[category], system)
}

/// What the agent reads before the first turn.
fn system(world: &State) -> String {
    let who = match world.me.as_ref().and_then(|me| world.person(me)) {
        Some(me) => format!("{} ({}) is signed in", me.name, me.id),
        None => "Nobody is signed in yet".to_owned(),
    };
    format!("You run the helpdesk. {who}. Escalate only tickets of high priority or older than 7 days.")
}

/// One turn of the script, or two where a value comes late.
fn play(script: &mut Script<Helpdesk>, beat: &Beat, gap: bool, greeting: Option<&Beat>) {
    let before = greeting.map_or(String::new(), |greeting| format!("{} ", greeting.text));
    match beat.hole.as_ref().filter(|_| gap) {
        Some(hole) => {
            script.turn(format!("{before}{}", hole.text));
            script.answer(format!("Which {}?", hole.argument)).mention(&ASKS);
            script.turn(&hole.reply);
        }
        None => {
            script.turn(format!("{before}{}", beat.text));
        }
    }
    for call in greeting.iter().flat_map(|greeting| &greeting.calls).chain(&beat.calls) {
        let arguments = call.arguments.clone();
        match call.refused {
            None => script.call(call.name, arguments),
            Some(fail) => script.call_error(call.name, arguments, fail.code()),
        };
    }
    script.answer(&beat.answer);
    for fact in &beat.facts {
        script.mention(&[fact]);
    }
}
