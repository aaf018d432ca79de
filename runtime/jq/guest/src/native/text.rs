//! Strings.

use jaq_core::native::Fun;

use super::collections::array;
use super::{Data, op};
use crate::err::{self, Error, ValR};
use crate::num;
use crate::ops;
use crate::val::{Str, Val};

pub fn string<'a>(name: &str, v: &'a Val) -> Result<&'a Str, Error> {
    if let Val::Str(s) = v {
        Ok(s)
    } else {
        Err(err::not_for(name, v))
    }
}

fn strings<'a>(name: &str, v: &'a Val, x: &'a Val) -> Result<(&'a Str, &'a Str), Error> {
    match (v, x) {
        (Val::Str(s), Val::Str(x)) => Ok((s, x)),
        _ => Err(err::not_for1(name, v, x)),
    }
}

fn cut(s: &Str, cut: Option<&[u8]>) -> Val {
    Val::Str(cut.map_or_else(|| s.clone(), Str::from))
}

fn trimmed(name: &str, v: &Val, f: fn(&str) -> &str) -> ValR {
    let s = string(name, v)?;
    Ok(Val::str(f(&Val::text(s))))
}

fn explode(v: &Val) -> ValR {
    let code = |c: &[u8]| {
        let c = std::str::from_utf8(c).ok().and_then(|c| c.chars().next());
        Val::Int(i64::from(u32::from(
            c.unwrap_or(char::REPLACEMENT_CHARACTER),
        )))
    };
    Ok(ops::chars(string("explode", v)?).map(code).collect())
}

fn implode(v: &Val) -> ValR {
    let mut out = String::new();
    for code in array("implode", v)?.iter() {
        let code = num::to_int(code).ok_or_else(|| err::not_for("implode", v))?;
        let c = u32::try_from(code).ok().and_then(char::from_u32);
        out.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(Val::bytes(out.into_bytes()))
}

fn split(v: &Val, sep: &Val) -> ValR {
    let s = string("split", v)?;
    let sep = string("split", sep)?;
    Ok(Val::arr(if s.is_empty() && sep.is_empty() {
        Vec::new()
    } else {
        ops::split(s, sep)
    }))
}

pub fn funs() -> Vec<Fun<Data>> {
    vec![
        op!("utf8bytelength", |v| Ok(Val::size(
            string("utf8bytelength", &v)?.len()
        ))),
        op!("startswith", |v, x| strings("startswith", &v, &x)
            .map(|(s, x)| Val::Bool(s.starts_with(x)))),
        op!("endswith", |v, x| strings("endswith", &v, &x)
            .map(|(s, x)| Val::Bool(s.ends_with(x)))),
        op!("ltrimstr", |v, x| strings("ltrimstr", &v, &x)
            .map(|(s, x)| cut(s, s.strip_prefix(x.as_ref())))),
        op!("rtrimstr", |v, x| strings("rtrimstr", &v, &x)
            .map(|(s, x)| cut(s, s.strip_suffix(x.as_ref())))),
        op!("trim", |v| trimmed("trim", &v, str::trim)),
        op!("ltrim", |v| trimmed("ltrim", &v, str::trim_start)),
        op!("rtrim", |v| trimmed("rtrim", &v, str::trim_end)),
        op!("explode", |v| explode(&v)),
        op!("implode", |v| implode(&v)),
        op!("split", |v, sep| split(&v, &sep)),
        op!("ascii_downcase", |v| Ok(Val::bytes(
            string("ascii_downcase", &v)?.to_ascii_lowercase()
        ))),
        op!("ascii_upcase", |v| Ok(Val::bytes(
            string("ascii_upcase", &v)?.to_ascii_uppercase()
        ))),
    ]
}
