//! Whose signature an image must have.

use crate::{PublicKey, RegistryError};

/// What is asked of an image before its component is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// Nothing: its digest alone says which it is.
    Unsigned,
    /// A signature of its digest by one of these keys. Without keys nothing fits.
    Keys(Vec<PublicKey>),
    /// No signature, or one by one of these keys: what is signed by others only, or by a damaged signature, does not fit.
    IfSigned(Vec<PublicKey>),
}

impl Verification {
    /// A signature by one of these keys, in PEM form.
    ///
    /// # Errors
    /// [`RegistryError::Key`] when one of them is not a key.
    pub fn keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, RegistryError> {
        read(keys).map(Self::Keys)
    }

    /// No signature, or one by one of these keys, in PEM form. Without keys no signature is looked for.
    ///
    /// # Errors
    /// [`RegistryError::Key`] when one of them is not a key.
    pub fn if_signed<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, RegistryError> {
        let keys = read(keys)?;
        Ok(match keys.is_empty() {
            true => Self::Unsigned,
            false => Self::IfSigned(keys),
        })
    }
}

fn read<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Vec<PublicKey>, RegistryError> {
    keys.into_iter().map(PublicKey::from_pem).collect()
}
