//! Requests that are none: wrong forms, sizes and speeds. Each gets its answer, and harms no other.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::*;
use crate::support::*;

async fn allowing(adjust: impl FnOnce(&mut hookbox_operator::webhook::WebhookOptions)) -> Bench {
    let cluster = cluster(&[ns()]).await;
    let mut webhook = options();
    adjust(&mut webhook);
    serve_with(&cluster, &[("allow", validating("a.b.c"))], webhook, |_| {}).await
}

const REVIEW: &str =
    r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u1"}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_review_is_refused_with_a_reason_and_counted() {
    let bench = allowing(|webhook| webhook.limits.body_bytes = 10_000).await;
    let client = Client::of(&bench).await;
    let json = "Content-Type: application/json";
    let long = "x".repeat(10_001);
    for (head, body, status, code) in [
        (
            format!(
                "POST /hooks/a-b-c HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: {}",
                REVIEW.len()
            ),
            REVIEW,
            415,
            "content-type",
        ),
        (
            format!(
                "POST /hooks/a-b-c HTTP/1.1\r\nContent-Length: {}",
                REVIEW.len()
            ),
            REVIEW,
            415,
            "content-type",
        ),
        ("GET /hooks/a-b-c HTTP/1.1".to_owned(), "", 405, "method"),
        (
            format!("POST /other HTTP/1.1\r\n{json}\r\nContent-Length: 2"),
            "{}",
            404,
            "unknown-path",
        ),
        ("GET / HTTP/1.1".to_owned(), "", 404, "unknown-path"),
        (
            format!(
                "POST /hooks/a-b-c HTTP/1.1\r\n{json}\r\nContent-Length: {}",
                long.len()
            ),
            &*long,
            413,
            "too-large",
        ),
        (
            format!("POST /hooks/a-b-c HTTP/1.1\r\n{json}\r\nTransfer-Encoding: chunked"),
            &*format!("2711\r\n{long}\r\n0\r\n\r\n"),
            413,
            "too-large",
        ),
        (
            format!("POST /hooks/a-b-c HTTP/1.1\r\n{json}\r\nContent-Length: 1"),
            "{",
            400,
            "not-a-review",
        ),
        (
            format!("POST /hooks/a-b-c HTTP/1.1\r\n{json}\r\nContent-Length: 2"),
            "{}",
            400,
            "other-kind",
        ),
        (
            format!("POST /hooks/a-b-c HTTP/1.1\r\n{json}"),
            "",
            400,
            "not-a-review",
        ),
    ] {
        let answer = client.raw(&head, body.as_bytes()).await.unwrap();
        assert_eq!(answer.status, status, "{head}: {answer:?}");
        assert!(!answer.body.is_empty());
        if status == 405 {
            assert!(
                answer.head.to_lowercase().contains("allow: post"),
                "{answer:?}"
            );
        }
        let text = bench.running.metrics_text();
        assert!(
            text.contains(&format!(r#"webhook_refused_total{{code="{code}"}}"#)),
            "{code}: {text}"
        );
    }
    let health = client.raw("GET /healthz HTTP/1.1", b"").await.unwrap();
    assert_eq!((health.status, &*health.body), (200, "ok\n"));
    let good = format!(
        "POST /hooks/a-b-c HTTP/1.1\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}",
        REVIEW.len()
    );
    let good = client.raw(&good, REVIEW.as_bytes()).await.unwrap();
    assert_eq!(good.json()["response"]["allowed"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_is_not_waited_for_and_keeps_nobody_waiting() {
    let bench = allowing(|webhook| {
        webhook.limits.body_time = Duration::from_millis(200);
        webhook.limits.head_time = Duration::from_millis(200);
        webhook.limits.handshake_time = Duration::from_millis(200);
        webhook.limits.held_bytes = 1;
        webhook.limits.conversion_bytes = 1;
    })
    .await;
    let client = Client::of(&bench).await;
    let head = "POST /hooks/a-b-c HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9";
    let slow = client.raw(head, b"{").await.unwrap();
    assert_eq!(slow.status, 408, "{slow:?}");

    // A head that never ends, and a connection on which nobody speaks TLS: both are closed.
    let mut stream = client.connect().await.unwrap();
    stream.write_all(b"POST /hooks/").await.unwrap();
    let mut bytes = Vec::new();
    let _ = patiently("the end", stream.read_to_end(&mut bytes)).await;
    let mut plain = tokio::net::TcpStream::connect(bench.running.webhook_addrs()[0])
        .await
        .unwrap();
    let read = patiently("the end", plain.read_to_end(&mut bytes)).await;
    assert!(read.is_ok() || read.is_err());
    until("the count", async || {
        counted(
            &bench,
            r#"webhook_tls_errors_total{code="handshake-late"} 1"#,
        )
    })
    .await;
    assert_eq!(client.review("a-b-c", json!({})).await["allowed"], true);
}

/// Who is refused hears why, although it speaks on.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_answered_while_it_still_comes() {
    let bench = allowing(|webhook| webhook.limits.body_bytes = 1000).await;
    let client = Client::of(&bench).await;
    let large = vec![b'x'; 4 << 20];
    for (media, status) in [("application/json", 413), ("text/plain", 415)] {
        for _ in 0..10 {
            let head = format!(
                "POST /hooks/a-b-c HTTP/1.1\r\nContent-Type: {media}\r\nContent-Length: {}",
                large.len()
            );
            let answer = client.raw(&head, &large).await.unwrap();
            assert_eq!(answer.status, status);
        }
    }
}

/// All places are taken by clients that say nothing, a part of a head, or a part of a body.
#[tokio::test(flavor = "multi_thread")]
async fn who_takes_all_places_and_gives_nothing_to_do_has_to_go() {
    let bench = allowing(|webhook| {
        webhook.limits.connections = 6;
        webhook.limits.patience = Duration::from_millis(50);
        // Less than what the bodies are said to be.
        webhook.limits.held_bytes = 1;
        webhook.limits.conversion_bytes = 1;
    })
    .await;
    let client = Client::of(&bench).await;
    let head = "POST /hooks/a-b-c HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let body = format!("{head}Content-Length: 8000000\r\n\r\n{{");
    let mut slow = Vec::new();
    for words in ["", head, &body, "", head, &body] {
        let mut stream = client.connect().await.unwrap();
        stream.write_all(words.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        slow.push(stream);
    }
    for _ in 0..3 {
        assert_eq!(client.review("a-b-c", json!({})).await["allowed"], true);
    }
    let crowded = r#"webhook_tls_errors_total{code="crowded-out"}"#;
    until("the count", async || {
        bench.running.metrics_text().contains(crowded)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_at_once_are_all_answered() {
    let bench = allowing(|webhook| webhook.limits.connections = 16).await;
    let client = Client::of(&bench).await;
    let asked = (0..500).map(|_| {
        let client = client.clone();
        async move { client.review("a-b-c", json!({})).await["allowed"] == true }
    });
    let answers = futures::future::join_all(asked.map(tokio::spawn)).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_nobody_uses_is_closed() {
    let bench = allowing(|webhook| {
        webhook.limits.idle_time = Duration::from_millis(50);
        webhook.limits.connections = 1;
    })
    .await;
    let client = Client::of(&bench).await.with_alpn("h2");
    let mut stream = client.connect().await.unwrap();
    let mut bytes = Vec::new();
    let _ = patiently("the end", stream.read_to_end(&mut bytes)).await;
    // There is room for the next one, which is closed as well when the machine lets it wait for so long.
    let next = Client::of(&bench).await;
    until("an answer", async || {
        let answer = next.try_post("/hooks/a-b-c", REVIEW).await;
        let answer = answer.ok().filter(|answer| answer.status != 0);
        let response = answer.map(|answer| answer.json());
        response.is_some_and(|whole| {
            assert_eq!(whole["response"]["allowed"], true);
            true
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_reviews_share_one_connection_of_http_2() {
    let bench = allowing(|_| {}).await;
    let stream = Client::of(&bench)
        .await
        .with_alpn("h2")
        .connect()
        .await
        .unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let review = || {
        let mut sender = sender.clone();
        async move {
            let request = http::Request::post("https://x/hooks/a-b-c")
                .header("content-type", "application/json")
                .body(Full::new(bytes::Bytes::from_static(REVIEW.as_bytes())))
                .unwrap();
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!(answer.status(), 200);
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["response"]["allowed"], true);
        }
    };
    patiently(
        "answers",
        futures::future::join_all((0..100).map(|_| review())),
    )
    .await;
    assert!(counted(
        &bench,
        r#"webhook_requests_total{kind="validating",outcome="allowed",webhook="a.b.c"} 100"#
    ));
    // A stop lets the peer know.
    bench.running.stop().await;
    let _ = patiently("the end", connection).await;
}
