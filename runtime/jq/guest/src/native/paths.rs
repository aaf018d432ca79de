//! Paths: getting, setting and deleting what they lead to, and assignment.

use std::rc::Rc;

use jaq_core::native::Fun;
use jaq_core::{Bind, Exn, Native, PathsPtr, RunPtr};

use super::{Data, op};
use crate::access::{bounds, index, position};
use crate::err::{self, Error, ValR};
use crate::num;
use crate::val::{Str, Val};

/// The longest array that an assignment makes.
const MAX_INDEX: i64 = 0x800_0000;

thread_local! {
    // Stands for a deleted value while there are more to delete, so that positions stay what they were. Known by its
    // address: no other value is it.
    static HOLE: Str = Str::from(&b"deleted"[..]);
}

fn hole() -> Val {
    HOLE.with(|s| Val::Str(s.clone()))
}

fn is_hole(v: &Val) -> bool {
    matches!(v, Val::Str(s) if HOLE.with(|hole| Rc::ptr_eq(hole, s)))
}

fn get(v: &Val, path: &[Val]) -> ValR {
    let mut at = v.clone();
    for step in path {
        at = match at {
            Val::Null | Val::Arr(_) | Val::Obj(_) => index(&at, step)?,
            _ => return Err(err::not_for1("getpath", v, &Val::arr(path.to_vec()))),
        };
    }
    Ok(at)
}

type Change<'f, E> = dyn FnMut(Val) -> Result<Val, E> + 'f;

/// Replace what is at `path` by what `f` makes of it. Without `create`, what is not there stays so; but a null on the way
/// becomes the empty object or array that the path asks for, as in gojq.
fn change<E: From<Error>>(
    v: &mut Val,
    path: &[Val],
    create: bool,
    f: &mut Change<'_, E>,
) -> Result<(), E> {
    let Some((step, rest)) = path.split_first() else {
        *v = f(std::mem::take(v))?;
        return Ok(());
    };
    if is_hole(v) {
        return Ok(());
    }
    match (&mut *v, step) {
        (Val::Null | Val::Obj(_), Val::Str(key)) => {
            if let Val::Null = v {
                *v = Val::obj(Vec::new());
            }
            let Val::Obj(o) = v else { return Ok(()) };
            if !create && o.get(key).is_none() {
                return Ok(());
            }
            change(Rc::make_mut(o).entry(key), rest, create, f)
        }
        (_, Val::Str(_)) => Err(err::expected("an object", v).into()),
        (Val::Null | Val::Arr(_), Val::Int(_) | Val::Float(_) | Val::Big(_)) => {
            if let Val::Null = v {
                *v = Val::arr(Vec::new());
            }
            let Val::Arr(a) = v else { return Ok(()) };
            let i = num::to_int(step).unwrap_or(0);
            let at = match position(i, a.len()) {
                Some(at) => at,
                None if !create => return Ok(()),
                None if i < 0 => {
                    return Err(
                        err::message(format!("array index should not be negative: {i}")).into(),
                    );
                }
                None if i >= MAX_INDEX => {
                    return Err(err::message(format!("array index too large: {i}")).into());
                }
                None => {
                    let at = usize::try_from(i).unwrap_or(0);
                    Rc::make_mut(a).resize(at + 1, Val::Null);
                    at
                }
            };
            match Rc::make_mut(a).get_mut(at) {
                Some(item) => change(item, rest, create, f),
                None => Ok(()),
            }
        }
        (Val::Null | Val::Arr(_), Val::Obj(range)) => {
            let (Some(start), Some(end)) = (range.get(b"start"), range.get(b"end")) else {
                return Err(err::expected("\"start\" and \"end\" for slicing", step).into());
            };
            if let Val::Null = v {
                *v = Val::arr(Vec::new());
            }
            let Val::Arr(a) = v else { return Ok(()) };
            let (start, end) = bounds("an array", Some(start), Some(end), a.len())?;
            if start == end && !create {
                return Ok(());
            }
            let mut part = Val::arr(a[start..end].to_vec());
            change(&mut part, rest, create, f)?;
            let put = match part {
                Val::Arr(put) => put.to_vec(),
                part if is_hole(&part) => vec![part; end - start],
                part => return Err(err::expected("an array", &part).into()),
            };
            Rc::make_mut(a).splice(start..end, put);
            Ok(())
        }
        (_, Val::Int(_) | Val::Float(_) | Val::Big(_) | Val::Obj(_)) => {
            Err(err::expected("an array", v).into())
        }
        (Val::Arr(_), _) => Err(err::expected("a number for indexing an array", step).into()),
        _ => Err(err::expected("a string for object key", step).into()),
    }
}

/// Take the holes out of what holds them, the deepest first, so that positions stay right.
fn sweep(v: &mut Val, paths: &[Val]) -> Result<(), Error> {
    if is_hole(v) {
        *v = Val::Null;
        return Ok(());
    }
    let mut paths: Vec<&[Val]> = paths
        .iter()
        .filter_map(|p| path_of("delpaths", v, p).ok())
        .collect();
    paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
    for (_, holder) in paths.into_iter().filter_map(|path| path.split_last()) {
        change::<Error>(v, holder, false, &mut |mut v| {
            match &mut v {
                Val::Arr(a) if a.iter().any(is_hole) => Rc::make_mut(a).retain(|v| !is_hole(v)),
                Val::Obj(o) if o.fields().iter().any(|(_, v)| is_hole(v)) => {
                    Rc::make_mut(o).retain(|v| !is_hole(v))
                }
                _ => {}
            }
            Ok(v)
        })?;
    }
    Ok(())
}

fn path_of<'a>(name: &str, v: &Val, path: &'a Val) -> Result<&'a [Val], Error> {
    if let Val::Arr(path) = path {
        Ok(path)
    } else {
        Err(err::not_for1(name, v, path))
    }
}

fn setpath(mut v: Val, path: &Val, x: &Val) -> ValR {
    let steps = path_of("setpath", &v, path)?;
    change::<Error>(&mut v, steps, true, &mut |_| Ok(x.clone()))?;
    Ok(v)
}

fn delpaths(mut v: Val, paths: &Val) -> ValR {
    let paths = path_of("delpaths", &v, paths)?;
    for path in paths {
        let Val::Arr(path) = path else {
            let why = err::expected("an array", path).to_string();
            return Err(err::failed1(
                "delpaths",
                &v,
                &Val::arr(paths.to_vec()),
                &why,
            ));
        };
        change::<Error>(&mut v, path, false, &mut |_| Ok(hole()))?;
    }
    sweep(&mut v, paths)?;
    Ok(v)
}

fn assign(mut v: Val, paths: &Val, x: &Val) -> ValR {
    for path in path_of("setpath", &v, paths)? {
        v = setpath(v, path, x)?;
    }
    Ok(v)
}

pub fn funs() -> Vec<Fun<Data>> {
    let getpath: RunPtr<Data> = |mut cv| {
        let path = cv.0.pop_var();
        jaq_core::native::bome(path_of("getpath", &cv.1, &path).and_then(|path| get(&cv.1, path)))
    };
    let getpath_path: PathsPtr<Data> = |mut cv| {
        let path = cv.0.pop_var();
        let (v, mut at) = cv.1;
        let found = path_of("getpath", &v, &path).map(|steps| {
            // A path may lead where nothing is.
            let found = get(&v, steps).unwrap_or_default();
            for step in steps {
                at = at.cons(step.clone());
            }
            (found, at)
        });
        Box::new(std::iter::once(found.map_err(Exn::from)))
    };
    // `paths |= f`, with all paths found beforehand. No output of `f` deletes.
    let modify: RunPtr<Data> = |mut cv| {
        let (f, ctx) = cv.0.pop_fun();
        let paths = cv.0.pop_var();
        let mut v = cv.1;
        let mut run = || -> Result<Val, Exn<'_, Val>> {
            let mut deleted = Vec::new();
            for path in path_of("setpath", &v, &paths)?.to_vec() {
                let steps = path_of("setpath", &v, &path)?;
                let old = get(&v, steps)?;
                match f.run((ctx.clone(), old)).next().transpose()? {
                    Some(new) => {
                        change::<Error>(&mut v, steps, true, &mut |_| Ok(new.clone()))?;
                    }
                    None => deleted.push(path),
                }
            }
            Ok(delpaths(std::mem::take(&mut v), &Val::arr(deleted))?)
        };
        let result = run();
        Box::new(std::iter::once(result))
    };
    vec![
        (
            "getpath",
            jaq_core::native::v(1),
            Native::<Data>::new(getpath).with_paths(getpath_path),
        ),
        op!("setpath", |v, path, x| setpath(v, &path, &x)),
        op!("delpaths", |v, paths| delpaths(v, &paths)),
        op!("_assign", |v, paths, x| assign(v, &paths, &x)),
        (
            "_modify",
            [Bind::Var(()), Bind::Fun(())].into(),
            Native::<Data>::new(modify),
        ),
    ]
}
