//! Public keys, and whether a signature is by one.

use std::fmt;

use ed25519_dalek::{Signature, VerifyingKey};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use sha2::{Digest as _, Sha512};

use crate::der::{BIT_STRING, SEQUENCE, element, whole};
use crate::{Digest, RegistryError};

/// Most bytes of a key's text.
const LONGEST: usize = 16 << 10;

// Contents of AlgorithmIdentifier (RFC 5280), DER.
pub(crate) const P256: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, // id-ecPublicKey
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, // prime256v1
];
const P384: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, // id-ecPublicKey
    0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, // secp384r1
];
pub(crate) const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
pub(crate) const RSA: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, // rsaEncryption
    0x05, 0x00,
];

/// A public key: ECDSA on P-256 (what cosign makes) or P-384, Ed25519, or RSA of 2048 to 8192 bits (PKCS #1 v1.5). The
/// hash is SHA-256; with P-384 it is SHA-384.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    /// The key itself, as the algorithm has it.
    key: Vec<u8>,
    id: Digest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    Ed25519,
    Rsa,
}

impl PublicKey {
    /// Read a key in PEM form (`-----BEGIN PUBLIC KEY-----`). Only the key may be there.
    ///
    /// # Errors
    /// [`RegistryError::Key`] when it is not one, or of another kind.
    pub fn from_pem(text: &str) -> Result<Self, RegistryError> {
        let bad = |why: String| RegistryError::Key(why);
        if text.len() > LONGEST {
            return Err(bad(format!("a public key has at most {LONGEST} bytes")));
        }
        let mut blocks = pem::parse_many(text)
            .map_err(|error| bad(format!("it is not in PEM form: {error}")))?
            .into_iter();
        let (Some(block), None) = (blocks.next(), blocks.next()) else {
            return Err(bad(
                "it is not one block of PEM, `-----BEGIN PUBLIC KEY-----`".to_owned(),
            ));
        };
        match block.tag() {
            "PUBLIC KEY" => Self::from_der(block.contents()),
            tag if tag.contains("PRIVATE KEY") => Err(bad(
                "it is a private key: name the public one, and keep the private one to yourself"
                    .to_owned(),
            )),
            _ => Err(bad(
                "it is not a public key: it begins with something else than `-----BEGIN PUBLIC KEY-----`"
                    .to_owned(),
            )),
        }
    }

    /// Read a key as DER (SubjectPublicKeyInfo).
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, RegistryError> {
        let (kind, key) = parse(der).ok_or_else(|| {
            RegistryError::Key(
                "it is not ECDSA on P-256 or P-384, Ed25519, or RSA of 2048 to 8192 bits"
                    .to_owned(),
            )
        })?;
        Ok(Self {
            kind,
            key: key.to_vec(),
            id: Digest::of(der),
        })
    }

    /// What it is called in reports: the SHA-256 digest of its DER form, the same that other tools print.
    #[must_use]
    pub fn id(&self) -> Digest {
        self.id
    }

    /// Whether this signature of the message is by this key.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match self.kind {
            Kind::P256 => &signature::ECDSA_P256_SHA256_ASN1,
            Kind::P384 => &signature::ECDSA_P384_SHA384_ASN1,
            Kind::Ed25519 => &signature::ED25519,
            Kind::Rsa => &signature::RSA_PKCS1_2048_8192_SHA256,
        };
        let by = |algorithm| {
            UnparsedPublicKey::new(algorithm, &self.key)
                .verify(message, signature)
                .is_ok()
        };
        if self.kind == Kind::Ed25519 && self.verifies_prehashed(message, signature) {
            return true;
        }
        // cosign takes SHA-256 for every curve where nothing else is said.
        by(algorithm) || (self.kind == Kind::P384 && by(&signature::ECDSA_P384_SHA256_ASN1))
    }
}

impl PublicKey {
    /// Ed25519ph (RFC 8032), which cosign takes to sign; it takes both to verify.
    fn verifies_prehashed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = <&[u8; 32]>::try_from(self.key.as_slice())
            .ok()
            .and_then(|key| VerifyingKey::from_bytes(key).ok());
        let signature = Signature::from_slice(signature).ok();
        let (Some(key), Some(signature)) = (key, signature) else {
            return false;
        };
        key.verify_prehashed_strict(Sha512::new_with_prefix(message), None, &signature)
            .is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?}, {})", self.kind, self.id)
    }
}

fn parse(der: &[u8]) -> Option<(Kind, &[u8])> {
    let info = whole(element(der, SEQUENCE)?)?;
    let (algorithm, rest) = element(info, SEQUENCE)?;
    let bits = whole(element(rest, BIT_STRING)?)?;
    // The number of bits that the last byte leaves unused.
    let key = bits.strip_prefix(&[0])?;
    let kind = if algorithm == P256 {
        (key.len() == 65 && key.first() == Some(&4)).then_some(Kind::P256)
    } else if algorithm == P384 {
        (key.len() == 97 && key.first() == Some(&4)).then_some(Kind::P384)
    } else if algorithm == ED25519 {
        (key.len() == 32).then_some(Kind::Ed25519)
    } else if algorithm == RSA {
        // A modulus of 2048 to 8192 bits, its exponent and their frames.
        whole(element(key, SEQUENCE)?)?;
        (260..=1100).contains(&key.len()).then_some(Kind::Rsa)
    } else {
        None
    };
    Some((kind?, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_bytes_do_harm(mut der in proptest::collection::vec(proptest::num::u8::ANY, 0..200), signature in proptest::collection::vec(proptest::num::u8::ANY, 0..100)) {
            let _ = PublicKey::from_der(&der);
            // The same behind the beginning of a key of each kind.
            for algorithm in [P256, P384, ED25519, RSA] {
                for length in [32, 65, 97, 300] {
                    der.resize(length, 4);
                    let bits = crate::der::make(BIT_STRING, &[&[0], &der]);
                    let info = crate::der::make(SEQUENCE, &[&crate::der::make(SEQUENCE, &[algorithm]), &bits]);
                    if let Ok(key) = PublicKey::from_der(&info) {
                        proptest::prop_assert!(!key.verifies(b"message", &signature));
                    }
                }
            }
        }
    }
}
