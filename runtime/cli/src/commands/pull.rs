//! `hookbox pull`: a component comes from a registry.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use hookbox_registry::Verification;

use crate::cli::Pull;
use crate::failure::{Failure, OrFail, Outcome};
use crate::registry;
use crate::ui::{self, Tone, Ui};

pub(super) async fn pull(args: &Pull, ui: &Ui) -> Outcome {
    let verification = match args.key.as_slice() {
        [] => Verification::Unsigned,
        keys => Verification::Keys(registry::public_keys(keys)?),
    };
    let out = out(args)?;
    let client = registry::client(&args.registry, &args.reference)?;
    let credentials = registry::credentials(&args.registry, &args.reference, ui).await?;
    let pulled = client
        .pull(&args.reference, &credentials, &verification)
        .await
        .map_err(registry::failure)?;
    put(&out, &pulled.bytes)?;
    let pinned = args.reference.clone().with_digest(pulled.digest);
    let size = ui::bytes(pulled.bytes.len() as u64);
    let signed = match pulled.signed_by {
        Some(key) => format!("signed with the key {key}"),
        None => "its signature was not looked at: no --key".to_owned(),
    };
    ui.status(Tone::Good, "Pulled", format!("{pinned} ({size})\n{signed}"));
    ui.data(&out.display().to_string())
}

/// Where to: nothing is overwritten that was not named.
fn out(args: &Pull) -> Outcome<PathBuf> {
    if let Some(out) = &args.out {
        return Ok(out.clone());
    }
    let name = args.reference.repository().rsplit('/').next();
    let out = PathBuf::from(format!("{}.wasm", name.unwrap_or("component")));
    if out.exists() {
        return Err(
            Failure::usage(anyhow!("{} is there already", out.display()))
                .help(format_args!("--out {} overwrites it", out.display())),
        );
    }
    Ok(out)
}

/// A reader sees the old file or the new one, never half of one.
fn put(out: &Path, bytes: &[u8]) -> Outcome {
    let mut name = std::ffi::OsString::from(".");
    name.push(out.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let part = out.with_file_name(name);
    std::fs::write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, out))
        .inspect_err(|_| drop(std::fs::remove_file(&part)))
        .with_context(|| format!("{} cannot be written", out.display()))
        .or_environment()
}
