//! Reading JSON that a guest gave, without letting it cost more than its budget.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::budget::LimitHit;
use crate::memory::Memory;

/// Deepest nesting that is read. Kubernetes' own objects stay far below.
pub(crate) const DEPTH: usize = 100;

/// What one value holds in memory beyond its text: the value itself, its place in a tree or a vector.
const NODE: u64 = 32;
const MEMBER: u64 = 64;

/// Why a text was not read.
#[derive(Debug)]
pub(crate) enum JsonError {
    /// It is not JSON; the message has line and column.
    Invalid(String),
    /// It is nested too deeply.
    TooDeep,
    /// The run has no memory for it.
    Limit(LimitHit),
}

/// Read `text`, charging what the tree holds to `memory`. On an error all is given back.
pub(crate) fn parse(text: &str, memory: &mut Memory) -> Result<Value, JsonError> {
    let held = memory.held();
    let mut cost = Cost {
        memory: &mut *memory,
        stop: None,
    };
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Node {
        cost: &mut cost,
        depth: 0,
    }
    .deserialize(&mut json)
    .and_then(|value| json.end().map(|()| value));
    let stop = cost.stop.take();
    read.map_err(|error| {
        memory.reset(held);
        stop.unwrap_or_else(|| JsonError::Invalid(error.to_string()))
    })
}

/// What a value holds in memory, as [`parse`] charges it.
pub(crate) fn weight(value: &Value) -> u64 {
    let below: u64 = match value {
        Value::String(text) => bytes(text),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| {
                MEMBER
                    .saturating_add(bytes(key))
                    .saturating_add(weight(value))
            })
            .sum(),
        _ => 0,
    };
    NODE.saturating_add(below)
}

/// How deeply arrays and objects are nested in a value; 0 for anything else.
pub(crate) fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + below.unwrap_or(0)
}

struct Cost<'m> {
    memory: &'m mut Memory,
    /// The real reason behind the error that serde carries.
    stop: Option<JsonError>,
}

impl Cost<'_> {
    fn charge<E: serde::de::Error>(&mut self, bytes: u64) -> Result<(), E> {
        self.memory.charge(bytes).map_err(|hit| {
            self.stop = Some(JsonError::Limit(hit));
            E::custom("limit")
        })
    }
}

struct Node<'c, 'm> {
    cost: &'c mut Cost<'m>,
    depth: usize,
}

impl<'c, 'm> Node<'c, 'm> {
    fn inner<'n>(&'n mut self) -> Node<'n, 'm> {
        Node {
            cost: &mut *self.cost,
            depth: self.depth + 1,
        }
    }

    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.depth >= DEPTH {
            self.cost.stop = Some(JsonError::TooDeep);
            return Err(E::custom("depth"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.cost.charge(NODE)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
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

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.cost.charge(bytes(value))?;
        Ok(value.into())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        self.cost.charge(bytes(&value))?;
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(self.inner())? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            self.cost.charge(MEMBER.saturating_add(bytes(&key)))?;
            let value = map.next_value_seed(self.inner())?;
            if members.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "the key {key:?} is there twice"
                )));
            }
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

fn bytes(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Limit;

    fn memory() -> Memory {
        Memory::new(1 << 20, 0)
    }

    #[test]
    fn reads_what_serde_json_reads() {
        let text = r#" {"a":[1,-2,3.5,true,null,"x\u00e9"],"b":{"c":{}}} "#;
        let mut memory = memory();
        assert_eq!(
            parse(text, &mut memory).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
        assert!(memory.held() > 300);
        let value = parse(text, &mut Memory::new(1 << 20, 0)).unwrap();
        assert_eq!((weight(&value), depth(&value)), (memory.held(), 3));
    }

    #[test]
    fn what_is_not_json_costs_nothing() {
        let mut memory = memory();
        for text in [
            "",
            "{",
            "[1,]",
            "{} {}",
            "nul",
            "\"\u{1}\"",
            r#"{"a":1,"a":2}"#,
            "1e999",
        ] {
            assert!(
                matches!(parse(text, &mut memory), Err(JsonError::Invalid(_))),
                "{text}"
            );
        }
        assert_eq!(memory.held(), 0);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(DEPTH), &mut memory()).is_ok());
        assert!(matches!(
            parse(&nested(DEPTH + 1), &mut memory()),
            Err(JsonError::TooDeep)
        ));
        assert!(matches!(
            parse(&"[".repeat(1_000_000), &mut memory()),
            Err(JsonError::TooDeep)
        ));
    }

    #[test]
    fn a_small_text_with_a_large_tree_is_stopped() {
        let text = format!("[{}0]", "0,".repeat(100_000));
        let mut memory = memory();
        let Err(JsonError::Limit(hit)) = parse(&text, &mut memory) else {
            panic!("not stopped")
        };
        assert_eq!((hit.limit, hit.allowed), (Limit::Memory, 1 << 20));
        assert_eq!(memory.held(), 0);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}:,\"a0-9.e\\\\ -]{0,60}") {
            let ours = parse(&text, &mut memory()).ok();
            let theirs = serde_json::from_str::<Value>(&text).ok();
            // Ours refuses duplicate keys; otherwise they agree.
            if let Some(ours) = ours {
                prop_assert_eq!(Some(ours), theirs);
            }
        }
    }
}
