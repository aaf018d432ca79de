//! What a plain scalar means.

use serde_json::Number;

use super::Value;

/// The value of a scalar without quotes and tag, as Kubernetes reads it; an error for what JSON cannot hold.
pub(super) fn plain(text: &str) -> Result<Value, &'static str> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match number(text) {
            Some(number) => Value::Number(number?),
            None => Value::String(text.to_owned()),
        },
    })
}

/// The number that a text is, if it is one.
pub(super) fn number(text: &str) -> Option<Result<Number, &'static str>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(Err("infinity has no place in JSON")),
        ".nan" | ".NaN" | ".NAN" => return Some(Err("NaN has no place in JSON")),
        _ => {}
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let digits = text.replace('_', "");
    if let Some(number) = whole(&digits) {
        return Some(Ok(number));
    }
    if !is_float(text) {
        return None;
    }
    match digits.parse::<f64>() {
        Ok(number) => Some(float(number)),
        Err(_) => None,
    }
}

/// Go writes whole floats without a point, so in Kubernetes `1.0` and `1` are the same JSON.
fn float(number: f64) -> Result<Number, &'static str> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        // In range and whole: nothing is lost.
        return Ok(Number::from(number as i64));
    }
    Number::from_f64(number).ok_or("the number is too large")
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

/// `[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?` or `[-+]?[0-9]+\.`, with `_` among the digits.
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let some_digit = |text: &str| text.bytes().any(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        some_digit(exponent) && exponent.bytes().all(|b| b.is_ascii_digit())
    });
    digits(whole) && digits(fraction) && some_digit(mantissa) && exponent_fits
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    #[test]
    fn scalars_mean_what_they_mean_to_kubernetes() {
        let cases: &[(&str, Json)] = &[
            ("", json!(null)),
            ("~", json!(null)),
            ("Null", json!(null)),
            ("True", json!(true)),
            ("FALSE", json!(false)),
            ("yes", json!("yes")),
            ("no", json!("no")),
            ("on", json!("on")),
            ("off", json!("off")),
            ("y", json!("y")),
            ("0", json!(0)),
            ("-0", json!(0)),
            ("+12", json!(12)),
            ("-12", json!(-12)),
            ("0644", json!(420)),
            ("0o17", json!(15)),
            ("0x1F", json!(31)),
            ("-0x1f", json!(-31)),
            ("0b101", json!(5)),
            ("1_000", json!(1000)),
            ("08", json!(8)),
            ("9007199254740993", json!(9_007_199_254_740_993_i64)),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("1.0", json!(1)),
            ("1.", json!(1)),
            ("1e3", json!(1000)),
            ("1E-1", json!(0.1)),
            ("1e", json!("1e")),
            ("1.2.3", json!("1.2.3")),
            ("10.0.0.1", json!("10.0.0.1")),
            ("1h", json!("1h")),
            ("--1", json!("--1")),
            ("-", json!("-")),
            ("-+1", json!("-+1")),
            (".", json!(".")),
            ("_1", json!("_1")),
            ("0x", json!("0x")),
            ("0x-1", json!("0x-1")),
            ("2001-01-01", json!("2001-01-01")),
            ("12:30:45", json!("12:30:45")),
            ("<<", json!("<<")),
        ];
        for (text, expected) in cases {
            let node = super::super::Node {
                value: plain(text).unwrap(),
                at: super::super::Position::START,
            };
            assert_eq!(&node.to_json(), expected, "{text}");
        }
        assert_eq!(plain("1e400"), Err("the number is too large"));
        for text in [".inf", "-.Inf", ".NaN"] {
            assert!(plain(text).is_err(), "{text}");
        }
    }
}
