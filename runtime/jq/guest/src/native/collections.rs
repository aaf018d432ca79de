//! Arrays and objects.

use std::rc::Rc;

use jaq_core::native::Fun;

use super::{Data, op};
use crate::access;
use crate::err::{self, Error, ValR};
use crate::json;
use crate::num;
use crate::ops;
use crate::val::{Map, Str, Val, compare, compare_total};

fn bool(b: bool) -> ValR {
    Ok(Val::Bool(b))
}

pub fn array<'a>(name: &str, v: &'a Val) -> Result<&'a Rc<Vec<Val>>, Error> {
    if let Val::Arr(a) = v {
        Ok(a)
    } else {
        Err(err::not_for(name, v))
    }
}

fn values(name: &str, v: &Val) -> Result<Vec<Val>, Error> {
    match v {
        Val::Arr(a) => Ok(a.to_vec()),
        Val::Obj(o) => Ok(o.fields().iter().map(|(_, v)| v.clone()).collect()),
        v => Err(err::not_for(name, v)),
    }
}

fn keys(v: &Val) -> ValR {
    match v {
        Val::Arr(a) => Ok((0..a.len()).map(Val::size).collect()),
        Val::Obj(o) => Ok(o
            .fields()
            .iter()
            .map(|(k, _)| Val::Str(k.clone()))
            .collect()),
        v => Err(err::not_for("keys", v)),
    }
}

fn has(v: &Val, key: &Val) -> ValR {
    match (v, key) {
        (Val::Null, _) => bool(false),
        (Val::Obj(o), Val::Str(k)) => bool(o.get(k).is_some()),
        (Val::Arr(a), key) => match num::to_int(key) {
            Some(i) => bool(usize::try_from(i).is_ok_and(|i| i < a.len())),
            None => Err(err::not_for1("has", v, key)),
        },
        _ => Err(err::not_for1("has", v, key)),
    }
}

fn contains(l: &Val, r: &Val) -> Result<bool, Error> {
    match (l, r) {
        (Val::Str(l), Val::Str(r)) => {
            Ok(r.is_empty() || l.windows(r.len()).any(|w| w == r.as_ref()))
        }
        // Inside of arrays, values of different types are just not contained.
        (Val::Arr(l), Val::Arr(r)) => Ok(r
            .iter()
            .all(|r| l.iter().any(|l| contains(l, r).unwrap_or(false)))),
        (Val::Obj(l), Val::Obj(r)) => Ok(r
            .fields()
            .iter()
            .all(|(k, r)| l.get(k).is_some_and(|l| contains(l, r).unwrap_or(false)))),
        (l, r) if num::to_f64(l).is_some() && num::to_f64(r).is_some() => Ok(compare(l, r).is_eq()),
        (Val::Null, Val::Null) => Ok(true),
        (Val::Bool(l), Val::Bool(r)) if l == r => Ok(true),
        (l, r) => Err(err::not_for1("contains", l, r)),
    }
}

fn to_entries(v: &Val) -> ValR {
    let entry = |(k, v)| Val::record([("key", k), ("value", v)]);
    match v {
        Val::Arr(a) => Ok(a
            .iter()
            .enumerate()
            .map(|(i, v)| entry((Val::size(i), v.clone())))
            .collect()),
        Val::Obj(o) => Ok(o
            .fields()
            .iter()
            .map(|(k, v)| entry((Val::Str(k.clone()), v.clone())))
            .collect()),
        v => Err(err::not_for("to_entries", v)),
    }
}

fn from_entries(v: &Val) -> ValR {
    let mut fields = Vec::new();
    for entry in array("from_entries", v)?.iter() {
        let Val::Obj(o) = entry else {
            return Err(err::not_for("from_entries", entry));
        };
        let names: [&[u8]; 4] = [b"key", b"Key", b"name", b"Name"];
        let key = names
            .iter()
            .find_map(|k| o.get(k).filter(|v| !super::basic::not(v)));
        let Some(Val::Str(key)) = key else {
            let why = err::expected("a string for object key", key.unwrap_or(&Val::Null));
            return Err(err::message(format!(
                "from_entries cannot be applied to {}: {why}",
                json::preview(v)
            )));
        };
        let names: [&[u8]; 2] = [b"value", b"Value"];
        let value = names.iter().find_map(|k| o.get(k));
        fields.push((key.clone(), value.cloned().unwrap_or_default()));
    }
    Ok(Val::Obj(Rc::new(Map::from_fields(fields))))
}

#[derive(Clone, Copy)]
enum Found {
    All,
    First,
    Last,
}

fn indices(name: &str, found: Found, v: &Val, x: &Val) -> ValR {
    let pick = |mut all: Box<dyn Iterator<Item = usize> + '_>| match found {
        Found::All => all.map(Val::size).collect(),
        Found::First => all.next().map_or(Val::Null, Val::size),
        Found::Last => all.last().map_or(Val::Null, Val::size),
    };
    match (v, x) {
        (Val::Null, _) => Ok(Val::Null),
        (Val::Arr(a), Val::Arr(part)) => Ok(pick(Box::new(access::indices(a, part)))),
        (Val::Arr(a), x) => {
            let at = a
                .iter()
                .enumerate()
                .filter(|(_, v)| *v == x)
                .map(|(i, _)| i);
            Ok(pick(Box::new(at)))
        }
        (Val::Str(s), Val::Str(part)) => {
            let mut at = 0;
            let starts = ops::chars(s).enumerate().filter(move |(_, c)| {
                let here = at;
                at += c.len();
                !part.is_empty() && s[here..].starts_with(part)
            });
            Ok(pick(Box::new(starts.map(|(i, _)| i))))
        }
        _ => Err(err::not_for1(name, v, x)),
    }
}

fn flatten(into: &mut Vec<Val>, vals: Vec<Val>, depth: f64) {
    for v in vals {
        match v {
            Val::Arr(a) if depth != 0.0 => flatten(into, a.to_vec(), depth - 1.0),
            v => into.push(v),
        }
    }
}

fn flatten_to(v: &Val, depth: f64) -> ValR {
    let mut flat = Vec::new();
    flatten(&mut flat, values("flatten", v)?, depth);
    Ok(Val::arr(flat))
}

fn join(v: &Val, sep: &Val) -> ValR {
    let Ok(vals) = values("join", v) else {
        return Err(err::not_for1("join", v, sep));
    };
    if vals.is_empty() {
        return Ok(Val::str(""));
    }
    let sep: Str = match sep {
        Val::Str(s) => s.clone(),
        _ if vals.len() == 1 => Str::from(&b""[..]),
        _ => return Err(err::not_for1("join", v, sep)),
    };
    let mut out = Vec::new();
    for (i, v) in vals.iter().enumerate() {
        if i > 0 {
            out.extend(sep.iter());
        }
        match v {
            Val::Null => {}
            Val::Str(s) => out.extend(s.iter()),
            Val::Arr(_) | Val::Obj(_) => {
                return Err(err::message(format!(
                    "join cannot be applied to an array including: {}",
                    err::shown(v)
                )));
            }
            v => json::write(&mut out, v),
        }
    }
    Ok(Val::bytes(out))
}

/// Values with the keys to order them by, in order.
fn sorted(name: &str, v: &Val, keys: &Val) -> Result<Vec<(Val, Val)>, Error> {
    let (vals, keys) = (array(name, v)?, array(name, keys)?);
    let mut pairs: Vec<_> = keys.iter().cloned().zip(vals.iter().cloned()).collect();
    pairs.sort_by(|(l, _), (r, _)| compare_total(l, r));
    Ok(pairs)
}

fn sort(name: &str, v: &Val, keys: &Val) -> ValR {
    Ok(sorted(name, v, keys)?.into_iter().map(|(_, v)| v).collect())
}

fn group(v: &Val, keys: &Val) -> Result<Vec<Vec<Val>>, Error> {
    let mut groups: Vec<Vec<Val>> = Vec::new();
    let mut last: Option<Val> = None;
    for (key, v) in sorted("group_by", v, keys)? {
        match groups.last_mut() {
            Some(group) if last.as_ref() == Some(&key) => group.push(v),
            _ => {
                groups.push(vec![v]);
                last = Some(key);
            }
        }
    }
    Ok(groups)
}

fn unique(v: &Val, keys: &Val) -> ValR {
    array("unique", v)?;
    Ok(group(v, keys)?
        .into_iter()
        .filter_map(|g| g.into_iter().next())
        .collect())
}

/// The least of equal ones is the first, the greatest the last.
fn extreme(name: &str, v: &Val, keys: &Val, least: bool) -> ValR {
    let (vals, keys) = (array(name, v)?, array(name, keys)?);
    let mut best: Option<(&Val, &Val)> = None;
    for (key, v) in keys.iter().zip(vals.iter()) {
        if best.is_none_or(|(b, _)| compare(b, key).is_gt() == least) {
            best = Some((key, v));
        }
    }
    Ok(best.map(|(_, v)| v.clone()).unwrap_or_default())
}

fn transpose(v: &Val) -> ValR {
    let rows = array("transpose", v)?;
    let rows = rows
        .iter()
        .map(|row| array("transpose", row))
        .collect::<Result<Vec<_>, _>>();
    let rows = rows.map_err(|_| err::not_for("transpose", v))?;
    let width = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let column = |i: usize| {
        rows.iter()
            .map(|row| row.get(i).cloned().unwrap_or_default())
            .collect()
    };
    Ok((0..width).map(column).collect())
}

fn bsearch(v: &Val, x: &Val) -> ValR {
    let Val::Arr(a) = v else {
        return Err(err::not_for1("bsearch", v, x));
    };
    let i = a.partition_point(|v| compare(v, x).is_lt());
    let found = a.get(i).is_some_and(|v| v == x);
    Ok(Val::Int(if found { i as i64 } else { -(i as i64) - 1 }))
}

pub fn funs() -> Vec<Fun<Data>> {
    vec![
        op!("keys", |v| keys(&v)),
        op!("has", |v, x| has(&v, &x)),
        op!("contains", |v, x| contains(&v, &x).map(Val::Bool)),
        op!("to_entries", |v| to_entries(&v)),
        op!("from_entries", |v| from_entries(&v)),
        op!("add", |v| ops::sum(values("add", &v)?.into_iter())),
        op!("reverse", |v| {
            let a = array("reverse", &v)?;
            Ok(a.iter().rev().cloned().collect())
        }),
        op!("indices", |v, x| indices("indices", Found::All, &v, &x)),
        op!("index", |v, x| indices("index", Found::First, &v, &x)),
        op!("rindex", |v, x| indices("rindex", Found::Last, &v, &x)),
        op!("flatten", |v| flatten_to(&v, -1.0)),
        op!("flatten", |v, depth| match num::to_f64(&depth) {
            None => Err(err::not_for("flatten", &depth)),
            Some(d) if d < 0.0 => {
                Err(err::message(format!(
                    "flatten depth should not be negative: {}",
                    json::preview(&depth)
                )))
            }
            Some(d) => flatten_to(&v, d.trunc()),
        }),
        op!("join", |v, sep| join(&v, &sep)),
        op!("sort", |v| sort("sort", &v, &v)),
        op!("_sort_by", |v, keys| sort("sort_by", &v, &keys)),
        op!("_group_by", |v, keys| Ok(group(&v, &keys)?
            .into_iter()
            .map(Val::arr)
            .collect())),
        op!("unique", |v| unique(&v, &v)),
        op!("_unique_by", |v, keys| unique(&v, &keys)),
        op!("min", |v| extreme("min", &v, &v, true)),
        op!("max", |v| extreme("max", &v, &v, false)),
        op!("_min_by", |v, keys| extreme("min_by", &v, &keys, true)),
        op!("_max_by", |v, keys| extreme("max_by", &v, &keys, false)),
        op!("transpose", |v| transpose(&v)),
        op!("bsearch", |v, x| bsearch(&v, &x)),
    ]
}
