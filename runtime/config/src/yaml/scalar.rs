//! What a plain scalar means.

use serde_json::Number;

use super::{Dialect, Value};

/// The value of a scalar without quotes and tag; an error for what JSON cannot hold.
pub(super) fn plain(text: &str, dialect: Dialect) -> Result<Value, &'static str> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match word(text, dialect) {
            Some(value) => Value::Bool(value),
            None => match number(text) {
                Some(number) => Value::Number(number?),
                None => Value::String(text.to_owned()),
            },
        },
    })
}

/// The words that YAML 1.1 has for true and false, in the cases that it has them in.
fn word(text: &str, dialect: Dialect) -> Option<bool> {
    match (dialect, text) {
        (Dialect::Patches, _) => None,
        (_, "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON") => Some(true),
        (_, "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF") => Some(false),
        _ => None,
    }
}

/// The number that a text is, if it is one.
pub(super) fn number(text: &str) -> Option<Result<Number, &'static str>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(Err("infinity has no place in JSON")),
        ".nan" | ".NaN" | ".NAN" if unsigned == text => {
            return Some(Err("NaN has no place in JSON"));
        }
        _ => {}
    }
    // What begins with a point is given to Go's parser as it is, which takes no `_`.
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || text.starts_with('.') && text.contains('_')
    {
        return None;
    }
    let digits = text.replace('_', "");
    if let Some(number) = whole(&digits) {
        return Some(Ok(number));
    }
    if !is_float(&digits) {
        return None;
    }
    // One that is too large is text.
    digits.parse().ok().and_then(float).map(Ok)
}

/// Go writes whole floats without a point, so in Kubernetes `1.0` and `1` are the same JSON.
fn float(number: f64) -> Option<Number> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        // In range and whole: nothing is lost.
        return Some(Number::from(number as i64));
    }
    Number::from_f64(number)
}

/// Whole numbers with Go's prefixes; a leading 0 means octal.
fn whole(digits: &str) -> Option<Number> {
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    // Another sign is not part of a number, though Rust's parser would take it.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let number = u64::from_str_radix(digits, radix).ok()?;
    if !negative {
        return Some(Number::from(number));
    }
    0_i64.checked_sub_unsigned(number).map(Number::from)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent_fits
}
