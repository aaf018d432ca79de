//! Binding contexts as shell-operator writes them to its file (BEHAVIOUR A3), for the journal and for hooks that want
//! the whole.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::budget::{Limit, LimitHit};
use crate::{Context, Entry, Form, Resource, RunInput, Snapshot};

/// The array of binding contexts exactly as in shell-operator's file, snapshots included. Costs as much as all that it
/// holds.
#[must_use]
pub fn render_contexts(input: &RunInput) -> Value {
    let contexts = input.contexts.iter().map(|context| {
        let mut writer = Writer {
            out: String::new(),
            allowed: u64::MAX,
        };
        let written = writer.context(context, input).is_ok();
        // Every part comes from the host; one that is not JSON is shown as null rather than losing the others.
        if written {
            serde_json::from_str(&writer.out).unwrap_or_default()
        } else {
            Value::Null
        }
    });
    Value::Array(contexts.collect())
}

/// The same as text, on one line. Parts that the host did not make JSON are copied as they are.
#[must_use]
pub fn contexts_json(input: &RunInput) -> String {
    let mut writer = Writer {
        out: String::from("["),
        allowed: u64::MAX,
    };
    for (index, context) in input.contexts.iter().enumerate() {
        if index > 0 {
            writer.out.push(',');
        }
        // Nothing is too long.
        let _ = writer.context(context, input);
    }
    writer.out.push(']');
    writer.out
}

/// The contexts, each as text of its own, unless they have more than `most` bytes together. Costs no more than that, and
/// next to nothing where the snapshots alone are known to be too large.
#[must_use]
pub fn contexts_within(input: &RunInput, most: u64) -> Option<Vec<String>> {
    let mut left = most;
    let mut texts = Vec::with_capacity(input.contexts.len());
    for one in &input.contexts {
        let text = context(one, input, left).ok()?;
        left = left.saturating_sub(text.len() as u64);
        texts.push(text);
    }
    Some(texts)
}

/// One context as text of at most `allowed` bytes.
pub(crate) fn context(
    context: &Context,
    input: &RunInput,
    allowed: u64,
) -> Result<String, LimitHit> {
    let mut writer = Writer {
        out: String::new(),
        allowed,
    };
    writer.context(context, input)?;
    Ok(writer.out)
}

struct Writer {
    out: String,
    allowed: u64,
}

impl Writer {
    fn context(&mut self, context: &Context, input: &RunInput) -> Result<(), LimitHit> {
        if let Form::V0 { resource } = &context.form {
            return self.context_v0(context, resource.as_ref());
        }
        let mut members = Members::new(self, '{')?;
        members.text("binding", &context.binding)?;
        if let Some(result) = &context.filter_result {
            members.json("filterResult", result)?;
        }
        if let Some(version) = &context.from_version {
            members.text("fromVersion", version)?;
        }
        if let Some(group) = &context.group {
            members.text("groupName", group)?;
        }
        if let Some(object) = &context.object {
            members.json("object", object)?;
        }
        if let Some(objects) = &context.objects {
            members.key("objects")?.entries(objects.as_ref())?;
        }
        if let Some(review) = &context.review {
            members.json("review", review)?;
        }
        if let Some(names) = &context.snapshot_names {
            let writer = members.key("snapshots")?;
            let mut snapshots = Members::new(writer, '{')?;
            // Sorted, as all keys.
            for name in names.iter().collect::<BTreeSet<_>>() {
                let writer = snapshots.key(name)?;
                match input.snapshots.get(name) {
                    Some(snapshot) => writer.entries(snapshot.as_ref())?,
                    None => writer.push("[]")?,
                }
            }
            snapshots.end('}')?;
        }
        if let Some(version) = &context.to_version {
            members.text("toVersion", version)?;
        }
        if let Some(kind) = &context.kind {
            members.text("type", kind)?;
        }
        if let Some(event) = &context.watch_event {
            members.text("watchEvent", event)?;
        }
        members.end('}')
    }

    fn context_v0(
        &mut self,
        context: &Context,
        resource: Option<&Resource>,
    ) -> Result<(), LimitHit> {
        let mut members = Members::new(self, '{')?;
        members.text("binding", &context.binding)?;
        if let Some(resource) = resource {
            let event = match context.watch_event.as_deref() {
                Some("Added") => "add",
                Some("Modified") => "update",
                Some("Deleted") => "delete",
                _ => "",
            };
            members.text("resourceEvent", event)?;
            members.text("resourceKind", &resource.kind)?;
            members.text("resourceName", &resource.name)?;
            members.text("resourceNamespace", &resource.namespace)?;
        }
        members.end('}')
    }

    fn entries(&mut self, snapshot: &dyn Snapshot) -> Result<(), LimitHit> {
        self.push("[")?;
        self.room_for(snapshot.json_bytes())?;
        for index in 0..snapshot.len() {
            if index > 0 {
                self.push(",")?;
            }
            self.entry(&snapshot.entry(index).unwrap_or_default())?;
        }
        self.push("]")
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), LimitHit> {
        let mut members = Members::new(self, '{')?;
        if let Some(result) = &entry.filter_result {
            members.json("filterResult", result)?;
        }
        if let Some(object) = &entry.object {
            members.json("object", object)?;
        }
        members.end('}')
    }

    fn push(&mut self, text: &str) -> Result<(), LimitHit> {
        self.room_for(text.len() as u64)?;
        self.out.push_str(text);
        Ok(())
    }

    /// That so many bytes more are allowed.
    fn room_for(&self, bytes: u64) -> Result<(), LimitHit> {
        let used = (self.out.len() as u64).saturating_add(bytes);
        if used > self.allowed {
            return Err(LimitHit {
                limit: Limit::Memory,
                used,
                allowed: self.allowed,
            });
        }
        Ok(())
    }
}

/// The members of one object, with their commas.
struct Members<'w> {
    writer: &'w mut Writer,
    first: bool,
}

impl<'w> Members<'w> {
    fn new(writer: &'w mut Writer, open: char) -> Result<Self, LimitHit> {
        writer.push(open.encode_utf8(&mut [0; 4]))?;
        Ok(Self {
            writer,
            first: true,
        })
    }

    fn key(&mut self, key: &str) -> Result<&mut Writer, LimitHit> {
        if !std::mem::take(&mut self.first) {
            self.writer.push(",")?;
        }
        self.writer.push(&Value::from(key).to_string())?;
        self.writer.push(":")?;
        Ok(self.writer)
    }

    fn text(&mut self, key: &str, value: &str) -> Result<(), LimitHit> {
        let value = Value::from(value).to_string();
        self.json(key, &value)
    }

    fn json(&mut self, key: &str, value: &str) -> Result<(), LimitHit> {
        self.key(key)?.push(value)
    }

    fn end(self, close: char) -> Result<(), LimitHit> {
        self.writer.push(close.encode_utf8(&mut [0; 4]))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn entry(object: Option<&str>, filter_result: Option<&str>) -> Entry {
        Entry {
            object: object.map(Into::into),
            filter_result: filter_result.map(Into::into),
        }
    }

    fn input(contexts: Vec<Context>) -> RunInput {
        let pods = vec![
            entry(Some(r#"{"kind":"Pod"}"#), Some("null")),
            entry(None, None),
        ];
        let snapshots = BTreeMap::from([("pods".to_owned(), Arc::new(pods) as Arc<dyn Snapshot>)]);
        RunInput {
            contexts,
            snapshots,
            ..RunInput::default()
        }
    }

    #[test]
    fn each_case_has_its_fields() {
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        let contexts = vec![
            Context {
                binding: "onStartup".into(),
                ..Context::default()
            },
            Context {
                binding: "every \"minute\"".into(),
                kind: Some("Schedule".into()),
                snapshot_names: names(&["pods", "none"]),
                ..Context::default()
            },
            Context {
                binding: "pods".into(),
                kind: Some("Synchronization".into()),
                objects: Some(Arc::new(Vec::<Entry>::new())),
                ..Context::default()
            },
            Context {
                binding: "pods".into(),
                kind: Some("Event".into()),
                watch_event: Some("Added".into()),
                object: Some(r#"{"kind":"Pod"}"#.into()),
                filter_result: Some("null".into()),
                ..Context::default()
            },
            Context {
                binding: "kubernetes".into(),
                kind: Some("Group".into()),
                group: Some("main".into()),
                ..Context::default()
            },
        ];
        assert_eq!(
            render_contexts(&input(contexts)),
            json!([
                {"binding": "onStartup"},
                {"binding": "every \"minute\"", "type": "Schedule", "snapshots": {
                    "pods": [{"object": {"kind": "Pod"}, "filterResult": null}, {}], "none": []}},
                {"binding": "pods", "type": "Synchronization", "objects": []},
                {"binding": "pods", "type": "Event", "watchEvent": "Added", "object": {"kind": "Pod"}, "filterResult": null},
                {"binding": "kubernetes", "type": "Group", "groupName": "main"},
            ])
        );
    }

    #[test]
    fn snapshots_stand_in_the_order_of_their_names_and_once() {
        let names = ["pods", "none", "pods"].map(str::to_owned);
        let text = contexts_json(&input(vec![Context {
            binding: "b".into(),
            snapshot_names: Some(names.to_vec()),
            ..Context::default()
        }]));
        assert_eq!(
            text,
            r#"[{"binding":"b","snapshots":{"none":[],"pods":[{"filterResult":null,"object":{"kind":"Pod"}},{}]}}]"#
        );
    }

    #[test]
    fn contexts_of_the_old_format_say_less() {
        let of = |binding: &str, kind: &str, resource: Option<Resource>| Context {
            form: Form::V0 { resource },
            binding: binding.into(),
            kind: Some(kind.into()),
            ..Context::default()
        };
        let resource = |namespace: &str| Resource {
            namespace: namespace.into(),
            kind: "Pod".into(),
            name: "p".into(),
        };
        let event = |namespace: &str, watch_event: &str| Context {
            watch_event: Some(watch_event.into()),
            filter_result: Some("1".into()),
            ..of("pods", "Event", Some(resource(namespace)))
        };
        let contexts = vec![
            of("onStartup", "", None),
            of("schedule", "Schedule", None),
            event("ns", "Added"),
            event("", "Modified"),
            event("ns", "Deleted"),
        ];
        let shown = |event: &str, namespace: &str| {
            json!({"binding": "pods", "resourceEvent": event, "resourceKind": "Pod", "resourceName": "p",
                "resourceNamespace": namespace})
        };
        assert_eq!(
            render_contexts(&input(contexts)),
            json!([
                {"binding": "onStartup"}, {"binding": "schedule"},
                shown("add", "ns"), shown("update", ""), shown("delete", "ns"),
            ])
        );
    }

    #[test]
    fn what_is_known_to_be_too_large_is_not_even_begun() {
        /// Says how large it is, and must not be read.
        struct Large;
        impl Snapshot for Large {
            fn len(&self) -> usize {
                panic!("it was read")
            }
            fn entry(&self, _: usize) -> Option<Entry> {
                panic!("it was read")
            }
            fn json_bytes(&self) -> u64 {
                1 << 30
            }
        }
        let context = Context {
            binding: "b".into(),
            objects: Some(Arc::new(Large)),
            ..Context::default()
        };
        assert_eq!(contexts_within(&input(vec![context]), 1 << 20), None);
        let small = |binding: &str| Context {
            binding: binding.into(),
            ..Context::default()
        };
        let two = input(vec![small("a"), small("b")]);
        let texts = [
            r#"{"binding":"a"}"#.to_owned(),
            r#"{"binding":"b"}"#.to_owned(),
        ];
        assert_eq!(contexts_within(&two, 30).as_deref(), Some(&texts[..]));
        assert_eq!(contexts_within(&two, 29), None);
    }

    #[test]
    fn a_context_over_the_budget_is_stopped() {
        let context = Context {
            binding: "b".into(),
            snapshot_names: Some(vec!["pods".into()]),
            ..Context::default()
        };
        let input = input(vec![context]);
        let [context] = input.contexts.as_slice() else {
            panic!()
        };
        let text = super::context(context, &input, 1000).unwrap();
        assert!(super::context(context, &input, text.len() as u64).is_ok());
        assert!(super::context(context, &input, text.len() as u64 - 1).is_err());
    }
}
