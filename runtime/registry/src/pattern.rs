//! Patterns that say which images may be used: `registry.example/team-*`.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Reference, RegistryError};

/// A pattern for images: words between `/`, the first of them the registry's host. `*` stands for any part of one
/// word; in the host, of one label. An image fits when its first words fit, so that `registry.example/team-a` holds for
/// all below it, and `*.example` for all repositories of `registry.example` but not for `a.registry.example`. The port
/// is a part of the host and must be the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePattern(String);

impl ImagePattern {
    /// Whether the image fits.
    #[must_use]
    pub fn matches(&self, reference: &Reference) -> bool {
        let mut wanted = self.0.split('/');
        let host = wanted.next().unwrap_or_default();
        let mut given = reference.repository().split('/');
        fits_host(host, reference.registry())
            && wanted.all(|pattern| given.next().is_some_and(|word| fits(pattern, word)))
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ImagePattern {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let bad = |why| RegistryError::Pattern {
            text: text.chars().take(100).collect(),
            why,
        };
        if text.len() > 512 {
            return Err(bad("it has more than 512 bytes"));
        }
        if text.bytes().filter(|byte| *byte == b'*').count() > 16 {
            return Err(bad("it has more than 16 `*`"));
        }
        let mut words = text.split('/');
        let host = words.next().unwrap_or_default();
        if !host.contains(['.', ':', '*']) && host != "localhost" {
            return Err(bad("it does not begin with a registry's host"));
        }
        if text.contains("://") || words.any(str::is_empty) {
            return Err(bad("it has an empty word, or a scheme"));
        }
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"*.-_/:[]".contains(&byte)
        };
        if !text.bytes().all(allowed) {
            return Err(bad(
                "it has other characters than lower-case letters, digits and `*.-_/:`",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Serialize for ImagePattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ImagePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Whether a host fits: label by label, and the port as it is.
pub(crate) fn fits_host(pattern: &str, host: &str) -> bool {
    let (pattern, wanted) = crate::reference::split_port(pattern);
    let (host, port) = crate::reference::split_port(host);
    let mut labels = host.split('.');
    wanted == port
        && pattern
            .split('.')
            .all(|pattern| labels.next().is_some_and(|label| fits(pattern, label)))
        && labels.next().is_none()
}

/// Whether a word fits, where `*` stands for any characters. Goes back to the last `*` only, so that it takes at most
/// the product of both lengths.
fn fits(pattern: &str, word: &str) -> bool {
    let (pattern, word) = (pattern.as_bytes(), word.as_bytes());
    let (mut at, mut read) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while let Some(byte) = word.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                back = Some((at, read));
                at += 1;
            }
            Some(wanted) if wanted == byte => {
                at += 1;
                read += 1;
            }
            _ => match &mut back {
                Some((star, from)) => {
                    *from += 1;
                    (at, read) = (*star + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_fit_by_words() {
        for (pattern, image, fits) in [
            (
                "registry.example/team-*",
                "registry.example/team-a/cleaner",
                true,
            ),
            ("registry.example/team-*", "registry.example/team-a", true),
            ("registry.example/team-*", "registry.example/teams", false),
            (
                "registry.example/team-*",
                "registry.example.evil.test/team-a",
                false,
            ),
            (
                "registry.example/team-*",
                "registry.example:5000/team-a",
                false,
            ),
            ("registry.example:*/a", "registry.example:5000/a", false),
            ("registry.example", "registry.example/any/thing", true),
            ("registry.example/a/b", "registry.example/a", false),
            ("registry.example/*/b", "registry.example/x/b", true),
            ("registry.example/*/b", "registry.example/x/y/b", false),
            ("*.example/a", "registry.example/a", true),
            ("*.example/a", "a.registry.example/a", false),
            ("*.example/a", "example.test/a", false),
            ("*.*/a", "registry.example/a", true),
            ("registry.example/a*b*c", "registry.example/aXbbYc", false),
            ("registry.example/a*b*c", "registry.example/a1b2b3c", true),
            ("registry.example/a", "registry.example/ab", false),
        ] {
            let pattern: ImagePattern = pattern.parse().unwrap();
            let Ok(reference) = image.parse::<Reference>() else {
                assert!(!fits);
                continue;
            };
            assert_eq!(pattern.matches(&reference), fits, "{pattern:?} {image}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "",
            "team",
            "team/a",
            "r.example//a",
            "r.example/A",
            "https://r.example",
            "r.example/a b",
            "r.example/",
        ] {
            assert_eq!(
                text.parse::<ImagePattern>().unwrap_err().code(),
                "pattern",
                "{text}"
            );
        }
        assert_eq!(
            format!("r.example/{}", "*".repeat(17))
                .parse::<ImagePattern>()
                .unwrap_err()
                .code(),
            "pattern"
        );
    }
}
