//! What a component must be before it is compiled.

pub(crate) mod contract;
pub(crate) mod work;
pub(crate) mod world;

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::Limit;
use crate::sandbox::Settings;

/// SHA-256 of a component file.
pub(crate) type Digest = [u8; 32];

/// Why a component was not loaded. Nothing of it was run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is no WebAssembly at all.
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// The file is a core module: what a compiler makes before it becomes a component.
    #[error(
        "this is a core WebAssembly module, not a component: build for `wasm32-wasip2`, or wrap it with `wasm-tools component new`"
    )]
    CoreModule,
    /// A component, but one that holds no hooks.
    #[error("not a hook component: {0}")]
    WrongWorld(String),
    /// It was built against a contract that this hookbox does not know yet.
    #[error("{what} of {found}, this hookbox has {host}: upgrade hookbox")]
    LaterContract {
        /// What is asked for.
        what: String,
        /// The package and version asked for.
        found: String,
        /// The package and version that there is.
        host: String,
    },
    /// It was built against a contract that this hookbox knows no more.
    #[error("{what} of {found}, this hookbox has {host}: build it anew with a current SDK")]
    EarlierContract {
        /// What is asked for.
        what: String,
        /// The package and version asked for.
        found: String,
        /// The package and version that there is.
        host: String,
    },
    /// It imports something that no hook is given.
    #[error("{0}")]
    MissingImport(String),
    /// It is larger than allowed.
    #[error("too large: {limit} {used}, at most {allowed} are allowed")]
    TooLarge {
        /// In what.
        limit: Limit,
        /// What it has.
        used: u64,
        /// What is allowed.
        allowed: u64,
    },
    /// It did not compile in time.
    #[error("not compiled within {} s", .allowed.as_secs_f64())]
    CompileTime {
        /// The time allowed.
        allowed: Duration,
    },
    /// It is broken, or needs what the engine does not have.
    #[error("not a valid component: {0}")]
    Invalid(String),
    /// The host cannot load anything now.
    #[error("no component can be loaded: {0}")]
    Host(String),
}

impl LoadError {
    /// A stable word for the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAComponent(_) => "not-a-component",
            Self::CoreModule => "core-module",
            Self::WrongWorld(_) => "wrong-world",
            Self::LaterContract { .. } => "later-contract",
            Self::EarlierContract { .. } => "earlier-contract",
            Self::MissingImport(_) => "missing-import",
            Self::TooLarge { .. } => "too-large",
            Self::CompileTime { .. } => "compile-time",
            Self::Invalid(_) => "invalid",
            Self::Host(_) => "host",
        }
    }

    /// The limit that was come to, if that is why.
    #[must_use]
    pub fn limit(&self) -> Option<Limit> {
        match self {
            Self::TooLarge { limit, .. } => Some(*limit),
            Self::CompileTime { .. } => Some(Limit::CompileTime),
            _ => None,
        }
    }
}

/// The digest by which a component is known ([`Component::digest`](crate::Component::digest)): `sha256:` and 64
/// hexadecimal digits.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(digest(bytes)))
}

/// Digest of a file.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// What costs nothing to see: size, and the first eight bytes.
pub(crate) fn first_look(bytes: &[u8], settings: &Settings) -> Result<(), LoadError> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > settings.max_component_size {
        let allowed = settings.max_component_size;
        return Err(LoadError::TooLarge {
            limit: Limit::ComponentSize,
            used: size,
            allowed,
        });
    }
    let not = |what: &str| Err(LoadError::NotAComponent(what.to_owned()));
    let Some((magic, rest)) = bytes.split_first_chunk::<4>() else {
        return not(if bytes.is_empty() {
            "the file is empty"
        } else {
            "the file has fewer than 8 bytes"
        });
    };
    match magic {
        b"\0asm" => match rest.split_first_chunk::<4>() {
            Some(([_, _, 0, 0], _)) => Err(LoadError::CoreModule),
            Some(([0x0d, 0, 1, 0], _)) => Ok(()),
            Some((version, _)) => not(&format!(
                "unknown version {version:02x?} of the component format"
            )),
            None => not("the file has fewer than 8 bytes"),
        },
        b"\x7fELF" => not(
            "this is a native program or an image compiled by wasmtime; the `.wasm` file is needed",
        ),
        [0x1f, 0x8b, ..] => not("this is a gzip archive"),
        b"PK\x03\x04" => not("this is a zip archive"),
        [b'#', b'!', ..] => not("this is a script"),
        _ => match std::str::from_utf8(bytes.get(..bytes.len().min(64)).unwrap_or(bytes)) {
            Ok(text) if text.trim_start().starts_with('(') => {
                not("this is WebAssembly text; `wasm-tools parse` makes a binary of it")
            }
            Ok(_) => not("this is a text file"),
            Err(_) => not("it does not begin with `\\0asm`"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_look_tells_what_a_file_is() {
        let settings = Settings {
            max_component_size: 100,
            ..Settings::default()
        };
        let table: [(&[u8], &str); 11] = [
            (b"", "empty"),
            (b"\0as", "fewer than 8"),
            (b"\0asm\x0d", "fewer than 8"),
            (b"\0asm\x0c\0\x01\0", "unknown version"),
            (b"#!/bin/sh\n", "script"),
            (b"(component)", "WebAssembly text"),
            (b"configVersion: v1", "a text file"),
            (b"\x7fELF\x02\x01", "native program"),
            (b"\x1f\x8b\x08\x00", "gzip"),
            (b"PK\x03\x04", "zip"),
            (b"\xff\xfe\x00\x01\xff", "does not begin"),
        ];
        for (bytes, says) in table {
            let error = first_look(bytes, &settings).unwrap_err();
            assert_eq!(error.code(), "not-a-component");
            assert!(error.to_string().contains(says), "{bytes:?}: {error}");
        }
        assert_eq!(
            first_look(b"\0asm\x01\0\0\0", &settings),
            Err(LoadError::CoreModule)
        );
        assert_eq!(first_look(b"\0asm\x0d\0\x01\0", &settings), Ok(()));
        let error = first_look(&[0; 101], &settings).unwrap_err();
        assert_eq!(
            error,
            LoadError::TooLarge {
                limit: Limit::ComponentSize,
                used: 101,
                allowed: 100
            }
        );
    }
}
