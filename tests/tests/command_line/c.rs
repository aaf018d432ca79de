//! Hooks in C and C++, from `hookbox new --lang c` to a component.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hookbox_tests::hookbox::{binary, checkout};
use hookbox_tests::{python, scratch};
use serde_json::{Value, json};

use super::components::expect;
use super::toolchains::{Toolchain, path};

/// clang for WebAssembly and make must be there for these tests.
const C: Toolchain = Toolchain {
    lang: "c",
    source: "src/hook.c",
    path,
    variables: &[],
};

fn executable(path: &Path, script: &str) {
    std::fs::write(path, script).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commands_work_for_c_as_for_rust() {
    let folder = scratch();
    let demo = C.first_commands(folder.path(), &[]).await;
    let unit = C.program(&demo, "make", &["test"]).run().await.ok();
    assert!(unit.ends_with("1 passed, 0 failed\n"), "{unit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_has_its_own_tests() {
    let build = scratch();
    let place = format!("BUILD={}", build.path().display());
    let sdk = checkout().join("sdk/c");
    let tested = C.program(&sdk, "make", &["test", &place]).run().await.ok();
    assert!(tested.ends_with(" passed, 0 failed\n"), "{tested}");
    // doxygen fails where something public has no text.
    C.program(&sdk, "make", &["docs", &place]).run().await.ok();
    let page = |name| std::fs::read_to_string(build.path().join("docs/html").join(name)).unwrap();
    assert!(page("structhookbox__hook.html").contains("A function with what it is run for"));
    assert!(page("classhookbox_1_1writer.html").contains("A value that is written piece by piece"));
    // A check that fails is told with its place, and fails the program.
    let test = "#include <hookbox_test.h>\nconst hookbox_hook *const hookbox_hooks[] = {NULL};\nHOOKBOX_TEST(wrong) { HOOKBOX_CHECK_TEXT(\"a\", \"b\"); }\n";
    std::fs::write(build.path().join("wrong.c"), test).unwrap();
    let line = format!(
        "cc -Iinclude -o {0}/wrong {0}/wrong.c src/*.c native/*.c -lm && {0}/wrong",
        build.path().display()
    );
    let failed = C.program(&sdk, "sh", &["-ec", &line]).run().await;
    expect(failed, 1, &["wrong.c:3:", "is: a", "expected: b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_c_project_from_being_built_has_its_own_words() {
    let folder = scratch();
    let demo = C.project(folder.path(), "demo", &[]).await;
    let build = || C.program(&demo, "hookbox", &["build"]);
    expect(
        build().env("CC", "nowhere").run().await,
        3,
        &[
            "CC is `nowhere`, which cannot be started",
            "apt install clang-19",
            "pip install ziglang",
        ],
    );
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let hookbox = binary().to_string_lossy().into_owned();
    expect(
        C.program(&demo, &hookbox, &["build"])
            .env("PATH", &empty)
            .run()
            .await,
        3,
        &[
            "no compiler for C that can do WebAssembly is installed",
            "WASI_SDK_PATH",
        ],
    );
    let clang = folder.path().join("clang");
    for (said, words) in [
        (
            "error: \"this clang is too old: hooks need clang 15 or later\"",
            "this is clang 14; hooks need clang 15 or later",
        ),
        (
            "fatal error: 'stdio.h' file not found",
            "the C library for WASI is missing (`apt install wasi-libc`)",
        ),
        (
            "clang: error: unable to execute command: Executable \"wasm-ld\" doesn't exist!",
            "wasm-ld, the linker, is missing (`apt install lld-14`)",
        ),
        (
            "wasm-ld: error: cannot open libclang_rt.builtins-wasm32.a",
            "(`apt install libclang-rt-14-dev-wasm32`)",
        ),
    ] {
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && echo 'clang version 14.0.6' && exit\ncat >&2 <<'E'\n{said}\nE\nexit 1\n"
        );
        executable(&clang, &script);
        expect(
            build().env("CC", &clang).run().await,
            3,
            &["cannot compile hooks", words],
        );
    }

    let source = demo.join("src/hook.c");
    let good = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, good.replace("count++", "nothing++")).unwrap();
    expect(
        build().run().await,
        1,
        &[
            "src/hook.c:",
            "error: use of undeclared identifier 'nothing'",
            "does not compile",
        ],
    );
    std::fs::write(&source, good.replace("HOOKBOX_HOOKS(&greeter);", "")).unwrap();
    expect(
        build().run().await,
        1,
        &[
            "undefined symbol: hookbox_hooks",
            "does not link",
            "HOOKBOX_HOOKS(&NAME",
        ],
    );
    let foreign =
        "__attribute__((import_module(\"env\"), import_name(\"f\"))) void from_nowhere(void);\n";
    let calls = good.replace("(void)in;", "(void)in; from_nowhere();");
    std::fs::write(&source, format!("{foreign}{calls}")).unwrap();
    expect(
        build().run().await,
        1,
        &["is no hook", "failed to resolve import `env::f`"],
    );
    std::fs::write(&source, &good).unwrap();

    let manifest = demo.join("hookbox.yaml");
    let description = std::fs::read_to_string(&manifest).unwrap();
    for (from, to, words) in [
        (
            "sources: [src]",
            "source: [src]",
            "hookbox.yaml is no description of a project",
        ),
        (
            "sources: [src]",
            "sources: [nothing]",
            "there is no nothing",
        ),
        (
            "sources: [src]",
            "sources: [tests/cases]",
            "there is no source in tests/cases",
        ),
        (
            "name: demo",
            "name: a/b",
            "`a/b` cannot be a component's name",
        ),
        (
            "third_party/hookbox/sdk/c",
            "nowhere",
            "the SDK is not in ./nowhere",
        ),
    ] {
        assert!(description.contains(from), "{description}");
        std::fs::write(&manifest, description.replace(from, to)).unwrap();
        expect(build().run().await, 2, &[words]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_and_an_error_of_c_are_told_with_their_place() {
    let folder = scratch();
    let demo = C.project(folder.path(), "demo", &[]).await;
    let source = demo.join("src/hook.c");
    let good = std::fs::read_to_string(&source).unwrap();
    let exec = [
        "exec",
        ".",
        "--trigger",
        "synchronization",
        "--cluster",
        "cluster.yaml",
    ];
    for (line, words) in [
        (
            "assert(count == 7);",
            [
                "greet: assertion failed: count == 7",
                "demo!greet (src/hook.c:",
            ],
        ),
        // There is something at the address 0, too.
        (
            "int *volatile none = NULL; count = (size_t)*none;",
            ["wasm `unreachable`", "demo!greet (src/hook.c:"],
        ),
        (
            "volatile int zero = 0; count = 5 / zero;",
            ["integer divide by zero", "demo!greet (src/hook.c:"],
        ),
        (
            "hookbox_json_format(\"{%s\", \"a\");",
            [
                "hookbox_json_format makes no JSON",
                "demo!greet (src/hook.c:",
            ],
        ),
        (
            "return hookbox_never_retry(hookbox_fail(\"never %d\", 3));",
            ["never 3", "Advice not again"],
        ),
    ] {
        let at = "  hookbox_log(HOOKBOX_INFO";
        let text = good.replace(at, &format!("  {line}\n{at}"));
        std::fs::write(&source, format!("#include <assert.h>\n{text}")).unwrap();
        expect(C.program(&demo, "hookbox", &exec).run().await, 1, &words);
        if line.starts_with("assert") {
            let words = [&words[..], &["Run of greet for names Synchronization"]].concat();
            expect(
                C.program(&demo, "hookbox", &["test"]).run().await,
                1,
                &words,
            );
        }
    }
    let endless =
        "int deep(volatile int *a) { volatile int b[64]; b[0] = *a; return deep(b) + b[1]; }\n";
    let text = good.replace("(void)in;", "volatile int a = 0; (void)in; deep(&a);");
    let (head, rest) = text.split_once("#include <hookbox.h>").unwrap();
    std::fs::write(
        &source,
        format!("{head}#include <hookbox.h>\n{endless}{rest}"),
    )
    .unwrap();
    expect(
        C.program(&demo, "hookbox", &exec).run().await,
        1,
        &["endless recursion", "demo!deep (src/hook.c:"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_has_changed_is_compiled() {
    let folder = scratch();
    let demo = C.project(folder.path(), "demo", &[]).await;
    let log = folder.path().join("log");
    let spy = folder.path().join("clang");
    executable(
        &spy,
        &format!(
            "#!/bin/sh\necho \"$*\" >>{}\nexec ${{REAL:-clang-19}} \"$@\"\n",
            log.display()
        ),
    );
    let build = async || {
        let _ = std::fs::remove_file(&log);
        C.program(&demo, "hookbox", &["build"])
            .env("CC", &spy)
            .run()
            .await
            .ok();
        let lines = std::fs::read_to_string(&log).unwrap_or_default();
        let compiled: Vec<String> = lines
            .lines()
            .filter(|line| line.contains(" -c "))
            .map(|line| {
                line.rsplit(['/', ' '])
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect();
        (compiled, lines.lines().count())
    };
    let (first, _) = build().await;
    assert!(
        first.len() > 5 && first.contains(&"hook.c".to_owned()),
        "{first:?}"
    );
    assert_eq!(build().await, (vec![], 0));
    let source = demo.join("src/hook.c");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(demo.join("src/hi.h"), "#define HI \"Hi\"\n").unwrap();
    let text = text.replace(
        "#include <hookbox.h>",
        "#include <hookbox.h>\n#include \"hi.h\"",
    );
    std::fs::write(&source, text.replace("%s%sHello", "%s%s\" HI \"")).unwrap();
    assert_eq!(build().await.0, ["hook.c"]);
    std::fs::write(demo.join("src/hi.h"), "#define HI \"Good day\"\n").unwrap();
    assert_eq!(build().await.0, ["hook.c"]);
    let dev = C.program(&demo, "hookbox", &["dev", "--once"]).run().await;
    expect(dev, 0, &["+   text: Good day, world!"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_may_be_written_in_cpp() {
    let folder = scratch();
    let project = C.project(folder.path(), "counting", &[]).await;
    std::fs::remove_file(project.join("src/hook.c")).unwrap();
    let source = checkout().join("tests/tests/command_line/c/hook.cpp");
    std::fs::copy(source, project.join("src/hook.cpp")).unwrap();
    let map = |name: &str, kind: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default", "labels": {"kind": kind}}}).to_string()
    };
    let maps = [map("a", "x"), map("b", "y"), map("c", "x")].join("\n---\n");
    std::fs::write(project.join("maps.yaml"), maps).unwrap();
    let ran = C.program(
        &project,
        "hookbox",
        &[
            "exec",
            ".",
            "-o",
            "json",
            "--trigger",
            "synchronization",
            "--cluster",
            "maps.yaml",
        ],
    );
    let ran: Value = serde_json::from_str(&ran.run().await.ok()).unwrap();
    assert_eq!(
        ran["effects"]["objectPatches"][0]["object"]["data"]["text"],
        "x=2;y=1;"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zig_compiles_hooks_in_c_and_in_its_own_language() {
    let folder = scratch();
    let demo = C.project(folder.path(), "demo", &[]).await;
    let zig = tokio::task::spawn_blocking(python::zig).await.unwrap();
    let python = zig.join("bin/python");
    let python = python.to_str().unwrap();
    let exec = [
        "exec",
        ".",
        "-o",
        "json",
        "--trigger",
        "synchronization",
        "--cluster",
        "cluster.yaml",
    ];
    let exec = async || {
        let ran = C
            .program(&demo, "hookbox", &exec)
            .env("CC", format!("{python} -m ziglang cc"))
            .run()
            .await
            .ok();
        let ran: Value = serde_json::from_str(&ran).unwrap();
        ran["effects"]["objectPatches"][0]["object"]["data"]["text"].clone()
    };
    assert_eq!(exec().await, "Hello, world!");

    let source = checkout().join("tests/tests/command_line/c/hook.zig");
    std::fs::copy(source, demo.join("src/hook.zig")).unwrap();
    std::fs::remove_file(demo.join("src/hook.c")).unwrap();
    let manifest = demo.join("hookbox.yaml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let text = text.replace("sources: [src]", "sources: []\nlink: [target/hook.o]");
    std::fs::write(&manifest, text).unwrap();
    let object = "-m ziglang build-obj -target wasm32-wasi -O ReleaseSmall -lc \
        -I third_party/hookbox/sdk/c/include -femit-bin=target/hook.o src/hook.zig";
    let object: Vec<&str> = object.split_whitespace().collect();
    C.program(&demo, python, &object).run().await.ok();
    assert_eq!(exec().await, "1 from Zig");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_form_is_a_header_and_a_library() {
    C.ready().await;
    let folder = scratch();
    let archive = folder.path().join("hookbox-c.tar.gz");
    let pack = checkout().join("sdk/c/package");
    let pack = async |to: &Path| {
        let (pack, to) = (pack.to_string_lossy(), to.to_string_lossy());
        C.program(folder.path(), &pack, &[&to]).run().await.ok();
    };
    pack(&archive).await;
    let again = folder.path().join("again.tar.gz");
    pack(&again).await;
    assert!(
        std::fs::read(&archive).unwrap() == std::fs::read(&again).unwrap(),
        "another archive of the same sources"
    );
    C.program(folder.path(), "tar", &["xzf", "hookbox-c.tar.gz"])
        .run()
        .await
        .ok();
    let sdk = folder.path().join("hookbox-c-0.1.0");
    assert!(sdk.join("LICENSE").is_file() && sdk.join("wit/world.wit").is_file());

    // With a build of one's own, the library is linked as any other.
    let sources = checkout().join("tests/languages/c/src");
    let sources = sources.display();
    let line = format!(
        "clang-19 --target=wasm32-wasi -O2 -mexec-model=reactor -Ihookbox-c-0.1.0/include {sources}/*.c \
         -Lhookbox-c-0.1.0/lib/wasm32-wasi -Wl,--whole-archive -lhookbox -Wl,--no-whole-archive -o all.wasm"
    );
    C.program(folder.path(), "sh", &["-ec", &line])
        .run()
        .await
        .ok();
    let module = std::fs::read(folder.path().join("all.wasm")).unwrap();
    hookbox_toolchains::c::componentize(&module, "all").expect("a hook");

    // `hookbox new` takes it as an SDK.
    let sdk = sdk.to_string_lossy();
    C.program(
        folder.path(),
        "hookbox",
        &["new", "demo", "--lang", "c", "--sdk", &sdk],
    )
    .run()
    .await
    .expect_code(0);
    let tested = C
        .program(&folder.path().join("demo"), "make", &["-s", "test"])
        .run()
        .await
        .ok();
    assert!(tested.ends_with("1 passed, 0 failed\n"), "{tested}");
}
