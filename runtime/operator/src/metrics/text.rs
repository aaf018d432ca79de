//! Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;

/// What `/metrics` answers with.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

// Writing to a String does not fail, hence the dropped results.

pub(super) fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    let _ = write!(out, "# HELP {name} ");
    for c in help.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    let _ = writeln!(out, "\n# TYPE {name} {kind}");
}

/// One line. `extra` is the `le` of a bucket.
pub(super) fn sample<'a>(
    out: &mut String,
    name: &str,
    suffix: &str,
    labels: impl Iterator<Item = (&'a str, &'a str)>,
    extra: Option<f64>,
    value: f64,
) {
    out.push_str(name);
    out.push_str(suffix);
    let mut open = false;
    for (label, text) in labels {
        out.push(if open { ',' } else { '{' });
        open = true;
        out.push_str(label);
        out.push_str("=\"");
        for c in text.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                c => out.push(c),
            }
        }
        out.push('"');
    }
    if let Some(bound) = extra {
        out.push(if open { ',' } else { '{' });
        open = true;
        out.push_str("le=\"");
        number(out, bound);
        out.push('"');
    }
    if open {
        out.push('}');
    }
    out.push(' ');
    number(out, value);
    out.push('\n');
}

/// As Prometheus' Go client writes numbers, so that a bucket's `le` is the same text: the shortest digits that read back
/// as the same number, with an exponent below 0.0001 and from a million on.
fn number(out: &mut String, value: f64) {
    let _ = if value.is_nan() {
        write!(out, "NaN")
    } else if value.is_infinite() {
        write!(out, "{}", if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        scientific(out, value)
    };
}

fn scientific(out: &mut String, value: f64) -> std::fmt::Result {
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) || value == 0.0 {
        return write!(out, "{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    write!(out, "{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact() {
        let text = |value| {
            let mut out = String::new();
            number(&mut out, value);
            out
        };
        for (value, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (1.7, "1.7"),
            (-3.0, "-3"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (999_999.0, "999999"),
            (100_000.5, "100000.5"),
            (1e6, "1e+06"),
            (-1e6, "-1e+06"),
            (1_000_001.0, "1.000001e+06"),
            (12_345_678.9, "1.23456789e+07"),
            (1e15, "1e+15"),
            (1e300, "1e+300"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(text(value), expected);
        }
        assert_eq!(text(f64::INFINITY), "+Inf");
        assert_eq!(text(f64::NEG_INFINITY), "-Inf");
        assert_eq!(text(f64::NAN), "NaN");
    }

    #[test]
    fn label_values_and_help_are_escaped() {
        let mut out = String::new();
        head(&mut out, "a", "one\ntwo \\ \"three\"", "gauge");
        sample(
            &mut out,
            "a",
            "",
            [("x", "q\"b\\n\nend")].into_iter(),
            None,
            1.0,
        );
        assert_eq!(
            out,
            "# HELP a one\\ntwo \\\\ \"three\"\n# TYPE a gauge\na{x=\"q\\\"b\\\\n\\nend\"} 1\n"
        );
    }
}
