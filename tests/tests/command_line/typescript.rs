//! Hooks in TypeScript and JavaScript, from `hookbox new --lang typescript` to a component. Node.js and npm must be there;
//! npm fetches packages, or has them in its cache.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hookbox_tests::hookbox::checkout;
use hookbox_tests::scratch;
use serde_json::{Value, json};

use super::components::expect;
use super::toolchains::{Toolchain, path};

/// npm's settings keep it quiet and quick.
const NPM: Toolchain = Toolchain {
    lang: "typescript",
    source: "src/index.ts",
    path,
    variables: &[
        ("NPM_CONFIG_PREFER_OFFLINE", "true"),
        ("NPM_CONFIG_UPDATE_NOTIFIER", "false"),
    ],
};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commands_work_for_typescript_as_for_rust() {
    let folder = scratch();
    let fetching = ["Fetching the packages of package.json (npm install)"];
    let demo = NPM.first_commands(folder.path(), &fetching).await;
    let unit = NPM.program(&demo, "npm", &["test"]).run().await.ok();
    assert!(
        unit.contains("# pass 1") && unit.contains("# fail 0"),
        "{unit}"
    );
    let ignored = std::fs::read_to_string(demo.join(".gitignore")).unwrap();
    assert_eq!(ignored, "/target\n/node_modules\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_of_admission_hooks_passes_its_tests() {
    NPM.ready().await;
    let folder = scratch();
    let line = "hookbox new gate --lang typescript --kind admission && cd gate && hookbox test && npm test";
    let tested = NPM
        .program(folder.path(), "sh", &["-ec", line])
        .run()
        .await
        .ok();
    for words in ["2 passed, 0 failed", "# pass 2", "# fail 0"] {
        assert!(tested.contains(words), "{tested}");
    }
}

/// The SDK with the packages that it is built with, apart from the checkout; the table that its tests play is beside it.
async fn sdk(folder: &Path) -> PathBuf {
    let sdk = folder.join("sdk/typescript");
    let line = "mkdir -p sdk/typescript tests/hosts && cp \"$0/tests/hosts/cases.json\" tests/hosts && cd sdk/typescript \
        && for part in build dist src test wit package.json tsconfig.json typedoc.json README.md LICENSE; do cp -r \"$0/sdk/typescript/$part\" .; done";
    let from = checkout();
    NPM.program(folder, "sh", &["-ec", line, &from.to_string_lossy()])
        .run()
        .await
        .ok();
    let quiet = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
    NPM.program(&sdk, "npm", &quiet).run().await.ok();
    sdk
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_has_its_own_tests_and_is_published_as_it_is_kept() {
    let folder = scratch();
    let sdk = sdk(folder.path()).await;
    let tested = NPM.program(&sdk, "npm", &["test"]).run().await.ok();
    assert!(tested.contains("# fail 0"), "{tested}");
    let line = "rm -r dist && npm run --silent build && diff -r dist \"$0/dist\"";
    let kept = checkout().join("sdk/typescript");
    let built = NPM
        .program(&sdk, "sh", &["-ec", line, &kept.to_string_lossy()])
        .run()
        .await;
    assert_eq!(
        (built.code, built.stdout.as_str()),
        (Some(0), ""),
        "sdk/typescript/dist is stale: run `npm install && npm run build` there and commit the result\n{}",
        built.stderr
    );
    // typedoc fails where something public has no text.
    NPM.program(&sdk, "npm", &["run", "--silent", "docs"])
        .run()
        .await
        .ok();
    let page = std::fs::read_to_string(sdk.join("target/docs/functions/index.defineHook.html"));
    assert!(page.unwrap().contains("Makes a hook"));
    let packed = NPM
        .program(&sdk, "npm", &["pack", "--dry-run", "--json"])
        .run()
        .await
        .ok();
    let packed: Value = serde_json::from_str(&packed).unwrap();
    let files: Vec<&str> = packed[0]["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(packed[0]["name"], "@hookbox/sdk");
    for file in [
        "dist/index.js",
        "dist/index.d.ts",
        "build/componentize.js",
        "wit/component.wit",
        "README.md",
        "LICENSE",
    ] {
        assert!(files.contains(&file), "{file} is not published: {files:?}");
    }
    assert!(
        !files
            .iter()
            .any(|file| file.starts_with("src/") || file.starts_with("test/"))
    );
}

/// npm links a package of a folder, and does not offer its programs to the project.
#[tokio::test(flavor = "multi_thread")]
async fn a_project_beside_an_sdk_that_is_kept_elsewhere_has_its_tools_too() {
    NPM.ready().await;
    let folder = scratch();
    let sdk = sdk(folder.path()).await;
    let line = "hookbox new linked --lang typescript --sdk \"$0\" && cd linked && hookbox test && npm test";
    let tested = NPM
        .program(folder.path(), "sh", &["-ec", line, &sdk.to_string_lossy()])
        .run()
        .await
        .ok();
    for words in ["1 passed, 0 failed", "# pass 1", "# fail 0"] {
        assert!(tested.contains(words), "{tested}");
    }
    let versions = |file: PathBuf, list: &str| {
        let text = std::fs::read_to_string(file).unwrap();
        let package: Value = serde_json::from_str(&text).unwrap();
        package[list]["esbuild"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        versions(folder.path().join("linked/package.json"), "devDependencies"),
        versions(sdk.join("package.json"), "dependencies"),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_around_a_typescript_project_has_its_own_words() {
    let folder = scratch();
    let demo = NPM.project(folder.path(), "demo", &[]).await;
    let build = || NPM.program(&demo, "hookbox", &["build"]);
    expect(
        build().env("NODE", "nowhere").run().await,
        3,
        &[
            "node, which runs JavaScript (Node.js), is not installed",
            "https://nodejs.org",
        ],
    );
    let old = folder.path().join("old-node");
    std::fs::write(&old, "#!/bin/sh\necho v18.19.0\n").unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    expect(
        build().env("NODE", &old).run().await,
        3,
        &["this is Node.js v18.19.0; hooks need Node.js 20 or later"],
    );
    expect(
        build().env("NPM", "nowhere").run().await,
        3,
        &["npm, Node.js's package manager, is not installed"],
    );
    let nothing = folder.path().join("npm-cache");
    let offline = build()
        .env("NPM_CONFIG_CACHE", &nothing)
        .env("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9/")
        .env("NPM_CONFIG_FETCH_RETRIES", "0");
    expect(
        offline.run().await,
        3,
        &[
            "ECONNREFUSED",
            "npm cannot get the packages",
            "npm config get registry",
        ],
    );

    let manifest = demo.join("package.json");
    let good = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, "{").unwrap();
    expect(
        build().run().await,
        2,
        &["package.json is no manifest of a package"],
    );
    std::fs::write(&manifest, r#"{"name": "demo", "type": "module"}"#).unwrap();
    expect(
        build().run().await,
        2,
        &["does not name @hookbox/sdk in its dependencies"],
    );
    std::fs::write(&manifest, good.replace("src/index.ts\"", "src/other.ts\"")).unwrap();
    expect(
        build().run().await,
        2,
        &["main is \"src/other.ts\", which is not there"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_typescript_code_is_told_with_its_place() {
    let folder = scratch();
    let demo = NPM.project(folder.path(), "demo", &[]).await;
    let main = demo.join("src/index.ts");
    let good = std::fs::read_to_string(&main).unwrap();
    let build = async |text: &str, words: &[&str]| {
        std::fs::write(&main, text).unwrap();
        expect(
            NPM.program(&demo, "hookbox", &["build"]).run().await,
            1,
            words,
        );
    };
    build(
        &good.replace("lines.length);", "lines.size);"),
        &[
            "src/index.ts(28,",
            "Property 'size' does not exist",
            "does not compile",
        ],
    )
    .await;
    build(
        &good.replace("export const", "export const const"),
        &["src/index.ts:6:", "does not compile"],
    )
    .await;
    build(
        &format!("import {{ readFileSync }} from \"node:fs\";\nconsole.log(readFileSync);\n{good}"),
        &[
            "src/index.ts:1:",
            "\"fs\" is a module of Node.js, which is not there in a component",
        ],
    )
    .await;
    build(
        &format!("import lost from \"@no-such/package/part\";\nconsole.log(lost);\n{good}"),
        &[
            "src/index.ts:1:",
            "the package \"@no-such/package\" is not there: name it in the \"dependencies\" of package.json",
        ],
    )
    .await;
    build(
        &format!("{good}\nawait Promise.resolve();\n"),
        &["src/index.ts:32:", "Top-level await is not available"],
    )
    .await;
    build(
        &format!("{good}\nconst nothing = JSON.parse(\"null\");\nconsole.log(nothing.name);\n"),
        &["cannot read property 'name' of null", "(src/index.ts:33)"],
    )
    .await;
    build(
        &good.replace("export const", "const"),
        &["the first module exports no hook"],
    )
    .await;
    // What was wrong once is not taken for what was built before.
    std::fs::write(&main, good).unwrap();
    expect(
        NPM.program(&demo, "hookbox", &["build"]).run().await,
        0,
        &["Built"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_and_an_error_of_typescript_are_told_with_their_place() {
    let folder = scratch();
    let demo = NPM.project(folder.path(), "demo", &[]).await;
    let main = demo.join("src/index.ts");
    let good = std::fs::read_to_string(&main).unwrap();
    let exec = async |run: &str, words: &[&str]| {
        let text = good
            .replace("  run(input) {", run)
            .replace("{ configMap,", "{ configMap, NoRetryError,");
        std::fs::write(&main, text).unwrap();
        let arguments = [
            "exec",
            ".",
            "--trigger",
            "synchronization",
            "--cluster",
            "cluster.yaml",
        ];
        expect(
            NPM.program(&demo, "hookbox", &arguments).run().await,
            1,
            words,
        );
    };
    exec(
        "  run(input) {\n    const none: string[] = [];\n    none[7].trim();",
        &[
            "TypeError: cannot read property 'trim' of undefined",
            "at run (src/index.ts:25)",
        ],
    )
    .await;
    expect(
        NPM.program(&demo, "hookbox", &["test"]).run().await,
        1,
        &[
            "Run of greet for names Synchronization",
            "at run (src/index.ts:25)",
        ],
    );
    exec(
        "  async run(input) {\n    await Promise.resolve();\n    throw new Error(\"late\");",
        &["late", "src/index.ts:25"],
    )
    .await;
    exec(
        "  run(input) {\n    void (async () => {\n      throw new Error(\"lost\");\n    })();",
        &["lost", "src/index.ts:25"],
    )
    .await;
    exec(
        "  run(input) {\n    const pod: any = {};\n    input.metrics.set(\"pods\", pod.count);",
        &[
            "TypeError: the metric pods is to be a number, and is undefined",
            "at run (src/index.ts:25)",
        ],
    )
    .await;
    exec(
        "  run(input) {\n    if (input.hook) throw new NoRetryError(\"never again\");",
        &["never again", "Advice not again"],
    )
    .await;
    exec(
        "  async run(input) {\n    await new Promise((done) => setTimeout(done, 5000));",
        &["waits 5000 ms for a timer, but a run cannot wait"],
    )
    .await;
    exec(
        "  run(input) {\n    const deeper = (): number => deeper() + 1;\n    deeper();",
        &["stopped at the stack limit"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_without_types_is_a_project_too() {
    NPM.ready().await;
    let folder = scratch();
    let demo = folder.path();
    let manifest = json!({
        "name": "@team/plain", "type": "module",
        "dependencies": {"@hookbox/sdk": format!("file:{}", sdk(demo).await.display())},
    });
    std::fs::write(demo.join("package.json"), manifest.to_string()).unwrap();
    let text = r#"
import { defineHook } from "@hookbox/sdk";

console.log("loaded");
export default [
  defineHook({
    name: "globals",
    config: { onStartup: 1 },
    async run() {
      const bytes = new TextEncoder().encode("ä");
      console.log("%s %d", new TextDecoder().decode(bytes), bytes.length, structuredClone({ a: [1] }));
      console.warn(btoa("a"), new URL("/b?c=d", "https://example.com").searchParams.get("c"));
      const two = [Math.random(), Math.random()];
      console.log(two[0] !== two[1], two.every((n) => n >= 0 && n < 1), crypto.randomUUID().length);
      const all = await Promise.all([1, Promise.resolve(2), new Promise((done) => setTimeout(() => done(3), 0))]);
      console.log(all, performance.now() >= 0);
      try {
        await fetch("https://example.com");
      } catch (refused) {
        console.error(refused.code);
      }
    },
  }),
];
"#;
    std::fs::write(demo.join("index.js"), text).unwrap();
    let arguments = ["exec", ".", "--trigger", "onStartup", "-o", "json"];
    let ran = NPM.program(demo, "hookbox", &arguments).run().await.ok();
    let ran: Value = serde_json::from_str(&ran).unwrap();
    let said: Vec<(&str, &str)> = ran["log"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            (
                record["level"].as_str().unwrap(),
                record["message"].as_str().unwrap(),
            )
        })
        .collect();
    // The host itself says what it refused.
    assert!(
        said.iter()
            .any(|(_, text)| text.contains("it is not granted"))
    );
    let said: Vec<_> = said
        .into_iter()
        .filter(|(_, text)| !text.contains("it is not granted"))
        .collect();
    assert_eq!(
        said,
        [
            ("info", "loaded"),
            ("info", "ä 2 { a: [ 1 ] }"),
            ("warn", "YQ== d"),
            ("info", "true true 36"),
            ("info", "[ 1, 2, 3 ] true"),
            ("error", "not-granted"),
        ]
    );
    let built = NPM.program(demo, "hookbox", &["build"]).run().await;
    expect(built, 0, &["plain.wasm"]);
}
