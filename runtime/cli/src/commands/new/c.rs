//! Projects in C, which may have C++ beside it.

use super::{Kind, Template, texts};

pub(super) const TEMPLATE: Template = Template {
    files: texts!["c": "hookbox.yaml", "Makefile", "README.md"],
    of_kind: |kind| match kind {
        Kind::Hook => texts!["c/hook": "src/hook.c", "tests/hook_test.c"],
        Kind::Module => texts!["c/module": "src/hook.c", "tests/hook_test.c"],
        Kind::Admission => texts!["c/admission": "src/hook.c", "tests/hook_test.c"],
    },
    first: "src/hook.c",
    sdk: super::C_SDK,
    vendor: "third_party/hookbox",
    folder: "sdk/c",
    reserved: &[],
    manifest: ("include/hookbox.h", "#ifndefHOOKBOX_H"),
};
