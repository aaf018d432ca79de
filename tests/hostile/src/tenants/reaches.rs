//! What hooks reach for while they run, with a grant for more than they should get.

use serde_json::{Value, json};

use super::{Brings, Comes, HOSTILE, NEIGHBOUR, Row};

/// A port of loopback at which somebody answers: `/to/URL` by a redirect, everything else with `treasure`.
pub const PORT: &str = "PORT";
/// A folder with a file `a.txt`, and with links that lead out of it: `absolute`, `relative` and `folder`.
pub const FOLDER: &str = "FOLDER";

/// Names, and addresses as names. In the operator of the tests `api.example` and `mapped.example` are at loopback,
/// `metadata.example` at the metadata service, `apiserver.example` where the API server is said to be.
const HOSTS: [&str; 8] = [
    "api.example",
    "mapped.example",
    "metadata.example",
    "apiserver.example",
    "localhost",
    "127.0.0.1",
    "::1",
    "169.254.169.254",
];

fn reach(name: &str, line: &str, capabilities: Value, said: &'static [&'static str]) -> Row {
    Row::new(name, Brings::Old("reach"), Comes::Runs(said)).with(|row| {
        row.parameters = json!({"script": [line]});
        row.capabilities = capabilities;
    })
}

pub(super) fn all() -> Vec<Row> {
    const PROHIBITED: &[&str] = &["", "ErrorCode::DestinationIpProhibited"];
    const INVALID: &[&str] = &[
        "an HTTP request was refused",
        "ErrorCode::HttpRequestUriInvalid",
    ];
    const REDIRECTED: &[&str] = &["", ""];
    const NO_FILE: &[&str] = &["PermissionDenied"];
    const DENIED: &[&str] = &["", "ErrorCode::HttpRequestDenied"];
    const FORBIDDEN: &[&str] = &["forbidden"];
    const NOT_GRANTED: &[&str] = &["", "not-granted"];
    let http = || json!({"http": [{"schemes": ["http", "https"], "hosts": HOSTS, "ports": [PORT], "methods": ["GET"]}]});
    // The same with the right to go to loopback, for one name.
    let local = || {
        let mut local = http();
        local["http"][0]["hosts"] = json!(["metadata.example"]);
        let api = json!({"schemes": ["http"], "hosts": ["api.example"], "ports": [PORT], "methods": ["GET"], "addresses": ["127.0.0.0/8"]});
        local["http"].as_array_mut().unwrap().push(api);
        local
    };
    let requests = [
        (
            "reach/loopback",
            "http GET http://127.0.0.1:PORT/",
            PROHIBITED,
        ),
        (
            "reach/loopback-of-ipv6",
            "http GET http://[::1]:PORT/",
            PROHIBITED,
        ),
        (
            "reach/loopback-mapped",
            "http GET http://[::ffff:127.0.0.1]:PORT/",
            PROHIBITED,
        ),
        (
            "reach/loopback-by-name",
            "http GET http://localhost:PORT/",
            PROHIBITED,
        ),
        (
            "reach/loopback-by-answer",
            "http GET http://api.example:PORT/",
            PROHIBITED,
        ),
        (
            "reach/loopback-by-mapped-answer",
            "http GET http://mapped.example:PORT/",
            PROHIBITED,
        ),
        (
            "reach/metadata",
            "http GET http://169.254.169.254:PORT/latest/",
            PROHIBITED,
        ),
        (
            "reach/metadata-by-answer",
            "http GET http://metadata.example:PORT/",
            PROHIBITED,
        ),
        (
            "reach/api-server-by-answer",
            "http GET https://apiserver.example:PORT/",
            PROHIBITED,
        ),
        (
            "reach/decimal-address",
            "http GET http://2130706433:PORT/",
            INVALID,
        ),
        (
            "reach/hexadecimal-address",
            "http GET http://0x7f.1:PORT/",
            INVALID,
        ),
        (
            "reach/octal-address",
            "http GET http://0177.0.0.1:PORT/",
            INVALID,
        ),
        (
            "reach/short-address",
            "http GET http://127.1:PORT/",
            INVALID,
        ),
        (
            "reach/user-before-the-host",
            "http GET http://api.example@127.0.0.1:PORT/",
            INVALID,
        ),
        (
            "reach/other-host",
            "http GET http://evil.example:PORT/",
            DENIED,
        ),
        ("reach/other-port", "http GET http://api.example:1/", DENIED),
        (
            "reach/other-method",
            "http DELETE http://api.example:PORT/",
            DENIED,
        ),
    ];
    let allowed = [
        (
            "reach/granted",
            "http GET http://api.example:PORT/",
            &["200 treasure"][..],
        ),
        (
            "redirect/to-metadata",
            "follow http://api.example:PORT/to/http://169.254.169.254/",
            REDIRECTED,
        ),
        (
            "redirect/to-loopback",
            "follow http://api.example:PORT/to/http://127.0.0.1:PORT/",
            REDIRECTED,
        ),
        (
            "redirect/to-metadata-by-answer",
            "follow http://api.example:PORT/to/http://metadata.example:PORT/",
            REDIRECTED,
        ),
        (
            "redirect/to-another-scheme",
            "follow http://api.example:PORT/to/https://api.example:PORT/",
            REDIRECTED,
        ),
        (
            "header/host",
            "http GET http://api.example:PORT/ host=evil.example",
            &["host: HeaderError::Forbidden"],
        ),
        (
            "header/transfer-encoding",
            "http GET http://api.example:PORT/ transfer-encoding=chunked",
            &["transfer-encoding: HeaderError::Forbidden"],
        ),
        (
            "header/connection",
            "http GET http://api.example:PORT/ connection=upgrade",
            &["connection: HeaderError::Forbidden"],
        ),
        (
            "header/line-break",
            "http GET http://api.example:PORT/ x=1CRLFhost:evil.example",
            &["x: HeaderError::InvalidSyntax"],
        ),
        (
            "header/length-that-lies",
            "http GET http://api.example:PORT/ content-length=5",
            &["ErrorCode::HttpRequestBodySize"],
        ),
        (
            "header/length-of-no-number",
            "http GET http://api.example:PORT/ content-length=+5",
            &["content-length: HeaderError::InvalidSyntax"],
        ),
    ];
    let requests = requests.map(|(name, line, said)| reach(name, line, http(), said));
    let allowed = allowed.map(|(name, line, said)| reach(name, line, local(), said));
    let mut rows: Vec<Row> = requests.into_iter().chain(allowed).collect();
    let files = || json!({"files": [{"path": FOLDER, "mount": "/templates"}]});
    for (name, line, said) in [
        (
            "files/granted",
            "read /templates/a.txt",
            &["read \"hello\""][..],
        ),
        ("files/absolute-link", "read /templates/absolute", NO_FILE),
        ("files/relative-link", "read /templates/relative", NO_FILE),
        (
            "files/linked-folder",
            "read /templates/folder/secret",
            NO_FILE,
        ),
        ("files/listed-link", "dir /templates/folder", NO_FILE),
        (
            "files/upwards",
            "read /templates/../../../../etc/passwd",
            NO_FILE,
        ),
        ("files/another-path", "read /etc/passwd", &["NotFound"]),
        ("files/write", "write /templates/a.txt", NO_FILE),
        (
            "files/link",
            "link /templates/a.txt /templates/b.txt",
            NO_FILE,
        ),
    ] {
        rows.push(reach(name, line, files(), said));
    }
    rows.push(reach(
        "reach/ungranted",
        "http GET http://api.example:PORT/",
        json!({}),
        DENIED,
    ));
    let kubernetes = || json!({"kubernetes": [{"apiGroups": ["*"], "kinds": ["ConfigMap", "Secret", "Namespace"], "namespaces": ["*"], "verbs": ["get", "list"]}]});
    for (name, line, said) in [
        (
            "reach/own-map",
            format!("get v1 ConfigMap {HOSTILE} target"),
            &["Some("][..],
        ),
        (
            "reach/other-map",
            format!("get v1 ConfigMap {NEIGHBOUR} component"),
            FORBIDDEN,
        ),
        (
            "reach/other-maps",
            format!("list v1 ConfigMap {NEIGHBOUR} 5"),
            FORBIDDEN,
        ),
        (
            "reach/all-maps",
            "list v1 ConfigMap - 5".to_owned(),
            FORBIDDEN,
        ),
        (
            "reach/own-secret",
            format!("get v1 Secret {HOSTILE} s"),
            FORBIDDEN,
        ),
        (
            "reach/namespace",
            format!("get v1 Namespace - {NEIGHBOUR}"),
            FORBIDDEN,
        ),
        (
            "reach/hooks",
            format!("list hookbox.dev/v1alpha1 Hook {NEIGHBOUR} 5"),
            NOT_GRANTED,
        ),
        (
            "reach/policies",
            "list hookbox.dev/v1alpha1 HookPolicy - 5".to_owned(),
            NOT_GRANTED,
        ),
        (
            "reach/path-in-a-name",
            format!("get v1 ConfigMap {HOSTILE} ../../{NEIGHBOUR}/configmaps/component"),
            &["invalid-argument"],
        ),
        (
            "reach/path-in-a-namespace",
            format!("get v1 ConfigMap {NEIGHBOUR}/configmaps target"),
            &["invalid-argument"],
        ),
    ] {
        rows.push(reach(name, &line, kubernetes(), said));
    }
    let flood = format!("flood v1 ConfigMap {HOSTILE} target");
    rows.push(
        Row::new(
            "reach/flood",
            Brings::Old("reach"),
            Comes::Fails("limit", "reads"),
        )
        .with(|row| {
            row.parameters = json!({"script": [flood]});
            row.capabilities = kubernetes();
        }),
    );
    rows
}
