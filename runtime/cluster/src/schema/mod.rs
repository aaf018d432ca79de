//! The shape of objects: one tree for built-in types and for the schemas of CustomResourceDefinitions.
//!
//! Pruning, defaults, type checks, strategic merge and server-side apply all walk it.

pub(crate) mod builtin;
mod decode;
mod defaults;
mod fields;
mod structural;
mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use decode::decode;
pub(crate) use defaults::apply_defaults;
pub(crate) use fields::Selectable;
pub(crate) use structural::structural;
pub(crate) use validate::{Rules, validate};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Any,
    Object,
    Array,
    String,
    Int32,
    Int64,
    Number,
    Boolean,
    IntOrString,
    Quantity,
    Bytes,
    Time,
    MicroTime,
}

/// How a list is merged by server-side apply.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum ListKind {
    #[default]
    Atomic,
    Set,
    Map(Vec<String>),
}

/// A node of a schema.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(crate) kind: Type,
    /// Go's name of the type, for messages; empty where there is none.
    pub(crate) name: String,
    pub(crate) properties: BTreeMap<String, Field>,
    /// Values of a map.
    pub(crate) additional: Option<SchemaRef>,
    /// Items of a list.
    pub(crate) items: Option<SchemaRef>,
    pub(crate) required: Vec<String>,
    /// Unknown fields are kept.
    pub(crate) preserve: bool,
    /// An object of its own kind, with apiVersion, kind and metadata.
    pub(crate) embedded: bool,
    pub(crate) nullable: bool,
    /// Server-side apply owns a map or an object as a whole.
    pub(crate) atomic: bool,
    pub(crate) list: ListKind,
    pub(crate) default: Option<Value>,
    /// What a CustomResourceDefinition demands of values.
    pub(crate) rules: Option<Box<Rules>>,
}

/// A property of an object.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) schema: SchemaRef,
    /// For strategic merge patches of built-in types.
    pub(crate) patch: Option<PatchStrategy>,
    /// Like [`Schema::atomic`], said of the field.
    pub(crate) atomic: bool,
    pub(crate) default: Option<Value>,
}

/// How a strategic merge patch treats a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PatchStrategy {
    /// Lists are merged, not replaced.
    pub(crate) merge: bool,
    /// Keys of a map that the patch does not name are removed.
    pub(crate) retain_keys: bool,
    /// The field that tells items apart; empty for lists of plain values.
    pub(crate) key: String,
}

/// A schema of its own, or a built-in type by its number.
#[derive(Debug, Clone)]
pub(crate) enum SchemaRef {
    Own(Arc<Schema>),
    Type(usize),
    /// Anything goes.
    Any,
}

impl SchemaRef {
    pub(crate) const ANY: Self = Self::Any;

    pub(crate) fn get(&self) -> &Schema {
        match self {
            Self::Own(schema) => schema,
            Self::Type(number) => builtin::by_number(*number),
            Self::Any => builtin::any(),
        }
    }
}

/// The schema referred to; anything goes where there is none.
pub(crate) fn or_any(schema: Option<&SchemaRef>) -> &Schema {
    match schema {
        Some(schema) => schema.get(),
        None => builtin::any(),
    }
}

impl Schema {
    pub(crate) const fn new(kind: Type) -> Self {
        Self {
            kind,
            name: String::new(),
            properties: BTreeMap::new(),
            additional: None,
            items: None,
            required: Vec::new(),
            preserve: false,
            embedded: false,
            nullable: false,
            atomic: false,
            list: ListKind::Atomic,
            default: None,
            rules: None,
        }
    }
}
