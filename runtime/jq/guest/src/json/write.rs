//! Values to JSON text: compact, keys sorted.

use crate::num;
use crate::val::Val;

/// Append the value's JSON. NaN becomes `null` and infinities the largest floats, as in `tojson`.
pub fn write(out: &mut Vec<u8>, val: &Val) {
    write_until(out, val, usize::MAX);
}

/// The value's JSON.
pub fn to_json(val: &Val) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, val);
    out
}

/// The value's JSON, cut to 30 bytes: for error messages.
pub fn preview(val: &Val) -> String {
    const LEN: usize = 30;
    let mut out = Vec::new();
    write_until(&mut out, val, LEN + 2);
    if out.len() > LEN {
        let trailing = match val {
            Val::Str(_) => " ...\"",
            Val::Arr(_) => " ...]",
            Val::Obj(_) => " ...}",
            _ => " ...",
        };
        let mut end = LEN - trailing.len();
        while end > 0 && out[end] & 0xc0 == 0x80 {
            end -= 1;
        }
        out.truncate(end);
        out.extend(trailing.as_bytes());
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The first number in the value that JSON has no text for.
pub fn not_finite(val: &Val) -> Option<f64> {
    match val {
        Val::Float(f) if !f.is_finite() => Some(*f),
        Val::Arr(a) => a.iter().find_map(not_finite),
        Val::Obj(o) => o.fields().iter().find_map(|(_, v)| not_finite(v)),
        _ => None,
    }
}

fn write_until(out: &mut Vec<u8>, val: &Val, limit: usize) {
    if out.len() >= limit {
        return;
    }
    match val {
        Val::Null => out.extend(b"null"),
        Val::Bool(true) => out.extend(b"true"),
        Val::Bool(false) => out.extend(b"false"),
        Val::Int(i) => {
            use std::io::Write;
            // Writing to a vector does not fail.
            let _ = write!(out, "{i}");
        }
        Val::Big(i) => out.extend(i.to_string().as_bytes()),
        Val::Float(f) if f.is_nan() => out.extend(b"null"),
        Val::Float(f) => num::write_float(out, f.clamp(f64::MIN, f64::MAX)),
        Val::Str(s) => write_string(out, &s[..s.len().min(limit)]),
        Val::Arr(a) => {
            out.push(b'[');
            for (i, v) in a.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                if out.len() >= limit {
                    return;
                }
                write_until(out, v, limit);
            }
            out.push(b']');
        }
        Val::Obj(o) => {
            out.push(b'{');
            for (i, (k, v)) in o.fields().iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                if out.len() >= limit {
                    return;
                }
                write_string(out, k);
                out.push(b':');
                write_until(out, v, limit);
            }
            out.push(b'}');
        }
    }
}

fn write_string(out: &mut Vec<u8>, s: &[u8]) {
    out.push(b'"');
    // Bytes that are not UTF-8 leave as U+FFFD, so that the text is always valid.
    for chunk in s.utf8_chunks() {
        let valid = chunk.valid().as_bytes();
        let mut start = 0;
        for (i, b) in valid.iter().enumerate() {
            let escape: &[u8] = match b {
                b'"' => b"\\\"",
                b'\\' => b"\\\\",
                8 => b"\\b",
                12 => b"\\f",
                b'\n' => b"\\n",
                b'\r' => b"\\r",
                b'\t' => b"\\t",
                0..=0x1f | 0x7f => b"",
                _ => continue,
            };
            out.extend(&valid[start..i]);
            start = i + 1;
            if escape.is_empty() {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend(b"\\u00");
                out.extend([HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
            } else {
                out.extend(escape);
            }
        }
        out.extend(&valid[start..]);
        for _ in chunk.invalid() {
            out.extend("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}
