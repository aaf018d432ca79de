//! `<<: *defaults`: what a mapping takes over from others.

use std::collections::HashSet;

use super::{Entry, Node, Value, YamlError, YamlErrorKind};

/// Own keys win over merged ones, earlier merged mappings over later ones.
pub(super) fn merge(entries: Vec<Entry>, merges: Vec<Node>) -> Result<Vec<Entry>, YamlError> {
    if merges.is_empty() {
        return Ok(entries);
    }
    let mut entries = entries;
    let mut known: HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    for source in merges {
        let at = source.at;
        let sources = match source.value {
            Value::Sequence(items) => items,
            value => vec![Node { value, at }],
        };
        for source in sources {
            let Value::Mapping(inherited) = source.value else {
                return Err(YamlError::new(
                    YamlErrorKind::Unsupported,
                    "`<<` takes a mapping or a list of mappings",
                    source.at,
                ));
            };
            for entry in inherited {
                if known.insert(entry.key.clone()) {
                    entries.push(entry);
                }
            }
        }
    }
    Ok(entries)
}
