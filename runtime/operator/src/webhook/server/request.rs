//! One request: its path, its form, its body.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::{Shared, kib};
use crate::webhook::handle::Reply;

/// Why a request is no review.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }
}

/// Counts a request that is being answered.
struct InFlight<'s>(&'s Shared);

impl<'s> InFlight<'s> {
    fn new(shared: &'s Shared) -> Self {
        let now = shared.in_flight.fetch_add(1, Ordering::AcqRel) + 1;
        shared.handler.engine.metrics.webhook_in_flight(now);
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let now = self.0.in_flight.fetch_sub(1, Ordering::AcqRel) - 1;
        self.0.handler.engine.metrics.webhook_in_flight(now);
    }
}

impl Shared {
    /// Answers a request, whatever it is.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() == "/healthz" {
            return text(StatusCode::OK, "ok\n");
        }
        let came = Instant::now();
        let version = request.version();
        let _in_flight = InFlight::new(self);
        let metrics = &self.handler.engine.metrics;
        match self.review(request, came).await {
            Ok(reply) => {
                metrics.webhook_answered(reply.kind, &reply.webhook, reply.outcome, came.elapsed());
                let mut answer = Response::new(Full::from(reply.body));
                let json = HeaderValue::from_static("application/json");
                answer.headers_mut().insert(CONTENT_TYPE, json);
                answer
            }
            Err(refusal) => {
                let Refusal {
                    status,
                    code,
                    message,
                } = refusal;
                metrics.webhook_refused(code);
                tracing::warn!(
                    code,
                    error = message,
                    "a request to the webhook server was refused"
                );
                let mut answer = text(status, &format!("{message}\n"));
                let headers = answer.headers_mut();
                if status == StatusCode::METHOD_NOT_ALLOWED {
                    headers.insert(ALLOW, HeaderValue::from_static("POST"));
                }
                let unread = [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::REQUEST_TIMEOUT];
                if version < Version::HTTP_2 && unread.contains(&status) {
                    // The rest of the body is not waited for.
                    headers.insert(CONNECTION, HeaderValue::from_static("close"));
                }
                answer
            }
        }
    }

    async fn review(&self, request: Request<Incoming>, came: Instant) -> Result<Reply, Refusal> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let unknown = || Refusal::new(StatusCode::NOT_FOUND, "unknown-path", "no webhook is here");
        let routes = &self.handler.routes;
        let admission = path.strip_prefix("/hooks/");
        let definition = path.strip_prefix('/').unwrap_or_default();
        if admission.is_none() && !routes.conversion.contains_key(definition) {
            return Err(unknown());
        }
        if head.method != Method::POST {
            return Err(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "reviews are sent by POST",
            ));
        }
        check_type(&head.headers)?;
        let most = match admission {
            Some(_) => self.limits.body_bytes,
            None => self.limits.conversion_bytes,
        };
        let timeout = head.uri.query().and_then(timeout);
        let (body, _held) = self.body(&head.headers, body, most).await?;
        let reply = match admission {
            Some(id) => self.handler.admission(id, &body, timeout, came).await,
            None => {
                let converted = self.handler.conversion(definition, &body, timeout, came);
                converted.await.ok_or_else(unknown)?
            }
        };
        reply
            .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.code(), error.to_string()))
    }

    /// The whole body, and its place among those that are held.
    async fn body(
        &self,
        headers: &HeaderMap,
        body: Incoming,
        most: usize,
    ) -> Result<(Bytes, OwnedSemaphorePermit), Refusal> {
        let too_large = || {
            Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                format!("the body has more than {most} bytes"),
            )
        };
        let said = headers.get(CONTENT_LENGTH);
        let said = said.and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
        if said.is_some_and(|length| length > most) {
            return Err(too_large());
        }
        let permits = kib(said.unwrap_or(most));
        let read = async {
            // The semaphore is never closed, and never smaller than one body.
            let held = self.held.clone().acquire_many_owned(permits).await.ok();
            (held, Limited::new(body, most).collect().await)
        };
        let late = || {
            Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                "slow-body",
                format!(
                    "the body did not come within {} s",
                    crate::backoff::seconds(self.limits.body_time)
                ),
            )
        };
        match tokio::time::timeout(self.limits.body_time, read).await {
            Err(_) | Ok((None, _)) => Err(late()),
            Ok((Some(held), Ok(body))) => Ok((body.to_bytes(), held)),
            Ok((_, Err(error))) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok((_, Err(error))) => Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "broken-body",
                format!("the body broke off: {error}"),
            )),
        }
    }
}

/// Only JSON, whatever its parameters.
fn check_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let media = given.unwrap_or_default().split(';').next();
    if media.is_some_and(|m| m.trim().eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "content-type",
        "Content-Type must be application/json",
    ))
}

/// `timeout=10s`, as the API server says how long it waits.
fn timeout(query: &str) -> Option<Duration> {
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("timeout="))?;
    hookbox_config::duration::parse(value)
        .ok()
        .filter(|time| !time.is_zero())
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::from(text.to_owned()));
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, plain);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_taken() {
        let refused = |value: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            }
            check_type(&headers).is_err()
        };
        for good in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;x=y",
        ] {
            assert!(!refused(Some(good)), "{good}");
        }
        for bad in ["", "text/plain", "application/jsonx", "x; application/json"] {
            assert!(refused(Some(bad)), "{bad}");
        }
        assert!(refused(None));
    }

    #[test]
    fn the_api_servers_patience_is_read() {
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(timeout("timeout=10s"), seconds(10));
        assert_eq!(timeout("a=b&timeout=1m"), seconds(60));
        for none in ["", "timeout=", "timeout=0s", "timeout=x", "xtimeout=1s"] {
            assert_eq!(timeout(none), None, "{none}");
        }
    }
}
