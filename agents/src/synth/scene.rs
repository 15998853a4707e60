//! A made-up tool API drawn from a field, and what people want of it: some of its tools, under some of their names, with other
//! nouns now and then.

use std::collections::{BTreeMap, BTreeSet};

use coevo_core::seed::Stream;
use coevo_core::task::{ErrorCode, ToolCall, ToolSpec};
use serde_json::{Map, Value, json};

use super::field::{
    self, FIELDS, Field, Output, Pick, Plan, Step, Tool, Type, Which, parse_pick, says, segments, slots,
};
use super::order::Said;
use super::value::{self, spoken};
use super::wish::{Lack, Move, Wish, is_vague, ran, refused, text};
use super::words::{self, PEOPLE, THINGS, TRAITS, capital, chance, date, distinct, invented, one, pick, plural, range};
use super::world::{RULES, tool};

/// A tool under the names that it has here.
#[derive(Clone, Debug)]
struct Drawn {
    of: &'static Tool,
    spec: ToolSpec,
    /// A finder's own first, then those of the arguments, in their order.
    names: Vec<String>,
    /// The refusals that the state of things calls for.
    blocked: Vec<&'static field::Refusal>,
}

/// Things with an identifier.
#[derive(Clone, Debug)]
struct Things {
    noun: String,
    /// What people call one.
    words: Vec<String>,
    /// Identifier and name of each.
    all: Vec<(String, String)>,
}

/// Tools drawn from a field or two, and how things stand.
#[derive(Clone, Debug)]
pub struct Scene {
    pub system: String,
    tools: Vec<Drawn>,
    plans: Vec<&'static Plan>,
    things: BTreeMap<&'static str, Things>,
    /// Words that stand for those of the field.
    swaps: Vec<(String, String)>,
    /// Kind and identifier of the thing last spoken of.
    focus: Option<(&'static str, String)>,
    /// Identifiers that the conversation has shown.
    known: BTreeSet<String>,
}

/// What a call gave, by the field's own names: a row, or several.
type Rows = Vec<BTreeMap<&'static str, Value>>;

/// A value and how it is said.
struct Told {
    value: Value,
    words: String,
}

type Tolds = BTreeMap<&'static str, Told>;

/// An argument and its name here.
type Named<'a> = (&'a field::Argument, &'a str);

/// A call that is about to be made, what was said for it, and the calls before it.
struct Asked<'a> {
    call: &'a mut ToolCall,
    said: &'a mut String,
    moves: &'a mut Vec<Move>,
}

impl Asked<'_> {
    fn has(&self, argument: &str) -> bool {
        self.call.arguments.get(argument).is_some()
    }

    fn refuse(&mut self, code: &str, message: String) {
        let error = ErrorCode { code: code.to_owned(), description: message };
        self.moves.push(Move { foreseeable: false, ..refused(self.call.clone(), error) });
    }
}

/// Codes and messages of refusals, and how they are spoken of beforehand: of a value, and of a call.
const VALUE_REFUSED: [(&str, &str, &str); 7] = [
    ("taken", "is taken", "is taken"),
    ("unavailable", "is not available", "is not to be had"),
    ("wrong", "is wrong", "is wrong"),
    ("refused", "was refused", "is refused"),
    ("full", "is full", "is full"),
    ("too_much", "is too much", "does not work"),
    ("not_allowed", "is not allowed", "is not allowed"),
];
const CALL_REFUSED: [(&str, &str, &str); 8] = [
    ("refused", "not possible now", "if that is refused"),
    ("not_possible", "not possible yet", "if that is not possible"),
    ("blocked", "it is blocked", "if it is blocked"),
    ("not_ready", "it is not ready", "if it is not ready"),
    ("too_low", "there is too little", "if there is too little"),
    ("denied", "it was denied", "if it is denied"),
    ("needs_other", "something else comes first", "first if you must"),
    ("missing", "something is missing", "before it if needed"),
];

impl Drawn {
    /// The tool's arguments with their names here, without what a finder looks for.
    fn arguments(&self) -> impl Iterator<Item = Named<'_>> {
        let own = self.names.len() - self.of.arguments.len();
        self.of.arguments.iter().zip(self.names[own..].iter().map(String::as_str))
    }

    /// A value for an argument that fits and is said in a word or two.
    fn another(&self, stream: &mut Stream, fits: impl Fn(&Named<'_>) -> bool) -> Option<(&str, Told)> {
        let fitting = self.arguments().filter(|named| is_plain(&named.0.holds) && fits(named));
        let fitting: Vec<Named<'_>> = fitting.collect();
        if fitting.is_empty() {
            return None;
        }
        let (argument, name) = one(stream, &fitting);
        Some((name, draw_value(stream, &argument.holds)))
    }

    fn call(&self, arguments: Value) -> ToolCall {
        ToolCall { name: self.spec.name.clone(), arguments }
    }

    /// A call's required arguments from what was told.
    fn given(&self, tolds: &Tolds) -> Value {
        let required = self.arguments().filter(|(argument, _)| argument.required);
        let given = required.filter_map(|(argument, name)| Some((name, &tolds.get(argument.names[0])?.value)));
        Value::Object(given.map(|(name, value)| (name.to_owned(), value.clone())).collect())
    }
}

impl Scene {
    /// Four to `most` tools; where `most` is above 14, now and then of two fields.
    pub fn draw(stream: &mut Stream, most: usize) -> Self {
        let mut fields: Vec<&'static Field> = vec![&FIELDS[stream.below(FIELDS.len() as u64) as usize]];
        if most > 14 && chance(stream, 0.25) {
            fields.push(&FIELDS[stream.below(FIELDS.len() as u64) as usize]);
        }
        let mut of: Vec<&'static Tool> = Vec::new();
        for tool in fields.iter().flat_map(|field| &field.tools) {
            if of.iter().all(|other| other.names[0] != tool.names[0]) {
                of.push(tool);
            }
        }
        stream.shuffle(&mut of);
        of.truncate(range(stream, 4, most as u64) as usize);
        let mut scene = Self {
            system: String::new(),
            tools: Vec::new(),
            plans: fields.iter().flat_map(|field| &field.plans).collect(),
            things: BTreeMap::new(),
            swaps: Vec::new(),
            focus: None,
            known: BTreeSet::new(),
        };
        scene.meet(stream, &fields, &of);
        scene.plans.retain(|plan| plan.steps.iter().all(|(name, _)| of.iter().any(|tool| tool.names[0] == *name)));
        let mut taken = BTreeSet::new();
        for tool in of {
            if let Some(drawn) = scene.name_tool(stream, tool, &mut taken) {
                scene.tools.push(drawn);
            }
        }
        scene.block(stream);
        let said = scene.put(pick(stream, &fields[0].systems));
        let today = if chance(stream, 0.2) { format!(" Today is {}.", date(stream)) } else { String::new() };
        scene.system = format!("{said}{today}{}", one(stream, &RULES));
        scene
    }

    /// The things that tools take or make, and other nouns for some.
    fn meet(&mut self, stream: &mut Stream, fields: &[&'static Field], tools: &[&'static Tool]) {
        let mut nouns: BTreeSet<&'static str> = BTreeSet::new();
        for tool in tools {
            nouns.extend(tool.finds);
            nouns.extend(tool.arguments.iter().filter_map(|argument| match argument.holds {
                Type::Thing(noun) => Some(noun),
                _ => None,
            }));
            if let Output::Makes(noun) = tool.output {
                nouns.insert(noun);
            }
        }
        for noun in nouns {
            let kind = fields.iter().flat_map(|field| &field.kinds).find(|kind| kind.noun == noun);
            let mut words: Vec<String> =
                kind.iter().flat_map(|kind| &kind.words).map(|word| (*word).to_owned()).collect();
            if words.is_empty() {
                words.push(noun.replace('_', " "));
            }
            let mut own = noun.to_owned();
            if chance(stream, 0.35) {
                own = if chance(stream, 0.3) { invented(stream, 2) } else { pick(stream, &THINGS).to_owned() };
                for word in std::iter::once(noun.to_owned()).chain(words.drain(..)) {
                    self.swaps.push((plural(&word), plural(&own)));
                    self.swaps.push((word, own.clone()));
                }
                words.push(own.clone());
            }
            let called = kind.map_or(&[][..], |kind| &kind.called[..]);
            let count = range(stream, 3, 5) as usize;
            let mut things = Things { noun: own, words, all: Vec::new() };
            for at in distinct(stream, called.len().max(count), count) {
                let name = match called.get(at) {
                    Some(name) if chance(stream, 0.8) => (*name).to_owned(),
                    _ => words::name(stream),
                };
                things.add(stream, name);
            }
            self.things.insert(noun, things);
        }
    }

    /// A text of the field with the words that stand for its own.
    fn put(&self, text: &str) -> String {
        if self.swaps.is_empty() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        for part in text.split_inclusive(|c: char| !c.is_ascii_alphabetic()) {
            let word = part.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
            let swapped = self.swaps.iter().find(|(from, _)| from.eq_ignore_ascii_case(word));
            match swapped {
                Some((_, to)) if word.starts_with(|c: char| c.is_ascii_uppercase()) => out.push_str(&capital(to)),
                Some((_, to)) => out.push_str(to),
                None => out.push_str(word),
            }
            out.push_str(&part[word.len()..]);
        }
        out
    }

    /// The tool under a name that no other has here.
    fn name_tool(&self, stream: &mut Stream, of: &'static Tool, taken: &mut BTreeSet<String>) -> Option<Drawn> {
        let mut name = self.put(pick(stream, &of.names));
        if chance(stream, 0.04) {
            name = invented(stream, 2);
        }
        if !taken.insert(name.clone()) {
            return None;
        }
        let mut names: Vec<String> = Vec::new();
        let mut schemas: Vec<(String, Value)> = Vec::new();
        let mut needed: BTreeSet<String> = BTreeSet::new();
        let mut errors = Vec::new();
        let unknown = |noun: &'static str| {
            let noun = &self.things[noun].noun;
            ErrorCode { code: format!("unknown_{noun}"), description: format!("no such {}", noun.replace('_', " ")) }
        };
        if let Some(noun) = of.finds {
            names.push(pick(stream, &["name", "name", "query", "title", "word", "text"]).to_owned());
            schemas.push((names[0].clone(), json!({"type": "string"})));
            needed.insert(names[0].clone());
            errors.push(unknown(noun));
        }
        for argument in &of.arguments {
            let mut name = self.put(pick(stream, &argument.names));
            if names.contains(&name) {
                name = self.put(argument.names[0]);
            }
            if names.contains(&name) {
                return None;
            }
            if argument.required {
                needed.insert(name.clone());
            }
            if let Type::Thing(noun) = argument.holds {
                errors.push(unknown(noun));
            }
            schemas.push((name.clone(), schema(&argument.holds)));
            names.push(name);
        }
        let mutates = matches!(of.output, Output::Done | Output::Makes(_)) && of.finds.is_none();
        let description = self.put(pick(stream, &of.docs));
        let spec = tool(name, description, schemas, |name| needed.contains(name), mutates);
        Some(Drawn { of, spec: ToolSpec { errors, ..spec }, names, blocked: Vec::new() })
    }

    /// Draws which tools are refused until another was called; specs list all that may be.
    fn block(&mut self, stream: &mut Stream) {
        for at in 0..self.tools.len() {
            let of = self.tools[at].of;
            let helped = |refusal: &&'static field::Refusal| {
                let remedy = self.find(refusal.remedy)?;
                let has = |name: &str| of.arguments.iter().any(|other| other.names[0] == name && other.required);
                let can = remedy.of.finds.is_none()
                    && remedy.arguments().all(|(argument, _)| !argument.required || has(argument.names[0]));
                can.then(|| remedy.spec.name.replace('_', " "))
            };
            let helped: Vec<_> = of.refusals.iter().filter_map(|refusal| Some((refusal, helped(&refusal)?))).collect();
            for (refusal, first) in helped {
                let tool = &mut self.tools[at];
                tool.spec
                    .errors
                    .push(ErrorCode { code: refusal.code.to_owned(), description: refusal.message.to_owned() });
                tool.spec.preconditions.push(format!("Needs {first} first."));
                if chance(stream, 0.35) {
                    tool.blocked.push(refusal);
                }
            }
        }
    }

    fn find(&self, name: &str) -> Option<&Drawn> {
        self.tools.iter().find(|tool| tool.of.names[0] == name)
    }

    pub fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|tool| tool.spec.clone()).collect()
    }

    /// The next thing that somebody wants.
    pub fn wish(&mut self, stream: &mut Stream) -> Wish {
        let first = self.single(stream);
        if !chance(stream, 0.1) {
            return first;
        }
        let second = self.single(stream);
        let says = pick(stream, &["", "", "Then:", "And then:", "Also:", "After that:"]);
        let mut both = Wish { answer: second.answer.clone(), ..first.then(says, second) };
        both.text = tidy(&both.text);
        both
    }

    fn single(&mut self, stream: &mut Stream) -> Wish {
        if !self.plans.is_empty() && chance(stream, 0.22) {
            let plan = one(stream, &self.plans);
            let ask = pick(stream, &plan.asks);
            return self.grant(stream, &plan.steps, ask);
        }
        let tool = self.tools[stream.below(self.tools.len() as u64) as usize].of;
        let ask = pick(stream, &tool.asks);
        self.grant(stream, &[(tool.names[0], Vec::new())], ask)
    }

    fn grant(&mut self, stream: &mut Stream, steps: &[Step], ask: &'static str) -> Wish {
        let mut moves = Vec::new();
        let mut tolds = self.tell(stream, steps, ask, &mut moves);
        let mut said = self.say(ask, &tolds, None);
        let lack = self.lack(stream, steps, ask, &tolds);
        let mut facts: Vec<Rows> = Vec::new();
        for (at, (name, given)) in steps.iter().enumerate() {
            let Some(drawn) = self.find(name).cloned() else { continue };
            let mut arguments = Map::new();
            if drawn.of.finds.is_some() {
                arguments.insert(drawn.names[0].clone(), tolds["name"].value.clone());
            }
            for (argument, name) in drawn.arguments() {
                let first = argument.names[0];
                if let Some((_, pick)) = given.iter().find(|(given, _)| *given == first)
                    && let Some(value) = facts.iter().rev().find_map(|rows| picked(rows, *pick))
                {
                    tolds.insert(first, Told { words: text(&value), value });
                }
                if let Some(told) = tolds.get(first) {
                    arguments.insert(name.to_owned(), told.value.clone());
                }
            }
            let mut call = drawn.call(Value::Object(arguments));
            let last = at + 1 == steps.len();
            if !drawn.blocked.is_empty() {
                let refusal = one(stream, &drawn.blocked);
                let tail = last && !refusal.tails.is_empty() && chance(stream, 0.5);
                if tail {
                    said = with_tail(&said, &self.put(pick(stream, &refusal.tails)));
                }
                let error = ErrorCode { code: refusal.code.to_owned(), description: self.put(refusal.message) };
                moves.push(Move { foreseeable: !tail, ..refused(call.clone(), error) });
                moves.extend(self.remedy(stream, refusal, &tolds).map(Move::into_remedy));
                self.fixed(refusal.remedy);
            } else if last && chance(stream, 0.22) {
                let mut asked = Asked { call: &mut call, said: &mut said, moves: &mut moves };
                self.in_case(stream, &drawn, &mut asked);
            }
            self.fixed(name);
            let (fact, result) = self.result(stream, &drawn, &call.arguments, &tolds);
            facts.push(fact);
            moves.push(ran(call, result));
        }
        let last = steps.last().and_then(|(name, _)| self.find(name)).map(|tool| tool.of);
        let answer = match (last.map_or(&[][..], |tool| &tool.says[..]), last.and_then(|tool| tool.finds)) {
            ([], Some(noun)) => {
                let says = ["It is {}.", "{}.", "Found: {}.", "That is {}."];
                let id = facts.iter().rev().find_map(|rows| picked(rows, parse_pick(noun)?));
                pick(stream, &says).replace("{}", &id.as_ref().map(spoken).unwrap_or_default())
            }
            ([], None) => pick(stream, &["Done.", "That is done.", "All right, done."]).to_owned(),
            (says, _) => self.answer(pick(stream, says), &facts, &tolds),
        };
        let order = !ask.starts_with('=');
        Wish { text: Said::new(said, order).spoken(stream), lack, moves, answer }
    }

    /// Says what else to do should the call be refused, and lets it be refused every other time: another tool first, another
    /// value, or an argument that can be left out.
    fn in_case(&mut self, stream: &mut Stream, drawn: &Drawn, asked: &mut Asked<'_>) {
        let happens = chance(stream, 0.5);
        match stream.below(3) {
            0 => {
                let helped = drawn.of.refusals.iter().filter(|refusal| self.find(refusal.remedy).is_some());
                let tails: Vec<&'static str> = helped.flat_map(|refusal| refusal.tails.iter().copied()).collect();
                if tails.is_empty() {
                    self.another_tool(stream, drawn, asked, happens);
                } else {
                    // It turns out not to be needed.
                    *asked.said = with_tail(asked.said, &self.put(pick(stream, &tails)));
                }
            }
            1 => {
                let Some((name, other)) = drawn.another(stream, |(_, name)| asked.has(name)) else { return };
                if asked.call.arguments[name] != other.value {
                    let (code, message, when) = one(stream, &VALUE_REFUSED);
                    let (noun, words) = (name.replace('_', " "), &other.words);
                    let tails = [
                        format!("or {words} if that {when}"),
                        format!("or {words} if it {when}"),
                        format!("otherwise {words}"),
                        format!("else {words}"),
                        format!("if it {when} {words}"),
                        format!("if the {noun} {when} take {words}"),
                        format!("my second choice is {words}"),
                    ];
                    *asked.said = with_tail(asked.said, &one(stream, &tails));
                    if happens {
                        asked.refuse(&format!("{name}_{code}"), format!("the {noun} {message}"));
                        asked.call.arguments[name] = other.value;
                    }
                }
            }
            _ => {
                let absent = |(argument, name): &Named<'_>| !argument.required && !asked.has(name);
                let Some((name, other)) = drawn.another(stream, absent) else { return };
                let (noun, words) = (name.replace('_', " "), other.words);
                let tails = [
                    format!("if that is refused use {noun} {words}"),
                    format!("with {noun} {words} if it does not work"),
                    format!("{noun} {words} if it must be"),
                    format!("if need be with {noun} {words}"),
                ];
                *asked.said = with_tail(asked.said, &one(stream, &tails));
                if happens {
                    asked.refuse(&format!("needs_{name}"), format!("not without {noun}"));
                    asked.call.arguments[name] = other.value;
                }
            }
        }
    }

    /// Another tool that is to be called should this one be refused.
    fn another_tool(&mut self, stream: &mut Stream, drawn: &Drawn, asked: &mut Asked<'_>, happens: bool) {
        let fits = |other: &&Drawn| {
            let known = |argument: &field::Argument| argument.required && is_plain(&argument.holds);
            other.spec.name != drawn.spec.name
                && other.of.finds.is_none()
                && other.of.output == Output::Done
                && other.of.arguments.iter().all(known)
        };
        if drawn.of.output != Output::Done {
            return;
        }
        let others: Vec<Drawn> = self.tools.iter().filter(fits).cloned().collect();
        if others.is_empty() {
            return;
        }
        let other = one(stream, &others);
        let orders: Vec<&'static str> = other.of.asks.iter().copied().filter(|ask| !ask.starts_with('=')).collect();
        if orders.is_empty() {
            return;
        }
        let ask = pick(stream, &orders);
        let tolds = self.tell(stream, &[(other.of.names[0], Vec::new())], ask, &mut Vec::new());
        let order = self.say(ask, &tolds, None);
        let (code, message, when) = one(stream, &CALL_REFUSED);
        let tail = if chance(stream, 0.6) { format!("{order} {when}") } else { format!("{when} {order}") };
        *asked.said = with_tail(asked.said, &tail);
        if happens {
            asked.refuse(code, message.to_owned());
            asked.moves.push(ran(other.call(other.given(&tolds)), json!({"ok": true})).into_remedy());
        }
    }

    /// What has been done is not asked for by a refusal again.
    fn fixed(&mut self, remedy: &str) {
        self.tools.iter_mut().for_each(|tool| tool.blocked.retain(|refusal| refusal.remedy != remedy));
    }

    fn remedy(&mut self, stream: &mut Stream, refusal: &field::Refusal, tolds: &Tolds) -> Option<Move> {
        let drawn = self.find(refusal.remedy)?.clone();
        let arguments = drawn.given(tolds);
        let (_, result) = self.result(stream, &drawn, &arguments, tolds);
        Some(ran(drawn.call(arguments), result))
    }

    /// The values of what a phrase says, and the calls that find identifiers.
    fn tell(&mut self, stream: &mut Stream, steps: &[Step], ask: &'static str, moves: &mut Vec<Move>) -> Tolds {
        let mut tolds = Tolds::new();
        for (name, given) in steps {
            let Some(of) = self.find(name).map(|drawn| drawn.of) else { continue };
            if let Some(noun) = of.finds {
                let name = self.things[noun].any(stream).1;
                let id = self.things[noun].id(&name);
                self.focus = Some((noun, id.clone()));
                self.known.insert(id);
                tolds.insert("name", Told { value: json!(name), words: name });
            }
            for argument in &of.arguments {
                let first = argument.names[0];
                if given.iter().any(|(given, _)| *given == first) || tolds.contains_key(first) {
                    continue;
                }
                if !argument.required {
                    let place = segments(ask).find(|(part, _)| says(part, first));
                    let Some((part, loose)) = place else { continue };
                    let needs = |slot: &str| of.arguments.iter().any(|other| other.names[0] == slot && other.required);
                    if loose && !slots(part).any(needs) && chance(stream, 0.45) {
                        continue;
                    }
                }
                let told = match &argument.holds {
                    Type::Thing(noun) => self.refer(stream, noun, moves),
                    holds => draw_value(stream, holds),
                };
                tolds.insert(first, told);
            }
        }
        tolds
    }

    /// How a thing is spoken of; its identifier is found where only its name is said.
    fn refer(&mut self, stream: &mut Stream, noun: &'static str, moves: &mut Vec<Move>) -> Told {
        let things = self.things[noun].clone();
        let word = one(stream, &things.words);
        if let Some((of, id)) = self.focus.clone()
            && of == noun
            && moves.is_empty()
            && chance(stream, 0.4)
        {
            let words = ["it".to_owned(), format!("this {word}"), format!("that {word}"), format!("the same {word}")];
            return Told { value: json!(id), words: one(stream, &words) };
        }
        let (id, name) = things.any(stream);
        self.focus = Some((noun, id.clone()));
        let finder = self.tools.iter().find(|tool| tool.of.finds == Some(noun)).cloned();
        let known = self.known.contains(&id);
        let words = if (known || finder.is_some()) && chance(stream, 0.6) {
            if !known && let Some(finder) = finder {
                let result = found(stream, &things.noun, &id, &name);
                moves.push(ran(finder.call(json!({ &finder.names[0]: name })), result));
                self.known.insert(id.clone());
            }
            [
                name.clone(),
                name.clone(),
                format!("the {word} {name}"),
                format!("{word} {name}"),
                format!("the {name} {word}"),
            ]
        } else {
            [id.clone(), id.clone(), format!("{word} {id}"), format!("the {word} {id}"), format!("{word} number {id}")]
        };
        Told { value: json!(id), words: one(stream, &words) }
    }

    /// A phrase with its values, without what is not told, and without the argument `but`.
    fn say(&self, ask: &str, tolds: &Tolds, but: Option<&str>) -> String {
        let told = |slot: &str| Some(slot) != but && tolds.contains_key(slot);
        let mut text = String::new();
        for (part, loose) in segments(ask.trim_start_matches('=')) {
            if !loose || slots(part).all(told) {
                text.push_str(&self.fill(part, |slot| tolds.get(slot).map(|told| told.words.clone())));
            }
        }
        tidy(&text)
    }

    /// A text of the field with what `value` gives for the names in braces.
    fn fill(&self, text: &str, value: impl Fn(&str) -> Option<String>) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after.split_once('}').unwrap_or((after, ""));
            out.push_str(&self.put(before));
            out.push_str(&value(slot).unwrap_or_default());
            rest = after;
        }
        out + &self.put(rest)
    }

    /// The same wish without something that a tool requires.
    fn lack(&self, stream: &mut Stream, steps: &[Step], ask: &'static str, tolds: &Tolds) -> Option<Lack> {
        let [(name, _)] = steps else { return None };
        let drawn = self.find(name)?;
        let loose = |slot: &str| segments(ask).any(|(part, loose)| loose && says(part, slot));
        let tied = |slot: &str| segments(ask).any(|(part, loose)| !loose && says(part, slot));
        // What is left out takes with it what shares its brackets, which therefore must not be required.
        let alone = |slot: &str| {
            let shares = segments(ask).filter(|(part, loose)| *loose && says(part, slot));
            shares.flat_map(|(part, _)| slots(part)).all(|other| {
                other == slot
                    || drawn.of.arguments.iter().any(|argument| argument.names[0] == other && !argument.required)
            })
        };
        let missing = drawn.arguments().filter(|(argument, _)| {
            let first = argument.names[0];
            argument.required && loose(first) && !tied(first) && alone(first)
        });
        let missing: Vec<_> = missing.collect();
        if missing.is_empty() {
            return None;
        }
        let (argument, name) = one(stream, &missing);
        let told = &tolds.get(argument.names[0])?.words;
        if is_vague(told) {
            return None;
        }
        let text = self.say(ask, tolds, Some(argument.names[0]));
        Some(Said::new(text, !ask.starts_with('=')).lacking(stream, name, told))
    }

    /// What a call gives.
    fn result(&mut self, stream: &mut Stream, drawn: &Drawn, arguments: &Value, tolds: &Tolds) -> (Rows, Value) {
        if let Some(noun) = drawn.of.finds {
            let things = &self.things[noun];
            let name = tolds.get("name").map(|told| text(&told.value)).unwrap_or_default();
            let id = things.id(&name);
            return (vec![BTreeMap::from([(noun, json!(id))])], found(stream, &things.noun, &id, &name));
        }
        match &drawn.of.output {
            Output::Done => {
                let echo = arguments.as_object().and_then(|all| all.iter().next_back());
                let echo = echo.map_or(json!({"ok": true}), |(name, value)| json!({ name: value }));
                let results = [json!({"ok": true}), json!({"ok": true}), json!({"status": "done"}), echo];
                (Vec::new(), one(stream, &results))
            }
            Output::Gives(columns) => {
                let facts: BTreeMap<_, _> =
                    columns.iter().map(|(name, holds)| (*name, draw_value(stream, holds).value)).collect();
                let mut result: Vec<(String, Value)> =
                    columns.iter().map(|(name, _)| (self.put(name), facts[name].clone())).collect();
                if chance(stream, 0.15) {
                    result.push((pick(stream, &words::ATTRIBUTES).to_owned(), json!(range(stream, 1, 99))));
                    stream.shuffle(&mut result);
                }
                (vec![facts], Value::Object(result.into_iter().collect()))
            }
            Output::Rows(name, columns) => {
                let row = |stream: &mut Stream| {
                    columns.iter().map(|(name, holds)| (*name, draw_value(stream, holds).value)).collect()
                };
                let rows: Rows = (0..range(stream, 2, 4)).map(|_| row(stream)).collect();
                let listed = rows.iter().map(|row| {
                    Value::Object(columns.iter().map(|(name, _)| (self.put(name), row[name].clone())).collect())
                });
                let result = json!({ self.put(name): listed.collect::<Vec<_>>() });
                (rows, result)
            }
            Output::Makes(noun) => {
                let things = self.things.get_mut(noun).expect("what is made is met");
                let name = words::name(stream);
                let id = things.add(stream, name);
                let field = if chance(stream, 0.7) { things.noun.clone() } else { "id".to_owned() };
                self.focus = Some((*noun, id.clone()));
                self.known.insert(id.clone());
                (vec![BTreeMap::from([(*noun, json!(id))])], json!({ field: id }))
            }
        }
    }

    fn answer(&self, says: &'static str, facts: &[Rows], tolds: &Tolds) -> String {
        let value = |slot: &str| {
            let told = tolds.get(slot).map(|told| told.value.clone());
            let value = told.or_else(|| facts.iter().rev().find_map(|rows| picked(rows, parse_pick(slot)?)));
            value.map(
                |value| if value.as_array().is_some_and(Vec::is_empty) { "none".to_owned() } else { spoken(&value) },
            )
        };
        tidy(&self.fill(says, value))
    }
}

impl Things {
    fn add(&mut self, stream: &mut Stream, name: String) -> String {
        let letter = self.noun.chars().next().unwrap_or('x');
        loop {
            let id = format!("{letter}{}", range(stream, 1, 99));
            if self.all.iter().all(|(other, _)| *other != id) {
                self.all.push((id.clone(), name));
                return id;
            }
        }
    }

    fn any(&self, stream: &mut Stream) -> (String, String) {
        one(stream, &self.all)
    }

    /// Of the first of this name.
    fn id(&self, name: &str) -> String {
        self.all.iter().find(|(_, other)| other == name).map(|(id, _)| id.clone()).unwrap_or_default()
    }
}

/// A field of the row that is picked: of the lowest or highest number or, as of dates, text.
fn picked(rows: &Rows, pick: Pick<'_>) -> Option<Value> {
    let rank = |row: &&BTreeMap<&'static str, Value>, by: &str| {
        row.get(by).map(|value| value.as_u64().map_or_else(|| text(value), |n| format!("{n:09}")))
    };
    let row = match pick.which {
        Which::First => rows.first(),
        Which::Min(by) => rows.iter().min_by_key(|row| rank(row, by)),
        Which::Max(by) => rows.iter().max_by_key(|row| rank(row, by)),
    };
    row?.get(pick.field).cloned()
}

/// A value that is said in a word or two.
fn is_plain(holds: &Type) -> bool {
    !matches!(holds, Type::Thing(_) | Type::Text | Type::Persons | Type::List(_))
}

/// An order or a sentence, and what follows it.
fn with_tail(said: &str, tail: &str) -> String {
    let body = said.trim_end_matches(['.', '?', '!']);
    let end = match said[body.len()..].chars().next() {
        None => "",
        Some('?') => "?",
        Some(_) => ".",
    };
    format!("{body}, {tail}{end}")
}

/// Without the gaps that left out parts leave, and with the articles that values ask for.
fn tidy(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let vowel = |at: usize| words.get(at + 1).is_some_and(|word| words::article(word) == "an");
    let words = words.iter().enumerate().map(|(at, word)| match *word {
        "a" if vowel(at) => "an",
        "A" if vowel(at) => "An",
        word => word,
    });
    let mut text = words.collect::<Vec<_>>().join(" ");
    for (from, to) in [(" .", "."), (" ,", ","), (" ?", "?"), (" :", ":"), (",.", "."), (",,", ",")] {
        text = text.replace(from, to);
    }
    text
}

/// What a search by name gives.
fn found(stream: &mut Stream, noun: &str, id: &str, name: &str) -> Value {
    let field = match stream.below(4) {
        0 => "id".to_owned(),
        1 => format!("{noun}_id"),
        _ => noun.to_owned(),
    };
    let mut row = Map::from_iter([(field, json!(id))]);
    if chance(stream, 0.35) {
        row.insert("name".to_owned(), json!(name));
    }
    if chance(stream, 0.25) {
        row.insert(pick(stream, &words::ATTRIBUTES).to_owned(), json!(range(stream, 1, 99)));
    }
    if chance(stream, 0.3) {
        json!({ pick(stream, &["found", "matches", "results"]): [row] })
    } else {
        Value::Object(row)
    }
}

fn schema(holds: &Type) -> Value {
    match holds {
        Type::Int(low, high) => json!({"type": "integer", "minimum": low, "maximum": high}),
        Type::Choice(values) => {
            json!({"type": "string", "enum": values.iter().map(|(value, _)| value).collect::<Vec<_>>()})
        }
        Type::Date => json!({"type": "string", "description": "MM-DD"}),
        Type::Time => json!({"type": "string", "description": "HH:MM"}),
        Type::Persons | Type::List(_) => json!({"type": "array", "items": {"type": "string"}}),
        _ => json!({"type": "string"}),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A value and what people say for it.
fn draw_value(stream: &mut Stream, holds: &Type) -> Told {
    let same = |value: String| Told { words: value.clone(), value: json!(value) };
    match holds {
        Type::Int(low, high) => {
            let number = range(stream, *low, *high);
            Told { value: json!(number), words: number.to_string() }
        }
        Type::Choice(values) => {
            let (value, others) = one(stream, values);
            let plain = value.replace('_', " ");
            let words = if others.is_empty() || chance(stream, 0.6) { plain } else { pick(stream, &others).to_owned() };
            Told { value: json!(value), words }
        }
        Type::Person if chance(stream, 0.7) => same(pick(stream, &PEOPLE).to_owned()),
        Type::Person | Type::Thing(_) => same(value::Form::Person.draw(stream)),
        Type::Persons => {
            let count = range(stream, 1, 3) as usize;
            let people: Vec<&str> = distinct(stream, PEOPLE.len(), count).into_iter().map(|at| PEOPLE[at]).collect();
            let value = json!(people);
            Told { words: spoken(&value), value }
        }
        Type::Place => same(value::Form::Place.draw(stream)),
        Type::Date => {
            let date = date(stream);
            let (month, day) = date.split_once('-').expect("MM-DD");
            let (month, day): (usize, u32) = (month.parse().unwrap_or(1), day.parse().unwrap_or(1));
            let words = match stream.below(10) {
                0 => format!("{day} {}", MONTHS[month - 1]),
                1 => format!("{} {day}", MONTHS[month - 1]),
                _ => date.clone(),
            };
            Told { value: json!(date), words }
        }
        Type::Time => same(value::Form::Time.draw(stream)),
        Type::Title | Type::Text => {
            let form = if *holds == Type::Title { value::Form::Title } else { value::Form::Text };
            let text = form.draw(stream);
            let words = if chance(stream, 0.4) { format!("\"{text}\"") } else { text.clone() };
            Told { value: json!(text), words }
        }
        Type::Word => same(match stream.below(12) {
            0 => format!("{}-{}", pick(stream, &TRAITS), pick(stream, &THINGS)),
            1 => value::Form::Path.draw(stream),
            _ => pick(stream, &THINGS).to_owned(),
        }),
        Type::Code => same(code(stream)),
        Type::List(inner) => {
            let values: Vec<Value> = (0..stream.below(4)).map(|_| draw_value(stream, inner).value).collect();
            let value = json!(values);
            Told { words: spoken(&value), value }
        }
    }
}

/// What people and machines number things by.
fn code(stream: &mut Stream) -> String {
    let letter = |stream: &mut Stream| char::from(b'A' + stream.below(26) as u8);
    match stream.below(10) {
        0 => (0..range(stream, 3, 4)).map(|_| letter(stream)).collect(),
        1 => format!("{}{}", range(stream, 1, 99), letter(stream)),
        2 => format!("{}{}{}", letter(stream), range(stream, 1, 99), letter(stream)).to_lowercase(),
        3 => range(stream, 1000, 99_999).to_string(),
        _ => value::Form::Code.draw(stream),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coevo_core::episode::StepOutcome;
    use coevo_core::render::phrase;
    use coevo_core::seed::{Purpose, StreamKey};

    #[test]
    fn every_wish_is_said_and_every_call_fits_its_tool() {
        let (mut calls, mut refusals, mut lacks) = (0, 0, 0);
        for seed in 0..400 {
            let mut stream = StreamKey::new(seed, Purpose::Action).stream();
            let mut scene = Scene::draw(&mut stream, 20);
            let specs = scene.specs();
            for _ in 0..6 {
                let wish = scene.wish(&mut stream);
                let texts = [Some(&wish.text), Some(&wish.answer), wish.lack.as_ref().map(|lack| &lack.text)];
                for text in texts.into_iter().flatten() {
                    assert!(!text.is_empty() && !text.contains(['{', '}', '[', ']']), "{seed}: {text}");
                }
                lacks += usize::from(wish.lack.is_some());
                for step in &wish.moves {
                    let name = &step.call.name;
                    let spec = specs.iter().find(|spec| spec.name == *name).expect("a tool of the scene");
                    let given = step.call.arguments.as_object().expect("an object");
                    let known = phrase::arguments(spec);
                    assert!(given.keys().all(|given| known.contains(&given.as_str())), "{seed}: {:?}", step.call);
                    for needed in phrase::required(spec) {
                        assert!(given.contains_key(needed), "{seed}: no {needed} in {:?} for {}", step.call, wish.text);
                    }
                    for (argument, value) in given {
                        let allowed = spec.arguments["properties"][argument]["enum"].as_array();
                        assert!(allowed.is_none_or(|all| all.contains(value)), "{seed}: {argument} {value}");
                    }
                    calls += 1;
                    refusals += usize::from(!matches!(step.outcome, StepOutcome::Executed { .. }));
                }
            }
        }
        assert!(calls > 2000 && refusals > 100 && lacks > 60, "{calls} calls, {refusals} refused, {lacks} lacks");
    }
}
