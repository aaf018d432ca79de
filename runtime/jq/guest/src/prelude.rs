//! Builtins written in jq, of which a filter gets those that it uses: the rest need not be compiled.

use std::collections::BTreeSet;

use jaq_core::load::parse::Def;

use crate::tree;

const TEXT: &str = include_str!("prelude.jq");

/// A builtin's name and text, in the order of the file.
fn texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    TEXT.lines().filter_map(|line| {
        let rest = line.strip_prefix("def ")?;
        let end = rest.find(['(', ':'])?;
        Some((&rest[..end], line))
    })
}

/// The definitions that are needed where these names are called.
pub fn definitions(calls: &BTreeSet<&str>) -> Vec<Def<&'static str>> {
    let all: Vec<_> = texts().collect();
    let mut wanted: BTreeSet<&str> = calls.clone();
    let mut defs = Vec::new();
    // A definition uses only those before it and itself.
    for (name, text) in all.into_iter().rev() {
        if !wanted.contains(name) {
            continue;
        }
        if let Ok(parsed) = hookbox_jq_syntax::definition(text) {
            wanted.extend(parsed.calls);
            defs.push(tree::definition(parsed.tree));
        }
    }
    defs.reverse();
    defs
}
