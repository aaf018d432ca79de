//! Hooks that answer reviews and convert objects.

use super::exports::hookbox::hook::admission::{Guest as Admission, Response};
use super::exports::hookbox::hook::conversion::Guest as Conversion;
use super::hookbox::hook::object_patches::{self, CreateMode};
use super::hookbox::hook::snapshots;
use super::hookbox::hook::types::{Error, Retry};
use super::{Component, config_map, failed};

fn response(allowed: bool) -> Response {
    Response {
        allowed,
        message: None,
        warnings: Vec::new(),
        audit_annotations: Vec::new(),
        patch: None,
    }
}

/// What the part of the hook's name before the first `-` says.
fn verb(hook: &str) -> &str {
    hook.split('-').next().unwrap_or_default()
}

fn answer(hook: &str, binding: &str, request: &str) -> Result<Response, Error> {
    match verb(hook) {
        "deny" => Ok(Response {
            message: Some(format!("{binding} says no")),
            ..response(false)
        }),
        "silent" => Ok(response(false)),
        // The request as the hook got it.
        "echo" => Ok(Response {
            message: Some(request.to_owned()),
            ..response(false)
        }),
        "warn" => Ok(Response {
            warnings: vec!["careful".to_owned(), "\u{e4} \"quoted\"".to_owned()],
            audit_annotations: vec![("seen".to_owned(), "yes".to_owned())],
            ..response(true)
        }),
        "patch" => Ok(Response {
            patch: Some(
                r#"[{"op":"add","path":"/metadata/labels","value":{"patched":"yes"}}]"#.to_owned(),
            ),
            ..response(true)
        }),
        "nonsense" => Ok(Response {
            patch: Some("nonsense".to_owned()),
            ..response(true)
        }),
        "write" => {
            object_patches::create(
                &config_map("reviewed", "by", binding),
                CreateMode::ReplaceExisting,
            )
            .map_err(|_| failed(Retry::Never))?;
            Ok(response(true))
        }
        // Allowed while there is an object in the snapshot `switch`.
        "switch" => Ok(response(
            snapshots::open("switch").is_some_and(|s| s.len() > 0),
        )),
        "fail" => Err(failed(Retry::Never)),
        "panic" => panic!("as asked"),
        "spin" => loop {
            std::hint::spin_loop();
        },
        _ => Ok(response(true)),
    }
}

impl Admission for Component {
    fn validate(hook: String, binding: String, request: String) -> Result<Response, Error> {
        answer(&hook, &binding, &request)
    }

    fn mutate(hook: String, binding: String, request: String) -> Result<Response, Error> {
        answer(&hook, &binding, &request)
    }
}

/// The object with another version, and the way it came in `spec.way`.
fn convert(object: &str, from: &str, to: &str) -> String {
    let group = object
        .split_once(r#""apiVersion":""#)
        .and_then(|(_, rest)| rest.split_once('/'))
        .map_or("", |(group, _)| group);
    let short = |version: &str| version.rsplit('/').next().unwrap_or_default().to_owned();
    let (from, to) = (short(from), short(to));
    object
        .replace(
            &format!(r#""apiVersion":"{group}/{from}""#),
            &format!(r#""apiVersion":"{group}/{to}""#),
        )
        .replace(r#""way":""#, &format!(r#""way":"{from}>{to} "#))
}

impl Conversion for Component {
    fn convert(
        hook: String,
        _: String,
        from: String,
        to: String,
        objects: Vec<String>,
    ) -> Result<Vec<String>, Error> {
        let verb = verb(&hook);
        if verb == "fail" {
            return Err(failed(Retry::Never));
        }
        let mut converted: Vec<String> = objects.iter().map(|o| convert(o, &from, &to)).collect();
        match verb {
            "lose" => drop(converted.pop()),
            "rename" => {
                for object in &mut converted {
                    *object = object.replace(r#""name":""#, r#""name":"x"#);
                }
            }
            "keep" => return Ok(objects),
            _ => {}
        }
        Ok(converted)
    }
}
