use std::net::Ipv4Addr;

use hookbox_sandbox::MetricOperation;
use hookbox_sandbox::effects::MetricAction;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

async fn start(limits: HttpLimits) -> (HttpServer, Pages) {
    let pages = Pages::default();
    (
        HttpServer::start(anywhere(), pages.clone(), limits)
            .await
            .unwrap(),
        pages,
    )
}

/// Status line, head and body of an answer on a connection of its own.
async fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes(),
        )
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn every_page_answers() {
    let (server, pages) = start(HttpLimits::default()).await;
    pages.own.live_tick();
    let op = MetricOperation {
        name: "a".into(),
        action: MetricAction::Set,
        value: Some(1.0),
        buckets: None,
        labels: Default::default(),
        group: None,
    };
    pages.hooks.apply("h", &[op]);
    for (path, status, text) in [
        ("/", 200, "/metrics/hooks"),
        ("/metrics", 200, "shell_operator_live_ticks 1\n"),
        ("/metrics/hooks", 200, "a{hook=\"h\"} 1\n"),
        ("/healthz", 200, "ok\n"),
        ("/discovery", 200, "GET /metrics\nGET /metrics/hooks\n"),
        ("/debug/pprof", 404, "no such profiles"),
        ("/debug/pprof/heap", 404, "no such profiles"),
        ("/nothing", 404, "not found"),
    ] {
        let answer = ask(server.address(), path).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {answer}"
        );
        assert!(answer.contains(text), "{path}: {answer}");
    }
    assert!(
        ask(server.address(), "/metrics")
            .await
            .contains("content-type: text/plain; version=0.0.4; charset=utf-8")
    );
    server.stop().await;
}

/// Each line of `/discovery` is a page that is there.
#[tokio::test]
async fn all_that_can_be_discovered_is_there() {
    let (server, pages) = start(HttpLimits::default()).await;
    pages.readiness.hooks_loaded();
    for line in DISCOVERY.lines() {
        let path = line.strip_prefix("GET ").unwrap();
        let answer = ask(server.address(), path).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn readiness_says_what_is_waited_for() {
    let (server, pages) = start(HttpLimits::default()).await;
    let answer = ask(server.address(), "/readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("waiting for hooks to be loaded\n"),
        "{answer}"
    );
    pages.readiness.wait_for(
        "a/pods",
        "the first Synchronization of binding pods of hook a",
    );
    pages.readiness.hooks_loaded();
    let answer = ask(server.address(), "/readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ")
            && answer.ends_with(
                "\r\n\r\nwaiting for the first Synchronization of binding pods of hook a\n"
            ),
        "{answer}"
    );
    pages.readiness.done("a/pods");
    assert!(pages.readiness.is_ready());
    pages
        .readiness
        .without("a/pods", "binding pods of hook a: no such kind");
    let answer = ask(server.address(), "/readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 200 ")
            && answer.ends_with("\r\n\r\nok\nwithout binding pods of hook a: no such kind\n"),
        "{answer}"
    );
    pages.readiness.without_no_more("a/pods");
    let answer = ask(server.address(), "/readyz").await;
    assert!(answer.ends_with("\r\n\r\nok\n"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_said_clearly() {
    let (server, pages) = start(HttpLimits::default()).await;
    let error = HttpServer::start(server.address(), pages, HttpLimits::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "address-in-use");
    assert_eq!(
        error.to_string(),
        format!(
            "address {} is in use already; stop the other program or listen on another address",
            server.address()
        )
    );
    server.stop().await;
}

#[tokio::test]
async fn a_long_head_is_refused() {
    let (server, _) = start(HttpLimits::default()).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(64 << 10));
    // The server may close before all is written.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
    assert!(
        ask(server.address(), "/healthz")
            .await
            .starts_with("HTTP/1.1 200 "),
        "others are served"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_dropped() {
    let limits = HttpLimits {
        head_time: Duration::from_millis(50),
        ..HttpLimits::default()
    };
    let (server, _) = start(limits).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET / HT").await.unwrap();
    let mut answer = Vec::new();
    // Ends: the server closed the connection.
    let _ = stream.read_to_end(&mut answer).await;
    server.stop().await;
}

#[tokio::test]
async fn connections_above_the_limit_wait_for_their_turn() {
    let limits = HttpLimits {
        connections: 1,
        ..HttpLimits::default()
    };
    let (server, _) = start(limits).await;
    let mut first = TcpStream::connect(server.address()).await.unwrap();
    first
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut some = [0; 12];
    first.read_exact(&mut some).await.unwrap();
    let second = tokio::spawn(ask(server.address(), "/healthz"));
    drop(first);
    assert!(second.await.unwrap().starts_with("HTTP/1.1 200 "));
    server.stop().await;
}

#[tokio::test]
async fn stopping_ends_idle_connections_and_frees_the_port() {
    let (server, pages) = start(HttpLimits::default()).await;
    let address = server.address();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut some = [0; 12];
    idle.read_exact(&mut some).await.unwrap();
    server.stop().await;
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    let again = HttpServer::start(address, pages, HttpLimits::default())
        .await
        .unwrap();
    again.stop().await;
}
