//! Plain requests to the API server: bounded in time and in size, and with the ways to fail told apart.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use kube::Client;
use kube::client::Body;
use serde::de::DeserializeOwned;

/// Bytes that an answer may have at most. A stored object has at most about 1.5 MB; discovery of a big cluster a few.
pub const MAX_ANSWER: usize = 32 << 20;

/// How much of an answer that is no `Status` is quoted in an error, in characters.
const QUOTED: usize = 300;

/// Why a request gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The API server refused.
    #[error("the API server answered {code}{}: {message}", reason_text(.reason))]
    Status {
        /// HTTP status code.
        code: u16,
        /// Machine-readable reason of the `Status`, such as `NotFound`; empty where there is none.
        reason: String,
        /// What the API server says.
        message: String,
        /// When the API server wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// No answer in time.
    #[error("no answer of the API server within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// The API server cannot be reached, or the connection broke.
    #[error("the API server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer is greater than [`MAX_ANSWER`].
    #[error("the API server's answer is greater than {0} bytes")]
    TooLarge(usize),
    /// The answer is not what was asked for.
    #[error("the API server's answer cannot be understood")]
    Answer(#[source] serde_json::Error),
    /// The request cannot be written down, for instance because of a name that no URL can hold.
    #[error("the request is invalid")]
    Request(#[source] http::Error),
}

impl From<kube::core::request::Error> for ApiError {
    fn from(error: kube::core::request::Error) -> Self {
        match error {
            kube::core::request::Error::BuildRequest(error) => Self::Request(error),
            other => Self::Unreachable(Box::new(other)),
        }
    }
}

fn reason_text(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(" {reason}")
    }
}

impl ApiError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Status { code: 401, .. } => "unauthorized",
            Self::Status { code: 403, .. } => "forbidden",
            Self::Status { code: 404, .. } => "not-found",
            Self::Status {
                code: 409, reason, ..
            } if reason == "AlreadyExists" => "already-exists",
            Self::Status { code: 409, .. } => "conflict",
            Self::Status { code: 422, .. } => "invalid",
            Self::Status { code: 429, .. } => "too-many-requests",
            Self::Status { code, .. } if *code >= 500 => "server-error",
            Self::Status { .. } => "refused",
            Self::Timeout(_) => "timeout",
            Self::Unreachable(_) => "unreachable",
            Self::TooLarge(_) => "answer-too-large",
            Self::Answer(_) => "answer",
            Self::Request(_) => "request",
        }
    }

    /// The HTTP status code, where the API server answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the object, or the whole resource, does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// Whether an object of this name exists already.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        matches!(self, Self::Status { code: 409, reason, .. } if reason == "AlreadyExists")
    }

    /// Whether RBAC forbids it. Admission, quotas and namespaces on their way out answer 403 too; no rule helps there.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Status { code: 403, message, .. } if message.contains(" cannot "))
    }

    /// Whether somebody else changed the object in between.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(409) && !self.is_already_exists()
    }
}

/// The error with all its causes. One that has several lines keeps them; see [`one_line`].
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(text) = credentials(error) {
        return text;
    }
    let mut text = error.to_string().trim_end().to_owned();
    let mut source = error.source();
    if let Some(quiet) = std::iter::successors(source, |e| e.source()).find_map(credentials) {
        // Errors quote their sources, so what a plugin said is in this one's text too.
        return match error.downcast_ref::<ApiError>() {
            Some(_) => format!("the API server cannot be reached: {quiet}"),
            None => quiet,
        };
    }
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        let cause_text = cause_text.trim_end();
        // Several libraries repeat their cause in their own text.
        if !text.contains(cause_text) {
            text.push_str(": ");
            text.push_str(cause_text);
        }
        source = cause.source();
    }
    text
}

/// A text in one line, for a log: its lines are joined by `; `.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        if !joined.is_empty() {
            joined.push_str(if joined.ends_with([':', ';']) {
                " "
            } else {
                "; "
            });
        }
        joined.push_str(line);
    }
    joined
}

/// What is wrong with credentials, without the credentials: a plugin's output may hold them.
fn credentials(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    use kube::client::AuthError;
    let error = match error.downcast_ref::<kube::Error>() {
        Some(kube::Error::Auth(error)) => error,
        _ => error.downcast_ref::<AuthError>()?,
    };
    Some(match error {
        AuthError::AuthExecRun { cmd, out } => {
            let said: String = String::from_utf8_lossy(&out.stderr)
                .trim()
                .chars()
                .take(QUOTED)
                .collect();
            format!(
                "the credential plugin `{cmd}` failed with {}: {said:?}",
                out.status
            )
        }
        AuthError::AuthExecParse(_) => {
            "the credential plugin's answer is no ExecCredential".to_owned()
        }
        error => error.to_string(),
    })
}

/// Send one request and read the whole answer.
///
/// # Errors
/// An answer other than 2xx, no answer within `timeout`, a broken connection, an answer above [`MAX_ANSWER`].
pub async fn send(
    client: &Client,
    request: http::Request<Vec<u8>>,
    timeout: Duration,
) -> Result<Bytes, ApiError> {
    let exchange = async {
        let answer = client
            .send(request.map(Body::from))
            .await
            .map_err(|e| ApiError::Unreachable(Box::new(e)))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER)
            .collect()
            .await
            .map_err(|e| {
                if e.is::<http_body_util::LengthLimitError>() {
                    ApiError::TooLarge(MAX_ANSWER)
                } else {
                    ApiError::Unreachable(e)
                }
            })?;
        let body = body.to_bytes();
        if head.status.is_success() {
            Ok(body)
        } else {
            Err(refusal(&head, &body))
        }
    };
    tokio::time::timeout(timeout, exchange)
        .await
        .unwrap_or(Err(ApiError::Timeout(timeout)))
}

/// As [`send`], with the answer parsed.
///
/// # Errors
/// As [`send`], and an answer that is no such JSON.
pub async fn request<T: DeserializeOwned>(
    client: &Client,
    request: http::Request<Vec<u8>>,
    timeout: Duration,
) -> Result<T, ApiError> {
    let body = send(client, request, timeout).await?;
    serde_json::from_slice(&body).map_err(ApiError::Answer)
}

/// Send one request and hand out the answer's body as it comes; only the wait for its head is bounded.
///
/// # Errors
/// An answer other than 2xx, no head within `timeout`, a broken connection.
pub(crate) async fn open(
    client: &Client,
    request: http::Request<Vec<u8>>,
    timeout: Duration,
) -> Result<Body, ApiError> {
    let exchange = async {
        let answer = client
            .send(request.map(Body::from))
            .await
            .map_err(|e| ApiError::Unreachable(Box::new(e)))?;
        let (head, body) = answer.into_parts();
        if head.status.is_success() {
            return Ok(body);
        }
        let body = Limited::new(body, MAX_ANSWER)
            .collect()
            .await
            .map_err(ApiError::Unreachable)?;
        Err(refusal(&head, &body.to_bytes()))
    };
    tokio::time::timeout(timeout, exchange)
        .await
        .unwrap_or(Err(ApiError::Timeout(timeout)))
}

fn refusal(head: &http::response::Parts, body: &[u8]) -> ApiError {
    let code = head.status.as_u16();
    let header = head
        .headers
        .get(http::header::RETRY_AFTER)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.trim().parse::<u64>().ok());
    let status = serde_json::from_slice::<kube::core::Status>(body)
        .ok()
        .filter(|s| !s.message.is_empty() || !s.reason.is_empty());
    let (reason, message, detail) = match status {
        Some(status) => (
            status.reason,
            status.message,
            status
                .details
                .map(|d| u64::from(d.retry_after_seconds))
                .filter(|s| *s > 0),
        ),
        None => (
            String::new(),
            String::from_utf8_lossy(body)
                .trim()
                .chars()
                .take(QUOTED)
                .collect(),
            None,
        ),
    };
    let message = if message.is_empty() {
        head.status
            .canonical_reason()
            .unwrap_or("no reason given")
            .to_owned()
    } else {
        message
    };
    ApiError::Status {
        code,
        reason,
        message,
        retry_after: header.or(detail).map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(code: u16, retry_after: Option<&str>) -> http::response::Parts {
        let mut answer = http::Response::builder().status(code);
        if let Some(value) = retry_after {
            answer = answer.header("retry-after", value);
        }
        answer.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_status_gives_its_reason_and_message() {
        let body = br#"{"kind":"Status","status":"Failure","message":"configmaps \"a\" already exists","reason":"AlreadyExists","code":409}"#;
        let error = refusal(&head(409, None), body);
        assert!(error.is_already_exists());
        assert!(!error.is_conflict());
        assert_eq!(error.code(), "already-exists");
        assert_eq!(
            error.to_string(),
            "the API server answered 409 AlreadyExists: configmaps \"a\" already exists"
        );
    }

    #[test]
    fn an_answer_that_is_no_status_is_quoted_in_part() {
        let error = refusal(&head(502, Some("3")), "x".repeat(5000).as_bytes());
        let ApiError::Status {
            code: 502,
            message,
            retry_after,
            ..
        } = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!(message.len(), QUOTED);
        assert_eq!(*retry_after, Some(Duration::from_secs(3)));
        assert_eq!(error.code(), "server-error");
    }

    #[test]
    fn a_plain_answer_is_quoted_without_its_line_end() {
        let error = refusal(&head(404, None), b"404 page not found\n");
        assert_eq!(
            error.to_string(),
            "the API server answered 404: 404 page not found"
        );
    }

    #[test]
    fn texts_for_a_log_have_one_line() {
        let other = std::io::Error::other("no such thing\n");
        let error = ApiError::Unreachable(Box::new(other));
        assert_eq!(
            chain(&error),
            "the API server cannot be reached: no such thing"
        );
        assert_eq!(
            one_line("invalid: 1:2: a\n3:4: b\n\n stack:\n  0: f\r\n"),
            "invalid: 1:2: a; 3:4: b; stack: 0: f"
        );
    }

    #[test]
    fn an_empty_answer_is_named_by_its_status() {
        let error = refusal(&head(503, None), b"");
        assert_eq!(
            error.to_string(),
            "the API server answered 503: Service Unavailable"
        );
    }

    #[test]
    fn a_chain_does_not_repeat_a_cause() {
        let inner = std::io::Error::other("connection refused");
        let error = ApiError::Unreachable(Box::new(inner));
        assert_eq!(
            chain(&error),
            "the API server cannot be reached: connection refused"
        );
    }
}
