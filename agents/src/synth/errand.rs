//! Errands: tools that do one thing each, to something they are told about.

use std::collections::BTreeSet;

use coevo_core::seed::Stream;
use coevo_core::task::{ErrorCode, ToolSpec};

use super::grown;
use super::value::{Argument, Form};
use super::words::{
    self, ALIKE, DEEDS, QUESTIONS, THINGS, TRAITS, article, capital, chance, invented, one, pick, plural,
};
use super::world::tool;

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
#[derive(Clone)]
struct Topic {
    noun: String,
    alike: Vec<&'static str>,
}

impl Topic {
    fn draw(stream: &mut Stream) -> Self {
        let mut alike = Vec::new();
        let noun = match stream.below(8) {
            0..=1 => invented(stream, 2),
            2..=3 => {
                alike = one(stream, &ALIKE);
                let at = stream.below(alike.len() as u64) as usize;
                alike.remove(at).to_owned()
            }
            4 => format!("{}_{}", pick(stream, &THINGS), pick(stream, &words::NOUNS)),
            5 => pick(stream, &words::NOUNS).to_owned(),
            _ => pick(stream, &THINGS).to_owned(),
        };
        Self { noun, alike }
    }

    fn words(&self) -> String {
        self.noun.replace('_', " ")
    }

    /// With its article.
    fn some(&self) -> String {
        let words = self.words();
        format!("{} {words}", article(&words))
    }
}

impl Errand {
    /// Errands that share some word with what is said of them, and no word with another one but the thing that they are about: what
    /// finds them is the list alone.
    pub fn plain(stream: &mut Stream, count: usize, level: f64) -> Vec<Self> {
        let varied = grown(level, 0.04, 0.15);
        let mut all: Vec<Self> = Vec::new();
        let (mut nouns, mut used) = (Vec::new(), BTreeSet::new());
        while all.len() < count {
            let mut new = |stream: &mut Stream, usual: Usual| loop {
                let word = if chance(stream, varied) { any_word(stream) } else { usual(stream) };
                if used.insert(word.clone()) {
                    return word;
                }
            };
            let again = !nouns.is_empty() && chance(stream, 0.4 * varied);
            let noun = if again { one(stream, &nouns) } else { new(stream, thing) };
            nouns.push(noun.clone());
            let topic = Topic { noun, alike: Vec::new() };
            let errand = if chance(stream, 0.6 * varied) {
                let hints = [new(stream, verb), new(stream, thing), new(stream, thing)];
                Self::hinted(stream, topic, &hints)
            } else {
                let verb = new(stream, verb);
                Self::literal(stream, topic, &verb, level)
            };
            all.push(errand);
        }
        all
    }

    /// Asked for by the tool's own name.
    fn literal(stream: &mut Stream, topic: Topic, verb: &str, level: f64) -> Self {
        let (object, mut arguments) = Self::object(stream, &topic.noun, None);
        if chance(stream, grown(level, 0.02, 0.15)) {
            add_arguments(stream, &mut arguments, &[0, 0, 1, 1, 2]);
        }
        let named = (format!("{verb}_{}", topic.noun), format!("{verb} {}", topic.some()));
        Self::new(topic, named, vec![format!("{verb} {{}}")], (object, arguments), Gives::Nothing)
    }

    /// Asked for by one word of its name or of its description.
    fn hinted(stream: &mut Stream, topic: Topic, [first, second, third]: &[String; 3]) -> Self {
        let (object, mut arguments) = Self::object(stream, &topic.noun, None);
        add_arguments(stream, &mut arguments, &[0, 0, 0, 1, 2]);
        let (noun, thing) = (&topic.noun, topic.some());
        let name = match stream.below(4) {
            0 => format!("{noun}_{first}"),
            1 => format!("{first}_{third}"),
            _ => format!("{first}_{noun}"),
        };
        let descriptions = [
            format!("{second} of {thing}"),
            format!("{second} {thing}"),
            format!("{second} and {third} of {thing}"),
            format!("whether {thing} is {second}"),
            format!("{noun} by {second}"),
            format!("{second} {noun}"),
            second.clone(),
            format!("{first} {thing} for the {second}"),
        ];
        let description = one(stream, &descriptions);
        let is_shown = |word: &&str| name.split('_').chain(description.split(' ')).any(|part| part == *word);
        let shown: Vec<&str> = [first, second, third].into_iter().map(String::as_str).filter(is_shown).collect();
        let mut hint = pick(stream, &shown).to_owned();
        if chance(stream, 0.15) {
            hint.push_str(pick(stream, &["s", "ed", "ing"]));
        }
        let order = pick(stream, &words::ORDERS).to_lowercase();
        let says = [
            "{h} {}",
            "{o} the {h} of {}",
            "{o} {} {h}",
            "{o} the {h} {}",
            "make {} {h}",
            "=I need {h} for {}.",
            "=I want {} {h}.",
            "=It is about the {h} of {}.",
            "=Something with {h} for {}, please.",
            "=How {h} is {}?",
            "=How much {h} has {}?",
            "=How many {h} are in {}?",
            "=What {h} has {} got?",
            "=What is the {h} of {}?",
            "=Is {} {h}?",
            "=Has {} got {h}?",
            "=Any {h} for {}?",
            "=When is {} {h}?",
            "=Who is the {h} of {}?",
        ];
        let says = says.map(|says| says.replace("{h}", &hint).replace("{o}", &order)).to_vec();
        let gives = if chance(stream, 0.5) { Gives::Value(pick(stream, &shown).to_owned()) } else { Gives::Nothing };
        Self::new(topic, (name, description), says, (object, arguments), gives)
    }

    /// Different errands, some about the same thing, some of the same verb.
    pub fn draw(stream: &mut Stream, count: usize) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let topics: Vec<Topic> = (0..count.div_ceil(2)).map(|_| Topic::draw(stream)).collect();
        while all.len() < count {
            let topic = one(stream, &topics);
            let finder = all.iter().position(|errand| errand.gives == Gives::Id && errand.noun == topic.noun);
            let errand = match stream.below(20) {
                0..=2 if finder.is_none() => Self::finder(stream, topic),
                0..=5 => Self::question(stream, topic, finder),
                6..=7 => Self::survey(stream, topic),
                _ => Self::deed(stream, topic, finder),
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

    /// One of this name and description; only what gives nothing back changes something.
    fn new(
        topic: Topic,
        (name, description): (String, String),
        says: Vec<String>,
        (object, arguments): (Object, Vec<Argument>),
        gives: Gives,
    ) -> Self {
        let schemas = arguments.iter().map(|argument| (argument.name.clone(), argument.schema()));
        let required = |name: &str| arguments.iter().any(|argument| argument.required && argument.name == name);
        let spec = tool(name, description, schemas, required, gives == Gives::Nothing);
        let Topic { noun, alike } = topic;
        Self { spec, noun, alike, says, object, arguments, gives, after: None, done: false }
    }

    fn finder(stream: &mut Stream, topic: Topic) -> Self {
        let verb = pick(stream, &words::FIND);
        let form = one(stream, &[Form::Person, Form::Title, Form::Thing, Form::Place]);
        let argument = Argument::plain(pick(stream, &["name", "query", "title", "text"]).to_owned(), form);
        let (noun, thing) = (&topic.noun, topic.some());
        let descriptions =
            [format!("{verb} {thing} by {}", argument.name), format!("id of {thing}"), format!("looks for {thing}")];
        let says =
            ["find {}", "look for {}", "look {} up", "search for {}", "=Which id does {} have?", "=Where is {}?"];
        let name = if chance(stream, 0.85) { format!("{verb}_{noun}") } else { format!("{noun}_{verb}") };
        let object = (Object::Named(form), vec![argument]);
        Self::new(topic, (name, one(stream, &descriptions)), says.map(str::to_owned).to_vec(), object, Gives::Id)
    }

    fn question(stream: &mut Stream, topic: Topic, finder: Option<usize>) -> Self {
        let (field, asked) = match stream.below(10) {
            0..=5 => {
                let (field, asked) = one(stream, &QUESTIONS);
                (field.concat(), asked)
            }
            6..=8 => (pick(stream, &words::ATTRIBUTES).to_owned(), Vec::new()),
            _ => (invented(stream, 2), Vec::new()),
        };
        let (object, mut arguments) = Self::object(stream, &topic.noun, finder);
        if chance(stream, 0.25) {
            arguments.push(Argument::draw(stream));
        }
        distinct_names(&mut arguments);
        let verb = pick(stream, &["get", "show", "read", "check", "measure", "tell", "compute", "see"]);
        let (whole, noun) = (chance(stream, 0.3), &topic.noun);
        let name = match stream.below(6) {
            0 => format!("{noun}_{field}"),
            1 => invented(stream, 2),
            2 if !whole => format!("{verb}_{field}"),
            _ if whole => format!("{verb}_{noun}"),
            _ => format!("{verb}_{noun}_{field}"),
        };
        let thing = topic.some();
        let descriptions = [
            format!("{verb} the {field} of {thing}"),
            format!("{field} of {thing}"),
            format!("what {field} {thing} has"),
            format!("{}: {field}", topic.words()),
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
        // What is asked in words of its own is asked so every other time.
        let own = asked.iter().cycle().take(says.len()).map(|asks| format!("={asks}"));
        let says = says.iter().map(|says| says.replace("{f}", &field)).chain(own).collect();
        let named = (name, one(stream, &descriptions));
        Self::new(topic, named, says, (object, arguments), Gives::Value(field))
    }

    /// Which of several are in some state.
    fn survey(stream: &mut Stream, topic: Topic) -> Self {
        let state = pick(stream, &TRAITS);
        let many = plural(&topic.noun);
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
        let people =
            if topic.alike.is_empty() || chance(stream, 0.5) { words } else { plural(pick(stream, &topic.alike)) };
        let says = says.map(|says| says.replace("{m}", &people).replace("{s}", state)).to_vec();
        let named = (name, one(stream, &descriptions));
        Self::new(topic, named, says, (Object::Fixed, Vec::new()), Gives::Those(state))
    }

    fn deed(stream: &mut Stream, topic: Topic, finder: Option<usize>) -> Self {
        let (mut verbs, mut says) = one(stream, &DEEDS);
        let made_up = invented(stream, 2);
        if chance(stream, 0.15) {
            (verbs, says) = (vec![made_up.as_str()], vec![]);
        }
        let (object, mut arguments) = Self::object(stream, &topic.noun, finder);
        add_arguments(stream, &mut arguments, &[0, 0, 1, 1, 2, 3]);
        let first = usize::from(object != Object::Fixed);
        if arguments.len() > first + 1 && chance(stream, 0.4) {
            arguments.last_mut().expect("more than one").required = false;
        }
        let (verb, noun) = (pick(stream, &verbs), &topic.noun);
        let name = match stream.below(10) {
            0 => format!("{noun}_{verb}"),
            1 => invented(stream, 2),
            2..=3 if object != Object::Fixed => verb.to_owned(),
            4 if object != Object::Fixed => format!("{verb}_{}", invented(stream, 1)),
            _ => format!("{verb}_{noun}"),
        };
        let (words, thing) = (topic.words(), topic.some());
        let orders: Vec<&str> = says.iter().copied().filter(|says| !says.starts_with('=')).collect();
        let own = format!("{} {{}}", verb.replace('_', " "));
        let said = if orders.is_empty() { &own } else { pick(stream, &orders) }.replace("{}", &thing);
        let mut description = match stream.below(4) {
            0 => own.replace("{}", &thing),
            1 => format!("{}: {words}", pick(stream, &verbs).replace('_', " ")),
            2 => format!("{} {words}", pick(stream, &verbs).replace('_', " ")),
            _ => said,
        };
        if arguments.len() > first && chance(stream, 0.3) {
            description.push_str(&format!(", with {}", arguments[first].name));
        }
        // As often as not in the tool's own words.
        let own = vec![own; says.len().max(1)];
        let says = says.into_iter().map(str::to_owned).chain(own).collect();
        Self::new(topic, (name, description), says, (object, arguments), Gives::Nothing)
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
        let form = one(stream, &[Form::Person, Form::Title, Form::Thing, Form::Code, Form::Path, Form::Place]);
        let name = match stream.below(4) {
            0 => "name".to_owned(),
            1 => format!("{noun}_name"),
            2 if form == Form::Code => "id".to_owned(),
            _ => noun.to_owned(),
        };
        (Object::Named(form), vec![Argument::plain(name, form)])
    }
}

/// Draws a word of some kind.
type Usual = fn(&mut Stream) -> String;

fn verb(stream: &mut Stream) -> String {
    if chance(stream, 0.3) {
        return invented(stream, 2);
    }
    let (verbs, _) = one(stream, &DEEDS);
    pick(stream, &verbs).split('_').next().unwrap_or_default().to_owned()
}

fn thing(stream: &mut Stream) -> String {
    match stream.below(4) {
        0 => invented(stream, 2),
        1 => pick(stream, &words::NOUNS).to_owned(),
        _ => pick(stream, &THINGS).to_owned(),
    }
}

/// A word that a tool may be named or described by.
fn any_word(stream: &mut Stream) -> String {
    match stream.below(6) {
        0..=1 => verb(stream),
        2 => pick(stream, &words::ATTRIBUTES).to_owned(),
        3 => pick(stream, &TRAITS).to_owned(),
        _ => thing(stream),
    }
}

/// As many more arguments as one of `counts` says, but for those whose names are taken.
fn add_arguments(stream: &mut Stream, arguments: &mut Vec<Argument>, counts: &[usize]) {
    for _ in 0..one(stream, counts) {
        arguments.push(Argument::draw(stream));
    }
    distinct_names(arguments);
}

fn distinct_names(arguments: &mut Vec<Argument>) {
    let mut names: Vec<String> = Vec::new();
    arguments.retain(|argument| {
        let new = !names.contains(&argument.name);
        names.push(argument.name.clone());
        new
    });
}
