//! Core modules of the host's own, such as an interpreter, for who uses the sandbox's engine for guests that are no
//! hooks.

use std::sync::Arc;

use wasmtime::Module;

use crate::cache::Found;
use crate::sandbox::{Sandbox, Shared};
use crate::{LoadError, compile, load};

impl Sandbox {
    /// Compile a core module for [`Sandbox::engine`], or find it compiled in the cache. The module is the host's own:
    /// none of the limits for components hold for it, and it is not remembered. What cannot be read or written in the
    /// cache is no error.
    ///
    /// # Errors
    /// When it is not a module that the engine can run, or no thread can be started.
    pub async fn load_core_module(&self, bytes: &'static [u8]) -> Result<Module, LoadError> {
        let shared = Arc::clone(&self.shared);
        compile::on_thread(move || find_or_compile(&shared, bytes)).await?
    }
}

fn find_or_compile(shared: &Shared, bytes: &[u8]) -> Result<Module, LoadError> {
    let digest = load::digest(bytes);
    if let Some(cache) = &shared.cache
        && let Found::Compiled(module) = cache.find(&shared.engine, &digest)
    {
        return Ok(*module);
    }
    let invalid = |error: wasmtime::Error| LoadError::Invalid(format!("{error:#}"));
    let module = Module::new(&shared.engine, bytes).map_err(invalid)?;
    if let Some(cache) = &shared.cache {
        let image = module.serialize().map_err(invalid)?;
        // What is wrong with the cache is told by the components' loads, which come to the same folder.
        let _ = cache.store(&digest, &image);
    }
    Ok(module)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::Settings;

    const MODULE: &[u8] = b"\0asm\x01\0\0\0";

    async fn load(cache: &Path) -> Result<Module, LoadError> {
        let settings = Settings {
            cache_dir: Some(cache.to_owned()),
            ..Settings::default()
        };
        Sandbox::new(settings)
            .unwrap()
            .load_core_module(MODULE)
            .await
    }

    fn images(cache: &Path) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(cache.join("components")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let images = paths.filter(|path| fs::read(path).unwrap().len() > 100);
        images.map(|path| fs::read(path).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_module_is_kept_compiled_and_replaced_when_damaged() {
        let cache = tempfile::tempdir().unwrap();
        load(cache.path()).await.unwrap();
        let first = images(cache.path());
        assert_eq!(first.len(), 1);
        load(cache.path()).await.unwrap();
        assert_eq!(images(cache.path()), first);
        for entry in fs::read_dir(cache.path().join("components")).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = fs::read(&path).unwrap();
            if bytes.len() > 100 {
                bytes[50] ^= 1;
                fs::write(&path, bytes).unwrap();
            }
        }
        load(cache.path()).await.unwrap();
        assert_eq!(images(cache.path()), first);
    }

    #[tokio::test]
    async fn what_is_no_module_is_refused() {
        let sandbox = Sandbox::new(Settings::default()).unwrap();
        let error = sandbox.load_core_module(b"no").await.unwrap_err();
        assert!(matches!(error, LoadError::Invalid(_)), "{error}");
    }
}
