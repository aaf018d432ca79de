//! The live commands over their socket (BEHAVIOUR D3).

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookbox_cluster::{Failure, Matching};
use hookbox_operator::live::{
    ClientError, HookView, LiveClient, LiveSettings, Outcome, Parameter, Place, QueueDump,
    QueuesDump, RunView, Setting, Why,
};
use hookbox_operator::{Operator, Options, StartError};
use serde_json::{Value, json};

use super::support::*;

struct Anything;

impl Setting for Anything {
    fn set(&self, value: &str) -> Result<(), String> {
        match value {
            "wrong" => Err("this is wrong".to_owned()),
            _ => Ok(()),
        }
    }

    fn holds(&self, value: &str) -> Option<Duration> {
        (value == "debug").then(|| Duration::from_secs(1800))
    }
}

struct Live {
    bench: Bench,
    client: LiveClient,
    socket: PathBuf,
    _folder: tempfile::TempDir,
}

impl Live {
    async fn start(cluster: &hookbox_cluster::Cluster, hooks: &[(&str, Value)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("debug.socket");
        let settings = settings(&socket);
        let bench = Bench::with(cluster, hooks, |options| options.live = Some(settings)).await;
        assert_eq!(bench.running.live_path(), Some(&*socket));
        let client = LiveClient::find(&[Place::at(&socket)]).await.unwrap();
        Self {
            bench,
            client,
            socket,
            _folder: folder,
        }
    }

    async fn text(&self, path: &str) -> String {
        let mut answer = self.client.get(path).await.unwrap();
        let mut text = Vec::new();
        while let Some(piece) = answer.piece().await.unwrap() {
            text.extend_from_slice(&piece);
        }
        String::from_utf8(text).unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path).await).unwrap()
    }

    async fn why(&self, hook: &str) -> Why {
        let path = format!("/hook/{hook}/why.json");
        self.client.json(&path).await.unwrap()
    }

    async fn refused(&self, path: &str) -> (u16, String) {
        match self.client.get(path).await.unwrap_err() {
            ClientError::Refused { status, message } => (status, message),
            other => panic!("{other}"),
        }
    }
}

fn settings(socket: &Path) -> LiveSettings {
    LiveSettings {
        places: vec![Place::at(socket)],
        required: true,
        parameters: vec![Parameter {
            name: "log.level".into(),
            description: "Level of the log".into(),
            default: "info".into(),
            setting: std::sync::Arc::new(Anything),
        }],
    }
}

/// D3: a hook that fails keeps its queue, which the dump says with its error.
#[tokio::test]
async fn queues_are_dumped_as_shell_operator_does() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [
        ("fail", json!({"onStartup": 1})),
        (
            "echo",
            json!({"kubernetes": [binding("maps", json!({"queue": "slow"}))]}),
        ),
    ];
    let mut live = Live::start(&cluster, &hooks).await;
    live.bench.run("fail").await;
    // Its failure is counted a moment after it was told.
    let main = loop {
        let main: QueueDump = live.client.json("/queue/main.json").await.unwrap();
        if main.tasks[0].failures == 1 {
            break main;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((main.name.as_str(), main.tasks_count), ("main", 2));
    assert!(main.status.starts_with("sleep after fail for 5s ("));
    assert_eq!(
        main.tasks[0].description,
        "HookRun::onStartup:fail:failures 1:as asked"
    );
    let second = "EnableKubernetesBindings:::echo:EnableKubernetesBindings";
    assert_eq!(main.tasks[1].description, second);
    let text = live.text("/queue/main.text").await;
    let (head, rest) = text.split_once('\n').unwrap();
    assert!(head.starts_with("Queue 'main': length 2, status: 'sleep after fail for 5s"));
    assert_eq!(
        rest,
        format!("\n 1. HookRun::onStartup:fail:failures 1:as asked\n 2. {second}\n")
    );
    let all: QueuesDump = live.client.json("/queue/list.json").await.unwrap();
    assert!(all.empty.is_empty() && all.active.len() == 1);
    assert_eq!(all.summary.other_queues.empty, 1);
    let all: QueuesDump = live
        .client
        .json("/queue/list.json?showEmpty=true")
        .await
        .unwrap();
    assert_eq!(all.empty[0].name, "slow");
    let text = live.text("/queue/list.text?showEmpty=true").await;
    let end = "\nEmpty queues (1):\n- slow\n\nSummary:\n- 'main' queue: 2 tasks.\n\
        - 1 other queue (0 active, 1 empty): 0 tasks.\n- total 2 tasks to handle.\n";
    assert!(text.ends_with(end), "{text}");
    assert!(
        live.text("/queue/list.yaml")
            .await
            .starts_with("active:\n- name: main\n")
    );
    // The other hook says behind whom it waits, and the first why it failed.
    let why = live.why("echo").await;
    let line = &why.why[0];
    assert!(
        line.contains("at place 2 of queue `main`, behind hook `fail`, which failed")
            && line.ends_with(": as asked"),
        "{line}"
    );
    let why = live.why("fail").await;
    assert!(why.why[0].starts_with("it failed once in queue `main` and is tried again in "));
    assert_eq!(why.last_run.unwrap().outcome, Outcome::Failed);
    let hooks: Vec<HookView> = live
        .client
        .json("/hook/list.json?details=true")
        .await
        .unwrap();
    let states: Vec<(&str, &str)> = hooks.iter().map(|h| (&*h.name, &*h.state)).collect();
    assert_eq!(states, [("fail", "failing"), ("echo", "waiting")]);
}

#[tokio::test]
async fn snapshots_are_dumped_without_the_data_of_secrets() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "ns"}, "data": {"p": "c2VzYW1l"}});
    let objects = [
        ns(),
        config_map("ns", "b", "2"),
        config_map("ns", "a", "1"),
        secret,
    ];
    let cluster = cluster(&objects).await;
    let kubernetes = json!([
        binding("maps", json!({"jqFilter": ".data.v"})),
        {"name": "secrets", "kind": "Secret", "apiVersion": "v1", "jqFilter": ".data", "keepFullObjectsInMemory": false},
        {"name": "copies", "kind": "Secret", "apiVersion": "v1"},
        binding("none", json!({"nameSelector": {"matchNames": ["x"]}, "keepFullObjectsInMemory": false})),
    ]);
    let hooks = [
        ("echo", json!({"kubernetes": kubernetes})),
        ("echo-start", json!({"onStartup": 1})),
    ];
    let live = Live::start(&cluster, &hooks).await;
    patiently("the start", live.bench.running.idle()).await;
    let dump = live.json("/hook/echo/snapshots.json").await;
    let names: Vec<&str> = dump["maps"]["snapshot"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["filterResult"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["1", "2"]);
    assert_eq!(
        dump["maps"]["snapshot"][0]["object"]["metadata"]["name"],
        "a"
    );
    let counts = &dump["maps"]["operations"]["sinceStart"];
    assert_eq!((&counts["count"], &counts["added"]), (&json!(2), &json!(2)));
    assert_eq!(dump["none"]["snapshot"], json!([]));
    let hooks: Vec<HookView> = live
        .client
        .json("/hook/list.json?details=true")
        .await
        .unwrap();
    let sizes = &hooks[0].snapshots;
    for size in sizes {
        let counted = &dump[&size.binding]["operations"]["sinceStart"]["count"];
        assert_eq!(counted, &json!(size.objects));
        assert_eq!(size.bytes == 0, size.objects == 0, "{size:?}");
    }
    let all: usize = sizes.iter().map(|size| size.bytes).sum();
    assert_eq!((hooks[0].bytes, hooks[1].bytes), (all, 0));
    assert_eq!(sizes.len(), dump.as_object().unwrap().len());
    let digest = dump["copies"]["snapshot"][0]["object"]["data"]["p"]
        .as_str()
        .unwrap();
    assert!(digest.starts_with("redacted:"), "{digest}");
    let filtered = dump["secrets"]["snapshot"][0]["filterResult"]
        .as_str()
        .unwrap();
    assert!(filtered.starts_with("redacted:"), "{filtered}");
    assert!(dump["secrets"]["snapshot"][0].get("object").is_none());
    for path in [
        "/hook/echo/snapshots.text",
        "/hook/echo/snapshots.json?pretty=true",
    ] {
        assert_eq!(live.json(path).await, dump, "{path}");
    }
    let yaml = live.text("/hook/echo/snapshots.yaml").await;
    let read = hookbox_config::yaml::parse_documents(&yaml).unwrap();
    assert_eq!(read[0].to_json(), dump, "{yaml}");
    let brief = live.json("/hook/echo/snapshots.json?brief=true").await;
    assert_eq!(
        brief["maps"]["snapshot"][0],
        json!({"namespace": "ns", "name": "a", "filterResult": "\"1\""})
    );
    assert!(!brief.to_string().contains("c2VzYW1l"));
    assert_eq!(
        live.json("/hook/echo-start/snapshots.json").await,
        Value::Null
    );
    let (status, said) = live.refused("/hook/ehco/snapshots.json").await;
    assert_eq!(
        (status, said.as_str()),
        (404, "there is no hook `ehco`; did you mean `echo`?")
    );
}

/// A snapshot is sent in pieces, each of which is small.
#[tokio::test]
async fn a_great_snapshot_comes_in_pieces() {
    let mut objects = vec![ns()];
    objects.extend((0..300).map(|i| config_map("ns", &format!("m{i:03}"), &"x".repeat(1000))));
    let cluster = cluster(&objects).await;
    let hooks = [("names", json!({"kubernetes": [binding("maps", json!({}))]}))];
    let live = Live::start(&cluster, &hooks).await;
    patiently("the start", live.bench.running.idle()).await;
    let mut answer = live.client.get("/hook/names/snapshots.json").await.unwrap();
    let (mut text, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = answer.piece().await.unwrap() {
        text.extend_from_slice(&piece);
        pieces += 1;
    }
    let dump: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(dump["maps"]["snapshot"].as_array().unwrap().len(), 300);
    assert!(pieces > 3, "{pieces}");
}

#[tokio::test]
async fn why_tells_what_came_of_the_last_events() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let only = json!({"jqFilter": ".data", "executeHookOnEvent": ["Added", "Modified"]});
    let hooks = [(
        "echo",
        json!({
            "kubernetes": [binding("maps", only), {"name": "odd", "kind": "Nothing"}],
            "schedule": [{"crontab": "0 3 * * *", "name": "nightly"}, {"crontab": "0 0 31 2 *", "name": "never"}],
        }),
    )];
    let mut live = Live::start(&cluster, &hooks).await;
    live.bench.run("echo").await;
    live.bench.settle().await;
    let mut changed = config_map("ns", "a", "1");
    changed["metadata"]["labels"] = json!({"x": "y"});
    apply(&cluster, &[changed]).await;
    live.bench.settle().await;
    let why = live.why("echo").await;
    let unchanged = why.why.iter().any(|line| {
        line.starts_with("the last change of binding `maps`, Modified of ns/a ")
            && line.ends_with("did not run it: what counts did not change")
    });
    assert!(unchanged, "{:?}", why.why);
    assert!(
        why.why
            .iter()
            .any(|l| l.contains("`odd` is not enabled: its kind is not served"))
    );
    assert!(
        why.why
            .iter()
            .any(|l| l.starts_with("schedule `nightly` (0 3 * * *) fires next in "))
    );
    assert!(
        why.why
            .iter()
            .any(|l| l == "schedule `never` (0 0 31 2 *) never fires")
    );
    let maps = why.bindings.iter().find(|b| b.name == "maps").unwrap();
    assert_eq!((maps.tally.unchanged, maps.objects), (1, Some(1)));
    assert_eq!(maps.on, "v1 ConfigMap in ns, only Added and Modified");
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/a").await;
    live.bench.settle().await;
    let why = live.why("echo").await;
    let maps = why.bindings.iter().find(|b| b.name == "maps").unwrap();
    assert_eq!((maps.tally.not_wanted, maps.objects), (1, Some(0)));
    assert_eq!(maps.last[0].what, "Deleted");
    assert!(
        why.why
            .iter()
            .any(|l| l.ends_with("executeHookOnEvent leaves it out"))
    );
}

#[tokio::test]
async fn why_names_the_rule_that_is_missing_and_changes_that_wait() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let forbid = Matching::any().resource("secrets");
    cluster.faults().fail_next(1000, forbid, Failure::Forbidden);
    let hooks = [(
        "fail",
        json!({"kubernetes": [
            binding("maps", json!({})),
            {"name": "secrets", "kind": "Secret", "apiVersion": "v1"},
        ]}),
    )];
    let mut live = Live::start(&cluster, &hooks).await;
    live.bench.run("fail").await;
    apply(&cluster, &[config_map("ns", "b", "1")]).await;
    live.bench
        .event_where(|event| match event {
            hookbox_operator::OperatorEvent::KubeEvent { name, .. } if name == "b" => Some(()),
            _ => None,
        })
        .await;
    let why = live.why("fail").await;
    let aside = "1 change of binding `maps` is put aside until its Synchronization has run";
    assert!(why.why.iter().any(|l| l == aside), "{:?}", why.why);
    let secrets = why.bindings.iter().find(|b| b.name == "secrets").unwrap();
    assert_eq!(secrets.state, "not enabled");
    assert!(
        secrets.error.as_deref().unwrap().contains("403"),
        "{secrets:?}"
    );
}

#[tokio::test]
async fn why_tells_of_the_rate_limit() {
    let cluster = cluster(&[ns()]).await;
    let settings = json!({"executionMinInterval": "1h", "executionBurst": 1});
    let kubernetes = json!([binding("maps", json!({}))]);
    let hooks = [(
        "echo",
        json!({"settings": settings, "kubernetes": kubernetes}),
    )];
    let mut live = Live::start(&cluster, &hooks).await;
    live.bench.run("echo").await;
    live.bench.settle().await;
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    // Its turn is an hour away.
    let why = loop {
        let why = live.why("echo").await;
        if why
            .tasks
            .first()
            .is_some_and(|t| t.status.contains("rate limit"))
        {
            break why;
        }
        tokio::task::yield_now().await;
    };
    assert!(
        why.why[0].starts_with("it runs for binding `maps` in 59m")
            && why.why[0].ends_with("when its rate limit lets it"),
        "{:?}",
        why.why
    );
    let limit = why.rate_limit.unwrap();
    assert!((limit.interval_seconds - 3600.0).abs() < 1e-9 && limit.burst == 1);
    assert!(limit.next_in_seconds > 3500.0);
}

#[tokio::test]
async fn the_last_runs_are_listed_and_shown() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let hooks = [
        ("write", json!({"kubernetes": [binding("maps", json!({}))]})),
        (
            "fail",
            json!({"kubernetes": [binding("maps", json!({"allowFailure": true}))]}),
        ),
    ];
    let live = Live::start(&cluster, &hooks).await;
    patiently("the start", live.bench.running.idle()).await;
    let runs: Vec<RunView> = live.client.json("/runs/list.json").await.unwrap();
    let told: Vec<(&str, Outcome)> = runs.iter().map(|r| (&*r.hook, r.outcome)).collect();
    assert_eq!(
        told,
        [
            ("fail", Outcome::AllowedFailure),
            ("write", Outcome::Success)
        ]
    );
    let write = &runs[1];
    let end = write.end.as_ref().unwrap();
    assert_eq!(end.effects.object_patches, 1);
    assert!(
        end.patches[0]
            .object
            .as_deref()
            .unwrap()
            .starts_with("ConfigMap ")
    );
    assert_eq!(write.reasons[0].kind.as_deref(), Some("Synchronization"));
    let one: RunView = live
        .client
        .json(&format!("/runs/{}.json", write.run))
        .await
        .unwrap();
    assert_eq!(one, *write);
    let failed: Vec<RunView> = live
        .client
        .json("/runs/list.json?failed=true")
        .await
        .unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!(
        failed[0].end.as_ref().unwrap().message.as_deref(),
        Some("as asked")
    );
    let of: Vec<RunView> = live
        .client
        .json("/runs/list.json?hook=write&limit=5")
        .await
        .unwrap();
    assert_eq!(of.len(), 1);
    assert_eq!(live.refused("/runs/list.json?hook=wirte").await.0, 404);
    assert_eq!(live.refused("/runs/99.json").await.0, 404);
    assert_eq!(live.refused("/runs/list.json?limit=x").await.0, 400);
}

#[tokio::test]
async fn parameters_are_listed_and_set_by_forms() {
    let cluster = cluster(&[]).await;
    let live = Live::start(&cluster, &[("echo", json!({"onStartup": 1}))]).await;
    assert_eq!(live.text("/").await, "debug endpoint is alive");
    assert_eq!(live.text("/hook/list.text").await, "[\"echo\"]\n");
    let set = |form: &'static [(&'static str, &'static str)]| live.client.post("/config/set", form);
    set(&[("name", "log.level"), ("value", "warn,hook=info")])
        .await
        .unwrap();
    let list = live.json("/config/list.json").await;
    assert_eq!(list[0]["value"], "warn,hook=info");
    assert!(list[0].get("expireAt").is_none());
    set(&[("name", "log.level"), ("value", "debug")])
        .await
        .unwrap();
    let list = live.json("/config/list.json").await;
    assert!(list[0]["expireAt"].is_string(), "{list}");
    for (form, words) in [
        (&[("value", "x")][..], "the form has no `name`"),
        (&[("name", "log.level")][..], "the form has no `value`"),
        (
            &[("name", "x"), ("value", "x")][..],
            "unknown runtime parameter `x`",
        ),
        (
            &[("name", "log.level"), ("value", "wrong")][..],
            "this is wrong",
        ),
        (
            &[("name", "log.level"), ("value", "x"), ("duration", "soon")][..],
            "`soon` is no duration",
        ),
    ] {
        let error = live.client.post("/config/set", form).await.unwrap_err();
        let ClientError::Refused { status, message } = error else {
            panic!("{error}");
        };
        assert!(status == 400 && message.contains(words), "{message}");
    }
    assert_eq!(live.refused("/config/set").await.0, 405);
    assert_eq!(live.refused("/nothing").await.0, 404);
}

#[tokio::test]
async fn the_socket_is_its_owners_and_goes_at_the_end() {
    let cluster = cluster(&[]).await;
    let hooks = [("echo", json!({"onStartup": 1}))];
    let live = Live::start(&cluster, &hooks).await;
    let mode = std::fs::metadata(&live.socket)
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // A second operator is refused, and goes without where it may.
    let start = |required: bool| {
        let mut options = Options::default();
        options.hooks = vec![spec(&hooks)];
        options.live = Some(LiveSettings {
            required,
            ..settings(&live.socket)
        });
        async move {
            let sandbox = sandbox();
            let jq = hookbox_jq::Jq::new(&sandbox).unwrap();
            Operator::start(options, sandbox, jq).await
        }
    };
    let error = start(true).await.unwrap_err();
    assert!(matches!(error, StartError::Live(_)), "{error}");
    assert_eq!(error.code(), "socket-in-use");
    let second = start(false).await.unwrap();
    assert_eq!(second.live_path(), None);
    assert!(second.stop().await);
    let Live { bench, socket, .. } = live;
    assert!(socket.exists());
    assert!(bench.running.stop().await);
    assert!(!socket.exists());
    let gone = LiveClient::find(&[Place::at(&socket)]).await.unwrap_err();
    assert!(matches!(gone, ClientError::NoSocket(_)), "{gone}");
}

/// What a hook is not granted is shown: what its configuration wants, and what its runs were refused.
#[tokio::test]
async fn missing_grants_are_shown() {
    let cluster = cluster(&[ns()]).await;
    let capabilities = json!({"http": [{"hosts": ["a.example"]}], "wallClock": true});
    let hooks = [
        (
            "read-none",
            json!({"onStartup": 1, "capabilities": capabilities}),
        ),
        ("write", json!({"onStartup": 2})),
    ];
    let mut live = Live::start(&cluster, &hooks).await;
    live.bench.run("read-none").await;
    live.bench.run("write").await;
    let why = live.why("read-none").await;
    assert_eq!(why.not_granted.len(), 2, "{why:?}");
    assert_eq!(why.last_run.unwrap().missing_grants.len(), 2);
    let says = |text: &str| {
        assert!(
            why.why.iter().any(|line| line.contains(text)),
            "{:?}",
            why.why
        );
    };
    says("it wants more than it is granted: http[0]: ");
    says("in its last run, get of Secret (v1)");
    assert_eq!(live.why("write").await.not_granted, [""; 0]);

    let path = "/hook/list.json?details=true";
    let hooks: Vec<HookView> = live.client.json(path).await.unwrap();
    let missing = |hook: &HookView| {
        let last = hook.last_run.as_ref().unwrap();
        (hook.not_granted.len(), last.missing_grants.len())
    };
    assert_eq!((missing(&hooks[0]), missing(&hooks[1])), ((2, 2), (0, 0)));
    let path = "/runs/list.json?hook=read-none";
    let runs: Vec<RunView> = live.client.json(path).await.unwrap();
    let refusals = &runs[0].end.as_ref().unwrap().missing_grants;
    assert!(
        refusals[1].contains("ask for the capability"),
        "{refusals:?}"
    );
    let metrics = live.bench.running.metrics_text();
    assert!(metrics.contains("hook_missing_grants_total{hook=\"read-none\"} 2"));
    assert!(!metrics.contains("hook_missing_grants_total{hook=\"write\"}"));
}
