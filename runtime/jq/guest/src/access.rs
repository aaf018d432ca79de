//! How jaq reaches into values: indexing, slices, iteration.

use std::fmt;

use jaq_core::Exn;
use jaq_core::box_iter::box_once;
use jaq_core::path::Opt;
use jaq_core::val::{Range, ValT, ValX};

use crate::err::{self, Error, ValR};
use crate::json;
use crate::num;
use crate::ops::chars;
use crate::val::{Str, Val};

impl fmt::Display for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Val::Str(s) => f.write_str(&Val::text(s)),
            v => f.write_str(&Val::text(&json::to_json(v))),
        }
    }
}

impl From<bool> for Val {
    fn from(b: bool) -> Self {
        Val::Bool(b)
    }
}

impl From<isize> for Val {
    fn from(i: isize) -> Self {
        Val::Int(i as i64)
    }
}

impl From<String> for Val {
    fn from(s: String) -> Self {
        Val::bytes(s.into_bytes())
    }
}

impl From<Range<Val>> for Val {
    fn from(range: Range<Val>) -> Self {
        Val::record([
            ("end", range.end.unwrap_or_default()),
            ("start", range.start.unwrap_or_default()),
        ])
    }
}

impl FromIterator<Val> for Val {
    fn from_iter<I: IntoIterator<Item = Val>>(iter: I) -> Self {
        Val::arr(iter.into_iter().collect())
    }
}

/// Where a negative index counts from the end, and all is kept within bounds.
pub fn clamp(i: i64, min: usize, len: usize) -> usize {
    let i = if i < 0 {
        i.saturating_add(len as i64)
    } else {
        i
    };
    usize::try_from(i).unwrap_or(0).clamp(min.min(len), len)
}

/// The position that an index means; none if it is outside of the array.
pub fn position(i: i64, len: usize) -> Option<usize> {
    let i = if i < 0 { i.checked_add(len as i64)? } else { i };
    usize::try_from(i).ok().filter(|i| *i < len)
}

/// The bounds of a slice of something of this length.
pub fn bounds(
    what: &str,
    start: Option<&Val>,
    end: Option<&Val>,
    len: usize,
) -> Result<(usize, usize), Error> {
    let int = |v: &Val| {
        num::to_int(v).ok_or_else(|| err::expected(&format!("a number for indexing {what}"), v))
    };
    let given = |v: Option<&Val>| v.filter(|v| !matches!(v, Val::Null)).map(int).transpose();
    let start = given(start)?.map_or(0, |i| clamp(i, 0, len));
    let end = given(end)?.map_or(len, |i| clamp(i, start, len));
    Ok((start, end.max(start)))
}

/// Where the `array` begins with `part`.
pub fn indices<'a>(array: &'a [Val], part: &'a [Val]) -> impl Iterator<Item = usize> + 'a {
    let windows = array.windows(part.len().max(1)).enumerate();
    windows
        .filter(move |(_, w)| !part.is_empty() && *w == part)
        .map(|(i, _)| i)
}

/// `v[i]`.
pub fn index(v: &Val, i: &Val) -> ValR {
    match (v, i) {
        (
            Val::Null,
            Val::Str(_) | Val::Int(_) | Val::Float(_) | Val::Big(_) | Val::Arr(_) | Val::Obj(_),
        ) => Ok(Val::Null),
        (Val::Obj(o), Val::Str(k)) => Ok(o.get(k).cloned().unwrap_or_default()),
        (_, Val::Str(_)) => Err(err::expected("an object", v)),
        (Val::Arr(a), Val::Int(_) | Val::Float(_) | Val::Big(_)) => {
            let at = num::to_int(i).and_then(|i| position(i, a.len()));
            Ok(at.and_then(|i| a.get(i).cloned()).unwrap_or_default())
        }
        (Val::Str(s), Val::Int(_) | Val::Float(_) | Val::Big(_)) => {
            let at = num::to_int(i).and_then(|i| position(i, chars(s).count()));
            Ok(at
                .and_then(|i| chars(s).nth(i))
                .map_or(Val::Null, |c| Val::Str(Str::from(c))))
        }
        (Val::Arr(a), Val::Arr(part)) => Ok(indices(a, part).map(Val::size).collect()),
        (_, Val::Int(_) | Val::Float(_) | Val::Big(_) | Val::Arr(_)) => {
            Err(err::expected("an array", v))
        }
        (_, Val::Obj(range)) => match (range.get(b"start"), range.get(b"end")) {
            (Some(start), Some(end)) => slice(v, Some(start), Some(end)),
            _ => Err(err::expected("\"start\" and \"end\" for slicing", i)),
        },
        (Val::Arr(_), _) => Err(err::expected("a number for indexing an array", i)),
        (Val::Str(_), _) => Err(err::expected("a number for indexing a string", i)),
        _ => Err(err::expected("a string for object key", i)),
    }
}

/// `v[start:end]`.
pub fn slice(v: &Val, start: Option<&Val>, end: Option<&Val>) -> ValR {
    match v {
        Val::Null => Ok(Val::Null),
        Val::Arr(a) => {
            let (start, end) = bounds("an array", start, end, a.len())?;
            Ok(Val::arr(a[start..end].to_vec()))
        }
        Val::Str(s) => {
            let (start, end) = bounds("a string", start, end, chars(s).count())?;
            let skipped: usize = chars(s).take(start).map(<[u8]>::len).sum();
            let taken: usize = chars(s)
                .skip(start)
                .take(end - start)
                .map(<[u8]>::len)
                .sum();
            Ok(Val::Str(Str::from(&s[skipped..skipped + taken])))
        }
        v => Err(err::expected("an array", v)),
    }
}

fn not_iterable(v: &Val) -> Error {
    err::message(format!("cannot iterate over: {}", err::shown(v)))
}

fn unreachable_update<'a>() -> ValX<'a, Val> {
    // Assignments are made with paths (see `paths.rs`); jaq's own are never compiled.
    Err(Exn::from(err::message("assignment without a path")))
}

impl ValT for Val {
    fn from_num(n: &str) -> ValR {
        Ok(num::parse(n))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(iter: I) -> ValR {
        let field = |(k, v)| match k {
            Val::Str(k) => Ok((k, v)),
            k => Err(err::expected("a string for object key", &k)),
        };
        Ok(Val::obj(
            iter.into_iter().map(field).collect::<Result<_, _>>()?,
        ))
    }

    fn key_values(self) -> Box<dyn Iterator<Item = Result<(Val, Val), Error>>> {
        match self {
            Val::Arr(a) => Box::new((0..a.len()).map(move |i| Ok((Val::size(i), a[i].clone())))),
            Val::Obj(o) => Box::new((0..o.len()).map(move |i| {
                let (k, v) = &o.fields()[i];
                Ok((Val::Str(k.clone()), v.clone()))
            })),
            v => box_once(Err(not_iterable(&v))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR>> {
        match self {
            Val::Arr(a) => Box::new((0..a.len()).map(move |i| Ok(a[i].clone()))),
            Val::Obj(o) => Box::new((0..o.len()).map(move |i| Ok(o.fields()[i].1.clone()))),
            v => box_once(Err(not_iterable(&v))),
        }
    }

    fn index(self, i: &Self) -> ValR {
        index(&self, i)
    }

    fn range(self, range: Range<&Self>) -> ValR {
        slice(&self, range.start, range.end)
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        unreachable_update()
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: &Self,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        unreachable_update()
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: Range<&Self>,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        unreachable_update()
    }

    fn as_bool(&self) -> bool {
        !matches!(self, Val::Null | Val::Bool(false))
    }

    fn into_string(self) -> Self {
        match self {
            Val::Str(_) => self,
            v => Val::bytes(json::to_json(&v)),
        }
    }
}
