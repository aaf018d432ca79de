//! Signatures as cosign stores them in a registry: where they are looked for, and when one counts.
//!
//! A signature counts when it was made with a wanted key over a document that says that it is a signature, and of just
//! this digest. Transparency logs are not asked: a key that is wanted is trusted by itself.

mod bundle;
mod simple;

pub(crate) use bundle::{BUNDLE_V03, SIGN, bundle};
pub(crate) use simple::{PAYLOAD, SIGNATURE, payload};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::session::Session;
use crate::{Digest, PublicKey, RegistryError};

/// One signature that was found, before it is believed.
pub(crate) struct Claim {
    /// The bytes that were signed.
    signed: Vec<u8>,
    signature: Vec<u8>,
    /// The digest that the signed document is about, or why it is about none.
    subject: Result<Vec<Digest>, String>,
}

/// A signature as the registry has it, to be judged again later. Bytes are in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Material {
    /// The older form.
    Simple { signed: String, signature: String },
    /// The newer form.
    Bundle { text: String },
}

impl Material {
    /// The key whose signature of this digest it is, or why it is none by these keys.
    pub(crate) fn judge(&self, digest: &Digest, keys: &[PublicKey]) -> Result<Digest, String> {
        let decode = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|_| "a stored signature is not base64".to_owned())
        };
        let claims = match self {
            Self::Simple { signed, signature } => {
                vec![simple::claim(decode(signed)?, decode(signature)?)]
            }
            Self::Bundle { text } => bundle::claims(&decode(text)?)?,
        };
        let mut search = Search {
            digest,
            keys,
            left: 0,
            why: None,
        };
        let by = claims.iter().find_map(|claim| search.judge(claim));
        by.ok_or_else(|| {
            search
                .why
                .unwrap_or_else(|| "there is no signature in it".to_owned())
        })
    }
}

/// The tag of an image's signatures in the older form.
pub(crate) fn tag(digest: &Digest) -> String {
    format!("sha256-{}.sig", digest.hex())
}

/// The tag of the index of what refers to an image, where the registry keeps none itself.
pub(crate) fn referrers_tag(digest: &Digest) -> String {
    format!("sha256-{}", digest.hex())
}

/// Look for a signature of this digest by one of the keys; the key whose signature it is, and the signature.
pub(crate) async fn verify(
    session: &Session<'_>,
    what: &str,
    digest: &Digest,
    keys: &[PublicKey],
) -> Result<(Digest, Material), RegistryError> {
    let mut search = Search {
        digest,
        keys,
        left: session.settings.max_signatures,
        why: None,
    };
    if let Some(by) = simple::search(session, what, &mut search).await? {
        return Ok(by);
    }
    if let Some(by) = bundle::search(session, what, &mut search).await? {
        return Ok(by);
    }
    Err(match search.why {
        None => RegistryError::Unsigned(what.to_owned()),
        Some(why) => RegistryError::Signature {
            what: what.to_owned(),
            keys: keys.len(),
            why,
        },
    })
}

/// In which forms, the older and the newer one, there is a signature of this digest by this key.
pub(crate) async fn there(
    session: &Session<'_>,
    what: &str,
    digest: &Digest,
    key: &PublicKey,
) -> Result<(bool, bool), RegistryError> {
    let keys = std::slice::from_ref(key);
    let mut search = Search {
        digest,
        keys,
        left: session.settings.max_signatures,
        why: None,
    };
    let simple = simple::search(session, what, &mut search).await?.is_some();
    search.left = session.settings.max_signatures;
    let bundle = bundle::search(session, what, &mut search).await?.is_some();
    Ok((simple, bundle))
}

/// What is looked for, and how far the search is.
pub(crate) struct Search<'a> {
    digest: &'a Digest,
    keys: &'a [PublicKey],
    /// Signatures that are still looked at.
    left: usize,
    /// Why the last one did not count.
    why: Option<String>,
}

impl Search<'_> {
    /// Whether one more may be looked at.
    fn next(&mut self) -> bool {
        if self.left == 0 {
            self.why = Some("there are more signatures than are looked at".to_owned());
            return false;
        }
        self.left -= 1;
        true
    }

    /// What was found is none.
    fn miss(&mut self, why: impl Into<String>) {
        self.why = Some(why.into());
    }

    /// The key, when this is a signature of the digest by one that is wanted. Nothing of a document that no wanted key
    /// signed is believed.
    fn judge(&mut self, claim: &Claim) -> Option<Digest> {
        let by = self
            .keys
            .iter()
            .find(|key| key.verifies(&claim.signed, &claim.signature));
        let Some(by) = by else {
            self.miss("a signature there is by another key, or damaged");
            return None;
        };
        match &claim.subject {
            Ok(subjects) if subjects.contains(self.digest) => Some(by.id()),
            Ok(_) => {
                self.miss("a signature there is of another image");
                None
            }
            Err(why) => {
                self.miss(why.clone());
                None
            }
        }
    }
}

/// What a registry does not have is not there; any other error is one.
pub(crate) fn found<T>(result: Result<T, RegistryError>) -> Result<Option<T>, RegistryError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(RegistryError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
