//! The eight tool classes.
//!
//! # How a class is written
//! One file, one serde struct (postcard: no `untagged`, no `skip_serializing_if`), one `impl Class`:
//! - `FUNCTIONS` lists every public method of the official class with its parameters in order and their defaults. The
//!   arguments of `call` are already bound to it: `args.len()` is the number of parameters, defaults filled in, and Python's own
//!   `TypeError`s for missing, unknown or too many arguments were raised before.
//! - `load` is `_load_scenario`, `ctx.long` the constants of the long-context tasks (absent in all others): they
//!   come from the user's wheel with the task, so `ctx.long("MA_5_EXTENSION")` and not a text in our source.
//! - `call` returns what the method returns, `Py::error(…)` included; `Err` is an exception that the method lets out.
//!   Nobody checked types: `args[0].text("lower")?` raises what Python would.
//! - `public` gives the public attributes (no leading underscore) in the order in which the official class sets them;
//!   equality of the states is equality of these.
//!
//! Only what decides a result or a public attribute is state. Whatever Python shares between two places and then changes
//! in place must be modelled (see `files`, where copied directories share their files).

/// `public` and `same` of a class whose public attributes are fields: official name and field, in order.
macro_rules! attributes {
    ($($name:literal = $field:ident),* $(,)?) => {
        fn public(&self) -> Vec<(&'static str, Py)> {
            vec![$(($name, self.$field.clone())),*]
        }

        fn same(&self, other: &Self) -> bool {
            $(self.$field == other.$field)&&*
        }
    };
}

pub mod files;
pub mod math;
pub mod message;
pub mod posting;
pub mod ticket;
pub mod trading;
pub mod travel;
pub mod vehicle;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::py::{Py, PyErr, PyResult, Random, dumps, parse_literal};

/// A default of a parameter.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    Required,
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'static str),
    /// An empty list, which Python makes once and shares between all calls: bound as [`SHARED_LIST`].
    List,
}

/// How a default list is bound, so that a class can tell it from an empty list of the caller's.
pub const SHARED_LIST: &str = "[]";

/// `scenario.get(name, default)`.
fn setting(config: &mut Py, name: &str, default: impl Into<Py>) -> Py {
    config.take(name).unwrap_or_else(|| default.into())
}

/// `random.Random(scenario.get("random_seed", default))`.
fn generator(config: &Py, default: i64) -> Random {
    Random::new(config.get("random_seed").and_then(Py::as_i64).unwrap_or(default))
}

/// That a method is not listed: `call` is only asked for those that are.
fn no_method(class: &str, function: &str) -> PyErr {
    PyErr(format!("'{class}' object has no attribute '{function}'"))
}

/// A method: its name, and its parameters in order.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    pub name: &'static str,
    pub params: &'static [(&'static str, Default)],
}

/// How a result shows a list: inside a dict as JSON, inside a list by `repr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Json,
    Repr,
}

/// A constant of the long-context tasks. Kept as a literal as `repr` writes it: most episodes need few as values, and a text
/// is restored from a snapshot much faster than a value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Constant {
    pub name: String,
    pub literal: String,
    #[serde(skip)]
    value: OnceCell<Py>,
    /// The items of a list as JSON.
    #[serde(skip)]
    json: OnceCell<Arc<String>>,
}

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.literal) == (&other.name, &other.literal)
    }
}

impl Constant {
    /// The JSON of a list's items is made along with it: a result shows some 10 kB of them, and an episode begins with all that
    /// loading has made.
    pub fn new(name: impl Into<String>, literal: impl Into<String>) -> Self {
        let new = Self { name: name.into(), literal: literal.into(), value: OnceCell::new(), json: OnceCell::new() };
        if new.literal.starts_with('[') {
            new.json();
        }
        new
    }

    fn json(&self) -> &Arc<String> {
        self.json.get_or_init(|| match alike(&self.literal) {
            Some(text) => text.into(),
            None => within(&dumps(self.value()).unwrap_or_default()).to_owned().into(),
        })
    }

    /// The items of a list as text, for a result that shows them.
    fn items(&self, shown: Shown) -> Py {
        Py::Items(match shown {
            Shown::Json => Arc::clone(self.json()),
            Shown::Repr => within(&self.literal).to_owned().into(),
        })
    }

    /// The value. Importing has ruled out a text that is no literal.
    pub fn value(&self) -> &Py {
        self.value.get_or_init(|| parse_literal(&self.literal).unwrap_or(Py::None))
    }
}

/// What stands between the brackets of a list.
fn within(list: &str) -> &str {
    list.get(1..list.len().max(2) - 1).unwrap_or_default()
}

/// The JSON of a list's items, where it is written as the literal is but for the quotes: without quotes, escapes and names inside.
fn alike(literal: &str) -> Option<String> {
    let same = |b: u8| b.is_ascii() && b != b'"' && b != b'\\';
    if !literal.bytes().all(same) || ["None", "True", "False"].iter().any(|name| literal.contains(name)) {
        return None;
    }
    let quoted = within(literal).bytes().map(|b| if b == b'\'' { b'"' } else { b });
    String::from_utf8(quoted.collect()).ok()
}

/// What a class may know besides its own state.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    /// Constants of the long-context tasks; empty in all others.
    pub long: &'a [Constant],
    /// Year, month, day.
    pub today: (i64, i64, i64),
}

impl<'a> Ctx<'a> {
    /// As [`Ctx::long`], to be owned.
    pub fn fresh(&self, name: &str) -> Option<Py> {
        let constant = self.long.iter().find(|constant| constant.name == name)?;
        parse_literal(&constant.literal).ok()
    }

    /// The items of a constant that is a list, as text.
    pub fn items(&self, name: &str, shown: Shown) -> Option<Py> {
        self.long.iter().find(|constant| constant.name == name).map(|constant| constant.items(shown))
    }

    /// A constant of the long-context tasks; `None` in all other tasks.
    pub fn long(&self, name: &str) -> Option<&'a Py> {
        self.long.iter().find(|constant| constant.name == name).map(Constant::value)
    }
}

/// A tool class.
pub trait Class: Sized {
    /// The official name.
    const NAME: &'static str;
    const FUNCTIONS: &'static [Function];

    /// The instance of a task. `config` is the class's part of `initial_config`, `{}` where the task has none; values may
    /// be moved out of it.
    ///
    /// # Errors
    /// An exception, as on any malformed scenario.
    fn load(config: &mut Py, ctx: Ctx<'_>) -> Result<Self, PyErr>;

    /// Calls a method that `FUNCTIONS` lists, with bound arguments.
    ///
    /// # Errors
    /// The exception that the method lets out.
    fn call(&mut self, function: &str, args: &[Py], ctx: Ctx<'_>) -> PyResult;

    /// Public attributes by name.
    fn public(&self) -> Vec<(&'static str, Py)>;

    /// The official equality of two instances.
    fn same(&self, other: &Self) -> bool {
        self.public() == other.public()
    }
}

/// Arguments by name.
pub type Keywords<'a> = Vec<(Cow<'a, str>, Py)>;

/// Binds arguments to parameters as Python does.
///
/// # Errors
/// Python's `TypeError`, with the class's name before the function's.
pub fn bind(class: &str, function: &Function, positional: &[Py], keyword: Keywords<'_>) -> Result<Vec<Py>, PyErr> {
    let Function { name, params } = function;
    let mut bound = vec![Py::None; params.len()];
    // By bits: no function has more than a dozen.
    let mut given = 0u32;
    for (name_of, value) in keyword {
        let Some(at) = params.iter().position(|(param, _)| *param == name_of) else {
            return Err(PyErr(format!("{class}.{name}() got an unexpected keyword argument '{name_of}'")));
        };
        if at < positional.len() {
            return Err(PyErr(format!("{class}.{name}() got multiple values for argument '{name_of}'")));
        }
        bound[at] = value;
        given |= 1 << at;
    }
    if positional.len() > params.len() {
        let required = params.iter().filter(|(_, default)| matches!(default, Default::Required)).count();
        // `self` counts in this message.
        let (most, given) = (params.len() + 1, positional.len() + 1);
        let takes = match required == params.len() {
            true => most.to_string(),
            false => format!("from {} to {most}", required + 1),
        };
        let (s, were) = (if most == 1 { "" } else { "s" }, if given == 1 { "was" } else { "were" });
        return Err(PyErr(format!("{class}.{name}() takes {takes} positional argument{s} but {given} {were} given")));
    }
    for (slot, value) in bound.iter_mut().zip(positional) {
        slot.clone_from(value);
    }
    let mut missing = Vec::new();
    for (at, (param, default)) in params.iter().enumerate().skip(positional.len()) {
        if given & 1 << at != 0 {
            continue;
        }
        bound[at] = match default {
            Default::None => Py::None,
            Default::Bool(value) => Py::Bool(*value),
            Default::Int(value) => Py::Int(*value),
            Default::Float(value) => Py::Float(*value),
            Default::Str(text) => Py::from(*text),
            Default::List => Py::Object(SHARED_LIST.to_owned()),
            Default::Required => {
                missing.push(format!("'{param}'"));
                Py::None
            }
        };
    }
    let names = match missing.as_slice() {
        [] => return Ok(bound),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    };
    let (count, s) = (missing.len(), if missing.len() == 1 { "" } else { "s" });
    Err(PyErr(format!("{class}.{name}() missing {count} required positional argument{s}: {names}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binding_is_pythons() {
        const F: Function = Function {
            name: "f",
            params: &[("a", Default::Required), ("b", Default::Required), ("c", Default::Int(3))],
        };
        let int = |n| Py::Int(n);
        let key = |name: &'static str, n| (Cow::from(name), int(n));
        assert_eq!(bind("C", &F, &[int(1)], vec![key("b", 2)]), Ok(vec![int(1), int(2), int(3)]));
        let refused = |positional: &[Py], keyword: &[(Cow<'static, str>, Py)]| {
            bind("C", &F, positional, keyword.to_vec()).unwrap_err().0
        };
        assert_eq!(refused(&[], &[]), "C.f() missing 2 required positional arguments: 'a' and 'b'");
        assert_eq!(refused(&[], &[key("a", 1)]), "C.f() missing 1 required positional argument: 'b'");
        assert_eq!(refused(&[int(1)], &[key("x", 2)]), "C.f() got an unexpected keyword argument 'x'");
        assert_eq!(refused(&[int(1)], &[key("a", 2)]), "C.f() got multiple values for argument 'a'");
        let four = [int(1), int(2), int(3), int(4)];
        assert_eq!(refused(&four, &[]), "C.f() takes from 3 to 4 positional arguments but 5 were given");
    }
}
