//! Reads of the cluster while a hook runs: what is asked, what is answered, and who answers.
//!
//! One request and one answer type, so that a live cluster, a recording and its replay are the same thing to a run.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::JsonText;
use crate::capabilities::ReadVerb;

/// Objects of one page at most.
pub const PAGE: u32 = 500;

/// What a hook asks of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "verb",
    rename_all = "lowercase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Read {
    /// One object.
    Get {
        /// Group and version, as in the object: `v1`, `apps/v1`.
        api_version: String,
        /// Its kind.
        kind: String,
        /// Its namespace; none for a cluster-scoped object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// Its name.
        name: String,
    },
    /// One page of objects.
    List {
        /// Group and version.
        api_version: String,
        /// Their kind.
        kind: String,
        /// In which namespace; none for all of them, and for cluster-scoped objects.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// Selector of labels.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label_selector: Option<String>,
        /// Selector of fields.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field_selector: Option<String>,
        /// Objects at most, between 1 and [`PAGE`].
        limit: u32,
        /// [`Page::next`] of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
}

impl Read {
    /// What is done.
    #[must_use]
    pub fn verb(&self) -> ReadVerb {
        match self {
            Self::Get { .. } => ReadVerb::Get,
            Self::List { .. } => ReadVerb::List,
        }
    }

    /// Group and version.
    #[must_use]
    pub fn api_version(&self) -> &str {
        match self {
            Self::Get { api_version, .. } | Self::List { api_version, .. } => api_version,
        }
    }

    /// The group; empty for the core group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.api_version()
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Get { kind, .. } | Self::List { kind, .. } => kind,
        }
    }

    /// The namespace, if one is named.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Get { namespace, .. } | Self::List { namespace, .. } => namespace.as_deref(),
        }
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReadAnswer {
    /// To [`Read::Get`]: the object's JSON, none when there is none.
    Object(Option<JsonText>),
    /// To [`Read::List`].
    Page(Page),
}

impl ReadAnswer {
    /// Bytes of JSON.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::Object(object) => object.as_ref().map_or(0, |text| text.len()),
            Self::Page(page) => page.objects.iter().map(|text| text.len()).sum(),
        };
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Some of the objects of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The objects' JSON, in the cluster's order.
    pub objects: Vec<JsonText>,
    /// Where to go on; none when this was the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The state of the cluster that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<String>,
}

/// Why there is no answer. The hook is told, and goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} [{code}]")]
pub struct ReadRefusal {
    /// One of the words of the contract's `cluster` interface.
    pub code: String,
    /// For a person.
    pub message: String,
}

impl ReadRefusal {
    /// A refusal.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// One read and what came of it, for the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadRecord {
    /// What was asked.
    pub read: Read,
    /// What was answered.
    #[serde(with = "answered")]
    pub answer: Result<ReadAnswer, ReadRefusal>,
}

/// The JSON form of an answer or a refusal: an object with one key.
mod answered {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{ReadAnswer, ReadRefusal};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Answered<A, R> {
        Given(A),
        Refused(R),
    }

    pub(super) fn serialize<S: Serializer>(
        answer: &Result<ReadAnswer, ReadRefusal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match answer {
            Ok(answer) => Answered::Given(answer),
            Err(refusal) => Answered::Refused(refusal),
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Result<ReadAnswer, ReadRefusal>, D::Error> {
        Ok(match Answered::deserialize(deserializer)? {
            Answered::Given(answer) => Ok(answer),
            Answered::Refused(refusal) => Err(refusal),
        })
    }
}

/// An answer that is under way.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<ReadAnswer, ReadRefusal>> + Send + 'a>>;

/// Who answers reads: the cluster under a tenant's identity, or a recording. Whether a read was granted was checked
/// before; what the cluster's own access control allows is for this to find out.
pub trait ClusterReads: Send + Sync {
    /// Answer one read. An answer of more than `max_bytes` of JSON is refused with `too-large`, without being held whole.
    /// It must end by itself in a reasonable time; when the run ends before, it is dropped.
    fn read<'a>(&'a self, read: &'a Read, max_bytes: u64) -> Reading<'a>;
}

/// Answers with what was recorded: each record once, to the first read that is the same.
#[derive(Debug, Default)]
pub struct RecordedReads {
    left: Mutex<VecDeque<ReadRecord>>,
}

impl RecordedReads {
    /// Answers with these records.
    #[must_use]
    pub fn new(records: impl IntoIterator<Item = ReadRecord>) -> Self {
        Self {
            left: Mutex::new(records.into_iter().collect()),
        }
    }
}

impl ClusterReads for RecordedReads {
    fn read<'a>(&'a self, read: &'a Read, _max_bytes: u64) -> Reading<'a> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let found = left.iter().position(|record| record.read == *read);
        let answer = match found.and_then(|index| left.remove(index)) {
            Some(record) => record.answer,
            None => Err(ReadRefusal::new(
                "unavailable",
                "the recorded run made no such read",
            )),
        };
        Box::pin(std::future::ready(answer))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn get(name: &str) -> Read {
        Read::Get {
            api_version: "apps/v1".into(),
            kind: "Deployment".into(),
            namespace: Some("a".into()),
            name: name.into(),
        }
    }

    #[test]
    fn a_record_is_json_and_back() {
        let record = ReadRecord {
            read: get("x"),
            answer: Ok(ReadAnswer::Object(Some("{}".into()))),
        };
        let form = json!({
            "read": {"verb": "get", "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "a", "name": "x"},
            "answer": {"given": {"object": "{}"}},
        });
        assert_eq!(serde_json::to_value(&record).unwrap(), form);
        assert_eq!(serde_json::from_value::<ReadRecord>(form).unwrap(), record);
        let refused = ReadRecord {
            read: get("x"),
            answer: Err(ReadRefusal::new("forbidden", "no")),
        };
        let form = serde_json::to_value(&refused).unwrap();
        assert_eq!(
            form["answer"],
            json!({"refused": {"code": "forbidden", "message": "no"}})
        );
        assert_eq!(serde_json::from_value::<ReadRecord>(form).unwrap(), refused);
    }

    #[test]
    fn the_group_is_what_stands_before_the_version() {
        assert_eq!(get("x").group(), "apps");
        let core = Read::List {
            api_version: "v1".into(),
            kind: "Pod".into(),
            namespace: None,
            label_selector: None,
            field_selector: None,
            limit: 1,
            after: None,
        };
        assert_eq!((core.group(), core.verb()), ("", ReadVerb::List));
    }

    #[tokio::test]
    async fn a_recording_answers_each_read_once_and_in_order() {
        let record = |name: &str, text: &str| ReadRecord {
            read: get(name),
            answer: Ok(ReadAnswer::Object(Some(text.into()))),
        };
        let reads = RecordedReads::new([record("a", "1"), record("b", "2"), record("a", "3")]);
        let text = async |name| match reads.read(&get(name), 0).await {
            Ok(ReadAnswer::Object(Some(text))) => text.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(text("b").await, "2");
        assert_eq!(text("a").await, "1");
        assert_eq!(text("a").await, "3");
        assert!(text("a").await.contains("unavailable"));
    }
}
