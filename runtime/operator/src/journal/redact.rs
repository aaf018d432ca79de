//! Takes the data of Secrets out of records.

use std::collections::BTreeSet;
use std::io::{self, Read};

use hmac::{Hmac, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::apply;

/// Holds the whole manifest, data included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Bytes of a digest that are shown.
const SHOWN: usize = 16;

/// Replaces secret values by digests. The key is made at random and kept in memory only, so that a short password
/// cannot be found by trying.
#[derive(Clone)]
pub(crate) struct Redactor {
    key: [u8; 32],
}

impl Redactor {
    pub(crate) fn new() -> io::Result<Self> {
        let mut key = [0; 32];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
        Ok(Self { key })
    }

    /// In the array of binding contexts: Secrets, their filter results, and the filter results of `bindings`.
    pub(super) fn contexts(&self, contexts: &mut Value, bindings: &BTreeSet<String>) {
        for context in contexts
            .as_array_mut()
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            if context
                .get("binding")
                .and_then(Value::as_str)
                .is_some_and(|b| bindings.contains(b))
            {
                self.filter_result(context);
                self.filter_results(context.get_mut("objects"));
            }
            for (name, items) in context
                .get_mut("snapshots")
                .and_then(Value::as_object_mut)
                .into_iter()
                .flatten()
            {
                if bindings.contains(name) {
                    self.filter_results(Some(items));
                }
            }
        }
        self.walk(contexts);
    }

    /// In one object.
    pub(super) fn object(&self, object: &mut Value) {
        self.walk(object);
    }

    /// In one entry of a snapshot, whose filter result is secret where its binding selects Secrets.
    pub(crate) fn entry(&self, entry: &mut Map<String, Value>, secret: bool) {
        if secret {
            self.filter_result(entry);
        }
        let mut whole = Value::Object(std::mem::take(entry));
        self.walk(&mut whole);
        if let Value::Object(map) = whole {
            *entry = map;
        }
    }

    /// In the JSON form of effects: manifests of Secrets, and whatever patches a Secret.
    pub(super) fn effects(&self, effects: &mut Value) {
        for patch in effects
            .get_mut("objectPatches")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let Some(patch) = patch.as_object_mut() else {
                continue;
            };
            if !is_secret(patch) {
                continue;
            }
            match patch.get_mut("mergePatch") {
                Some(Value::Object(document)) => self.secret(document),
                Some(other) => self.digest(other),
                None => {}
            }
            for item in patch
                .get_mut("jsonPatch")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                if let Some(value) = item.get_mut("value") {
                    self.digest(value);
                }
                for key in ["path", "from"] {
                    if let Some(path) = item.get_mut(key) {
                        self.path(path);
                    }
                }
            }
            if let Some(filter) = patch.get_mut("jqFilter") {
                self.digest(filter);
            }
        }
        self.walk(effects);
    }

    /// Every Secret in a document, wherever it is.
    fn walk(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::Object(map) => {
                if map
                    .get("object")
                    .and_then(Value::as_object)
                    .is_some_and(is_secret)
                {
                    self.filter_result(map);
                }
                match map.get("kind").and_then(Value::as_str) {
                    Some(_) if is_secret(map) => self.secret(map),
                    Some("SecretList") => {
                        for item in map
                            .get_mut("items")
                            .and_then(Value::as_array_mut)
                            .into_iter()
                            .flatten()
                        {
                            item.as_object_mut()
                                .into_iter()
                                .for_each(|secret| self.secret(secret));
                        }
                    }
                    _ => map.values_mut().for_each(|item| self.walk(item)),
                }
            }
            _ => {}
        }
    }

    fn secret(&self, secret: &mut Map<String, Value>) {
        for part in ["data", "stringData"] {
            match secret.get_mut(part) {
                Some(Value::Object(data)) => data.values_mut().for_each(|value| self.digest(value)),
                Some(other) => self.digest(other),
                None => {}
            }
        }
        if let Some(applied) = secret
            .get_mut("metadata")
            .and_then(|m| m.get_mut("annotations"))
            .and_then(|a| a.get_mut(LAST_APPLIED))
        {
            self.digest(applied);
        }
    }

    /// The parts of a JSON Pointer below the data: a hook that is mistaken may put values there.
    fn path(&self, path: &mut Value) {
        match path.as_str() {
            Some(text) => {
                let Some((data, below)) = apply::split_data_path(text) else {
                    return;
                };
                let mut redacted = data.to_owned();
                for (i, part) in below.split('/').enumerate() {
                    if i > 0 {
                        redacted.push('/');
                    }
                    let mut part = Value::String(apply::unescape(part));
                    self.digest(&mut part);
                    redacted.push_str(part.as_str().unwrap_or_default());
                }
                *path = Value::String(redacted);
            }
            None => self.digest(path),
        }
    }

    fn filter_results(&self, items: Option<&mut Value>) {
        for item in items
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            self.filter_result(item);
        }
    }

    fn filter_result(&self, item: &mut Map<String, Value>) {
        if let Some(result) = item.get_mut("filterResult") {
            self.digest(result);
        }
    }

    /// A null stays: it says that a key is removed.
    fn digest(&self, value: &mut Value) {
        let text = match *value {
            Value::Null => return,
            Value::String(ref text) if text.starts_with(MARK) => return,
            Value::String(ref mut text) => std::mem::take(text),
            ref other => other.to_string(),
        };
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return *value = Value::String(MARK.to_owned());
        };
        mac.update(text.as_bytes());
        let digest = hex::encode(mac.finalize().into_bytes());
        *value = Value::String(format!(
            "{MARK}{}",
            digest.get(..2 * SHOWN).unwrap_or_default()
        ));
    }
}

/// How every value begins that was taken out.
pub(super) const MARK: &str = "redacted:";

fn is_secret(map: &Map<String, Value>) -> bool {
    let text = |key| map.get(key).and_then(Value::as_str);
    text("kind").is_some_and(|kind| apply::is_secret(text("apiVersion"), kind))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redactor() -> Redactor {
        Redactor { key: [7; 32] }
    }

    fn secret(data: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "annotations": {LAST_APPLIED: format!("{{\"data\":\"{data}\"}}"), "other": "kept"}},
            "data": {"password": data}, "stringData": {"token": data}, "type": "Opaque"})
    }

    #[test]
    fn secrets_in_contexts_lose_their_data_and_filter_results() {
        let mut contexts = json!([
            {"binding": "a", "type": "Event", "object": secret("c2VzYW0="), "filterResult": {"p": "c2VzYW0="}},
            {"binding": "b", "type": "Synchronization", "objects": [{"object": secret("c2VzYW0="), "filterResult": "c2VzYW0="}],
             "snapshots": {"c": [{"object": secret("c2VzYW0=")}], "watched": [{"filterResult": ["c2VzYW0="]}], "names": [{"filterResult": "kept"}]}},
            {"binding": "watched", "type": "Event", "filterResult": "c2VzYW0="}
        ]);
        redactor().contexts(&mut contexts, &BTreeSet::from(["watched".to_owned()]));
        let text = contexts.to_string();
        assert!(!text.contains("c2VzYW0="), "{text}");
        assert_eq!(text.matches("kept").count(), 4);
        assert_eq!(contexts[0]["object"]["type"], "Opaque");
        assert_eq!(
            contexts[0]["object"]["data"]["password"], contexts[0]["object"]["stringData"]["token"],
            "equal values stay equal"
        );
    }

    #[test]
    fn effects_on_secrets_lose_their_data() {
        let mut effects = json!({"objectPatches": [
            {"operation": "CreateOrUpdate", "object": secret("c2VzYW0=")},
            {"operation": "Create", "object": {"apiVersion": "v1", "kind": "List", "items": [secret("c2VzYW0=")]}},
            {"operation": "MergePatch", "kind": "secret", "name": "s", "mergePatch": {"data": {"password": "c2VzYW0=", "old": null}}},
            {"operation": "JSONPatch", "kind": "Secret", "name": "s", "jsonPatch": [{"op": "add", "path": "/data", "value": {"password": "c2VzYW0="}}, {"op": "remove", "path": "/data/c2VzYW0=/a~1b"}, {"op": "move", "from": "/stringData/c2VzYW0=", "path": "/metadata/labels/x"}]},
            {"operation": "JQPatch", "kind": "Secrets", "name": "s", "jqFilter": ".data.password = \"c2VzYW0=\""},
            {"operation": "MergePatch", "kind": "ConfigMap", "name": "s", "mergePatch": {"data": {"plain": "kept"}}}
        ]});
        redactor().effects(&mut effects);
        let text = effects.to_string();
        assert!(!text.contains("c2VzYW0="), "{text}");
        assert!(
            text.contains("\"plain\":\"kept\"")
                && text.contains("\"old\":null")
                && text.contains("\"path\":\"/metadata/labels/x\"")
        );
        let items = &effects["objectPatches"][3]["jsonPatch"];
        let digest = |text: &str| {
            let mut value = json!(text);
            redactor().digest(&mut value);
            value.as_str().unwrap().to_owned()
        };
        let (value, key) = (digest("c2VzYW0="), digest("a/b"));
        assert_eq!(items[1]["path"], format!("/data/{value}/{key}"));
        assert_eq!(items[2]["from"], format!("/stringData/{value}"));
    }

    #[test]
    fn another_kind_named_secret_is_left_alone() {
        let mut contexts = json!([{"object": {"apiVersion": "vault.example/v1", "kind": "Secret", "data": {"a": "kept"}}}]);
        redactor().contexts(&mut contexts, &BTreeSet::new());
        assert_eq!(contexts[0]["object"]["data"]["a"], "kept");
    }

    #[test]
    fn digests_depend_on_the_key() {
        let digest = |key| {
            let mut value = json!("sesame");
            Redactor { key: [key; 32] }.digest(&mut value);
            value
        };
        assert_eq!(digest(1), digest(1));
        assert_ne!(digest(1), digest(2));
        assert!(Redactor::new().unwrap().key != Redactor::new().unwrap().key);
    }
}
