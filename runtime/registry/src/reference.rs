//! References: `registry.example:5000/team-a/cleaner:1.0@sha256:…`.

use std::fmt;
use std::str::FromStr;

use crate::{Digest, RegistryError};

/// Longest reference.
const LONGEST: usize = 1024;

/// A component in a registry. The registry is always said: there is none that is meant when it is left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Host, and port where one is said, in lower case.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The name within the registry, such as `team-a/cleaner`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the manifest.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The digest, where it is required.
    ///
    /// # Errors
    /// [`RegistryError::DigestRequired`] when there is none.
    pub fn pinned(&self) -> Result<Digest, RegistryError> {
        self.digest
            .ok_or_else(|| RegistryError::DigestRequired(self.to_string()))
    }

    /// The same with this digest.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// What is put at the end of a path for its manifest.
    pub(crate) fn identifier(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// Where the registry's interface is: the one public registry whose name is another host.
    pub(crate) fn api_host(&self) -> &str {
        match self.registry.as_str() {
            "docker.io" => "registry-1.docker.io",
            other => other,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let bad = |why| RegistryError::Reference {
            text: text.chars().take(100).collect(),
            why,
        };
        if text.len() > LONGEST {
            return Err(bad("it has more than 1024 bytes"));
        }
        if text.contains("://") {
            return Err(bad("it begins with the registry's host, not with a scheme"));
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (
                name,
                Some(digest.parse::<Digest>().map_err(|_| {
                    bad("its digest is not `sha256:` and 64 lower-case hexadecimal digits")
                })?),
            ),
            None => (text, None),
        };
        let (registry, rest) = name
            .split_once('/')
            .filter(|(host, _)| is_host(host))
            .ok_or_else(|| {
                bad("it does not begin with a registry's host, as in `registry.example/team/name`")
            })?;
        let registry = registry.to_ascii_lowercase();
        if !check_host(&registry) {
            return Err(bad(
                "its registry is not a host name, with a port or without",
            ));
        }
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if !check_repository(repository) {
            return Err(bad("its name is not made of lower-case words between `/`"));
        }
        if !tag.is_none_or(check_tag) {
            return Err(bad(
                "its tag is not made of at most 128 letters, digits, `_`, `.` and `-`",
            ));
        }
        let (registry, repository) = match registry.as_str() {
            "docker.io" | "index.docker.io" | "registry-1.docker.io" => {
                let library = if repository.contains('/') {
                    ""
                } else {
                    "library/"
                };
                ("docker.io".to_owned(), format!("{library}{repository}"))
            }
            _ => (registry, repository.to_owned()),
        };
        Ok(Self {
            registry,
            repository,
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

/// Whether the first word of a reference is a host at all: others begin with the name.
fn is_host(word: &str) -> bool {
    word.contains(['.', ':']) || word.eq_ignore_ascii_case("localhost")
}

/// A host name or an address, and a port where one is said. (In lower case.)
pub(crate) fn check_host(text: &str) -> bool {
    let (host, port) = split_port(text);
    let port = port.is_none_or(|port| {
        !port.is_empty()
            && port.len() <= 5
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let literal = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    let name = host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        });
    port && (literal || name)
}

/// Host and port.
pub(crate) fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        // The colons of an address in brackets are its own.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}

fn check_repository(text: &str) -> bool {
    text.len() <= 255 && text.split('/').all(check_word)
}

/// Runs of letters and digits, with `.`, `_`, `__` or any number of `-` between two.
fn check_word(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = |byte: Option<u8>| byte.is_some_and(plain);
    ends(word.bytes().next())
        && ends(word.bytes().next_back())
        && word
            .split(|character: char| character.is_ascii_lowercase() || character.is_ascii_digit())
            .all(|between| {
                matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')
            })
}

fn check_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn references_are_read_and_written() {
        for (text, registry, repository, tag) in [
            ("registry.example/a", "registry.example", "a", None),
            (
                "r.example:5000/team-a/x__y.z:1.0",
                "r.example:5000",
                "team-a/x__y.z",
                Some("1.0"),
            ),
            ("localhost/a", "localhost", "a", None),
            ("127.0.0.1:80/a/b:_x", "127.0.0.1:80", "a/b", Some("_x")),
            ("[::1]:5000/a", "[::1]:5000", "a", None),
            ("docker.io/team/a", "docker.io", "team/a", None),
        ] {
            for digest in [None, Some(DIGEST)] {
                let text = digest.map_or(text.to_owned(), |digest| format!("{text}@{digest}"));
                let reference: Reference = text.parse().unwrap();
                assert_eq!(reference.registry(), registry);
                assert_eq!(reference.repository(), repository);
                assert_eq!(reference.tag(), tag);
                assert_eq!(reference.digest().map(|d| d.to_string()).as_deref(), digest);
                assert_eq!(reference.to_string(), text);
            }
        }
    }

    #[test]
    fn one_registry_has_several_names() {
        let reference: Reference = "index.docker.io/busybox:1".parse().unwrap();
        assert_eq!(reference.to_string(), "docker.io/library/busybox:1");
        assert_eq!(reference.api_host(), "registry-1.docker.io");
        let reference: Reference = "Registry.EXAMPLE/a".parse().unwrap();
        assert_eq!(reference.registry(), "registry.example");
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        let long = format!("r.example/{}", "a".repeat(256));
        for (text, says) in [
            ("", "begin with a registry"),
            ("busybox", "begin with a registry"),
            ("team/a", "begin with a registry"),
            ("https://r.example/a", "not with a scheme"),
            ("r.example/", "name"),
            ("r.example/A", "name"),
            ("r.example/a//b", "name"),
            ("r.example/a/../b", "name"),
            ("r.example/a_-b", "name"),
            ("r.example/a___b", "name"),
            ("r.example/-a", "name"),
            ("r.example/a%2fb", "name"),
            ("r.example/a?x", "name"),
            (&long, "name"),
            ("r.example/a:", "tag"),
            ("r.example/a:.x", "tag"),
            ("r.example/a:x y", "tag"),
            ("r.example/a:1:2", "tag"),
            ("user@r.example/a", "digest"),
            ("r.example/a@sha256:E3", "digest"),
            ("r.example/a@sha512:00", "digest"),
            ("r.example:0/a", "host name"),
            ("r.example:65536/a", "host name"),
            ("r.example:+80/a", "host name"),
            ("r..example/a", "host name"),
            ("[::1/a", "host name"),
            ("r.example\n/a", "host name"),
        ] {
            let error = text.parse::<Reference>().unwrap_err();
            assert_eq!(error.code(), "reference", "{text}");
            assert!(error.to_string().contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_digest_is_asked_for() {
        let reference: Reference = "r.example/a:1".parse().unwrap();
        assert_eq!(reference.pinned().unwrap_err().code(), "digest-required");
        let digest = Digest::of(b"");
        assert_eq!(reference.with_digest(digest).pinned().unwrap(), digest);
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_is_written_the_same(text in "[a-z.:/@_\\-0-9\\[\\]]{0,60}") {
            if let Ok(reference) = text.parse::<Reference>() {
                let again: Reference = reference.to_string().parse().unwrap();
                proptest::prop_assert_eq!(again, reference);
            }
        }
    }
}
