//! Certificates: from files, made here, and of clients.

use std::path::Path;

use hookbox_operator::webhook::{CertificateSource, WebhookOptions};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::json;

use super::client::*;
use crate::support::*;

/// An authority that can make certificates.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            pem: params.self_signed(&key).unwrap().pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate that ends with this year.
    fn make(&self, until: i32) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

fn write(folder: &Path, authority: &Authority, (certificate, key): &Identity) {
    std::fs::write(folder.join("tls.crt"), certificate).unwrap();
    std::fs::write(folder.join("tls.key"), key).unwrap();
    std::fs::write(folder.join("ca.crt"), &authority.pem).unwrap();
}

fn from_files(folder: &Path) -> WebhookOptions {
    let mut options = options();
    options.admission.certificate = CertificateSource::Files {
        certificate: folder.join("tls.crt"),
        key: folder.join("tls.key"),
        authority: Some(folder.join("ca.crt")),
    };
    options
}

async fn start(options: WebhookOptions) -> Bench {
    let cluster = cluster(&[ns()]).await;
    serve_with(&cluster, &[("allow", validating("a.b.c"))], options, |_| {}).await
}

/// Whether who trusts `pem` gets an answer.
async fn trusted(bench: &Bench, pem: &str) -> bool {
    let client = Client::new(bench.running.webhook_addrs()[0], pem.as_bytes(), None);
    client
        .raw("GET /healthz HTTP/1.1", b"")
        .await
        .is_ok_and(|a| a.status == 200)
}

async fn registered(bench: &Bench) -> String {
    let config = object(&bench.cluster, VALIDATING).await.unwrap();
    let bundle = config["webhooks"][0]["clientConfig"]["caBundle"].clone();
    let pem: k8s_openapi::ByteString = serde_json::from_value(bundle).unwrap();
    String::from_utf8(pem.0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_followed_and_a_wrong_pair_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (Authority::new("one"), Authority::new("two"));
    write(folder.path(), &first, &first.make(2100));
    let bench = start(from_files(folder.path())).await;
    assert!(trusted(&bench, &first.pem).await);
    assert_eq!(registered(&bench).await, first.pem);

    // A key that belongs to another certificate, then no certificate at all.
    std::fs::write(folder.path().join("tls.key"), second.make(2100).1).unwrap();
    let errors = |n: u32| {
        let text = bench.running.metrics_text();
        let line = text
            .lines()
            .find(|l| l.contains(r#"webhook_certificate_errors_total{webhooks="admission"}"#));
        line.is_some_and(|l| l.rsplit(' ').next().unwrap().parse::<u32>().unwrap() >= n)
    };
    until("the error", async || errors(1)).await;
    assert!(trusted(&bench, &first.pem).await);
    std::fs::remove_file(folder.path().join("tls.crt")).unwrap();
    until("the next error", async || errors(3)).await;
    assert!(trusted(&bench, &first.pem).await);

    // A new pair of another authority: the API server is told, too.
    write(folder.path(), &second, &second.make(2100));
    until("the new certificate", async || {
        trusted(&bench, &second.pem).await
    })
    .await;
    assert!(!trusted(&bench, &first.pem).await);
    until("the new authority", async || {
        registered(&bench).await == second.pem
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_has_expired_is_shown_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("one");
    write(folder.path(), &authority, &authority.make(2001));
    let bench = start(from_files(folder.path())).await;
    assert!(counted(
        &bench,
        r#"webhook_certificate_expiry_timestamp_seconds{webhooks="admission"} 9.783072e+08"#
    ));
    assert!(!trusted(&bench, &authority.pem).await);
    until("the count", async || {
        counted(
            &bench,
            r#"webhook_tls_errors_total{code="certificate-refused"} 1"#,
        )
    })
    .await;
    write(folder.path(), &authority, &authority.make(2100));
    until("the new certificate", async || {
        trusted(&bench, &authority.pem).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_used_at_the_start_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = hookbox_operator::Options::default();
    options.webhook = Some(from_files(folder.path()));
    options.hooks = vec![spec(&[("allow", validating("a.b.c"))])];
    let sandbox = sandbox();
    let jq = hookbox_jq::Jq::new(&sandbox).unwrap();
    let error = hookbox_operator::Operator::start(options, sandbox, jq)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "certificate-unreadable");
    let text = hookbox_operator::api::chain(&error);
    assert!(text.contains("cannot be read"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_clients_with_a_certificate_are_served_where_one_is_required() {
    let folder = tempfile::tempdir().unwrap();
    let (server, clients) = (Authority::new("server"), Authority::new("clients"));
    write(folder.path(), &server, &server.make(2100));
    let file = folder.path().join("clients.crt");
    std::fs::write(&file, &clients.pem).unwrap();
    let mut options = from_files(folder.path());
    options.admission.client_ca = vec![file];
    let bench = start(options).await;
    let address = bench.running.webhook_addrs()[0];
    let with = |identity: Option<&Identity>| Client::new(address, server.pem.as_bytes(), identity);
    let good = with(Some(&clients.make(2100)));
    assert_eq!(good.review("a-b-c", json!({})).await["allowed"], true);
    for (bad, code) in [
        (None, "no-client-certificate"),
        (Some(server.make(2100)), "client-certificate"),
        (Some(clients.make(2001)), "client-certificate"),
    ] {
        let answer = with(bad.as_ref()).raw("GET /healthz HTTP/1.1", b"").await;
        assert!(answer.is_err(), "{answer:?}");
        let line = format!(r#"webhook_tls_errors_total{{code="{code}"}}"#);
        until("the count", async || {
            bench.running.metrics_text().contains(&line)
        })
        .await;
    }
    assert_eq!(good.review("a-b-c", json!({})).await["allowed"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_the_certificate_that_one_of_them_made() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [("allow", validating("a.b.c"))];
    let one = serve(&cluster, &hooks).await;
    let first = registered(&one).await;
    let other = serve(&cluster, &hooks).await;
    assert!(trusted(&one, &first).await && trusted(&other, &first).await);
    assert_eq!(registered(&other).await, first);
    let secret = object(
        &cluster,
        "/api/v1/namespaces/default/secrets/hookbox-webhook",
    )
    .await
    .unwrap();
    assert!(secret["data"]["tls.key"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_the_certificate_is_kept_in_memory() {
    let mut options = options();
    options.secret = None;
    let bench = start(options).await;
    assert!(trusted(&bench, &registered(&bench).await).await);
    assert!(
        object(
            &bench.cluster,
            "/api/v1/namespaces/default/secrets/hookbox-webhook"
        )
        .await
        .is_none()
    );
}

/// A secret of somebody else is left alone, and that is said.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_the_operator_is_not_ready() {
    let foreign = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hookbox-webhook", "namespace": "default"}, "data": {"a": "YQ=="}});
    let cluster = cluster(&[ns(), foreign]).await;
    let bench = Bench::with(&cluster, &[("allow", validating("a.b.c"))], |o| {
        o.webhook = Some(options());
        o.listen = Some(std::net::SocketAddr::from(([127, 0, 0, 1], 0)));
    })
    .await;
    let page = async || get(bench.running.http_addr().unwrap(), "/readyz").await;
    until("what is missing", async || {
        page().await.contains("holds something else")
    })
    .await;
    assert!(
        page()
            .await
            .contains("waiting for the certificate of the admission webhooks")
    );
    assert!(!trusted(&bench, "").await);
    delete(
        &cluster,
        "/api/v1/namespaces/default/secrets/hookbox-webhook",
    )
    .await;
    ready(&bench).await;
}
