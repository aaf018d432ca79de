//! Error messages, in the words of the peers' jq.

use crate::json::preview;
use crate::val::Val;

pub type Error = jaq_core::Error<Val>;
pub type ValR = Result<Val, Error>;

/// The value's type and the beginning of its text.
pub fn shown(v: &Val) -> String {
    match v {
        Val::Null => "null".into(),
        v => format!("{} ({})", v.type_name(), preview(v)),
    }
}

pub fn message(text: impl Into<String>) -> Error {
    Error::new(Val::bytes(text.into().into_bytes()))
}

/// `name` without arguments does not take this value.
pub fn not_for(name: &str, v: &Val) -> Error {
    message(format!("{name} cannot be applied to: {}", shown(v)))
}

/// `name` with an argument does not take this value.
pub fn not_for1(name: &str, v: &Val, arg: &Val) -> Error {
    message(format!(
        "{name}({}) cannot be applied to: {}",
        preview(arg),
        shown(v)
    ))
}

/// `name` with an argument failed on this value.
pub fn failed1(name: &str, v: &Val, arg: &Val, why: &str) -> Error {
    message(format!(
        "{name}({}) cannot be applied to {}: {why}",
        preview(arg),
        preview(v)
    ))
}

pub fn expected(what: &str, v: &Val) -> Error {
    message(format!("expected {what} but got: {}", shown(v)))
}

pub fn binary(verb: &str, l: &Val, r: &Val) -> Error {
    message(format!("cannot {verb}: {} and {}", shown(l), shown(r)))
}

pub fn by_zero(verb: &str, l: &Val, r: &Val) -> Error {
    message(format!("cannot {verb} {} by: {}", shown(l), shown(r)))
}
