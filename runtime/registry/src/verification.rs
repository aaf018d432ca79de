//! Whose signature an image must have.

use crate::{PublicKey, RegistryError};

/// What is asked of an image before its component is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// Nothing: its digest alone says which it is.
    Unsigned,
    /// A signature of its digest by one of these keys. Without keys nothing fits.
    Keys(Vec<PublicKey>),
}

impl Verification {
    /// A signature by one of these keys, in PEM form.
    ///
    /// # Errors
    /// [`RegistryError::Key`] when one of them is not a key.
    pub fn keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, RegistryError> {
        keys.into_iter()
            .map(PublicKey::from_pem)
            .collect::<Result<_, _>>()
            .map(Self::Keys)
    }
}
