//! JSON Pointers (RFC 6901).

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Longest pointer, in bytes, and deepest, in steps. Nothing that a host function accepts is nested deeper.
const LENGTH: usize = 8 << 10;
const DEPTH: usize = 128;

/// The steps of a pointer. The message says what is wrong with a malformed one.
pub(crate) fn parse(pointer: &str) -> Result<Vec<String>, String> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    if pointer.len() > LENGTH {
        return Err(format!(
            "the pointer has {} bytes, at most {LENGTH} are allowed",
            pointer.len()
        ));
    }
    let Some(rest) = pointer.strip_prefix('/') else {
        return Err(format!("the pointer {pointer:?} does not begin with `/`"));
    };
    let steps = rest.split('/').map(unescape).collect::<Option<Vec<_>>>();
    let Some(steps) = steps else {
        return Err(format!(
            "the pointer {pointer:?} has a `~` that is neither `~0` nor `~1`"
        ));
    };
    if steps.len() > DEPTH {
        return Err(format!(
            "the pointer has {} steps, at most {DEPTH} are allowed",
            steps.len()
        ));
    }
    Ok(steps)
}

/// The pointer of these steps.
pub(crate) fn write<'a>(steps: impl IntoIterator<Item = &'a String>) -> String {
    let mut pointer = String::new();
    for step in steps {
        push(&mut pointer, step);
    }
    pointer
}

/// Append one step.
pub(crate) fn push(pointer: &mut String, step: &str) {
    pointer.push('/');
    for character in step.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

fn unescape(step: &str) -> Option<String> {
    if !step.contains('~') {
        return Some(step.to_owned());
    }
    let mut out = String::with_capacity(step.len());
    let mut rest = step.chars();
    while let Some(character) = rest.next() {
        out.push(match character {
            '~' => match rest.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(out)
}

/// A step as the index of an array: digits without a leading zero.
pub(crate) fn index(step: &str) -> Option<usize> {
    let digits = step.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (step.len() > 1 && step.starts_with('0')) {
        return None;
    }
    step.parse().ok()
}

/// The part of a JSON text at `steps`, without building a tree: one pass, nothing copied.
pub(crate) fn find<'a>(text: &'a str, steps: &[String]) -> Option<&'a str> {
    let mut json = serde_json::Deserializer::from_str(text);
    Find(steps)
        .deserialize(&mut json)
        .ok()
        .flatten()
        .map(RawValue::get)
}

struct Find<'s>(&'s [String]);

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.0.split_first() {
            None => serde::Deserialize::deserialize(deserializer).map(Some),
            Some((step, rest)) => deserializer.deserialize_any(Step { step, rest }),
        }
    }
}

struct Step<'s> {
    step: &'s str,
    rest: &'s [String],
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == self.step {
                found = map.next_value_seed(Find(self.rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let wanted = index(self.step);
        let mut found = None;
        let mut at = 0;
        loop {
            if wanted == Some(at) {
                match seq.next_element_seed(Find(self.rest))? {
                    Some(value) => found = value,
                    None => return Ok(found),
                }
            } else if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(found);
            }
            at += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(text: &'a str, pointer: &str) -> Option<&'a str> {
        find(text, &parse(pointer).unwrap())
    }

    #[test]
    fn pointers_are_parsed_and_written() {
        for pointer in [
            "",
            "/",
            "/a/b",
            "/a~1b/~0",
            "/metadata/labels/app.kubernetes.io~1name",
        ] {
            assert_eq!(write(&parse(pointer).unwrap()), pointer);
        }
        for malformed in ["a", "/~", "/~2", "#/a"] {
            assert!(parse(malformed).is_err(), "{malformed}");
        }
        assert!(parse(&"/a".repeat(DEPTH + 1)).is_err());
        assert!(parse(&format!("/{}", "a".repeat(LENGTH))).is_err());
    }

    #[test]
    fn parts_are_found_as_in_rfc_6901() {
        let text = r#"{"foo": ["bar", {"x": 1.50}], "": 0, "a/b": 1, "m~n": 8, "k\"l": 6, "n": null, "s": "t", "b": true}"#;
        let table = [
            ("", Some(text)),
            ("/foo/0", Some("\"bar\"")),
            ("/foo/1/x", Some("1.50")),
            ("/foo/01", None),
            ("/foo/2", None),
            ("/foo/-", None),
            ("/", Some("0")),
            ("/a~1b", Some("1")),
            ("/m~0n", Some("8")),
            ("/k\"l", Some("6")),
            ("/n", Some("null")),
            ("/n/x", None),
            ("/s/0", None),
            ("/b/x", None),
            ("/foo/1/x/y", None),
            ("/none", None),
        ];
        for (pointer, expected) in table {
            assert_eq!(at(text, pointer), expected, "{pointer}");
        }
        assert_eq!(at("{\"a\":", "/a"), None);
    }
}
