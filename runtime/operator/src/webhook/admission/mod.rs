//! AdmissionReviews: read, and answered.

mod answer;
mod request;

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

pub(crate) use answer::{Answer, render};
pub use request::as_go;

/// Versions of AdmissionReview that are understood, the preferred one first.
pub(crate) const VERSIONS: [&str; 2] = ["v1", "v1beta1"];
const GROUP: &str = "admission.k8s.io/";

/// Why a body is no review.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// It is not JSON, or its fields have other types.
    #[error("the body is no {kind}: {source}")]
    Json {
        /// What it should be.
        kind: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// It is something else.
    #[error("the body is a `{found}`, no {kind}")]
    Kind {
        /// What it should be.
        kind: &'static str,
        /// What it is.
        found: String,
    },
    /// It has a version that is not known.
    #[error("the version `{found}` of {kind} is not known; known are v1 and v1beta1")]
    Version {
        /// What it is.
        kind: &'static str,
        /// Its `apiVersion`.
        found: String,
    },
    /// It has no request.
    #[error("the {0} has no `request`")]
    NoRequest(&'static str),
    /// Its request has no uid.
    #[error("the request has no `uid`")]
    NoUid,
}

impl ReviewError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json { .. } => "not-a-review",
            Self::Kind { .. } => "other-kind",
            Self::Version { .. } => "unknown-version",
            Self::NoRequest(_) => "no-request",
            Self::NoUid => "no-uid",
        }
    }
}

/// The outer part of a review of any kind. The request stays text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope<'b> {
    #[serde(borrow, default)]
    api_version: Cow<'b, str>,
    #[serde(borrow, default)]
    kind: Cow<'b, str>,
    #[serde(borrow, default)]
    request: Option<&'b RawValue>,
}

/// Reads a JSON object. An array of its fields, which serde would take as well, is none.
pub(super) fn object<'b, T: Deserialize<'b>>(text: &'b [u8]) -> serde_json::Result<T> {
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'[') => Err(serde::de::Error::custom("it is an array, not an object")),
        _ => serde_json::from_slice(text),
    }
}

/// Quoted from a body at most, in characters.
const QUOTED: usize = 80;

impl<'b> Envelope<'b> {
    /// Reads a review of this kind and group; `group` ends in `/`. Its version, one of [`VERSIONS`], and its request.
    pub(crate) fn read(
        body: &'b [u8],
        kind: &'static str,
        group: &str,
    ) -> Result<(&'static str, &'b RawValue), ReviewError> {
        let quoted = |text: &str| text.chars().take(QUOTED).collect::<String>();
        let envelope: Self = object(body).map_err(|source| ReviewError::Json { kind, source })?;
        let of_group = envelope.api_version.strip_prefix(group);
        if envelope.kind != kind || of_group.is_none() {
            return Err(ReviewError::Kind {
                kind,
                found: quoted(&format!("{} {}", envelope.api_version, envelope.kind)),
            });
        }
        let version = VERSIONS.into_iter().find(|v| Some(*v) == of_group);
        let version = version.ok_or_else(|| ReviewError::Version {
            kind,
            found: quoted(&envelope.api_version),
        })?;
        let request = envelope.request.ok_or(ReviewError::NoRequest(kind))?;
        Ok((version, request))
    }
}

/// A review as it came.
#[derive(Debug)]
pub(crate) struct Review<'b> {
    /// Version of the review: that of the answer too.
    pub(crate) version: &'static str,
    /// Its request as text.
    pub(crate) request: &'b str,
    /// What hookbox itself looks at.
    pub(crate) head: Head<'b>,
}

/// What hookbox itself looks at.
#[derive(Debug)]
pub(crate) struct Head<'b> {
    /// The request's own id, given back in the answer.
    pub(crate) uid: Cow<'b, str>,
    /// The object's namespace; empty for cluster-scoped objects.
    pub(crate) namespace: Cow<'b, str>,
}

impl<'b> Head<'b> {
    /// Reads as much of a request as is needed: API servers write the objects, which are most of it, behind what is
    /// looked for. The text is known to be JSON. A field that stands once more behind both is not seen here.
    fn read(request: &'b str) -> serde_json::Result<Self> {
        let mut found = Found::default();
        let mut json = serde_json::Deserializer::from_str(request);
        let read = serde::Deserializer::deserialize_map(&mut json, &mut found);
        match (read, found) {
            // That the map goes on is no error.
            (
                _,
                Found {
                    uid: Some(uid),
                    namespace: Some(namespace),
                },
            ) => Ok(Self { uid, namespace }),
            (Err(error), _) => Err(error),
            (Ok(()), Found { uid, namespace }) => Ok(Self {
                uid: uid.unwrap_or_default(),
                namespace: namespace.unwrap_or_default(),
            }),
        }
    }
}

/// What was found of a [`Head`].
#[derive(Default)]
struct Found<'b> {
    uid: Option<Cow<'b, str>>,
    namespace: Option<Cow<'b, str>>,
}

/// A text that is not copied where it can be helped.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'b>(#[serde(borrow)] Cow<'b, str>);

impl<'b> Visitor<'b> for &mut Found<'b> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a request")
    }

    fn visit_map<A: MapAccess<'b>>(self, mut map: A) -> Result<(), A::Error> {
        while self.uid.is_none() || self.namespace.is_none() {
            let Some(Text(key)) = map.next_key()? else {
                break;
            };
            let (name, place) = match &*key {
                "uid" => ("uid", &mut self.uid),
                "namespace" => ("namespace", &mut self.namespace),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if place.is_some() {
                return Err(serde::de::Error::duplicate_field(name));
            }
            let Text(text) = map.next_value()?;
            *place = Some(text);
        }
        Ok(())
    }
}

impl<'b> Review<'b> {
    /// Reads a review.
    pub(crate) fn read(body: &'b [u8]) -> Result<Self, ReviewError> {
        const KIND: &str = "AdmissionReview";
        let (version, request) = Envelope::read(body, KIND, GROUP)?;
        let request = request.get();
        let head =
            Head::read(request).map_err(|source| ReviewError::Json { kind: KIND, source })?;
        if head.uid.is_empty() {
            return Err(ReviewError::NoUid);
        }
        Ok(Self {
            version,
            request,
            head,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(String, String, String), &'static str> {
        Review::read(body.as_bytes())
            .map(|r| {
                (
                    r.version.to_owned(),
                    r.request.to_owned(),
                    r.head.uid.into_owned(),
                )
            })
            .map_err(|error| error.code())
    }

    #[test]
    fn the_request_stays_as_it_came() {
        let request = r#"{"uid":"u\n1", "namespace":"ns","object":{"n":12345678901234567890}}"#;
        for version in VERSIONS {
            let body = format!(
                r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/{version}","request":{request},"more":1}}"#
            );
            assert_eq!(
                read(&body),
                Ok((version.to_owned(), request.to_owned(), "u\n1".to_owned()))
            );
        }
    }

    #[test]
    fn what_is_no_review_is_told() {
        let v1 = |request: &str| {
            format!(r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"{request}}}"#)
        };
        for (body, code) in [
            (String::new(), "not-a-review"),
            ("[]".to_owned(), "not-a-review"),
            ("null".to_owned(), "not-a-review"),
            ("{".to_owned(), "not-a-review"),
            ("{}".to_owned(), "other-kind"),
            (r#"{"kind":7}"#.to_owned(), "not-a-review"),
            (
                r#"{"apiVersion":"v1","kind":"Pod","request":{"uid":"a"}}"#.to_owned(),
                "other-kind",
            ),
            (
                r#"{"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview","request":{"uid":"a"}}"#
                    .to_owned(),
                "unknown-version",
            ),
            (v1(""), "no-request"),
            (v1(r#","request":null"#), "no-request"),
            (v1(r#","request":{}"#), "no-uid"),
            (v1(r#","request":"text""#), "not-a-review"),
            (v1(r#","request":["a"]"#), "not-a-review"),
            (v1(r#","request":{"uid":{}}"#), "not-a-review"),
            (
                v1(r#","request":{"uid":"a","uid":"b"}"#),
                "not-a-review",
            ),
            (
                v1(r#","request":{"uid":"a","namespace":7}"#),
                "not-a-review",
            ),
            (v1(r#","request":{"uid":"a"}"#) + "{}", "not-a-review"),
        ] {
            assert_eq!(read(&body), Err(code), "{body}");
        }
    }

    #[test]
    fn the_head_is_found_wherever_it_stands() {
        for (request, uid, namespace) in [
            (
                r#"{"object":{"uid":"no"},"namespace":"n","uid":"a","x":1}"#,
                "a",
                "n",
            ),
            (r#"{"uid":"a","object":{"namespace":"no"}}"#, "a", ""),
            (r#"{"u\u0069d":"a\n","namespace":"n"}"#, "a\n", "n"),
        ] {
            let head = Head::read(request).unwrap();
            assert_eq!(
                (&*head.uid, &*head.namespace),
                (uid, namespace),
                "{request}"
            );
        }
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        let body = format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"a","object":{deep}}}}}"#
        );
        // Read or refused, but no overflow.
        let _ = read(&body);
    }
}
