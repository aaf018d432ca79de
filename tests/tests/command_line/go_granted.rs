//! What a hook in Go has of the environment and of folders that are granted to it, by Go's own packages.

use std::path::Path;

use hookbox_tests::hookbox::{checkout, hookbox};
use hookbox_tests::scratch;
use serde_json::{Value, json};

use super::components::{BUILD, built_command};

/// Makes the component of `go/granted.go`; its hooks are run with these grants.
struct Granted {
    folder: tempfile::TempDir,
}

impl Granted {
    async fn new() -> Self {
        built_command().await;
        let folder = scratch();
        let new = hookbox(["new", "granted", "--lang", "go"]).folder(folder.path());
        new.run().await.expect_code(0);
        let project = folder.path().join("granted");
        std::fs::remove_file(project.join("main_test.go")).unwrap();
        let source = checkout().join("tests/tests/command_line/go/granted.go");
        std::fs::copy(source, project.join("main.go")).unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The log of a hook: each message with its fields.
    async fn run(&self, hook: &str, grants: Value) -> Vec<(String, Value)> {
        let file = self.path().join("grants.yaml");
        let grants = json!({"hooks": {"*": grants}});
        std::fs::write(&file, grants.to_string()).unwrap();
        let file = file.to_string_lossy();
        let exec = ["exec", ".", "-o", "json", "--hook", hook, "--grants", &file];
        let ran = hookbox(exec)
            .folder(self.path().join("granted"))
            .env("GOPROXY", "off")
            .env("GOFLAGS", "-mod=mod")
            .limit(BUILD);
        let ran: Value = serde_json::from_str(&ran.run().await.ok()).unwrap();
        let log = ran["log"].as_array().expect("a log").iter();
        log.map(|record| {
            let message = record["message"].as_str().unwrap().to_owned();
            (message, record["fields"].clone())
        })
        .collect()
    }
}

fn said(message: &str, fields: Value) -> (String, Value) {
    (message.to_owned(), fields)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_in_go_reads_what_it_is_granted() {
    let hooks = Granted::new().await;
    let folder = hooks.path().join("files");
    let (templates, other) = (folder.join("templates"), folder.join("other"));
    std::fs::create_dir_all(templates.join("many")).unwrap();
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("x"), "x").unwrap();
    std::fs::write(templates.join("greeting.txt"), "hello").unwrap();
    let large: Vec<u8> = (0..=255u8).cycle().take(307_200).collect();
    std::fs::write(templates.join("large"), &large).unwrap();
    let day = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    let file = std::fs::File::options()
        .append(true)
        .open(templates.join("large"));
    file.unwrap().set_modified(day).unwrap();
    std::os::unix::fs::symlink("greeting.txt", templates.join("link")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", templates.join("out")).unwrap();
    for index in 0..700 {
        std::fs::write(templates.join(format!("many/many-{index:050}")), "").unwrap();
    }
    // More than the adapter has room for without growing the memory.
    let environment = json!([
        {"name": "REGION", "value": "eu"},
        {"name": "EMPTY", "value": ""},
        {"name": "LARGE", "value": format!("{}large", "x".repeat(100_000))},
        {"name": "LAST", "value": "the end"},
    ]);
    let grants = json!({
        "environment": environment,
        "files": [{"path": templates, "mount": "/templates"}, {"path": other, "mount": "/other"}],
    });

    assert_eq!(
        hooks.run("environment", grants.clone()).await,
        [
            said("early", json!({"region": "eu"})),
            said("REGION", json!({"length": "2", "end": "eu"})),
            said("EMPTY", json!({"length": "0", "end": ""})),
            said("LARGE", json!({"length": "100005", "end": "large"})),
            said("LAST", json!({"length": "7", "end": "e end"})),
        ]
    );
    let walked = |path: &str, kind: &str| said("walked", json!({"path": path, "type": kind}));
    assert_eq!(
        hooks.run("files", grants.clone()).await,
        [
            said("read", json!({"text": "hello"})),
            walked("/templates", "d---------"),
            walked("/templates/greeting.txt", "----------"),
            walked("/templates/large", "----------"),
            walked("/templates/link", "L---------"),
            walked("/templates/many", "d---------"),
            walked("/templates/out", "L---------"),
            said(
                "many",
                json!({"entries": "700", "names": "700", "last": format!("many-{:050}", 699)})
            ),
            said(
                "large",
                json!({"size": "307200", "read": "307200", "sum": "39168000", "mode": "-rw-------", "since": "1700000000"})
            ),
            said(
                "places",
                json!({"at": "[250 251 252 253]", "end": "[254 255]"})
            ),
            said(
                "link",
                json!({"target": "greeting.txt", "same": "true", "other": "false"})
            ),
            said(
                "too many",
                json!({"open": "true", "error": "open /other/x: Too many open files"})
            ),
        ]
    );
    let refused = hooks.run("refused", grants).await;
    let error = |what: &str, error: &str| said(what, json!({"error": error}));
    for expected in [
        error("none", "open /templates/none: No such file or directory"),
        said("is not exist", json!({"is": "true"})),
        error("elsewhere", "open /etc/passwd: Bad file number"),
        error("link", "open /templates/out: Operation not permitted"),
        error("folder", "read /templates: Is a directory"),
        error("file", "open /templates/greeting.txt: Not a directory"),
        error("write", "open /templates/new: Operation not permitted"),
        error("mkdir", "mkdir /templates/folder: Read-only file system"),
        said(
            "environment",
            json!({"region": "eu", "entries": "4", "arguments": "0"}),
        ),
    ] {
        assert!(
            refused.contains(&expected),
            "{expected:?} is not in {refused:?}"
        );
    }
    let there = std::fs::read_to_string(templates.join("greeting.txt")).unwrap();
    assert_eq!(there, "hello");
    assert!(!templates.join("new").exists() && !templates.join("folder").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_in_go_without_grants_is_told_so() {
    let hooks = Granted::new().await;
    let refused = hooks.run("refused", json!({})).await;
    let (environment, errors) = refused.split_last().unwrap();
    let errors: Vec<&Value> = errors
        .iter()
        .filter_map(|(_, fields)| fields.get("error"))
        .collect();
    assert_eq!(errors.len(), 12, "{errors:?}");
    for error in errors {
        let error = error.as_str().unwrap();
        let told = ["Bad file number", "Read-only file system"];
        assert!(told.iter().any(|told| error.ends_with(told)), "{error}");
    }
    let nothing = json!({"region": "", "entries": "0", "arguments": "0"});
    assert_eq!(*environment, said("environment", nothing));
    assert_eq!(
        hooks.run("environment", json!({})).await,
        [said("early", json!({"region": ""}))]
    );
}
