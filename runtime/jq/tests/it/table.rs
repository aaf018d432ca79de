//! What gojq answers to filters that hooks are made of, and that we answer the same.
//!
//! `table.txt` holds blocks of three lines: a filter, an input, and the answer of the gojq that shell-operator uses, as
//! recorded by `gojq/main.go`. Answers that begin with `compile:` or `runtime:` are errors.

use crate::common::run;

/// Where we knowingly answer otherwise: filter, input, our answer.
const OTHERWISE: [(&str, &str, &str); 4] = [
    // Go's sine is less exact in the last digit.
    (
        "sin, cos, atan, cbrt, significand, logb, gamma",
        "2",
        "[0.9092974268256817,-0.4161468365471424,1.1071487177940904,1.2599210498948732,1,1,1]",
    ),
    // gojq counts a path from where it was before.
    ("path(reduce (1,2) as $x (.; .a))", "null", r#"["a","a"]"#),
    // What cannot be right is told when the hook is loaded.
    ("@base32d?", "null", "compile"),
    // A string has no items to take apart.
    (
        "[.[]? as [$a,$b]|{a:$a,b:$b}]",
        r#"["b","a"]"#,
        r#"[{"a":"b","b":null},{"a":"a","b":null}]"#,
    ),
];

#[tokio::test]
async fn answers_are_those_of_gojq() {
    let table = include_str!("table.txt");
    let mut wrong = Vec::new();
    let mut rows = 0;
    for block in table.trim_end().split("\n\n") {
        let mut lines = block.lines().skip_while(|line| line.starts_with("## "));
        let (Some(filter), Some(input), Some(gojq)) = (lines.next(), lines.next(), lines.next())
        else {
            panic!("not three lines:\n{block}");
        };
        rows += 1;
        let ours = match run(filter, input).await {
            Ok(json) => json,
            Err(error) => error.code().to_owned(),
        };
        let otherwise = OTHERWISE
            .iter()
            .find(|(f, i, _)| (*f, *i) == (filter, input));
        let wanted = match (otherwise, gojq.split_once(": ")) {
            (Some((_, _, answer)), _) => (*answer).to_owned(),
            (None, Some((kind @ ("compile" | "runtime"), _))) => kind.to_owned(),
            // The same character, written otherwise.
            (None, _) => gojq.replace("\\ufffd", "\u{fffd}"),
        };
        if ours != wanted {
            wrong.push(format!("{filter}\n{input}\n  gojq: {gojq}\n  ours: {ours}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {rows} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(rows > 1000, "{rows}");
}
