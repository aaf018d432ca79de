//! What hooks want and are granted: `hookbox inspect`, and `hookbox exec --grants`.

use std::path::{Path, PathBuf};

use hookbox_tests::hookbox::hookbox;
use hookbox_tests::{Finished, scratch};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::components::{built_command, expect, place, text};

const CLUSTER: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {colour: blue}
";

/// A component whose hook `reach` does what the list `script` in its values says.
async fn component() -> &'static Path {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    BUILT
        .get_or_init(|| async {
            built_command().await;
            let guests = tokio::task::spawn_blocking(hookbox_guest_builder::guests);
            let bytes = guests.await.expect("no panic").expect("it builds");
            std::fs::create_dir_all(place()).expect("a folder");
            let path = place().join("reach.wasm");
            std::fs::write(&path, bytes).expect("a file");
            path
        })
        .await
}

/// A run that does this, with these grants, on a cluster with one ConfigMap.
async fn reach(grants: &str, script: &[&str]) -> Finished {
    let folder = scratch();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    };
    let (grants, cluster) = (file("grants.yaml", grants), file("cluster.yaml", CLUSTER));
    hookbox([
        "exec",
        text(component().await),
        "--hook",
        "reach",
        "-o",
        "json",
    ])
    .args(["--grants", text(&grants), "--cluster", text(&cluster)])
    .args(["--values", "-"])
    .input(json!({"script": script}).to_string())
    .run()
    .await
}

/// What the run said, and what it was refused.
fn told(finished: Finished) -> (Vec<String>, Vec<String>) {
    let run: Value = serde_json::from_str(&finished.ok()).expect("JSON");
    let texts = |list: &Value, of: fn(&Value) -> &Value| {
        let items = list.as_array().cloned().unwrap_or_default();
        items
            .iter()
            .map(|item| of(item).as_str().unwrap().to_owned())
            .collect()
    };
    (
        texts(&run["log"], |record| &record["message"]),
        texts(&run["missingGrants"], |text| text),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_hook_wants_is_told_in_the_words_of_a_grant() {
    let printed = hookbox(["inspect", text(component().await), "-o", "json"])
        .run()
        .await
        .ok();
    let told: Value = serde_json::from_str(&printed).expect("JSON");
    let wants = told["wants"].as_array().unwrap();
    let of = |hook: &str| -> Vec<&str> {
        let wants = wants.iter().filter(|want| want["hook"] == hook);
        wants.map(|want| want["what"].as_str().unwrap()).collect()
    };
    assert_eq!(
        of("reach"),
        [
            "reads the cluster while it runs: grant `kubernetes: [{apiGroups, kinds, namespaces, verbs}]`",
            "makes HTTP requests: grant `http: [{hosts, schemes, ports, methods}]`",
            r#"grant `http: [{"hosts":["api.example"],"ports":[8443]}]`"#,
            r#"grant `kubernetes: [{"apiGroups":[""],"kinds":["ConfigMap"],"namespaces":["default"],"verbs":["get"]}]`"#,
            "grant `wallClock: true`",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_grant_with_which_it_goes() {
    let script = ["get v1 ConfigMap default settings"];
    let (said, missing) = told(reach("hooks: {}", &script).await);
    assert!(
        said.iter().any(|line| line.starts_with("not-granted: ")),
        "{said:?}"
    );
    let [missing] = missing.as_slice() else {
        panic!("{missing:?}");
    };
    let (what, grant) = missing.split_once("; ask for the capability `").unwrap();
    assert_eq!(
        what,
        "get of ConfigMap (v1) in namespace `default` is not granted"
    );
    let grants = format!("hooks: {{'re*': {{{}}}}}", grant.trim_end_matches('`'));
    let (said, missing) = told(reach(&grants, &script).await);
    assert!(
        said[0].contains("colour") && said[0].contains("blue"),
        "{said:?}"
    );
    assert_eq!(missing, [""; 0]);

    // Of an address that nobody may reach without its being named.
    let script = ["http GET http://127.0.0.1:9/"];
    let asked = |missing: Vec<String>| {
        let grant = missing[0].split_once("ask for the capability `").unwrap().1;
        grant.trim_end_matches('`').to_owned()
    };
    let (_, missing) = told(reach("hooks: {}", &script).await);
    assert!(missing[0].starts_with("GET http://127.0.0.1:9/ was refused: it is not granted"));
    let grants = format!("hooks: {{reach: {{{}}}}}", asked(missing));
    let (_, missing) = told(reach(&grants, &script).await);
    assert!(
        missing[0].contains("its address 127.0.0.1 is loopback"),
        "{missing:?}"
    );
    let grants = format!("hooks: {{reach: {{{}}}}}", asked(missing));
    let (said, missing) = told(reach(&grants, &script).await);
    assert_eq!(missing, [""; 0], "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_is_there_and_nothing_else() {
    let folder = scratch();
    std::fs::write(folder.path().join("a.txt"), "inside").expect("a file");
    let path = text(folder.path());
    let grants = format!(
        "hooks: {{reach: {{files: [{{path: {path}, mount: /given}}], environment: [{{name: REGION, value: eu}}]}}}}"
    );
    let script = ["read /given/a.txt", "read /etc/passwd", "env", "clock"];
    let (said, missing) = told(reach(&grants, &script).await);
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    assert_eq!(said[0], r#"read "inside""#);
    assert!(!said[1].starts_with("read "), "{said:?}");
    assert_eq!(said[2], r#"[("REGION", "eu")]"#);
    assert!(
        said[3].ends_with(" 0 false"),
        "the clock stands still: {said:?}"
    );
    assert_eq!(missing, [""; 0]);
    // A name that is not this hook's gives it nothing.
    let (said, _) = told(reach(&grants.replace("reach", "rich"), &["env"]).await);
    assert_eq!(said, ["[]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_of_grants_says_what_is_wrong_and_where() {
    let of = |capabilities: &str| format!("hooks:\n  reach:\n    {capabilities}\n");
    let bomb: String = (1..30)
        .map(|n| {
            format!(
                "a{n}: &a{n} [{}]\n",
                vec![format!("*a{}", n - 1); 9].join(", ")
            )
        })
        .collect();
    for (grants, words) in [
        (String::new(), &["the grants are 0 documents"][..]),
        (
            "hooks: {}\n---\nhooks: {}\n".into(),
            &["the grants are 2 documents"],
        ),
        (
            "hooks: [".into(),
            &["the grants are no YAML", "line 2, column 1"],
        ),
        (
            "hook: {}".into(),
            &[
                "caused by: 1:1: hook: is not a known key (did you mean `hooks`?)\n             1:1: hooks: is required",
            ],
        ),
        (
            "hooks: [reach]".into(),
            &["hooks: must be a mapping, found a list"],
        ),
        (
            of("htpp: []"),
            &[
                "3:5: hooks.reach.htpp: is not a known key",
                "did you mean `http`?",
            ],
        ),
        (
            of("http: [{hosts: ['https://a.example']}]"),
            &["3:21: hooks.reach.http[0].hosts[0]: `https://a.example` is no host"],
        ),
        (
            of("http: [{hosts: ['*']}]"),
            &["`*` is no host (hosts are named"],
        ),
        (
            of("http: [{hosts: ['a.*.example']}]"),
            &["`a.*.example` is no host (`*` stands for names in front"],
        ),
        (
            of("http: [{hosts: [a.example], ports: [0]}]"),
            &["ports[0]: must be from 1 to 65535, found 0"],
        ),
        (
            of("http: [{hosts: [a.example], addresses: [10.0.0]}]"),
            &["addresses[0]: `10.0.0` is no network"],
        ),
        (of("http: [{ports: [80]}]"), &["http[0].hosts: is required"]),
        (
            of("files: [{path: srv}]"),
            &["`srv` is no path from the root"],
        ),
        (
            of("files: [{path: /srv/../etc}]"),
            &["`/srv/../etc` is no path from the root"],
        ),
        (
            of("files: [{path: /a, mount: /x}, {path: /b, mount: /x}]"),
            &[
                "the grants of `reach` cannot be given",
                "files[1]: a second folder at `/x`",
            ],
        ),
        (
            of("environment: [{name: A}]"),
            &[
                "the grants of `reach` cannot be given",
                "environment[0]: it has no value",
            ],
        ),
        (
            of("kubernetes: [{kinds: [Pod], namespaces: [a], verbs: [get]}]"),
            &["kubernetes[0].apiGroups: is required"],
        ),
        (
            of("kubernetes: [{apiGroups: [''], kinds: [Pod], namespaces: [a], verbs: [delete]}]"),
            &["verbs[0]: must be one of get, list, found `delete`"],
        ),
        (
            format!("a0: &a0 [x]\n{bomb}hooks: {{}}\n"),
            &["the grants are no YAML"],
        ),
        ("[".repeat(100_000), &["the grants are no YAML"]),
        (
            format!("hooks: {{}} # {}", "x".repeat(2 << 20)),
            &["is larger than 1"],
        ),
    ] {
        let finished = expect(reach(&grants, &[]).await, 2, words);
        assert_eq!(finished.stdout, "");
        assert!(
            finished.stderr.contains("grants.yaml"),
            "{}",
            finished.stderr
        );
    }
    let run = hookbox(["exec", text(component().await), "--hook", "reach"])
        .args(["--grants", "-", "--values", "-"])
        .run()
        .await;
    expect(run, 2, &["only one file can be `-`"]);
}
