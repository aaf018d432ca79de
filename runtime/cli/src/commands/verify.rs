//! `hookbox verify`: whether an image is signed by one of the keys.

use crate::cli::Verify;
use crate::failure::Outcome;
use crate::registry;
use crate::ui::{Tone, Ui};

pub(super) async fn verify(args: &Verify, ui: &Ui) -> Outcome {
    let keys = registry::public_keys(&args.key)?;
    let client = registry::client(&args.registry, &args.reference)?;
    let credentials = registry::credentials(&args.registry, &args.reference, ui).await?;
    let (digest, by) = client
        .verify(&args.reference, &credentials, &keys)
        .await
        .map_err(registry::failure)?;
    let pinned = args.reference.clone().with_digest(digest);
    ui.status(
        Tone::Good,
        "Verified",
        format!("{pinned}\nsigned with the key {by}"),
    );
    ui.data(&pinned.to_string())
}
