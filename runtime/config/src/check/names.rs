//! Names of Kubernetes objects and versions.

use std::collections::HashSet;

use crate::offence::Offence;
use crate::selector::{is_dns_label, is_dns_subdomain};

use super::object::{At, Object};
use super::report::{Report, found, shown};

/// `nameSelector`: none when it lists nothing, which means all names.
pub(super) fn name_selector(
    at: At<'_>,
    report: &mut Report,
    check: fn(&str) -> Option<&'static str>,
) -> Option<Vec<String>> {
    let object = Object::read(at, &["matchNames"], report)?;
    let list = object.required("matchNames", report)?;
    let names = match_names(&list, report, check)?;
    if names.is_empty() {
        report.warning(&list, "selects-all", "is empty, which selects all");
        return None;
    }
    Some(names)
}

/// A list of names, each once.
fn match_names(
    list: &At<'_>,
    report: &mut Report,
    check: fn(&str) -> Option<&'static str>,
) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut known: HashSet<&str> = HashSet::new();
    for (at, name) in list.texts(0, report)? {
        if let Some(reason) = check(name) {
            let message = format!("`{}` is no such name: {reason}", shown(name));
            report.offence(&at, "invalid-name", message, "");
        } else if known.insert(name) {
            names.push(name.to_owned());
        }
    }
    Some(names)
}

/// A list of namespaces, each once.
pub(super) fn namespace_names(list: &At<'_>, report: &mut Report) -> Vec<String> {
    match_names(list, report, namespace_name).unwrap_or_default()
}

/// What no object can be called, because its name is part of a path.
pub(super) fn object_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it must not be empty")
    } else if name == "." || name == ".." || name.contains(['/', '%']) {
        Some("it must not be `.` or `..` nor contain `/` or `%`")
    } else if name.len() > 253 {
        Some("it must have at most 253 characters")
    } else {
        None
    }
}

pub(super) fn namespace_name(name: &str) -> Option<&'static str> {
    if is_dns_label(name) {
        None
    } else {
        Some("it must consist of lower case letters, digits and `-`, at most 63 characters")
    }
}

/// `apps/v1` or `v1`.
pub(super) fn api_version(at: &At<'_>, report: &mut Report) -> Option<String> {
    let text = at.text(report)?;
    if text.is_empty() {
        return None;
    }
    let valid = match text.split_once('/') {
        Some((group, version)) => is_dns_subdomain(group) && is_dns_label(version),
        None => is_dns_label(text),
    };
    if !valid {
        let message = format!("`{}` is not a group and version", shown(text));
        report.offence(
            at,
            "invalid-api-version",
            message,
            "write `v1` or `apps/v1`",
        );
        return None;
    }
    Some(text.to_owned())
}

/// Kubernetes' rule for the names of webhooks.
pub(super) fn fully_qualified(at: &At<'_>, name: &str) -> Option<Offence> {
    let reason = if !is_dns_subdomain(name) {
        "must be a domain name: lower case letters, digits, `-` and `.`"
    } else if name.split('.').count() < 3 {
        "should be a domain with at least three segments separated by dots"
    } else {
        return None;
    };
    let message = format!("{reason}, found `{}`", shown(name));
    Some(found(
        at,
        "invalid-name",
        message,
        "such as `pods.hooks.example.com`",
    ))
}
