//! Between Python values and JSON values.
//!
//! As a result or an argument, a value becomes the nearest JSON (`to_json`, `from_json`). As part of a state it must come
//! back whole, so what JSON lacks is an object with one `$` key there: `{"$tuple": […]}`, `{"$set": […]}`,
//! `{"$dict": [[key, value], …]}`, `{"$int": "digits"}`, `{"$float": "nan"}`, `{"$object": "repr"}`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{Py, float_repr};

/// The JSON that `json.dumps` would mean; `None` for what it refuses and for numbers that JSON lacks.
pub fn to_json(value: &Py) -> Option<Value> {
    Some(match value {
        Py::Big(_) | Py::Set(_) | Py::Object(_) | Py::Items(_) => return None,
        Py::Float(value) if !value.is_finite() => return None,
        Py::Tuple(items) | Py::List(items) => Value::Array(items.iter().map(to_json).collect::<Option<_>>()?),
        Py::Dict(pairs) => {
            let mut map = Map::with_capacity(pairs.len());
            for (key, value) in pairs {
                let key = match key {
                    Py::Str(text) => text.to_string(),
                    Py::None | Py::Bool(_) | Py::Int(_) | Py::Big(_) | Py::Float(_) => super::dumps(key)?,
                    _ => return None,
                };
                map.insert(key, to_json(value)?);
            }
            Value::Object(map)
        }
        plain => whole(plain),
    })
}

/// The value that `json.loads` gives.
pub fn from_json(value: &Value) -> Py {
    match value {
        Value::Null => Py::None,
        Value::Bool(value) => Py::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => Py::Int(value),
            (None, Some(value)) => Py::int(value.into()),
            (None, None) => Py::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Py::from(text.clone()),
        Value::Array(items) => Py::List(items.iter().map(from_json).collect()),
        Value::Object(map) => {
            Py::Dict(map.iter().map(|(key, value)| (Py::from(key.clone()), from_json(value))).collect())
        }
    }
}

/// A value that is read from JSON as [`from_json`] would, without the detour through one.
pub struct Plain(pub Py);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor).map(Self)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Py;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Py, E> {
        Ok(Py::None)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Py, E> {
        Ok(Py::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Py, E> {
        Ok(Py::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Py, E> {
        Ok(Py::int(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Py, E> {
        Ok(Py::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Py, E> {
        Ok(Py::from(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Py, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Py, A::Error> {
        let mut list = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Py::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Py, A::Error> {
        let mut dict = Py::Dict(Vec::new());
        while let Some((key, Plain(value))) = entries.next_entry::<String, Plain>()? {
            dict.set(key, value);
        }
        Ok(dict)
    }
}

/// Arguments by name: a JSON object, its names not copied where they stand in it as they are.
pub struct Named<'a>(pub Vec<(Cow<'a, str>, Py)>);

impl<'de> Deserialize<'de> for Named<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamedVisitor;

        impl<'de> Visitor<'de> for NamedVisitor {
            type Value = Named<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Named<'de>, A::Error> {
                let mut named: Vec<(Cow<'de, str>, Py)> = Vec::with_capacity(4);
                while let Some((Name(name), Plain(value))) = entries.next_entry::<Name<'de>, Plain>()? {
                    match named.iter_mut().find(|(have, _)| *have == name) {
                        Some((_, old)) => *old = value,
                        None => named.push((name, value)),
                    }
                }
                Ok(Named(named))
            }
        }

        deserializer.deserialize_map(NamedVisitor)
    }
}

/// A text that is borrowed where it can be.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// JSON that [`read`] reads back to the same value.
fn whole(value: &Py) -> Value {
    let list = |items: &[Py]| Value::Array(items.iter().map(whole).collect());
    match value {
        Py::None => Value::Null,
        Py::Bool(value) => Value::Bool(*value),
        Py::Int(value) => Value::from(*value),
        Py::Big(digits) => json!({ "$int": digits }),
        Py::Float(value) if value.is_finite() => Value::from(*value),
        Py::Float(value) => json!({ "$float": float_repr(*value) }),
        Py::Str(text) => Value::from(&**text),
        Py::List(items) => list(items),
        Py::Tuple(items) => json!({ "$tuple": list(items) }),
        Py::Set(items) => json!({ "$set": list(items) }),
        Py::Object(repr) => json!({ "$object": repr }),
        Py::Items(text) => json!({ "$object": &**text }),
        Py::Dict(pairs) if pairs.iter().all(|(key, _)| key.as_str().is_some_and(|key| !key.starts_with('$'))) => {
            let entry = |(key, value): &(Py, Py)| (key.as_str().unwrap_or_default().to_owned(), whole(value));
            Value::Object(pairs.iter().map(entry).collect())
        }
        Py::Dict(pairs) => {
            json!({ "$dict": pairs.iter().map(|(key, value)| json!([whole(key), whole(value)])).collect::<Vec<_>>() })
        }
    }
}

fn read(value: &Value) -> Option<Py> {
    let list = |value: &Value| value.as_array()?.iter().map(read).collect::<Option<Vec<Py>>>();
    Some(match value {
        Value::Array(_) => Py::List(list(value)?),
        Value::Object(map) => match map.iter().next() {
            Some((key, value)) if key.starts_with('$') => match key.as_str() {
                "$tuple" => Py::Tuple(list(value)?),
                "$set" => Py::Set(list(value)?),
                "$int" => Py::int(value.as_str()?.parse().ok()?),
                "$float" => Py::Float(value.as_str()?.parse().ok()?),
                "$object" => Py::Object(value.as_str()?.to_owned()),
                "$dict" => {
                    let pair = |pair: &Value| Some((read(pair.get(0)?)?, read(pair.get(1)?)?));
                    Py::Dict(value.as_array()?.iter().map(pair).collect::<Option<_>>()?)
                }
                _ => return None,
            },
            _ => {
                let entry = |(key, value): (&String, &Value)| Some((Py::from(key.clone()), read(value)?));
                Py::Dict(map.iter().map(entry).collect::<Option<_>>()?)
            }
        },
        plain => from_json(plain),
    })
}

impl Serialize for Py {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { whole(self).serialize(serializer) } else { Py::serialize(self, serializer) }
    }
}

impl<'de> Deserialize<'de> for Py {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Py::deserialize(deserializer);
        }
        let value = Value::deserialize(deserializer)?;
        read(&value).ok_or_else(|| D::Error::custom(format!("{value} is no value")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::py::{parse_literal, repr};

    #[test]
    fn states_come_back_whole() {
        for literal in [
            "{'a': [1, 1.0, True, None, 'x'], 'b': {}}",
            "{1: (2, 3), 'k': {4, 5}}",
            "{'$tuple': 1}",
            "[100000000000000000000, -1e400, set(), ...]",
            "0.1",
        ] {
            let value = parse_literal(literal).unwrap();
            let text = serde_json::to_string(&value).unwrap();
            let back: Py = serde_json::from_str(&text).unwrap();
            assert_eq!(repr(&back), repr(&value), "{text}");
        }
        assert!(serde_json::from_str::<Py>(r#"{"$what": 1}"#).is_err());
    }

    #[test]
    fn results_become_json() {
        let json = |literal: &str| to_json(&parse_literal(literal).unwrap()).map(|value| value.to_string());
        assert_eq!(json("{1: (2.0,), None: 'x'}").unwrap(), r#"{"1":[2.0],"null":"x"}"#);
        assert_eq!(json("{'a': ...}"), None);
        assert_eq!(json("[1e999]"), None);
    }
}
