//! Snapshots, piece by piece: a hundred thousand objects are never one text in memory.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use hookbox_sandbox::{Entry, Snapshot as _};
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;

use super::Live;
use super::format::Format;
use super::recent::{Operations, clipped};
use crate::apply;
use crate::load::Hook;
use crate::monitor::MonitorId;
use crate::queue::HookIndex;
use crate::snapshot::Frozen;

/// Bytes of a piece, about.
const PIECE: usize = 64 << 10;
/// Characters of a filter's result that a brief dump shows.
const BRIEF: usize = 120;

/// How snapshots are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) format: Format,
    pub(super) pretty: bool,
    /// Only names and the beginnings of filter results.
    pub(super) brief: bool,
}

/// A snapshot that is dumped.
struct Part {
    name: String,
    objects: Frozen,
    since_start: Operations,
    since_run: Operations,
    /// Whether it selects Secrets: then its filter results are secret too.
    secret: bool,
}

/// A dump under way: an iterator over its pieces.
struct Dump {
    live: Arc<Live>,
    form: Form,
    parts: Vec<Part>,
    part: usize,
    entry: usize,
    begun: bool,
    _permit: OwnedSemaphorePermit,
}

impl Live {
    /// The snapshots of a hook: `null` where it has no `kubernetes` bindings.
    pub(super) fn dump(
        self: &Arc<Self>,
        index: HookIndex,
        hook: &Hook,
        form: Form,
        permit: OwnedSemaphorePermit,
    ) -> Response {
        if hook.config.kubernetes.is_empty() {
            return form.format.answer(form.pretty, &Value::Null);
        }
        let dump = Dump {
            parts: self.parts(index, hook),
            live: self.clone(),
            form,
            part: 0,
            entry: 0,
            begun: false,
            _permit: permit,
        };
        let pieces = dump.map(|piece| Ok::<Bytes, std::convert::Infallible>(piece.into()));
        let body = Body::from_stream(stream::iter(pieces));
        let kind = match form.format {
            Format::Yaml => Format::Yaml,
            // As shell-operator does: what is only data is JSON as text too.
            Format::Json | Format::Text => Format::Json,
        };
        ([(header::CONTENT_TYPE, kind.content_type())], body).into_response()
    }

    /// Bindings that are served. Of several with one name the first is meant, as in contexts.
    fn parts(&self, index: HookIndex, hook: &Hook) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for (binding, config) in hook.config.kubernetes.iter().enumerate() {
            let id = MonitorId {
                hook: index,
                binding,
            };
            let Some(monitor) = self.engine.monitor(id) else {
                continue;
            };
            if parts.iter().any(|part| part.name == config.name) {
                continue;
            }
            let (since_start, since_run) = self
                .recent
                .hook(&hook.name)
                .and_then(|recent| {
                    let binding = recent.bindings.get(config.name.as_str())?;
                    Some((binding.since_start, binding.since_run))
                })
                .unwrap_or_default();
            parts.push(Part {
                name: config.name.clone(),
                objects: monitor.peek(),
                since_start,
                since_run,
                secret: apply::is_secret(config.api_version.as_deref(), &config.kind),
            });
        }
        // As maps are written.
        parts.sort_by(|a, b| a.name.cmp(&b.name));
        parts
    }
}

impl Iterator for Dump {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut out = String::new();
        while out.len() < PIECE {
            if !self.write(&mut out) {
                break;
            }
        }
        (!out.is_empty()).then_some(out)
    }
}

impl Dump {
    /// Writes the next bit; false at the end.
    fn write(&mut self, out: &mut String) -> bool {
        let Some(part) = self.parts.get(self.part) else {
            return match (self.part == self.parts.len(), self.form.format) {
                (true, format) => {
                    self.part += 1;
                    match format {
                        Format::Yaml if self.parts.is_empty() => out.push_str("{}\n"),
                        Format::Yaml => {}
                        _ if self.form.pretty => out.push_str(match self.parts.len() {
                            0 => "{}\n",
                            _ => "\n}\n",
                        }),
                        _ => out.push_str(match self.parts.len() {
                            0 => "{}\n",
                            _ => "}\n",
                        }),
                    }
                    true
                }
                _ => false,
            };
        };
        if !std::mem::replace(&mut self.begun, true) {
            head(out, self.form, part, self.part == 0);
        }
        match self.entry < part.objects.len() {
            true => {
                let value = value(&self.live, self.form, part, self.entry);
                entry(out, self.form, &value, self.entry == 0);
                self.entry += 1;
            }
            false => {
                foot(out, self.form, part.objects.len());
                self.part += 1;
                (self.entry, self.begun) = (0, false);
            }
        }
        true
    }
}

/// The beginning of a binding's part.
fn head(out: &mut String, form: Form, part: &Part, first: bool) {
    let operations = |o: Operations| {
        serde_json::json!({
            "count": part.objects.len(), "added": o.added, "modified": o.modified, "deleted": o.deleted, "cleaned": 0,
        })
    };
    let operations = serde_json::json!({
        "sinceLastExecution": operations(part.since_run),
        "sinceStart": operations(part.since_start),
    });
    let name = Value::String(part.name.clone());
    let _ = match (form.format, form.pretty) {
        (Format::Yaml, _) => {
            let _ = writeln!(out, "{}:", yaml(&name).trim_end());
            let _ = writeln!(out, "  operations:");
            indent(out, &yaml(&operations), "    ", "    ");
            match part.objects.len() {
                0 => writeln!(out, "  snapshot: []"),
                _ => writeln!(out, "  snapshot:"),
            }
        }
        (_, true) => {
            out.push_str(if first { "{\n" } else { ",\n" });
            let _ = write!(out, "  {name}: {{\n    \"operations\": ");
            let text = serde_json::to_string_pretty(&operations).unwrap_or_default();
            indent(out, &text, "", "    ");
            out.pop();
            write!(out, ",\n    \"snapshot\": [")
        }
        (_, false) => {
            out.push(if first { '{' } else { ',' });
            write!(out, "{name}:{{\"operations\":{operations},\"snapshot\":[")
        }
    };
}

/// One object.
fn entry(out: &mut String, form: Form, value: &Value, first: bool) {
    match (form.format, form.pretty) {
        (Format::Yaml, _) => indent(out, &yaml(value), "  - ", "    "),
        (_, true) => {
            out.push_str(if first { "\n" } else { ",\n" });
            let text = serde_json::to_string_pretty(value).unwrap_or_default();
            indent(out, &text, "      ", "      ");
            out.pop();
        }
        (_, false) => {
            if !first {
                out.push(',');
            }
            let _ = write!(out, "{value}");
        }
    }
}

/// The end of a binding's part.
fn foot(out: &mut String, form: Form, objects: usize) {
    match (form.format, form.pretty) {
        (Format::Yaml, _) => {}
        (_, true) if objects > 0 => out.push_str("\n    ]\n  }"),
        (_, true) => out.push_str("]\n  }"),
        (_, false) => out.push_str("]}"),
    }
}

/// An object as it is shown, without the data of Secrets.
fn value(live: &Live, form: Form, part: &Part, index: usize) -> Value {
    let Entry {
        object,
        filter_result,
    } = part.objects.entry(index).unwrap_or_default();
    let mut item = Map::new();
    let read = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    if let Some(result) = filter_result.as_deref() {
        item.insert("filterResult".to_owned(), read(result));
    }
    if let Some(object) = object.as_deref().filter(|_| !form.brief || !part.secret) {
        item.insert("object".to_owned(), read(object));
    }
    live.common.redactor.entry(&mut item, part.secret);
    if !form.brief {
        return Value::Object(item);
    }
    let key = part.objects.key(index);
    let (namespace, name) = key.as_ref().map_or(("", ""), |key| key.parts());
    let mut brief = Map::new();
    brief.insert("namespace".to_owned(), namespace.into());
    brief.insert("name".to_owned(), name.into());
    if let Some(result) = item.get("filterResult") {
        let text = clipped(&result.to_string(), BRIEF);
        brief.insert("filterResult".to_owned(), text.into());
    }
    Value::Object(brief)
}

fn yaml(value: &Value) -> String {
    serde_saphyr::to_string(value).unwrap_or_default()
}

/// Lines with this in front, ended by a line break.
fn indent(out: &mut String, text: &str, first: &str, rest: &str) {
    for (i, line) in text.trim_end_matches('\n').split('\n').enumerate() {
        out.push_str(if i == 0 { first } else { rest });
        out.push_str(line);
        out.push('\n');
    }
}
