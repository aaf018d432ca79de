//! `hookbox:hook/cluster`.

use super::refused;
use crate::JsonText;
use crate::bindings::hookbox::hook::cluster::{Host, Page, Selection};
use crate::bindings::hookbox::hook::types::Refusal;
use crate::budget::{Limit, LimitHit};
use crate::reads::{PAGE, Read, ReadAnswer, ReadRecord, ReadRefusal};
use crate::state::{Answer, Fault, State};
use crate::validate::{quote, refusal};
use crate::{LogLevel, LogRecord};

/// Longest name of a group, an object or a namespace; of a kind; of a selector; of the place where a listing goes on.
const NAME: usize = 253;
const KIND: usize = 63;
const SELECTOR: usize = 4 << 10;
const PLACE: usize = 16 << 10;

/// What the record of a read costs beyond its text.
const RECORD: u64 = 512;

impl Host for State {
    async fn get(
        &mut self,
        api_version: String,
        kind: String,
        namespace: Option<String>,
        name: String,
    ) -> Answer<Option<String>> {
        self.call()?;
        let read = Read::Get {
            api_version,
            kind,
            namespace,
            name,
        };
        match self.read_cluster(read).await {
            Ok(ReadAnswer::Object(object)) => {
                let object = object.map(|text| self.copy(&text)).transpose()?;
                Ok(Ok(object))
            }
            Ok(ReadAnswer::Page(_)) => Ok(Err(wrong_answer())),
            Err(fault) => refused(fault),
        }
    }

    async fn list(
        &mut self,
        api_version: String,
        kind: String,
        selection: Selection,
    ) -> Answer<Page> {
        self.call()?;
        let read = Read::List {
            api_version,
            kind,
            namespace: selection.namespace,
            label_selector: selection.label_selector,
            field_selector: selection.field_selector,
            limit: selection.limit.unwrap_or(PAGE).clamp(1, PAGE),
            after: selection.after,
        };
        match self.read_cluster(read).await {
            Ok(ReadAnswer::Page(page)) => {
                let objects = self.copy_all(&page.objects)?;
                Ok(Ok(Page {
                    objects,
                    next: page.next,
                    resource_version: page.resource_version,
                }))
            }
            Ok(ReadAnswer::Object(_)) => Ok(Err(wrong_answer())),
            Err(fault) => refused(fault),
        }
    }
}

fn wrong_answer() -> Refusal {
    refusal("unavailable", "the cluster answered something else")
}

impl State {
    /// Check, count, ask, record.
    async fn read_cluster(&mut self, read: Read) -> Result<ReadAnswer, Fault> {
        check(&read)?;
        let grants = std::sync::Arc::clone(&self.input.grants);
        if let Err(missing) = grants.may_read(&read) {
            self.tell_missing(&missing);
            return Err(refusal("not-granted", missing).into());
        }
        let Some(cluster) = grants.cluster() else {
            return Err(refusal("no-cluster", "there is no cluster to read from").into());
        };
        self.outside.read()?;
        self.memory.charge(RECORD)?;
        let max = self.outside.remaining().min(self.memory.remaining());
        let answer = cluster.read(&read, max).await;
        if let Ok(answer) = &answer {
            self.outside.transfer(answer.bytes())?;
            // Held until the end of the run, for the journal.
            self.memory.charge(answer.bytes())?;
        }
        self.reads.push(ReadRecord {
            read,
            answer: answer.clone(),
        });
        answer.map_err(|ReadRefusal { code, message }| Refusal { code, message }.into())
    }

    /// Tell in the log that a grant was missing, once for each.
    fn tell_missing(&mut self, text: &str) {
        if self.outside.missing(text) {
            let record = LogRecord {
                level: LogLevel::Warn,
                message: text.to_owned(),
                fields: Vec::new(),
            };
            // What goes over the log's budget need not stop the run: the guest is told as well.
            let _ = self.with_log(|log| log.record(record));
        }
    }

    fn copy_all(&mut self, texts: &[JsonText]) -> Result<Vec<String>, LimitHit> {
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if bytes > self.memory.remaining() {
            return Err(LimitHit {
                limit: Limit::Memory,
                used: self.memory.held().saturating_add(bytes),
                allowed: self.budget.memory,
            });
        }
        Ok(texts.iter().map(|text| text.as_ref().to_owned()).collect())
    }
}

/// Whether the read is written as the cluster's API writes things: what goes into a path of a URL has to be a name.
fn check(read: &Read) -> Result<(), Refusal> {
    let (group, version) = match read.api_version().split_once('/') {
        Some((group, version)) => (Some(group), version),
        None => (None, read.api_version()),
    };
    let wrong = |what: &str, text: &str| {
        Err(refusal(
            "invalid-argument",
            format!("{} is no {what}", quote(text)),
        ))
    };
    if !label(version) || group.is_some_and(|group| !domain(group)) {
        return wrong("group and version", read.api_version());
    }
    if !word(read.kind()) {
        return wrong("kind", read.kind());
    }
    if let Some(namespace) = read.namespace()
        && !label(namespace)
    {
        return wrong("namespace", namespace);
    }
    match read {
        Read::Get { name, .. } if !segment(name) => wrong("name of an object", name),
        Read::Get { .. } => Ok(()),
        Read::List {
            label_selector,
            field_selector,
            after,
            ..
        } => {
            for selector in [label_selector, field_selector].into_iter().flatten() {
                if selector.len() > SELECTOR {
                    return wrong("selector of at most 4 KiB", selector);
                }
            }
            match after {
                Some(place) if place.len() > PLACE => wrong("place to go on", place),
                _ => Ok(()),
            }
        }
    }
}

fn label(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= KIND
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn domain(text: &str) -> bool {
    text.len() <= NAME && text.split('.').all(label)
}

fn word(text: &str) -> bool {
    !text.is_empty() && text.len() <= KIND && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A segment of a path, as the API server takes names of all kinds (RBAC's have colons).
fn segment(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= NAME
        && !matches!(text, "." | "..")
        && text.bytes().all(|byte| {
            byte.is_ascii_graphic() && !matches!(byte, b'/' | b'%' | b'?' | b'#' | b'\\')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(api_version: &str, kind: &str, namespace: &str, name: &str) -> Read {
        Read::Get {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: Some(namespace.into()),
            name: name.into(),
        }
    }

    #[test]
    fn what_is_no_name_is_refused_before_it_gets_into_a_path() {
        check(&get("v1", "ConfigMap", "a", "x")).unwrap_or_else(|r| panic!("{}", r.message));
        check(&get(
            "rbac.authorization.k8s.io/v1",
            "Role",
            "a",
            "system:x",
        ))
        .unwrap_or_else(|r| panic!("{}", r.message));
        for wrong in [
            get("", "Pod", "a", "x"),
            get("apps/", "Pod", "a", "x"),
            get("apps/v1/x", "Pod", "a", "x"),
            get("../v1", "Pod", "a", "x"),
            get("v1", "Pod/log", "a", "x"),
            get("v1", "", "a", "x"),
            get("v1", "Pod", "", "x"),
            get("v1", "Pod", "a/pods/b", "x"),
            get("v1", "Pod", "..", "x"),
            get("v1", "Pod", "a", ""),
            get("v1", "Pod", "a", ".."),
            get("v1", "Pod", "a", "x/../../secrets/y"),
            get("v1", "Pod", "a", "x%2f.."),
            get("v1", "Pod", "a", "x?watch=1"),
            get("v1", "Pod", "a", "x\r\nHost: y"),
            get("v1", "Pod", "a", &"x".repeat(254)),
        ] {
            let refusal = check(&wrong).unwrap_err();
            assert_eq!(refusal.code, "invalid-argument", "{wrong:?}");
        }
    }
}
