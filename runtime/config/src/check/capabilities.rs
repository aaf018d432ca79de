//! `capabilities`: what a hook wants beyond its snapshots, and the file of what hooks are granted, which is written alike.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::object::{At, Object};
use super::report::{Report, shown};

const KEYS: &[&str] = &["kubernetes", "http", "files", "environment", "wallClock"];
const VERBS: &[(&str, ())] = &[("get", ()), ("list", ())];
const SCHEMES: &[(&str, ())] = &[("https", ()), ("http", ())];
/// Methods that somebody may have written in small letters.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// `{hooks: {NAME: capabilities}}`
pub(super) fn grants(at: At<'_>, report: &mut Report) {
    let Some(object) = Object::read(at, &["hooks"], report) else {
        return;
    };
    let Some(hooks) = object.required("hooks", report) else {
        return;
    };
    for entry in hooks.entries(report).into_iter().flatten() {
        capabilities(hooks.inner(&entry.key, &entry.value), report);
    }
}

/// What can be asked for and granted. What it says in words of its own means nothing else than what is granted by them.
pub(super) fn capabilities(at: At<'_>, report: &mut Report) {
    let Some(object) = Object::read(at, KEYS, report) else {
        return;
    };
    each(&object, "kubernetes", report, kubernetes);
    each(&object, "http", report, http);
    each(&object, "files", report, files);
    each(&object, "environment", report, environment);
    object.flag("wallClock", false, report);
}

fn each<'a>(
    object: &Object<'a>,
    key: &str,
    report: &mut Report,
    read: fn(At<'a>, &mut Report) -> Option<()>,
) {
    let items = object.field(key).and_then(|at| at.items(report));
    for item in items.into_iter().flatten() {
        read(item, report);
    }
}

fn kubernetes(at: At<'_>, report: &mut Report) -> Option<()> {
    let keys = ["apiGroups", "kinds", "namespaces", "verbs"];
    let object = Object::read(at, &keys, report)?;
    for key in ["apiGroups", "kinds", "namespaces"] {
        let list = object.required(key, report);
        for (at, text) in texts(list, report) {
            if text.is_empty() && key != "apiGroups" {
                report.offence(&at, "empty", "must not be empty", "");
            } else if text.contains('*') && text != "*" {
                let message = format!("`{}` is no pattern", shown(text));
                let help = "names are written in full; `*` alone is any";
                report.offence(&at, "wildcard", message, help);
            }
        }
    }
    let verbs = object.required("verbs", report)?.at_least(1, report)?;
    for at in verbs {
        at.one_of(VERBS, report);
    }
    Some(())
}

fn http(at: At<'_>, report: &mut Report) -> Option<()> {
    let keys = ["schemes", "hosts", "ports", "methods", "addresses"];
    let object = Object::read(at, &keys, report)?;
    let hosts = object.required("hosts", report);
    for (at, text) in texts(hosts, report) {
        if let Err((message, help)) = host(text) {
            report.offence(&at, "host", message, help);
        }
    }
    let items = |key: &str, report: &mut Report| {
        let list = object.field(key).and_then(|at| at.items(report));
        list.unwrap_or_default()
    };
    for at in items("schemes", report) {
        at.one_of(SCHEMES, report);
    }
    for at in items("ports", report) {
        if let Some(port) = at.integer(report)
            && !(1..=65535).contains(&port)
        {
            let message = format!("must be from 1 to 65535, found {port}");
            report.offence(&at, "out-of-range", message, "");
        }
    }
    for at in items("methods", report) {
        if let Some(text) = at.text(report) {
            method(&at, text, report);
        }
    }
    for at in items("addresses", report) {
        if let Some(text) = at.text(report)
            && !is_network(text)
        {
            let message = format!("`{}` is no network", shown(text));
            let help = "a network is an address and its length, such as `10.1.0.0/16`";
            report.offence(&at, "network", message, help);
        }
    }
    Some(())
}

/// Whether requests to a host can be granted as this; else what is wrong, and what to do.
fn host(text: &str) -> Result<(), (String, &'static str)> {
    let wrong = |help| Err((format!("`{}` is no host", shown(text)), help));
    if text.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    if text == "*" {
        return wrong("hosts are named; `*.example.org` is every name below `example.org`");
    }
    let name = text.strip_prefix("*.").unwrap_or(text);
    if name.contains('*') {
        return wrong("`*` stands for names in front of a whole name: `*.example.org`");
    }
    if name.contains('/') {
        return wrong(
            "only the name is written here; `schemes` and `ports` have lists of their own",
        );
    }
    if name.starts_with('[') {
        return wrong("an address is written without brackets");
    }
    if name.contains(':') {
        return wrong("ports have a list of their own: `ports`");
    }
    let label = |label: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(fits)
    };
    if name.len() > 253 || !name.split('.').all(label) || ends_in_a_number(name) {
        return wrong("a host is a name such as `api.example.org`, or an IP address");
    }
    Ok(())
}

/// Whether resolvers may take a name for an address: then it is neither.
fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let hex = last
        .get(..2)
        .is_some_and(|two| two.eq_ignore_ascii_case("0x"));
    hex || last.bytes().all(|b| b.is_ascii_digit())
}

fn method(at: &At<'_>, text: &str, report: &mut Report) {
    let upper = text.to_ascii_uppercase();
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let known = METHODS.contains(&upper.as_str());
    if text.is_empty() || !text.chars().all(token) || (known && upper != text) {
        let message = format!("`{}` is no method of HTTP", shown(text));
        let help = match known {
            true => format!("did you mean `{upper}`?"),
            false => "a method is a word such as `POST`; `*` is any".to_owned(),
        };
        report.offence(at, "method", message, help);
    }
}

/// Whether it is an address with a length.
fn is_network(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let plain = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    let length = length.parse::<u32>().ok().filter(|_| plain);
    let most = if address.parse::<Ipv4Addr>().is_ok() {
        Ipv4Addr::BITS
    } else if address.parse::<Ipv6Addr>().is_ok() {
        Ipv6Addr::BITS
    } else {
        return false;
    };
    length.is_some_and(|length| length <= most)
}

fn files(at: At<'_>, report: &mut Report) -> Option<()> {
    let object = Object::read(at, &["path", "mount"], report)?;
    let path = object.required("path", report);
    for at in path.into_iter().chain(object.field("mount")) {
        if let Some(text) = at.text(report)
            && !is_plain(text)
        {
            let message = format!("`{}` is no path from the root", shown(text));
            let help = "it begins with `/` and has no `.`, `..` or empty parts";
            report.offence(&at, "path", message, help);
        }
    }
    Some(())
}

/// Whether a path begins at the root and goes nowhere back.
fn is_plain(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    let mut parts = rest.strip_suffix('/').unwrap_or(rest).split('/');
    !path.contains('\0') && (rest.is_empty() || parts.all(|part| !matches!(part, "" | "." | "..")))
}

fn environment(at: At<'_>, report: &mut Report) -> Option<()> {
    let object = Object::read(at, &["name", "value"], report)?;
    let name = object.required("name", report);
    if let Some(at) = name
        && let Some(text) = at.name(report)
        && (text.contains(['=', '\0']) || text.trim_end_matches('*').contains('*'))
    {
        let message = format!("`{}` is no name of an entry", shown(text));
        report.offence(&at, "name", message, "it has no `=`");
    }
    if let Some(at) = object.field("value")
        && let Some(text) = at.text(report)
        && text.contains('\0')
    {
        report.offence(&at, "value", "must not have a zero byte", "");
    }
    Some(())
}

fn texts<'a>(list: Option<At<'a>>, report: &mut Report) -> Vec<(At<'a>, &'a str)> {
    list.and_then(|at| at.texts(1, report)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_addresses() {
        for text in [
            "api.example.org",
            "API.example.org",
            "localhost",
            "*.example.org",
            "xn--nxasmq6b.example",
            "my_host.example",
            "10.0.0.1",
            "fd00::1",
        ] {
            assert_eq!(host(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "*",
            "*.",
            "a.*.org",
            "a*.org",
            "*a.org",
            "**.org",
            "https://a.org",
            "a.org/x",
            "a.org:80",
            "[::1]",
            "user@a.org",
            "a..org",
            ".org",
            "a.org.",
            "a b.org",
            "ä.org",
            "1.2.3",
            "0x7f.1",
            "127.1",
            "256.0.0.1",
            "*.0.0.1",
        ] {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn networks_have_a_length() {
        for (text, is) in [
            ("10.0.0.0/8", true),
            ("10.1.2.3/32", true),
            ("fd00::/8", true),
            ("::/0", true),
            ("10.0.0.0", false),
            ("10.0.0.0/33", false),
            ("10.0.0.0/+8", false),
            ("10.0.0.0/", false),
            ("10.0.0/8", false),
            ("fd00::/129", false),
            ("everywhere", false),
        ] {
            assert_eq!(is_network(text), is, "{text}");
        }
    }

    #[test]
    fn paths_go_nowhere_back() {
        for (text, is) in [
            ("/", true),
            ("/srv/a", true),
            ("/srv/a/", true),
            ("srv", false),
            ("", false),
            ("/srv/../etc", false),
            ("/srv/./a", false),
            ("/srv//a", false),
            ("/a\0b", false),
        ] {
            assert_eq!(is_plain(text), is, "{text}");
        }
    }
}
