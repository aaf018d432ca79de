//! What wasmtime generates from `wit/`.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "generated"
)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "hook",
    // Everything a hook may ask for today is in memory, so no import waits. An interface that reads from elsewhere is
    // to be listed here as `async | trappable`.
    imports: { default: trappable },
    exports: { default: async },
    with: {
        "hookbox:hook/contexts.binding-context": crate::host::ContextHandle,
        "hookbox:hook/snapshots.snapshot": crate::host::SnapshotHandle,
    },
});
