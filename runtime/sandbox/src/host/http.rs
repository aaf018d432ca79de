//! `hookbox:hook/http`: a request and its whole answer in one call.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Uri, header};
use http_body_util::{BodyExt as _, Empty, Full};
use tokio::time::{Instant, timeout_at};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::refused;
use crate::bindings::hookbox::hook::http::{Host, Request, Response};
use crate::bindings::hookbox::hook::types::Refusal;
use crate::http::{Exchange, FIELDS, Failed, HELD_OPEN, is_forbidden};
use crate::state::{Answer, Fault, State};
use crate::validate::{quote, refusal};

/// Longest time of a request, and most bytes of its answer's body.
const TIME: Duration = Duration::from_secs(60);
const BODY: u64 = 16 << 20;

/// Most headers of a request.
const HEADERS: usize = 100;

/// Longest URL.
const URL: usize = 8 << 10;

impl Host for State {
    async fn send(&mut self, request: Request) -> Answer<Response> {
        self.call()?;
        let sent = request.body.as_ref().map_or(0, Vec::len);
        let held = HELD_OPEN.saturating_add(u64::try_from(sent).unwrap_or(u64::MAX));
        self.memory.charge(held)?;
        let answer = self.send_http(request).await;
        self.memory.release(held);
        match answer {
            Ok(response) => Ok(Ok(response)),
            Err(fault) => refused(fault),
        }
    }
}

impl State {
    async fn send_http(&mut self, request: Request) -> Result<Response, Fault> {
        let time = request
            .timeout
            .map_or(TIME, Duration::from_millis)
            .min(TIME);
        let limit = request.limit.unwrap_or(BODY).min(BODY);
        let limit = limit.min(self.memory.remaining());
        let request = outgoing(request)?;
        let options = RequestOptions {
            connect_timeout: Some(time),
            first_byte_timeout: Some(time),
            between_bytes_timeout: Some(time),
        };
        let grants = &self.input.grants;
        let exchange = Exchange::begin(grants, &self.outside, &self.log, Some(options))?;
        let Some(exchange) = exchange else {
            let why = "too many requests of this run are under way";
            return Err(refusal("unreachable", why).into());
        };
        let deadline = Instant::now() + time;
        let answer = timeout_at(deadline, answer(exchange, request, limit)).await;
        // Bodies are counted where they pass, where nobody can be stopped.
        self.outside.check()?;
        match answer {
            Ok(answer) => {
                let answer = answer?;
                // It is here and in the guest's memory at once.
                let bytes = u64::try_from(answer.body.len()).unwrap_or(u64::MAX);
                self.memory.charge(bytes)?;
                self.memory.release(bytes);
                Ok(answer)
            }
            Err(_) => {
                let why = format!("no whole answer within {} ms", time.as_millis());
                Err(refusal("timed-out", why).into())
            }
        }
    }
}

/// The request as HTTP has it.
fn outgoing(request: Request) -> Result<http::Request<WasiBody>, Refusal> {
    let invalid = |what: String| refusal("invalid-argument", what);
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| invalid(format!("{} is no method", quote(&request.method))))?;
    if request.url.len() > URL {
        return Err(invalid(format!("the URL is longer than {URL} bytes")));
    }
    // Nobody sends a fragment; clients cut it off.
    let url = request.url.split('#').next().unwrap_or_default();
    let uri: Uri = url
        .parse()
        .map_err(|error| invalid(format!("the URL cannot be read: {error}")))?;
    let mut built = http::Request::new(match request.body {
        Some(body) => Full::new(Bytes::from(body))
            .map_err(|e| match e {})
            .boxed_unsync(),
        None => Empty::new().map_err(|e| match e {}).boxed_unsync(),
    });
    // Before anything is made of them: a map of headers has room for so many and no more.
    let bytes: usize = request.headers.iter().map(|(n, v)| n.len() + v.len()).sum();
    if bytes > FIELDS || request.headers.len() > HEADERS {
        let why = format!("the headers are more than {HEADERS}, or have more than {FIELDS} bytes");
        return Err(invalid(why));
    }
    for (name, value) in &request.headers {
        let read = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| invalid(format!("{} is no name of a header", quote(name))))?;
        if is_forbidden(&read) || read == header::CONTENT_LENGTH {
            let why = format!("the header {read} is the host's to write");
            return Err(invalid(why));
        }
        let value = HeaderValue::from_str(value)
            .map_err(|_| invalid(format!("the header {read} has a value that cannot be sent")))?;
        let added = built.headers_mut().try_append(read, value);
        added.map_err(|_| invalid("there are too many headers".to_owned()))?;
    }
    *built.method_mut() = method;
    *built.uri_mut() = uri;
    Ok(built)
}

/// Send it, and read the answer to its end.
async fn answer(
    exchange: Exchange,
    request: http::Request<WasiBody>,
    limit: u64,
) -> Result<Response, Refusal> {
    let (response, connection) = exchange.send(request).await.map_err(why)?;
    let (head, body) = response.into_parts();
    let mut connection = Box::into_pin(connection);
    let mut read = std::pin::pin!(read(body, limit));
    let body = tokio::select! {
        biased;
        body = &mut read => body?,
        // What it was closed by is told to whoever reads the body.
        _ = &mut connection => read.await?,
    };
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    Ok(Response {
        status: head.status.as_u16(),
        headers: headers.collect(),
        body,
    })
}

async fn read(mut body: WasiBody, limit: u64) -> Result<Vec<u8>, Refusal> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| why(Failed::from(error)))?;
        let Ok(part) = frame.into_data() else {
            continue;
        };
        if whole.len().saturating_add(part.len()) > limit {
            let why = format!("the answer's body has more than {limit} bytes");
            return Err(refusal("too-large", why));
        }
        whole.extend_from_slice(&part);
    }
    Ok(whole)
}

/// What a guest is told of a failure.
fn why(failed: Failed) -> Refusal {
    let Failed { error, told } = failed;
    let code = match &error {
        Error::HttpRequestDenied | Error::DestinationIpProhibited => "not-granted",
        Error::HttpRequestUriInvalid
        | Error::HttpRequestMethodInvalid
        | Error::HttpRequestHeaderSectionSize(_)
        | Error::HttpRequestHeaderSize { .. } => "invalid-argument",
        Error::DnsTimeout
        | Error::ConnectionTimeout
        | Error::ConnectionReadTimeout
        | Error::ConnectionWriteTimeout
        | Error::HttpResponseTimeout => "timed-out",
        Error::DnsError { .. }
        | Error::DestinationNotFound
        | Error::DestinationUnavailable
        | Error::DestinationIpUnroutable
        | Error::ConnectionRefused
        | Error::ConnectionLimitReached
        | Error::Connect(_)
        | Error::TlsProtocolError
        | Error::TlsCertificateError
        | Error::TlsAlertReceived { .. }
        | Error::ConfigurationError => "unreachable",
        _ => "broken",
    };
    refusal(code, told.unwrap_or_else(|| error.to_string()))
}
