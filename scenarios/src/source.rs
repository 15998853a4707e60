//! Reading YAML into a JSON tree. Raises itself what serde_yaml would pass over or report without a place: keys that stand
//! twice, keys that are no text, tags, numbers that are not finite.

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

/// Line and column of an error, from 1.
pub(crate) fn position(error: &serde_yaml::Error) -> Option<(usize, usize)> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
