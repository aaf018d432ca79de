//! Credentials: docker's `config.json` and Kubernetes pull secrets, which are the same document.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::pattern::fits_host;
use crate::{Reference, RegistryError};

/// Most bytes of a document with credentials; a Kubernetes Secret has at most 1 MiB.
const LONGEST: usize = 1 << 20;

/// Who one is at a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A name and a password.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// A token that is exchanged for others (`identitytoken`).
    Identity(String),
    /// A token that is sent as it is (`registrytoken`).
    Token(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never what is secret.
        f.write_str(match self {
            Self::Password { .. } => "Password",
            Self::Identity(_) => "Identity",
            Self::Token(_) => "Token",
        })
    }
}

/// Credentials for registries; the default has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// In the order in which they are tried.
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Host and port; `*` stands for a part of a label.
    host: String,
    /// The beginning of the repositories that it is for.
    path: Vec<String>,
    credential: Credential,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
}

#[derive(Deserialize, Default)]
struct Auth {
    #[serde(default)]
    auth: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    identitytoken: String,
    #[serde(default)]
    registrytoken: String,
}

impl Credentials {
    /// Of docker's `config.json`, or of the key `.dockerconfigjson` of a Secret of the type
    /// `kubernetes.io/dockerconfigjson`. Credential helpers that it names are not asked.
    ///
    /// # Errors
    /// [`RegistryError::Credentials`] when it is no such document. It says nothing of what is in it.
    pub fn from_docker_config(bytes: &[u8]) -> Result<Self, RegistryError> {
        let document: Document = read(bytes)?;
        Self::of(document.auths)
    }

    /// Of the key `.dockercfg` of a Secret of the older type `kubernetes.io/dockercfg`.
    ///
    /// # Errors
    /// As [`Credentials::from_docker_config`].
    pub fn from_dockercfg(bytes: &[u8]) -> Result<Self, RegistryError> {
        Self::of(read(bytes)?)
    }

    /// With a credential for a registry (host, and port where it has one), before all that are there.
    #[must_use]
    pub fn with(mut self, registry: &str, credential: Credential) -> Self {
        let entry = Entry {
            host: registry.to_ascii_lowercase(),
            path: Vec::new(),
            credential,
        };
        self.entries.insert(0, entry);
        self
    }

    /// These, and then the others': the first that fit count.
    #[must_use]
    pub fn or(mut self, others: Self) -> Self {
        self.entries.extend(others.entries);
        self
    }

    /// The credential for this image: of one document the one with the longest path, else the first.
    pub(crate) fn find(&self, reference: &Reference) -> Option<&Credential> {
        self.entries
            .iter()
            .find(|entry| entry.fits(reference))
            .map(|entry| &entry.credential)
    }

    fn of(auths: BTreeMap<String, Auth>) -> Result<Self, RegistryError> {
        let mut entries = Vec::new();
        for (key, auth) in auths {
            let Some(credential) = credential(auth).map_err(|why| {
                RegistryError::Credentials(format!("of `{}`: {why}", crate::transport::line(&key)))
            })?
            else {
                continue;
            };
            let (host, path) = place(&key);
            entries.push(Entry {
                host,
                path,
                credential,
            });
        }
        // Exact hosts before patterns, long paths before short ones.
        entries.sort_by_key(|entry| {
            (
                entry.host.contains('*'),
                std::cmp::Reverse(entry.path.len()),
            )
        });
        Ok(Self { entries })
    }
}

impl Entry {
    fn fits(&self, reference: &Reference) -> bool {
        let host = match self.host.as_str() {
            // Under its old name in all configs.
            "index.docker.io" | "registry-1.docker.io" => "docker.io",
            other => other,
        };
        let mut words = reference.repository().split('/');
        fits_host(host, reference.registry())
            && self.path.iter().all(|word| words.next() == Some(word))
    }
}

fn read<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, RegistryError> {
    if bytes.len() > LONGEST {
        return Err(RegistryError::Credentials(format!(
            "the document has more than {LONGEST} bytes"
        )));
    }
    // The library's own text may show what is in the document.
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        RegistryError::Credentials(format!(
            "the document is not as docker writes it (line {line}, column {column})"
        ))
    })
}

/// None where the entry is empty: docker leaves such ones for its credential helpers.
fn credential(auth: Auth) -> Result<Option<Credential>, &'static str> {
    if !auth.registrytoken.is_empty() {
        return Ok(Some(Credential::Token(auth.registrytoken)));
    }
    if !auth.identitytoken.is_empty() {
        return Ok(Some(Credential::Identity(auth.identitytoken)));
    }
    if !auth.username.is_empty() || !auth.password.is_empty() {
        return Ok(Some(Credential::Password {
            username: auth.username,
            password: auth.password,
        }));
    }
    if auth.auth.is_empty() {
        return Ok(None);
    }
    let both = STANDARD
        .decode(auth.auth.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or("`auth` is not base64 of a text")?;
    let (username, password) = both
        .split_once(':')
        .ok_or("`auth` is not base64 of `name:password`")?;
    Ok(Some(Credential::Password {
        username: username.to_owned(),
        password: password.trim_end_matches('\0').to_owned(),
    }))
}

/// Host and path of a key: `r.example`, `https://r.example/v1/`, `r.example/team`.
fn place(key: &str) -> (String, Vec<String>) {
    let key = key
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    let mut words = key.split('/').filter(|word| !word.is_empty());
    let host = words.next().unwrap_or_default().to_ascii_lowercase();
    let mut path: Vec<String> = words.map(str::to_owned).collect();
    // Versions of the registry's interface, which docker used to write.
    if matches!(path.as_slice(), [one] if one == "v1" || one == "v2") {
        path.clear();
    }
    (host, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(username: &str, password: &str) -> Credential {
        Credential::Password {
            username: username.to_owned(),
            password: password.to_owned(),
        }
    }

    #[test]
    fn credentials_are_found_as_docker_and_kubernetes_do() {
        let credentials = Credentials::from_docker_config(
            br#"{"auths": {
                "r.example": {"auth": "YTpi"},
                "r.example/team/x": {"username": "x", "password": "p"},
                "https://index.docker.io/v1/": {"identitytoken": "i"},
                "*.wild.example": {"registrytoken": "t"},
                "a.wild.example": {"auth": "YTpiOmM="},
                "http://plain.example:5000": {"auth": "YTo="},
                "helped.example": {}
            }, "credsStore": "x", "unknown": 1}"#,
        )
        .unwrap();
        for (image, wanted) in [
            ("r.example/a", Some(password("a", "b"))),
            ("r.example/team/x", Some(password("x", "p"))),
            ("r.example/team/x/y", Some(password("x", "p"))),
            ("r.example/team/xy", Some(password("a", "b"))),
            ("r.example:5000/a", None),
            ("docker.io/a/b", Some(Credential::Identity("i".to_owned()))),
            ("a.wild.example/a", Some(password("a", "b:c"))),
            ("b.wild.example/a", Some(Credential::Token("t".to_owned()))),
            ("c.b.wild.example/a", None),
            ("wild.example/a", None),
            ("plain.example:5000/a", Some(password("a", ""))),
            ("helped.example/a", None),
        ] {
            let reference = image.parse().unwrap();
            assert_eq!(credentials.find(&reference), wanted.as_ref(), "{image}");
        }
    }

    #[test]
    fn the_older_secret_has_no_frame() {
        let credentials =
            Credentials::from_dockercfg(br#"{"r.example": {"auth": "YTpi", "email": "x"}}"#)
                .unwrap();
        assert_eq!(
            credentials.find(&"r.example/a".parse().unwrap()),
            Some(&password("a", "b"))
        );
    }

    #[test]
    fn what_is_secret_is_not_said() {
        for text in [
            &br#"{"auths": {"r.example": {"auth": "c2VjcmV0"}}}"#[..],
            br#"{"auths": {"r.example": {"auth": "secret!"}}}"#,
            br#"{"auths": {"r.example": "secret"}}"#,
            br#"{"auths": "secret"}"#,
            b"secret",
        ] {
            let error = Credentials::from_docker_config(text).unwrap_err();
            assert_eq!(error.code(), "credentials");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
        let credentials = Credentials::default().with("r.example", password("u", "secret"));
        assert!(!format!("{credentials:?}").contains("secret"));
    }
}
