//! Whether what a filter names is there.

use super::builtins::arities;
use super::tree::{BinaryOp, Def, Part, Pattern, StrPart, Term};
use super::{BUILTINS, SyntaxError};

type Result<T> = std::result::Result<T, SyntaxError>;

#[derive(Clone, Copy)]
enum Known<'s> {
    Var(&'s str),
    Label(&'s str),
    /// A function and the number of its arguments.
    Fun(&'s str, usize),
}

/// What can be named at a place in the filter, the innermost last.
pub(super) struct Names<'s> {
    text: &'s str,
    known: Vec<Known<'s>>,
}

impl<'s> Names<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        Self {
            text,
            known: Vec::new(),
        }
    }

    fn error(&self, name: &str, message: String) -> SyntaxError {
        // Names are slices of the filter's text, except for those that other terms were rewritten to.
        let offset = (name.as_ptr() as usize)
            .checked_sub(self.text.as_ptr() as usize)
            .filter(|at| *at < self.text.len());
        SyntaxError {
            offset: offset.unwrap_or(0),
            message,
            too_deep: false,
        }
    }

    /// Run `f` where more names are known.
    fn with(&mut self, names: &[Known<'s>], f: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let before = self.known.len();
        self.known.extend_from_slice(names);
        let result = f(self);
        self.known.truncate(before);
        result
    }

    fn all<'t>(&mut self, terms: impl IntoIterator<Item = &'t Term<'s>>) -> Result<()>
    where
        's: 't,
    {
        terms.into_iter().try_for_each(|term| self.term(term))
    }

    /// Whether all names in the term are known.
    pub(super) fn term(&mut self, term: &Term<'s>) -> Result<()> {
        match term {
            Term::Id | Term::Recurse | Term::Num(_) => Ok(()),
            Term::Str(_, parts) => self.all(parts.iter().filter_map(|part| match part {
                StrPart::Term(term) => Some(term),
                StrPart::Str(_) | StrPart::Char(_) => None,
            })),
            Term::Arr(inner) => self.all(inner.as_deref()),
            Term::Obj(entries) => entries
                .iter()
                .try_for_each(|(key, value)| self.all([key].into_iter().chain(value))),
            Term::Neg(inner) => self.term(inner),
            Term::BinOp(left, BinaryOp::Pipe(Some(pattern)), right) => {
                self.term(left)?;
                self.bound(pattern, |names| names.term(right))
            }
            Term::BinOp(left, _, right) => {
                self.term(left)?;
                self.term(right)
            }
            Term::Label(name, inner) => self.with(&[Known::Label(name)], |names| names.term(inner)),
            Term::Break(name) => self.need(
                name,
                "label",
                |known| matches!(known, Known::Label(x) if *x == *name),
            ),
            Term::Fold(_, source, pattern, inner) => {
                self.term(source)?;
                let (init, rest) = inner.split_at(inner.len().min(1));
                self.all(init)?;
                self.bound(pattern, |names| names.all(rest))
            }
            Term::TryCatch(body, catch) => {
                self.term(body)?;
                self.all(catch.as_deref())
            }
            Term::IfThenElse(branches, otherwise) => {
                for (condition, then) in branches {
                    self.all([condition, then])?;
                }
                self.all(otherwise.as_deref())
            }
            Term::Def(defs, body) => self.definitions(defs, body),
            Term::Call(name, args) => {
                self.function(name, args.len())?;
                self.all(args)
            }
            Term::Var(name) => self.need(
                name,
                "variable",
                |known| matches!(known, Known::Var(x) if *x == *name),
            ),
            Term::Path(base, path) => {
                self.term(base)?;
                path.0.iter().try_for_each(|(part, _)| match part {
                    Part::Index(inner) => self.term(inner),
                    Part::Range(from, to) => self.all(from.iter().chain(to)),
                })
            }
        }
    }

    /// Each definition knows itself and those before it.
    fn definitions(&mut self, defs: &[Def<'s>], body: &Term<'s>) -> Result<()> {
        let before = self.known.len();
        let result = defs.iter().try_for_each(|def| {
            self.known.push(Known::Fun(def.name, def.args.len()));
            let args: Vec<Known<'s>> = def
                .args
                .iter()
                .map(|arg| match arg.strip_prefix('$') {
                    Some(_) => Known::Var(arg),
                    None => Known::Fun(arg, 0),
                })
                .collect();
            self.with(&args, |names| names.term(&def.body))
        });
        let result = result.and_then(|()| self.term(body));
        self.known.truncate(before);
        result
    }

    /// Run `f` where a pattern's variables are known. Its keys may use those that stand before them.
    fn bound(
        &mut self,
        pattern: &Pattern<'s>,
        f: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let mut names = Vec::new();
        pattern.variables(&mut |x| names.push(Known::Var(x)));
        self.with(&names, |names| {
            names.keys(pattern)?;
            f(names)
        })
    }

    fn keys(&mut self, pattern: &Pattern<'s>) -> Result<()> {
        match pattern {
            Pattern::Var(_) => Ok(()),
            Pattern::Arr(items) => items.iter().try_for_each(|item| self.keys(item)),
            Pattern::Obj(entries) => entries.iter().try_for_each(|(key, item)| {
                self.term(key)?;
                self.keys(item)
            }),
        }
    }

    fn need(&self, name: &str, what: &str, is: impl Fn(&Known<'s>) -> bool) -> Result<()> {
        if self.known.iter().any(is) {
            return Ok(());
        }
        Err(self.error(name, format!("there is no {what} `{name}`")))
    }

    fn function(&self, name: &str, args: usize) -> Result<()> {
        let own = |known: &Known<'s>| matches!(known, Known::Fun(x, n) if *x == name && *n == args);
        if self.known.iter().any(own) {
            return Ok(());
        }
        if matches!((name, args), ("input" | "inputs", 0)) {
            return Err(self.error(name, "input(s)/0 is not allowed".to_owned()));
        }
        let builtin = arities(name);
        if builtin.is_some_and(|known| known.contains(&args)) {
            return Ok(());
        }
        let mut takes: Vec<usize> = builtin.unwrap_or_default().to_vec();
        takes.extend(self.known.iter().filter_map(|known| match known {
            Known::Fun(x, n) if *x == name => Some(*n),
            _ => None,
        }));
        takes.sort_unstable();
        takes.dedup();
        let takes = takes
            .into_iter()
            .map(|n| match n {
                1 => "1 argument".to_owned(),
                n => format!("{n} arguments"),
            })
            .reduce(|left, right| format!("{left} or {right}"));
        let message = match takes {
            Some(takes) => format!("`{name}` takes {takes}, not {args}"),
            None => match alike(name) {
                Some(meant) => format!("there is no function `{name}`; did you mean `{meant}`?"),
                None => format!("there is no function `{name}`"),
            },
        };
        Err(self.error(name, message))
    }
}

/// A builtin that differs by one letter, or by two that are swapped.
fn alike(name: &str) -> Option<&'static str> {
    let close = |known: &str| {
        let (a, b): (Vec<char>, Vec<char>) = (name.chars().collect(), known.chars().collect());
        let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
        let (a, b) = (a.get(same..)?, b.get(same..)?);
        match (a, b) {
            ([x, y, a @ ..], [v, w, b @ ..]) if x == w && y == v && a == b => Some(()),
            ([_, a @ ..], [_, b @ ..]) if a == b => Some(()),
            ([_, a @ ..], b) if a == b => Some(()),
            (a, [_, b @ ..]) if a == b => Some(()),
            _ => None,
        }
    };
    BUILTINS
        .iter()
        .map(|(known, _)| *known)
        .filter(|known| name.len() > 2 && !known.starts_with(['_', '@']))
        .find(|known| close(known).is_some())
}
