//! What is accepted and what is refused, in tables.

use serde_json::json;

use super::*;

fn code<T>(answer: Result<T, Refusal>) -> Option<String> {
    answer.err().map(|refusal| refusal.code)
}

#[test]
fn manifests() {
    let good = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": null}});
    assert_eq!(code(manifest(&good, false)), None);
    let generated = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}});
    assert_eq!(code(manifest(&generated, true)), None);
    assert!(
        manifest(&generated, false)
            .unwrap_err()
            .message
            .contains("use the operation `Create` (`create` of the SDK")
    );
    let bad = [
        (json!([]), "JSON object"),
        (
            json!({"kind": "Pod", "metadata": {"name": "a"}}),
            "no `apiVersion`",
        ),
        (
            json!({"apiVersion": "a/b/c", "kind": "Pod", "metadata": {"name": "a"}}),
            "apiVersion",
        ),
        (
            json!({"apiVersion": "v1", "kind": 1, "metadata": {"name": "a"}}),
            "`kind` is not a string",
        ),
        (json!({"apiVersion": "v1", "kind": "Pod"}), "no `metadata`"),
        (
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": []}),
            "no `metadata`",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}}),
            "no `metadata.name`",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": ""}}),
            "empty",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "../x"}}),
            "metadata.name",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": 1}}),
            "namespace",
        ),
    ];
    for (object, says) in bad {
        let refusal = manifest(&object, true).unwrap_err();
        assert_eq!(refusal.code, "invalid-object");
        assert!(
            refusal.message.contains(says),
            "{object}: {}",
            refusal.message
        );
    }
}

#[test]
fn references() {
    let reference = |api_version: Option<&str>, kind: &str, namespace: Option<&str>, name: &str| {
        object_ref(ObjectRef {
            api_version: api_version.map(Into::into),
            kind: kind.into(),
            namespace: namespace.map(Into::into),
            name: name.into(),
        })
    };
    let empty = reference(Some(""), "Node", Some(""), "n").unwrap();
    assert_eq!((empty.api_version, empty.namespace), (None, None));
    assert!(
        reference(
            Some("rbac.authorization.k8s.io/v1"),
            "Role",
            Some("ns"),
            "system:node-proxier"
        )
        .is_ok()
    );
    for (version, kind, namespace, name) in [
        (None, "", None, "n"),
        (None, "Pod", None, ""),
        (None, "Pod", None, "a/b"),
        (None, "Pod", None, ".."),
        (None, "Pod", None, "a?watch=true"),
        (None, "Pod", None, "a\n"),
        (None, "Pod/../x", None, "a"),
        (None, "Pod", Some("../.."), "a"),
        (Some("v1/"), "Pod", None, "a"),
        (Some("../v1"), "Pod", None, "a"),
        (Some("apps/V1"), "Pod", None, "a"),
    ] {
        assert_eq!(
            code(reference(version, kind, namespace, name)),
            Some("invalid-object".into()),
            "{kind} {name}"
        );
    }
    let options = |subresource: &str| {
        patch_options(PatchOptions {
            subresource: Some(subresource.into()),
            ..PatchOptions::default()
        })
    };
    assert!(options("/status").is_ok() && options("scale").is_ok());
    assert_eq!(options("").unwrap().subresource, None);
    for bad in ["/", "status/x", "../x", "Status"] {
        assert!(options(bad).is_err(), "{bad}");
    }
}

#[test]
fn patches() {
    assert!(merge_patch(&json!({"a": null})).is_ok());
    for bad in [json!([]), json!("{}"), json!(null)] {
        assert_eq!(code(merge_patch(&bad)), Some("invalid-patch".into()));
    }
    let good = json!([
        {"op": "add", "path": "/a/-", "value": null}, {"op": "remove", "path": "/a/0"},
        {"op": "replace", "path": "", "value": 1}, {"op": "move", "from": "/a", "path": "/b"},
        {"op": "copy", "from": "/a", "path": "/b"}, {"op": "test", "path": "/a", "value": 1},
    ]);
    assert!(json_patch(&good).is_ok());
    for bad in [
        json!({}),
        json!([1]),
        json!([{"path": "/a"}]),
        json!([{"op": "add", "path": "/a"}]),
        json!([{"op": "add", "value": 1}]),
        json!([{"op": "add", "path": "a", "value": 1}]),
        json!([{"op": "move", "path": "/a"}]),
        json!([{"op": "move", "path": "/a", "from": "/~"}]),
        json!([{"op": "merge", "path": "/a", "value": 1}]),
    ] {
        assert_eq!(
            code(json_patch(&bad)),
            Some("invalid-patch".into()),
            "{bad}"
        );
    }
    assert!(jq_filter(".a").is_ok());
    assert!(jq_filter(" ").is_err() && jq_filter(&".".repeat((64 << 10) + 1)).is_err());
}

#[test]
fn metrics() {
    let labels = |labels: &[(&str, &str)]| -> Vec<(String, String)> {
        labels
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    };
    let good = labels(&[("a", "1"), ("b_2", "")]);
    assert!(metric(MetricKind::Counter, "my:metric_total", 0.0, &good).is_ok());
    assert!(metric(MetricKind::Gauge, "g", -1.0, &labels(&[("le", "x")])).is_ok());
    for (kind, name, value) in [
        (MetricKind::Counter, "c", -1.0),
        (MetricKind::Counter, "c", f64::NAN),
        (MetricKind::Gauge, "g", f64::INFINITY),
        (MetricKind::Gauge, "", 1.0),
        (MetricKind::Gauge, "1g", 1.0),
        (MetricKind::Gauge, "g-h", 1.0),
        (MetricKind::Gauge, "g\n", 1.0),
    ] {
        assert_eq!(
            code(metric(kind, name, value, &[])),
            Some("invalid-metric".into()),
            "{name:?} {value}"
        );
    }
    for bad in [
        [("", "")],
        [("1", "")],
        [("a:b", "")],
        [("__name__", "")],
        [("le", "1")],
    ] {
        assert_eq!(
            code(metric(MetricKind::Histogram, "h", 1.0, &labels(&bad))),
            Some("invalid-label".into())
        );
    }
    assert!(
        metric(
            MetricKind::Gauge,
            "g",
            1.0,
            &labels(&[("a", "1"), ("a", "2")])
        )
        .is_err()
    );
    for (given, kept) in [
        (&[0.1, 1.0][..], &[0.1, 1.0][..]),
        (&[2.0, -1.0, 2.0, 0.0, -0.0], &[-1.0, 0.0, 2.0]),
        (&[1.0, 1.0], &[1.0]),
    ] {
        assert_eq!(buckets("h", given.to_vec()).unwrap(), kept, "{given:?}");
    }
    for bad in [
        &[][..],
        &[f64::NAN],
        &[1.0, f64::INFINITY],
        &[f64::NEG_INFINITY, 1.0],
        &[1.0; super::MAX_BUCKETS + 1],
    ] {
        assert_eq!(
            code(buckets("h", bad.to_vec()).map(drop)),
            Some("invalid-buckets".into()),
            "{bad:?}"
        );
    }
    assert_eq!(group(Some(String::new())).unwrap(), None);
    assert!(group(Some("a\nb".into())).is_err());
}

#[test]
fn hook_names() {
    assert!(hook_name("a/b-c_d.1"));
    for bad in ["", "a b", "ä", "a\n", &"a".repeat(254)] {
        assert!(!hook_name(bad), "{bad:?}");
    }
}
