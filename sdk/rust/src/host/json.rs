//! JSON as the real host reads it: no key twice, and not nested too deeply.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Refusal;
use super::validate::refusal;

/// Deepest nesting.
pub(super) const DEPTH: usize = 100;

/// Reads a text that a hook gave.
pub(super) fn read(text: &str) -> Result<Value, Refusal> {
    let mut too_deep = false;
    let mut json = serde_json::Deserializer::from_str(text);
    let node = Node {
        depth: 0,
        too_deep: &mut too_deep,
    };
    let read = node
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value));
    read.map_err(|error| match too_deep {
        true => self::too_deep("the document is"),
        false => refusal("invalid-json", error),
    })
}

pub(super) fn too_deep(what: &str) -> Refusal {
    let message = format!("{what} nested more than {DEPTH} levels deep");
    refusal("too-deep", message)
}

/// How deeply arrays and objects are nested; 0 for anything else.
pub(super) fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + below.unwrap_or(0)
}

struct Node<'t> {
    depth: usize,
    too_deep: &'t mut bool,
}

impl Node<'_> {
    fn inner(&mut self) -> Node<'_> {
        Node {
            depth: self.depth + 1,
            too_deep: self.too_deep,
        }
    }

    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        *self.too_deep = self.depth >= DEPTH;
        match *self.too_deep {
            true => Err(E::custom("nested too deeply")),
            false => Ok(()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
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

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.inner())? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.inner())?;
            if members.contains_key(&key) {
                let what = format_args!("the key {key:?} is there twice");
                return Err(A::Error::custom(what));
            }
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}
