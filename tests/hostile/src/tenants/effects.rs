//! What hooks ask of the cluster: all that a team may ask for, and what only a hook without an SDK would.

use hookbox_test_teams::{May, changes};
use serde_json::json;

use super::{Brings, Comes, HOSTILE, NEIGHBOUR, Row};

pub(super) fn all() -> Vec<Row> {
    let mut rows: Vec<Row> = changes(HOSTILE, NEIGHBOUR, May::default())
        .into_iter()
        .map(|change| {
            let comes = match change.expected {
                "success" => Comes::Runs(&[]),
                code => Comes::Fails(code, ""),
            };
            Row::new(&format!("effects/{}", change.name), Brings::Plain, comes)
                .with(|row| row.parameters = json!({"act": change.wish}))
        })
        .collect();
    rows.extend(scripts().into_iter().map(|(name, script, code)| {
        let comes = match code {
            "invalid-object" => Comes::Runs(&["invalid-object"]),
            code => Comes::Fails(code, ""),
        };
        Row::hook(name, "script", comes).with(|row| row.parameters = json!({"script": script}))
    }));
    // Each run is the reason for the next one.
    let looping = json!({"configVersion": "v1", "kubernetes": [{
        "name": "own", "apiVersion": "v1", "kind": "ConfigMap",
        "namespace": {"nameSelector": {"matchNames": [HOSTILE]}}, "labelSelector": {"matchLabels": {"loops": "yes"}},
    }]});
    let create = r#"keep	{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"loop","namespace":"team-b","labels":{"loops":"yes"}},"data":{"n":"0"}}"#;
    let more = "jq\tConfigMap\tloop\tteam-b\tv1\t.data.n |= (tonumber + 1 | tostring)\t\tmissing";
    let script = format!("{create}\n{more}");
    rows.push(
        Row::configured(
            "events/of-its-own-making",
            "script",
            looping.to_string(),
            Comes::Condition("WithinQuota", "OverQuota", "runsPerMinute"),
        )
        .with(|row| {
            row.parameters = json!({"script": script});
            row.quota["runsPerMinute"] = json!(100);
        }),
    );
    rows
}

/// Calls as the script of `tests/hostile/guest` has them.
fn scripts() -> [(&'static str, String, &'static str); 8] {
    let merge = |name: &str, subresource: &str| {
        format!(
            "merge\tConfigMap\t{name}\t{HOSTILE}\tv1\t{{\"data\":{{\"v\":\"1\"}}}}\t{subresource}"
        )
    };
    let csr = r#"create	{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"me"},"spec":{"request":"eA==","signerName":"kubernetes.io/kube-apiserver-client","username":"system:admin","groups":["system:masters"],"usages":["client auth"]}}"#;
    let token = r#"create	{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","metadata":{"name":"x"},"spec":{"token":"t"}}"#;
    [
        (
            "effects/subresource-with-a-path",
            merge("target", "../../../team-a/configmaps/target"),
            "invalid-object",
        ),
        (
            "effects/subresource-with-a-query",
            merge("target", "status?fieldManager=x"),
            "invalid-object",
        ),
        (
            "effects/subresource-with-a-header",
            merge("target", "a\\r\\nImpersonate-User: x"),
            "invalid-object",
        ),
        ("effects/user-of-a-certificate", csr.to_owned(), "forbidden"),
        ("effects/review-of-a-token", token.to_owned(), "forbidden"),
        // One that is not allowed among many that are: nothing of them is done.
        (
            "effects/one-bad-among-good",
            format!("{}\ndelete\thooks\tprobe\t{NEIGHBOUR}", merge("target", "")),
            "reserved",
        ),
        (
            "effects/jq-that-becomes-another-object",
            format!("jq\tConfigMap\ttarget\t{HOSTILE}\tv1\t.metadata.namespace = \"{NEIGHBOUR}\""),
            "",
        ),
        (
            "effects/jq-that-runs-away",
            format!("jq\tConfigMap\ttarget\t{HOSTILE}\tv1\tdef f: f; f"),
            "",
        ),
    ]
}
