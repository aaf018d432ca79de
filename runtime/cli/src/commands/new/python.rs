//! Projects in Python.

use super::{Kind, Template, texts};

pub(super) const TEMPLATE: Template = Template {
    files: texts!["python": "pyproject.toml", "README.md"],
    of_kind: |kind| match kind {
        Kind::Hook => texts!["python/hook": "main.py", "test_main.py"],
        Kind::Module => texts!["python/module": "main.py", "test_main.py"],
        Kind::Admission => texts!["python/admission": "main.py", "test_main.py"],
    },
    first: "main.py",
    sdk: super::PYTHON_SDK,
    vendor: "third_party/hookbox",
    folder: "sdk/python",
    reserved: &["hookbox", "main", "test"],
    manifest: ("pyproject.toml", "name=\"hookbox\""),
};
