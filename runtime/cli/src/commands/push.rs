//! `hookbox push`: a component goes into a registry.

use anyhow::anyhow;
use hookbox_registry::Artifact;

use crate::cli::{Global, Push};
use crate::failure::{Failure, OrFail, Outcome};
use crate::ui::{self, Tone, Ui};
use crate::{hooks, registry};

pub(super) async fn push(global: &Global, args: &Push, ui: &Ui) -> Outcome {
    // Whatever is wrong with the key is said before anything is pushed.
    let key = match &args.sign_key {
        Some(path) => Some(registry::private_key(path, &args.password)?),
        None => None,
    };
    let (_sandbox, loaded) = hooks::open(global, &args.path, ui).await?;
    hooks::report_offences(std::slice::from_ref(&loaded), ui)?;
    let bytes = std::fs::read(&loaded.path).or_usage()?;
    let component = &loaded.component;
    if hookbox_registry::Digest::of(&bytes).to_string() != component.digest() {
        return Err(Failure::environment(anyhow!(
            "{} was changed while it was read",
            loaded.path.display()
        )));
    }
    let client = registry::client(&args.registry, &args.reference)?;
    let credentials = registry::credentials(&args.registry, &args.reference, ui).await?;
    let artifact = Artifact {
        bytes,
        imports: component.imports().to_vec(),
        exports: component.exports().to_vec(),
        annotations: args.annotation.iter().cloned().collect(),
    };
    let digest = client
        .push(&args.reference, &credentials, artifact)
        .await
        .map_err(registry::failure)?;
    let pinned = args.reference.clone().with_digest(digest);
    ui.status(
        Tone::Good,
        "Pushed",
        format!("{pinned} ({})", ui::bytes(component.size())),
    );
    if let Some(key) = key {
        client
            .sign(&pinned, &credentials, &key)
            .await
            .map_err(registry::failure)?;
        let id = key.public().id();
        ui.status(Tone::Good, "Signed", format!("with the key {id}"));
    }
    ui.data(&pinned.to_string())
}
