//! The one unsafe operation of this crate, for components and for core modules.

use std::path::Path;

use wasmtime::component::Component;
use wasmtime::{Engine, Module};

/// What is kept compiled.
pub(crate) trait Image: Sized {
    /// Map it from a file that was verified.
    ///
    /// The caller has read the whole file, found it owned by this user, closed to all others, in a folder of which the
    /// same holds, and sealed with this user's key for this very component (or module) and engine.
    fn map(engine: &Engine, path: &Path) -> wasmtime::Result<Self>;
}

impl Image for Component {
    fn map(engine: &Engine, path: &Path) -> wasmtime::Result<Self> {
        // SAFETY: `deserialize_file` wants bytes that this version of wasmtime made with a compatible engine, and that do
        // not change while they are mapped. The seal, which only who reads this user's key could make, says the first: its
        // key lies beside the file with mode 0600, and it covers the engine's compatibility hash, hookbox's version and the
        // digest of the component's source. For the second: images are written under another name and renamed, never
        // changed in place, and nobody but this user (or root) can write to the file or to its folder between our reading
        // it and wasmtime's mapping it; who could, could change this process's own program as well.
        #[allow(
            unsafe_code,
            reason = "the one place that maps a compiled image; see above"
        )]
        unsafe {
            Component::deserialize_file(engine, path)
        }
    }
}

impl Image for Module {
    fn map(engine: &Engine, path: &Path) -> wasmtime::Result<Self> {
        // SAFETY: as for a component. wasmtime tells the two apart by itself.
        #[allow(
            unsafe_code,
            reason = "the other place that maps a compiled image; see above"
        )]
        unsafe {
            Module::deserialize_file(engine, path)
        }
    }
}
