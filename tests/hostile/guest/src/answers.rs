//! Answers that are none.

use crate::Error;
use crate::exports::hookbox::hook::admission::Response;

pub const NAMES: &[&str] = &[
    "answer/deep",
    "answer/large-tree",
    "answer/not-json",
    "answer/not-an-array",
    "answer/too-few",
    "answer/too-many",
    "answer/warnings",
    "answer/annotations",
    "answer/annotation-key",
    "answer/giant",
];

pub fn allowed() -> Response {
    Response {
        allowed: true,
        message: None,
        warnings: Vec::new(),
        audit_annotations: Vec::new(),
        patch: None,
    }
}

fn deep() -> String {
    format!("{}0{}", "{\"a\":".repeat(100_000), "}".repeat(100_000))
}

/// Little text, large tree.
fn large_tree() -> String {
    format!("{{\"a\":[{}0]}}", "0,".repeat(7 << 20))
}

pub fn review(hook: &str) -> Result<Response, Error> {
    let patch = |text: String| Response {
        patch: Some(text),
        ..allowed()
    };
    Ok(match hook {
        "answer/deep" => patch(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
        "answer/large-tree" => patch(format!("[{}0]", "0,".repeat(7 << 20))),
        "answer/not-json" => patch("[".to_owned()),
        "answer/not-an-array" => patch("{}".to_owned()),
        "answer/warnings" => Response {
            warnings: vec![String::new(); 200_000],
            ..allowed()
        },
        "answer/annotations" => Response {
            audit_annotations: vec![(String::new(), String::new()); 200_000],
            ..allowed()
        },
        "answer/annotation-key" => Response {
            audit_annotations: vec![("a\r\nb: c".to_owned(), String::new())],
            ..allowed()
        },
        "answer/giant" => Response {
            allowed: false,
            message: Some("m".repeat(4 << 20)),
            warnings: vec!["w".repeat(20_000); 100],
            ..allowed()
        },
        _ => allowed(),
    })
}

pub fn convert(hook: &str, mut objects: Vec<String>) -> Result<Vec<String>, Error> {
    Ok(match hook {
        "answer/deep" => vec![deep()],
        "answer/large-tree" => vec![large_tree()],
        "answer/not-json" => vec!["{".to_owned()],
        "answer/not-an-array" => vec!["[]".to_owned()],
        "answer/too-few" => Vec::new(),
        "answer/too-many" => vec!["{}".to_owned(); 100_000],
        "answer/giant" => vec![format!("{{\"a\":\"{}\"}}", "x".repeat(33 << 20))],
        _ => {
            objects.truncate(1);
            objects
        }
    })
}

pub fn filter(hook: &str, objects: &[String]) -> Vec<Result<String, Error>> {
    let one = |text: String| objects.iter().map(|_| Ok(text.clone())).collect();
    match hook {
        "answer/too-few" => Vec::new(),
        "answer/too-many" => vec![Ok(String::new()); 100_000],
        "answer/giant" => one("x".repeat(33 << 20)),
        _ => one("null".to_owned()),
    }
}
