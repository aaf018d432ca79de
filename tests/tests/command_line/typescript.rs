//! Hooks in TypeScript and JavaScript, from `hookbox new --lang typescript` to a component. Node.js and npm must be there;
//! npm fetches packages, or has them in its cache.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hookbox_tests::hookbox::{binary, checkout, hookbox};
use hookbox_tests::{Program, scratch};
use serde_json::{Value, json};

use super::components::{BUILD, built_command, expect};

/// A program that finds the command, and npm's settings that keep it quiet and quick.
fn program(folder: &Path, program: &str, arguments: &[&str]) -> Program {
    let mut path = std::ffi::OsString::from(binary().parent().expect("a folder"));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    Program::new(program)
        .args(arguments)
        .folder(folder)
        .env("PATH", path)
        .env("NPM_CONFIG_PREFER_OFFLINE", "true")
        .env("NPM_CONFIG_UPDATE_NOTIFIER", "false")
        .limit(BUILD)
}

async fn project(folder: &Path, name: &str) -> PathBuf {
    built_command().await;
    hookbox(["new", name, "--lang", "typescript"])
        .folder(folder)
        .run()
        .await
        .expect_code(0);
    folder.join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commands_work_for_typescript_as_for_rust() {
    built_command().await;
    let folder = scratch();
    let line = "hookbox new demo --lang typescript && cd demo && hookbox dev --once";
    let dev = program(folder.path(), "sh", &["-ec", line]).run().await;
    expect(
        dev,
        0,
        &[
            "Created demo with a first hook in src/index.ts",
            "Fetching the packages of package.json (npm install)",
            "Loaded greet (kubernetes names: ConfigMap)",
            "Ran greet for names Synchronization",
            "Patch ConfigMap default/greetings (CreateOrUpdate)",
            "+   text: Hello, world!",
            "Metric greetings = 1",
            "Done 1 run, 1 object changed",
        ],
    );
    let demo = folder.path().join("demo");
    let tested = program(&demo, "hookbox", &["test"]).run().await.ok();
    assert_eq!(tested, "1 passed, 0 failed\n");
    let unit = program(&demo, "npm", &["test"]).run().await.ok();
    assert!(
        unit.contains("# pass 1") && unit.contains("# fail 0"),
        "{unit}"
    );
    let line = "hookbox build && hookbox check target/hookbox/demo.wasm";
    let built = program(&demo, "sh", &["-ec", line]).run().await;
    assert!(!built.stderr.contains("Fetching"), "{built:?}");
    expect(built, 0, &["Built", "Valid 1 component, 1 hook"]);
    let ignored = std::fs::read_to_string(demo.join(".gitignore")).unwrap();
    assert_eq!(ignored, "/target\n/node_modules\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_of_admission_hooks_passes_its_tests() {
    built_command().await;
    let folder = scratch();
    let line = "hookbox new gate --lang typescript --kind admission && cd gate && hookbox test && npm test";
    let tested = program(folder.path(), "sh", &["-ec", line])
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
    program(folder, "sh", &["-ec", line, &from.to_string_lossy()])
        .run()
        .await
        .ok();
    let quiet = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
    program(&sdk, "npm", &quiet).run().await.ok();
    sdk
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_has_its_own_tests_and_is_published_as_it_is_kept() {
    let folder = scratch();
    let sdk = sdk(folder.path()).await;
    let tested = program(&sdk, "npm", &["test"]).run().await.ok();
    assert!(tested.contains("# fail 0"), "{tested}");
    let line = "rm -r dist && npm run --silent build && diff -r dist \"$0/dist\"";
    let kept = checkout().join("sdk/typescript");
    let built = program(&sdk, "sh", &["-ec", line, &kept.to_string_lossy()])
        .run()
        .await;
    assert_eq!(
        (built.code, built.stdout.as_str()),
        (Some(0), ""),
        "sdk/typescript/dist is stale: run `npm install && npm run build` there and commit the result\n{}",
        built.stderr
    );
    // typedoc fails where something public has no text.
    program(&sdk, "npm", &["run", "--silent", "docs"])
        .run()
        .await
        .ok();
    let page = std::fs::read_to_string(sdk.join("target/docs/functions/index.defineHook.html"));
    assert!(page.unwrap().contains("Makes a hook"));
    let packed = program(&sdk, "npm", &["pack", "--dry-run", "--json"])
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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_around_a_typescript_project_has_its_own_words() {
    let folder = scratch();
    let demo = project(folder.path(), "demo").await;
    let build = || program(&demo, "hookbox", &["build"]);
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
    let demo = project(folder.path(), "demo").await;
    let main = demo.join("src/index.ts");
    let good = std::fs::read_to_string(&main).unwrap();
    let build = async |text: &str, words: &[&str]| {
        std::fs::write(&main, text).unwrap();
        expect(program(&demo, "hookbox", &["build"]).run().await, 1, words);
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
        program(&demo, "hookbox", &["build"]).run().await,
        0,
        &["Built"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_and_an_error_of_typescript_are_told_with_their_place() {
    let folder = scratch();
    let demo = project(folder.path(), "demo").await;
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
        expect(program(&demo, "hookbox", &arguments).run().await, 1, words);
    };
    exec(
        "  run(input) {\n    const none: string[] = [];\n    none[7].trim();",
        &[
            "TypeError: cannot read property 'trim' of undefined",
            "at run (src/index.ts:25)",
        ],
    )
    .await;
    exec(
        "  async run(input) {\n    await Promise.resolve();\n    throw new Error(\"late\");",
        &["late", "src/index.ts:25"],
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
    built_command().await;
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
    let ran = program(demo, "hookbox", &arguments).run().await.ok();
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
    let built = program(demo, "hookbox", &["build"]).run().await;
    expect(built, 0, &["plain.wasm"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_component_exports_can_be_written_in_typescript() {
    let folder = scratch();
    let project = project(folder.path(), "every").await;
    let main = checkout().join("tests/languages/typescript/every.ts.in");
    std::fs::copy(main, project.join("src/index.ts")).unwrap();
    std::fs::remove_file(project.join("src/index.test.ts")).unwrap();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}});
    let thing = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}});
    for (file, object) in [("map.json", &map), ("thing.json", &thing)] {
        std::fs::write(project.join(file), object.to_string()).unwrap();
    }
    let exec = async |arguments: &[&str]| {
        let exec = program(&project, "hookbox", &["exec", ".", "-o", "json"])
            .args(arguments.iter().copied());
        serde_json::from_str::<Value>(&exec.run().await.ok()).unwrap()
    };
    let ran = exec(&["--trigger", "synchronization", "--cluster", "cluster.yaml"]).await;
    let said: Vec<&str> = ran["log"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["message"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["maps Synchronization 1", "seen"]);
    assert_eq!(ran["log"][1]["fields"]["names"], r#"[{"name":"greeting"}]"#);
    let answer = exec(&["--trigger", "validating", "--review", "map.json"]).await;
    assert_eq!(
        answer["answer"],
        json!({"allowed": false, "message": "no a", "warnings": ["w1", "w2"], "auditAnnotations": {"k": "v"}})
    );
    let answer = exec(&["--trigger", "mutating", "--review", "map.json"]).await;
    assert_eq!(
        answer["answer"]["patch"],
        json!([{"op": "add", "path": "/data", "value": {"by": "mutate.example.com"}}])
    );
    let answer = exec(&["--trigger", "conversion", "--review", "thing.json"]).await;
    let converted = json!({"apiVersion": "example.com/v2", "kind": "Thing", "metadata": {"name": "a"}, "from": "v1"});
    assert_eq!(answer["answer"]["convertedObjects"], json!([converted]));
}
