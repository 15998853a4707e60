//! Values that people name when they ask for something, the arguments that hold them, and how both are put into words.

use coevo_core::seed::Stream;
use serde_json::{Value, json};

use super::wish::text;
use super::words::{
    self, PEOPLE, PLACES, THINGS, TRAITS, capital, chance, date, distinct, invented, one, pick, plural, range,
};

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Person,
    Place,
    Date,
    Time,
    Number,
    Title,
    Text,
    Path,
    Email,
    Code,
    Choice,
    Thing,
    /// Several things.
    Many,
}

/// An argument that many tools have: its names, its values, how they are put into a sentence.
#[derive(Clone, Copy)]
struct Sort {
    form: Form,
    names: &'static [&'static str],
    says: &'static [&'static str],
}

const SORTS: [Sort; 18] = [
    Sort {
        form: Form::Person,
        names: &["recipient", "person", "name", "receiver", "helper", "contact", "user"],
        says: &["to {}", "for {}", "with {}", "and it is for {}"],
    },
    Sort {
        form: Form::Place,
        names: &["city", "place", "destination", "site", "town", "where", "to"],
        says: &["to {}", "in {}", "at {}", "over in {}"],
    },
    Sort { form: Form::Place, names: &["from", "origin", "source"], says: &["from {}", "starting in {}"] },
    Sort {
        form: Form::Date,
        names: &["date", "day", "when", "on"],
        says: &["on {}", "for {}", "as of {}", "and that on {}"],
    },
    Sort { form: Form::Time, names: &["time", "hour", "at", "start"], says: &["at {}", "for {}", "from {} on"] },
    Sort { form: Form::Number, names: &["minutes"], says: &["for {} minutes", "and give it {} minutes"] },
    Sort { form: Form::Number, names: &["hours"], says: &["for {} hours", "during {} hours"] },
    Sort {
        form: Form::Number,
        names: &[
            "litres", "grams", "metres", "pages", "seats", "guests", "days", "weeks", "miles", "bottles", "points",
        ],
        says: &["{} {n}", "with {} {n}", "by {} {n}", "for {} {n}", "and that is {} {n}"],
    },
    Sort {
        form: Form::Many,
        names: &["names", "items", "people", "parts", "members", "list"],
        says: &["with {}", "for {}", "{n} {}", "and the {n} are {}"],
    },
    Sort { form: Form::Number, names: &["percent"], says: &["to {} percent", "by {} percent", "to {} %"] },
    Sort { form: Form::Number, names: &["degrees"], says: &["to {} degrees", "by {} degrees"] },
    Sort {
        form: Form::Number,
        names: &["amount", "sum", "price", "euros"],
        says: &["for {}", "of {}", "at {} euros", "of {} euros"],
    },
    Sort {
        form: Form::Number,
        names: &["count", "quantity", "number", "pieces", "copies"],
        says: &["{} times", "{} of them", "{} pieces"],
    },
    Sort {
        form: Form::Title,
        names: &["title", "label", "headline", "subject", "name"],
        says: &["called \"{}\"", "with the title \"{}\"", "named {}", "and call it {}"],
    },
    Sort {
        form: Form::Text,
        names: &["text", "message", "body", "comment", "content", "reason"],
        says: &["saying \"{}\"", "with the text \"{}\"", "that reads \"{}\"", ": {}", "because {}"],
    },
    Sort {
        form: Form::Path,
        names: &["path", "file", "target", "folder"],
        says: &["to {}", "as {}", "in {}", "from {}", "into {}"],
    },
    Sort { form: Form::Email, names: &["email", "address"], says: &["to {}", "at {}", "for {}"] },
    Sort { form: Form::Code, names: &["code", "key", "reference", "ticket"], says: &["with {}", "under {}", "for {}"] },
];

#[derive(Clone, Debug)]
pub struct Argument {
    pub name: String,
    form: Form,
    /// Phrases with `{}` for the value.
    pub says: Vec<String>,
    choices: Vec<String>,
    low: u64,
    pub required: bool,
}

impl Argument {
    fn of(stream: &mut Stream, sort: &Sort) -> Self {
        let name = pick(stream, sort.names).to_owned();
        Self {
            form: sort.form,
            says: sort.says.iter().map(|says| says.replace("{n}", &name)).collect(),
            name,
            choices: Vec::new(),
            low: one(stream, &[0, 1, 5, 10, 100]),
            required: true,
        }
    }

    /// One that is not put into words by itself.
    pub fn plain(name: String, form: Form) -> Self {
        Self { name, form, says: Vec::new(), choices: Vec::new(), low: 0, required: true }
    }

    /// An argument of any sort, or a property of what the tool is about.
    pub fn draw(stream: &mut Stream) -> Self {
        if chance(stream, 0.65) {
            let sort = one(stream, &SORTS);
            return Self::of(stream, &sort);
        }
        let name = if chance(stream, 0.8) { pick(stream, &words::ATTRIBUTES).to_owned() } else { invented(stream, 2) };
        let says = ["with {n} {}", "{n} {}", "{n}: {}", "and the {n} is {}", "at {n} {}", "the {n} being {}"];
        let form = one(stream, &[Form::Choice, Form::Choice, Form::Number, Form::Code, Form::Thing]);
        let mut says: Vec<String> = says.iter().map(|says| says.replace("{n}", &name)).collect();
        if form == Form::Choice {
            says.extend(["in {}", "as {}", "{}"].map(str::to_owned));
        }
        let count = range(stream, 2, 4) as usize;
        let choices = distinct(stream, words::CHOICES.len(), count).into_iter();
        Self {
            name,
            form,
            says,
            choices: choices.map(|at| words::CHOICES[at].to_owned()).collect(),
            low: range(stream, 0, 9),
            required: true,
        }
    }

    pub fn schema(&self) -> Value {
        match self.form {
            Form::Number => json!({"type": "integer", "minimum": self.low}),
            Form::Choice => json!({"type": "string", "enum": self.choices}),
            Form::Date => json!({"type": "string", "description": "MM-DD"}),
            Form::Time => json!({"type": "string", "description": "HH:MM"}),
            Form::Many => json!({"type": "array", "items": {"type": "string"}}),
            _ => json!({"type": "string"}),
        }
    }

    pub fn value(&self, stream: &mut Stream) -> Value {
        match self.form {
            Form::Number => {
                let span = one(stream, &[9, 50, 400, 3000]);
                json!(self.low + stream.below(span))
            }
            Form::Choice => json!(one(stream, &self.choices)),
            Form::Many => {
                let form = one(stream, &[Form::Person, Form::Thing, Form::Title]);
                json!((0..range(stream, 1, 3)).map(|_| form.draw(stream)).collect::<Vec<_>>())
            }
            form => json!(form.draw(stream)),
        }
    }
}

/// A value as people say it.
pub fn spoken(value: &Value) -> String {
    let Some(parts) = value.as_array() else { return text(value) };
    let parts: Vec<String> = parts.iter().map(text).collect();
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}

impl Form {
    pub fn draw(self, stream: &mut Stream) -> String {
        let word = |stream: &mut Stream| match stream.below(4) {
            0 => invented(stream, 2),
            1 => pick(stream, &words::NOUNS).to_owned(),
            2 => pick(stream, &TRAITS).to_owned(),
            _ => pick(stream, &THINGS).to_owned(),
        };
        match self {
            Self::Person if chance(stream, 0.6) => {
                let first = pick(stream, &PEOPLE);
                if chance(stream, 0.3) {
                    format!("{first} {}", capital(&invented(stream, 2)))
                } else {
                    first.to_owned()
                }
            }
            Self::Place if chance(stream, 0.6) => pick(stream, &PLACES).to_owned(),
            Self::Person | Self::Place => words::name(stream),
            Self::Date => date(stream),
            Self::Time => format!("{:02}:{:02}", stream.below(24), 5 * stream.below(12)),
            Self::Title => {
                let (first, second) = (word(stream), word(stream));
                let title = match stream.below(4) {
                    0 => first,
                    1 => format!("{first} of {second}"),
                    _ => format!("{first} {second}"),
                };
                if chance(stream, 0.5) { capital(&title) } else { title }
            }
            Self::Text => {
                let (a, b, c) = (word(stream), word(stream), word(stream));
                let (verbs, _) = one(stream, &words::DEEDS);
                let verb = pick(stream, &verbs).replace('_', " ");
                match stream.below(5) {
                    0 => format!("{verb} the {a}"),
                    1 => format!("the {a} is {b}"),
                    2 => format!("{verb} {} {plural}", range(stream, 2, 40), plural = plural(&a)),
                    3 => format!("no {a} without {b} {c}"),
                    _ => format!("{} wants the {a} {b}", pick(stream, &PEOPLE)),
                }
            }
            Self::Path => {
                let ending = pick(stream, &["txt", "md", "csv", "log", "json", "cfg", "dat"]);
                match stream.below(4) {
                    0 => format!("/{}/{}", word(stream), word(stream)),
                    1 => format!("{}/{}.{ending}", word(stream), word(stream)),
                    2 => word(stream),
                    _ => format!("{}.{ending}", word(stream)),
                }
            }
            Self::Email => {
                format!("{}@{}.{}", word(stream), word(stream), pick(stream, &["com", "net", "org", "io"]))
            }
            Self::Code => {
                let letter = char::from(b'A' + stream.below(26) as u8);
                match stream.below(3) {
                    0 => format!("{letter}{}", range(stream, 10, 9999)),
                    1 => format!("{letter}-{}", range(stream, 10, 999)),
                    _ => format!("{}{}", letter.to_ascii_lowercase(), range(stream, 1, 99)),
                }
            }
            Self::Number | Self::Choice | Self::Thing | Self::Many => word(stream),
        }
    }
}
