//! The bindings in `src/bindings.rs` are generated from `wit/` and kept, so that an author's build needs no
//! generator. This test generates them anew: after a change of `wit/` run it with `HOOKBOX_BLESS=1`.

#![allow(clippy::expect_used, reason = "a test's helpers")]

use std::path::Path;

use wit_bindgen_core::{Files, WorldGenerator, wit_parser::Resolve};

fn generate(wit: &Path) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).expect("wit/ parses");
    let world = resolve
        .select_world(&[package], Some("every-hook"))
        .expect("the world `every-hook`");
    let opts = wit_bindgen_rust::Opts {
        format: true,
        runtime_path: Some("::hookbox_sdk::__private::rt".to_owned()),
        default_bindings_module: Some("::hookbox_sdk::__private::bindings".to_owned()),
        export_macro_name: Some("__export_component".to_owned()),
        pub_export_macro: true,
        generate_all: true,
        ..Default::default()
    };
    let mut files = Files::default();
    opts.build()
        .generate(&mut resolve, world, &mut files)
        .expect("bindings");
    let (_, source) = files.iter().next().expect("one file");
    String::from_utf8(source.to_vec()).expect("UTF-8")
}

#[test]
fn bindings_are_those_of_the_contract() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = generate(&root.join("../../wit"));
    let kept = root.join("src/bindings.rs");
    if std::env::var_os("HOOKBOX_BLESS").is_some() {
        std::fs::write(&kept, &fresh).expect("write src/bindings.rs");
    }
    let kept = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(
        kept == fresh,
        "src/bindings.rs is stale: run this test with HOOKBOX_BLESS=1 and commit the result"
    );
}
