//! BEHAVIOUR D2.

use hookbox_operator::live::{LiveClient, LiveSettings, Place, Why};
use serde_json::{Value, json};

use super::client::*;
use crate::support::*;

pub(super) const CRD: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.g.io";

pub(super) fn converting(rules: &[(&str, &str)]) -> Value {
    let rules: Vec<Value> = rules
        .iter()
        .map(|(from, to)| json!({"fromVersion": from, "toVersion": to}))
        .collect();
    json!({"kubernetesCustomResourceConversion": [{"name": "c", "crdName": "things.g.io", "conversions": rules}]})
}

fn thing(version: &str, name: &str) -> Value {
    json!({"apiVersion": format!("g.io/{version}"), "kind": "Thing", "metadata": {"name": name, "uid": "7"}, "spec": {"way": ""}})
}

struct World {
    bench: Bench,
    client: Client,
}

impl World {
    async fn new(hooks: &[(&str, Value)]) -> Self {
        let cluster = cluster(&[ns(), definition("g.io", "Thing", "Namespaced", "v1")]).await;
        let bench = serve(&cluster, hooks).await;
        let bundle = "/spec/conversion/webhook/clientConfig/caBundle";
        let client = Client::trusting(&bench, CRD, bundle).await;
        Self { bench, client }
    }

    async fn ask(&self, desired: &str, objects: &[Value]) -> Value {
        let review = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
            "request": {"uid": "u1", "desiredAPIVersion": desired, "objects": objects}});
        let mut answer = self
            .client
            .post("/things.g.io", &review.to_string())
            .await
            .json();
        assert_eq!(answer["response"]["uid"], "u1");
        answer["response"].take()
    }

    /// Names and ways of what came out.
    async fn converted(&self, desired: &str, objects: &[Value]) -> Vec<(String, String)> {
        let response = self.ask(desired, objects).await;
        assert_eq!(response["result"]["status"], "Success", "{response}");
        let objects = response["convertedObjects"].as_array().unwrap();
        assert!(objects.iter().all(|o| o["apiVersion"] == desired));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let pair = |o: &Value| (text(&o["metadata"]["name"]), text(&o["spec"]["way"]));
        objects.iter().map(pair).collect()
    }

    async fn refused(&self, desired: &str, objects: &[Value]) -> String {
        let response = self.ask(desired, objects).await;
        assert_eq!(response["result"]["status"], "Failure", "{response}");
        assert_eq!(response["convertedObjects"], Value::Null);
        response["result"]["message"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_go_their_shortest_ways_and_stay_in_their_places() {
    let hooks = [
        (
            "convert",
            converting(&[("v1", "v2"), ("g.io/v2", "g.io/v3"), ("v3", "v4")]),
        ),
        ("convert-2", converting(&[("v2", "v4"), ("v4", "v1")])),
    ];
    let world = World::new(&hooks).await;
    let pair = |name: &str, way: &str| (name.to_owned(), way.to_owned());
    let objects = [
        thing("v1", "a"),
        thing("v4", "b"),
        thing("v3", "c"),
        thing("v1", "d"),
        thing("v2", "e"),
    ];
    assert_eq!(
        world.converted("g.io/v4", &objects).await,
        [
            pair("a", "v2>v4 v1>v2 "),
            pair("b", ""),
            pair("c", "v3>v4 "),
            pair("d", "v2>v4 v1>v2 "),
            pair("e", "v2>v4 ")
        ]
    );
    assert_eq!(
        world.converted("g.io/v1", &[thing("v3", "a")]).await,
        [pair("a", "v4>v1 v3>v4 ")]
    );
    assert_eq!(world.converted("g.io/v4", &[]).await, []);
    assert!(counted(
        &world.bench,
        r#"webhook_requests_total{kind="conversion",outcome="converted",webhook="things.g.io"} 3"#
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hooks_do_wrong_is_told() {
    for (hook, says) in [
        ("fail", "Hook failed to convert to v2: as asked"),
        (
            "lose",
            "Hook failed to convert to v2: the hook answered wrongly: it gave 1 objects for 2",
        ),
        (
            "rename",
            "hook `rename` converted to v2 wrongly: object 0: metadata.name was `a` and is `xa`",
        ),
        (
            "keep",
            "hook `keep` converted to v2 wrongly: object 0: its apiVersion is `g.io/v1`, not `g.io/v2`",
        ),
    ] {
        let world = World::new(&[(hook, converting(&[("v1", "v2")]))]).await;
        let message = world
            .refused("g.io/v2", &[thing("v1", "a"), thing("v1", "b")])
            .await;
        assert_eq!(message, says);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_chain_there_is_no_run() {
    let world = World::new(&[("convert", converting(&[("v0", "v1"), ("v1beta1", "v2")]))]).await;
    for (desired, version) in [("g.io/v2", "v0"), ("h.io/v1", "v0"), ("g.io/v9", "v1")] {
        assert_eq!(
            world.refused(desired, &[thing(version, "a")]).await,
            format!("things.g.io: no hook converts from g.io/{version} to {desired}")
        );
    }
    assert!(world.bench.running.metrics_text().contains("no-chain"));
    assert!(
        !world
            .bench
            .running
            .metrics_text()
            .contains("hook_run_success_total")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_review_is_refused() {
    let world = World::new(&[("convert", converting(&[("v1", "v2")]))]).await;
    for (path, body, status) in [
        ("/things.g.io", "{}", 400),
        (
            "/things.g.io",
            r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview","request":{}}"#,
            400,
        ),
        ("/other.g.io", "{}", 404),
    ] {
        assert_eq!(world.client.post(path, body).await.status, status, "{body}");
    }
    let odd = r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview","request":{"uid":"u","desiredAPIVersion":"g.io/v2","objects":[[]]}}"#;
    let answer = world.client.post("/things.g.io", odd).await.json();
    assert_eq!(answer["response"]["result"]["status"], "Failure");
}

/// A3: `conversion`, as far as the review goes that each rule's hook is given.
#[tokio::test(flavor = "multi_thread")]
async fn contexts_hold_what_the_rule_is_to_convert() {
    let cluster = cluster(&[ns()]).await;
    let folder = tempfile::tempdir().unwrap();
    let hooks = [("convert", converting(&[("v1", "g.io/v2")]))];
    let bench = serve_with(&cluster, &hooks, options(), |options| {
        options.journal = Some(folder.path().join("journal"));
    })
    .await;
    apply(&cluster, &[definition("g.io", "Thing", "Namespaced", "v1")]).await;
    let bundle = "/spec/conversion/webhook/clientConfig/caBundle";
    let client = Client::trusting(&bench, CRD, bundle).await;
    let world = World { bench, client };
    world
        .converted("g.io/v2", &[thing("v2", "a"), thing("v1", "b")])
        .await;
    world.bench.running.stop().await;
    let text = std::fs::read_to_string(folder.path().join("journal/runs-00000001.jsonl")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    let request =
        json!({"uid": "u1", "desiredAPIVersion": "g.io/v2", "objects": [thing("v1", "b")]});
    assert_eq!(
        record["contexts"],
        json!([{"binding": "c", "type": "Conversion", "fromVersion": "v1", "toVersion": "g.io/v2", "review": {"request": request}}])
    );
}

/// As services made for shell-operator expect it: conversions at an address of their own, by a service of their own.
#[tokio::test(flavor = "multi_thread")]
async fn conversions_may_have_an_address_and_a_service_of_their_own() {
    let cluster = cluster(&[ns(), definition("g.io", "Thing", "Namespaced", "v1")]).await;
    let mut webhook = options();
    let mut second = webhook.admission.clone();
    second.service = "shell-operator-conversion-svc".to_owned();
    webhook.conversion = Some(second);
    webhook.reach = hookbox_operator::webhook::Reach::Service;
    let hooks = [("convert", converting(&[("v1", "v2")]))];
    let bench = serve_with(&cluster, &hooks, webhook, |_| {}).await;
    let [first, second] = bench.running.webhook_addrs() else {
        panic!("{:?}", bench.running.webhook_addrs())
    };
    assert_ne!(first, second);
    until("the conversion", async || {
        let crd = object(&cluster, CRD).await.unwrap();
        crd["spec"]["conversion"]["webhook"]["clientConfig"]["service"]
            == json!({"namespace": "default", "name": "shell-operator-conversion-svc", "path": "/things.g.io", "port": 443})
    })
    .await;
    for address in [*first, *second] {
        assert!(tokio::net::TcpStream::connect(address).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_do_not_convert() {
    let cluster = cluster(&[ns()]).await;
    let mut config = converting(&[("v1", "v2")]);
    config["kubernetesValidating"] = validating("a.b.c")["kubernetesValidating"].clone();
    let bench = serve_with(&cluster, &[("convert", config)], options(), |options| {
        options.hooks[0].tenant = Some(hookbox_operator::Tenant {
            namespace: "team".to_owned(),
            service_account: "hooks".to_owned(),
        });
    })
    .await;
    let client = Client::of(&bench).await;
    assert_eq!(client.post("/things.g.io", "{}").await.status, 404);
    let page = get(bench.running.http_addr().unwrap(), "/readyz").await;
    assert!(page.contains("conversion `c` is left out"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_tells_of_conversions() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::at(folder.path().join("socket"));
    let cluster = cluster(&[ns(), definition("g.io", "Thing", "Namespaced", "v1")]).await;
    let hooks = [
        ("convert", converting(&[("v1", "v2")])),
        ("lose", converting(&[("v2", "v3")])),
    ];
    let bench = serve_with(&cluster, &hooks, options(), |options| {
        options.live = Some(LiveSettings {
            places: vec![place.clone()],
            required: true,
            parameters: Vec::new(),
        });
    })
    .await;
    let bundle = "/spec/conversion/webhook/clientConfig/caBundle";
    let client = Client::trusting(&bench, CRD, bundle).await;
    let world = World { bench, client };
    let objects = [thing("v1", "a"), thing("v1", "b")];
    world.converted("g.io/v2", &objects).await;
    world.refused("g.io/v3", &objects[..1]).await;

    let live = LiveClient::find(&[place]).await.unwrap();
    let why = async |hook: &str| -> Why {
        let path = format!("/hook/{hook}/why.json");
        live.json(&path).await.unwrap()
    };
    let convert = why("convert").await;
    let binding = &convert.bindings[0];
    assert_eq!(
        (binding.name.as_str(), binding.on.as_str()),
        ("c", "things.g.io")
    );
    assert_eq!(
        (binding.tally.converted, binding.tally.not_converted),
        (3, 0)
    );
    let seen: Vec<_> = binding
        .last
        .iter()
        .map(|l| (&*l.what, &*l.object, &*l.outcome))
        .collect();
    assert_eq!(
        seen,
        [
            ("v1 to v2", "1 object of things.g.io", "converted"),
            ("v1 to v2", "2 objects of things.g.io", "converted"),
        ]
    );
    let lose = why("lose").await;
    assert_eq!(
        (
            lose.bindings[0].tally.converted,
            lose.bindings[0].tally.not_converted
        ),
        (0, 1)
    );
    let told = lose.why.iter().any(|line| {
        line.starts_with("its last conversion `c`, v2 to v3 of 1 object of things.g.io ")
            && line.ends_with("ago, failed: Hook failed to convert to v3: the hook answered wrongly: it gave 0 objects for 1")
    });
    assert!(told, "{:?}", lose.why);
}
