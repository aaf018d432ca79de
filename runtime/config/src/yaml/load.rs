//! YAML from the parser's events to nodes.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

use super::merge::Entries;
use super::tag::{full_name, tagged};
use super::{Dialect, Entry, Limits, Node, Position, Value, YamlError, YamlErrorKind, scalar};

/// Keys of an operation in a patch file whose values are text, however they are written.
const PATCH_TEXTS: &[&str] = &[
    "operation",
    "apiVersion",
    "kind",
    "namespace",
    "name",
    "subresource",
    "jqFilter",
];

pub(super) fn load(
    text: &str,
    limits: &Limits,
    dialect: Dialect,
) -> Result<Vec<(usize, Node)>, YamlError> {
    let mut parser = Parser::new_from_str(text);
    let mut loader = Loader {
        limits,
        dialect,
        number: 0,
        stack: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        values: 0,
        copied: 0,
        documents: Vec::new(),
    };
    loader
        .read(&mut parser)
        .map_err(|error| tab(text, error).in_document(loader.number.max(1)))?;
    Ok(loader.documents)
}

fn position(marker: Marker) -> Position {
    Position {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

/// The same error at the tab that it comes of, if it does: the parser tells where it began to read what the tab broke.
fn tab(text: &str, mut error: YamlError) -> YamlError {
    if error.kind != YamlErrorKind::Syntax {
        return error;
    }
    let said = error.message.contains("tab");
    let lines = text.lines().enumerate().skip(error.line - 1);
    for (index, line) in lines.take(if said { usize::MAX } else { 1 }) {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let indent = line.get(..indent).unwrap_or_default();
        if let Some(column) = indent.find('\t') {
            error.line = index + 1;
            error.column = column + 1;
            error.help = Some("YAML is indented by spaces");
            break;
        }
    }
    error
}

struct Loader<'a> {
    limits: &'a Limits,
    dialect: Dialect,
    /// Of the document, from 1.
    number: usize,
    stack: Vec<Frame>,
    root: Option<Node>,
    anchors: HashMap<usize, Anchored>,
    /// How many values there are so far.
    values: usize,
    /// Bytes of text that were copied for anchors and aliases.
    copied: usize,
    documents: Vec<(usize, Node)>,
}

/// A sequence or mapping that is not yet complete.
struct Frame {
    inner: Inner,
    at: Position,
    anchor: usize,
}

enum Inner {
    Sequence(Vec<Node>),
    Mapping { entries: Entries, key: Option<Key> },
}

struct Key {
    text: String,
    at: Position,
    merge: bool,
}

/// A node that aliases may stand for, and what a copy costs.
struct Anchored {
    node: Node,
    cost: Cost,
}

#[derive(Clone, Copy)]
struct Cost {
    values: usize,
    bytes: usize,
    height: usize,
}

/// Recursion is bounded: a node is never higher than the limit of depth.
fn cost(node: &Node) -> Cost {
    let mut sum = Cost {
        values: 1,
        bytes: 0,
        height: 1,
    };
    let mut add = |inner: &Node, key: usize| {
        let inner = cost(inner);
        sum.values += inner.values;
        sum.bytes += inner.bytes + key;
        sum.height = sum.height.max(inner.height + 1);
    };
    match &node.value {
        Value::Sequence(items) => items.iter().for_each(|item| add(item, 0)),
        Value::Mapping(entries) => entries
            .iter()
            .for_each(|entry| add(&entry.value, entry.key.len())),
        Value::String(text) => sum.bytes = text.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    sum
}

impl Loader<'_> {
    fn read(&mut self, parser: &mut Parser<'_, StrInput<'_>>) -> Result<(), YamlError> {
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                let at = position(*error.marker());
                // The parser's own bound, which it meets first when it looks ahead.
                let kind = match error.info() {
                    "recursion limit exceeded" => YamlErrorKind::Limit,
                    _ => YamlErrorKind::Syntax,
                };
                YamlError::new(kind, error.info(), at)
            })?;
            self.event(event, span)?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let at = position(span.start);
        match event {
            Event::DocumentStart(_) => {
                self.number += 1;
                self.root = None;
                self.anchors.clear();
                Ok(())
            }
            Event::DocumentEnd => {
                if let Some(root) = self.root.take().filter(|root| root.value != Value::Null) {
                    self.documents.push((self.number, root));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), at)
            }
            // A tag says nothing of lists and mappings: they are what they are.
            Event::SequenceStart(anchor, _) => self.open(Inner::Sequence(Vec::new()), anchor, at),
            Event::MappingStart(anchor, _) => {
                let inner = Inner::Mapping {
                    entries: Entries::default(),
                    key: None,
                };
                self.open(inner, anchor, at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => self.alias(id, at),
            Event::Nothing | Event::StreamStart | Event::StreamEnd => Ok(()),
        }
    }

    fn charge(&mut self, cost: Cost, at: Position) -> Result<(), YamlError> {
        self.values = self.values.saturating_add(cost.values);
        self.copied = self.copied.saturating_add(cost.bytes);
        let message = if self.values > self.limits.values {
            format!("there are more than {} values", self.limits.values)
        } else if self.copied > self.limits.bytes {
            format!(
                "aliases make the text larger by more than {} bytes",
                self.limits.bytes
            )
        } else if self.stack.len() + cost.height > self.limits.depth {
            format!("values are nested more than {} deep", self.limits.depth)
        } else {
            return Ok(());
        };
        Err(YamlError::new(YamlErrorKind::Limit, message, at))
    }

    fn open(&mut self, inner: Inner, anchor: usize, at: Position) -> Result<(), YamlError> {
        let key_expected = matches!(
            self.stack.last(),
            Some(Frame {
                inner: Inner::Mapping { key: None, .. },
                ..
            })
        );
        if key_expected {
            return Err(YamlError::new(
                YamlErrorKind::Unsupported,
                "a key must be text, not a list or a mapping",
                at,
            ));
        }
        let cost = Cost {
            values: 1,
            bytes: 0,
            height: 1,
        };
        self.charge(cost, at)?;
        self.stack.push(Frame { inner, at, anchor });
        Ok(())
    }

    fn close(&mut self) -> Result<(), YamlError> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let value = match frame.inner {
            Inner::Sequence(items) => Value::Sequence(items),
            Inner::Mapping { entries, .. } => Value::Mapping(entries.into_list()),
        };
        let node = Node {
            value,
            at: frame.at,
        };
        self.complete(node, frame.anchor, false)
    }

    fn alias(&mut self, id: usize, at: Position) -> Result<(), YamlError> {
        let Some(anchored) = self.anchors.get(&id) else {
            return Err(YamlError::new(
                YamlErrorKind::Unsupported,
                "the alias stands for nothing in this document that is complete",
                at,
            ));
        };
        let cost = anchored.cost;
        let node = anchored.node.clone();
        self.charge(cost, at)?;
        self.complete(node, 0, false)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        mut at: Position,
    ) -> Result<(), YamlError> {
        let plain = style == ScalarStyle::Plain;
        let unsupported = |message: &str| {
            let shown: String = text.chars().take(80).collect();
            let message = format!("`{}`: {message}", shown.escape_debug());
            YamlError::new(YamlErrorKind::Unsupported, message, at)
        };
        let value = match tag.map(full_name).as_deref() {
            None if plain && self.as_written() => as_written(text),
            None if plain => scalar::plain(text, self.dialect).map_err(unsupported)?,
            None => Value::String(text.to_owned()),
            Some(tag) => {
                tagged(text, tag, self.dialect).map_err(|message| unsupported(&message))?
            }
        };
        // Nothing at all is said to be where the next thing is: show the key that has no value.
        if plain
            && text.is_empty()
            && let Some(Frame {
                inner: Inner::Mapping { key: Some(key), .. },
                ..
            }) = self.stack.last()
        {
            at = key.at;
        }
        let cost = Cost {
            values: 1,
            bytes: 0,
            height: 1,
        };
        self.charge(cost, at)?;
        let merge = plain && tag.is_none() && text == "<<";
        self.complete(Node { value, at }, anchor, merge)
    }

    /// Whether the next scalar is the value of a key whose values are text, whatever they look like.
    fn as_written(&self) -> bool {
        match self.stack.as_slice() {
            [
                Frame {
                    inner: Inner::Mapping { key: Some(key), .. },
                    ..
                },
            ] => self.dialect == Dialect::Patches && PATCH_TEXTS.contains(&key.text.as_str()),
            _ => false,
        }
    }

    /// Put a whole node where it belongs. `merge` when it is `<<`, as a key.
    fn complete(&mut self, node: Node, anchor: usize, merge: bool) -> Result<(), YamlError> {
        if anchor != 0 {
            let cost = cost(&node);
            self.charge(cost, node.at)?;
            let node = node.clone();
            self.anchors.insert(anchor, Anchored { node, cost });
        }
        match self.stack.last_mut().map(|frame| &mut frame.inner) {
            None => self.root = Some(node),
            Some(Inner::Sequence(items)) => items.push(node),
            Some(Inner::Mapping { entries, key }) => match key.take() {
                None => {
                    *key = Some(Key {
                        at: node.at,
                        text: key_text(node)?,
                        merge,
                    });
                }
                Some(Key { merge: true, .. }) => entries.merge(node, self.dialect)?,
                Some(Key { text, at, .. }) => entries.push(Entry {
                    key: text,
                    at,
                    value: node,
                }),
            },
        }
        Ok(())
    }
}

/// Kubernetes makes text of keys that are numbers and booleans.
fn key_text(node: Node) -> Result<String, YamlError> {
    match node.value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) => Err(YamlError::new(
            YamlErrorKind::Unsupported,
            "a key must be text, not null, a list or a mapping",
            node.at,
        )),
    }
}

/// Text but where it is nothing at all.
fn as_written(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        _ => Value::String(text.to_owned()),
    }
}
