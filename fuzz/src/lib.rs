//! The fuzz targets, as functions of the bytes. Each reads what a guest, a file or somebody else's process wrote, and
//! panics where what must hold does not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a finding is a panic"
)]

mod component;
mod files;
mod script;

pub use component::component;
pub use files::{config, journal, metrics, patches};
pub use script::{effects, prepare, values};

/// What takes an input.
pub type Target = fn(&[u8]);

/// The targets by name, as the folders of `corpus/` are named.
pub const TARGETS: [(&str, Target); 7] = [
    ("component", component),
    ("config", config),
    ("effects", effects),
    ("journal", journal),
    ("metrics", metrics),
    ("patches", patches),
    ("values", values),
];

/// The runtime on which targets wait.
fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
    })
}
