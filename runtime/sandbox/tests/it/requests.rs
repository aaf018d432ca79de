//! HTTP requests of hooks: only where they were granted, whatever the name, the address or the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use hookbox_sandbox::{Budget, Grants, HttpClient, HttpSettings, Limit, Run, RunInput};
use serde_json::{Value, json};

use crate::server::Server;
use crate::support::{budget, guests, input, limit, messages, ms};

/// A client for which all of these names are at loopback, and one of them somewhere worse.
pub(crate) fn client(authorities: &str, settings: HttpSettings) -> Arc<HttpClient> {
    let loopback = || vec!["127.0.0.1".parse().unwrap()];
    let hosts = BTreeMap::from([
        ("api.example".to_owned(), loopback()),
        ("www.api.example".to_owned(), loopback()),
        ("evil.example".to_owned(), loopback()),
        (
            "metadata.example".to_owned(),
            vec!["169.254.169.254".parse().unwrap()],
        ),
        (
            "mapped.example".to_owned(),
            vec!["::ffff:127.0.0.1".parse().unwrap()],
        ),
        ("node.example".to_owned(), vec!["8.8.4.4".parse().unwrap()]),
    ]);
    Arc::new(
        HttpClient::new(HttpSettings {
            hosts,
            authorities: authorities.to_owned(),
            ..settings
        })
        .unwrap(),
    )
}

pub(crate) fn grants(http: Value, client: Arc<HttpClient>) -> Grants {
    let capabilities = serde_json::from_value(json!({"http": http})).unwrap();
    Grants::new(capabilities).unwrap().with_http(client)
}

/// GET and POST in the clear to a name, at a port, on loopback.
pub(crate) fn plain(server: &Server, host: &str) -> Grants {
    let http = json!([{
        "schemes": ["http"], "hosts": [host], "ports": [server.address.port()], "methods": ["GET", "POST"],
        "addresses": ["127.0.0.0/8"],
    }]);
    grants(http, client("", HttpSettings::default()))
}

pub(crate) async fn reach(script: &[String], grants: Grants, budget: &Budget) -> Run {
    let input = RunInput {
        values: Arc::new(json!({"script": script})),
        grants: Arc::new(grants),
        ..input(0)
    };
    guests().await.run("reach", input, budget).await
}

/// The last thing that the guest said.
pub(crate) fn said(run: &Run) -> String {
    assert!(run.result.is_ok(), "{run:?}");
    messages(run).last().unwrap().to_string()
}

#[tokio::test]
async fn a_granted_request_is_sent_and_recorded_without_its_secrets() {
    let server = Server::start();
    let port = server.address.port();
    let script = [format!(
        "http POST http://api.example:{port}/a/b?token=secret accept=text/plain body=hi"
    )];
    let run = reach(&script, plain(&server, "api.example"), &budget()).await;
    assert_eq!(said(&run), "200 hello");
    let [request] = &server.requests()[..] else {
        panic!("{:?}", server.requests());
    };
    assert!(
        request.starts_with("POST /a/b?token=secret HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains(&format!("host: api.example:{port}\r\n")),
        "{request}"
    );
    assert!(request.contains("accept: text/plain\r\n"), "{request}");
    let recorded = serde_json::to_value(&run.requests).unwrap();
    assert_eq!(
        recorded,
        json!([{"method": "POST", "url": format!("http://api.example:{port}/a/b"),
            "address": format!("127.0.0.1:{port}"), "status": 200}])
    );
    assert_eq!((run.usage.http_requests, run.usage.transfer_bytes), (1, 7));
}

#[tokio::test]
async fn what_was_not_granted_reaches_nobody_and_names_the_grant() {
    let server = Server::start();
    let port = server.address.port();
    let other = server.address.port() ^ 1;
    for (line, grant) in [
        (
            format!("http GET http://evil.example:{port}/"),
            r#""hosts":["evil.example"]"#.to_owned(),
        ),
        (
            format!("http GET http://api.example.evil.example:{port}/"),
            "evil.example".to_owned(),
        ),
        (
            format!("http GET http://api.example:{other}/"),
            format!(r#""ports":[{other}]"#),
        ),
        (
            format!("http GET https://api.example:{port}/"),
            r#""hosts":["api.example"]"#.to_owned(),
        ),
        (
            format!("http DELETE http://api.example:{port}/"),
            r#""methods":["DELETE"]"#.to_owned(),
        ),
        (
            format!("http CONNECT http://api.example:{port}/"),
            r#""CONNECT""#.to_owned(),
        ),
        (
            "http GET https://nobody.example/".to_owned(),
            r#"`http: [{"hosts":["nobody.example"]}]`"#.to_owned(),
        ),
    ] {
        let run = reach(
            std::slice::from_ref(&line),
            plain(&server, "api.example"),
            &budget(),
        )
        .await;
        assert!(
            said(&run).contains("HttpRequestDenied"),
            "{line}: {}",
            said(&run)
        );
        assert_eq!(run.missing_grants.len(), 1, "{line}");
        assert!(
            run.missing_grants[0].contains(&grant),
            "{line}: {}",
            run.missing_grants[0]
        );
        assert_eq!(messages(&run)[0], run.missing_grants[0]);
    }
    // Nothing granted at all, and nobody who would send.
    let line = [format!("http GET http://api.example:{port}/")];
    let run = reach(&line, Grants::default(), &budget()).await;
    assert!(said(&run).contains("HttpRequestDenied"));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_name_does_not_lead_to_addresses_that_are_not_public() {
    let server = Server::start();
    let port = server.address.port();
    let http = json!([{"schemes": ["http"], "ports": [port], "hosts": [
        "api.example", "metadata.example", "mapped.example", "node.example", "localhost", "127.0.0.1", "::1",
    ]}]);
    let settings = || HttpSettings {
        refused: vec!["8.8.4.0/24".parse().unwrap()],
        ..HttpSettings::default()
    };
    for (host, address) in [
        ("api.example", "127.0.0.1/32"),
        ("localhost", "/"),
        ("127.0.0.1", "127.0.0.1/32"),
        ("[::1]", "::1/128"),
        ("[::ffff:127.0.0.1]", "127.0.0.1/32"),
        ("mapped.example", "127.0.0.1/32"),
        ("metadata.example", "169.254.169.254/32"),
        ("node.example", "8.8.4.4/32"),
    ] {
        let line = [format!("http GET http://{host}:{port}/")];
        let run = reach(
            &line,
            grants(http.clone(), client("", settings())),
            &budget(),
        )
        .await;
        assert!(
            said(&run).contains("DestinationIpProhibited"),
            "{host}: {}",
            said(&run)
        );
        let missing = &run.missing_grants[0];
        assert!(
            missing.contains("\"addresses\"") && missing.contains(address),
            "{missing}"
        );
    }
    // Another way to write the same.
    for host in [
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "api.example@127.0.0.1",
    ] {
        let line = [format!("http GET http://{host}:{port}/")];
        let run = reach(
            &line,
            grants(http.clone(), client("", settings())),
            &budget(),
        )
        .await;
        let said = said(&run);
        assert!(
            said.contains("HttpRequestUriInvalid") || said.contains("no such authority"),
            "{host}: {said}"
        );
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_is_a_request_like_any_other() {
    let server = Server::start();
    let port = server.address.port();
    let line = |to: &str| [format!("follow http://api.example:{port}/to/{to}")];
    let to = format!("http://www.api.example:{port}/x");
    let run = reach(&line(&to), plain(&server, "api.example"), &budget()).await;
    assert_eq!(said(&run).split(": ").next(), Some(to.as_str()));
    assert!(said(&run).contains("HttpRequestDenied"));
    let mut both = plain(&server, "api.example").capabilities().clone();
    both.http[0].hosts.push("*.api.example".to_owned());
    let both = Grants::new(both)
        .unwrap()
        .with_http(client("", HttpSettings::default()));
    let run = reach(&line(&to), both, &budget()).await;
    assert_eq!(said(&run), "200 hello");
    let to = "http://169.254.169.254/latest/meta-data/";
    let run = reach(&line(to), plain(&server, "api.example"), &budget()).await;
    assert!(said(&run).contains("HttpRequestDenied"));
}

#[tokio::test]
async fn headers_do_not_smuggle() {
    let server = Server::start();
    let port = server.address.port();
    for (header, says) in [
        ("host=evil.example", "Forbidden"),
        ("transfer-encoding=chunked", "Forbidden"),
        ("connection=upgrade", "Forbidden"),
        ("expect=100-continue", "Forbidden"),
        ("x=1CRLFhost:evil.example", "InvalidSyntax"),
        ("content-length=+5", "InvalidSyntax"),
        ("content-length=5", "HttpRequestBodySize"),
    ] {
        let line = [format!("http GET http://api.example:{port}/ {header}")];
        let run = reach(&line, plain(&server, "api.example"), &budget()).await;
        assert!(said(&run).contains(says), "{header}: {}", said(&run));
    }
    // A request that was only half made may have begun; its head was whole.
    for request in server.requests() {
        assert!(!request.contains("evil"), "{request}");
    }
}

#[tokio::test]
async fn answers_that_are_not_as_they_should_be() {
    let server = Server::start();
    let port = server.address.port();
    for (path, says) in [
        ("headers", "HttpProtocolError"),
        ("garbage", "HttpProtocolError"),
        ("upgrade", "HttpUpgradeFailed"),
        ("short", "200, 3 bytes, then"),
    ] {
        let line = [format!("http GET http://api.example:{port}/{path}")];
        let run = reach(&line, plain(&server, "api.example"), &budget()).await;
        assert!(said(&run).contains(says), "{path}: {}", said(&run));
    }
}

#[tokio::test]
async fn an_endless_answer_and_a_flood_come_to_their_limits() {
    let server = Server::start();
    let port = server.address.port();
    let few = Budget {
        http_requests: 5,
        transfer_bytes: 1 << 20,
        ..budget()
    };
    let line = [format!("http GET http://api.example:{port}/endless")];
    let run = reach(&line, plain(&server, "api.example"), &few).await;
    assert_eq!(limit(&run).0, Limit::TransferBytes);
    let lines = vec![format!("http GET http://api.example:{port}/"); 6];
    let run = reach(&lines, plain(&server, "api.example"), &few).await;
    assert_eq!(limit(&run), (Limit::HttpRequests, 6, 5));
    assert_eq!(server.requests().len(), 6);
    let line = [format!(
        "http POST http://api.example:{port}/ content-length=3000000 body=x*3000000"
    )];
    let run = reach(&line, plain(&server, "api.example"), &few).await;
    assert_eq!(limit(&run).0, Limit::TransferBytes);
}

#[tokio::test]
async fn requests_under_way_are_bounded_and_end_with_the_run() {
    let server = Server::start();
    let port = server.address.port();
    let line = [format!("hoard http://api.example:{port}/silent")];
    let run = reach(&line, plain(&server, "api.example"), &budget()).await;
    assert!(said(&run).starts_with("16 held: "), "{}", said(&run));
    assert!(said(&run).contains("ConnectionLimitReached"));
    // Each takes memory of the run's budget.
    assert!(run.usage.memory > 16 * (256 << 10), "{}", run.usage.memory);
    // One that waits for an answer that does not come is stopped with its run.
    let line = [format!("http GET http://api.example:{port}/silent")];
    let short = Budget {
        wall_clock: ms(300),
        ..budget()
    };
    let run = reach(&line, plain(&server, "api.example"), &short).await;
    assert_eq!(limit(&run).0, Limit::WallClock);
    let settings = HttpSettings {
        pause: ms(100),
        ..HttpSettings::default()
    };
    let grants = Grants::new(plain(&server, "api.example").capabilities().clone())
        .unwrap()
        .with_http(client("", settings));
    let run = reach(&line, grants, &budget()).await;
    assert!(said(&run).contains("read timeout"), "{}", said(&run));
}

#[tokio::test]
async fn certificates_are_verified_for_the_name() {
    let server = Server::with_tls("api.example");
    let port = server.address.port();
    let http = json!([{
        "hosts": ["api.example", "www.api.example"], "ports": [port], "addresses": ["127.0.0.0/8"],
    }]);
    let line = |host: &str| [format!("http GET https://{host}:{port}/")];
    let trusting = || client(&server.authority, HttpSettings::default());
    let run = reach(
        &line("api.example"),
        grants(http.clone(), trusting()),
        &budget(),
    )
    .await;
    assert_eq!(said(&run), "200 hello");
    let run = reach(
        &line("www.api.example"),
        grants(http.clone(), trusting()),
        &budget(),
    )
    .await;
    assert!(said(&run).contains("TlsCertificateError"), "{}", said(&run));
    let stranger = client("", HttpSettings::default());
    let run = reach(&line("api.example"), grants(http, stranger), &budget()).await;
    assert!(said(&run).contains("TlsCertificateError"), "{}", said(&run));
    assert_eq!(server.requests().len(), 1);
}
