//! A component that tenants run in tests: what it does is what its parameters say.
//!
//! `namespace` is where it writes, `act` what it asks for as soon as it starts: an object patch, or a read of the
//! cluster, of which it writes what came.

use hookbox_sdk::objects::ConfigMap;
use hookbox_sdk::prelude::*;
use serde_json::Value;

/// Text in a place of the parameters.
fn text(values: &Value, pointer: &str) -> Option<String> {
    values.pointer(pointer)?.as_str().map(str::to_owned)
}

/// Asks for one change, or for one read, as its parameters say.
#[hook(on_startup = 1)]
fn act(input: Input, out: &mut Effects) -> Result {
    let wish: Option<Value> = input.config_values().get("act")?;
    let Some(wish) = wish.filter(|wish| !wish.is_null()) else {
        return Ok(());
    };
    let object = || -> Result<ObjectRef> {
        let field = |name: &str| text(&wish, &format!("/object/{name}"));
        let needed = |name: &str| field(name).ok_or_else(|| Error::msg(format!("no {name}")));
        let (version, kind, name) = (needed("apiVersion")?, needed("kind")?, needed("name")?);
        Ok(match field("namespace") {
            Some(namespace) => ObjectRef::namespaced(version, kind, namespace, name),
            None => ObjectRef::cluster_scoped(version, kind, name),
        })
    };
    let part = |name: &str| wish.get(name).cloned().unwrap_or_default();
    match text(&wish, "/do").unwrap_or_default().as_str() {
        read @ ("get" | "list") => {
            let namespace: String = input.config_values().get("namespace")?.unwrap_or_default();
            let into = text(&wish, "/into").unwrap_or_default();
            let said = match read {
                "get" => got(input.cluster().get(&object()?)),
                _ => listed(&input, &wish),
            };
            out.create_or_update(&ConfigMap::new(namespace, into).data("said", said));
        }
        "create" => out.create(&part("object")),
        "createOrUpdate" => out.create_or_update(&part("object")),
        "delete" => out.delete_in_background(object()?),
        "merge" => out.merge_patch(object()?, &part("patch")),
        "json" => out.json_patch(object()?, &part("patch")),
        "jq" => out.jq_patch(object()?, &text(&wish, "/filter").unwrap_or_default()),
        "spin" => loop {
            std::hint::spin_loop();
        },
        other => return Err(Error::msg(format!("`{other}` is no wish"))),
    }
    Ok(())
}

/// What a read came to: what it showed, or the code of its refusal.
fn said(answer: Result<String>) -> String {
    answer.unwrap_or_else(|error| {
        let text = error.message();
        let code = text.rsplit_once('[').map_or(text, |(_, code)| code);
        code.trim_end_matches(']').to_owned()
    })
}

fn name(object: &Value) -> String {
    text(object, "/metadata/name").unwrap_or_default()
}

fn got(answer: Result<Option<Value>>) -> String {
    said(answer.map(|object| object.as_ref().map_or_else(|| "none".to_owned(), name)))
}

/// The names of what is there, by commas.
fn listed(input: &Input, wish: &Value) -> String {
    let field = |name: &str| text(wish, &format!("/object/{name}")).unwrap_or_default();
    let mut listing = input
        .cluster()
        .list(field("apiVersion"), field("kind"))
        .page_size(1);
    if let Some(namespace) = text(wish, "/object/namespace") {
        listing = listing.namespace(namespace);
    }
    if let Some(labels) = text(wish, "/labels") {
        listing = listing.labels(labels);
    }
    let names = |objects: Vec<Value>| objects.iter().map(name).collect::<Vec<_>>().join(",");
    said(listing.all().map(names))
}

#[derive(Snapshots)]
struct A {
    #[watch(
        kind = "ConfigMap",
        namespace = "team-a",
        labels = "watched=yes",
        jq = ".metadata.name"
    )]
    a: Vec<String>,
}

/// Writes what it sees in the namespace `team-a`.
#[hook]
fn see_a(input: Input<A>, out: &mut Effects) -> Result {
    let namespace: Option<String> = input.config_values().get("namespace")?;
    seen(out, namespace, "a", &input.a)
}

#[derive(Snapshots)]
struct B {
    #[watch(
        kind = "ConfigMap",
        namespace = "team-b",
        labels = "watched=yes",
        jq = ".metadata.name"
    )]
    b: Vec<String>,
}

/// Writes what it sees in the namespace `team-b`.
#[hook]
fn see_b(input: Input<B>, out: &mut Effects) -> Result {
    let namespace: Option<String> = input.config_values().get("namespace")?;
    seen(out, namespace, "b", &input.b)
}

fn seen(out: &mut Effects, namespace: Option<String>, whose: &str, names: &[String]) -> Result {
    let Some(namespace) = namespace else {
        return Err(Error::msg("the parameters name no namespace"));
    };
    out.create_or_update(
        &ConfigMap::new(namespace, format!("seen-{whose}")).data("names", names.join(",")),
    );
    Ok(())
}

hookbox_sdk::export!(act, see_a, see_b);
