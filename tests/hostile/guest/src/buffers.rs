//! What the host holds for a guest: many small things, and large ones.

use crate::hookbox::hook::log::{self, Level};
use crate::hookbox::hook::object_patches::{self as patches, CreateMode};
use crate::hookbox::hook::{config_values, metrics, snapshots, values};
use crate::{Answer, failed, say};

pub const NAMES: &[&str] = &[
    "million-effects",
    "million-metrics",
    "million-values",
    "giant-effect",
    "giant-field",
    "empty-fields",
    "empty-labels",
    "many-buckets",
    "metric-names",
    "series",
    "names",
    "label-names",
    "huge-numbers",
    "duplicate-keys",
    "deep-json",
    "deep-pointer",
    "json-lines",
    "long-line",
    "files",
    "terminal",
];

pub fn run(hook: &str) -> Option<Answer> {
    match hook {
        "million-effects" => loop {
            let _ = patches::create(MANIFEST, CreateMode::FailIfExists);
        },
        "million-metrics" => loop {
            let _ = metrics::add("m", 1.0, &[], None);
        },
        "million-values" => loop {
            let _ = values::set("/m/a", "{}");
            let _ = values::set("/m/b", "{}");
        },
        "giant-effect" => {
            let data = "x".repeat(30 << 20);
            let _ = patches::create(&manifest(&format!("{data:?}")), CreateMode::FailIfExists);
        }
        "giant-field" => log::log(
            Level::Info,
            "",
            &[("f".repeat(1 << 20), "v".repeat(1 << 20))],
        ),
        "empty-fields" => {
            let fields = vec![(String::new(), String::new()); 100_000];
            loop {
                log::log(Level::Info, "", &fields);
            }
        }
        "empty-labels" => {
            let labels: Vec<_> = (0..10_000)
                .map(|number| (format!("l{number}"), String::new()))
                .collect();
            loop {
                if let Err(refusal) = metrics::add("m", 1.0, &labels, None) {
                    say(&refusal.code);
                    return Some(Ok(()));
                }
            }
        }
        "many-buckets" => {
            let buckets: Vec<f64> = (0..1_000_000).map(f64::from).collect();
            match metrics::observe("m", 1.0, &buckets, &[], None) {
                Ok(()) => return Some(Err(failed("a million buckets"))),
                Err(refusal) => say(&refusal.code),
            }
        }
        "metric-names" => {
            for number in 0.. {
                let name = format!("m{number}");
                let labels = [("l".to_owned(), "v".repeat(1000))];
                let _ = metrics::set(&name, 1.0, &labels, Some(&name));
            }
        }
        // More than a hook may have: series, names, names of labels. The run succeeds.
        "series" | "names" | "label-names" => {
            for number in 0..3000 {
                let (name, value) = (format!("n{number}"), format!("{number:0>500}"));
                let _ = match hook {
                    "series" => metrics::set("m", 1.0, &[("l".to_owned(), value)], None),
                    "names" => metrics::set(&name, 1.0, &[], None),
                    _ => metrics::set("m", 1.0, &[(name, String::new())], None),
                };
            }
        }
        "huge-numbers" => {
            return Some(each(&[
                "1e999999999",
                &format!("1{}", "0".repeat(100_000)),
                &format!("0.{}1", "0".repeat(100_000)),
                "-1e-999999999",
                "18446744073709551616",
            ]));
        }
        "duplicate-keys" => {
            return Some(each(&[
                r#"{"a":1,"a":2}"#,
                r#"{"a":1,"\u0061":2}"#,
                &format!("{{{}\"k\":0}}", "\"k\":0,".repeat(100_000)),
            ]));
        }
        "deep-json" => {
            return Some(each(&[
                &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
                &format!("{}0{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)),
                &"[".repeat(1 << 20),
            ]));
        }
        "deep-pointer" => deep_pointer(),
        // Lines of standard output that are objects become records, with a field for each member.
        "json-lines" => {
            let members: Vec<String> = (0..1000).map(|n| format!("\"{n}\":{n}")).collect();
            let line = format!("{{{}}}", members.join(","));
            for _ in 0..1000 {
                println!("{line}");
            }
            println!("{}", "{\"a\":".repeat(3000));
        }
        "long-line" => {
            for _ in 0..64 {
                print!("{}", "x".repeat(1 << 20));
            }
        }
        "files" => return Some(files()),
        // A title, a cleared screen, a line that looks like hookbox's own.
        "terminal" => {
            println!("\u{1b}]0;owned\u{7}\u{1b}[2J");
            say("a\r\n\u{1b}[1A    Finished all is well\u{9b}31m");
            return Some(Err(failed("\u{1b}[8mhidden")));
        }
        _ => return None,
    }
    Some(Ok(()))
}

const MANIFEST: &str = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#;

fn manifest(data: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a"}},"data":{{"d":{data}}}}}"#
    )
}

/// Each text in each place that takes JSON, and what the host said. What was taken is undone by a failure.
fn each(texts: &[&str]) -> Answer {
    let code = |answer: Result<(), crate::hookbox::hook::types::Refusal>| match answer {
        Ok(()) => "taken".to_owned(),
        Err(refusal) => refusal.code,
    };
    for text in texts {
        let answers = [
            code(patches::create(&manifest(text), CreateMode::KeepExisting)),
            code(values::set("/a", text)),
            code(config_values::set("/a", text)),
        ];
        say(&answers.join(" "));
    }
    Err(failed("and now nothing of it"))
}

/// Pointers with a hundred thousand steps, at everything that takes one.
fn deep_pointer() {
    let path = "/a".repeat(100_000);
    let read = |answer: Result<Option<String>, crate::hookbox::hook::types::Refusal>| match answer {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(_)) => "something".to_owned(),
        Err(refusal) => refusal.code,
    };
    say(&read(values::get(&path)));
    say(&read(config_values::get(&path)));
    if let Some(pods) = snapshots::open("pods") {
        say(&read(pods.pointer(0, snapshots::Part::Object, &path)));
    }
    let wrote = values::set(&path, "1");
    say(&wrote.map_or_else(|refusal| refusal.code, |()| "taken".to_owned()));
}

/// Ways out of a folder that is not even there.
fn files() -> Answer {
    for path in [
        "/",
        ".",
        "..",
        "/etc/passwd",
        "../../../../etc/passwd",
        "/proc/self/environ",
        "/dev/stdin",
        "C:\\",
        "/templates/../../etc/passwd",
    ] {
        if std::fs::read(path).is_ok() || std::fs::read_dir(path).is_ok() {
            return Err(failed(format!("{path} can be read")));
        }
        if std::fs::write(path, "x").is_ok() || std::fs::create_dir(path).is_ok() {
            return Err(failed(format!("{path} can be written")));
        }
    }
    if std::env::vars().count() + std::env::args().count() > 0 {
        return Err(failed("the environment can be read"));
    }
    for address in [
        "127.0.0.1:80",
        "[::1]:80",
        "169.254.169.254:80",
        "localhost:80",
    ] {
        if std::net::TcpStream::connect(address).is_ok() {
            return Err(failed(format!("{address} can be reached")));
        }
    }
    Ok(())
}
