//! `hookbox inspect`: what a component holds and wants.

use hookbox_config::{HookConfig, Kubernetes, NamespaceSelector};
use hookbox_operator::load;
use serde::Serialize;

use super::check::bindings_table;
use crate::cli::{Global, Inspect};
use crate::failure::Outcome;
use crate::hooks::{self, Loaded};
use crate::ui::{self, Ui};

/// What is known of a component.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspected<'a> {
    file: String,
    digest: &'a str,
    size: u64,
    hooks: Vec<InspectedHook<'a>>,
    exports: &'a [String],
    imports: &'a [String],
    /// What an administrator would have to grant. Nothing that a hook gets without a grant is in it.
    wants: Vec<Want<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InspectedHook<'a> {
    name: &'a str,
    config: Option<&'a hookbox_config::HookConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mistakes: Vec<String>,
}

/// One thing that the operator has to be able to do for a hook.
#[derive(PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Want<'a> {
    hook: &'a str,
    what: String,
}

pub(super) async fn inspect(global: &Global, args: &Inspect, ui: &Ui) -> Outcome {
    let (_sandbox, loaded) = hooks::open(global, &args.path, ui).await?;
    let inspected = Inspected {
        file: loaded.path.display().to_string(),
        digest: loaded.component.digest(),
        size: loaded.component.size(),
        hooks: loaded
            .hooks
            .iter()
            .map(|h| InspectedHook {
                name: &h.name,
                config: h.config.as_ref().ok(),
                mistakes: h
                    .config
                    .as_ref()
                    .err()
                    .map(|o| o.0.iter().map(ToString::to_string).collect())
                    .unwrap_or_default(),
            })
            .collect(),
        exports: loaded.component.exports(),
        imports: loaded.component.imports(),
        wants: wants(&loaded),
    };
    ui.listing(args.output, &inspected, table)?;
    hooks::report_offences(std::slice::from_ref(&loaded), ui)
}

/// What a hook's configuration says that it wants to be granted, as it would stand in the file of grants.
fn declared(config: &HookConfig) -> Vec<String> {
    let Ok(wanted) = load::wanted(config) else {
        return Vec::new();
    };
    let Ok(serde_json::Value::Object(wanted)) = serde_json::to_value(wanted) else {
        return Vec::new();
    };
    wanted
        .into_iter()
        .map(|(key, value)| format!("grant `{key}: {value}`"))
        .collect()
}

/// What a hook may come to ask for, by an import of which every call needs a grant.
fn needs_grant(import: &str) -> String {
    let (name, _) = import.split_once('@').unwrap_or((import, ""));
    match name {
        "hookbox:hook/cluster" => {
            "reads the cluster while it runs: grant `kubernetes: [{apiGroups, kinds, namespaces, verbs}]`".to_owned()
        }
        "hookbox:hook/http" | "wasi:http/outgoing-handler" => {
            "makes HTTP requests: grant `http: [{hosts, schemes, ports, methods}]`".to_owned()
        }
        other => format!("calls {other}, which needs a grant"),
    }
}

/// The cluster access that the bindings need, the right to list and watch what they select, and what the component may
/// ask for while it runs.
fn wants(loaded: &Loaded) -> Vec<Want<'_>> {
    let mut wants = Vec::new();
    for hook in &loaded.hooks {
        let imports = loaded.component.granted_imports().iter();
        let mut asks: Vec<String> = imports.map(|import| needs_grant(import)).collect();
        // By two interfaces the same may be asked for.
        asks.dedup();
        wants.extend(asks.into_iter().map(|what| Want {
            hook: &hook.name,
            what,
        }));
    }
    for hook in &loaded.hooks {
        let Ok(config) = &hook.config else { continue };
        wants.extend(declared(config).into_iter().map(|what| Want {
            hook: &hook.name,
            what,
        }));
        for what in config.kubernetes.iter().flat_map(|binding| wanted(binding)) {
            let want = Want {
                hook: &hook.name,
                what,
            };
            // Two bindings on the same objects need one right.
            if !wants.contains(&want) {
                wants.push(want);
            }
        }
    }
    wants
}

/// What one binding lists and watches: its objects, and the namespaces where they are selected by labels.
fn wanted(binding: &Kubernetes) -> Vec<String> {
    let kind = binding
        .api_version
        .as_ref()
        .map_or_else(|| binding.kind.clone(), |v| format!("{v} {}", binding.kind));
    match &binding.namespace {
        NamespaceSelector::All => vec![format!("list and watch {kind} in all namespaces")],
        NamespaceSelector::Names(names) => {
            vec![format!("list and watch {kind} in {}", names.join(", "))]
        }
        NamespaceSelector::Labels(labels) => vec![
            format!(
                "list and watch {kind} in namespaces with {}",
                labels.to_query()
            ),
            "list and watch v1 Namespace".to_owned(),
        ],
    }
}

fn table(inspected: &Inspected<'_>) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    let _ = writeln!(out, "File:     {}", inspected.file);
    let _ = writeln!(out, "Digest:   {}", inspected.digest);
    let _ = writeln!(out, "Size:     {}", ui::bytes(inspected.size));
    let _ = writeln!(
        out,
        "Hooks:    {}\n",
        inspected
            .hooks
            .iter()
            .map(|h| h.name)
            .collect::<Vec<_>>()
            .join(", ")
    );
    out.push_str(&bindings_table(
        inspected
            .hooks
            .iter()
            .filter_map(|h| h.config.map(|c| ("", h.name, c))),
    ));
    for (title, lines) in [
        ("Exports", inspected.exports),
        ("Imports", inspected.imports),
    ] {
        let _ = writeln!(out, "\n{title}:");
        for line in lines {
            let _ = writeln!(out, "  {line}");
        }
    }
    out.push_str("\nWants:\n");
    if inspected.wants.is_empty() {
        out.push_str("  nothing\n");
    }
    for want in &inspected.wants {
        let _ = writeln!(out, "  {}: {}", want.hook, want.what);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_selects_namespaces_by_labels_watches_namespaces_too() {
        let config = hookbox_config::parse(
            r#"{"configVersion": "v1", "kubernetes": [{"apiVersion": "v1", "kind": "Pod", "namespace": {"labelSelector": {"matchLabels": {"a": "b"}}}}]}"#,
        )
        .unwrap();
        assert_eq!(
            wanted(&config.kubernetes[0]),
            [
                "list and watch v1 Pod in namespaces with a=b",
                "list and watch v1 Namespace"
            ]
        );
    }
}
