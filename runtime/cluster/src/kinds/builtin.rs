//! The built-in kinds, from the table that `data/generate.py` writes.

use super::{Kind, Subresource, Traits};
use crate::schema::{SchemaRef, Selectable, builtin};
use crate::store::Store;

const TABLE: &str = include_str!("../../data/kinds.txt");

/// Every built-in kind, its table made in the store.
pub(super) fn kinds(store: &Store) -> Vec<Kind> {
    TABLE.lines().filter_map(|line| kind(line, store)).collect()
}

fn kind(line: &str, store: &Store) -> Option<Kind> {
    let words: Vec<&str> = line.split(' ').collect();
    let [
        group,
        version,
        kind,
        plural,
        singular,
        scope,
        short_names,
        categories,
        verbs,
        subresources @ ..,
    ] = words.as_slice()
    else {
        return None;
    };
    let text = |word: &str| {
        if word == "-" {
            String::new()
        } else {
            word.to_owned()
        }
    };
    let list = |word: &str| {
        if word == "-" {
            Vec::new()
        } else {
            word.split(',').map(str::to_owned).collect()
        }
    };
    let group = text(group);
    // Both groups of events are views of the same objects.
    let home = if group == "events.k8s.io" { "" } else { &group };
    let table = store.table(&crate::error::qualified(home, plural));
    let schema = builtin::of_kind(&group, version, kind).unwrap_or(SchemaRef::ANY);
    Some(Kind {
        traits: Traits::of(&group, plural),
        selectable: Selectable::builtin(&group, plural),
        group,
        version: (*version).to_owned(),
        list_kind: format!("{kind}List"),
        kind: (*kind).to_owned(),
        plural: (*plural).to_owned(),
        singular: text(singular),
        short_names: list(short_names),
        categories: list(categories),
        namespaced: *scope == "N",
        verbs: list(verbs),
        subresources: subresources
            .iter()
            .filter_map(|word| subresource(word))
            .collect(),
        table,
        schema,
        custom: None,
    })
}

/// `scale:autoscaling/v1/Scale:get,patch,update`
fn subresource(word: &str) -> Option<Subresource> {
    let mut parts = word.split(':');
    let (name, kind, verbs) = (parts.next()?, parts.next()?, parts.next()?);
    let mut kind = kind.split('/');
    Some(Subresource {
        name: name.to_owned(),
        group: kind.next()?.to_owned(),
        version: kind.next()?.to_owned(),
        kind: kind.next()?.to_owned(),
        verbs: verbs.split(',').map(str::to_owned).collect(),
    })
}
