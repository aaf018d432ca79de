//! The table of `tests/hosts`, played on the sandbox. The SDKs' hosts for authors' tests play the same one: what is refused
//! here is refused there, with the same code.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hookbox_sandbox::reads::Reading;
use hookbox_sandbox::{
    Ask, ClusterReads, Component, Context, Entry, Excerpt, Grants, JsonText, Page, Read,
    ReadAnswer, RunError, RunInput, Snapshot,
};
use serde_json::{Value, json};

use crate::support::{budget, messages, sandbox};

fn table() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/hosts/cases.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The objects of the table.
struct Objects(Vec<Value>);

impl ClusterReads for Objects {
    fn read<'a>(&'a self, read: &'a Read, _: u64) -> Reading<'a> {
        let of = |object: &&Value, namespace: &Option<String>| {
            object["apiVersion"] == read.api_version()
                && object["kind"] == read.kind()
                && namespace
                    .as_deref()
                    .is_none_or(|namespace| object["metadata"]["namespace"] == namespace)
        };
        let text = |object: &Value| JsonText::from(object.to_string());
        Box::pin(async move {
            Ok(match read {
                Read::Get {
                    namespace, name, ..
                } => ReadAnswer::Object(
                    self.0
                        .iter()
                        .find(|object| {
                            of(object, namespace) && object["metadata"]["name"] == **name
                        })
                        .map(text),
                ),
                Read::List {
                    namespace, limit, ..
                } => ReadAnswer::Page(Page {
                    objects: self
                        .0
                        .iter()
                        .filter(|object| of(object, namespace))
                        .take(*limit as usize)
                        .map(text)
                        .collect(),
                    ..Page::default()
                }),
            })
        })
    }
}

fn part(of: &Value, name: &str) -> Option<JsonText> {
    of.get(name).map(|part| part.to_string().into())
}

fn input(world: &Value, calls: &[&Value]) -> RunInput {
    let entry = |entry: &Value| Entry {
        object: part(entry, "object"),
        filter_result: part(entry, "filterResult"),
    };
    let snapshots = world["snapshots"].as_object().unwrap();
    let snapshots = snapshots.iter().map(|(name, entries)| {
        let entries: Vec<Entry> = entries.as_array().unwrap().iter().map(entry).collect();
        (name.clone(), Arc::new(entries) as Arc<dyn Snapshot>)
    });
    let word = |name: &str| world["context"][name].as_str().map(str::to_owned);
    let all = json!({"kubernetes": [{"apiGroups": ["*"], "kinds": ["*"], "namespaces": ["*"], "verbs": ["get", "list"]}]});
    let objects: Arc<dyn ClusterReads> =
        Arc::new(Objects(world["cluster"].as_array().unwrap().clone()));
    RunInput {
        contexts: vec![Context {
            binding: word("binding").unwrap(),
            kind: word("kind"),
            watch_event: word("watchEvent"),
            object: part(&world["context"], "object"),
            filter_result: Some(json!(calls).to_string().into()),
            ..Context::default()
        }],
        snapshots: snapshots.collect::<BTreeMap<_, _>>(),
        values: Arc::new(world["values"].clone()),
        config_values: Arc::new(world["configValues"].clone()),
        grants: Arc::new(
            Grants::new(serde_json::from_value(all).unwrap())
                .unwrap()
                .with_cluster(objects),
        ),
    }
}

/// What the table expects of a call.
fn expected(call: &Value) -> Value {
    let fields = call.as_object().unwrap().iter();
    fields
        .filter(|(key, _)| ["refused", "answer", "none"].contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Has the component answer a question as the call says.
async fn ask(component: &Component, world: &Value, call: &Value) -> Value {
    let binding = "ask.example.com".to_owned();
    let ask = match call["call"].as_str() {
        Some("conversion") => Ask::Convert {
            binding,
            from_version: call["objects"].to_string(),
            to_version: String::new(),
            objects: vec!["{}".to_owned(); call["given"].as_u64().unwrap().try_into().unwrap()],
        },
        _ if call["mutates"] == true => Ask::Mutate {
            binding,
            request: call.to_string(),
        },
        _ => Ask::Validate {
            binding,
            request: call.to_string(),
        },
    };
    let (run, _) = component
        .ask("play", &ask, input(world, &[]), &budget())
        .await;
    match run.result {
        Ok(_) => json!({}),
        Err(RunError::Answer(_)) => json!({"refused": "answer"}),
        Err(other) => json!({"failed": other.to_string()}),
    }
}

#[tokio::test]
async fn the_sandbox_answers_as_the_table_says() {
    let bytes = hookbox_guest_builder::player().unwrap_or_else(|error| panic!("{error}"));
    let component = sandbox().await.load(bytes).await.unwrap();
    component.describe(&budget()).await.unwrap();
    let table = table();
    let mut wrong = Vec::new();
    let mut played = 0;
    for case in table["cases"].as_array().unwrap() {
        let calls = case["calls"].as_array().unwrap();
        let (asks, calls): (Vec<&Value>, Vec<&Value>) = calls
            .iter()
            .partition(|call| !call["call"].as_str().unwrap().contains('.'));
        let mut outcomes = Vec::new();
        for call in asks {
            outcomes.push((call, ask(&component, &table["world"], call).await));
        }
        let run = component
            .run("play", input(&table["world"], &calls), &budget())
            .await;
        assert!(run.result.is_ok(), "{}: {run:?}", case["name"]);
        // What is not granted is told in the log, too.
        let said = messages(&run)
            .into_iter()
            .filter_map(|text| serde_json::from_str(text).ok())
            .collect::<Vec<Value>>();
        assert_eq!(said.len(), calls.len(), "{}", case["name"]);
        outcomes.extend(calls.into_iter().zip(said));
        for (call, outcome) in outcomes {
            played += 1;
            if outcome != expected(call) {
                wrong.push(format!("{}: {call}\n  came to {outcome}", case["name"]));
            }
        }
    }
    assert!(played > 500, "{played}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Objects with places for what was made of them.
struct Placed(Vec<(Entry, Excerpt)>);

impl Snapshot for Placed {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn entry(&self, index: usize) -> Option<Entry> {
        self.0.get(index).map(|(entry, _)| entry.clone())
    }

    fn excerpt(&self, index: usize) -> Option<&Excerpt> {
        self.0.get(index).map(|(_, excerpt)| excerpt)
    }
}

#[tokio::test]
async fn what_was_made_of_an_object_is_made_once() {
    let bytes = hookbox_guest_builder::player().unwrap_or_else(|error| panic!("{error}"));
    let component = sandbox().await.load(bytes).await.unwrap();
    let entry = |name: &str, spare: usize| Entry {
        object: Some(
            json!({"name": name, "spare": "x".repeat(spare)})
                .to_string()
                .into(),
        ),
        filter_result: Some(json!(name).to_string().into()),
    };
    let select = async |entries: Vec<(Entry, Excerpt)>, field: &str, ignore_case: bool| {
        let call = json!({"call": "snapshots.select", "binding": "placed", "start": 0, "count": 9,
            "fields": [field], "ignoreCase": ignore_case});
        let mut input = input(&table()["world"], &[&call]);
        let snapshot = Arc::new(Placed(entries));
        let placed = Arc::clone(&snapshot) as Arc<dyn Snapshot>;
        input.snapshots.insert("placed".to_owned(), placed);
        let run = component.run("play", input, &budget()).await;
        assert!(run.result.is_ok(), "{run:?}");
        let said: Value = serde_json::from_str(messages(&run)[0]).unwrap();
        let objects = said["answer"].as_array().unwrap().iter();
        let objects: Vec<Value> = objects.map(|entry| entry["object"].clone()).collect();
        let excerpts = snapshot.0.iter().map(|(_, excerpt)| excerpt.clone());
        (objects, excerpts.collect::<Vec<_>>())
    };
    let before = vec![
        (entry("a", 1000), Excerpt::default()),
        (entry("b", 10), Excerpt::default()),
    ];
    let (objects, excerpts) = select(before, "/name", false).await;
    let named = |a: &str, b: &str| vec![json!({"name": a}), json!({"name": b})];
    assert_eq!(objects, named("a", "b"));
    // Of a short object nothing is kept.
    let bytes: Vec<usize> = excerpts.iter().map(Excerpt::bytes).collect();
    assert_eq!(bytes, [r#"{"name":"a"}"#.len(), 0]);

    // Other objects in these places, which no holder of objects does, show where the answer comes from.
    let others = || {
        let others = [entry("c", 1000), entry("d", 10)].into_iter();
        others.zip(excerpts.clone()).collect::<Vec<_>>()
    };
    let (objects, _) = select(others(), "/name", false).await;
    assert_eq!(objects, named("a", "d"));
    for (field, ignore_case) in [("/NAME", true), ("/name", true)] {
        let (objects, _) = select(others(), field, ignore_case).await;
        assert_eq!(objects, named("c", "d"), "{field}");
    }
}
