//! What a made-up user wants in one turn, said in words, and the calls that do it: simulated on the made-up world.

use coevo_core::episode::StepOutcome;
use coevo_core::seed::Stream;
use coevo_core::task::{ErrorCode, ToolCall, ToolSpec};
use serde_json::{Map, Value, json};

use super::words::{self, chance, invented, one, pick, range};
use super::world::{Act, Form, Kind, Thing, World};

/// A call and what comes of it.
#[derive(Clone, Debug)]
pub struct Move {
    pub call: ToolCall,
    pub outcome: StepOutcome,
    /// It fails, and who knows what the tool needs first can see that it will.
    pub foreseeable: bool,
    /// It does what an error asked for.
    pub remedy: bool,
}

impl Move {
    pub(super) fn into_remedy(self) -> Self {
        Self { remedy: true, ..self }
    }
}

/// A wish with something left out.
#[derive(Clone, Debug)]
pub struct Lack {
    pub text: String,
    pub question: String,
    pub supply: String,
}

/// One user turn.
#[derive(Clone, Debug)]
pub struct Wish {
    pub text: String,
    pub lack: Option<Lack>,
    pub moves: Vec<Move>,
    pub answer: String,
}

impl Wish {
    /// Both in one breath.
    pub(super) fn then(self, says: &str, next: Self) -> Self {
        Self {
            text: format!("{} {says} {}", self.text, next.text),
            lack: None,
            moves: self.moves.into_iter().chain(next.moves).collect(),
            answer: format!("{} {}", self.answer, next.answer),
        }
    }
}

/// How a thing is spoken of, and the calls that find its identifier.
struct Reference {
    words: String,
    moves: Vec<Move>,
    /// Attributes that the calls showed.
    seen: Vec<usize>,
}

/// Draws wishes; the world changes as they are granted.
pub struct Wishes<'a> {
    pub stream: &'a mut Stream,
    pub world: World,
    /// Kind and place of the thing last spoken of; its identifier is known from the conversation.
    focus: Option<(usize, Value)>,
    /// Kinds, names and identifiers that calls have shown.
    pub(super) found: Vec<(String, String, String)>,
}

impl<'a> Wishes<'a> {
    pub fn new(stream: &'a mut Stream, world: World) -> Self {
        Self { stream, world, focus: None, found: Vec::new() }
    }

    /// The next wish that the tools can grant.
    pub fn next(&mut self) -> Wish {
        loop {
            let kinds = if self.world.kinds.is_empty() { 0 } else { 20 };
            let switches = if self.world.switches.is_empty() { 0 } else { 6 };
            let errands = if self.world.errands.is_empty() { 0 } else { 20 };
            let at = self.stream.below(kinds + switches + errands);
            let wish = if at < kinds {
                self.about(at)
            } else if at < kinds + switches {
                self.switch()
            } else {
                Some(self.errands())
            };
            if let Some(wish) = wish {
                return wish;
            }
        }
    }

    /// Something about a kind of thing: which of twenty.
    fn about(&mut self, at: u64) -> Option<Wish> {
        let kind = self.stream.below(self.world.kinds.len() as u64) as usize;
        match at {
            0..=3 => self.ask(kind),
            4..=8 => self.write(kind),
            9..=10 => self.add(kind),
            11..=12 => self.remove(kind),
            13 => self.link(),
            14 => self.gauge(kind),
            15..=16 => self.list(kind),
            17..=18 => self.extreme(kind),
            _ => self.both(kind),
        }
    }

    fn kind(&self, kind: usize) -> &Kind {
        &self.world.kinds[kind]
    }

    fn some_thing(&mut self, kind: usize) -> Option<Thing> {
        if let Some((of, id)) = self.focus.clone().filter(|(of, _)| *of == kind)
            && chance(self.stream, 0.5)
            && let Some(thing) = self.kind(of).things.iter().find(|thing| thing.id == id)
        {
            return Some(thing.clone());
        }
        let count = self.kind(kind).things.len() as u64;
        (count > 0).then(|| self.stream.below(count) as usize).map(|at| self.kind(kind).things[at].clone())
    }

    fn refer(&mut self, kind: usize, thing: &Thing) -> Option<Reference> {
        let noun = self.kind(kind).noun.clone();
        let known = self.focus.as_ref().is_some_and(|(of, id)| *of == kind && *id == thing.id);
        let plain = |words: String| Some(Reference { words, moves: Vec::new(), seen: Vec::new() });
        let id = text(&thing.id);
        if known && chance(self.stream, 0.6) {
            let words = ["it".to_owned(), format!("that {noun}"), format!("the same {noun}"), format!("this {noun}")];
            return plain(one(self.stream, &words));
        }
        self.focus = Some((kind, thing.id.clone()));
        let by_name = [self.kind(kind).op(Act::Find).cloned(), self.kind(kind).op(Act::List).cloned()];
        let tool = by_name.into_iter().flatten().next();
        let (Some(tool), true) = (tool, chance(self.stream, 0.55)) else {
            let words = [format!("{noun} {id}"), format!("the {noun} {id}"), format!("{noun} number {id}"), id];
            return plain(one(self.stream, &words));
        };
        let words =
            [format!("the {noun} {}", thing.name), thing.name.clone(), format!("the {noun} called {}", thing.name)];
        let words = one(self.stream, &words);
        let mut moves = Vec::new();
        let of = self.kind(kind).clone();
        if of.op(Act::Find).is_some() {
            // A misspelt name is the user's to mend, so names are always right.
            let result = self.padded(of.view(thing, &of.shown, false));
            moves.push(done(&tool, [json!(thing.name)], result));
        } else {
            moves.push(done(&tool, [], self.listing(kind)));
        }
        Some(Reference { words, moves, seen: of.shown })
    }

    /// Everything of a kind, as its list tool shows it.
    fn listing(&mut self, kind: usize) -> Value {
        let of = self.kind(kind);
        let rows: Vec<Value> = of.things.iter().map(|thing| of.view(thing, &of.shown, true)).collect();
        let plural = of.plural.clone();
        self.padded(json!({ plural: rows }))
    }

    /// A result with much that nobody asked for, in a verbose world.
    pub(super) fn padded(&mut self, result: Value) -> Value {
        if !self.world.verbose {
            return result;
        }
        let mut fields = Map::new();
        let note: Vec<String> = (0..range(self.stream, 8, 24)).map(|_| invented(self.stream, 2)).collect();
        if chance(self.stream, 0.5) {
            fields.insert("trace".to_owned(), json!(note.join(" ")));
        }
        fields.extend(result.as_object().cloned().unwrap_or_default());
        fields.entry("log").or_insert_with(|| json!(note.join(" ")));
        Value::Object(fields)
    }

    fn ask(&mut self, kind: usize) -> Option<Wish> {
        let thing = self.some_thing(kind)?;
        let of = self.kind(kind).clone();
        let at = self.stream.below(of.attributes.len() as u64) as usize;
        let read = of.op(Act::Read).cloned();
        if read.is_none() && !(of.shown.contains(&at) && of.op(Act::Find).is_some()) {
            return None;
        }
        let before = self.focus.clone();
        let mut reference = self.refer(kind, &thing)?;
        if !reference.seen.contains(&at) {
            let Some(read) = read else {
                self.focus = before;
                return None;
            };
            let all: Vec<usize> = (0..of.attributes.len()).collect();
            let result = self.padded(of.view(&thing, &all, true));
            reference.moves.push(done(&read, [thing.id.clone()], result));
        }
        let (attribute, who, value) = (&of.attributes[at].name, &reference.words, text(&thing.values[at]));
        let says = [
            format!("What is the {attribute} of {who}?"),
            format!("Tell me the {attribute} of {who}."),
            format!("I need the {attribute} of {who}, please."),
            format!("Which {attribute} does {who} have?"),
            format!("Check {who}: what {attribute}?"),
        ];
        let answers =
            [format!("The {attribute} is {value}."), format!("{}: {value}.", super::words::capital(attribute))];
        Some(Wish {
            text: self.say(&says),
            lack: self.which(&of, &format!("What is the {attribute}?"), who),
            answer: one(self.stream, &answers),
            moves: reference.moves,
        })
    }

    fn write(&mut self, kind: usize) -> Option<Wish> {
        let of = self.kind(kind).clone();
        let at = self.stream.below(of.attributes.len() as u64) as usize;
        let tool = of.op(Act::Write(at)).cloned()?;
        let thing = self.some_thing(kind)?;
        if thing.locked && of.op(Act::Free).is_none() {
            return None;
        }
        let mut reference = self.refer(kind, &thing)?;
        let value = of.attributes[at].draw(self.stream);
        let arguments = [thing.id.clone(), value.clone()];
        self.free(kind, &thing, &tool, &arguments, &mut reference.moves);
        let result = json!({ &of.id: thing.id, &of.attributes[at].name: value });
        reference.moves.push(done(&tool, arguments, self.padded_rarely(result)));
        self.change(kind, &thing.id, |thing| thing.values[at] = value.clone());
        let (attribute, who, to) = (&of.attributes[at].name, &reference.words, text(&value));
        let says = [
            format!("Set the {attribute} of {who} to {to}."),
            format!("Change the {attribute} of {who} to {to}, please."),
            format!("{who} should have {attribute} {to}."),
            format!("Please make the {attribute} of {who} {to}."),
            format!("I want {to} as the {attribute} of {who}."),
            format!("Put {who} to {attribute} {to}."),
        ];
        let lack = if chance(self.stream, 0.5) {
            self.which(&of, &format!("Set the {attribute} to {to}."), who)
        } else {
            let texts =
                [format!("Change the {attribute} of {who}."), format!("Set a new {attribute} for {who}, please.")];
            let supplies = [format!("{to}."), format!("To {to}."), format!("Make it {to}, please.")];
            Some(Lack {
                text: self.say(&texts),
                question: format!("Which {attribute}?"),
                supply: one(self.stream, &supplies),
            })
        };
        let answers = [format!("Done, the {attribute} is {to} now."), format!("The {attribute} is set to {to}.")];
        Some(Wish { text: self.say(&says), lack, answer: one(self.stream, &answers), moves: reference.moves })
    }

    /// Where the thing is locked: the call fails, the thing is released. The call itself is the caller's to repeat.
    fn free(&mut self, kind: usize, thing: &Thing, tool: &ToolSpec, arguments: &[Value], moves: &mut Vec<Move>) {
        if !thing.locked {
            return;
        }
        let of = self.kind(kind).clone();
        let Some(free) = of.op(Act::Free) else { return };
        let outcome = StepOutcome::ToolError {
            code: of.locked.clone(),
            message: format!("{} {} is {}", of.noun, text(&thing.id), of.locked.replace('_', " ")),
            details: json!({"precondition": format!("release the {} first", of.noun)}),
        };
        moves.push(Move { call: call(tool, arguments.iter().cloned()), outcome, foreseeable: false, remedy: false });
        moves.push(done(free, [thing.id.clone()], json!({ &of.id: thing.id, "ok": true })).into_remedy());
        self.change(kind, &thing.id, |thing| thing.locked = false);
    }

    fn add(&mut self, kind: usize) -> Option<Wish> {
        let of = self.kind(kind).clone();
        let tool = of.op(Act::Add).cloned()?;
        let mut thing = of.thing(self.stream);
        thing.locked = false;
        let given = of.asked.len() - usize::from(of.optional && chance(self.stream, 0.5));
        let asked = &of.asked[..given];
        let values: Vec<Value> = asked.iter().map(|at| thing.values[*at].clone()).collect();
        let arguments = std::iter::once(json!(thing.name)).chain(values.iter().cloned());
        let moves = vec![done(&tool, arguments, json!({ &of.id: thing.id }))];
        self.focus = Some((kind, thing.id.clone()));
        self.world.kinds[kind].things.push(thing.clone());
        let noun = &of.noun;
        let with = |skip: Option<usize>| {
            let named = asked.iter().enumerate().filter(|(place, _)| Some(*place) != skip);
            let parts: Vec<String> =
                named.map(|(place, at)| format!("{} {}", of.attributes[*at].name, text(&values[place]))).collect();
            parts.join(" and ")
        };
        let (name, all) = (&thing.name, with(None));
        let says = [
            format!("Add a {noun} called {name} with {all}."),
            format!("I need a new {noun}: {name}, {all}."),
            format!("Please create the {noun} {name}, {all}."),
            format!("Make me a {noun} named {name} with {all}."),
        ];
        // What can be left out is not asked for.
        let needed = if of.optional { of.asked.len() - 1 } else { of.asked.len() };
        let skip = self.stream.below(needed as u64) as usize;
        let (missing, rest) = (of.attributes[asked[skip]].name.clone(), with(Some(skip)));
        let rest = if rest.is_empty() { String::new() } else { format!(" with {rest}") };
        let texts = [format!("Add a {noun} called {name}{rest}."), format!("I need a new {noun}, {name}{rest}.")];
        let value = text(&values[skip]);
        let supplies = [format!("{value}."), format!("The {missing} is {value}."), format!("{value}, please.")];
        let lack =
            Lack { text: self.say(&texts), question: format!("Which {missing}?"), supply: one(self.stream, &supplies) };
        let id = text(&thing.id);
        let answers = [format!("The new {noun} is {id}."), format!("Done, it is {noun} {id}.")];
        Some(Wish { text: self.say(&says), lack: Some(lack), answer: one(self.stream, &answers), moves })
    }

    fn remove(&mut self, kind: usize) -> Option<Wish> {
        let of = self.kind(kind).clone();
        let tool = of.op(Act::Remove).cloned()?;
        let thing = self.some_thing(kind)?;
        if of.things.len() < 3 || (thing.locked && of.op(Act::Free).is_none()) {
            return None;
        }
        let mut reference = self.refer(kind, &thing)?;
        let arguments = [thing.id.clone()];
        self.free(kind, &thing, &tool, &arguments, &mut reference.moves);
        reference.moves.push(done(&tool, arguments, json!({ &of.id: thing.id, "ok": true })));
        self.world.kinds[kind].things.retain(|other| other.id != thing.id);
        self.focus = None;
        let (noun, who) = (&of.noun, &reference.words);
        let says = [
            format!("Remove {who}."),
            format!("Please delete {who}."),
            format!("I no longer need {who}, get rid of it."),
            format!("Cancel {who}, please."),
        ];
        let lack = self.which(&of, &format!("Remove a {noun}."), who);
        Some(Wish { text: self.say(&says), lack, answer: format!("The {noun} is gone."), moves: reference.moves })
    }

    fn link(&mut self) -> Option<Wish> {
        let tool = self.kind(0).op(Act::Link).cloned()?;
        let (a, b) = (self.some_thing(0)?, self.some_thing(1)?);
        let (from, to) = (self.refer(0, &a)?, self.refer(1, &b)?);
        let moves = from.moves.into_iter().chain(to.moves);
        let moves = moves.chain([done(&tool, [a.id.clone(), b.id.clone()], json!({"ok": true}))]).collect();
        let (from, to) = (from.words, to.words);
        let says = [
            format!("Connect {from} with {to}."),
            format!("Please attach {from} to {to}."),
            format!("{from} belongs to {to}, link them."),
            format!("Assign {from} to {to}."),
        ];
        let answers = ["They are linked.".to_owned(), "Done.".to_owned()];
        Some(Wish { text: self.say(&says), lack: None, answer: one(self.stream, &answers), moves })
    }

    /// A command to a switch, after those that it needs first.
    fn switch(&mut self) -> Option<Wish> {
        let at = self.stream.below(self.world.switches.len() as u64) as usize;
        let wanted = 1 - self.world.switches[at].state;
        let mut moves = Vec::new();
        self.put(at, wanted, &mut moves);
        let (verb, state) = self.world.switches[at].commands[wanted];
        let (verb, noun) = (verb.replace('_', " "), self.world.switches[at].noun.clone());
        let says = [
            format!("{} the {noun}.", super::words::capital(&verb)),
            format!("I want the {noun} {state}."),
            format!("The {noun} should be {state}."),
            format!("{} the {noun} now.", super::words::capital(&verb)),
        ];
        let answers = [format!("The {noun} is {state}."), "Done.".to_owned()];
        Some(Wish { text: self.say(&says), lack: None, moves, answer: one(self.stream, &answers) })
    }

    /// Puts a switch into a state; where another one has to be switched first, the tool says so, unless it is known already.
    fn put(&mut self, at: usize, wanted: usize, moves: &mut Vec<Move>) {
        let switch = self.world.switches[at].clone();
        let tool = &switch.ops[wanted];
        if let Some(other) = switch.after.filter(|other| wanted == 0 && self.world.switches[*other].state != 0) {
            moves.push(refused(call(tool, []), switch.refusal(&self.world.switches[other])));
            let before = moves.len();
            self.put(other, 0, moves);
            moves[before..].iter_mut().for_each(|step| step.remedy = true);
        }
        moves.push(done(tool, [], json!({ &switch.noun: switch.commands[wanted].1 })));
        self.world.switches[at].state = wanted;
    }

    fn gauge(&mut self, kind: usize) -> Option<Wish> {
        let of = self.kind(kind).clone();
        let tool = of.op(Act::Gauge).cloned()?;
        let value = range(self.stream, 2, 999);
        let (_, what) = tool.description.split_once("of all").unwrap_or_default();
        let name = tool.description.split(' ').next().unwrap_or_default();
        let says = [
            format!("What is the {name} of all{what}?"),
            format!("How is the {name} of the{what}?"),
            format!("Tell me the {name} of the{what}, please."),
        ];
        Some(Wish {
            text: self.say(&says),
            lack: None,
            answer: format!("The {name} is {value}."),
            moves: vec![done(&tool, [], json!({ name: value }))],
        })
    }

    fn list(&mut self, kind: usize) -> Option<Wish> {
        let tool = self.kind(kind).op(Act::List).cloned()?;
        let moves = vec![done(&tool, [], self.listing(kind))];
        let of = self.kind(kind);
        let names: Vec<&str> = of.things.iter().map(|thing| thing.name.as_str()).collect();
        let (many, names) = (of.plural.clone(), names.join(", "));
        let says = [
            format!("Which {many} are there?"),
            format!("List my {many}, please."),
            format!("Show me all {many}."),
            format!("What {many} do I have?"),
        ];
        Some(Wish {
            text: self.say(&says),
            lack: None,
            answer: format!("{}: {names}.", super::words::capital(&many)),
            moves,
        })
    }

    /// The one with the lowest or highest number.
    fn extreme(&mut self, kind: usize) -> Option<Wish> {
        let of = self.kind(kind).clone();
        let list = of.op(Act::List).cloned()?;
        let at = *of.shown.iter().find(|at| matches!(of.attributes[**at].form, Form::Int { .. }))?;
        let number = |thing: &&Thing| thing.values[at].as_u64().unwrap_or(0);
        let (lowest, least, most) =
            (chance(self.stream, 0.6), of.things.iter().min_by_key(number), of.things.iter().max_by_key(number));
        let thing = (if lowest { least } else { most })?.clone();
        let attribute = &of.attributes[at].name;
        let word = if lowest {
            pick(self.stream, &["lowest", "smallest", "least"])
        } else {
            pick(self.stream, &["highest", "largest", "most"])
        };
        let mut moves = vec![done(&list, [], self.listing(kind))];
        self.focus = Some((kind, thing.id.clone()));
        let (noun, id) = (&of.noun, text(&thing.id));
        let remove = of.op(Act::Remove).filter(|_| !thing.locked && of.things.len() > 2 && chance(self.stream, 0.4));
        if let Some(remove) = remove {
            moves.push(done(remove, [thing.id.clone()], json!({ &of.id: thing.id, "ok": true })));
            self.world.kinds[kind].things.retain(|other| other.id != thing.id);
            self.focus = None;
            let says = [
                format!("Remove the {noun} with the {word} {attribute}."),
                format!("Delete the {noun} that has the {word} {attribute}."),
            ];
            return Some(Wish { text: self.say(&says), lack: None, answer: format!("{noun} {id} is gone."), moves });
        }
        let says = [
            format!("Which {noun} has the {word} {attribute}?"),
            format!("Find the {noun} with the {word} {attribute}."),
        ];
        let value = text(&thing.values[at]);
        Some(Wish {
            text: self.say(&says),
            lack: None,
            answer: format!("{noun} {id} with {attribute} {value}."),
            moves,
        })
    }

    /// An errand, or two in one breath.
    fn errands(&mut self) -> Wish {
        let first = self.errand();
        if !chance(self.stream, 0.2) {
            return first;
        }
        let second = self.errand();
        let says = pick(self.stream, &["Then:", "And then:", "Also:", "After that:", "And"]);
        Wish { answer: second.answer.clone(), ..first.then(says, second) }
    }

    /// Two wishes in one breath.
    fn both(&mut self, kind: usize) -> Option<Wish> {
        let first = self.write(kind)?;
        let second = if chance(self.stream, 0.5) { self.write(kind) } else { self.ask(kind) };
        // The first has changed the world already, so it is granted alone where there is no second.
        let Some(second) = second else { return Some(first) };
        let says = pick(self.stream, &["Then:", "And then:", "Also:"]);
        Some(first.then(says, second))
    }

    fn which(&mut self, of: &Kind, text: &str, who: &str) -> Option<Lack> {
        // "it" does not say which to somebody who just asked.
        (!is_vague(who)).then(|| {
            let supplies = [format!("{who}."), format!("I mean {who}."), format!("{who}, please.")];
            Lack { text: text.to_owned(), question: format!("Which {}?", of.noun), supply: one(self.stream, &supplies) }
        })
    }

    fn change(&mut self, kind: usize, id: &Value, change: impl FnOnce(&mut Thing)) {
        if let Some(thing) = self.world.kinds[kind].things.iter_mut().find(|thing| thing.id == *id) {
            change(thing);
        }
    }

    fn padded_rarely(&mut self, result: Value) -> Value {
        if chance(self.stream, 0.3) { self.padded(result) } else { result }
    }

    /// One of the texts, as politely as people are.
    fn say(&mut self, texts: &[String]) -> String {
        let text = one(self.stream, texts);
        let first = text.split(' ').next().unwrap_or_default();
        let ask = text.ends_with('?');
        let order = !text.contains("please") && text.ends_with('.') && words::ORDERS.contains(&first);
        let body = &text[..text.len() - 1];
        let lower = |body: &str| format!("{}{}", body[..1].to_lowercase(), &body[1..]);
        match self.stream.below(12) {
            0 if order => format!("Please {}.", lower(body)),
            1 if order => format!("Could you {}?", lower(body)),
            2 if order => format!("I need you to {}.", lower(body)),
            3 if order => format!("{body}, please."),
            4 if order => format!("{body}, thanks."),
            5 if order => format!("I would like you to {}, please.", lower(body)),
            0 if ask => format!("{body}, please?"),
            1 if ask => format!("Hello. {text}"),
            2 if ask => format!("{text} Thanks."),
            3 if ask => format!("One question: {}?", lower(body)),
            _ => text,
        }
    }
}

/// Whether words do not say which to somebody who was not there; by its letters, "item" does not either.
pub(super) fn is_vague(words: &str) -> bool {
    ["it", "this ", "that ", "the same "].iter().any(|vague| words.starts_with(vague))
}

/// A call with its arguments in the order of the schema.
pub(super) fn call(tool: &ToolSpec, values: impl IntoIterator<Item = Value>) -> ToolCall {
    let names = coevo_core::render::phrase::arguments(tool).into_iter().map(str::to_owned);
    ToolCall { name: tool.name.clone(), arguments: Value::Object(names.zip(values).collect()) }
}

pub(super) fn done(tool: &ToolSpec, values: impl IntoIterator<Item = Value>, result: Value) -> Move {
    ran(call(tool, values), result)
}

/// A call that its tool carries out.
pub(super) fn ran(call: ToolCall, result: Value) -> Move {
    Move { call, outcome: StepOutcome::Executed { result }, foreseeable: false, remedy: false }
}

/// A call that comes before what the tool needs first.
pub(super) fn refused(call: ToolCall, refusal: ErrorCode) -> Move {
    let details = json!({"precondition": refusal.description});
    let outcome = StepOutcome::ToolError { code: refusal.code, message: refusal.description, details };
    Move { call, outcome, foreseeable: true, remedy: false }
}

/// A value as people write it.
pub(super) fn text(value: &Value) -> String {
    coevo_core::render::phrase::scalar(value)
}
