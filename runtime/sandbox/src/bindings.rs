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
    // What a hook asks for is in memory, so that its imports do not wait, but for what is read from elsewhere.
    imports: { "hookbox:hook/cluster": async | trappable, "hookbox:hook/http": async | trappable, default: trappable },
    exports: { default: async },
    with: {
        "hookbox:hook/contexts.binding-context": crate::host::ContextHandle,
        "hookbox:hook/snapshots.snapshot": crate::host::SnapshotHandle,
    },
});

/// Exports that a component may leave out, each bound for itself.
pub mod admission {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "package hookbox:host; world admission { export hookbox:hook/admission@0.1.0; }",
        imports: { default: trappable },
        exports: { default: async },
        with: { "hookbox:hook/types": super::hookbox::hook::types },
    });
}

/// See [`admission`].
pub mod conversion {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "package hookbox:host; world conversion { export hookbox:hook/conversion@0.1.0; }",
        imports: { default: trappable },
        exports: { default: async },
        with: { "hookbox:hook/types": super::hookbox::hook::types },
    });
}

/// See [`admission`].
pub mod filters {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "package hookbox:host; world filters { export hookbox:hook/filters@0.1.0; }",
        imports: { default: trappable },
        exports: { default: async },
        with: { "hookbox:hook/types": super::hookbox::hook::types },
    });
}
