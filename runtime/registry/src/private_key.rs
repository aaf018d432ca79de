//! Private keys: the file that cosign makes, encrypted with a password, or plain PKCS #8.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::Aead;
use crypto_secretbox::{KeyInit, XSalsa20Poly1305};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde::{Deserialize, Serialize};

use crate::der::{self, BIT_STRING, SEQUENCE};
use crate::public_key::{ED25519, P256, RSA};
use crate::{PublicKey, RegistryError};

/// Most bytes of a key's text.
const LONGEST: usize = 64 << 10;
/// What cosign calls its files, now and before.
const SEALED: [&str; 2] = [
    "ENCRYPTED SIGSTORE PRIVATE KEY",
    "ENCRYPTED COSIGN PRIVATE KEY",
];
/// What cosign takes to make a password's key. A file may ask for other costs, up to four times these.
const COST: Params = Params {
    n: 1 << 16,
    r: 8,
    p: 1,
};

/// A key that signs: ECDSA on P-256, Ed25519 or RSA.
pub struct PrivateKey {
    pair: Pair,
    public: PublicKey,
    public_der: Vec<u8>,
}

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never what is secret.
        write!(f, "PrivateKey({:?})", self.public)
    }
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Serialize, Deserialize, Clone, Copy)]
struct Params {
    #[serde(rename = "N")]
    n: u32,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

impl PrivateKey {
    /// Read a key in PEM form: as cosign writes it (then the password is needed), or PKCS #8 without a password
    /// (`-----BEGIN PRIVATE KEY-----`).
    ///
    /// # Errors
    /// [`RegistryError::Key`] when it is not a key, or the password is not its.
    pub fn from_pem(text: &str, password: Option<&str>) -> Result<Self, RegistryError> {
        let bad = |why: &str| RegistryError::Key(why.to_owned());
        if text.len() > LONGEST {
            return Err(bad("a private key has at most 65536 bytes"));
        }
        let block = pem::parse(text).map_err(|_| bad("it is not in PEM form"))?;
        match block.tag() {
            "PRIVATE KEY" => Self::from_pkcs8(block.contents()),
            tag if SEALED.contains(&tag) => {
                let password = password.ok_or_else(|| {
                    bad("it is encrypted, and there is no password (HOOKBOX_KEY_PASSWORD)")
                })?;
                Self::from_pkcs8(&open(block.contents(), password)?)
            }
            "PUBLIC KEY" => Err(bad("it is a public key: a private one signs")),
            _ => Err(bad(
                "it is neither cosign's (`ENCRYPTED SIGSTORE PRIVATE KEY`) nor PKCS #8 (`PRIVATE KEY`)",
            )),
        }
    }

    /// A new key (ECDSA on P-256) and its file: as cosign writes it, encrypted with the password, which may be empty.
    ///
    /// # Errors
    /// [`RegistryError::Key`] when there is no randomness.
    pub fn generate(password: &str) -> Result<(Self, String), RegistryError> {
        let random = SystemRandom::new();
        let cannot = |_| RegistryError::Key("this machine gives no random bytes".to_owned());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
            .map_err(cannot)?;
        let (mut salt, mut nonce) = ([0; 32], [0; 24]);
        random.fill(&mut salt).map_err(cannot)?;
        random.fill(&mut nonce).map_err(cannot)?;
        let ciphertext = secretbox(password, &salt, COST)?
            .encrypt(&nonce.into(), pkcs8.as_ref())
            .map_err(|_| RegistryError::Key("it cannot be encrypted".to_owned()))?;
        let sealed = Sealed {
            kdf: Kdf {
                name: "scrypt".to_owned(),
                params: COST,
                salt: STANDARD.encode(salt),
            },
            cipher: Cipher {
                name: "nacl/secretbox".to_owned(),
                nonce: STANDARD.encode(nonce),
            },
            ciphertext: STANDARD.encode(ciphertext),
        };
        let [tag, _] = SEALED;
        let file = encode(tag, crate::push::json(&sealed));
        Ok((Self::from_pkcs8(pkcs8.as_ref())?, file))
    }

    /// Its public key.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The file of its public key, PEM.
    #[must_use]
    pub fn public_pem(&self) -> String {
        encode("PUBLIC KEY", self.public_der.clone())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, RegistryError> {
        let random = SystemRandom::new();
        let cannot = |_| RegistryError::Key("it cannot sign".to_owned());
        match &self.pair {
            Pair::P256(pair) => Ok(pair
                .sign(&random, message)
                .map_err(cannot)?
                .as_ref()
                .to_vec()),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(cannot)?;
                Ok(signature)
            }
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, RegistryError> {
        let random = SystemRandom::new();
        let (pair, algorithm, public) = if let Ok(pair) =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der, &random)
        {
            let public = pair.public_key().as_ref().to_vec();
            (Pair::P256(pair), P256, public)
        } else if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            let public = pair.public_key().as_ref().to_vec();
            (Pair::Ed25519(pair), ED25519, public)
        } else if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            let public = pair.public_key().as_ref().to_vec();
            (Pair::Rsa(pair), RSA, public)
        } else {
            return Err(RegistryError::Key(
                "it is not ECDSA on P-256, Ed25519, or RSA of 2048 to 4096 bits".to_owned(),
            ));
        };
        let public_der = der::make(
            SEQUENCE,
            &[
                &der::make(SEQUENCE, &[algorithm]),
                &der::make(BIT_STRING, &[&[0], &public]),
            ],
        );
        Ok(Self {
            pair,
            public: PublicKey::from_der(&public_der)?,
            public_der,
        })
    }
}

fn encode(tag: &str, contents: Vec<u8>) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(tag, contents), config)
}

/// The plain key in an encrypted file.
fn open(text: &[u8], password: &str) -> Result<Vec<u8>, RegistryError> {
    let bad = |why: &str| RegistryError::Key(why.to_owned());
    let sealed: Sealed =
        serde_json::from_slice(text).map_err(|_| bad("it is not as cosign writes it"))?;
    if sealed.kdf.name != "scrypt" || sealed.cipher.name != "nacl/secretbox" {
        return Err(bad("it is encrypted in an unknown way"));
    }
    let Params { n, r, p } = sealed.kdf.params;
    let cost = u64::from(n)
        .saturating_mul(u64::from(r))
        .saturating_mul(u64::from(p));
    if cost > u64::from(COST.n * COST.r * COST.p) * 4 {
        return Err(bad("its password's cost is too high"));
    }
    let decode = |text: &str| STANDARD.decode(text).map_err(|_| bad("it is damaged"));
    let nonce: [u8; 24] = decode(&sealed.cipher.nonce)?
        .try_into()
        .map_err(|_| bad("it is damaged"))?;
    secretbox(password, &decode(&sealed.kdf.salt)?, sealed.kdf.params)?
        .decrypt(&nonce.into(), decode(&sealed.ciphertext)?.as_slice())
        .map_err(|_| bad("the password is not its, or it is damaged"))
}

fn secretbox(password: &str, salt: &[u8], cost: Params) -> Result<XSalsa20Poly1305, RegistryError> {
    let bad = || RegistryError::Key("its password's cost is none that can be".to_owned());
    if !cost.n.is_power_of_two() || cost.n < 2 {
        return Err(bad());
    }
    let log = u8::try_from(cost.n.ilog2()).map_err(|_| bad())?;
    let params = scrypt::Params::new(log, cost.r, cost.p, 32).map_err(|_| bad())?;
    let mut key = [0; 32];
    scrypt::scrypt(password.as_bytes(), salt, &params, &mut key).map_err(|_| bad())?;
    Ok(XSalsa20Poly1305::new(&key.into()))
}
