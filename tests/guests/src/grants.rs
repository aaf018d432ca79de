//! What a hook may do when it was granted: it does what the list at `/script` in its values, or else in its config
//! values, says, one line each, and tells in the log what came of it.

use crate::hookbox::hook::cluster::{self, Selection};
use crate::hookbox::hook::log::{self, Level};
use crate::hookbox::hook::types::Refusal;
use crate::hookbox::hook::{config_values, values};
use crate::{Answer, failed};

mod http;

pub const NAMES: &[&str] = &["reach"];

/// Says what it wants; it may be granted anything else.
pub const CONFIG: &str = r#"{"configVersion":"v1","onStartup":1,"capabilities":{
    "http":[{"hosts":["api.example"],"ports":[8443]}],
    "kubernetes":[{"apiGroups":[""],"kinds":["ConfigMap"],"namespaces":["default"],"verbs":["get"]}],
    "wallClock":true}}"#;

pub fn run(hook: &str) -> Option<Answer> {
    (hook == "reach").then(reach)
}

fn reach() -> Answer {
    for index in 0.. {
        let path = format!("/script/{index}");
        let line = match values::get(&path) {
            Ok(None) => config_values::get(&path),
            line => line,
        };
        let Some(line) = line.map_err(|r| failed(r.message))? else {
            break;
        };
        // A JSON string without anything to be escaped.
        let line = line.trim_matches('"').to_owned();
        let words: Vec<&str> = line.split(' ').collect();
        let said = match words.as_slice() {
            ["get", api_version, kind, namespace, name] => told(cluster::get(
                api_version,
                kind,
                some(namespace).as_deref(),
                name,
            )),
            ["list", api_version, kind, namespace, limit, rest @ ..] => told(cluster::list(
                api_version,
                kind,
                &Selection {
                    namespace: some(namespace),
                    label_selector: rest.first().and_then(|text| some(text)),
                    field_selector: None,
                    limit: limit.parse().ok(),
                    after: rest.get(1).and_then(|text| some(text)),
                },
            )),
            ["flood", api_version, kind, namespace, name] => loop {
                let _ = cluster::get(api_version, kind, some(namespace).as_deref(), name);
            },
            ["http", method, url, rest @ ..] => http::request(method, url, rest),
            ["call", method, url, rest @ ..] => call(method, url, rest),
            ["follow", url] => http::follow(url),
            ["hoard", url] => http::hoard(url),
            ["leave", url] => http::leave(url),
            ["left"] => http::left(),
            ["count"] => crate::warm::count().to_string(),
            ["read", path] => match std::fs::read_to_string(path) {
                Ok(text) => format!("read {text:?}"),
                Err(error) => format!("{:?}", error.kind()),
            },
            ["dir", path] => match std::fs::read_dir(path) {
                Ok(entries) => {
                    let names = entries
                        .filter_map(Result::ok)
                        .map(|entry| entry.file_name());
                    let mut names: Vec<_> = names.collect();
                    names.sort();
                    format!("{names:?}")
                }
                Err(error) => format!("{:?}", error.kind()),
            },
            ["write", path] => match std::fs::write(path, "x") {
                Ok(()) => "written".to_owned(),
                Err(error) => format!("{:?}", error.kind()),
            },
            ["link", from, to] => match std::fs::hard_link(from, to) {
                Ok(()) => "linked".to_owned(),
                Err(error) => format!("{:?}", error.kind()),
            },
            ["env"] => format!("{:?}", std::env::vars().collect::<Vec<_>>()),
            ["clock"] => {
                let now = std::time::SystemTime::now();
                std::thread::sleep(std::time::Duration::from_millis(5));
                let since = now
                    .duration_since(std::time::UNIX_EPOCH)
                    .unwrap_or_default();
                let moved = now.elapsed().is_ok_and(|time| !time.is_zero());
                format!("{} {} {moved}", since.as_secs(), since.subsec_millis())
            }
            _ => return Err(failed(format!("no such line: {line}"))),
        };
        let said: String = said.chars().take(1000).collect();
        log::log(Level::Info, &said, &[]);
    }
    Ok(())
}

/// A request by the contract's own `http`: headers, `body=…`, `timeout=…` and `limit=…`.
fn call(method: &str, url: &str, rest: &[&str]) -> String {
    let (mut headers, mut body, mut timeout, mut limit) = (Vec::new(), None, None, None);
    for (name, value) in rest.iter().filter_map(|word| word.split_once('=')) {
        match name {
            "body" => body = Some(http::body(value)),
            "timeout" => timeout = value.parse().ok(),
            "limit" => limit = value.parse().ok(),
            // What a hostile header would be written as in a script without control characters.
            _ => headers.push((name.to_owned(), value.replace("CRLF", "\r\n"))),
        }
    }
    let request = crate::hookbox::hook::http::Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers,
        body,
        timeout,
        limit,
    };
    match crate::hookbox::hook::http::send(&request) {
        Ok(answer) => {
            let mut headers: Vec<_> = answer
                .headers
                .iter()
                .map(|(n, v)| format!("{n}={v}"))
                .collect();
            headers.sort();
            format!(
                "{} {} [{}]",
                answer.status,
                String::from_utf8_lossy(&answer.body),
                headers.join(" ")
            )
        }
        Err(refusal) => format!("{}: {}", refusal.code, refusal.message),
    }
}

/// `-` stands for none.
fn some(word: &str) -> Option<String> {
    (word != "-").then(|| word.to_owned())
}

fn told<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(refusal) => format!("{}: {}", refusal.code, refusal.message),
    }
}
