//! What hooks may do beyond reading their snapshots.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use hookbox_operator::grants::GrantRules;
use hookbox_sandbox::HttpSettings;
use ipnet::IpNet;

use crate::failure::{Failure, OrFail, Outcome};
use crate::input;

/// A file of grants, or of certificates, of this size is a mistake.
const MAX_FILE: u64 = 1 << 20;

/// What hooks may do beyond reading their snapshots.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Grants")]
pub(crate) struct Grants {
    /// What hooks may do beyond reading their snapshots, by the names of hooks: YAML or JSON [default: nothing]
    #[arg(long, env = "HOOKBOX_GRANTS", value_name = "FILE")]
    pub(crate) grants: Option<PathBuf>,
    /// Networks that HTTP requests of hooks do not reach, as those that are not public, unless the address is granted:
    /// those of the cluster's nodes, pods and services; several by commas
    #[arg(
        long,
        env = "HOOKBOX_HTTP_REFUSE",
        value_name = "NETWORK",
        value_delimiter = ',',
        value_parser = network
    )]
    pub(crate) http_refuse: Vec<IpNet>,
    /// Certificates of authorities, as PEM, that HTTP requests of hooks trust beside the system's
    #[arg(long, env = "HOOKBOX_HTTP_CA", value_name = "FILE")]
    pub(crate) http_ca: Option<PathBuf>,
}

/// What the flags say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Granted {
    pub(crate) rules: GrantRules,
    pub(crate) http: HttpSettings,
}

impl Grants {
    /// Read the files.
    pub(crate) fn read(&self) -> Outcome<Granted> {
        let rules = match &self.grants {
            None => GrantRules::default(),
            Some(path) => {
                let text = input::text(path, MAX_FILE)?;
                GrantRules::parse(&text)
                    .with_context(|| format!("{} is refused", input::name(path)))
                    .or_usage()?
            }
        };
        let authorities = match &self.http_ca {
            None => String::new(),
            Some(path) => {
                let text = input::text(path, MAX_FILE)?;
                if !text.contains("-----BEGIN CERTIFICATE-----") {
                    let name = input::name(path);
                    return Err(Failure::usage(anyhow!("{name} holds no certificate"))
                        .help("it has to be PEM: `-----BEGIN CERTIFICATE-----` and so on"));
                }
                text
            }
        };
        let http = HttpSettings {
            refused: self.http_refuse.clone(),
            authorities,
            ..HttpSettings::default()
        };
        Ok(Granted { rules, http })
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<std::net::IpAddr>().map(IpNet::from);
    address
        .or_else(|_| text.parse())
        .map_err(|_| "say a network such as `10.0.0.0/8`, or an address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_written_with_or_without_a_length() {
        assert_eq!(network("10.0.0.0/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(network("::1").unwrap().to_string(), "::1/128");
        assert!(network("10.0.0").is_err() && network("10.0.0.0/33").is_err());
    }
}
