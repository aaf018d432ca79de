//! `@text`, `@json` and the like.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jaq_core::ValT;
use jaq_core::native::Fun;

use super::{Data, op};
use crate::err::{self, ValR};
use crate::json;
use crate::val::{Str, Val};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn text(v: Val) -> Str {
    if let Val::Str(s) = v.into_string() {
        s
    } else {
        Str::from(&b""[..])
    }
}

fn escaped(s: &[u8], escapes: &[(u8, &str)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for b in s {
        match escapes.iter().find(|(from, _)| from == b) {
            Some((_, to)) => out.extend(to.as_bytes()),
            None => out.push(*b),
        }
    }
    out
}

fn html(v: Val) -> ValR {
    let escapes = [
        (b'<', "&lt;"),
        (b'>', "&gt;"),
        (b'&', "&amp;"),
        (b'\'', "&apos;"),
        (b'"', "&quot;"),
    ];
    Ok(Val::bytes(escaped(&text(v), &escapes)))
}

fn uri(v: Val) -> ValR {
    let mut out = Vec::new();
    for b in text(v).iter() {
        if b.is_ascii_alphanumeric() || b"-_.~".contains(b) {
            out.push(*b);
        } else {
            out.extend(format!("%{b:02X}").into_bytes());
        }
    }
    Ok(Val::bytes(out))
}

fn urid(v: Val) -> ValR {
    let s = text(v.clone());
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&b) = s.get(at) {
        at += 1;
        if b != b'%' {
            out.push(b);
            continue;
        }
        let digit = |i: usize| s.get(i).and_then(|b| char::from(*b).to_digit(16));
        let (Some(high), Some(low)) = (digit(at), digit(at + 1)) else {
            let bad = Val::text(&s[at - 1..s.len().min(at + 2)]).into_owned();
            let v = json::preview(&v);
            return Err(err::message(format!(
                "@urid cannot be applied to {v}: invalid URL escape {bad:?}"
            )));
        };
        out.push((high * 16 + low) as u8);
        at += 2;
    }
    Ok(Val::bytes(out))
}

fn row(format: &str, v: &Val, sep: &str, escape: fn(&[u8]) -> Vec<u8>) -> ValR {
    let Val::Arr(cells) = v else {
        return Err(err::not_for(&format!("@{format}"), v));
    };
    let mut out = Vec::new();
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.extend(sep.as_bytes());
        }
        match cell {
            Val::Str(s) => out.extend(escape(s)),
            Val::Arr(_) | Val::Obj(_) => {
                let cell = err::shown(cell);
                return Err(err::message(format!(
                    "@{format} cannot format an array including: {cell}"
                )));
            }
            v => {
                let text = json::to_json(v);
                if text != b"null" || format == "sh" {
                    out.extend(text);
                }
            }
        }
    }
    Ok(Val::bytes(out))
}

fn csv(v: &Val) -> ValR {
    row("csv", v, ",", |s| {
        [
            b"\"".to_vec(),
            escaped(s, &[(b'"', "\"\""), (0, "\\0")]),
            b"\"".to_vec(),
        ]
        .concat()
    })
}

fn tsv(v: &Val) -> ValR {
    let escape = |s: &[u8]| {
        escaped(
            s,
            &[
                (b'\t', "\\t"),
                (b'\r', "\\r"),
                (b'\n', "\\n"),
                (b'\\', "\\\\"),
                (0, "\\0"),
            ],
        )
    };
    row("tsv", v, "\t", escape)
}

fn sh(v: Val) -> ValR {
    let v = if let Val::Arr(_) = v {
        v
    } else {
        Val::arr(vec![v])
    };
    row("sh", &v, " ", |s| {
        [
            b"'".to_vec(),
            escaped(s, &[(b'\'', "'\\''"), (0, "\\0")]),
            b"'".to_vec(),
        ]
        .concat()
    })
}

fn base64(v: Val) -> ValR {
    Ok(Val::bytes(BASE64.encode(text(v)).into_bytes()))
}

fn base64d(v: Val) -> ValR {
    let s = text(v.clone());
    // Line breaks are let through, and what follows the first padding is not looked at, as in the peers' jq.
    let end = s.iter().position(|b| *b == b'=').unwrap_or(s.len());
    let digits: Vec<u8> = s[..end]
        .iter()
        .copied()
        .filter(|b| !matches!(b, b'\n' | b'\r'))
        .collect();
    match BASE64.decode(digits) {
        Ok(bytes) => Ok(Val::bytes(bytes)),
        Err(e) => {
            let v = json::preview(&v);
            Err(err::message(format!(
                "@base64d cannot be applied to {v}: illegal base64 data: {e}"
            )))
        }
    }
}

fn format(v: Val, name: &Val) -> ValR {
    let Val::Str(s) = name else {
        return Err(err::not_for("format", name));
    };
    match s.as_ref() {
        b"text" => Ok(v.into_string()),
        b"json" => Ok(Val::bytes(json::to_json(&v))),
        b"html" => html(v),
        b"uri" => uri(v),
        b"urid" => urid(v),
        b"csv" => csv(&v),
        b"tsv" => tsv(&v),
        b"sh" => sh(v),
        b"base64" => base64(v),
        b"base64d" => base64d(v),
        _ => Err(err::message(format!(
            "format not defined: @{}",
            Val::text(s)
        ))),
    }
}

pub fn funs() -> Vec<Fun<Data>> {
    vec![
        op!("@text", |v| Ok(v.into_string())),
        op!("@json", |v| Ok(Val::bytes(json::to_json(&v)))),
        op!("@html", |v| html(v)),
        op!("@uri", |v| uri(v)),
        op!("@urid", |v| urid(v)),
        op!("@csv", |v| csv(&v)),
        op!("@tsv", |v| tsv(&v)),
        op!("@sh", |v| sh(v)),
        op!("@base64", |v| base64(v)),
        op!("@base64d", |v| base64d(v)),
        op!("format", |v, name| format(v, &name)),
    ]
}
