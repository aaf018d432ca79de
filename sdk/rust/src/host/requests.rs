//! What the real host refuses of reads, requests and answers.

use serde_json::Value;

use super::validate::refusal;
use super::{Refusal, json};
use crate::http::Request;

/// Longest name; longest label of one, and longest kind; longest selector; longest place where a listing goes on.
const NAME: usize = 253;
const LABEL: usize = 63;
const SELECTOR: usize = 4 << 10;
const PLACE: usize = 16 << 10;

/// Longest URL, most headers, and most bytes of them.
const URL: usize = 8 << 10;
const HEADERS: usize = 100;
const FIELDS: usize = 16 << 10;

/// Most warnings, most annotations, and the longest key of one.
const WARNINGS: usize = 100;
const ANNOTATIONS: usize = 100;
const ANNOTATION_KEY: usize = 63;

/// Headers that are the host's to write.
const OWN: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn invalid(message: impl ToString) -> Refusal {
    refusal("invalid-argument", message)
}

fn plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn label(text: &str) -> bool {
    !text.is_empty() && text.len() <= LABEL && text.bytes().all(plain)
}

/// What a read of the cluster is about.
pub(super) fn read(api_version: &str, kind: &str, namespace: Option<&str>) -> Result<(), Refusal> {
    let (group, version) = match api_version.split_once('/') {
        Some((group, version)) => (Some(group), version),
        None => (None, api_version),
    };
    let domain = |text: &str| text.len() <= NAME && text.split('.').all(label);
    if !label(version) || !group.is_none_or(domain) {
        return Err(invalid(format!("{api_version:?} is no group and version")));
    }
    let letters = kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if kind.is_empty() || kind.len() > LABEL || !letters {
        return Err(invalid(format!("{kind:?} is no kind")));
    }
    match namespace {
        Some(namespace) if !label(namespace) => {
            Err(invalid(format!("{namespace:?} is no namespace")))
        }
        _ => Ok(()),
    }
}

/// The name of an object that is read.
pub(super) fn name(name: &str) -> Result<(), Refusal> {
    let good = |byte: u8| byte.is_ascii_graphic() && !b"/%?#\\".contains(&byte);
    if name.is_empty() || name.len() > NAME || matches!(name, "." | "..") || !name.bytes().all(good)
    {
        return Err(invalid(format!("{name:?} is no name of an object")));
    }
    Ok(())
}

/// Which objects are listed.
pub(super) fn selection(selectors: [Option<&str>; 2], after: Option<&str>) -> Result<(), Refusal> {
    let long = |text: &str| text.len() > SELECTOR;
    if selectors.into_iter().flatten().any(long) {
        return Err(invalid("the selector has more than 4 KiB"));
    }
    match after {
        Some(place) if place.len() > PLACE => Err(invalid("this is no place to go on")),
        _ => Ok(()),
    }
}

fn token(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(good)
}

/// A request over HTTP.
pub(super) fn request(request: &Request) -> Result<(), Refusal> {
    if !token(&request.method) {
        return Err(invalid(format!("{:?} is no method", request.method)));
    }
    if request.url.len() > URL {
        return Err(invalid(format!("the URL is longer than {URL} bytes")));
    }
    let headers = &request.headers;
    let bytes: usize = headers.iter().map(|(n, v)| n.len() + v.len()).sum();
    if bytes > FIELDS || headers.len() > HEADERS {
        let why = format!("the headers are more than {HEADERS}, or have more than {FIELDS} bytes");
        return Err(invalid(why));
    }
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        if !token(name) {
            return Err(invalid(format!("{name:?} is no name of a header")));
        }
        if OWN.contains(&lower.as_str()) {
            return Err(invalid(format!(
                "the header {lower} is the host's to write"
            )));
        }
        let sent = |byte: u8| (byte >= b' ' && byte != 0x7f) || byte == b'\t';
        if !value.bytes().all(sent) {
            let why = format!("the header {lower} has a value that cannot be sent");
            return Err(invalid(why));
        }
    }
    // Nobody sends a fragment.
    let url = request.url.split('#').next().unwrap_or_default();
    target(url).map_err(|why| invalid(format!("{why}: {url:?}")))
}

/// Where a request goes.
fn target(url: &str) -> Result<(), &'static str> {
    let seen = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest else {
        return Err("the scheme is neither `http` nor `https`");
    };
    if !rest.bytes().all(seen) {
        return Err("the URL cannot be read");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[') {
        Some(inner) => {
            let (address, port) = inner.split_once(']').ok_or("the host cannot be read")?;
            let address = address.parse::<std::net::Ipv6Addr>();
            address.map_err(|_| "the host is no IPv6 address")?;
            (None, port)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (host, port) = authority.split_at(end);
            (Some(host), port)
        }
    };
    let number = port.strip_prefix(':');
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match number.map(|text| text.parse::<u16>().ok().filter(|_| digits(text))) {
        None if port.is_empty() => {}
        Some(Some(number)) if number > 0 => {}
        _ => return Err("the port is no number between 1 and 65535"),
    }
    match host {
        Some(host) => self::host(host),
        None => Ok(()),
    }
}

fn host(host: &str) -> Result<(), &'static str> {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let good = |byte: u8| plain(byte) || byte == b'_';
    let part = |part: &str| !part.is_empty() && part.len() <= LABEL && part.bytes().all(good);
    if host.len() > NAME || !host.split('.').all(part) {
        return Err("the host is no name");
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x");
    let number = last.bytes().all(|byte| byte.is_ascii_digit())
        || hex.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    match number && host.parse::<std::net::Ipv4Addr>().is_err() {
        true => Err("the host is a number, but no IPv4 address in its plain form"),
        false => Ok(()),
    }
}

fn wrong(message: impl ToString) -> Refusal {
    refusal("answer", message)
}

/// The answer to a review. `patch` is its text.
pub(crate) fn answer(
    mutates: bool,
    warnings: &[String],
    audit: &[(String, String)],
    patch: Option<&str>,
) -> Result<(), Refusal> {
    if warnings.len() > WARNINGS {
        let message = format!(
            "it has {} warnings, at most {WARNINGS} are allowed",
            warnings.len()
        );
        return Err(wrong(message));
    }
    if audit.len() > ANNOTATIONS {
        let message = format!(
            "it has {} audit annotations, at most {ANNOTATIONS} are allowed",
            audit.len()
        );
        return Err(wrong(message));
    }
    if let Some((key, _)) = audit.iter().find(|(key, _)| !annotation(key)) {
        let message = format!(
            "the audit annotation {key:?} is not made of letters, digits, `-`, `_` and `.`, {ANNOTATION_KEY} at most"
        );
        return Err(wrong(message));
    }
    match patch.map(json::read) {
        None => Ok(()),
        Some(_) if !mutates => Err(wrong(
            "it has a patch, but a validating hook changes nothing",
        )),
        Some(Ok(Value::Array(_))) => Ok(()),
        Some(Ok(_)) => Err(wrong("its patch is no JSON array")),
        Some(Err(refusal)) => {
            let message = format!("its patch is no JSON array: {}", refusal.message);
            Err(wrong(message))
        }
    }
}

/// The part of an annotation's key behind the webhook's name.
fn annotation(key: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let bytes = key.as_bytes();
    key.len() <= ANNOTATION_KEY
        && key.bytes().all(good)
        && ends(bytes.first())
        && ends(bytes.last())
}
