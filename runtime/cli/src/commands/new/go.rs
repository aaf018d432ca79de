//! Projects in Go.

use super::{Kind, Template, texts};

pub(super) const TEMPLATE: Template = Template {
    files: texts!["go": "go.mod", "README.md"],
    of_kind: |kind| match kind {
        Kind::Hook => texts!["go/hook": "main.go", "main_test.go"],
        Kind::Module => texts!["go/module": "main.go", "main_test.go"],
        Kind::Admission => texts!["go/admission": "main.go", "main_test.go"],
    },
    first: "main.go",
    sdk: super::GO_SDK,
    // A folder `vendor` means something else to Go.
    vendor: "third_party/hookbox",
    folder: "sdk/go",
    reserved: &["all", "cmd", "main", "std", "test"],
    manifest: ("go.mod", "modulegithub.com/hookbox/hookbox/sdk/go"),
};
