//! The process that serves webhooks.

use std::path::Path;

use anyhow::{Context as _, Result};
use hookbox_operator::live::{LiveSettings, Place};
use hookbox_operator::webhook::{CertificateSource, WebhookOptions};
use hookbox_operator::{Operator, Options};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::{clock, heap, print, setup};

/// Files of a certificate for 127.0.0.1, made by [`certificate`].
pub(super) const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";

/// As `hookbox run`.
pub(super) const PLAIN: &str = "plain";
/// Says that allocations are counted, which costs time.
pub(super) const COUNTED: &str = "counted";
/// Says that what happened lately is not kept.
pub(super) const UNSEEN: &str = "unseen";

/// Puts a certificate and its key into a folder.
pub(super) fn certificate(folder: &Path) -> Result<()> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    std::fs::write(folder.join(CERTIFICATE), made.cert.pem())?;
    std::fs::write(folder.join(KEY), made.signing_key.serialize_pem())?;
    Ok(())
}

/// Serves the hooks in a folder until its standard input ends. It says its port first; then, for each line that it is
/// sent, what it holds.
pub(crate) async fn serve(hooks: &Path, cache: &Path, keys: &Path, how: &str) -> Result<()> {
    if how.contains(COUNTED) {
        heap::count();
    }
    // As `hookbox run` logs, but nowhere.
    tracing_subscriber::fmt()
        .with_env_filter("info")
        .with_writer(std::io::sink)
        .init();
    let sandbox = setup::sandbox(Some(cache.to_owned()))?;
    let jq = setup::jq(&sandbox)?;
    let mut webhook = WebhookOptions::default();
    webhook.admission.listen = ([127, 0, 0, 1], 0).into();
    webhook.admission.certificate = CertificateSource::Files {
        certificate: keys.join(CERTIFICATE),
        key: keys.join(KEY),
        authority: None,
    };
    webhook.conversion = None;
    let mut options = Options::default();
    options.hooks = setup::folder(hooks)?;
    options.webhook = Some(webhook);
    // As `hookbox run`, which remembers the last runs.
    let socket = keys.join(format!("{}.sock", std::process::id()));
    options.live = (!how.contains(UNSEEN)).then(|| LiveSettings {
        places: vec![Place::at(socket)],
        required: true,
        parameters: Vec::new(),
    });
    let running = Operator::start(options, sandbox, jq).await?;
    // Nobody watches, as in `hookbox run`.
    drop(running.events());
    setup::whole(&running)?;
    let address = running.webhook_addrs().first().context("an address")?;
    print::line(format_args!("port {}", address.port()));
    let mut asked = BufReader::new(tokio::io::stdin()).lines();
    while asked.next_line().await?.is_some() {
        print::line(format_args!("total {}", clock::memory("VmRSS")));
        print::line(format_args!("anonymous {}", clock::memory("RssAnon")));
        print::line(format_args!("peak {}", clock::memory("VmHWM")));
        print::line(format_args!("heap {}", heap::live()));
        print::line(format_args!("allocations {}", heap::allocations()));
        print::line("end 1");
    }
    running.stop().await;
    Ok(())
}
