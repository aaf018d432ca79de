//! Text of a filter to jaq's syntax tree.
//!
//! The grammar is that of the peers' jq and not jaq's own: the two differ in precedences (`%`, `//`), destructuring
//! alternatives, and in the order in which operators combine several outputs. The tree is jaq's; what jaq runs
//! differently is written with other terms (see `sugar`).

mod lex;
mod objects;
mod parse;
mod sugar;
mod terms;

use std::collections::BTreeSet;

use jaq_core::load::parse::{Def, Term};

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

/// A parsed filter, or definitions.
pub struct Parsed<'s, T> {
    /// The tree.
    pub tree: T,
    /// Names that are called.
    pub calls: BTreeSet<&'s str>,
}

/// Parse a filter.
pub fn filter(text: &str) -> Result<Parsed<'_, Term<&str>>, SyntaxError> {
    let mut parser = parse::Parser::new(text)?;
    let tree = parser.program()?;
    Ok(Parsed {
        tree,
        calls: parser.calls,
    })
}

/// Parse one definition.
pub fn definition(text: &str) -> Result<Parsed<'_, Def<&str>>, SyntaxError> {
    let mut parser = parse::Parser::new(text)?;
    let tree = parser.definition()?;
    Ok(Parsed {
        tree,
        calls: parser.calls,
    })
}
