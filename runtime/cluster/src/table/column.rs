//! One column: its definition, and what it shows of an object.

use serde_json::{Value, json};

use super::path::find;
use crate::tree::Tree;

/// What a cell shows of an object.
pub(super) type Cell = fn(&Value) -> Value;

enum Source {
    /// A JSON path, and whether the value is a date.
    Path(String, bool),
    Of(Cell),
}

/// One column.
pub(super) struct Column {
    name: String,
    kind: String,
    format: String,
    description: String,
    priority: i64,
    source: Source,
}

impl Column {
    pub(super) fn new(name: &str, kind: &str, cell: Cell) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            format: String::new(),
            description: String::new(),
            priority: 0,
            source: Source::Of(cell),
        }
    }

    /// Shown with `-o wide` only.
    pub(super) fn wide(mut self) -> Self {
        self.priority = 1;
        self
    }

    pub(super) fn definition(&self) -> Value {
        json!({"name": self.name, "type": self.kind, "format": self.format, "description": self.description, "priority": self.priority})
    }

    pub(super) fn cell(&self, object: &Value) -> Value {
        match &self.source {
            Source::Of(cell) => cell(object),
            Source::Path(path, date) => {
                let found = find(object, path);
                let Some(first) = found.first() else {
                    return if *date {
                        "<unknown>".into()
                    } else {
                        Value::Null
                    };
                };
                match (self.kind.as_str(), first) {
                    _ if *date => super::age(first),
                    ("string", Value::String(_)) if found.len() > 1 => found
                        .iter()
                        .filter_map(|value| value.as_str())
                        .collect::<Vec<_>>()
                        .join(",")
                        .into(),
                    (
                        "string",
                        Value::Object(_) | Value::Array(_) | Value::Number(_) | Value::Bool(_),
                    ) => first.to_string().into(),
                    _ => (*first).clone(),
                }
            }
        }
    }
}

/// The first column of every table.
pub(super) fn name() -> Column {
    Column {
        format: "name".into(),
        description: "Name must be unique within a namespace.".into(),
        ..Column::new("Name", "string", |object| {
            object.at("metadata").at("name").clone()
        })
    }
}

/// How long ago the object was created.
pub(super) fn age() -> Column {
    Column { description: "CreationTimestamp is a timestamp representing the server time when this object was created.".into(), ..Column::new("Age", "string", |object| super::age(object.at("metadata").at("creationTimestamp"))) }
}

/// When the object was created; some kinds call it a string and some a date.
pub(super) fn created_at(kind: &str) -> Column {
    let created = |object: &Value| object.at("metadata").at("creationTimestamp").clone();
    Column {
        format: "date-time".into(),
        ..Column::new("Created At", kind, created)
    }
}

/// The columns that a CustomResourceDefinition declares.
pub(super) fn custom(declared: &[Value]) -> Vec<Column> {
    let mut columns = vec![name()];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    columns.extend(declared.iter().map(|column| Column {
        name: text(column.at("name")),
        kind: text(column.at("type")),
        format: text(column.at("format")),
        description: text(column.at("description")),
        priority: column.at("priority").as_i64().unwrap_or(0),
        source: Source::Path(text(column.at("jsonPath")), column.at("type") == "date"),
    }));
    if declared.is_empty() {
        columns.push(age());
    }
    columns
}
