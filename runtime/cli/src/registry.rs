//! Registries for the commands: the client, the credentials of who calls the command, and what errors mean to them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use hookbox_registry::{
    Credential, Credentials, PrivateKey, PublicKey, Reference, RegistryClient, RegistryError,
    Settings, Stage,
};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cli::{Password, Registry};
use crate::failure::{Failure, OrFail, Outcome};
use crate::input;
use crate::ui::{ProgressLine, Ui};

/// Most bytes of a key, a certificate file, and of docker's file with credentials.
const MAX_FILE: u64 = 1 << 20;

/// Time that a credential helper may take, and bytes that it may say.
const HELPER: (Duration, u64) = (Duration::from_secs(60), 64 << 10);

/// A client of registries as the flags want it, which tells the person how far it is.
pub(crate) fn client(args: &Registry, reference: &Reference) -> Outcome<RegistryClient> {
    let authorities = match &args.registry_ca {
        Some(path) => input::text(path, MAX_FILE)?.into_bytes(),
        None => Vec::new(),
    };
    let line = ProgressLine::new();
    let plain_http = args.plain_http.then(|| reference.registry().to_owned());
    RegistryClient::new(Settings {
        plain_http: plain_http.into_iter().collect(),
        loopback: true,
        authorities,
        total_time: args.registry_time,
        progress: Some(Arc::new(move |stage, done, all| {
            let word = match stage {
                Stage::Download => "Downloading",
                Stage::Upload => "Uploading",
            };
            line.tell(word, done, all);
        })),
        ..Settings::default()
    })
    .map_err(failure)
}

/// What an error of a registry means to who called the command.
pub(crate) fn failure(error: RegistryError) -> Failure {
    let code = error.code();
    let help = match code {
        "denied" => Some("`docker login`, or a file named by --registry-config, gives credentials"),
        "tls" => Some("--registry-ca names the authority of a registry of your own"),
        _ => None,
    };
    let failure = match code {
        "reference" | "digest-required" | "credentials" | "key" | "settings" => {
            Failure::usage(error)
        }
        "unreachable" | "tls" | "not-tls" | "address" | "timeout" | "broken" | "denied"
        | "status" => Failure::environment(error),
        _ => Failure::failed(error),
    };
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// The public keys in these files.
pub(crate) fn public_keys(paths: &[PathBuf]) -> Outcome<Vec<PublicKey>> {
    paths
        .iter()
        .map(|path| {
            PublicKey::from_pem(&input::text(path, MAX_FILE)?)
                .with_context(|| input::name(path))
                .or_usage()
        })
        .collect()
}

/// The private key in this file.
pub(crate) fn private_key(path: &Path, password: &Password) -> Outcome<PrivateKey> {
    let text = input::text(path, MAX_FILE)?;
    PrivateKey::from_pem(&text, self::password(password).as_deref())
        .with_context(|| input::name(path))
        .or_usage()
}

/// The password for a private key: ours, or cosign's.
pub(crate) fn password(args: &Password) -> Option<String> {
    args.key_password.clone().or_else(|| {
        std::env::var_os("COSIGN_PASSWORD").and_then(|password| password.into_string().ok())
    })
}

/// What of docker's file concerns credential helpers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Helpers {
    #[serde(default)]
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: std::collections::BTreeMap<String, String>,
}

/// The caller's credentials for the registry: of docker's file and of the helper that it names.
pub(crate) async fn credentials(
    args: &Registry,
    reference: &Reference,
    ui: &Ui,
) -> Outcome<Credentials> {
    let Some(path) = config(args) else {
        return Ok(Credentials::default());
    };
    let text = input::text(&path, MAX_FILE)?;
    let credentials = Credentials::from_docker_config(text.as_bytes())
        .with_context(|| input::name(&path))
        .or_usage()?;
    // It was read as JSON already.
    let Ok(helpers) = serde_json::from_str::<Helpers>(&text) else {
        return Ok(credentials);
    };
    let server = match reference.registry() {
        "docker.io" => "https://index.docker.io/v1/",
        other => other,
    };
    let Some(helper) = helpers
        .cred_helpers
        .get(server)
        .or(helpers.creds_store.as_ref())
    else {
        return Ok(credentials);
    };
    match ask(helper, server).await {
        Ok(Some(credential)) => Ok(credentials.with(reference.registry(), credential)),
        Ok(None) => Ok(credentials),
        // What is public may be had without.
        Err(error) => {
            ui.warn(format_args!("docker-credential-{helper}: {error:#}"));
            Ok(credentials)
        }
    }
}

/// Docker's file with credentials: the named one, or the usual one where there is one.
fn config(args: &Registry) -> Option<PathBuf> {
    if let Some(path) = &args.registry_config {
        return Some(path.clone());
    }
    let folder = std::env::var_os("DOCKER_CONFIG")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".docker")))?;
    Some(folder.join("config.json")).filter(|path| path.is_file())
}

/// Ask a credential helper; none when it knows nothing of this registry.
async fn ask(helper: &str, server: &str) -> anyhow::Result<Option<Credential>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        #[serde(default)]
        username: String,
        secret: String,
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if helper.is_empty() || !helper.bytes().all(plain) {
        return Err(anyhow!("this is no name of a helper"));
    }
    let mut child = tokio::process::Command::new(format!("docker-credential-{helper}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("it cannot be started")?;
    let asked = async {
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read has its reasons.
            let _ = stdin.write_all(server.as_bytes()).await;
        }
        let mut said = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(HELPER.1).read_to_end(&mut said).await?;
        }
        let status = child.wait().await?;
        anyhow::Ok((said, status))
    };
    let (said, status) = tokio::time::timeout(HELPER.0, asked)
        .await
        .context("it did not answer")??;
    if !status.success() {
        // So helpers say that they know nothing of it.
        return match String::from_utf8_lossy(&said).contains("credentials not found") {
            true => Ok(None),
            false => Err(anyhow!("it failed ({status})")),
        };
    }
    // The library's own text may show what was said.
    let answer: Answer =
        serde_json::from_slice(&said).map_err(|_| anyhow!("its answer is not credentials"))?;
    Ok(Some(if answer.username == "<token>" {
        Credential::Identity(answer.secret)
    } else {
        Credential::Password {
            username: answer.username,
            password: answer.secret,
        }
    }))
}
