//! Projects in Rust.

use super::{Kind, Template, texts};

pub(super) const TEMPLATE: Template = Template {
    files: texts!["rust": "Cargo.toml", "README.md"],
    of_kind: |kind| match kind {
        Kind::Hook => texts!["rust/hook": "src/lib.rs"],
        Kind::Module => texts!["rust/module": "src/lib.rs"],
        Kind::Admission => texts!["rust/admission": "src/lib.rs"],
    },
    first: "src/lib.rs",
    sdk: super::RUST_SDK,
    vendor: "vendor/hookbox",
    folder: "sdk/rust",
    reserved: &["test"],
    manifest: ("Cargo.toml", "name=\"hookbox-sdk\""),
};
