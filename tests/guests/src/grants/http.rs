//! Requests by the standard `wasi:http`.

use wasip2::http::outgoing_handler::{FutureIncomingResponse, handle};
use wasip2::http::types::{
    ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use wasip2::io::streams::StreamError;

/// A request with headers (`name=value`) and a body (`body=…`), and what came of it.
pub(super) fn request(method: &str, url: &str, rest: &[&str]) -> String {
    match send(method, url, rest).and_then(answered) {
        Ok(response) => whole(response).unwrap_or_else(|error| error),
        Err(error) => error,
    }
}

/// The body that a script's word means: `x*N` is N bytes.
pub(super) fn body(text: &str) -> Vec<u8> {
    match text.strip_prefix("x*").and_then(|n| n.parse().ok()) {
        Some(count) => vec![b'x'; count],
        None => text.as_bytes().to_vec(),
    }
}

/// A request that goes where the answers send it.
pub(super) fn follow(url: &str) -> String {
    let mut url = url.to_owned();
    for _ in 0..5 {
        match send("GET", &url, &[]).and_then(answered) {
            Ok(response) if (300..400).contains(&response.status()) => {
                let location = response.headers().get("location");
                url = String::from_utf8(location[0].clone()).unwrap_or_default();
            }
            Ok(response) => return whole(response).unwrap_or_else(|error| error),
            Err(error) => return format!("{url}: {error}"),
        }
    }
    "round and round".to_owned()
}

/// As many requests as there may be, none of them read.
pub(super) fn hoard(url: &str) -> String {
    let mut held = Vec::new();
    loop {
        match send("GET", url, &[]).and_then(answered) {
            Ok(response) => held.push(response),
            Err(error) => return format!("{} held: {error}", held.len()),
        }
    }
}

thread_local! {
    static LEFT: std::cell::RefCell<Vec<FutureIncomingResponse>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// A request whose answer nobody waits for in this run.
pub(super) fn leave(url: &str) -> String {
    match send("GET", url, &[]) {
        Ok(future) => {
            LEFT.with_borrow_mut(|left| left.push(future));
            "left".to_owned()
        }
        Err(error) => error,
    }
}

/// What came of those that were left.
pub(super) fn left() -> String {
    LEFT.with_borrow_mut(|left| {
        let answers = left.drain(..).map(|future| {
            let answer = answered(future).and_then(whole);
            answer.unwrap_or_else(|error| error)
        });
        format!("{:?}", answers.collect::<Vec<_>>())
    })
}

fn send(method: &str, url: &str, rest: &[&str]) -> Result<FutureIncomingResponse, String> {
    let fields = Fields::new();
    let mut body = None;
    for word in rest {
        match word.split_once('=') {
            Some(("body", text)) => body = Some(text),
            Some((name, value)) => {
                // What a hostile header would be written as in a script without control characters.
                let value = value.replace("CRLF", "\r\n");
                fields
                    .append(name, value.as_bytes())
                    .map_err(|error| format!("{name}: {error:?}"))?;
            }
            None => {}
        }
    }
    let request = OutgoingRequest::new(fields);
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        other => Method::Other(other.to_owned()),
    };
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let at = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let refused = |what: &'static str| move |()| format!("no such {what}");
    request.set_method(&method).map_err(refused("method"))?;
    request
        .set_scheme(Some(&scheme))
        .map_err(refused("scheme"))?;
    request
        .set_authority(Some(authority))
        .map_err(refused("authority"))?;
    if !path.is_empty() {
        request
            .set_path_with_query(Some(path))
            .map_err(refused("path"))?;
    }
    let outgoing = request.body().map_err(refused("body"))?;
    let future = handle(request, None).map_err(said)?;
    if let Some(text) = body {
        let stream = outgoing.write().map_err(refused("stream"))?;
        for part in self::body(text).chunks(4096) {
            stream
                .blocking_write_and_flush(part)
                .map_err(|error| format!("the body was not taken: {error:?}"))?;
        }
    }
    OutgoingBody::finish(outgoing, None).map_err(said)?;
    Ok(future)
}

fn answered(future: FutureIncomingResponse) -> Result<IncomingResponse, String> {
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(error))) => Err(said(error)),
        _ => Err("no answer".to_owned()),
    }
}

fn whole(response: IncomingResponse) -> Result<String, String> {
    let status = response.status();
    let body = response.consume().map_err(|()| "no body".to_owned())?;
    let stream = body.stream().map_err(|()| "no stream".to_owned())?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(part) => bytes.extend(part),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                let error = error.to_debug_string();
                return Err(format!("{status}, {} bytes, then {error}", bytes.len()));
            }
        }
    }
    Ok(match bytes.len() {
        0..200 => format!("{status} {}", String::from_utf8_lossy(&bytes)),
        length => format!("{status}, {length} bytes"),
    })
}

fn said(error: ErrorCode) -> String {
    format!("{error:?}")
}
