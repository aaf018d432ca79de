//! The grammar of hookbox's jq filters: text to tree, with every mistake that can be told without running the filter.
//!
//! The grammar is that of the peers' jq (gojq, which shell-operator's users write their filters for) and not that of
//! jaq, which runs them: the two differ in precedences (`%`, `//`), destructuring alternatives, and in the order in
//! which operators combine several outputs. The tree is shaped as jaq's is; what jaq runs differently is written with
//! other terms (see `sugar`).
//!
//! ```
//! assert!(hookbox_jq_syntax::filter(".spec.nodeName // \"none\"").is_ok());
//! let error = hookbox_jq_syntax::filter(".metadata | (.name").err().unwrap();
//! assert_eq!(error.message, "expected `)`, found the end of the filter");
//! let error = hookbox_jq_syntax::filter(".items | lenght").err().unwrap();
//! assert_eq!((error.offset, error.message.as_str()), (9, "there is no function `lenght`; did you mean `length`?"));
//! ```
//!
//! The crate depends on nothing, because the macros of every hook are built with it, and it is built into the
//! interpreter's WebAssembly too.

mod builtins;
mod lex;
mod names;
mod objects;
mod parse;
mod sugar;
mod terms;
pub mod tree;

use std::collections::BTreeSet;

pub use builtins::BUILTINS;

use tree::{Def, Term};

/// A mistake in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte in the filter's text.
    pub offset: usize,
    /// What was found and what was expected.
    pub message: String,
    /// The filter may be right, but is nested too deeply.
    pub too_deep: bool,
}

impl SyntaxError {
    /// Line and column of the mistake in the filter's text, from 1; columns are characters.
    #[must_use]
    pub fn line_and_column(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.offset).unwrap_or(text);
        let last = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, last.chars().count() + 1)
    }
}

/// A parsed filter, or definitions.
#[derive(Debug)]
pub struct Parsed<'s, T> {
    /// The tree.
    pub tree: T,
    /// Names that are called.
    pub calls: BTreeSet<&'s str>,
}

/// Parse a filter, and find what each of its names stands for.
///
/// # Errors
/// The first mistake.
pub fn filter(text: &str) -> Result<Parsed<'_, Term<'_>>, SyntaxError> {
    let mut parser = parse::Parser::new(text)?;
    let tree = parser.program()?;
    names::Names::new(text).term(&tree)?;
    Ok(Parsed {
        tree,
        calls: parser.calls,
    })
}

/// Parse one definition. What it calls need not be there.
///
/// # Errors
/// The first mistake.
pub fn definition(text: &str) -> Result<Parsed<'_, Def<'_>>, SyntaxError> {
    let mut parser = parse::Parser::new(text)?;
    let tree = parser.definition()?;
    Ok(Parsed {
        tree,
        calls: parser.calls,
    })
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn names_are_known_where_they_are_bound() {
        for good in [
            "def f(g; $x): g + $x + x; f(.a; 1)",
            "def f: def r: if . then r else f end; r; f",
            ". as {a: $x, ($x): [$y]} | $x + $y",
            "reduce .[] as [$k, $v] ({}; .[$k] = $v)",
            "foreach .[] as $x (0; . + $x; [$x, .])",
            "label $out | first(.[] | if . then ., break $out else empty end)",
            ". as [$a] ?// $a | $a",
            "[.[] | select(.a == $ENV.b)] | map(test(\"x\"; \"g\")) | @json",
            ".a += 1 | .b |= length | .c //= \"\\(.d)\"",
        ] {
            assert!(filter(good).is_ok(), "{good}: {:?}", filter(good).err());
        }
    }

    #[test]
    fn mistakes_have_a_line_and_a_column() {
        let text = "\"ä\" |\n  .ö";
        let error = filter(text).err().unwrap();
        assert_eq!(error.line_and_column(text), (2, 4), "{}", error.message);
    }

    #[test]
    fn names_that_are_not_there_are_mistakes() {
        for (bad, offset, message) in [
            (".a | nme", 5, "there is no function `nme`"),
            (
                ".a | selct(.b)",
                5,
                "there is no function `selct`; did you mean `select`?",
            ),
            ("map", 0, "`map` takes 1 argument, not 0"),
            (
                "range(1;2;3;4)",
                0,
                "`range` takes 1 argument or 2 arguments or 3 arguments, not 4",
            ),
            ("def f(x): x; f", 13, "`f` takes 1 argument, not 0"),
            ("(1 as $x | 2) | $x", 16, "there is no variable `$x`"),
            ("reduce .[] as $x ($x; .)", 18, "there is no variable `$x`"),
            ("$__loc__", 0, "there is no variable `$__loc__`"),
            ("(label $f | 1) | break $f", 23, "there is no label `$f`"),
            ("def f: g; def g: 1; f", 7, "there is no function `g`"),
            ("\"\\(def f: 1; f)\" | f", 19, "there is no function `f`"),
        ] {
            let error = filter(bad).err().unwrap();
            assert_eq!(
                (error.offset, error.message.as_str()),
                (offset, message),
                "{bad}"
            );
        }
    }
}
