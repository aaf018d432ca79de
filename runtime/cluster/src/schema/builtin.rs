//! The built-in types, from the table that `data/generate.py` writes; it also says how to read it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::{Field, ListKind, PatchStrategy, Schema, SchemaRef, Type};

const TABLE: &str = include_str!("../../data/types.txt");

static ANY: Schema = {
    let mut schema = Schema::new(Type::Any);
    schema.preserve = true;
    schema
};

struct Types {
    schemas: Vec<Schema>,
    names: HashMap<&'static str, usize>,
}

static TYPES: LazyLock<Types> = LazyLock::new(|| {
    let names = TABLE
        .lines()
        .filter_map(|line| line.strip_prefix("T ")?.split(' ').next())
        .enumerate()
        .map(|(number, name)| (name, number))
        .collect::<HashMap<_, _>>();
    let mut schemas: Vec<Schema> = Vec::with_capacity(names.len());
    for line in TABLE.lines() {
        if let Some(head) = line.strip_prefix("T ") {
            let mut schema = Schema::new(Type::Object);
            let name = head.split(' ').next().unwrap_or_default();
            schema.name = name.rsplit('.').next().unwrap_or_default().to_owned();
            schema.atomic = head.ends_with(" atomic");
            schemas.push(schema);
        } else if let Some(schema) = schemas.last_mut() {
            field(schema, line, &names);
        }
    }
    Types { schemas, names }
});

fn field(schema: &mut Schema, line: &str, names: &HashMap<&'static str, usize>) {
    let mut words = line.split(' ');
    let (Some(name), Some(kind)) = (words.next(), words.next()) else {
        return;
    };
    let name = name.strip_suffix('*').map_or(name, |name| {
        schema.required.push(name.to_owned());
        name
    });
    let (mut list, mut field) = (
        ListKind::Atomic,
        Field {
            schema: SchemaRef::Any,
            patch: None,
            atomic: false,
            default: None,
        },
    );
    for word in words {
        match word.split_once('=') {
            Some(("m", "set")) => list = ListKind::Set,
            Some(("m", "atomic")) => field.atomic = true,
            Some(("m", keys)) => list = ListKind::Map(keys.split(',').map(str::to_owned).collect()),
            Some(("p", strategy)) => {
                let (how, key) = strategy.split_once(':').unwrap_or((strategy, ""));
                field.patch = Some(PatchStrategy {
                    merge: how.contains("merge"),
                    retain_keys: how.contains("retainKeys"),
                    key: key.to_owned(),
                });
            }
            Some(("d", json)) => field.default = serde_json::from_str(json).ok(),
            _ => {}
        }
    }
    field.schema = reference(kind, list, names);
    schema.properties.insert(name.to_owned(), field);
}

fn reference(text: &str, list: ListKind, names: &HashMap<&'static str, usize>) -> SchemaRef {
    if let Some(name) = text.strip_prefix('@') {
        return names
            .get(name)
            .map_or(SchemaRef::Any, |number| SchemaRef::Type(*number));
    }
    if let Some(inner) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let mut schema = Schema::new(Type::Array);
        schema.items = Some(reference(inner, ListKind::Atomic, names));
        schema.list = list;
        return SchemaRef::Own(Arc::new(schema));
    }
    if let Some(inner) = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        let mut schema = Schema::new(Type::Object);
        schema.additional = Some(reference(inner, ListKind::Atomic, names));
        return SchemaRef::Own(Arc::new(schema));
    }
    let kind = match text {
        "s" => Type::String,
        "i" => Type::Int32,
        "l" => Type::Int64,
        "n" => Type::Number,
        "b" => Type::Boolean,
        "y" => Type::Bytes,
        "t" => Type::Time,
        "u" => Type::MicroTime,
        "q" => Type::Quantity,
        "x" => Type::IntOrString,
        "o" => {
            let mut schema = Schema::new(Type::Object);
            schema.preserve = true;
            return SchemaRef::Own(Arc::new(schema));
        }
        _ => return SchemaRef::Any,
    };
    SchemaRef::Own(Arc::new(Schema::new(kind)))
}

/// Anything goes.
pub(crate) fn any() -> &'static Schema {
    &ANY
}

/// A type by its number.
pub(crate) fn by_number(number: usize) -> &'static Schema {
    TYPES.schemas.get(number).unwrap_or(&ANY)
}

/// A type by the name in the table, for instance `meta.v1.ObjectMeta`.
pub(crate) fn by_name(name: &str) -> Option<SchemaRef> {
    TYPES.names.get(name).map(|number| SchemaRef::Type(*number))
}

/// The type of a kind.
pub(crate) fn of_kind(group: &str, version: &str, kind: &str) -> Option<SchemaRef> {
    let package = match group {
        "" => "core",
        "apiextensions.k8s.io" => "apiextensions",
        "apiregistration.k8s.io" => "apiregistration",
        "flowcontrol.apiserver.k8s.io" => "flowcontrol",
        _ => group.split('.').next().unwrap_or_default(),
    };
    by_name(&format!("{package}.{version}.{kind}"))
}

/// The metadata of every object.
pub(crate) fn object_meta() -> SchemaRef {
    by_name("meta.v1.ObjectMeta").unwrap_or(SchemaRef::Any)
}

/// The name in the table of a type's number.
pub(crate) fn name_of(number: usize) -> Option<&'static str> {
    static NUMBERS: LazyLock<HashMap<usize, &'static str>> = LazyLock::new(|| {
        TYPES
            .names
            .iter()
            .map(|(name, number)| (*number, *name))
            .collect()
    });
    NUMBERS.get(&number).copied()
}
