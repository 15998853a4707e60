//! Fields: little made-up tool APIs in everyday English, written by hand; `scene` draws worlds from them.
//!
//! The files under `fields/` are line based; ` | ` separates alternatives, a line that begins with `#` is a comment:
//!
//! ```text
//! field NAME
//! system | sentence | ...           what the system prompt says
//! kind NOUN | word | ...            a thing with an identifier, and what people call it
//! called | Name | ...               names of such things
//! tool name / name                  names of a tool; the first is how this file speaks of it
//! doc | description | ...
//! finds NOUN                        from a thing's name to its identifier
//! arg name/name? TYPE               `?`: may be left out
//! ask | order | =Sentence. | ...    how people ask; `{name}` is a value, `[...]` what a hasty person leaves out
//! gives FIELD TYPE, ...             a result that informs
//! rows NAME | FIELD TYPE, ...       a result of several
//! makes NOUN                        the identifier of something new
//! say | answer | ...                `{ARG}`, `{FIELD}`, `{NOUN}` of `finds` and `makes`; of rows `{FIELD first}`, `{FIELD min OTHER}`, `{FIELD max OTHER}`
//! fails CODE | message | TOOL | tail | ...    refused until TOOL was called; tails follow the request
//! plan A > B ARG=FIELD; ARG=FIELD min OTHER > ... | phrase | ...      several calls for one request
//!
//! TYPE: int LOW HIGH (both included) | choice a(other/other), b (of a field: choice(a b)) | person | persons | place
//!       date (MM-DD) | time (HH:MM) | title | text | word | code | kind NOUN | some TYPE (none to three)
//! ```

use std::sync::LazyLock;

type Text = &'static str;

/// What an argument or a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Int(u64, u64),
    /// Values, and other words for each.
    Choice(Vec<(Text, Vec<Text>)>),
    Person,
    Persons,
    Place,
    Date,
    Time,
    Title,
    Text,
    Word,
    Code,
    /// The identifier of a thing.
    Thing(Text),
    /// None to three.
    List(Box<Type>),
}

#[derive(Clone, Debug)]
pub struct Argument {
    pub names: Vec<Text>,
    pub required: bool,
    pub holds: Type,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Output {
    #[default]
    Done,
    Gives(Vec<(Text, Type)>),
    Rows(Text, Vec<(Text, Type)>),
    Makes(Text),
}

/// Which of several rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    First,
    Min(&'a str),
    Max(&'a str),
}

/// A field of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick<'a> {
    pub field: &'a str,
    pub which: Which<'a>,
}

#[derive(Clone, Debug)]
pub struct Refusal {
    pub code: Text,
    pub message: Text,
    /// The tool that helps.
    pub remedy: Text,
    pub tails: Vec<Text>,
}

#[derive(Clone, Debug, Default)]
pub struct Tool {
    pub names: Vec<Text>,
    pub docs: Vec<Text>,
    pub finds: Option<Text>,
    pub arguments: Vec<Argument>,
    pub asks: Vec<Text>,
    pub output: Output,
    pub says: Vec<Text>,
    pub refusals: Vec<Refusal>,
}

/// A tool to call, and the arguments that an earlier result gives.
pub type Step = (Text, Vec<(Text, Pick<'static>)>);

#[derive(Clone, Debug)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub asks: Vec<Text>,
}

#[derive(Clone, Debug)]
pub struct Kind {
    pub noun: Text,
    pub words: Vec<Text>,
    pub called: Vec<Text>,
}

#[derive(Clone, Debug, Default)]
pub struct Field {
    pub name: Text,
    pub systems: Vec<Text>,
    pub kinds: Vec<Kind>,
    pub tools: Vec<Tool>,
    pub plans: Vec<Plan>,
}

/// All fields.
pub static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let files = [
        include_str!("fields/home.txt"),
        include_str!("fields/home2.txt"),
        include_str!("fields/industry.txt"),
        include_str!("fields/industry2.txt"),
        include_str!("fields/public.txt"),
        include_str!("fields/public2.txt"),
        include_str!("fields/people.txt"),
        include_str!("fields/people2.txt"),
        include_str!("fields/digital.txt"),
        include_str!("fields/digital2.txt"),
        include_str!("fields/service.txt"),
        include_str!("fields/service2.txt"),
        include_str!("fields/outdoors.txt"),
        include_str!("fields/outdoors2.txt"),
        include_str!("fields/culture.txt"),
        include_str!("fields/culture2.txt"),
    ];
    files.iter().flat_map(|file| parse(file).unwrap_or_else(|error| panic!("{error}"))).collect()
});

/// # Errors
/// What is wrong in which line.
fn parse(file: Text) -> Result<Vec<Field>, String> {
    let mut fields: Vec<Field> = Vec::new();
    let mut strange = Vec::new();
    for line in file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if read(&mut fields, line).is_none() {
            strange
                .push(format!("{}: what does this mean? {line}", fields.last().map_or("no field", |field| field.name)));
        }
    }
    if strange.is_empty() { Ok(fields) } else { Err(strange.join("\n")) }
}

fn read(fields: &mut Vec<Field>, line: Text) -> Option<()> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    if word == "field" {
        fields.push(Field { name: rest, ..Field::default() });
        return Some(());
    }
    let field = fields.last_mut()?;
    let mut parts = rest.split('|').map(str::trim);
    // What comes before the first bar.
    let head = parts.next()?;
    let texts: Vec<Text> = parts.filter(|text| !text.is_empty()).collect();
    match word {
        "system" => field.systems = texts,
        "kind" => field.kinds.push(Kind { noun: head, words: texts, called: Vec::new() }),
        "called" => field.kinds.last_mut()?.called = texts,
        "plan" => {
            let steps = head.split('>').map(|text| step(text.trim())).collect::<Option<Vec<_>>>()?;
            (steps.len() > 1).then_some(())?;
            field.plans.push(Plan { steps, asks: texts });
        }
        "tool" => {
            let names = head.split('/').map(str::trim).collect();
            field.tools.push(Tool { names, ..Tool::default() });
        }
        _ => {
            let tool = field.tools.last_mut()?;
            match word {
                "doc" => tool.docs = texts,
                "finds" => tool.finds = Some(head),
                "ask" => tool.asks = texts,
                "say" => tool.says = texts,
                "arg" => {
                    let (names, holds) = head.split_once(' ')?;
                    let required = !names.contains('?');
                    let holds = holds_of(holds, ',')?;
                    tool.arguments.push(Argument {
                        names: names.split('/').map(|name| name.trim_end_matches('?')).collect(),
                        required,
                        holds,
                    });
                }
                "gives" => tool.output = Output::Gives(columns(head)?),
                "rows" => tool.output = Output::Rows(head, columns(texts.first()?)?),
                "makes" => tool.output = Output::Makes(head),
                "fails" => {
                    let [message, remedy, tails @ ..] = &texts[..] else { return None };
                    tool.refusals.push(Refusal { code: head, message, remedy, tails: tails.to_vec() });
                }
                _ => return None,
            }
        }
    }
    Some(())
}

fn step(text: Text) -> Option<Step> {
    let (tool, given) = text.split_once(' ').unwrap_or((text, ""));
    let given = given.split(';').map(str::trim).filter(|given| !given.is_empty());
    let given = given.map(|given| {
        let (argument, picked) = given.split_once('=')?;
        Some((argument.trim(), parse_pick(picked)?))
    });
    Some((tool, given.collect::<Option<_>>()?))
}

/// `FIELD`, `FIELD first`, `FIELD min OTHER` or `FIELD max OTHER`.
pub fn parse_pick(text: &str) -> Option<Pick<'_>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (field, which) = match words[..] {
        [field] | [field, "first"] => (field, Which::First),
        [field, "min", other] => (field, Which::Min(other)),
        [field, "max", other] => (field, Which::Max(other)),
        _ => return None,
    };
    Some(Pick { field, which })
}

fn columns(text: Text) -> Option<Vec<(Text, Type)>> {
    let column = |text: Text| {
        let (name, holds) = text.trim().split_once(' ')?;
        let holds = holds_of(holds, ' ')?;
        // A thing that nobody has met yet can only be made.
        (!matches!(holds, Type::Thing(_))).then_some((name, holds))
    };
    text.split(',').map(column).collect()
}

/// A type; the values of a choice are divided by `between`.
fn holds_of(text: Text, between: char) -> Option<Type> {
    let (word, rest) = text.trim().split_once([' ', '(']).unwrap_or((text.trim(), ""));
    Some(match word {
        "int" => {
            let (low, high) = rest.split_once(' ')?;
            Type::Int(low.trim().parse().ok()?, high.trim().parse().ok()?)
        }
        "choice" => {
            let rest = if between == ' ' { rest.trim_end_matches(')') } else { rest };
            let value = |text: Text| match text.split_once('(') {
                Some((value, others)) => {
                    (value.trim(), others.trim_end_matches(')').split('/').map(str::trim).collect())
                }
                None => (text, Vec::new()),
            };
            let values = rest.split(between).map(str::trim).filter(|text| !text.is_empty());
            Type::Choice(values.map(value).collect())
        }
        "person" => Type::Person,
        "persons" => Type::Persons,
        "place" => Type::Place,
        "date" => Type::Date,
        "time" => Type::Time,
        "title" => Type::Title,
        "text" => Type::Text,
        "word" => Type::Word,
        "code" => Type::Code,
        "kind" => Type::Thing(rest.trim()),
        "some" => Type::List(Box::new(holds_of(rest, between)?)),
        _ => return None,
    })
}

/// Names in braces.
pub fn slots(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// Whether a part of a phrase says the value of `slot`.
pub fn says(part: &str, slot: &str) -> bool {
    slots(part).any(|other| other == slot)
}

/// The parts of a phrase, and whether each may be left out.
pub fn segments(ask: &str) -> impl Iterator<Item = (&str, bool)> {
    ask.split(['[', ']']).enumerate().map(|(at, part)| (part, at % 2 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Whether brackets in a phrase close and are not nested.
    fn is_flat(ask: &str) -> bool {
        let mut depth = 0;
        let flat = ask.chars().all(|c| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            (0..=1).contains(&depth)
        });
        flat && depth == 0
    }

    fn is_empty(holds: &Type) -> bool {
        match holds {
            Type::Int(low, high) => low > high,
            Type::Choice(values) => values.is_empty(),
            Type::List(inner) => is_empty(inner),
            _ => false,
        }
    }

    /// What is wrong with a field, in words.
    fn faults(field: &Field) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |place: &str, what: String| faults.push(format!("{} {place}: {what}", field.name));
        let tool_of = |name: &str| field.tools.iter().find(|tool| tool.names[0] == name);
        if field.systems.is_empty() || field.tools.len() < 8 {
            fault("field", format!("{} systems, {} tools", field.systems.len(), field.tools.len()));
        }
        let mut names = BTreeSet::new();
        for tool in &field.tools {
            let place = tool.names[0];
            if !names.insert(place) {
                fault(place, "twice".to_owned());
            }
            if tool.docs.is_empty() || tool.asks.len() < 4 || tool.says.len() > 4 {
                fault(place, "too few or too many texts".to_owned());
            }
            let own = |slot: &str| {
                (slot == "name" && tool.finds.is_some()) || tool.arguments.iter().any(|other| other.names[0] == slot)
            };
            let columns = match &tool.output {
                Output::Gives(columns) | Output::Rows(_, columns) => &columns[..],
                Output::Done | Output::Makes(_) => &[],
            };
            let types =
                tool.arguments.iter().map(|argument| &argument.holds).chain(columns.iter().map(|(_, holds)| holds));
            types.filter(|holds| is_empty(holds)).for_each(|holds| fault(place, format!("no value is {holds:?}")));
            for ask in &tool.asks {
                if !is_flat(ask) {
                    fault(place, format!("brackets in {ask:?}"));
                }
                slots(ask).filter(|slot| !own(slot)).for_each(|slot| fault(place, format!("{slot:?} in {ask:?}")));
                let needed =
                    tool.arguments.iter().filter(|argument| argument.required).map(|argument| argument.names[0]);
                let missing = needed.filter(|name| slots(ask).all(|slot| slot != *name));
                missing.for_each(|name| fault(place, format!("no {name:?} in {ask:?}")));
            }
            for said in &tool.says {
                let shown = |picked: Pick<'_>| match &tool.output {
                    Output::Done => false,
                    Output::Gives(columns) | Output::Rows(_, columns) => {
                        columns.iter().any(|(name, _)| *name == picked.field)
                    }
                    Output::Makes(noun) => *noun == picked.field,
                };
                let known = |slot: &str| own(slot) || tool.finds == Some(slot) || parse_pick(slot).is_some_and(shown);
                slots(said).filter(|slot| !known(slot)).for_each(|slot| fault(place, format!("{slot:?} in {said:?}")));
            }
            for refusal in &tool.refusals {
                let needs =
                    tool_of(refusal.remedy).map(|remedy| remedy.arguments.iter().filter(|other| other.required));
                match needs {
                    None => fault(place, format!("no tool {:?}", refusal.remedy)),
                    Some(mut needs) => {
                        if needs.any(|need| !own(need.names[0])) {
                            fault(place, format!("{:?} needs more than is said", refusal.remedy));
                        }
                    }
                }
            }
        }
        for plan in &field.plans {
            let tools: Vec<Option<&Tool>> = plan.steps.iter().map(|(name, _)| tool_of(name)).collect();
            if tools.iter().any(Option::is_none) {
                fault("plan", format!("no such tools: {:?}", plan.steps));
                continue;
            }
            let given = |name: &str| plan.steps.iter().any(|(_, given)| given.iter().any(|(to, _)| *to == name));
            let arguments = || tools.iter().flatten().flat_map(|tool| &tool.arguments);
            let finds = tools.iter().flatten().any(|tool| tool.finds.is_some());
            if plan.asks.is_empty() || !plan.asks.iter().all(|ask| is_flat(ask)) {
                fault("plan", format!("nobody asks, or brackets: {:?}", plan.asks));
            }
            for ask in &plan.asks {
                let own = |slot: &str| (finds && slot == "name") || arguments().any(|other| other.names[0] == slot);
                slots(ask).filter(|slot| !own(slot)).for_each(|slot| fault("plan", format!("{slot:?} in {ask:?}")));
                let needed = arguments().filter(|argument| argument.required).map(|argument| argument.names[0]);
                let missing = needed.filter(|name| !given(name) && slots(ask).all(|slot| slot != *name));
                missing.for_each(|name| fault("plan", format!("no {name:?} in {ask:?}")));
            }
        }
        faults
    }

    #[test]
    fn fields_are_whole() {
        let faults: Vec<String> = FIELDS.iter().flat_map(faults).collect();
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
        assert!(FIELDS.len() > 1);
    }
}
