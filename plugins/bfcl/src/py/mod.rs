//! As much of Python as can be observed through a tool's results: values, equality, truth, text, numbers.
//!
//! A value is plain data: nothing is shared, where Python would share a list or a dict. A class that lets sharing be
//! seen must model it itself.

pub mod dates;
mod json;
mod num;
mod parse;
mod random;
pub mod string;
mod text;

pub use json::{Named, Plain, from_json, to_json};
pub use num::{add, compare, div, floor, in_place, int_of, less, more, mul, neg, order, pow, rem, sub, sum, to_float};
pub use parse::{Call, constant, parse_call, parse_literal};
pub use random::Random;
pub use text::{dumps, float_repr, repr, str, str_repr, strict_dumps};

use std::borrow::Cow;
use std::sync::Arc;

use num_bigint::BigInt;
use serde::{Deserialize, Serialize};

/// A text. Names of fields and fixed words are not copied.
pub type Text = Cow<'static, str>;

/// A Python value. Compact in binary formats, natural in JSON (see `json`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub enum Py {
    None,
    Bool(bool),
    Int(i64),
    /// An integer beyond 64 bits, in decimal digits. Made by [`Py::int`] only, so that a number has one form.
    Big(String),
    Float(f64),
    Str(Text),
    List(Vec<Py>),
    Tuple(Vec<Py>),
    /// In order of insertion; keys are hashable and pairwise unequal.
    Dict(Vec<(Py, Py)>),
    /// Pairwise unequal, in order of insertion; compared without order.
    Set(Vec<Py>),
    /// Some items of a list, as the text that shows them with `, ` between: results show large constants, nobody reads
    /// them. Never part of a state.
    #[serde(skip)]
    Items(Arc<String>),
    /// An object that has a `repr` and nothing else to us: `json.dumps` refuses it. It equals what has the same `repr`.
    Object(String),
}

/// An exception: what `str(e)` gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PyErr(pub String);

/// What a Python expression comes to.
pub type PyResult = Result<Py, PyErr>;

impl From<bool> for Py {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Py {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Py {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&'static str> for Py {
    fn from(value: &'static str) -> Self {
        Self::Str(value.into())
    }
}

impl From<String> for Py {
    fn from(value: String) -> Self {
        Self::Str(value.into())
    }
}

impl From<Vec<Py>> for Py {
    fn from(value: Vec<Py>) -> Self {
        Self::List(value)
    }
}

impl PyErr {
    /// `TypeError` and the like, by message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// `KeyError`: its `str` is the key's `repr`.
    pub fn key(key: &Py) -> Self {
        Self(repr(key))
    }

    /// `AttributeError` of a value that lacks a method.
    pub fn attribute(value: &Py, name: &str) -> Self {
        Self(format!("'{}' object has no attribute '{name}'", value.type_name()))
    }
}

impl Py {
    /// An integer of any size.
    pub fn int(value: BigInt) -> Self {
        i64::try_from(&value).map_or_else(|_| Self::Big(value.to_string()), Self::Int)
    }

    /// A dict with text keys, in the order given.
    pub fn dict<K: Into<Text>, V: Into<Py>, const N: usize>(items: [(K, V); N]) -> Self {
        Self::Dict(items.into_iter().map(|(key, value)| (Self::Str(key.into()), value.into())).collect())
    }

    /// `{"error": message}`: how the classes report what went wrong.
    pub fn error(message: impl Into<Text>) -> Self {
        Self::Dict(vec![("error".into(), Self::Str(message.into()))])
    }

    /// A list of texts.
    pub fn texts<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(|item| Self::Str(item.into())).collect())
    }

    /// `type(x).__name__`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Big(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) => "dict",
            Self::Set(_) => "set",
            Self::Object(_) | Self::Items(_) => "object",
        }
    }

    /// `bool(x)`.
    pub fn truth(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::List(items) | Self::Tuple(items) | Self::Set(items) => !items.is_empty(),
            Self::Dict(items) => !items.is_empty(),
            Self::Big(_) | Self::Object(_) | Self::Items(_) => true,
        }
    }

    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether `isinstance(x, (int, float))`; `bool` is an `int`.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Bool(_) | Self::Int(_) | Self::Big(_) | Self::Float(_))
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A small integer; `True` is 1.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Bool(value) => Some(i64::from(*value)),
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// `float(x)` of a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Int(value) => Some(*value as f64),
            Self::Big(digits) => digits.parse().ok(),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The items of a list or tuple.
    pub fn items(&self) -> Option<&[Py]> {
        match self {
            Self::List(items) | Self::Tuple(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Py>> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The items of a dict.
    pub fn pairs(&self) -> Option<&[(Py, Py)]> {
        match self {
            Self::Dict(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The text, or the `AttributeError` that `x.method` raises on anything else.
    ///
    /// # Errors
    /// On a value that is no text.
    pub fn text(&self, method: &str) -> Result<&str, PyErr> {
        self.as_str().ok_or_else(|| PyErr::attribute(self, method))
    }

    /// `d.get(key)` of a dict with a text key; `None` also where this is no dict.
    pub fn get(&self, key: &str) -> Option<&Py> {
        self.pairs()?.iter().find(|(have, _)| have.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// As [`Py::get`], to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Py> {
        match self {
            Self::Dict(pairs) => pairs.iter_mut().find(|(have, _)| have.as_str() == Some(key)).map(|(_, value)| value),
            _ => None,
        }
    }

    /// `d.get(key)` of a dict that is not looked at again: the value is moved out.
    pub fn take(&mut self, key: &str) -> Option<Py> {
        self.get_mut(key).map(|value| std::mem::replace(value, Self::None))
    }

    /// `d[key]` with any key.
    ///
    /// # Errors
    /// `KeyError`, or that this is no dict.
    pub fn at(&self, key: &Py) -> Result<&Py, PyErr> {
        let pairs = self.pairs().ok_or_else(|| self.not_subscriptable())?;
        pairs.iter().find(|(have, _)| have == key).map(|(_, value)| value).ok_or_else(|| PyErr::key(key))
    }

    /// As [`Py::at`], to be changed.
    ///
    /// # Errors
    /// As [`Py::at`].
    pub fn at_mut(&mut self, key: &Py) -> Result<&mut Py, PyErr> {
        let error = self.not_subscriptable();
        match self {
            Self::Dict(pairs) => {
                pairs.iter_mut().find(|(have, _)| have == key).map(|(_, value)| value).ok_or_else(|| PyErr::key(key))
            }
            _ => Err(error),
        }
    }

    /// What `iter(x)` gives.
    ///
    /// # Errors
    /// `TypeError` for what cannot be iterated over.
    pub fn iterate(&self) -> Result<Vec<Py>, PyErr> {
        Ok(match self {
            Self::List(items) | Self::Tuple(items) | Self::Set(items) => items.clone(),
            Self::Dict(pairs) => pairs.iter().map(|(key, _)| key.clone()).collect(),
            Self::Str(text) => text.chars().map(|c| c.to_string().into()).collect(),
            _ => return Err(PyErr(format!("'{}' object is not iterable", self.type_name()))),
        })
    }

    /// Whether the value can be a key.
    ///
    /// # Errors
    /// The `TypeError` that looking for it in a dict or set raises.
    pub fn hashable(&self) -> Result<(), PyErr> {
        match self {
            Self::List(_) | Self::Dict(_) | Self::Set(_) => {
                Err(PyErr(format!("unhashable type: '{}'", self.type_name())))
            }
            Self::Tuple(items) => items.iter().try_for_each(Self::hashable),
            _ => Ok(()),
        }
    }

    /// `key in d` and `d[key]` at once, of a dict.
    ///
    /// # Errors
    /// That the key cannot be one.
    pub fn find(&self, key: &Py) -> Result<Option<&Py>, PyErr> {
        key.hashable()?;
        Ok(self.pairs().and_then(|pairs| pairs.iter().find(|(have, _)| have == key)).map(|(_, value)| value))
    }

    /// What `x['name']` raises where `x` is no dict.
    fn not_subscriptable(&self) -> PyErr {
        PyErr(match self {
            Self::Str(_) => "string indices must be integers, not 'str'".to_owned(),
            Self::List(_) | Self::Tuple(_) => {
                format!("{} indices must be integers or slices, not str", self.type_name())
            }
            _ => format!("'{}' object is not subscriptable", self.type_name()),
        })
    }

    /// `d[key] = value`: a known key keeps its place. Does nothing where this is no dict.
    pub fn set(&mut self, key: impl Into<Py>, value: impl Into<Py>) {
        let (key, value) = (key.into(), value.into());
        if let Self::Dict(pairs) = self {
            match pairs.iter_mut().find(|(have, _)| *have == key) {
                Some((_, old)) => *old = value,
                None => pairs.push((key, value)),
            }
        }
    }

    /// `d.pop(key, None)`.
    pub fn pop(&mut self, key: &Py) -> Option<Py> {
        match self {
            Self::Dict(pairs) => {
                let at = pairs.iter().position(|(have, _)| have == key)?;
                Some(pairs.remove(at).1)
            }
            _ => None,
        }
    }

    /// `key in x` of a dict, list, tuple or set; of a text where `key` is one too.
    pub fn contains(&self, key: &Py) -> bool {
        match self {
            Self::Dict(pairs) => pairs.iter().any(|(have, _)| have == key),
            Self::List(items) | Self::Tuple(items) | Self::Set(items) => items.contains(key),
            Self::Str(text) => key.as_str().is_some_and(|part| text.contains(part)),
            _ => false,
        }
    }
}

/// Python's `==`: numbers by value whatever their type, dicts and sets without order.
impl PartialEq for Py {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a == b,
            (Self::Items(a), Self::Items(b)) => a == b,
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Dict(a), Self::Dict(b)) => {
                a.len() == b.len()
                    && a.iter().enumerate().all(|(at, (key, value))| match b.get(at) {
                        // Equal dicts mostly have equal order.
                        Some((same, theirs)) if same == key => value == theirs,
                        _ => b.iter().find(|(theirs, _)| theirs == key).is_some_and(|(_, theirs)| value == theirs),
                    })
            }
            (Self::Set(a), Self::Set(b)) => a.len() == b.len() && a.iter().all(|item| b.contains(item)),
            _ => num::equal(self, other),
        }
    }
}
