//! Errands: tools that do one thing each, to something they are told about.

use std::sync::LazyLock;

use coevo_core::seed::Stream;
use coevo_core::task::{ErrorCode, Side, ToolSpec};
use serde_json::{Map, Value, json};

use super::value::{Argument, Form, THINGS, TRAITS};
use super::words::{self, capital, chance, invented, one, pick, plural};

/// Something that people have done: verbs that a tool may be named by, orders and sentences that ask for it.
pub struct Deed {
    pub names: Vec<&'static str>,
    says: Vec<&'static str>,
}

static DEEDS: LazyLock<Vec<Deed>> = LazyLock::new(|| {
    let rows = words::DEEDS.lines().filter_map(|line| line.split_once('|'));
    let says = |says: &'static str| says.split('|').map(str::trim).collect();
    rows.map(|(names, asked)| Deed { names: names.split_whitespace().collect(), says: says(asked) }).collect()
});
/// Properties, and questions about them.
static QUESTIONS: LazyLock<Vec<(&str, Vec<&str>)>> = LazyLock::new(|| {
    let rows = words::QUESTIONS.lines().filter_map(|line| line.split_once('|'));
    rows.map(|(of, asked)| (of.trim(), asked.split('|').map(str::trim).collect())).collect()
});
static ALIKE: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| words::rows(words::ALIKE));

/// Something that people have done.
pub fn deed(stream: &mut Stream) -> &'static Deed {
    &DEEDS[stream.below(DEEDS.len() as u64) as usize]
}

/// What an errand is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// Always the same thing.
    Fixed,
    /// What the first argument names.
    Named(Form),
    /// What the first argument identifies; a tool finds the identifier of a name.
    Found(usize),
}

/// What a tool answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gives {
    /// That it is done.
    Nothing,
    /// One value, a field of this name.
    Value(String),
    /// Those that are in a state.
    Those(&'static str),
    /// The identifier of what it was told the name of.
    Id,
}

/// A tool that does one thing.
#[derive(Clone, Debug)]
pub struct Errand {
    pub spec: ToolSpec,
    /// As the tool calls it, and as people do.
    pub noun: String,
    pub alike: Vec<&'static str>,
    /// Orders and sentences with `{}` for what it is done to.
    pub says: Vec<String>,
    pub object: Object,
    pub arguments: Vec<Argument>,
    pub gives: Gives,
    /// Another one without arguments has to be done before.
    pub after: Option<usize>,
    pub done: bool,
}

/// A kind of thing, and other words for it.
fn noun(stream: &mut Stream) -> (String, Vec<&'static str>) {
    match stream.below(8) {
        0..=1 => (invented(stream, 2), Vec::new()),
        2..=3 => {
            let mut row = ALIKE[stream.below(ALIKE.len() as u64) as usize].clone();
            let at = stream.below(row.len() as u64) as usize;
            (row.remove(at).to_owned(), row)
        }
        4 => (format!("{}_{}", pick(stream, &THINGS), pick(stream, &words::NOUNS)), Vec::new()),
        5 => (pick(stream, &words::NOUNS).to_owned(), Vec::new()),
        _ => (pick(stream, &THINGS).to_owned(), Vec::new()),
    }
}

impl Errand {
    /// Different errands, some about the same thing, some of the same verb.
    pub fn draw(stream: &mut Stream, count: usize) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let nouns: Vec<_> = (0..count.div_ceil(2)).map(|_| noun(stream)).collect();
        while all.len() < count {
            let (noun, alike) = nouns[stream.below(nouns.len() as u64) as usize].clone();
            let finder = all.iter().position(|errand| errand.gives == Gives::Id && errand.noun == noun);
            let errand = match stream.below(20) {
                0..=2 if finder.is_none() => Self::finder(stream, noun, alike),
                0..=5 => Self::question(stream, noun, alike, finder),
                6..=7 => Self::survey(stream, noun, alike),
                _ => Self::deed(stream, noun, alike, finder),
            };
            let twin = all.iter().any(|other| {
                other.spec.name == errand.spec.name || (other.noun == errand.noun && other.says[0] == errand.says[0])
            });
            if !twin {
                all.push(errand);
            }
        }
        for at in 1..all.len() {
            let first = stream.below(at as u64) as usize;
            if all[at].gives == Gives::Nothing
                && all[first].gives == Gives::Nothing
                && all[first].arguments.is_empty()
                && all[first].after.is_none()
                && chance(stream, 0.5)
            {
                let refusal = all[first].refusal();
                all[at].after = Some(first);
                all[at].spec.errors.push(refusal.clone());
                all[at].spec.preconditions.push(capital(&format!("{}.", refusal.description)));
            }
        }
        all
    }

    /// What a tool says that needs this one first.
    pub fn refusal(&self) -> ErrorCode {
        ErrorCode {
            code: format!("{}_first", self.spec.name),
            description: format!("needs {} first", self.spec.name.replace('_', " ")),
        }
    }

    fn finder(stream: &mut Stream, noun: String, alike: Vec<&'static str>) -> Self {
        let verb = pick(stream, &words::FIND);
        let form = [Form::Person, Form::Title, Form::Thing, Form::Place][stream.below(4) as usize];
        let argument = Argument::plain(pick(stream, &["name", "query", "title", "text"]).to_owned(), form);
        let words = noun.replace('_', " ");
        let article = words::article(&words);
        let descriptions = [
            format!("{verb} {article} {words} by {}", argument.name),
            format!("id of {article} {words}"),
            format!("looks for {article} {words}"),
        ];
        let says =
            ["find {}", "look for {}", "look {} up", "search for {}", "=Which id does {} have?", "=Where is {}?"];
        let name = if chance(stream, 0.85) { format!("{verb}_{noun}") } else { format!("{noun}_{verb}") };
        Self {
            spec: spec(name, one(stream, &descriptions), std::slice::from_ref(&argument), false),
            noun,
            alike,
            says: says.map(str::to_owned).to_vec(),
            object: Object::Named(form),
            arguments: vec![argument],
            gives: Gives::Id,
            after: None,
            done: false,
        }
    }

    fn question(stream: &mut Stream, noun: String, alike: Vec<&'static str>, finder: Option<usize>) -> Self {
        let (field, asked) = match stream.below(10) {
            0..=5 => {
                let (field, asked) = &QUESTIONS[stream.below(QUESTIONS.len() as u64) as usize];
                ((*field).to_owned(), asked.as_slice())
            }
            6..=8 => (pick(stream, &words::ATTRIBUTES).to_owned(), [].as_slice()),
            _ => (invented(stream, 2), [].as_slice()),
        };
        let (object, mut arguments) = Self::object(stream, &noun, finder);
        if chance(stream, 0.25) {
            arguments.push(Argument::draw(stream));
        }
        distinct_names(&mut arguments);
        let verb = pick(stream, &["get", "show", "read", "check", "measure", "tell", "compute", "see"]);
        let whole = chance(stream, 0.3);
        let name = match stream.below(6) {
            0 => format!("{noun}_{field}"),
            1 => invented(stream, 2),
            2 if !whole => format!("{verb}_{field}"),
            _ if whole => format!("{verb}_{noun}"),
            _ => format!("{verb}_{noun}_{field}"),
        };
        let words = noun.replace('_', " ");
        let article = words::article(&words);
        let descriptions = [
            format!("{verb} the {field} of {article} {words}"),
            format!("{field} of {article} {words}"),
            format!("what {field} {article} {words} has"),
            format!("{words}: {field}"),
        ];
        let says = [
            "=What is the {f} of {}?",
            "=Which {f} does {} have?",
            "=How is the {f} of {}?",
            "=What {f} has {} got?",
            "show me the {f} of {}",
            "tell me the {f} of {}",
            "find out the {f} of {}",
            "check the {f} of {}",
            "check {} for its {f}",
            "=And the {f} of {}?",
            "=I wonder what the {f} of {} is.",
            "=I have to know the {f} of {}.",
        ];
        Self {
            spec: spec(name, one(stream, &descriptions), &arguments, false),
            noun,
            alike,
            // What is asked in words of its own is asked so every other time.
            says: says
                .iter()
                .map(|says| says.replace("{f}", &field))
                .chain(asked.iter().cycle().take(says.len().min(asked.len() * 99)).map(|asks| format!("={asks}")))
                .collect(),
            object,
            arguments,
            gives: Gives::Value(field),
            after: None,
            done: false,
        }
    }

    /// Which of several are in some state.
    fn survey(stream: &mut Stream, noun: String, alike: Vec<&'static str>) -> Self {
        let state = pick(stream, &TRAITS);
        let many = plural(&noun);
        let verb = pick(stream, &["check", "list", "show", "inspect", "see", "survey"]);
        let name = match stream.below(5) {
            0 => format!("{state}_{many}"),
            1 => many.clone(),
            _ => format!("{verb}_{many}"),
        };
        let words = many.replace('_', " ");
        let descriptions = [
            format!("{verb} the {words}"),
            format!("which {words} are {state}"),
            format!("state of the {words}"),
            format!("the {words}: {state} or not"),
        ];
        let says = [
            "=Which {m} are {s}?",
            "=Which {m} is {s}?",
            "=Are any of the {m} {s}?",
            "=Is one of the {m} {s}?",
            "=What about the {m}?",
            "check the {m}",
            "tell me which {m} are {s}",
            "have a look at the {m}",
            "=I wonder which {m} are {s}.",
        ];
        let people = if alike.is_empty() || chance(stream, 0.5) { words } else { plural(pick(stream, &alike)) };
        Self {
            spec: spec(name, one(stream, &descriptions), &[], false),
            noun,
            alike,
            says: says.map(|says| says.replace("{m}", &people).replace("{s}", state)).to_vec(),
            object: Object::Fixed,
            arguments: Vec::new(),
            gives: Gives::Those(state),
            after: None,
            done: false,
        }
    }

    fn deed(stream: &mut Stream, noun: String, alike: Vec<&'static str>, finder: Option<usize>) -> Self {
        let deed = deed(stream);
        let (object, mut arguments) = Self::object(stream, &noun, finder);
        for _ in 0..[0, 0, 1, 1, 2, 3][stream.below(6) as usize] {
            arguments.push(Argument::draw(stream));
        }
        distinct_names(&mut arguments);
        let first = usize::from(object != Object::Fixed);
        if arguments.len() > first + 1 && chance(stream, 0.4) {
            arguments.last_mut().expect("more than one").required = false;
        }
        let verb = pick(stream, &deed.names);
        let name = match stream.below(10) {
            0 => format!("{noun}_{verb}"),
            1 => invented(stream, 2),
            2..=3 if object != Object::Fixed => verb.to_owned(),
            4 if object != Object::Fixed => format!("{verb}_{}", invented(stream, 1)),
            _ => format!("{verb}_{noun}"),
        };
        let words = noun.replace('_', " ");
        let thing = format!("{} {words}", words::article(&words));
        let orders: Vec<&&str> = deed.says.iter().filter(|says| !says.starts_with('=')).collect();
        let said = orders[stream.below(orders.len() as u64) as usize].replace("{}", &thing);
        let mut description = match stream.below(4) {
            0 => format!("{} {thing}", verb.replace('_', " ")),
            1 => format!("{}: {words}", pick(stream, &deed.names).replace('_', " ")),
            2 => format!("{} {words}", pick(stream, &deed.names).replace('_', " ")),
            _ => said,
        };
        if arguments.len() > first && chance(stream, 0.3) {
            description.push_str(&format!(", with {}", arguments[first].name));
        }
        Self {
            spec: spec(name, description, &arguments, true),
            noun,
            alike,
            says: deed.says.iter().map(|says| (*says).to_owned()).collect(),
            object,
            arguments,
            gives: Gives::Nothing,
            after: None,
            done: false,
        }
    }

    /// What it is done to, and the argument that says so.
    fn object(stream: &mut Stream, noun: &str, finder: Option<usize>) -> (Object, Vec<Argument>) {
        if let Some(finder) = finder
            && chance(stream, 0.7)
        {
            let name = if chance(stream, 0.7) { format!("{noun}_id") } else { "id".to_owned() };
            return (Object::Found(finder), vec![Argument::plain(name, Form::Code)]);
        }
        if chance(stream, 0.35) {
            return (Object::Fixed, Vec::new());
        }
        let form =
            [Form::Person, Form::Title, Form::Thing, Form::Code, Form::Path, Form::Place][stream.below(6) as usize];
        let name = match stream.below(4) {
            0 => "name".to_owned(),
            1 => format!("{noun}_name"),
            2 if form == Form::Code => "id".to_owned(),
            _ => noun.to_owned(),
        };
        (Object::Named(form), vec![Argument::plain(name, form)])
    }
}

fn distinct_names(arguments: &mut Vec<Argument>) {
    let mut names: Vec<String> = Vec::new();
    arguments.retain(|argument| {
        let new = !names.contains(&argument.name);
        names.push(argument.name.clone());
        new
    });
}

fn spec(name: String, description: String, arguments: &[Argument], mutates: bool) -> ToolSpec {
    let properties: Map<String, Value> = arguments.iter().map(|one| (one.name.clone(), one.schema())).collect();
    let required: Vec<&String> = arguments.iter().filter(|one| one.required).map(|one| &one.name).collect();
    ToolSpec {
        name,
        description,
        arguments: json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false}),
        result: json!({"type": "object"}),
        errors: Vec::new(),
        preconditions: Vec::new(),
        side: Side::Agent,
        mutates,
    }
}
