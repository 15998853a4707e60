//! Reading YAML into a JSON tree, and finding where a key path stands in the text.
//!
//! serde_yaml gives a position only to an error that is raised while it reads an event. Both functions here use that: the
//! reader raises duplicate keys itself, and [`locate`] walks to the wanted place and stops there with an error on purpose.
//! Rejected: scanning the text with a parser of our own, which would have to know flow style, quotes and anchors.

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// Line and column, from 1.
    pub at: Option<(usize, usize)>,
    pub key: Vec<String>,
    pub message: String,
    pub hint: Option<String>,
}

/// Reads one YAML document. Keys must be text, numbers finite, and no key may stand twice in a map.
///
/// # Errors
/// The first thing that makes the text unreadable.
pub fn read(text: &str) -> Result<Value, ReadError> {
    let notes = RefCell::new(None);
    let reader = Reader { path: Vec::new(), notes: &notes };
    reader.deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| {
        let at = position(&error);
        let noted: Option<ReadError> = notes.take();
        noted.map_or_else(
            || ReadError { at, key: Vec::new(), message: plain(&error), hint: None },
            |noted| ReadError { at, ..noted },
        )
    })
}

fn position(error: &serde_yaml::Error) -> Option<(usize, usize)> {
    error.location().map(|at| (at.line().max(1), at.column().max(1)))
}

/// serde_yaml's message without the position that it appends.
fn plain(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    match text.find(" at line ") {
        Some(cut) => text[..cut].to_owned(),
        None => text,
    }
}

#[derive(Clone)]
struct Reader<'a> {
    path: Vec<String>,
    notes: &'a RefCell<Option<ReadError>>,
}

impl Reader<'_> {
    fn inside(&self, segment: String) -> Self {
        let mut path = self.path.clone();
        path.push(segment);
        Self { path, notes: self.notes }
    }

    fn stop<E: de::Error>(&self, message: String, hint: &str) -> E {
        let error = E::custom(&message);
        let hint = Some(hint.to_owned());
        *self.notes.borrow_mut() = Some(ReadError { at: None, key: self.path.clone(), message, hint });
        error
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        match Number::from_f64(value) {
            Some(number) => Ok(Value::Number(number)),
            None => {
                Err(self.stop(format!("`{}` is {value}", crate::problem::dotted(&self.path)), "write a finite number"))
            }
        }
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = items.next_element_seed(self.inside(format!("[{}]", out.len())))? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(key) = entries.next_key_seed(Key { reader: &self, seen: &out })? {
            let value = entries.next_value_seed(self.inside(key.clone()))?;
            out.insert(key, value);
        }
        Ok(Value::Object(out))
    }
    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        let key = crate::problem::dotted(&self.path);
        Err(self.stop(format!("`{key}` has a YAML tag (`!…`)"), "scenarios use no tags: write `name: value` instead"))
    }
}

/// Reads a key as text and stops at one that was there before.
struct Key<'a, 'b> {
    reader: &'a Reader<'b>,
    seen: &'a Map<String, Value>,
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Key<'_, '_> {
    fn accept<E: de::Error>(self, key: String) -> Result<String, E> {
        if self.seen.contains_key(&key) {
            let inside = self.reader.inside(key);
            let name = crate::problem::dotted(&inside.path);
            let what = if inside.path.len() == 2 && inside.path[0] == "arms" { "arm" } else { "key" };
            return Err(inside
                .stop(format!("`{name}` stands twice"), &format!("keep one of them, or rename the second {what}")));
        }
        Ok(key)
    }
}

impl<'de> Visitor<'de> for Key<'_, '_> {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
        self.accept(key.to_owned())
    }
    fn visit_bool<E: de::Error>(self, key: bool) -> Result<String, E> {
        self.accept(key.to_string())
    }
    fn visit_i64<E: de::Error>(self, key: i64) -> Result<String, E> {
        self.accept(key.to_string())
    }
    fn visit_u64<E: de::Error>(self, key: u64) -> Result<String, E> {
        self.accept(key.to_string())
    }
}

/// Which end of `key: value` is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Key,
    Value,
}

/// Line and column (from 1) of the key or the value at `path`; `None` where the text has no such path.
pub fn locate(text: &str, path: &[String], end: End) -> Option<(usize, usize)> {
    let found = RefCell::new(false);
    let walk = Walk { path, end, found: &found };
    let error = walk.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    if found.take() { position(&error) } else { None }
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    path: &'a [String],
    end: End,
    found: &'a RefCell<bool>,
}

impl Walk<'_> {
    fn here<E: de::Error>(&self) -> E {
        *self.found.borrow_mut() = true;
        E::custom("here")
    }
    /// Stops at a scalar if it is what was looked for.
    fn scalar<E: de::Error>(&self) -> Result<(), E> {
        if self.path.is_empty() { Err(self.here()) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.scalar()
    }
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((head, rest)) = self.path.split_first() else { return Err(self.here()) };
        for index in 0.. {
            let found = if format!("[{index}]") == *head {
                items.next_element_seed(Walk { path: rest, ..self })?
            } else {
                items.next_element::<de::IgnoredAny>()?.map(|_| ())
            };
            if found.is_none() {
                break;
            }
        }
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((head, rest)) = self.path.split_first() else { return Err(self.here()) };
        let stop = rest.is_empty() && self.end == End::Key;
        while let Some(matches) = entries.next_key_seed(Match { wanted: head, stop, walk: self })? {
            if matches {
                entries.next_value_seed(Walk { path: rest, ..self })?;
            } else {
                entries.next_value::<de::IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Compares a key with the wanted one, and stops on it if it is the goal.
struct Match<'a> {
    wanted: &'a str,
    stop: bool,
    walk: Walk<'a>,
}

impl<'de> DeserializeSeed<'de> for Match<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Match<'_> {
    fn compare<E: de::Error>(self, key: &str) -> Result<bool, E> {
        match key == self.wanted {
            true if self.stop => Err(self.walk.here()),
            matches => Ok(matches),
        }
    }
}

impl<'de> Visitor<'de> for Match<'_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: de::Error>(self, key: &str) -> Result<bool, E> {
        self.compare(key)
    }
    fn visit_bool<E: de::Error>(self, key: bool) -> Result<bool, E> {
        self.compare(&key.to_string())
    }
    fn visit_i64<E: de::Error>(self, key: i64) -> Result<bool, E> {
        self.compare(&key.to_string())
    }
    fn visit_u64<E: de::Error>(self, key: u64) -> Result<bool, E> {
        self.compare(&key.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
name: x
learner: {rounds: 8, \"group\": 4}   # flow
agent:
  model:
    layers: 3
  list:
    - a: 1
    - {a: 2, b: 3}
7: seven
";

    #[test]
    fn paths_are_found_in_every_style() {
        for (path, end, expected) in [
            ("name", End::Key, Some((1, 1))),
            ("name", End::Value, Some((1, 7))),
            ("learner", End::Value, Some((2, 10))),
            ("learner.rounds", End::Key, Some((2, 11))),
            ("learner.group", End::Value, Some((2, 31))),
            ("agent.model.layers", End::Key, Some((5, 5))),
            ("agent.model.layers", End::Value, Some((5, 13))),
            ("agent.list.[1].b", End::Value, Some((8, 17))),
            ("7", End::Key, Some((9, 1))),
            ("agent.model.width", End::Key, None),
            ("name.x", End::Key, None),
        ] {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            assert_eq!(locate(TEXT, &path, end), expected, "{path:?}");
        }
    }

    #[test]
    fn unreadable_texts_say_where_and_why() {
        for (text, at, message) in [
            ("a: 1\nb: {c: 1, c: 2}\n", Some((2, 11)), "`b.c` stands twice"),
            ("arms:\n  x: {}\n  x: {}\n", Some((3, 3)), "`arms.x` stands twice"),
            ("a: .nan\n", Some((1, 4)), "`a` is NaN"),
            ("a: !tag 3\n", Some((1, 4)), "`a` has a YAML tag (`!…`)"),
            ("a: [1, 2\n", Some((2, 1)), "did not find expected ',' or ']'"),
            ("a: 1\n---\nb: 2\n", None, "deserializing from YAML containing more than one document is not supported"),
        ] {
            let error = read(text).expect_err(text);
            assert_eq!((error.at, error.message.as_str()), (at, message), "{text}");
        }
    }

    #[test]
    fn values_become_json() {
        let value = read("a: 3e-4\nb: [1, -2, 0.5, null, true, yes]\nc: *x\n");
        assert!(value.is_err(), "an unknown anchor");
        let value = read("a: 3e-4\nb: [1, -2, 0.5, null, true, yes]\n").expect("reads");
        assert_eq!(value, serde_json::json!({"a": 3e-4, "b": [1, -2, 0.5, null, true, "yes"]}));
    }
}
