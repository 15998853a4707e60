//! A made-up tool API over a small world of things with attributes: drawn anew for every demonstration.

use coevo_core::seed::Stream;
use coevo_core::task::{EnvSpec, ErrorCode, Side, ToolSpec};
use serde_json::{Map, Value, json};

use super::errand::Errand;
use super::grown;
use super::words::{self, article, capital, chance, date, distinct, invented, one, pick, plural, range};

/// What a system prompt may end with.
pub const RULES: [&str; 3] = [
    "",
    " If a tool or a detail is missing, make no call: say so or ask.",
    " Do not guess: ask when a detail is missing, say so when a tool is.",
];

/// What an attribute's values look like.
#[derive(Clone, Debug)]
pub enum Form {
    Int {
        low: u64,
        high: u64,
    },
    Choice(Vec<&'static str>),
    /// `MM-DD`.
    Date,
    /// A letter and digits, such as `K204`.
    Code(char),
    Name,
}

#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: String,
    pub form: Form,
}

impl Attribute {
    pub fn draw(&self, stream: &mut Stream) -> Value {
        match &self.form {
            Form::Int { low, high } => json!(range(stream, *low, *high)),
            Form::Choice(values) => json!(pick(stream, values)),
            Form::Date => json!(date(stream)),
            Form::Code(letter) => json!(format!("{letter}{}", range(stream, 100, 9999))),
            Form::Name => json!(words::name(stream)),
        }
    }

    fn schema(&self) -> Value {
        match &self.form {
            Form::Int { low, high } => json!({"type": "integer", "minimum": low, "maximum": high}),
            Form::Choice(values) => json!({"type": "string", "enum": values}),
            Form::Date => json!({"type": "string", "description": "MM-DD"}),
            Form::Code(letter) => json!({"type": "string", "pattern": format!("^{letter}[0-9]+$")}),
            Form::Name => json!({"type": "string"}),
        }
    }
}

/// One thing of a kind.
#[derive(Clone, Debug)]
pub struct Thing {
    pub id: Value,
    pub name: String,
    /// By attribute.
    pub values: Vec<Value>,
    pub locked: bool,
}

/// Verbs, what they are done to, arguments with their schemas, errors, pre-conditions.
type Parts = (&'static [&'static str], String, Vec<(String, Value)>, Vec<ErrorCode>, Vec<String>);

/// What a tool does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Find,
    Read,
    List,
    Write(usize),
    Add,
    Remove,
    Free,
    /// With a thing of the other kind.
    Link,
    /// A number about all of them.
    Gauge,
}

/// A tool of a kind.
#[derive(Clone, Debug)]
pub struct Op {
    pub act: Act,
    pub spec: ToolSpec,
}

/// A kind of thing, its tools and its members.
#[derive(Clone, Debug)]
pub struct Kind {
    pub noun: String,
    pub plural: String,
    /// Name of the argument and the field that hold an identifier.
    pub id: String,
    pub attributes: Vec<Attribute>,
    /// Attributes that `Find` and `List` show; the others only `Read` does.
    pub shown: Vec<usize>,
    /// Attributes that `Add` asks for.
    pub asked: Vec<usize>,
    /// Whether `Add` can do without the last of them.
    pub optional: bool,
    pub things: Vec<Thing>,
    pub ops: Vec<Op>,
    /// Code of the error of a call on a locked thing.
    pub locked: String,
    letter: char,
    numeric: bool,
}

/// Something that a command without arguments puts into one of two states.
#[derive(Clone, Debug)]
pub struct Switch {
    pub noun: String,
    /// Verbs of the two commands and the states they leave.
    pub commands: [(&'static str, &'static str); 2],
    pub state: usize,
    /// The first command works only while this other switch is in its first state.
    pub after: Option<usize>,
    /// Whether its errors say how things are, not what is to be done.
    says_state: bool,
    pub ops: [ToolSpec; 2],
}

impl Switch {
    /// What the tool says when the other switch is not where it must be: what is to be done, or how things are.
    pub fn refusal(&self, other: &Self) -> ErrorCode {
        let [(_, wanted), (_, instead)] = other.commands;
        let noun = &other.noun;
        if self.says_state {
            ErrorCode { code: format!("{noun}_{instead}"), description: format!("the {noun} is {instead}") }
        } else {
            ErrorCode {
                code: format!("{noun}_not_{wanted}"),
                description: format!("the {noun} must be {wanted} first"),
            }
        }
    }

    fn draw(stream: &mut Stream, count: usize) -> Vec<Self> {
        let nouns = distinct(stream, words::SWITCHES.len(), count);
        let mut all: Vec<Self> = Vec::new();
        for (at, noun) in nouns.into_iter().enumerate() {
            let noun = if chance(stream, 0.3) { invented(stream, 2) } else { words::SWITCHES[noun].to_owned() };
            let commands = one(stream, &words::COMMANDS);
            let mut ops = commands.map(|(verb, _)| {
                let said = verb.replace('_', " ");
                let words = [format!("{said} the {noun}"), format!("{said} {noun}"), format!("the {noun}: {said}")];
                let name = if chance(stream, 0.8) { format!("{verb}_{noun}") } else { format!("{noun}_{verb}") };
                tool(name, one(stream, &words), [], |_| true, true)
            });
            let after = (at > 0 && chance(stream, 0.6)).then(|| stream.below(at as u64) as usize);
            if let Some(other) = after.map(|other| &all[other]) {
                ops[0].preconditions = vec![format!("The {} must be {}.", other.noun, other.commands[0].1)];
            }
            let (state, says_state) = (stream.below(2) as usize, chance(stream, 0.6));
            let mut switch = Self { noun, commands, state, after, says_state, ops };
            if let Some(other) = after {
                let refusal = switch.refusal(&all[other]);
                switch.ops[0].errors.push(refusal);
            }
            all.push(switch);
        }
        all
    }
}

/// Everything a demonstration is about.
#[derive(Clone, Debug)]
pub struct World {
    pub kinds: Vec<Kind>,
    pub switches: Vec<Switch>,
    pub errands: Vec<Errand>,
    pub system: String,
    /// Results carry a lot of other things.
    pub verbose: bool,
}

impl World {
    pub fn draw(stream: &mut Stream) -> Self {
        let count = one(stream, &[0, 0, 0, 0, 0, 0, 1, 1, 2, 2]);
        let nouns = distinct(stream, words::NOUNS.len(), count);
        let names: Vec<String> = nouns
            .iter()
            .map(|at| if chance(stream, 0.3) { invented(stream, 2) } else { words::NOUNS[*at].to_owned() })
            .collect();
        let mut kinds: Vec<Kind> =
            (0..count).map(|at| Kind::draw(stream, &names[at], names.get(1 - at.min(1)), at)).collect();
        // Not every tool is there, so that what is there must be read.
        for kind in &mut kinds {
            stream.shuffle(&mut kind.ops);
            let most = if count == 1 { 12 } else { 8 };
            kind.ops.truncate(most);
        }
        let count = one(stream, &[0, 0, 2, 3]);
        let switches = Switch::draw(stream, count);
        let count = one(stream, if kinds.is_empty() { &[2, 3, 5, 8, 11, 14] } else { &[0, 0, 3, 5] });
        let errands = Errand::draw(stream, count);
        let about = match kinds.iter().map(|kind| kind.plural.as_str()).collect::<Vec<_>>().join(" and ") {
            about if about.is_empty() => pick(stream, &words::NOUNS).to_owned(),
            about => about,
        };
        let system = match stream.below(6) {
            0 => format!("You look after {about}."),
            1 => format!("You manage {about}. Today is {}.", date(stream)),
            2 => format!("You are an assistant for {about}. Use the tools; ask when something is missing."),
            3 => format!("{} desk.", capital(&about)),
            4 => format!("{} assistant of {}.", capital(&about), words::name(stream)),
            _ => format!("You help with {about}."),
        };
        let states: Vec<String> =
            switches.iter().map(|switch| format!("{} {}", switch.noun, switch.commands[switch.state].1)).collect();
        let states = if states.is_empty() { String::new() } else { format!(" {}.", capital(&states.join(", "))) };
        let system = format!("{system}{states}{}", one(stream, &RULES));
        Self { kinds, switches, errands, system, verbose: chance(stream, 0.12) }
    }

    /// Errands that are found by the words that they share with what is said: few at first.
    pub fn plain(stream: &mut Stream, level: f64) -> Self {
        let count = range(stream, 3, 6 + (9.0 * grown(level, 0.04, 0.3)) as u64) as usize;
        let errands = Errand::plain(stream, count, level);
        let system = format!("{} desk.", capital(pick(stream, &words::NOUNS)));
        Self { kinds: Vec::new(), switches: Vec::new(), errands, system, verbose: false }
    }

    /// The API as an environment would describe it.
    pub fn spec(&self, stream: &mut Stream) -> EnvSpec {
        let mut tools: Vec<ToolSpec> = self.kinds.iter().flat_map(|kind| &kind.ops).map(|op| op.spec.clone()).collect();
        tools.extend(self.switches.iter().flat_map(|switch| switch.ops.clone()));
        tools.extend(self.errands.iter().map(|errand| errand.spec.clone()));
        let mut names = std::collections::BTreeSet::new();
        tools.retain(|tool| names.insert(tool.name.clone()));
        stream.shuffle(&mut tools);
        spec_of(tools)
    }
}

impl Kind {
    fn draw(stream: &mut Stream, noun: &str, other: Option<&String>, at: usize) -> Self {
        let count = range(stream, 3, 5) as usize;
        let attributes: Vec<Attribute> = distinct(stream, words::ATTRIBUTES.len(), count)
            .into_iter()
            .map(|name| {
                let name = words::ATTRIBUTES[name].to_owned();
                let form = match stream.below(10) {
                    0..=3 => {
                        let low = range(stream, 0, 9);
                        let span = one(stream, &[9, 90, 900]);
                        Form::Int { low, high: low + span }
                    }
                    4..=6 => {
                        let count = range(stream, 2, 4) as usize;
                        let values = distinct(stream, words::CHOICES.len(), count);
                        Form::Choice(values.into_iter().map(|at| words::CHOICES[at]).collect())
                    }
                    7 => Form::Date,
                    8 => Form::Code(char::from(b'A' + stream.below(26) as u8)),
                    _ => Form::Name,
                };
                Attribute { name, form }
            })
            .collect();
        let few = [1 + stream.below(2) as usize, 1 + stream.below(2) as usize];
        let [shown, asked] = few.map(|few| distinct(stream, attributes.len(), few));
        let letter = noun.chars().next();
        let id = match stream.below(4) {
            0 => format!("{noun}_id"),
            1 => "id".to_owned(),
            2 => noun.to_owned(),
            _ => format!("{noun}_no"),
        };
        let mut kind = Self {
            noun: noun.to_owned(),
            plural: plural(noun),
            id,
            attributes,
            shown,
            optional: asked.len() > 1 && chance(stream, 0.5),
            asked,
            things: Vec::new(),
            ops: Vec::new(),
            locked: pick(stream, &["locked", "sealed", "blocked", "in_use", "not_ready"]).to_owned(),
            letter: letter.unwrap_or('x'),
            numeric: chance(stream, 0.3),
        };
        for _ in 0..range(stream, 3, 5) {
            let thing = kind.thing(stream);
            kind.things.push(thing);
        }
        kind.tools(stream, other.filter(|_| at == 0));
        kind
    }

    /// A new thing with an identifier that no other has.
    pub fn thing(&self, stream: &mut Stream) -> Thing {
        let id = loop {
            let number = range(stream, 1, 99);
            let id = if self.numeric { json!(number) } else { json!(format!("{}{number}", self.letter)) };
            if self.things.iter().all(|thing| thing.id != id) {
                break id;
            }
        };
        let mut values: Vec<Value> = self.attributes.iter().map(|attribute| attribute.draw(stream)).collect();
        for (at, value) in values.iter_mut().enumerate() {
            // Numbers differ, so that the largest is one.
            while value.is_u64() && self.things.iter().any(|thing| thing.values[at] == *value) {
                *value = match value.as_u64() {
                    Some(n) => json!(n + 1),
                    None => break,
                };
            }
        }
        Thing { id, name: words::name(stream), values, locked: chance(stream, 0.2) }
    }

    pub fn op(&self, act: Act) -> Option<&ToolSpec> {
        self.ops.iter().find(|op| op.act == act).map(|op| &op.spec)
    }

    fn id_schema(&self) -> Value {
        if self.numeric {
            json!({"type": "integer"})
        } else {
            json!({"type": "string", "pattern": format!("^{}[0-9]+$", self.letter)})
        }
    }

    fn tools(&mut self, stream: &mut Stream, other: Option<&String>) {
        let mut acts = vec![Act::Find, Act::Read, Act::List, Act::Add, Act::Remove, Act::Gauge, Act::Free];
        acts.extend((0..self.attributes.len()).map(Act::Write));
        if other.is_some() {
            acts.push(Act::Link);
        }
        let ops: Vec<Op> = acts.into_iter().map(|act| self.tool(stream, act, other)).collect();
        self.ops = ops;
    }

    fn tool(&self, stream: &mut Stream, act: Act, other: Option<&String>) -> Op {
        let (noun, many) = (&self.noun, &self.plural);
        let name_of = |attribute: usize| self.attributes[attribute].name.as_str();
        let id = (self.id.clone(), self.id_schema());
        let attribute = |at: usize| (self.attributes[at].name.clone(), self.attributes[at].schema());
        let unknown = ErrorCode { code: format!("unknown_{noun}"), description: format!("no such {noun}") };
        let locked = ErrorCode { code: self.locked.clone(), description: format!("the {noun} must be released first") };
        let (verbs, object, arguments, errors, preconditions): Parts = match act {
            Act::Find => (
                &words::FIND,
                noun.clone(),
                vec![("name".to_owned(), json!({"type": "string"}))],
                vec![unknown],
                vec![],
            ),
            Act::Read => (&words::READ, noun.clone(), vec![id], vec![unknown], vec![]),
            Act::List => (&words::LIST, many.clone(), vec![], vec![], vec![]),
            Act::Write(at) => (
                &words::WRITE,
                if chance(stream, 0.6) { name_of(at).to_owned() } else { format!("{noun}_{}", name_of(at)) },
                vec![id, attribute(at)],
                vec![unknown, locked],
                vec![format!("The {noun} must not be {}.", self.locked.replace('_', " "))],
            ),
            Act::Add => (
                &words::ADD,
                noun.clone(),
                std::iter::once(("name".to_owned(), json!({"type": "string"})))
                    .chain(self.asked.iter().map(|at| attribute(*at)))
                    .collect(),
                vec![],
                vec![],
            ),
            Act::Remove => (&words::REMOVE, noun.clone(), vec![id], vec![unknown, locked], vec![]),
            Act::Free => (&words::FREE, noun.clone(), vec![id], vec![unknown], vec![]),
            Act::Link => {
                let other = other.expect("a link has another kind");
                (
                    &words::LINK,
                    if chance(stream, 0.5) { other.clone() } else { format!("{noun}_{other}") },
                    vec![id, (format!("{other}_id"), json!({}))],
                    vec![unknown],
                    vec![],
                )
            }
            Act::Gauge => {
                let what = pick(stream, &["total", "budget", "balance", "quota", "credit", "count", "usage"]);
                (&[""], what.to_owned(), vec![], vec![], vec![])
            }
        };
        let verb = pick(stream, verbs);
        let name = match (verb, stream.below(8)) {
            ("", _) => format!("{noun}_{object}"),
            (_, 0) => format!("{object}_{verb}"),
            (_, 1) => invented(stream, 2),
            _ => format!("{verb}_{object}"),
        };
        let words = object.replace('_', " ");
        let (one, other_one) = (article(noun), other.map_or("", |other| article(other)));
        let plain = stream.below(3);
        let or = |usual: String, others: [String; 2]| match plain {
            0 => usual,
            n => others[n as usize - 1].clone(),
        };
        let description = match act {
            Act::Find => or(
                format!("{verb} {one} {noun} by name"),
                [format!("number of {one} {noun}"), format!("{noun} by name")],
            ),
            Act::Read => or(
                format!("{verb} one {noun} with all details"),
                [format!("details of {one} {noun}"), format!("all about {one} {noun}")],
            ),
            Act::List => or(
                format!("{} {many}", if verb == "all" { "list all" } else { verb }),
                [format!("all {many}"), format!("names of the {many}")],
            ),
            Act::Write(at) => or(
                format!("{verb} the {} of {one} {noun}", name_of(at)),
                [format!("give {one} {noun} another {}", name_of(at)), format!("{} of {one} {noun}", name_of(at))],
            ),
            Act::Add => or(format!("{verb} {one} {noun}"), [format!("a new {noun}"), format!("{verb} {noun}")]),
            Act::Remove => {
                or(format!("{verb} {one} {noun}"), [format!("get rid of {one} {noun}"), format!("{verb} {noun}")])
            }
            Act::Free => format!("{verb} one {} {noun}", self.locked.replace('_', " ")),
            Act::Link => format!("{verb} {one} {noun} to {other_one} {}", other.map_or("", String::as_str)),
            Act::Gauge => format!("{words} of all {many}"),
        };
        let mutates = !matches!(act, Act::Find | Act::Read | Act::List | Act::Gauge);
        let optional = arguments.last().filter(|_| act == Act::Add && self.optional).map(|(name, _)| name.clone());
        let spec = tool(name, description, arguments, |argument| Some(argument) != optional.as_deref(), mutates);
        let spec = ToolSpec { errors, preconditions, ..spec };
        Op { act, spec }
    }

    /// A result that shows a thing: its identifier, its name where it is not known already, and some attributes.
    pub fn view(&self, thing: &Thing, attributes: &[usize], with_name: bool) -> Value {
        let mut fields = Map::new();
        fields.insert(self.id.clone(), thing.id.clone());
        if with_name {
            fields.insert("name".to_owned(), json!(thing.name));
        }
        for at in attributes {
            fields.insert(self.attributes[*at].name.clone(), thing.values[*at].clone());
        }
        Value::Object(fields)
    }
}

/// An API as an environment would describe it.
pub fn spec_of(tools: Vec<ToolSpec>) -> EnvSpec {
    EnvSpec {
        name: "synthetic".to_owned(),
        version: "1.0.0".to_owned(),
        summary: String::new(),
        tools,
        splits: Vec::new(),
        categories: Vec::new(),
        reward_min: 0.0,
        reward_max: 1.0,
    }
}

/// A tool of the agent that names no errors yet, with its arguments and their schemas; `required` says which of them it needs.
pub fn tool(
    name: String,
    description: String,
    arguments: impl IntoIterator<Item = (String, Value)>,
    required: impl Fn(&str) -> bool,
    mutates: bool,
) -> ToolSpec {
    let properties: Map<String, Value> = arguments.into_iter().collect();
    let required: Vec<&String> = properties.keys().filter(|name| required(name)).collect();
    let arguments =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    ToolSpec {
        name,
        description,
        arguments,
        result: json!({"type": "object"}),
        errors: Vec::new(),
        preconditions: Vec::new(),
        side: Side::Agent,
        mutates,
    }
}
