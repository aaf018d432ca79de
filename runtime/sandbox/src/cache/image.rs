//! The one unsafe operation of this crate.

use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::Component;

/// Map a compiled component from a file that was verified.
///
/// The caller has read the whole file, found it owned by this user, closed to all others, in a folder of which the
/// same holds, and sealed with this user's key for this very component and engine.
pub(super) fn map(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
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
