//! Terms that mean in jaq what the filter's author meant.
//!
//! jaq differs from the peers' jq where a term has several outputs, and in assignments. Most terms have exactly one
//! output; those keep jaq's own, faster form.

use super::parse::{Parser, Tree};
use super::terms::{extend, let_var};
use super::tree::{BinaryOp, Math, Opt, Part, Pattern, StrPart, Term};

// Variables that no filter can name.
const RIGHT: &str = "$ right";
const KEY: &str = "$ key";
const END: &str = "$ end";
const DOT: &str = "$ dot";
const VALUE: &str = "$ value";

/// Builtins that have exactly one output if their arguments have.
const ONE_OUTPUT: &[&str] = &[
    "null",
    "true",
    "false",
    "not",
    "length",
    "utf8bytelength",
    "keys",
    "has",
    "in",
    "inside",
    "contains",
    "map",
    "map_values",
    "to_entries",
    "from_entries",
    "with_entries",
    "add",
    "tonumber",
    "tostring",
    "type",
    "reverse",
    "indices",
    "index",
    "rindex",
    "startswith",
    "endswith",
    "ltrimstr",
    "rtrimstr",
    "ltrim",
    "rtrim",
    "trim",
    "explode",
    "implode",
    "split",
    "join",
    "ascii_downcase",
    "ascii_upcase",
    "tojson",
    "fromjson",
    "floor",
    "ceil",
    "round",
    "sqrt",
    "pow",
    "abs",
    "min",
    "max",
    "min_by",
    "max_by",
    "sort",
    "sort_by",
    "group_by",
    "unique",
    "unique_by",
    "flatten",
    "any",
    "all",
    "test",
    "getpath",
    "setpath",
    "delpaths",
    "del",
    "transpose",
    "todate",
    "fromdate",
    "mktime",
    "gmtime",
    "strftime",
    "strptime",
    "now",
    "walk",
    "isempty",
    "env",
    "_assign",
    "_modify",
];

/// Of these, the filters given as arguments are asked for any number of outputs.
const TAKES_ANY: &[&str] = &[
    "map",
    "map_values",
    "with_entries",
    "min_by",
    "max_by",
    "sort_by",
    "group_by",
    "unique_by",
    "any",
    "all",
    "del",
    "isempty",
    "add",
    "_modify",
    "path",
];

fn boxed<'s>(l: Tree<'s>, op: BinaryOp<'s>, r: Tree<'s>) -> Tree<'s> {
    Term::BinOp(Box::new(l), op, Box::new(r))
}

pub(super) fn text(s: &str) -> Tree<'_> {
    Term::Str(None, vec![StrPart::Str(s)])
}

pub(super) fn pipe<'s>(l: Tree<'s>, r: Tree<'s>) -> Tree<'s> {
    boxed(l, BinaryOp::Pipe(None), r)
}

/// Whether the term has exactly one output (or an error), for sure.
fn single(p: &Parser<'_>, term: &Tree<'_>) -> bool {
    let single = |t: &Tree<'_>| single(p, t);
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(_) => true,
        Term::Str(_, parts) => parts
            .iter()
            .all(|part| !matches!(part, StrPart::Term(t) if !single(t))),
        Term::Obj(entries) => entries
            .iter()
            .all(|(k, v)| single(k) && v.as_ref().is_none_or(single)),
        Term::Neg(t) | Term::Def(_, t) => single(t),
        Term::BinOp(l, op, r) => !matches!(op, BinaryOp::Comma) && single(l) && single(r),
        Term::IfThenElse(branches, otherwise) => {
            branches.iter().all(|(c, t)| single(c) && single(t))
                && otherwise.as_ref().is_none_or(|t| single(t))
        }
        Term::Fold("reduce", _, _, args) => args.first().is_some_and(single),
        Term::Path(base, path) => {
            single(base)
                && path.0.iter().all(|(part, opt)| match (part, opt) {
                    (_, Opt::Optional) | (Part::Range(None, None), _) => false,
                    (Part::Index(i), _) => single(i),
                    (Part::Range(from, to), _) => from.iter().chain(to).all(single),
                })
        }
        Term::Call(name, args) => {
            (name.starts_with('@') || ONE_OUTPUT.contains(name) && !p.defined.contains(name))
                && (TAKES_ANY.contains(name) || args.iter().all(single))
        }
        _ => false,
    }
}

/// Bind what may have several outputs to a variable, and use the variable.
fn settle<'s>(
    p: &Parser<'_>,
    term: Tree<'s>,
    x: &'s str,
    around: &mut Vec<(Tree<'s>, &'s str)>,
) -> Tree<'s> {
    if single(p, &term) {
        return term;
    }
    around.push((term, x));
    Term::Var(x)
}

fn wrap<'s>(around: Vec<(Tree<'s>, &'s str)>, body: Tree<'s>) -> Tree<'s> {
    around
        .into_iter()
        .rev()
        .fold(body, |body, (source, x)| let_var(source, x, body))
}

/// An operator. The outputs of the right side are the outer loop.
pub(super) fn binary<'s>(
    p: &mut Parser<'s>,
    l: Tree<'s>,
    op: BinaryOp<'static>,
    r: Tree<'s>,
) -> Tree<'s> {
    match op {
        BinaryOp::Math(_) | BinaryOp::Cmp(_) if !plain(&r) && !single(p, &l) => {
            let_var(r, RIGHT, boxed(l, op, Term::Var(RIGHT)))
        }
        BinaryOp::Assign => {
            let paths = paths(p, l);
            let assign = p.call("_assign", vec![paths, Term::Var(RIGHT)]);
            let_var(r, RIGHT, assign)
        }
        BinaryOp::Update => modify(p, l, r),
        BinaryOp::UpdateMath(math) => update(p, l, BinaryOp::Math(math), r),
        BinaryOp::UpdateAlt => update(p, l, BinaryOp::Alt, r),
        op => boxed(l, op, r),
    }
}

/// Whether the term has one output and cannot fail: when it is asked for makes no difference.
fn plain(term: &Tree<'_>) -> bool {
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) => true,
        Term::Str(None, parts) => !parts.iter().any(|part| matches!(part, StrPart::Term(_))),
        Term::Call(name, _) => matches!(*name, "null" | "true" | "false"),
        _ => false,
    }
}

fn paths<'s>(p: &mut Parser<'s>, l: Tree<'s>) -> Tree<'s> {
    Term::Arr(Some(Box::new(p.call("path", vec![l]))))
}

fn modify<'s>(p: &mut Parser<'s>, l: Tree<'s>, f: Tree<'s>) -> Tree<'s> {
    let paths = paths(p, l);
    p.call("_modify", vec![paths, f])
}

fn update<'s>(p: &mut Parser<'s>, l: Tree<'s>, op: BinaryOp<'s>, r: Tree<'s>) -> Tree<'s> {
    let f = boxed(Term::Id, op, Term::Var(RIGHT));
    let modify = modify(p, l, f);
    let_var(r, RIGHT, modify)
}

/// `term[part]`. The key's outputs are the outer loop.
pub(super) fn index<'s>(p: &Parser<'s>, term: Tree<'s>, part: Part<'s>) -> Tree<'s> {
    let mut around = Vec::new();
    // With the current value as the base there is no order to keep but that of the bounds.
    let part = match part {
        Part::Index(i) if matches!(term, Term::Id) => Part::Index(i),
        Part::Index(i) => Part::Index(settle(p, i, KEY, &mut around)),
        Part::Range(from, to) => {
            let to = to.map(|t| settle(p, t, END, &mut around));
            let from = from.map(|t| settle(p, t, KEY, &mut around));
            around.reverse();
            Part::Range(from, to)
        }
    };
    wrap(around, extend(term, part))
}

/// `term?`: of a path only its last part is tried.
pub(super) fn optional(term: Tree<'_>, is_path: bool) -> Tree<'_> {
    match term {
        Term::Path(base, mut path) if is_path => {
            if let Some((_, opt)) = path.0.last_mut() {
                *opt = Opt::Optional;
            }
            Term::Path(base, path)
        }
        term => Term::TryCatch(Box::new(term), None),
    }
}

/// A string with what is interpolated. The last interpolation is the outer loop.
pub(super) fn string<'s>(
    p: &mut Parser<'s>,
    format: Option<&'s str>,
    parts: Vec<StrPart<'s>>,
) -> Tree<'s> {
    if let Some(format) = format {
        p.calls.insert(format);
    }
    let several = |part: &StrPart<'s>| matches!(part, StrPart::Term(t) if !single(p, t));
    if parts.iter().filter(|part| several(part)).count() < 2 {
        return Term::Str(format, parts);
    }
    let strings = parts.into_iter().map(|part| Term::Str(format, vec![part]));
    strings
        .reduce(|l, r| binary(p, l, BinaryOp::Math(Math::Add), r))
        .unwrap_or_else(|| text(""))
}

/// `term as patterns | body`.
pub(super) fn bind<'s>(term: Tree<'s>, mut patterns: Vec<Pattern<'s>>, body: Tree<'s>) -> Tree<'s> {
    if patterns.len() == 1
        && let Some(pattern) = patterns.pop()
    {
        return boxed(term, BinaryOp::Pipe(Some(pattern)), body);
    }
    // Variables of all alternatives exist in each; an error tries the next one, with the value from before.
    let mut names = Vec::new();
    for pattern in &patterns {
        pattern.variables(&mut |x| {
            if !names.contains(&x) {
                names.push(x);
            }
        });
    }
    let attempts = patterns.into_iter().map(|pattern| {
        let bound = boxed(
            Term::Var(VALUE),
            BinaryOp::Pipe(Some(pattern)),
            body.clone(),
        );
        let bound = names
            .iter()
            .fold(bound, |t, x| let_var(Term::Call("null", Vec::new()), x, t));
        pipe(Term::Var(DOT), bound)
    });
    let attempts = attempts
        .rev()
        .reduce(|rest, first| Term::TryCatch(Box::new(first), Some(Box::new(rest))));
    let_var(
        Term::Id,
        DOT,
        let_var(term, VALUE, attempts.unwrap_or_default()),
    )
}

/// `reduce`: the last output of the update is the next state; no output keeps the state.
pub(super) fn reduce<'s>(
    p: &mut Parser<'s>,
    source: Tree<'s>,
    pattern: Pattern<'s>,
    init: Tree<'s>,
    update: Tree<'s>,
) -> Tree<'s> {
    let update = if single(p, &update) {
        update
    } else {
        p.call("_last_or_same", vec![update])
    };
    Term::Fold("reduce", Box::new(source), pattern, vec![init, update])
}

/// `foreach`: each output of the update is shown, the last one is the next state.
pub(super) fn foreach<'s>(
    p: &mut Parser<'s>,
    source: Tree<'s>,
    pattern: Pattern<'s>,
    init: Tree<'s>,
    update: Tree<'s>,
    extract: Option<Tree<'s>>,
) -> Tree<'s> {
    if single(p, &update) {
        let args = [init, update].into_iter().chain(extract).collect();
        return Term::Fold("foreach", Box::new(source), pattern, args);
    }
    // The state is the state and what is to be shown: `[state, [outputs]]`.
    let init = pipe(
        init,
        Term::Arr(Some(Box::new(boxed(
            Term::Id,
            BinaryOp::Comma,
            Term::Arr(None),
        )))),
    );
    let state = extend(Term::Id, Part::Index(Term::Num("0")));
    let update = p.call("_step", vec![pipe(state, update)]);
    let outputs = extend(
        extend(Term::Id, Part::Index(Term::Num("1"))),
        Part::Range(None, None),
    );
    let shown = match extract {
        Some(extract) => pipe(outputs, extract),
        None => outputs,
    };
    Term::Fold(
        "foreach",
        Box::new(source),
        pattern,
        vec![init, update, shown],
    )
}
