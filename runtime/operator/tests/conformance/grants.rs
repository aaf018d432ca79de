//! What hooks read of the cluster while they run: what was granted, and what the cluster's RBAC allows.

use hookbox_operator::grants::GrantRules;
use hookbox_operator::identity::impersonating;
use hookbox_operator::kinds::Kinds;
use hookbox_operator::reads::ClusterReader;
use hookbox_operator::{Quota, QuotaSettings, Tenant};
use hookbox_sandbox::{ClusterReads, Page, Read, ReadAnswer, ReadRefusal};
use hookbox_test_teams::{ACCOUNT, role, rule};
use serde_json::{Value, json};

use crate::support::*;

fn secret() -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "ns", "name": "creds"},
        "data": {"password": "aHVudGVyMg=="}})
}

#[tokio::test]
async fn a_hook_reads_what_it_was_granted_and_the_journal_says_so() {
    let cluster = cluster(&[ns(), config_map("ns", "settings", "1"), secret()]).await;
    let dir = tempfile::tempdir().unwrap();
    let startup = json!({"onStartup": 1});
    let hooks = [("read-all", startup.clone()), ("read-none", startup)];
    let rules = "hooks: {read-a*: {kubernetes: [{apiGroups: [''], kinds: [ConfigMap, Secret], namespaces: [ns], verbs: [get]}]}}";
    let mut bench = Bench::with(&cluster, &hooks, |options| {
        options.journal = Some(dir.path().to_owned());
        options.grants = GrantRules::parse(rules).unwrap();
    })
    .await;
    let all = bench.run("read-all").await;
    assert!(
        all.log[0].message.contains(r#""name":"settings""#),
        "{all:?}"
    );
    assert!(all.log[1].message.contains("aHVudGVyMg=="));
    assert_eq!(all.usage.cluster_reads, 2);
    let none = bench.run("read-none").await;
    let said: Vec<&str> = none
        .log
        .iter()
        .map(|record| record.message.as_str())
        .collect();
    assert_eq!(
        (said[1], said[3]),
        ("not-granted", "not-granted"),
        "{said:?}"
    );

    let Bench { running, .. } = bench;
    assert!(patiently("the stop", running.stop()).await);
    let records: Vec<_> = hookbox_operator::journal::read(dir.path())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let all = records
        .iter()
        .find(|record| record.hook == "read-all")
        .unwrap();
    let reads = serde_json::to_string(&all.reads).unwrap();
    assert!(reads.contains(r#"\"name\":\"settings\""#), "{reads}");
    assert!(
        reads.contains(r#"\"name\":\"creds\""#) && !reads.contains("aHVudGVyMg=="),
        "{reads}"
    );
    let none = records
        .iter()
        .find(|record| record.hook == "read-none")
        .unwrap();
    assert!(none.reads.is_empty());
    assert_eq!(none.missing_grants.len(), 2);
    assert!(none.missing_grants[1].contains(r#""kinds":["Secret"]"#));
}

fn get(kind: &str, namespace: Option<&str>, name: &str) -> Read {
    Read::Get {
        api_version: "v1".into(),
        kind: kind.into(),
        namespace: namespace.map(Into::into),
        name: name.into(),
    }
}

fn list(labels: Option<&str>, limit: u32, after: Option<String>) -> Read {
    Read::List {
        api_version: "v1".into(),
        kind: "ConfigMap".into(),
        namespace: Some("ns".into()),
        label_selector: labels.map(Into::into),
        field_selector: None,
        limit,
        after,
    }
}

fn names(page: &Page) -> Vec<String> {
    let name = |text: &str| {
        let object: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            (&object["apiVersion"], &object["kind"]),
            (&json!("v1"), &json!("ConfigMap"))
        );
        object["metadata"]["name"].as_str().unwrap().to_owned()
    };
    page.objects.iter().map(|object| name(object)).collect()
}

async fn page(reader: &ClusterReader, read: Read) -> Page {
    match reader.read(&read, 1 << 20).await {
        Ok(ReadAnswer::Page(page)) => page,
        other => panic!("{other:?}"),
    }
}

async fn refusal(reader: &ClusterReader, read: Read) -> ReadRefusal {
    reader.read(&read, 1 << 20).await.unwrap_err()
}

#[tokio::test]
async fn reads_are_answered_whole_or_refused_with_a_word() {
    let mut labelled = config_map("ns", "c", "1");
    labelled["metadata"]["labels"] = json!({"app": "web-more"});
    let cluster = cluster(&[
        ns(),
        config_map("ns", "a", "1"),
        config_map("ns", "b", &"x".repeat(5000)),
        labelled,
    ])
    .await;
    let reader = ClusterReader::new(cluster.client(), Kinds::new(cluster.client()), None);
    let answer = reader
        .read(&get("ConfigMap", Some("ns"), "a"), 1 << 20)
        .await;
    let Ok(ReadAnswer::Object(Some(object))) = answer else {
        panic!("{answer:?}");
    };
    assert!(
        object.starts_with(r#"{"apiVersion":"v1","data":"#),
        "{object}"
    );
    let none = reader
        .read(&get("ConfigMap", Some("ns"), "x"), 1 << 20)
        .await;
    assert_eq!(none, Ok(ReadAnswer::Object(None)));

    let first = page(&reader, list(None, 2, None)).await;
    assert_eq!(names(&first), ["a", "b"]);
    let second = page(&reader, list(None, 2, first.next)).await;
    assert_eq!((names(&second), second.next), (vec!["c".to_owned()], None));
    let web = page(&reader, list(Some("app=web-more"), 500, None)).await;
    assert_eq!(names(&web), ["c"]);

    for (read, code) in [
        (get("Gadget", Some("ns"), "x"), "unknown-kind"),
        // What kubectl would understand, but no grant names.
        (get("configmaps", Some("ns"), "a"), "unknown-kind"),
        (get("cm", Some("ns"), "a"), "unknown-kind"),
        (get("ConfigMap", None, "a"), "invalid-argument"),
        (get("Node", Some("ns"), "a"), "invalid-argument"),
        (list(Some("a in"), 1, None), "invalid-argument"),
    ] {
        let refusal = refusal(&reader, read.clone()).await;
        assert_eq!(refusal.code, code, "{read:?}: {refusal}");
    }
    let small = reader.read(&get("ConfigMap", Some("ns"), "b"), 1000).await;
    assert_eq!(small.unwrap_err().code, "too-large");
}

#[tokio::test]
async fn a_tenant_reads_what_its_service_account_may_and_it_is_counted() {
    let tenant = Tenant::new("team-a", ACCOUNT).unwrap();
    let may = |verbs: &[&str]| role("ns", "r", "team-a", &[rule("", "configmaps", verbs)]);
    let [reads, binding] = may(&["get"]);
    let cluster = cluster(&[ns(), config_map("ns", "a", "1"), secret(), reads, binding]).await;
    let quota = Quota::new("team-a", QuotaSettings::default());
    let client = impersonating(&cluster.client(), &tenant);
    let reader = ClusterReader::new(client, Kinds::new(cluster.client()), Some(quota.clone()));
    cluster.clear_requests();
    assert!(
        reader
            .read(&get("ConfigMap", Some("ns"), "a"), 1 << 20)
            .await
            .is_ok()
    );
    let user = tenant.user();
    let asked = cluster.requests();
    let mut asked = asked
        .iter()
        .filter(|request| request.resource == "configmaps");
    assert!(asked.all(|request| request.user == user));
    let refused = refusal(&reader, get("Secret", Some("ns"), "creds")).await;
    assert_eq!(refused.code, "forbidden");
    assert!(refused.message.contains("cannot get"), "{refused}");
    assert_eq!(
        refusal(&reader, list(None, 5, None)).await.code,
        "forbidden"
    );
    let elsewhere = refusal(&reader, get("ConfigMap", Some("team-b"), "a")).await;
    assert_eq!(elsewhere.code, "forbidden");
    // What it may do no longer is refused at once.
    apply(&cluster, &may(&[])).await;
    let refused = refusal(&reader, get("ConfigMap", Some("ns"), "a")).await;
    assert_eq!(refused.code, "forbidden");
}
