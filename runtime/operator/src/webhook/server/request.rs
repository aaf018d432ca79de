//! One request: its path, its form, its body.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::slots::Activity;
use super::{Shared, kib};
use crate::webhook::handle::Reply;
use crate::webhook::sites::Key;

/// Bytes for which a body takes place at a time, at least.
const STEP: usize = 64 << 10;

/// How long, and how many bytes long, one is listened to who was refused.
const LINGER: (Duration, usize) = (Duration::from_secs(1), 32 << 20);

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

/// Whose webhook a path is.
enum Asked<'p> {
    /// `/hooks/ID`: an admission webhook of the operator's own hooks.
    Own(&'p str),
    /// `/tenants/NAMESPACE/NAME/ID`: one of a Hook object that is there.
    OfHook(Key, &'p str),
    /// `/DEFINITION`: a conversion.
    Conversion(&'p str),
}

/// Counts a request that is being answered.
struct InFlight<'s>(&'s Shared);

impl<'s> InFlight<'s> {
    fn new(shared: &'s Shared) -> Self {
        let now = shared.in_flight.fetch_add(1, Ordering::AcqRel) + 1;
        shared.handler.metrics().webhook_in_flight(now);
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let now = self.0.in_flight.fetch_sub(1, Ordering::AcqRel) - 1;
        self.0.handler.metrics().webhook_in_flight(now);
    }
}

impl Shared {
    /// Answers a request, whatever it is.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        activity: &Arc<Activity>,
    ) -> Response<Full<Bytes>> {
        if request.uri().path() == "/healthz" {
            return text(StatusCode::OK, "ok\n");
        }
        let came = Instant::now();
        let version = request.version();
        let _in_flight = InFlight::new(self);
        let metrics = self.handler.metrics();
        let (head, mut body) = request.into_parts();
        match self.review(&head, &mut body, activity, came).await {
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
                // Who is cut off while still speaking may not hear the answer. HTTP/2 hears it all the same, and who
                // expects to be asked for the body has not begun.
                let speaks = version < Version::HTTP_2 && !head.headers.contains_key(EXPECT);
                if speaks && !body.is_end_stream() {
                    tokio::spawn(tokio::time::timeout(LINGER.0, drain(body)));
                }
                answer
            }
        }
    }

    fn asked<'p>(&self, path: &'p str) -> Option<Asked<'p>> {
        if let Some(id) = path.strip_prefix("/hooks/") {
            return Some(Asked::Own(id));
        }
        if let Some(rest) = path.strip_prefix("/tenants/") {
            let mut parts = rest.splitn(3, '/');
            let hook = (parts.next()?.to_owned(), parts.next()?.to_owned());
            let id = parts.next()?;
            let known = self.handler.tenants.knows(&hook);
            return known.then_some(Asked::OfHook(hook, id));
        }
        let definition = path.strip_prefix('/')?;
        let known = self.handler.own.routes.conversion.contains_key(definition);
        known.then_some(Asked::Conversion(definition))
    }

    async fn review(
        &self,
        head: &Parts,
        body: &mut Incoming,
        activity: &Arc<Activity>,
        came: Instant,
    ) -> Result<Reply, Refusal> {
        let unknown = || Refusal::new(StatusCode::NOT_FOUND, "unknown-path", "no webhook is here");
        let asked = self.asked(head.uri.path()).ok_or_else(unknown)?;
        if head.method != Method::POST {
            return Err(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "reviews are sent by POST",
            ));
        }
        check_type(&head.headers)?;
        let timeout = head.uri.query().and_then(timeout);
        let limits = &self.limits;
        let mut whole = async |most| -> Result<_, Refusal> {
            let (body, held) = self.body(&head.headers, body, most).await?;
            Ok((body, held, activity.work()))
        };
        let reply = match asked {
            Asked::Own(id) => {
                let (body, ..) = &whole(limits.body_bytes).await?;
                self.handler.admission(id, body, timeout, came).await
            }
            Asked::OfHook(hook, id) => {
                let not_ready = || {
                    let (namespace, name) = &hook;
                    let message =
                        format!("the Hook {namespace}/{name} does not run, or has no such webhook");
                    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", message)
                };
                // It may have to be waited for, before the body takes any place.
                let site = self.handler.site_of(&hook, timeout, came).await;
                let site = site.ok_or_else(not_ready)?;
                let (body, ..) = &whole(limits.body_bytes).await?;
                let handler = &self.handler;
                let answered = handler.admission_of(&hook, site, id, body, timeout, came);
                answered.await.ok_or_else(not_ready)?
            }
            Asked::Conversion(definition) => {
                let (body, ..) = &whole(limits.conversion_bytes).await?;
                let converted = self.handler.conversion(definition, body, timeout, came);
                converted.await.ok_or_else(unknown)?
            }
        };
        reply
            .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.code(), error.to_string()))
    }

    /// The whole body, and its place among those that are held. It takes place as it comes, not for what it says that it
    /// will be: who is slow keeps nobody waiting.
    async fn body(
        &self,
        headers: &HeaderMap,
        body: &mut Incoming,
        most: usize,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
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
        let mut body = Limited::new(body, most);
        let read = async {
            let mut held: Option<OwnedSemaphorePermit> = None;
            let mut pieces = Pieces::default();
            let mut room = 0;
            while let Some(frame) = body.frame().await {
                let Ok(piece) = frame?.into_data() else {
                    continue;
                };
                room += piece.len();
                pieces.add(piece);
                let have = held.as_ref().map_or(0, |held| held.num_permits() * 1024);
                if room > have {
                    // The semaphore is never closed, and never smaller than one body.
                    let step = kib((room - have).max(STEP));
                    let more = self.held.clone().acquire_many_owned(step).await?;
                    match &mut held {
                        Some(held) => held.merge(more),
                        None => held = Some(more),
                    }
                }
            }
            Ok::<_, Box<dyn Error + Send + Sync>>((pieces.whole(), held))
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
            Err(_) => Err(late()),
            Ok(Ok(whole)) => Ok(whole),
            Ok(Err(error)) if is_too_long(&*error) => Err(too_large()),
            Ok(Err(error)) => Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "broken-body",
                format!("the body broke off: {error}"),
            )),
        }
    }
}

fn is_too_long(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    error.is::<LengthLimitError>()
}

/// Parts of a body, in their order.
#[derive(Default)]
struct Pieces {
    /// The only one, as long as there is no other.
    first: Bytes,
    all: Vec<u8>,
}

impl Pieces {
    fn add(&mut self, piece: Bytes) {
        if self.first.is_empty() && self.all.is_empty() {
            self.first = piece;
            return;
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.all.extend_from_slice(&piece);
    }

    fn whole(self) -> Bytes {
        match self.all.is_empty() {
            true => self.first,
            false => self.all.into(),
        }
    }
}

/// Reads on, for nothing.
async fn drain(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > LINGER.1 {
            return;
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
