//! `hookbox sign`: a signature beside an image, or a key pair to make some with.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use hookbox_registry::PrivateKey;

use crate::cli::Sign;
use crate::failure::{OrFail, Outcome};
use crate::registry;
use crate::ui::{Tone, Ui};

pub(super) async fn sign(args: &Sign, ui: &Ui) -> Outcome {
    match (&args.reference, &args.key, &args.generate_key) {
        (_, _, Some(prefix)) => generate(args, prefix, ui),
        (Some(reference), Some(key), None) => {
            let key = registry::private_key(key, &args.password)?;
            let client = registry::client(&args.registry, reference)?;
            let credentials = registry::credentials(&args.registry, reference, ui).await?;
            let digest = client
                .sign(reference, &credentials, &key)
                .await
                .map_err(registry::failure)?;
            let pinned = reference.clone().with_digest(digest);
            let id = key.public().id();
            ui.status(Tone::Good, "Signed", format!("{pinned}\nwith the key {id}"));
            ui.data(&pinned.to_string())
        }
        // The command line has seen to it.
        _ => Ok(()),
    }
}

fn generate(args: &Sign, prefix: &Path, ui: &Ui) -> Outcome {
    let password = registry::password(&args.password);
    let (key, file) =
        PrivateKey::generate(password.as_deref().unwrap_or_default()).map_err(registry::failure)?;
    let with = |extension: &str| {
        let mut path = prefix.as_os_str().to_owned();
        path.push(extension);
        std::path::PathBuf::from(path)
    };
    let (private, public) = (with(".key"), with(".pub"));
    create(&private, &file, 0o600)?;
    create(&public, &key.public_pem(), 0o644)?;
    if password.is_none() {
        ui.warn("the private key has no password: HOOKBOX_KEY_PASSWORD gives one");
    }
    ui.status(
        Tone::Good,
        "Made",
        format!(
            "{} (keep it to yourself) and {}\nthe key {}",
            private.display(),
            public.display(),
            key.public().id()
        ),
    );
    ui.data(&public.display().to_string())
}

/// Make a file that is not there: a key that is overwritten is lost.
fn create(path: &Path, text: &str, mode: u32) -> Outcome {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be made", path.display()))
        .or_usage()
}
