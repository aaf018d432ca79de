//! Regular expressions: Go's dialect, in time linear to the text.

mod dialect;

use std::cell::RefCell;

use jaq_core::native::Fun;
use jaq_core::{Bind, Exn, Native, RunPtr};
use regex_automata::meta::Regex;
use regex_automata::util::captures::Captures;
use regex_syntax::ast::{self, Ast};

use super::{Data, op};
use crate::err::{self, Error, ValR};
use crate::json;
use crate::ops;
use crate::val::{Str, Val};

/// Bytes that one compiled expression may take.
const MAX_SIZE: usize = 4 << 20;
/// Compiled expressions that are kept.
const KEPT: usize = 16;

thread_local! {
    static COMPILED: RefCell<Vec<(String, Regex)>> = const { RefCell::new(Vec::new()) };
}

/// `\d`, `\s`, `\w` and `\b` know only ASCII in Go, while `.` and classes know all characters.
fn ascii_perl(ast: &mut Ast) {
    match ast {
        Ast::ClassPerl(perl) => {
            let class = ascii_class(perl);
            *ast = Ast::ClassBracketed(Box::new(ast::ClassBracketed {
                span: class.span,
                negated: false,
                kind: ast::ClassSet::Item(ast::ClassSetItem::Ascii(class)),
            }));
        }
        Ast::ClassBracketed(class) => class_set(&mut class.kind),
        Ast::Assertion(assertion)
            if matches!(
                assertion.kind,
                ast::AssertionKind::WordBoundary | ast::AssertionKind::NotWordBoundary
            ) =>
        {
            let span = assertion.span;
            let flag = |kind| ast::FlagsItem { span, kind };
            let items = vec![
                flag(ast::FlagsItemKind::Negation),
                flag(ast::FlagsItemKind::Flag(ast::Flag::Unicode)),
            ];
            *ast = Ast::group(ast::Group {
                span,
                kind: ast::GroupKind::NonCapturing(ast::Flags { span, items }),
                ast: Box::new(Ast::Assertion(assertion.clone())),
            });
        }
        Ast::Repetition(r) => ascii_perl(&mut r.ast),
        Ast::Group(g) => ascii_perl(&mut g.ast),
        Ast::Alternation(a) => a.asts.iter_mut().for_each(ascii_perl),
        Ast::Concat(c) => c.asts.iter_mut().for_each(ascii_perl),
        _ => {}
    }
}

/// Whether a repetition is repeated, as in `a**`, without a group between: Go refuses that.
fn stacked(ast: &Ast) -> bool {
    match ast {
        Ast::Repetition(r) => matches!(&*r.ast, Ast::Repetition(_)) || stacked(&r.ast),
        Ast::Group(g) => stacked(&g.ast),
        Ast::Alternation(a) => a.asts.iter().any(stacked),
        Ast::Concat(c) => c.asts.iter().any(stacked),
        _ => false,
    }
}

fn ascii_class(perl: &ast::ClassPerl) -> ast::ClassAscii {
    let kind = match perl.kind {
        ast::ClassPerlKind::Digit => ast::ClassAsciiKind::Digit,
        ast::ClassPerlKind::Space => ast::ClassAsciiKind::Space,
        ast::ClassPerlKind::Word => ast::ClassAsciiKind::Word,
    };
    ast::ClassAscii {
        span: perl.span,
        kind,
        negated: perl.negated,
    }
}

fn class_set(set: &mut ast::ClassSet) {
    match set {
        ast::ClassSet::Item(item) => class_item(item),
        ast::ClassSet::BinaryOp(op) => {
            class_set(&mut op.lhs);
            class_set(&mut op.rhs);
        }
    }
}

fn class_item(item: &mut ast::ClassSetItem) {
    match item {
        ast::ClassSetItem::Perl(perl) => *item = ast::ClassSetItem::Ascii(ascii_class(perl)),
        ast::ClassSetItem::Bracketed(class) => class_set(&mut class.kind),
        ast::ClassSetItem::Union(union) => union.items.iter_mut().for_each(class_item),
        _ => {}
    }
}

fn compile(re: &str, flags: &str) -> Result<Regex, Error> {
    if flags.chars().any(|c| !matches!(c, 'g' | 'i' | 'm')) {
        return Err(err::message(format!(
            "unsupported regular expression flag: {flags:?}"
        )));
    }
    let bad = |why: &dyn std::fmt::Display| {
        let why = why.to_string();
        let why = why
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        err::message(format!(
            "invalid regular expression {}: {why}",
            json::preview(&Val::str(re))
        ))
    };
    let pattern = dialect::rewrite(re).map_err(|e| bad(&e))?;
    let mut ast = ast::parse::ParserBuilder::new()
        .nest_limit(250)
        .build()
        .parse(&pattern)
        .map_err(|e| bad(&e))?;
    if stacked(&ast) {
        return Err(bad(&"a repetition of a repetition"));
    }
    ascii_perl(&mut ast);
    let hir = regex_syntax::hir::translate::TranslatorBuilder::new()
        .case_insensitive(flags.contains('i'))
        .dot_matches_new_line(flags.contains('m'))
        .build()
        .translate(&pattern, &ast)
        .map_err(|e| bad(&e))?;
    let config = Regex::config().nfa_size_limit(Some(MAX_SIZE));
    Regex::builder()
        .configure(config)
        .build_from_hir(&hir)
        .map_err(|e| bad(&e))
}

fn compiled(re: &str, flags: &str) -> Result<Regex, Error> {
    let key = format!("{flags}/{re}");
    COMPILED.with_borrow_mut(|kept| {
        if let Some((_, regex)) = kept.iter().find(|(k, _)| *k == key) {
            return Ok(regex.clone());
        }
        let regex = compile(re, flags)?;
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((key, regex.clone()));
        Ok(regex)
    })
}

/// Text that is searched, and how many characters there are before a byte: asked for in growing order.
struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
    chars: usize,
}

impl Text<'_> {
    fn chars_before(&mut self, byte: usize) -> i64 {
        if byte < self.at {
            (self.at, self.chars) = (0, 0);
        }
        self.chars += ops::chars(&self.bytes[self.at..byte]).count();
        self.at = byte;
        self.chars as i64
    }

    fn part(&mut self, start: usize, end: usize) -> [(&'static str, Val); 3] {
        let offset = self.chars_before(start);
        let length = self.chars_before(end) - offset;
        [
            ("offset", Val::Int(offset)),
            ("length", Val::Int(length)),
            ("string", Val::Str(Str::from(&self.bytes[start..end]))),
        ]
    }

    fn matched(&mut self, caps: &Captures) -> Val {
        let captures = caps.iter().enumerate().skip(1).map(|(i, span)| {
            let name = caps
                .pattern()
                .and_then(|p| caps.group_info().to_name(p, i))
                .map_or(Val::Null, Val::str);
            let [offset, length, string] = match span {
                Some(span) => self.part(span.start, span.end),
                None => [
                    ("offset", Val::Int(-1)),
                    ("length", Val::Int(0)),
                    ("string", Val::Null),
                ],
            };
            Val::record([("name", name), offset, length, string])
        });
        let captures: Val = captures.collect();
        let span = caps.get_match().map_or(0..0, |m| m.range());
        let [offset, length, string] = self.part(span.start, span.end);
        Val::record([("captures", captures), offset, length, string])
    }
}

fn arguments(name: &str, v: &Val, re: &Val, flags: &Val) -> Result<(Str, Regex, bool), Error> {
    let flags = match flags {
        Val::Null => Some(String::new()),
        Val::Str(s) => Some(Val::text(s).into_owned()),
        _ => None,
    };
    match (v, re, flags) {
        (Val::Str(s), Val::Str(re), Some(flags)) => {
            let global = flags.contains('g');
            Ok((s.clone(), compiled(&Val::text(re), &flags)?, global))
        }
        _ => Err(err::not_for1(name, v, re)),
    }
}

fn find(name: &str, v: &Val, re: &Val, flags: &Val) -> Result<Vec<Val>, Error> {
    let (s, regex, global) = arguments(name, v, re, flags)?;
    let mut text = Text {
        bytes: &s,
        at: 0,
        chars: 0,
    };
    let limit = if global { usize::MAX } else { 1 };
    Ok(regex
        .captures_iter(s.as_ref())
        .take(limit)
        .map(|caps| text.matched(&caps))
        .collect())
}

fn test(v: &Val, re: &Val, flags: &Val) -> ValR {
    let (s, regex, _) = arguments("test", v, re, flags)?;
    Ok(Val::Bool(regex.is_match(s.as_ref())))
}

fn split(v: &Val, re: &Val, flags: &Val) -> ValR {
    let (s, regex, _) = arguments("split", v, re, flags)?;
    let mut parts = Vec::new();
    let mut start = 0;
    let mut last = 0;
    for m in regex.find_iter(s.as_ref()) {
        // An empty match at the end splits nothing off.
        last = m.start();
        if m.end() != 0 {
            parts.push(Val::Str(Str::from(&s[start..m.start()])));
        }
        start = m.end();
    }
    if last != s.len() || parts.is_empty() {
        parts.push(Val::Str(Str::from(&s[start..])));
    }
    Ok(Val::arr(parts))
}

fn captured(m: &Val) -> ValR {
    let Val::Obj(m) = m else {
        return Err(err::expected("an object", m));
    };
    let Some(Val::Arr(captures)) = m.get(b"captures") else {
        return Err(err::expected("an array", &Val::Null));
    };
    let fields = captures.iter().filter_map(|c| match c {
        Val::Obj(c) => match c.get(b"name") {
            Some(Val::Str(name)) => {
                Some((name.clone(), c.get(b"string").cloned().unwrap_or_default()))
            }
            _ => None,
        },
        _ => None,
    });
    Ok(Val::obj(fields.collect()))
}

/// The parts of the text between matches, and each match's named captures.
fn pieces(v: &Val, re: &Val, flags: &Val) -> Result<(Vec<Str>, Vec<Val>), Error> {
    let (s, regex, global) = arguments("match", v, re, flags)?;
    let mut text = Text {
        bytes: &s,
        at: 0,
        chars: 0,
    };
    let (mut between, mut matches, mut end) = (Vec::new(), Vec::new(), 0);
    let limit = if global { usize::MAX } else { 1 };
    for caps in regex.captures_iter(s.as_ref()).take(limit) {
        let span = caps.get_match().map_or(0..0, |m| m.range());
        between.push(Str::from(&s[end..span.start]));
        end = span.end;
        matches.push(captured(&text.matched(&caps))?);
    }
    between.push(Str::from(&s[end..]));
    Ok((between, matches))
}

pub fn funs() -> Vec<Fun<Data>> {
    // Each match is replaced by an output of the filter; with several outputs, those of the last match are the
    // outer loop.
    let sub: RunPtr<Data> = |mut cv| {
        let flags = cv.0.pop_var();
        let (f, ctx) = cv.0.pop_fun();
        let re = cv.0.pop_var();
        let v = cv.1;
        let run = || -> Result<Vec<Val>, Exn<'_, Val>> {
            let (between, matches) = pieces(&v, &re, &flags)?;
            let mut ends = vec![Val::Str(
                between
                    .last()
                    .cloned()
                    .unwrap_or_else(|| Str::from(&b""[..])),
            )];
            for (before, m) in between.iter().zip(matches).rev() {
                let outputs = f.run((ctx.clone(), m)).collect::<Result<Vec<_>, _>>()?;
                let mut longer = Vec::with_capacity(ends.len() * outputs.len());
                for end in &ends {
                    for output in &outputs {
                        let (Val::Str(with), Val::Str(end)) = (output, end) else {
                            return Err(err::binary("add", output, end).into());
                        };
                        longer.push(Val::bytes([before.as_ref(), with, end].concat()));
                    }
                }
                ends = longer;
            }
            Ok(ends)
        };
        match run() {
            Ok(all) => Box::new(all.into_iter().map(Ok)),
            Err(e) => Box::new(std::iter::once(Err(e))),
        }
    };
    vec![
        op!("_match", |v, re, flags| find("match", &v, &re, &flags)
            .map(Val::arr)),
        op!("test", |v, re| test(&v, &re, &Val::Null)),
        op!("test", |v, re, flags| test(&v, &re, &flags)),
        op!("split", |v, re, flags| split(&v, &re, &flags)),
        op!("_capture", |v| captured(&v)),
        (
            "sub",
            [Bind::Var(()), Bind::Fun(()), Bind::Var(())].into(),
            Native::<Data>::new(sub),
        ),
    ]
}
