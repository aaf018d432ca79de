//! Files and documents.

use std::sync::Arc;

use hookbox_operator::apply::{self, Gate};
use hookbox_operator::journal;
use hookbox_operator::metrics::{self, HookMetrics};
use hookbox_sandbox::{Effects, MetricOperation};

use crate::runtime;

/// A hook's configuration. Each offence has a place in the text.
pub fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(offences) = hookbox_config::parse(&text) {
        assert!(!offences.0.is_empty(), "refused, and nothing is wrong");
        let _ = offences.to_string();
    }
}

/// A file of object patches: what is read of it, the gate takes or refuses, and it is the same when it was a record.
pub fn patches(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(parsed) = apply::parse(&text) {
        let effects = Effects {
            object_patches: parsed.patches,
            ..Effects::default()
        };
        check(effects);
    }
}

/// Effects are the same after they were written as JSON, and pass the gate or are refused in words.
pub(crate) fn check(effects: Effects) {
    let text = serde_json::to_string(&effects).expect("effects have a form");
    let again: Effects = serde_json::from_str(&text).expect("and are read from it");
    assert_eq!(again, effects, "of {text}");
    if let Err(error) = runtime().block_on(Gate::new(None).check(Arc::new(effects))) {
        assert!(!error.offences.is_empty(), "refused, and nothing is wrong");
        let _ = error.to_string();
    }
}

/// A file of metric operations, and the page that comes of it.
pub fn metrics(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(parsed) = metrics::parse(&text) {
        page(&parsed.operations);
    }
}

/// Each line of the page is a comment, or a name and a number: no operation that is taken writes a line of its own making.
pub(crate) fn page(operations: &[MetricOperation]) {
    // As the gate does, which lets nothing of a run go on then.
    if !metrics::check(operations).is_empty() {
        return;
    }
    let all = HookMetrics::new();
    all.apply("hook", operations);
    // Twice: what stays of the first time is there.
    all.apply("another", operations);
    for line in all.text().lines() {
        let comment = line.starts_with("# HELP ") || line.starts_with("# TYPE ") || line == "# EOF";
        let series = line
            .rsplit_once(' ')
            .is_some_and(|(name, value)| !name.is_empty() && number(value));
        assert!(comment || series, "a line that is none: {line:?}");
    }
}

fn number(text: &str) -> bool {
    matches!(text, "+Inf" | "-Inf" | "NaN") || text.parse::<f64>().is_ok()
}

/// A file of the journal. A record that is read is the same when it is written and read again.
pub fn journal(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("runs-00000001.jsonl"), bytes).expect("a file");
    for record in journal::read(folder.path()).expect("the folder is read") {
        match record {
            Ok(record) => {
                let text = serde_json::to_string(&record).expect("a record has a form");
                let again: journal::RunRecord =
                    serde_json::from_str(&text).expect("and is read from it");
                assert_eq!(serde_json::to_string(&again).expect("a form"), text);
            }
            Err(error) => drop(error.to_string()),
        }
    }
}
