//! The types' fields by their numbers, from `data/protobuf.txt`.
//!
//! The table is printed by `kubebox protobuf-types` (`tests/kubebox/protobuf.go`); a test compares. Its lines:
//! `K apiVersion Kind @type` (what objects of the kind are), `T type`, then `number key type[?]` for each field.
//! `.` for a key: the field's own fields stand in its place. `?`: left out when it is zero. A type is one of
//! `s` text, `y` bytes, `b` flag, `i` integer, `n` float, `t` time, `u` time with microseconds, `q` quantity,
//! `x` integer or text, `r` JSON, `e` texts in a message, `@type` a message, `[type]` a list, `{type}` a map.

use std::collections::HashMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../../data/protobuf.txt");

/// How a field is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Bytes,
    Flag,
    Integer,
    Float,
    Time,
    MicroTime,
    Quantity,
    IntegerOrText,
    Raw,
    Texts,
    Message(&'static str),
    List(Box<Type>),
    Map(Box<Type>),
}

/// A field of a message.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) kind: Type,
    pub(super) optional: bool,
}

/// All messages.
#[derive(Debug, Default)]
pub(super) struct Types {
    roots: HashMap<(&'static str, &'static str), &'static str>,
    messages: HashMap<&'static str, HashMap<u32, Field>>,
}

impl Types {
    pub(super) fn get() -> &'static Self {
        static TYPES: LazyLock<Types> = LazyLock::new(|| parse(TABLE));
        &TYPES
    }

    /// The message that holds objects of the kind.
    pub(super) fn root(&self, api_version: &str, kind: &str) -> Option<&'static str> {
        // Options are of every group.
        self.roots
            .get(&(api_version, kind))
            .or_else(|| self.roots.get(&("*", kind)))
            .copied()
    }

    pub(super) fn field(&self, message: &str, number: u32) -> Option<&Field> {
        self.messages.get(message)?.get(&number)
    }

    #[cfg(test)]
    pub(super) fn messages(&self) -> &HashMap<&'static str, HashMap<u32, Field>> {
        &self.messages
    }

    #[cfg(test)]
    pub(super) fn roots(&self) -> &HashMap<(&'static str, &'static str), &'static str> {
        &self.roots
    }
}

/// Lines that cannot be read are left out; a test sees that there are none.
fn parse(table: &'static str) -> Types {
    let mut types = Types::default();
    let mut current = "";
    for line in table.lines() {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["K", version, kind, name] => {
                types
                    .roots
                    .insert((version, kind), name.trim_start_matches('@'));
            }
            ["T", name] => {
                current = name;
                types.messages.insert(name, HashMap::new());
            }
            [number, key, kind] => {
                let field = field(key, kind);
                if let (Ok(number), Some(field), Some(message)) =
                    (number.parse(), field, types.messages.get_mut(current))
                {
                    message.insert(number, field);
                }
            }
            _ => {}
        }
    }
    types
}

fn field(key: &str, kind: &'static str) -> Option<Field> {
    let bare = kind.strip_suffix('?');
    Some(Field {
        key: key.to_owned(),
        kind: self::kind(bare.unwrap_or(kind))?,
        optional: bare.is_some(),
    })
}

fn kind(text: &'static str) -> Option<Type> {
    if let Some(name) = text.strip_prefix('@') {
        return Some(Type::Message(name));
    }
    if let Some(inner) = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    {
        return Some(Type::List(Box::new(kind(inner)?)));
    }
    if let Some(inner) = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
    {
        return Some(Type::Map(Box::new(kind(inner)?)));
    }
    Some(match text {
        "s" => Type::Text,
        "y" => Type::Bytes,
        "b" => Type::Flag,
        "i" => Type::Integer,
        "n" => Type::Float,
        "t" => Type::Time,
        "u" => Type::MicroTime,
        "q" => Type::Quantity,
        "x" => Type::IntegerOrText,
        "r" => Type::Raw,
        "e" => Type::Texts,
        _ => return None,
    })
}
