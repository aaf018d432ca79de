//! What the store knows of an image: what the registry said of it, so that it can be checked again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::artifact::{Descriptor, Manifest};
use crate::signature::Material;
use crate::{Digest, RegistryError, Verification};

/// The form that is written.
const FORMAT: u32 = 1;

/// An image, as it is written down.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Document {
    format: u32,
    /// For whom it was pulled.
    scope: String,
    /// Registry and repository.
    repository: String,
    /// The manifest's bytes, in base64.
    manifest: String,
    /// The signature that counted, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Material>,
    /// Signatures were looked for, and there were none at all.
    #[serde(default)]
    none_there: bool,
}

/// Why a document says nothing of what was asked for.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is not as it was written.
    Damaged(String),
    /// No wanted key made its signature.
    Unsigned(String),
}

impl Document {
    pub(super) fn new(
        scope: &str,
        repository: &str,
        manifest: &[u8],
        signature: Option<Material>,
        verification: &Verification,
    ) -> Self {
        Self {
            none_there: signature.is_none() && *verification != Verification::Unsigned,
            format: FORMAT,
            scope: scope.to_owned(),
            repository: repository.to_owned(),
            manifest: STANDARD.encode(manifest),
            signature,
        }
    }

    /// Check that it is about just this image, and that a wanted key signed it, by the keys as they are now. What it says
    /// of the component, and whose signature counted.
    pub(super) fn check(
        bytes: &[u8],
        scope: &str,
        repository: &str,
        digest: &Digest,
        verification: &Verification,
    ) -> Result<(Descriptor, Option<Digest>), Refused> {
        let damaged = |why: &str| Refused::Damaged(why.to_owned());
        let document: Self = serde_json::from_slice(bytes)
            .map_err(|error| Refused::Damaged(format!("it cannot be read: {error}")))?;
        if document.format != FORMAT || document.scope != scope || document.repository != repository
        {
            return Err(damaged("it is about another image"));
        }
        let manifest = STANDARD
            .decode(&document.manifest)
            .map_err(|_| damaged("its manifest is not base64"))?;
        if Digest::of(&manifest) != *digest {
            return Err(damaged("its manifest has another digest"));
        }
        let keys = match verification {
            Verification::Unsigned => None,
            Verification::IfSigned(_) if document.none_there => None,
            Verification::IfSigned(keys) | Verification::Keys(keys) => Some(keys),
        };
        let signed_by = match keys {
            None => None,
            Some(keys) => {
                let material = document.signature.ok_or_else(|| {
                    Refused::Unsigned("it was stored without a signature".to_owned())
                })?;
                Some(material.judge(digest, keys).map_err(Refused::Unsigned)?)
            }
        };
        let manifest = Manifest::read(&manifest).map_err(Refused::Damaged)?;
        let layer = manifest
            .component(repository)
            .map_err(|error: RegistryError| Refused::Damaged(error.to_string()))?;
        Ok((layer.clone(), signed_by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PublicKey;

    fn checked(bytes: &[u8], verification: &Verification) -> Result<(), Refused> {
        Document::check(bytes, "a", "r.example/x", &Digest::of(b"{}"), verification).map(drop)
    }

    #[test]
    fn a_manifest_that_is_none_is_damage_whatever_its_digest_is() {
        let document = Document::new("a", "r.example/x", b"{}", None, &Verification::Unsigned);
        let bytes = crate::push::json(&document);
        let refused = checked(&bytes, &Verification::Unsigned).unwrap_err();
        assert!(matches!(refused, Refused::Damaged(_)), "{refused:?}");
        let refused = checked(&bytes, &Verification::Keys(Vec::new())).unwrap_err();
        assert!(matches!(refused, Refused::Unsigned(_)), "{refused:?}");
        for other in [
            String::from_utf8(bytes.clone())
                .unwrap()
                .replace(r#""format":1"#, r#""format":2"#),
            String::from_utf8(bytes)
                .unwrap()
                .replace(r#""format""#, r#""x":1,"format""#),
        ] {
            let refused = checked(other.as_bytes(), &Verification::Unsigned).unwrap_err();
            assert!(matches!(refused, Refused::Damaged(_)), "{refused:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_does_harm(text in "[\\[\\]{}:,\"a-zA-Z0-9+/= ]{0,200}", signed in ".{0,50}") {
            let none: Vec<PublicKey> = Vec::new();
            let _ = checked(text.as_bytes(), &Verification::Unsigned);
            for material in [
                Material::Simple { signed: STANDARD.encode(&signed), signature: text.clone() },
                Material::Bundle { text: STANDARD.encode(&signed) },
                Material::Bundle { text },
            ] {
                let judged = material.judge(&Digest::of(b"{}"), &none);
                proptest::prop_assert!(judged.is_err());
            }
        }
    }
}
