//! How people ask for an errand, and the calls that run it.
//!
//! Who asks seldom uses the words of the tool: another word for the thing, another turn of phrase for what is to be done, the
//! details in any order. So the tool must be found by what it does, and what it needs be copied from wherever it was said.

use coevo_core::episode::StepOutcome;
use coevo_core::seed::Stream;
use coevo_core::task::ToolCall;
use serde_json::{Map, Value, json};

use super::errand::{Errand, Gives, Object};
use super::value::{Form, spoken};
use super::wish::{Lack, Move, Wish, Wishes, call, done, ran, refused, text};
use super::words::{self, article, capital, chance, one, pick, plural, range};

/// An order or a sentence.
pub(super) struct Said {
    text: String,
    order: bool,
}

impl Said {
    /// An order in small letters and without an end, or a whole sentence.
    pub(super) fn new(text: String, order: bool) -> Self {
        Self { text, order }
    }

    /// `says` about an `object`, and what else is to be said.
    fn of(says: &str, object: &str, details: &str) -> Self {
        let (order, says) = says.strip_prefix('=').map_or((true, says), |says| (false, says));
        let (says, end) = match says.strip_suffix(['?', '.']) {
            Some(short) => (short, &says[short.len()..]),
            None => (says, if order { "" } else { "." }),
        };
        let body = says.replace("{}", object);
        let space = if details.is_empty() || details.starts_with(':') { "" } else { " " };
        Self { text: format!("{body}{space}{details}{end}"), order }
    }

    /// As people say it.
    pub(super) fn spoken(self, stream: &mut Stream) -> String {
        let text = self.text;
        if !self.order {
            return match stream.below(8) {
                0 => format!("Hello. {}", capital(&text)),
                1 if text.ends_with('.') => format!("{} Thanks.", capital(&text)),
                _ => capital(&text),
            };
        }
        match stream.below(16) {
            0 => format!("Please {text}."),
            1 => format!("Could you {text}?"),
            2 => format!("Can you {text} for me?"),
            3 => format!("I need you to {text}."),
            4 => format!("I want to {text}."),
            5 => format!("I would like to {text}, please."),
            6 => format!("Would you {text}, please?"),
            7 => format!("{}, please.", capital(&text)),
            8 => format!("{}, thanks.", capital(&text)),
            9 => format!("Let us {text}."),
            10 => format!("It is time to {text}."),
            11 => format!("We should {text} now."),
            _ => format!("{}.", capital(&text)),
        }
    }

    /// Said without the argument `name`, the question for it, and the reply with its `value`.
    pub(super) fn lacking(self, stream: &mut Stream, name: &str, value: &str) -> Lack {
        let name = name.replace('_', " ");
        let supplies = [
            format!("{value}."),
            format!("{value}, please."),
            format!("The {name} is {value}."),
            format!("Take {value}."),
            value.to_owned(),
        ];
        let questions = [format!("Which {name}?"), format!("What {name}, please?")];
        Lack { text: self.spoken(stream), question: one(stream, &questions), supply: one(stream, &supplies) }
    }
}

/// What an errand is done to: in words, as the value of the first argument, and the calls that find that value.
struct Mention {
    words: String,
    value: Option<Value>,
    moves: Vec<Move>,
}

/// The other values of a call, and how each is said.
struct Details {
    values: Vec<(String, Value)>,
    /// Place of the argument, words for its value; in the order in which they are said.
    said: Vec<(usize, String)>,
}

impl Details {
    /// All of them in words, but for the argument in one place.
    fn but(&self, skip: Option<usize>) -> String {
        let parts = self.said.iter().filter(|(place, _)| Some(*place) != skip).map(|(_, said)| said.as_str());
        parts.collect::<Vec<_>>().join(" ")
    }
}

impl Wishes<'_> {
    /// An errand, after what it needs first.
    pub(super) fn errand(&mut self) -> Wish {
        let at = self.stream.below(self.world.errands.len() as u64) as usize;
        let errand = self.world.errands[at].clone();
        let own = errand.alike.is_empty() || chance(self.stream, 0.5);
        let noun = if own { errand.noun.replace('_', " ") } else { pick(self.stream, &errand.alike).to_owned() };
        if let Object::Named(form) = errand.object {
            if errand.gives == Gives::Id {
                return self.search(&errand, &noun, form);
            }
            let simple = errand.gives == Gives::Nothing && errand.after.is_none() && errand.arguments.len() == 1;
            if simple && chance(self.stream, 0.25) {
                return self.several(&errand, &noun, form);
            }
        }
        let mention = self.mention(&errand, &noun);
        let details = self.details(&errand, usize::from(mention.value.is_some()));
        let says = one(self.stream, &errand.says);
        let said = if !says.starts_with('=') && chance(self.stream, 0.15) {
            let front =
                ["About {}: ", "As for {}, ", "You know {}? ", "It is about {}. ", "There is {}. ", "{} again: "];
            let front = capital(&pick(self.stream, &front).replace("{}", &mention.words));
            format!("{front}{}", Said::of(&says, "it", &details.but(None)).spoken(self.stream))
        } else {
            Said::of(&says, &mention.words, &details.but(None)).spoken(self.stream)
        };
        let lack = self.lack(&errand, &noun, &says, &mention, &details);

        let first = errand.arguments.iter().map(|argument| argument.name.clone()).zip(mention.value);
        let arguments: Map<String, Value> = first.chain(details.values).collect();
        let ask = ToolCall { name: errand.spec.name.clone(), arguments: Value::Object(arguments) };
        let mut moves = mention.moves;
        if let Some(before) = errand.after.filter(|before| !self.world.errands[*before].done) {
            let other = self.world.errands[before].clone();
            moves.push(refused(ask.clone(), other.refusal()));
            moves.push(done(&other.spec, [], json!({"ok": true})).into_remedy());
            self.world.errands[before].done = true;
        }
        self.world.errands[at].done = true;
        let (result, answer) = match &errand.gives {
            Gives::Value(field) => self.value(field),
            Gives::Those(state) => self.those(state, &errand.noun),
            Gives::Id | Gives::Nothing => self.plainly(&errand.noun, &noun, &ask.arguments),
        };
        let result = if chance(self.stream, 0.15) { self.padded(result) } else { result };
        moves.push(ran(ask, result));
        Wish { text: said, lack, moves, answer }
    }

    /// Asks for an identifier; sometimes there is none.
    fn search(&mut self, errand: &Errand, noun: &str, form: Form) -> Wish {
        let name = form.draw(self.stream);
        let words = named(self.stream, noun, &name, form);
        let says = one(self.stream, &errand.says);
        let said = Said::of(&says, &words, "").spoken(self.stream);
        if chance(self.stream, 0.15) {
            let outcome = StepOutcome::ToolError {
                code: format!("unknown_{}", errand.noun),
                message: format!("no {} {name}", errand.noun.replace('_', " ")),
                details: json!({"argument": errand.arguments[0].name}),
            };
            let moves =
                vec![Move { call: call(&errand.spec, [json!(name)]), outcome, foreseeable: false, remedy: false }];
            let answers =
                ["There is none.".to_owned(), format!("I cannot find {name}."), format!("There is no {name}.")];
            return Wish { text: said, lack: None, moves, answer: one(self.stream, &answers) };
        }
        let id = Form::Code.draw(self.stream);
        let moves = vec![self.look(errand, &name, &id)];
        let answers = [format!("It is {id}."), format!("Found: {id}."), id];
        Wish { text: said, lack: None, moves, answer: one(self.stream, &answers) }
    }

    /// The same done to two or three.
    fn several(&mut self, errand: &Errand, noun: &str, form: Form) -> Wish {
        let names: Vec<String> = (0..range(self.stream, 2, 3)).map(|_| form.draw(self.stream)).collect();
        let words = spoken(&json!(names));
        let words = if chance(self.stream, 0.5) { words } else { format!("{} {words}", plural(noun)) };
        let says = one(self.stream, &errand.says);
        let text = Said::of(&says, &words, "").spoken(self.stream);
        let moves = names.iter().map(|name| done(&errand.spec, [json!(name)], json!({"ok": true}))).collect();
        Wish { text, lack: None, moves, answer: "Done.".to_owned() }
    }

    fn mention(&mut self, errand: &Errand, noun: &str) -> Mention {
        match errand.object {
            Object::Fixed => {
                let noun = if chance(self.stream, 0.15) { plural(noun) } else { noun.to_owned() };
                let words = format!("{} {noun}", pick(self.stream, &["the", "the", "the", "my", "our", "this"]));
                Mention { words, value: None, moves: Vec::new() }
            }
            Object::Named(form) => {
                let name = form.draw(self.stream);
                let words = named(self.stream, noun, &name, form);
                Mention { words, value: Some(json!(name)), moves: Vec::new() }
            }
            Object::Found(finder) => {
                let finder = self.world.errands[finder].clone();
                let known = self.stream.below(self.found.len() as u64 + 2) as usize;
                let known = self.found.get(known).filter(|known| known.0 == errand.noun).cloned();
                let mut moves = Vec::new();
                let (name, form, id) = match (known, finder.object) {
                    (Some((_, name, id)), Object::Named(form)) => (name, form, id),
                    (None, Object::Named(form)) if chance(self.stream, 0.7) => {
                        let (name, id) = (form.draw(self.stream), Form::Code.draw(self.stream));
                        moves.push(self.look(&finder, &name, &id));
                        (name, form, id)
                    }
                    _ => {
                        let id = Form::Code.draw(self.stream);
                        (id.clone(), Form::Code, id)
                    }
                };
                Mention { words: named(self.stream, noun, &name, form), value: Some(json!(id)), moves }
            }
        }
    }

    /// Values of the arguments from the `first` on; what can be left out is left out now and then.
    fn details(&mut self, errand: &Errand, first: usize) -> Details {
        let (mut values, mut said) = (Vec::new(), Vec::new());
        for (place, argument) in errand.arguments.iter().enumerate().skip(first) {
            if argument.required || chance(self.stream, 0.5) {
                let value = argument.value(self.stream);
                said.push((place, one(self.stream, &argument.says).replace("{}", &spoken(&value))));
                values.push((argument.name.clone(), value));
            }
        }
        self.stream.shuffle(&mut said);
        Details { values, said }
    }

    /// The same, but for one thing that the tool needs.
    fn lack(&mut self, errand: &Errand, noun: &str, says: &str, mention: &Mention, details: &Details) -> Option<Lack> {
        let needed: Vec<usize> =
            (0..errand.arguments.len()).filter(|place| errand.arguments[*place].required).collect();
        if needed.is_empty() {
            return None;
        }
        let skip = one(self.stream, &needed);
        let name = &errand.arguments[skip].name;
        let value = details.values.iter().find(|(of, _)| of == name).map(|(_, value)| spoken(value));
        let (short, value) = match value {
            Some(value) => (Said::of(says, &mention.words, &details.but(Some(skip))), value),
            None => (Said::of(says, &format!("{} {noun}", article(noun)), &details.but(None)), mention.words.clone()),
        };
        Some(short.lacking(self.stream, name, &value))
    }

    /// A result with one value that was asked for among others, and the answer.
    fn value(&mut self, field: &str) -> (Value, String) {
        let value = match self.stream.below(5) {
            0 => json!(pick(self.stream, &words::CHOICES)),
            1 => json!(Form::Thing.draw(self.stream)),
            2 => {
                let form = one(self.stream, &[Form::Person, Form::Title, Form::Time, Form::Code]);
                json!(form.draw(self.stream))
            }
            _ => json!(range(self.stream, 1, 999)),
        };
        let mut fields: Vec<(String, Value)> = vec![(field.to_owned(), value.clone())];
        for _ in 0..self.stream.below(4) {
            let other = pick(self.stream, &words::ATTRIBUTES).to_owned();
            let noise = if chance(self.stream, 0.6) {
                json!(range(self.stream, 1, 999))
            } else {
                json!(Form::Thing.draw(self.stream))
            };
            if other != field {
                fields.push((other, noise));
            }
        }
        self.stream.shuffle(&mut fields);
        let said = text(&value);
        let answers = [
            format!("The {field} is {said}."),
            format!("{said}."),
            format!("{}: {said}", capital(field)),
            format!("It is {said}."),
        ];
        (Value::Object(fields.into_iter().collect()), one(self.stream, &answers))
    }

    /// A result that names those in a state, and the answer.
    fn those(&mut self, state: &str, noun: &str) -> (Value, String) {
        let form = one(self.stream, &[Form::Person, Form::Title, Form::Code, Form::Thing]);
        let those: Vec<String> = (0..self.stream.below(4)).map(|_| form.draw(self.stream)).collect();
        let listed = spoken(&json!(those));
        let answers = if those.is_empty() {
            ["None.".to_owned(), format!("None is {state}."), format!("There is none that is {state}.")]
        } else {
            [format!("{listed}."), format!("{}: {listed}", capital(state)), listed]
        };
        let mut fields = Map::new();
        if chance(self.stream, 0.3) {
            fields.insert("count".to_owned(), json!(those.len()));
        }
        let field = if chance(self.stream, 0.6) { state.to_owned() } else { plural(noun) };
        fields.insert(field, json!(those));
        if chance(self.stream, 0.3) {
            let other = pick(self.stream, &words::ATTRIBUTES).to_owned();
            fields.entry(other).or_insert(json!(range(self.stream, 1, 999)));
        }
        (Value::Object(fields), one(self.stream, &answers))
    }

    /// A result that says no more than that it is done, and the answer.
    fn plainly(&mut self, noun: &str, spoken: &str, arguments: &Value) -> (Value, String) {
        let id = Form::Code.draw(self.stream);
        let results = [json!({"ok": true}), json!({"id": id}), json!({ noun: "done" }), arguments.clone()];
        let answers = ["Done.".to_owned(), format!("The {spoken} is taken care of."), "That is done.".to_owned()];
        (one(self.stream, &results), one(self.stream, &answers))
    }

    /// The call that finds the identifier of a name, known from now on.
    fn look(&mut self, finder: &Errand, name: &str, id: &str) -> Move {
        self.found.push((finder.noun.clone(), name.to_owned(), id.to_owned()));
        let field = if chance(self.stream, 0.7) { format!("{}_id", finder.noun) } else { "id".to_owned() };
        let mut result = Map::new();
        result.insert(field, json!(id));
        if chance(self.stream, 0.5) {
            result.insert("name".to_owned(), json!(name));
        }
        if chance(self.stream, 0.5) {
            let other = pick(self.stream, &words::ATTRIBUTES);
            result.insert(other.to_owned(), json!(range(self.stream, 1, 99)));
        }
        let result = if chance(self.stream, 0.4) {
            let mut rows = vec![Value::Object(result)];
            if chance(self.stream, 0.5) {
                rows.push(json!({"id": Form::Code.draw(self.stream), "name": Form::Person.draw(self.stream)}));
            }
            json!({ plural(&finder.noun): rows })
        } else {
            Value::Object(result)
        };
        done(&finder.spec, [json!(name)], result)
    }
}

/// How a thing with a name is spoken of.
fn named(stream: &mut Stream, noun: &str, value: &str, form: Form) -> String {
    let words = match form {
        Form::Code | Form::Path => vec![format!("{noun} {value}"), value.to_owned(), format!("the {noun} {value}")],
        _ => vec![
            value.to_owned(),
            format!("the {noun} {value}"),
            format!("the {value} {noun}"),
            format!("the {noun} called {value}"),
            format!("the {noun} \"{value}\""),
            format!("my {value} {noun}"),
        ],
    };
    one(stream, &words)
}
