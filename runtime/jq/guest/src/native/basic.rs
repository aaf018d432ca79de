//! Constants, types, errors, generators.

use std::cell::{Cell, RefCell};

use jaq_core::native::Fun;
use jaq_core::{Bind, Exn, Native};

use super::{Data, Outputs, op};
use hookbox_jq_syntax::BUILTINS;

use crate::err::{self, Error, ValR};
use crate::json;
use crate::num;
use crate::ops;
use crate::val::{Val, compare};

thread_local! {
    static NOW: Cell<f64> = const { Cell::new(0.0) };
    static HALT: RefCell<Option<Val>> = const { RefCell::new(None) };
}

/// Set what `now` answers, in seconds since 1970.
pub fn set_now(seconds: f64) {
    NOW.set(seconds);
}

/// What `halt_error` was called on, since last asked.
pub fn take_halt() -> Option<Val> {
    HALT.take()
}

pub fn not(v: &Val) -> bool {
    matches!(v, Val::Null | Val::Bool(false))
}

fn length(v: &Val) -> ValR {
    Ok(match v {
        Val::Null => Val::Int(0),
        Val::Str(s) => Val::size(ops::chars(s).count()),
        Val::Arr(a) => Val::size(a.len()),
        Val::Obj(o) => Val::size(o.len()),
        v => num::abs(v).ok_or_else(|| err::not_for("length", v))?,
    })
}

/// Names with their numbers of arguments, as `map/1`: those that gojq tells.
fn builtins() -> Val {
    const UNTOLD: [&str; 4] = ["false/0", "last/1", "null/0", "true/0"];
    const NOT_HERE: [&str; 4] = ["debug/1", "input/0", "inputs/0", "modulemeta/0"];
    let known = BUILTINS
        .iter()
        .filter(|(name, _)| !name.starts_with(['_', '@']))
        .flat_map(|(name, arities)| arities.iter().map(move |n| format!("{name}/{n}")))
        .filter(|told| !UNTOLD.contains(&told.as_str()));
    let mut told: Vec<String> = known.chain(NOT_HERE.map(str::to_owned)).collect();
    told.sort_unstable();
    told.iter().map(|told| Val::str(told)).collect()
}

fn tonumber(v: &Val) -> ValR {
    match v {
        Val::Int(_) | Val::Big(_) | Val::Float(_) => Ok(v.clone()),
        Val::Str(s) => {
            let text = std::str::from_utf8(s).ok().filter(|s| is_number(s));
            let text = text.map(|s| s.strip_prefix('+').unwrap_or(s));
            text.map(num::parse).ok_or_else(|| {
                err::message(format!(
                    "tonumber cannot be applied to {}: invalid number",
                    json::preview(v)
                ))
            })
        }
        v => Err(err::not_for("tonumber", v)),
    }
}

/// `[+-] digits [. digits] [e digits]`, where one side of the point may be empty.
fn is_number(s: &str) -> bool {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let s = s.strip_prefix(['+', '-']).unwrap_or(s);
    let (mantissa, exponent) = match s.split_once(['e', 'E']) {
        Some((m, e)) => (m, Some(e.strip_prefix(['+', '-']).unwrap_or(e))),
        None => (s, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| !e.is_empty() && digits(e))
}

fn fromjson(v: &Val) -> ValR {
    let Val::Str(s) = v else {
        return Err(err::not_for("fromjson", v));
    };
    json::read(s).map_err(|e| {
        let why = match e {
            json::ReadError::Syntax(expected, at) => format!("expected {expected} at byte {at}"),
            json::ReadError::Depth => "nested too deeply".into(),
        };
        err::message(format!(
            "fromjson cannot be applied to {}: {why}",
            json::preview(v)
        ))
    })
}

fn range_number(v: &Val) -> Result<(), Error> {
    if num::to_f64(v).is_some() {
        Ok(())
    } else {
        Err(err::not_for("range", v))
    }
}

fn range<'a>(from: Val, to: Val, by: Val) -> Outputs<'a> {
    if let Some(e) = [&from, &to, &by]
        .into_iter()
        .find_map(|v| range_number(v).err())
    {
        return Box::new(std::iter::once(Err(Exn::from(e))));
    }
    let direction = compare(&by, &Val::Int(0));
    let mut next = from;
    Box::new(std::iter::from_fn(move || {
        if direction.is_eq() || compare(&next, &to) != direction.reverse() {
            return None;
        }
        let after = num::add(&next, &by).unwrap_or_default();
        Some(Ok(std::mem::replace(&mut next, after)))
    }))
}

/// The filter's own error.
fn fail<'a, T: 'a>(v: Val) -> jaq_core::box_iter::BoxIter<'a, Result<T, Exn<'a, Val>>> {
    Box::new(std::iter::once(Err(Exn::from(Error::new(v)))))
}

pub fn funs() -> Vec<Fun<Data>> {
    let one_fun = || -> Box<[Bind]> { [Bind::Fun(())].into() };
    let mut funs = vec![
        op!("null", |_v| Ok(Val::Null)),
        op!("true", |_v| Ok(Val::Bool(true))),
        op!("false", |_v| Ok(Val::Bool(false))),
        op!("not", |v| Ok(Val::Bool(not(&v)))),
        op!("env", |_v| Ok(Val::obj(Vec::new()))),
        op!("now", |_v| Ok(Val::Float(NOW.get()))),
        op!("builtins", |_v| Ok(builtins())),
        op!("type", |v| Ok(Val::str(v.type_name()))),
        op!("length", |v| length(&v)),
        op!("tonumber", |v| tonumber(&v)),
        op!("tostring", |v| Ok(jaq_core::ValT::into_string(v))),
        op!("tojson", |v| Ok(Val::bytes(json::to_json(&v)))),
        op!("fromjson", |v| fromjson(&v)),
        op!("_plus", |v| {
            match num::to_f64(&v) {
                Some(_) => Ok(v),
                None => Err(err::message(format!("cannot plus: {}", err::shown(&v)))),
            }
        }),
    ];
    // These are at home in paths too: no path comes of them.
    let empty: jaq_core::RunPtr<Data> = |_| Box::new(std::iter::empty());
    let empty_path: jaq_core::PathsPtr<Data> = |_| Box::new(std::iter::empty());
    funs.push((
        "empty",
        jaq_core::native::v(0),
        Native::<Data>::new(empty).with_paths(empty_path),
    ));
    let error: jaq_core::RunPtr<Data> = |cv| fail(cv.1);
    let error_path: jaq_core::PathsPtr<Data> = |cv| fail(cv.1.0);
    funs.push((
        "error",
        jaq_core::native::v(0),
        Native::<Data>::new(error).with_paths(error_path),
    ));
    let error1: jaq_core::RunPtr<Data> = |mut cv| fail(cv.0.pop_var());
    let error1_path: jaq_core::PathsPtr<Data> = |mut cv| fail(cv.0.pop_var());
    funs.push((
        "error",
        jaq_core::native::v(1),
        Native::<Data>::new(error1).with_paths(error1_path),
    ));
    let halt: jaq_core::RunPtr<Data> = |_| Box::new(std::iter::once(Err(Exn::halt(0))));
    funs.push(("halt", jaq_core::native::v(0), Native::<Data>::new(halt)));
    let halt_error: jaq_core::RunPtr<Data> = |cv| {
        HALT.set(Some(cv.1));
        Box::new(std::iter::once(Err(Exn::halt(5))))
    };
    funs.push((
        "halt_error",
        jaq_core::native::v(0),
        Native::<Data>::new(halt_error),
    ));
    let halt_error1: jaq_core::RunPtr<Data> = |mut cv| {
        let code = cv.0.pop_var();
        if num::to_int(&code).is_none() {
            return Box::new(std::iter::once(Err(Exn::from(err::not_for(
                "halt_error",
                &code,
            )))));
        }
        HALT.set(Some(cv.1));
        Box::new(std::iter::once(Err(Exn::halt(5))))
    };
    funs.push((
        "halt_error",
        jaq_core::native::v(1),
        Native::<Data>::new(halt_error1),
    ));
    let range_fun: jaq_core::RunPtr<Data> = |mut cv| {
        let by = cv.0.pop_var();
        let to = cv.0.pop_var();
        let from = cv.0.pop_var();
        range(from, to, by)
    };
    funs.push((
        "range",
        jaq_core::native::v(3),
        Native::<Data>::new(range_fun),
    ));
    // The last output, or the input when there is none.
    let last_or_same: jaq_core::RunPtr<Data> = |mut cv| {
        let (f, ctx) = cv.0.pop_fun();
        let mut last = Ok(cv.1.clone());
        for output in f.run((ctx, cv.1)) {
            let failed = output.is_err();
            last = output;
            if failed {
                break;
            }
        }
        Box::new(std::iter::once(last))
    };
    let last_or_same_path: jaq_core::PathsPtr<Data> = |mut cv| {
        let (f, ctx) = cv.0.pop_fun();
        let mut last = Ok(cv.1.clone());
        for output in f.paths((ctx, cv.1)) {
            let failed = output.is_err();
            last = output;
            if failed {
                break;
            }
        }
        Box::new(std::iter::once(last))
    };
    funs.push((
        "_last_or_same",
        one_fun(),
        Native::<Data>::new(last_or_same).with_paths(last_or_same_path),
    ));
    // From `[state, _]` to `[last output or state, [outputs]]`.
    let step: jaq_core::RunPtr<Data> = |mut cv| {
        let (f, ctx) = cv.0.pop_fun();
        let state = if let Val::Arr(a) = &cv.1 {
            a.first().cloned().unwrap_or_default()
        } else {
            Val::Null
        };
        let outputs = f.run((ctx, cv.1)).collect::<Result<Vec<_>, _>>();
        let stepped =
            outputs.map(|o| Val::arr(vec![o.last().cloned().unwrap_or(state), Val::arr(o)]));
        Box::new(std::iter::once(stepped))
    };
    funs.push(("_step", one_fun(), Native::<Data>::new(step)));
    // jaq's own, under names that the prelude wraps.
    funs.extend(jaq_core::funs::<Data>().filter_map(|(name, binds, f)| {
        let name = match name {
            "path" | "first" => name,
            "limit" => "_limit",
            "skip" => "_skip",
            "last" => "_last",
            _ => return None,
        };
        Some((name, binds, f))
    }));
    funs
}
