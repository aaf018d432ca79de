//! Compiled components on disk.
//!
//! A compiled component is machine code that the host will run with all its rights, so a file in the cache is believed
//! only when it carries a seal (HMAC-SHA-256) made with a key that is readable by this user alone, over the name under
//! which it is looked for. Folder, key and images must belong to this user and be closed to all others.

mod file;
mod image;
mod key;

use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

use crate::load::Digest;
use image::Image;

/// Length of a seal, at the end of each image.
const SEAL: usize = 32;

/// Why the cache cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    #[error("{}: {error}", .path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{} {what}", .path.display())]
    Untrusted { path: PathBuf, what: &'static str },
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> CacheError {
    |error| CacheError::Io {
        path: path.to_path_buf(),
        error,
    }
}

/// The cache.
pub(crate) struct Cache {
    /// `components` below the folder that was given: that one may be shared, this one is ours alone.
    folder: PathBuf,
    size: u64,
    /// Differs between engines whose images differ, and between versions of hookbox.
    engine: Digest,
    key: OnceLock<[u8; 32]>,
}

/// What was found.
pub(crate) enum Found<T> {
    Compiled(Box<T>),
    Nothing,
    /// Something that cannot be used, and why. Not fatal: the component is compiled.
    Useless(String),
}

impl Cache {
    pub(crate) fn new(folder: PathBuf, size: u64, engine: &Engine) -> Self {
        let mut hasher = Hashed(Sha256::new());
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let engine = hasher.0.finalize().into();
        Self {
            folder: folder.join("components"),
            size,
            engine,
            key: OnceLock::new(),
        }
    }

    /// The component of this digest, compiled.
    pub(crate) fn find<T: Image>(&self, engine: &Engine, digest: &Digest) -> Found<T> {
        let path = self.path(digest);
        match self.open(engine, digest, &path) {
            Ok(Some(component)) => Found::Compiled(Box::new(component)),
            Ok(None) => Found::Nothing,
            Err(why) => {
                // What is broken stays broken, and is written anew. If it cannot be removed neither can it be written.
                let _ = std::fs::remove_file(&path);
                Found::Useless(format!(
                    "the compiled component was not taken from the cache: {why}"
                ))
            }
        }
    }

    fn open<T: Image>(
        &self,
        engine: &Engine,
        digest: &Digest,
        path: &Path,
    ) -> Result<Option<T>, String> {
        let Some(file) = file::open(&self.folder, path).map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let bytes = file::whole(&file, path).map_err(|error| error.to_string())?;
        let key = self.key().map_err(|error| error.to_string())?;
        let sealed = bytes
            .split_last_chunk::<SEAL>()
            .is_some_and(|(image, seal)| self.seal(&key, digest, image).verify_slice(seal).is_ok());
        if !sealed {
            return Err(format!("{} is damaged or not ours", path.display()));
        }
        drop(bytes);
        let component =
            T::map(engine, &file).map_err(|error| format!("{}: {error:#}", path.display()))?;
        file::touch(&file);
        Ok(Some(component))
    }

    /// Keep an image.
    pub(crate) fn store(&self, digest: &Digest, image: &[u8]) -> Result<(), CacheError> {
        file::folder(&self.folder)?;
        let key = self.key()?;
        let seal = self.seal(&key, digest, image).finalize().into_bytes();
        file::write(&self.folder, &self.path(digest), &[image, seal.as_slice()])?;
        file::sweep(&self.folder, self.size);
        Ok(())
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let mut name = Sha256::new();
        name.update(self.engine);
        name.update(digest);
        self.folder
            .join(hex::encode(name.finalize()))
            .with_extension(file::EXTENSION)
    }

    fn seal(&self, key: &[u8; 32], digest: &Digest, image: &[u8]) -> Hmac<Sha256> {
        // A key of any length will do for HMAC, so that this cannot fail; an empty seal would match nothing.
        let mut seal =
            Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
        seal.update(&self.engine);
        seal.update(digest);
        seal.update(image);
        seal
    }

    fn key(&self) -> Result<[u8; 32], CacheError> {
        if let Some(key) = self.key.get() {
            return Ok(*key);
        }
        let key = key::read_or_make(&self.folder)?;
        Ok(*self.key.get_or_init(|| key))
    }
}

/// Lets wasmtime's hash of an engine be taken with SHA-256: the standard hashers promise nothing between processes.
struct Hashed(Sha256);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        digest
            .first_chunk::<8>()
            .map_or(0, |first| u64::from_be_bytes(*first))
    }
}
