//! From files to hooks: BEHAVIOUR A1, and what is said of those that are not loaded.

use hookbox_operator::load::{self, LoadProblem};
use hookbox_operator::{HookSource, Operator, Options};
use hookbox_sandbox::Budget;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn what_is_broken_is_left_out_and_reported_and_the_others_run() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.wasm"), "not a component").unwrap();
    std::fs::write(dir.path().join("b.wasm"), guest()).unwrap();
    std::fs::write(dir.path().join("c.wasm"), guest()).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("d.wasm")).unwrap();
    let mut options = Options::default();
    let sources = HookSource::discover(dir.path()).unwrap();
    options.hooks = load::specs(sources);
    // A custom section more, so that it is another component than `b.wasm` and has hooks of its own.
    let mut other = guest();
    other.extend([0, 5, 4, b't', b'e', b's', b't']);
    let mut with_configs = spec(&[
        (
            "echo-bad",
            json!({"kubernetes": [{"kind": "Pod", "jqFilter": ".a |"}, {"kind": "Pod", "jqFilter": "nonsense("}]}),
        ),
        ("echo-good", json!({"onStartup": 1})),
    ]);
    with_configs.source = HookSource::Bytes {
        name: "guest.wasm".into(),
        bytes: other,
    };
    options.hooks.push(with_configs);
    let sandbox = sandbox();
    let jq = hookbox_jq::Jq::new(&sandbox).unwrap();
    let running = Operator::start(options, sandbox, jq).await.unwrap();
    let codes: Vec<_> = running
        .problems()
        .iter()
        .map(|p| (p.source_name(), p.code()))
        .collect();
    assert_eq!(
        codes[1..],
        [
            ("c.wasm", "duplicate-hook"),
            ("d.wasm", "unreadable"),
            ("guest.wasm", "invalid-config")
        ]
    );
    assert_eq!(codes[0].0, "a.wasm");
    let duplicate = running.problems()[1].to_string();
    assert!(
        duplicate.contains("`b.wasm`") && duplicate.contains("`c.wasm`"),
        "{duplicate}"
    );
    let LoadProblem::Config { source, .. } = &running.problems()[3] else {
        panic!("{:?}", running.problems())
    };
    let offences: Vec<_> = source
        .0
        .iter()
        .map(|o| (o.path.as_str(), o.position.is_some()))
        .collect();
    assert_eq!(
        offences,
        [
            ("kubernetes[0].jqFilter", true),
            ("kubernetes[1].jqFilter", true)
        ]
    );
    let names: Vec<_> = running
        .hooks()
        .iter()
        .map(|h| (&*h.name, h.source.as_str()))
        .collect();
    assert_eq!(names, [("echo", "b.wasm"), ("echo-good", "guest.wasm")]);
    patiently("the start", running.idle()).await;
}

#[tokio::test]
async fn hooks_keep_the_order_of_their_files() {
    let dir = tempfile::tempdir().unwrap();
    let specs: Vec<_> = (0..20)
        .map(|i| {
            let mut spec = spec(&[
                (&format!("echo-{i:02}b"), json!({"onStartup": 1})),
                (&format!("echo-{i:02}a"), json!({"onStartup": 1})),
            ]);
            let path = dir.path().join(format!("{i}.wasm"));
            std::fs::write(&path, guest()).unwrap();
            spec.source = HookSource::file(path);
            spec
        })
        .collect();
    let sandbox = sandbox();
    let jq = hookbox_jq::Jq::new(&sandbox).unwrap();
    let loaded = load::load(specs, &sandbox, &jq, &Budget::describe()).await;
    let names: Vec<_> = loaded.hooks.iter().map(|h| h.name.to_string()).collect();
    let expected: Vec<_> = (0..20)
        .flat_map(|i| [format!("echo-{i:02}b"), format!("echo-{i:02}a")])
        .collect();
    assert_eq!(names, expected);
}
