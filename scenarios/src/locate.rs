//! Finding where a key path stands in YAML text.
//!
//! serde_yaml gives a position only to an error that is raised while it reads. So [`locate`] walks to the wanted place and
//! stops there with an error on purpose. Rejected: scanning the text with a parser of our own, which would have to know flow
//! style, quotes and anchors.

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::source::position;

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
}
