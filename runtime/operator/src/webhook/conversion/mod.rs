//! ConversionReviews: read, and answered (BEHAVIOUR D2).

mod chain;
mod object;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::admission::{Envelope, ReviewError, object as read_object};

pub(crate) use chain::{Chains, Rule, short};
pub(crate) use object::{Head, checked};

const KIND: &str = "ConversionReview";
const GROUP: &str = "apiextensions.k8s.io/";

/// A review as it came.
#[derive(Debug)]
pub(crate) struct Review<'b> {
    /// Version of the review: that of the answer too.
    pub(crate) version: &'static str,
    /// The request's own id, given back in the answer.
    pub(crate) uid: Cow<'b, str>,
    /// The version that all objects shall have.
    pub(crate) desired: Cow<'b, str>,
    /// The objects as text.
    pub(crate) objects: Vec<&'b str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'b> {
    #[serde(borrow, default)]
    uid: Cow<'b, str>,
    #[serde(rename = "desiredAPIVersion", borrow, default)]
    desired: Cow<'b, str>,
    #[serde(borrow, default)]
    objects: Option<Vec<&'b RawValue>>,
}

impl<'b> Review<'b> {
    /// Reads a review. Its objects are not looked into.
    pub(crate) fn read(body: &'b [u8]) -> Result<Self, ReviewError> {
        let (version, request) = Envelope::read(body, KIND, GROUP)?;
        let request: Request<'b> = read_object(request.get().as_bytes())
            .map_err(|source| ReviewError::Json { kind: KIND, source })?;
        if request.uid.is_empty() {
            return Err(ReviewError::NoUid);
        }
        let objects = request.objects.unwrap_or_default();
        Ok(Self {
            version,
            uid: request.uid,
            desired: request.desired,
            objects: objects.into_iter().map(RawValue::get).collect(),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    kind: &'static str,
    api_version: String,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    /// Null where there are none, as in shell-operator.
    converted_objects: Option<Vec<&'a RawValue>>,
    result: Outcome<'a>,
}

#[derive(Serialize)]
struct Outcome<'a> {
    metadata: Empty,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct Empty {}

/// The body of an answer: the converted objects, or why there are none.
pub(crate) fn render(
    version: &str,
    uid: &str,
    result: &Result<Vec<Box<RawValue>>, String>,
) -> Vec<u8> {
    let (objects, status, message) = match result {
        Ok(objects) => {
            let objects = objects.iter().map(AsRef::as_ref).collect();
            (Some(objects), "Success", None)
        }
        Err(message) => (None, "Failure", Some(message.as_str())),
    };
    let answer = Answer {
        kind: KIND,
        api_version: format!("{GROUP}{version}"),
        response: Response {
            uid,
            converted_objects: objects,
            result: Outcome {
                metadata: Empty {},
                status,
                message,
            },
        },
    };
    // Texts and JSON that was read before: it cannot fail.
    serde_json::to_vec(&answer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_review_is_read() {
        let body =
            br#"{"apiVersion":"apiextensions.k8s.io/v1beta1","kind":"ConversionReview","request":
            {"uid":"u","desiredAPIVersion":"g.io/v2","objects":[{"n":12345678901234567890},{}]}}"#;
        let review = Review::read(body).unwrap();
        assert_eq!(review.version, "v1beta1");
        assert_eq!(review.uid, "u");
        assert_eq!(review.desired, "g.io/v2");
        assert_eq!(review.objects, [r#"{"n":12345678901234567890}"#, "{}"]);
    }

    #[test]
    fn what_is_no_review_is_told() {
        for (request, code) in [
            ("null", "no-request"),
            ("{}", "no-uid"),
            (r#"{"uid":"u","objects":{}}"#, "not-a-review"),
            (r#"{"uid":"u","desiredAPIVersion":1}"#, "not-a-review"),
        ] {
            let body = format!(
                r#"{{"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview","request":{request}}}"#
            );
            assert_eq!(Review::read(body.as_bytes()).unwrap_err().code(), code);
        }
        let other =
            br#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u"}}"#;
        assert_eq!(Review::read(other).unwrap_err().code(), "other-kind");
    }

    #[test]
    fn answers_have_the_version_of_the_question() {
        let object = RawValue::from_string(r#"{"a":1}"#.to_owned()).unwrap();
        let read = |body: Vec<u8>| serde_json::from_slice::<Value>(&body).unwrap();
        assert_eq!(
            read(render("v1beta1", "u", &Ok(vec![object]))),
            json!({"kind": "ConversionReview", "apiVersion": "apiextensions.k8s.io/v1beta1",
                "response": {"uid": "u", "convertedObjects": [{"a": 1}], "result": {"metadata": {}, "status": "Success"}}})
        );
        assert_eq!(
            read(render("v1", "u", &Err("no".to_owned())))["response"],
            json!({"uid": "u", "convertedObjects": null, "result": {"metadata": {}, "status": "Failure", "message": "no"}})
        );
    }
}
