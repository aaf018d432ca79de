//! Arithmetic on values.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::rc::Rc;

use crate::err::{self, ValR};
use crate::num;
use crate::val::{Map, Str, Val};

/// The longest string that multiplication makes; beyond it the product is null, as in the peers' jq.
const MAX_REPEATED: f64 = 268_435_456.0;

impl Add for Val {
    type Output = ValR;

    fn add(self, rhs: Self) -> ValR {
        Ok(match (self, rhs) {
            (Val::Null, v) | (v, Val::Null) => v,
            (Val::Str(l), Val::Str(r)) => Val::bytes([l.as_ref(), r.as_ref()].concat()),
            (Val::Arr(mut l), Val::Arr(r)) => {
                if l.is_empty() {
                    return Ok(Val::Arr(r));
                }
                Rc::make_mut(&mut l).extend(r.iter().cloned());
                Val::Arr(l)
            }
            (Val::Obj(mut l), Val::Obj(r)) => {
                if l.len() == 0 {
                    return Ok(Val::Obj(r));
                }
                Rc::make_mut(&mut l).extend(&r);
                Val::Obj(l)
            }
            (l, r) => num::add(&l, &r).ok_or_else(|| err::binary("add", &l, &r))?,
        })
    }
}

impl Sub for Val {
    type Output = ValR;

    fn sub(self, rhs: Self) -> ValR {
        match (self, rhs) {
            (Val::Arr(mut l), Val::Arr(r)) => {
                Rc::make_mut(&mut l).retain(|v| !r.contains(v));
                Ok(Val::Arr(l))
            }
            (l, r) => num::sub(&l, &r).ok_or_else(|| err::binary("subtract", &l, &r)),
        }
    }
}

fn merge(l: Val, r: &Val) -> Val {
    match (l, r) {
        (Val::Obj(mut l), Val::Obj(r)) => {
            Rc::make_mut(&mut l).merge(r, merge);
            Val::Obj(l)
        }
        (_, r) => r.clone(),
    }
}

fn repeat(s: &Str, n: f64) -> Val {
    if n < 0.0 || n.is_nan() || !s.is_empty() && n > (MAX_REPEATED / s.len() as f64).floor() {
        return Val::Null;
    }
    if s.is_empty() {
        return Val::Str(s.clone());
    }
    Val::bytes(s.repeat(n as usize))
}

impl Mul for Val {
    type Output = ValR;

    fn mul(self, rhs: Self) -> ValR {
        match (&self, &rhs) {
            (Val::Obj(_), Val::Obj(_)) => Ok(merge(self, &rhs)),
            (Val::Str(s), n) | (n, Val::Str(s)) if num::to_f64(n).is_some() => {
                Ok(repeat(s, num::to_f64(n).unwrap_or(f64::NAN)))
            }
            (l, r) => num::mul(l, r).ok_or_else(|| err::binary("multiply", l, r)),
        }
    }
}

/// The parts of `s` between separators; the empty separator splits into characters.
pub fn split(s: &[u8], sep: &[u8]) -> Vec<Val> {
    if sep.is_empty() {
        return chars(s).map(|c| Val::Str(Str::from(c))).collect();
    }
    let mut parts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at + sep.len() <= s.len() {
        if s[at..].starts_with(sep) {
            parts.push(Val::Str(Str::from(&s[start..at])));
            at += sep.len();
            start = at;
        } else {
            at += 1;
        }
    }
    parts.push(Val::Str(Str::from(&s[start..])));
    parts
}

/// The string's characters, each as its bytes; a byte that is not UTF-8 is a character of its own.
pub fn chars(s: &[u8]) -> impl Iterator<Item = &[u8]> {
    s.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid();
        let chars = valid
            .char_indices()
            .map(move |(i, c)| &valid.as_bytes()[i..i + c.len_utf8()]);
        chars.chain(chunk.invalid().chunks(1))
    })
}

impl Div for Val {
    type Output = ValR;

    fn div(self, rhs: Self) -> ValR {
        match (&self, &rhs) {
            (Val::Str(l), Val::Str(_)) if l.is_empty() => Ok(Val::arr(Vec::new())),
            (Val::Str(l), Val::Str(r)) => Ok(Val::arr(split(l, r))),
            (l, r) => match num::div(l, r) {
                Some(Some(v)) => Ok(v),
                Some(None) => Err(err::by_zero("divide", l, r)),
                None => Err(err::binary("divide", l, r)),
            },
        }
    }
}

impl Rem for Val {
    type Output = ValR;

    fn rem(self, rhs: Self) -> ValR {
        match num::rem(&self, &rhs) {
            Some(Some(v)) => Ok(v),
            Some(None) => Err(err::by_zero("modulo", &self, &rhs)),
            None => Err(err::binary("modulo", &self, &rhs)),
        }
    }
}

impl Neg for Val {
    type Output = ValR;

    fn neg(self) -> ValR {
        num::neg(&self).ok_or_else(|| err::message(format!("cannot negate: {}", err::shown(&self))))
    }
}

/// The sum of many values, in time linear to their size.
pub fn sum(vals: impl Iterator<Item = Val>) -> ValR {
    let mut total = Val::Null;
    // Strings and fields are gathered and put together once.
    let mut text: Option<Vec<u8>> = None;
    let mut fields: Option<Vec<(Str, Val)>> = None;
    for v in vals {
        match (&v, &mut text, &mut fields) {
            (Val::Null, ..) => continue,
            (Val::Str(s), Some(text), _) => {
                text.extend(s.iter());
                continue;
            }
            (Val::Obj(o), _, Some(fields)) => {
                fields.extend(o.fields().iter().cloned());
                continue;
            }
            (Val::Str(s), None, None) if matches!(total, Val::Null) => {
                text = Some(s.to_vec());
                continue;
            }
            (Val::Obj(o), None, None) if matches!(total, Val::Null) => {
                fields = Some(o.fields().to_vec());
                continue;
            }
            _ => {}
        }
        total = (gathered(total, text.take(), fields.take()) + v)?;
    }
    Ok(gathered(total, text, fields))
}

fn gathered(total: Val, text: Option<Vec<u8>>, fields: Option<Vec<(Str, Val)>>) -> Val {
    match (text, fields) {
        (Some(text), _) => Val::bytes(text),
        (_, Some(fields)) => Val::Obj(Rc::new(Map::from_fields(fields))),
        _ => total,
    }
}
