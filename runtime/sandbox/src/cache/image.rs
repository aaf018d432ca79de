//! The one unsafe operation of this crate, for components and for core modules.

use std::fs::File;

use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use super::file;

/// What is kept compiled.
pub(crate) trait Image: Sized {
    /// Map it from an open file that was verified.
    ///
    /// The caller has read the whole of this very file, found it owned by this user, closed to all others, in a folder of which the
    /// same holds, and sealed with this user's key for this very component (or module) and engine.
    fn map(engine: &Engine, file: &File) -> wasmtime::Result<Self>;
}

impl Image for Component {
    fn map(engine: &Engine, file: &File) -> wasmtime::Result<Self> {
        // SAFETY: `deserialize_file` wants bytes that this version of wasmtime made with a compatible engine, and that do
        // not change while they are mapped. The seal, which only who reads this user's key could make, says the first: its
        // key lies beside the file with mode 0600, and it covers the engine's compatibility hash, hookbox's version and the
        // digest of the component's source. For the second: images are written under another name and renamed, never
        // changed in place; nobody but this user (or root) can write to the file, and who could, could change this process's
        // own program as well. What is mapped is the file that was read, and not what its name stands for by then: a
        // folder above may belong to somebody else.
        #[allow(
            unsafe_code,
            reason = "the one place that maps a compiled image; see above"
        )]
        unsafe {
            Component::deserialize_file(engine, file::itself(file))
        }
    }
}

impl Image for Module {
    fn map(engine: &Engine, file: &File) -> wasmtime::Result<Self> {
        // SAFETY: as for a component. wasmtime tells the two apart by itself.
        #[allow(
            unsafe_code,
            reason = "the other place that maps a compiled image; see above"
        )]
        unsafe {
            Module::deserialize_file(engine, file::itself(file))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_verified_is_mapped_and_not_what_took_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let write = |name: &str| {
            let text = format!("(module (func (export \"{name}\")))");
            let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
            let path = folder.path().join(name);
            std::fs::write(&path, module.serialize().unwrap()).unwrap();
            path
        };
        let (verified, other) = (write("verified"), write("other"));
        let file = File::open(&verified).unwrap();
        std::fs::rename(other, &verified).unwrap();
        let module = Module::map(&engine, &file).unwrap();
        let exports: Vec<_> = module
            .exports()
            .map(|export| export.name().to_owned())
            .collect();
        assert_eq!(exports, ["verified"]);
    }
}
