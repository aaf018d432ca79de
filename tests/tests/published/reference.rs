//! References of the SDKs by each language's own tool. Those of Python, TypeScript and C are made by the other tests of
//! those SDKs, in `command_line`; that all of Go's is documented is a test of the SDK itself.

use hookbox_tests::hookbox::checkout;

use super::{place, program, read};

#[tokio::test(flavor = "multi_thread")]
async fn rustdoc_makes_the_reference_of_the_published_crates() {
    let target = place().join("reference");
    let target_text = target.to_string_lossy();
    // In the order in which docs.rs would have them: none links to a page that is not there.
    let arguments = [
        "doc",
        "--offline",
        "--no-deps",
        "--target-dir",
        &target_text,
        "--package=hookbox-jq-syntax",
        "--package=hookbox-config",
        "--package=hookbox-sdk-macros",
        "--package=hookbox-sdk",
    ];
    program(checkout(), "cargo", &arguments)
        .await
        .env("RUSTFLAGS", "")
        .env("RUSTDOCFLAGS", "-D warnings -D missing_docs")
        .run()
        .await
        .ok();
    let page = read(&target.join("doc/hookbox_sdk/index.html"));
    for item in ["Snapshots", "prelude", "testing"] {
        assert!(page.contains(item), "{item} is not on the first page");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn go_doc_shows_the_reference() {
    let sdk = checkout().join("sdk/go");
    for (package, words) in [
        (".", "func Register("),
        ("./hookboxhttp", "func Client("),
        ("./hookboxtest", "func New("),
    ] {
        let text = program(&sdk, "go", &["doc", "-all", package]).await;
        let text = text.env("GOPROXY", "off").run().await.ok();
        assert!(text.contains(words), "{text}");
    }
}
