//! Components in registries: `push`, `pull`, `sign` and `verify`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hookbox_registry::Reference;

use super::{some_time, yes_or_no};

/// How registries are spoken to.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Registry")]
pub(crate) struct Registry {
    /// Docker's file with credentials; credential helpers that it names are asked [default: config.json in
    /// $DOCKER_CONFIG, else in ~/.docker]
    #[arg(long, env = "HOOKBOX_REGISTRY_CONFIG", value_name = "FILE")]
    pub(crate) registry_config: Option<PathBuf>,
    /// Certificates (PEM) of authorities to trust beside the system's
    #[arg(long, env = "HOOKBOX_REGISTRY_CA", value_name = "FILE")]
    pub(crate) registry_ca: Option<PathBuf>,
    /// Speak plain HTTP to the registry, without any protection; registries on this machine need no such word
    #[arg(long, env = "HOOKBOX_PLAIN_HTTP", value_parser = yes_or_no)]
    pub(crate) plain_http: bool,
    /// Time that all of it may take; more than 0
    #[arg(long, env = "HOOKBOX_REGISTRY_TIME", default_value = "5m", value_parser = some_time, value_name = "DURATION")]
    pub(crate) registry_time: Duration,
}

/// The password of a private key.
#[derive(Debug, Args, Clone)]
pub(crate) struct Password {
    /// Password of the private key; better said in the variable, which others do not see [default: $COSIGN_PASSWORD]
    #[arg(
        long,
        env = "HOOKBOX_KEY_PASSWORD",
        value_name = "TEXT",
        hide_env_values = true
    )]
    pub(crate) key_password: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The component, or a project's folder
    pub(crate) path: PathBuf,
    /// Where to: `registry.example/team/name:tag`
    #[arg(value_parser = reference)]
    pub(crate) reference: Reference,
    /// Sign it with this private key
    #[arg(long, env = "HOOKBOX_SIGN_KEY", value_name = "FILE")]
    pub(crate) sign_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) password: Password,
    /// An annotation of the image, such as `org.opencontainers.image.source=https://…`; may be said again
    #[arg(long, env = "HOOKBOX_ANNOTATION", value_name = "NAME=VALUE", value_parser = annotation, value_delimiter = None)]
    pub(crate) annotation: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) registry: Registry,
}

#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// Which: `registry.example/team/name:tag` or `…@sha256:…`
    #[arg(value_parser = reference)]
    pub(crate) reference: Reference,
    /// Where to write the component [default: the image's name and .wasm, unless that is there]
    #[arg(long, env = "HOOKBOX_OUT", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Only when it is signed by this public key (PEM), or by another that is named so
    #[arg(long, env = "HOOKBOX_KEY", value_name = "FILE", value_delimiter = ',')]
    pub(crate) key: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) registry: Registry,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct Sign {
    /// Which: `registry.example/team/name:tag` or `…@sha256:…`
    #[arg(value_parser = reference, group = "what", requires = "key")]
    pub(crate) reference: Option<Reference>,
    /// The private key: as cosign writes it, or PKCS #8 in PEM form
    #[arg(long, env = "HOOKBOX_SIGN_KEY", value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Make a key pair instead: PREFIX.key, encrypted with the password, and PREFIX.pub
    #[arg(
        long,
        env = "HOOKBOX_GENERATE_KEY",
        value_name = "PREFIX",
        group = "what"
    )]
    pub(crate) generate_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) password: Password,
    #[command(flatten)]
    pub(crate) registry: Registry,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Which: `registry.example/team/name:tag` or `…@sha256:…`
    #[arg(value_parser = reference)]
    pub(crate) reference: Reference,
    /// The public key (PEM) that it must be signed by, or one of several
    #[arg(
        long,
        env = "HOOKBOX_KEY",
        value_name = "FILE",
        required = true,
        value_delimiter = ','
    )]
    pub(crate) key: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) registry: Registry,
}

fn reference(text: &str) -> Result<Reference, String> {
    text.parse()
        .map_err(|error: hookbox_registry::RegistryError| error.to_string())
}

fn annotation(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("say NAME=VALUE".to_owned()),
    }
}
