//! HTTP requests of hooks by the contract's own interface `http`: what is refused is what `wasi:http` refuses, and an
//! answer comes whole or not at all.

use hookbox_sandbox::{Budget, Grants, HttpSettings, Limit};
use serde_json::json;

use crate::requests::{client, grants, plain, reach, said};
use crate::server::Server;
use crate::support::{budget, limit, messages, ms};

#[tokio::test]
async fn a_call_gives_the_whole_answer_and_is_recorded() {
    let server = Server::start();
    let port = server.address.port();
    let url = format!("http://api.example:{port}");
    let script = [
        format!("call POST {url}/a/b?token=secret#part accept=text/plain x=1 x=2 body=hi"),
        format!("call GET {url}"),
        format!("call GET {url}/to/elsewhere"),
    ];
    let run = reach(&script, plain(&server, "api.example"), &budget()).await;
    assert!(run.result.is_ok(), "{run:?}");
    assert_eq!(
        messages(&run),
        [
            "200 hello [content-length=5]",
            "200 hello [content-length=5]",
            "302  [content-length=0 location=elsewhere]"
        ]
    );
    let requests = server.requests();
    assert!(
        requests[0].starts_with("POST /a/b?token=secret HTTP/1.1\r\n"),
        "{}",
        requests[0]
    );
    for line in [
        &format!("host: api.example:{port}\r\n"),
        "accept: text/plain\r\n",
        "x: 1\r\nx: 2\r\n",
        "content-length: 2\r\n",
    ] {
        assert!(requests[0].contains(line), "{line}: {}", requests[0]);
    }
    assert!(requests[1].starts_with("GET / HTTP/1.1\r\n") && !requests[1].contains("length"));
    let recorded = serde_json::to_value(&run.requests).unwrap();
    assert_eq!(
        recorded[0],
        json!({"method": "POST", "url": format!("{url}/a/b"), "address": format!("127.0.0.1:{port}"), "status": 200})
    );
    assert_eq!((run.usage.http_requests, run.usage.transfer_bytes), (3, 12));
}

#[tokio::test]
async fn a_call_that_may_not_be_has_a_code_and_reaches_nobody() {
    let server = Server::start();
    let port = server.address.port();
    for (line, code, says) in [
        (
            format!("GET http://evil.example:{port}/"),
            "not-granted",
            r#"`http: [{"hosts":["evil.example"]"#,
        ),
        (
            format!("DELETE http://api.example:{port}/"),
            "not-granted",
            r#""methods":["DELETE"]"#,
        ),
        (
            format!("CONNECT http://api.example:{port}/"),
            "not-granted",
            "CONNECT",
        ),
        (
            format!("GET http://metadata.example:{port}/"),
            "not-granted",
            "169.254.169.254",
        ),
        (
            format!("GET http://api.example@127.0.0.1:{port}/"),
            "invalid-argument",
            "a user in the address",
        ),
        (
            "GET http://2130706433/".to_owned(),
            "invalid-argument",
            "a number",
        ),
        (
            "GET ftp://api.example/".to_owned(),
            "invalid-argument",
            "neither `http` nor `https`",
        ),
        (
            "GET /path".to_owned(),
            "invalid-argument",
            "neither `http` nor `https`",
        ),
        (
            "GET http://".to_owned(),
            "invalid-argument",
            "the URL cannot be read",
        ),
        (
            format!("GET http://api.example:{port}/{}", "x".repeat(9000)),
            "invalid-argument",
            "longer than 8192 bytes",
        ),
        (
            format!("G@T http://api.example:{port}/"),
            "invalid-argument",
            "is no method",
        ),
        (
            format!("GET http://api.example:{port}/ host=evil.example"),
            "invalid-argument",
            "host is the host's to write",
        ),
        (
            format!("GET http://api.example:{port}/ transfer-encoding=chunked"),
            "invalid-argument",
            "to write",
        ),
        (
            format!("GET http://api.example:{port}/ expect=100-continue"),
            "invalid-argument",
            "to write",
        ),
        (
            format!("GET http://api.example:{port}/ content-length=5"),
            "invalid-argument",
            "to write",
        ),
        (
            format!("GET http://api.example:{port}/ x=1CRLFhost:evil"),
            "invalid-argument",
            "cannot be sent",
        ),
        (
            format!("GET http://api.example:{port}/ a:b=1"),
            "invalid-argument",
            "no name of a header",
        ),
        (
            format!("GET http://api.example:{port}/ x={}", "y".repeat(17_000)),
            "invalid-argument",
            "more than 100, or have more than 16384 bytes",
        ),
    ] {
        let http = json!([{"schemes": ["http"], "ports": [port], "hosts": ["api.example", "metadata.example"]}]);
        let grants = grants(http, client("", HttpSettings::default()));
        let run = reach(&[format!("call {line}")], grants, &budget()).await;
        let said = said(&run);
        assert!(
            said.starts_with(&format!("{code}: ")) && said.contains(says),
            "{line}: {said}"
        );
        assert_eq!(
            run.missing_grants.len(),
            usize::from(code == "not-granted"),
            "{line}"
        );
    }
    // Nothing granted at all, and nobody who would send.
    let line = [format!("call GET http://api.example:{port}/")];
    let run = reach(&line, Grants::default(), &budget()).await;
    assert!(said(&run).starts_with("not-granted: "));
    assert!(server.requests().is_empty());
}

/// A request with a flood of headers is refused before anything is made of it.
#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let line = format!(
        "call GET http://api.example/ {}",
        (0..30_000)
            .map(|n| format!("h{n}="))
            .collect::<Vec<_>>()
            .join(" ")
    );
    let run = reach(&[line], Grants::default(), &budget()).await;
    assert!(
        said(&run).starts_with("invalid-argument: the headers are more than 100"),
        "{}",
        said(&run)
    );
}

#[tokio::test]
async fn an_answer_that_does_not_come_whole_is_none() {
    let server = Server::start();
    let port = server.address.port();
    // Bound, so that it is nobody else's, and not listened on.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = closed.local_addr().unwrap().port();
    for (port, path, code) in [
        (port, "headers", "broken"),
        (port, "garbage", "broken"),
        (port, "upgrade", "broken"),
        (port, "short", "broken"),
        (port, "silent timeout=100", "timed-out"),
        (port, "endless limit=100000", "too-large"),
        (port, "any limit=4", "too-large"),
        (nobody, "any", "unreachable"),
    ] {
        let http = json!([{"schemes": ["http"], "ports": [port], "hosts": ["api.example"], "addresses": ["127.0.0.0/8"]}]);
        let grants = grants(http, client("", HttpSettings::default()));
        let line = [format!("call GET http://api.example:{port}/{path}")];
        let run = reach(&line, grants, &budget()).await;
        assert!(
            said(&run).starts_with(&format!("{code}: ")),
            "{path}: {}",
            said(&run)
        );
        // What was sent is known, whatever came of it.
        assert_eq!(run.requests.len(), 1, "{path}");
        assert!(run.requests[0].status.is_some() || run.requests[0].error.is_some());
    }
    let tls = Server::with_tls("other.example");
    let line = [format!(
        "call GET https://api.example:{}/",
        tls.address.port()
    )];
    let http = json!([{"ports": [tls.address.port()], "hosts": ["api.example"], "addresses": ["127.0.0.0/8"]}]);
    let run = reach(
        &line,
        grants(http, client(&tls.authority, HttpSettings::default())),
        &budget(),
    )
    .await;
    assert!(
        said(&run).starts_with("unreachable: TLS with api.example"),
        "{}",
        said(&run)
    );
}

#[tokio::test]
async fn calls_come_to_the_limits_of_their_run() {
    let server = Server::start();
    let port = server.address.port();
    let few = Budget {
        http_requests: 5,
        transfer_bytes: 1 << 20,
        ..budget()
    };
    let run = async |lines: &[String], budget: &Budget| {
        let run = reach(lines, plain(&server, "api.example"), budget).await;
        limit(&run)
    };
    let line = |rest: &str| format!("call POST http://api.example:{port}/{rest}");
    assert_eq!(run(&[line("endless")], &few).await.0, Limit::TransferBytes);
    assert_eq!(
        run(&vec![line(""); 6], &few).await,
        (Limit::HttpRequests, 6, 5)
    );
    assert_eq!(
        run(&[line(" body=x*3000000")], &few).await.0,
        Limit::TransferBytes
    );
    let short = Budget {
        wall_clock: ms(300),
        ..budget()
    };
    assert_eq!(run(&[line("silent")], &short).await.0, Limit::WallClock);
    let little = Budget {
        memory: 8 << 20,
        ..budget()
    };
    let said = reach(&[line("endless")], plain(&server, "api.example"), &little).await;
    assert!(
        messages(&said)
            .last()
            .is_some_and(|m| m.starts_with("too-large: ")),
        "{said:?}"
    );
}
