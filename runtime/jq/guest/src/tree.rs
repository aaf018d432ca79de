//! The parser's tree as jaq's.

use hookbox_jq_syntax::tree::{self, BinaryOp, Cmp, Math, Opt, Part, Pattern, StrPart, Term};
use jaq_core::load::{lex, parse};
use jaq_core::{ops, path};

type Jaq<'s> = parse::Term<&'s str>;

fn boxed<'s>(term: Box<Term<'s>>) -> Box<Jaq<'s>> {
    Box::new(self::term(*term))
}

fn terms<'s>(terms: Vec<Term<'s>>) -> Vec<Jaq<'s>> {
    terms.into_iter().map(term).collect()
}

/// A term.
pub fn term<'s>(from: Term<'s>) -> Jaq<'s> {
    match from {
        Term::Id => Jaq::Id,
        Term::Recurse => Jaq::Recurse,
        Term::Num(n) => Jaq::Num(n),
        Term::Str(format, parts) => Jaq::Str(format, parts.into_iter().map(string).collect()),
        Term::Arr(inner) => Jaq::Arr(inner.map(boxed)),
        Term::Obj(entries) => Jaq::Obj(
            entries
                .into_iter()
                .map(|(key, value)| (term(key), value.map(term)))
                .collect(),
        ),
        Term::Neg(inner) => Jaq::Neg(boxed(inner)),
        Term::BinOp(left, op, right) => Jaq::BinOp(boxed(left), operator(op), boxed(right)),
        Term::Label(name, inner) => Jaq::Label(name, boxed(inner)),
        Term::Break(name) => Jaq::Break(name),
        Term::Fold(name, source, bound, inner) => {
            Jaq::Fold(name, boxed(source), pattern(bound), terms(inner))
        }
        Term::TryCatch(body, catch) => Jaq::TryCatch(boxed(body), catch.map(boxed)),
        Term::IfThenElse(branches, otherwise) => Jaq::IfThenElse(
            branches
                .into_iter()
                .map(|(condition, then)| (term(condition), term(then)))
                .collect(),
            otherwise.map(boxed),
        ),
        Term::Def(defs, body) => Jaq::Def(defs.into_iter().map(definition).collect(), boxed(body)),
        Term::Call(name, args) => Jaq::Call(name, terms(args)),
        Term::Var(name) => Jaq::Var(name),
        Term::Path(base, parts) => Jaq::Path(
            boxed(base),
            path::Path(parts.0.into_iter().map(step).collect()),
        ),
    }
}

/// A definition.
pub fn definition<'s>(from: tree::Def<'s>) -> parse::Def<&'s str> {
    parse::Def {
        name: from.name,
        args: from.args,
        body: term(from.body),
    }
}

fn string<'s>(from: StrPart<'s>) -> lex::StrPart<&'s str, Jaq<'s>> {
    match from {
        StrPart::Str(text) => lex::StrPart::Str(text),
        StrPart::Term(inner) => lex::StrPart::Term(term(inner)),
        StrPart::Char(c) => lex::StrPart::Char(c),
    }
}

fn pattern<'s>(from: Pattern<'s>) -> parse::Pattern<&'s str> {
    match from {
        Pattern::Var(name) => parse::Pattern::Var(name),
        Pattern::Arr(items) => parse::Pattern::Arr(items.into_iter().map(pattern).collect()),
        Pattern::Obj(entries) => parse::Pattern::Obj(
            entries
                .into_iter()
                .map(|(key, item)| (term(key), pattern(item)))
                .collect(),
        ),
    }
}

fn step<'s>((part, opt): (Part<'s>, Opt)) -> (path::Part<Jaq<'s>>, path::Opt) {
    let part = match part {
        Part::Index(inner) => path::Part::Index(term(inner)),
        Part::Range(from, to) => path::Part::Range(from.map(term), to.map(term)),
    };
    let opt = match opt {
        Opt::Optional => path::Opt::Optional,
        Opt::Essential => path::Opt::Essential,
    };
    (part, opt)
}

fn operator<'s>(from: BinaryOp<'s>) -> parse::BinaryOp<&'s str> {
    match from {
        BinaryOp::Pipe(bound) => parse::BinaryOp::Pipe(bound.map(pattern)),
        BinaryOp::Comma => parse::BinaryOp::Comma,
        BinaryOp::Alt => parse::BinaryOp::Alt,
        BinaryOp::Or => parse::BinaryOp::Or,
        BinaryOp::And => parse::BinaryOp::And,
        BinaryOp::Math(op) => parse::BinaryOp::Math(math(op)),
        BinaryOp::Cmp(op) => parse::BinaryOp::Cmp(match op {
            Cmp::Lt => ops::Cmp::Lt,
            Cmp::Le => ops::Cmp::Le,
            Cmp::Gt => ops::Cmp::Gt,
            Cmp::Ge => ops::Cmp::Ge,
            Cmp::Eq => ops::Cmp::Eq,
            Cmp::Ne => ops::Cmp::Ne,
        }),
        BinaryOp::Assign => parse::BinaryOp::Assign,
        BinaryOp::Update => parse::BinaryOp::Update,
        BinaryOp::UpdateMath(op) => parse::BinaryOp::UpdateMath(math(op)),
        BinaryOp::UpdateAlt => parse::BinaryOp::UpdateAlt,
    }
}

fn math(from: Math) -> ops::Math {
    match from {
        Math::Add => ops::Math::Add,
        Math::Sub => ops::Math::Sub,
        Math::Mul => ops::Math::Mul,
        Math::Div => ops::Math::Div,
        Math::Rem => ops::Math::Rem,
    }
}
