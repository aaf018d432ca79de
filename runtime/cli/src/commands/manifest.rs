//! `hookbox crds` and `hookbox manifest`: what a cluster is to be given.

use anyhow::Context;
use hookbox_operator::tenants::rbac::RbacOptions;
use hookbox_operator::tenants::resources;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::{ManifestCommand, ManifestFormat, ManifestOutput, RbacArgs};
use crate::failure::{OrFail, Outcome};
use crate::ui::{self, Ui};

pub(super) fn crds(args: &ManifestOutput, ui: &Ui) -> Outcome {
    print(&resources::crds(), args.output, ui)
}

pub(super) fn manifest(command: &ManifestCommand, ui: &Ui) -> Outcome {
    match command {
        ManifestCommand::Rbac(args) => rbac(args, ui),
    }
}

fn rbac(args: &RbacArgs, ui: &Ui) -> Outcome {
    let options = RbacOptions {
        name: args.name.clone(),
        service_account: args.service_account.clone(),
        namespace: args.namespace.clone(),
        tenants: args.tenants,
        tenant_namespaces: args.tenant_namespaces.clone(),
        leader_election: args.leader_election,
        webhooks: args.webhooks,
    };
    let manifests = options.manifests();
    if manifests.is_empty() {
        ui.warn("hookbox itself needs no rights with these flags; see --tenants, --leader-election and --webhooks");
    }
    print(&manifests, args.output.output, ui)
}

fn print<T: Serialize>(manifests: &[T], format: ManifestFormat, ui: &Ui) -> Outcome {
    let items: Vec<Value> = manifests
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()
        .context("a manifest cannot be written down")
        .or_environment()?;
    match format {
        ManifestFormat::Json => {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
            let text = serde_json::to_string_pretty(&list)
                .context("a manifest cannot be written down")
                .or_environment()?;
            ui.data(&text)
        }
        ManifestFormat::Yaml => {
            let mut documents = Vec::with_capacity(items.len());
            for item in &items {
                documents.push(ui::to_yaml(item)?);
            }
            ui.data(&documents.join("---\n"))
        }
    }
}
