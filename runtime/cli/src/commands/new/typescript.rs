//! Projects in TypeScript.

use super::{Kind, Template, texts};

pub(super) const TEMPLATE: Template = Template {
    files: texts!["typescript": "package.json", "tsconfig.json", ".gitignore", "README.md"],
    of_kind: |kind| match kind {
        Kind::Hook => texts!["typescript/hook": "src/index.ts", "src/index.test.ts"],
        Kind::Module => texts!["typescript/module": "src/index.ts", "src/index.test.ts"],
        Kind::Admission => texts!["typescript/admission": "src/index.ts", "src/index.test.ts"],
    },
    first: "src/index.ts",
    sdk: super::TYPESCRIPT_SDK,
    vendor: "third_party/hookbox",
    folder: "sdk/typescript",
    reserved: &[],
    manifest: ("package.json", "\"name\":\"@hookbox/sdk\","),
};
