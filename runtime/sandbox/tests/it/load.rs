//! Which components are loaded, and what the others are told.

use hookbox_guest_builder::Text;
use hookbox_sandbox::{Budget, Effects, Limit, LoadError, LoadSource, RunInput, Sandbox, Settings};

use crate::support::{assert_others_work, guest_bytes, ms, sandbox};

async fn refused(bytes: Vec<u8>) -> LoadError {
    let error = sandbox().await.load(bytes).await.expect_err("loaded");
    assert_others_work().await;
    error
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[tokio::test]
async fn the_guests_load_and_are_described() {
    let component = sandbox().await.load(guest_bytes()).await.unwrap();
    assert_eq!(component.size(), guest_bytes().len() as u64);
    assert_eq!(component.digest().len(), "sha256:".len() + 64);
    assert!(
        component
            .imports()
            .contains(&"hookbox:hook/values@0.1.0".to_owned())
    );
    assert_eq!(component.exports(), ["hookbox:hook/hooks@0.1.0"]);
    assert!(component.load_report().warnings.is_empty());
}

#[tokio::test]
async fn what_is_no_hook_component_is_told_why() {
    let module = wat::parse_str("(module)").unwrap();
    assert_eq!(refused(module).await, LoadError::CoreModule);
    let table: [(Vec<u8>, &str, &str); 6] = [
        (
            b"configVersion: v1\n".to_vec(),
            "not-a-component",
            "not a WebAssembly component: this is a text file",
        ),
        (
            Vec::new(),
            "not-a-component",
            "not a WebAssembly component: the file is empty",
        ),
        (
            component("(component)"),
            "wrong-world",
            "not a hook component: it exports no hookbox:hook/hooks@0.1.x; it exports nothing (in Rust, \
             `hookbox_sdk::export!(…)` with the names of the hooks makes the exports)",
        ),
        (
            component(r#"(component (instance $i) (export "wasi:cli/run@0.2.6" (instance $i)))"#),
            "wrong-world",
            "not a hook component: it exports no hookbox:hook/hooks@0.1.x; it is a command line program (build the hook \
             as a library, not a binary)",
        ),
        (
            component(
                r#"(component (instance $i) (export "a:b/c@1.0.0" (instance $i)) (export "d" (instance $i)))"#,
            ),
            "wrong-world",
            "not a hook component: it exports no hookbox:hook/hooks@0.1.x; it exports a:b/c@1.0.0, d",
        ),
        (
            component(
                r#"(component (instance $i) (export "hookbox:hook/hooks@0.1.0" (instance $i)))"#,
            ),
            "wrong-world",
            "not a hook component: its hookbox:hook/hooks@0.1.0 has no function `describe`",
        ),
    ];
    for (bytes, code, message) in table {
        let error = refused(bytes).await;
        assert_eq!((error.code(), error.to_string().as_str()), (code, message));
    }
}

#[tokio::test]
async fn broken_components_are_invalid() {
    let good = Text::default().bytes();
    for cut in [9, 40, good.len() / 2, good.len() - 1] {
        let error = refused(good[..cut].to_vec()).await;
        assert!(
            matches!(error, LoadError::Invalid(_) | LoadError::WrongWorld(_)),
            "{cut}: {error}"
        );
    }
    // A function that does not check: only compiling shows it.
    let core = r#"(memory (export "memory") 1) (func (result i32) i64.const 1)"#;
    let error = refused(
        Text {
            core,
            ..Text::default()
        }
        .bytes(),
    )
    .await;
    assert_eq!(error.code(), "invalid");
    assert!(error.to_string().contains("type mismatch"), "{error}");
}

#[tokio::test]
async fn other_versions_of_the_contract() {
    for same in ["0.1.0", "0.1.7"] {
        let component = sandbox()
            .await
            .load(
                Text {
                    version: same,
                    ..Text::default()
                }
                .bytes(),
            )
            .await
            .unwrap();
        let run = component
            .run("any", RunInput::default(), &Budget::default())
            .await;
        assert_eq!(run.result, Ok(Effects::default()), "{same}");
    }
    let error = refused(
        Text {
            version: "0.2.0",
            ..Text::default()
        }
        .bytes(),
    )
    .await;
    assert_eq!(error.code(), "later-contract");
    assert_eq!(
        error.to_string(),
        "built against hooks of hookbox:hook@0.2.0, this hookbox has hookbox:hook@0.1.0: upgrade hookbox"
    );
    let error = refused(
        Text {
            version: "0.0.9",
            ..Text::default()
        }
        .bytes(),
    )
    .await;
    assert_eq!(error.code(), "earlier-contract");
    assert!(
        error
            .to_string()
            .ends_with("build it anew with a current SDK"),
        "{error}"
    );
    let error = refused(
        Text {
            version: "0.1.0-rc1",
            ..Text::default()
        }
        .bytes(),
    )
    .await;
    assert_eq!(error.code(), "wrong-world");
}

#[tokio::test]
async fn imports_that_are_not_there_are_named() {
    let table = [
        (
            r#"(import "hookbox:hook/log@0.1.9" (instance (export "trace" (func))))"#,
            "later-contract",
            "imports log.trace of hookbox:hook@0.1.9, this hookbox has hookbox:hook@0.1.0: upgrade hookbox",
        ),
        (
            r#"(import "hookbox:hook/secrets@0.1.2" (instance (export "get" (func))))"#,
            "later-contract",
            "imports secrets of hookbox:hook@0.1.2, this hookbox has hookbox:hook@0.1.0: upgrade hookbox",
        ),
        (
            r#"(import "hookbox:hook/secrets@0.1.0" (instance (export "get" (func))))"#,
            "missing-import",
            "it imports hookbox:hook/secrets@0.1.0, this hookbox has types, contexts, snapshots, values, config-values, \
             object-patches, metrics, log, cluster, http",
        ),
        (
            r#"(import "hookbox:hook/log@0.1.0" (instance (export "trace" (func))))"#,
            "missing-import",
            "it imports hookbox:hook/log@0.1.0, of which this hookbox has no `trace`",
        ),
        (
            r#"(import "wasi:http/incoming-handler@0.2.6" (instance))"#,
            "missing-import",
            "it imports wasi:http/incoming-handler@0.2.6, which no hook is given",
        ),
        (
            r#"(import "wasi:cli/stdout@0.3.0" (instance))"#,
            "missing-import",
            "it imports wasi:cli/stdout@0.3.0, this hookbox has WASI 0.2",
        ),
        (
            r#"(import "acme:db/client@1.0.0" (instance))"#,
            "missing-import",
            "it imports acme:db/client@1.0.0, a hook is given interfaces of hookbox:hook and WASI 0.2 only",
        ),
        (
            r#"(import "plain" (func))"#,
            "missing-import",
            "it imports plain, a hook is given interfaces of hookbox:hook and WASI 0.2 only",
        ),
    ];
    for (imports, code, message) in table {
        let error = refused(
            Text {
                imports,
                ..Text::default()
            }
            .bytes(),
        )
        .await;
        assert_eq!(
            (error.code(), error.to_string().as_str()),
            (code, message),
            "{imports}"
        );
    }
    // A function of another type than ours.
    let imports = r#"(import "hookbox:hook/values@0.1.0" (instance (export "exists" (func (param "path" string)))))"#;
    let error = refused(
        Text {
            imports,
            ..Text::default()
        }
        .bytes(),
    )
    .await;
    assert_eq!(error.code(), "missing-import");
    assert!(error.to_string().contains("exists"), "{error}");
}

#[tokio::test]
async fn giants_are_refused_before_they_are_compiled() {
    let settings = Settings {
        max_component_size: 1 << 20,
        max_functions: 100,
        max_function_size: 1000,
        max_function_work: 1000,
        max_concurrent_runs: 1,
        ..Settings::default()
    };
    let sandbox = Sandbox::new(settings).unwrap();
    let functions =
        |count: usize| format!(r#"(memory (export "memory") 1) {}"#, "(func)".repeat(count));
    let function = |size: usize| {
        format!(
            r#"(memory (export "memory") 1) (func {})"#,
            "nop ".repeat(size)
        )
    };
    let memory = r#"(memory (export "memory") 1) (memory 16384)"#;
    let table = r#"(memory (export "memory") 1) (table 100001 funcref)"#;
    let work = format!(
        r#"(memory (export "memory") 1) (func (local {}) {})"#,
        "i32 ".repeat(10),
        "block end ".repeat(101)
    );
    let size = vec![0; (1 << 20) + 1];
    let text = |core: &str| {
        Text {
            core,
            ..Text::default()
        }
        .bytes()
    };
    for (bytes, limit, used, allowed) in [
        (size, Limit::ComponentSize, (1 << 20) + 1, 1 << 20),
        (text(&functions(98)), Limit::Functions, 101, 100),
        (text(&function(2000)), Limit::FunctionSize, 2002, 1000),
        (text(&work), Limit::FunctionWork, 1010, 1000),
        (text(memory), Limit::Memory, 16385 << 16, 512 << 20),
        (text(table), Limit::TableElements, 100_001, 100_000),
    ] {
        let error = sandbox.load(bytes).await.unwrap_err();
        assert_eq!(
            error,
            LoadError::TooLarge {
                limit,
                used,
                allowed
            }
        );
        assert_eq!((error.code(), error.limit()), ("too-large", Some(limit)));
    }
    assert!(sandbox.load(text(&functions(97))).await.is_ok());
}

#[tokio::test]
async fn a_compilation_that_takes_too_long_is_given_up() {
    let sandbox = Sandbox::new(Settings {
        compile_time: ms(1),
        max_concurrent_runs: 1,
        ..Settings::default()
    })
    .unwrap();
    // More often than there are turns: each comes back when its thread has run out.
    for _ in 0..4 {
        let error = sandbox.load(guest_bytes()).await.unwrap_err();
        assert_eq!(error, LoadError::CompileTime { allowed: ms(1) });
        assert_eq!(error.to_string(), "not compiled within 0.001 s");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_loaded_many_times_at_once_is_compiled_once() {
    let sandbox = Sandbox::new(Settings {
        max_concurrent_runs: 1,
        ..Settings::default()
    })
    .unwrap();
    let mut loads = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let sandbox = sandbox.clone();
        loads.spawn(async move { sandbox.load(guest_bytes()).await.unwrap() });
    }
    let components = loads.join_all().await;
    let compiled = components
        .iter()
        .filter(|one| one.load_report().source == LoadSource::Compiled)
        .count();
    assert_eq!(compiled, 1);
    drop(components);
    // Nobody holds it any more: it is compiled again.
    assert_eq!(
        sandbox
            .load(guest_bytes())
            .await
            .unwrap()
            .load_report()
            .source,
        LoadSource::Compiled
    );
}
