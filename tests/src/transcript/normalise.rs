//! What differs between two runs of the same command is replaced by words.

use std::path::Path;
use std::sync::LazyLock;

use regex_lite::Regex;

/// What to look for, line by line, and what to write instead; in this order.
static RULES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "<uid>",
        ),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
        (
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4}",
            "<time>",
        ),
        (
            r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}",
            "<time>",
        ),
        (r#"(resourceVersion"?: *)"?\d+"?"#, "${1}<version>"),
        (r"https?://127\.0\.0\.1:\d+", "<server>"),
        (r"/(LIVE|MERGED|kubectl-edit)-\d+", "/$1-<number>"),
        // The age in a table: seconds on a busy machine, minutes on a very busy one.
        (r"(^|\s)(\d+[smh]){1,2}(\s|$)", "${1}<age>$3"),
        // Columns are as wide as their widest cell, which may be an age.
        (r"(\S)[ \t]{2,}", "$1   "),
        (r"\s+$", ""),
    ]
    .map(|(pattern, word)| (Regex::new(pattern).expect("a valid pattern"), word))
    .into()
});

/// A line of kubectl's own log, such as that a watch ended when its time was up.
static LOG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ ").expect("a valid pattern"));

/// Leave out kubectl's own log; replace ages, times, uids, resource versions, loopback addresses, and the session's folder; make the gaps between
/// columns three spaces wide; end with a line break.
pub fn normalise(text: &str, folder: &Path) -> String {
    let text = text.replace(&*folder.to_string_lossy(), "<folder>");
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !LOG.is_match(line))
        .map(line)
        .collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn line(line: &str) -> String {
    let mut line = line.to_owned();
    for (pattern, word) in &*RULES {
        line = pattern.replace_all(&line, *word).into_owned();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_runs_becomes_words() {
        let seen = normalise(
            "NAME   DATA   AGE\nweb    2      12s\nold    1      3m12s  \n  uid: 0b6b1f5e-0000-4444-8888-0123456789ab\n  \
             resourceVersion: \"12\"\n  creationTimestamp: \"2026-01-02T03:04:05Z\"\n/x/y/a.yaml at https://127.0.0.1:1234/\n\n",
            Path::new("/x/y"),
        );
        assert_eq!(
            seen,
            "NAME   DATA   AGE\nweb   2   <age>\nold   1   <age>\n  uid: <uid>\n  resourceVersion: <version>\n  \
             creationTimestamp: \"<time>\"\n<folder>/a.yaml at <server>/\n"
        );
    }

    #[test]
    fn the_log_of_kubectl_is_left_out() {
        let text = "E1121 03:54:51.081094   23562 reflector.go:227] \"Failed to watch\"\nError\n";
        assert_eq!(normalise(text, Path::new("/none")), "Error\n");
    }

    #[test]
    fn what_matters_stays() {
        let text = "    key: value 12s9\n{\"a\": 1}\n";
        assert_eq!(normalise(text, Path::new("/none")), text);
    }
}
