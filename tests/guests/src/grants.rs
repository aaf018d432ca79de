//! What a hook may do when it was granted: it does what the list at `/script` in its values says, one line each, and
//! tells in the log what came of it.

use crate::hookbox::hook::cluster::{self, Selection};
use crate::hookbox::hook::log::{self, Level};
use crate::hookbox::hook::types::Refusal;
use crate::hookbox::hook::values;
use crate::{Answer, failed};

pub const NAMES: &[&str] = &["reach"];

pub fn run(hook: &str) -> Option<Answer> {
    (hook == "reach").then(reach)
}

fn reach() -> Answer {
    for index in 0.. {
        let line = values::get(&format!("/script/{index}")).map_err(|r| failed(r.message))?;
        let Some(line) = line else { break };
        // A JSON string without anything to be escaped.
        let line = line.trim_matches('"').to_owned();
        let words: Vec<&str> = line.split(' ').collect();
        let said = match words.as_slice() {
            ["get", api_version, kind, namespace, name] => told(cluster::get(
                api_version,
                kind,
                some(namespace).as_deref(),
                name,
            )),
            ["list", api_version, kind, namespace, limit, rest @ ..] => told(cluster::list(
                api_version,
                kind,
                &Selection {
                    namespace: some(namespace),
                    label_selector: rest.first().and_then(|text| some(text)),
                    field_selector: None,
                    limit: limit.parse().ok(),
                    after: rest.get(1).and_then(|text| some(text)),
                },
            )),
            ["flood", api_version, kind, namespace, name] => loop {
                let _ = cluster::get(api_version, kind, some(namespace).as_deref(), name);
            },
            _ => return Err(failed(format!("no such line: {line}"))),
        };
        let said: String = said.chars().take(1000).collect();
        log::log(Level::Info, &said, &[]);
    }
    Ok(())
}

/// `-` stands for none.
fn some(word: &str) -> Option<String> {
    (word != "-").then(|| word.to_owned())
}

fn told<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(refusal) => format!("{}: {}", refusal.code, refusal.message),
    }
}
