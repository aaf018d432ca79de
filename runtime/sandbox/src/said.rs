//! Lines that are JSON objects, as loggers of many languages print them.

use serde_json::{Map, Value};

use crate::{LogLevel, LogRecord};

/// What a text on a standard stream is.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A JSON object, and the record that it is.
    Record(LogRecord),
    /// The beginning of a JSON object, perhaps.
    Unfinished,
    /// Text.
    Text,
}

/// What a text is. A JSON object is the record that shell-operator makes of it: its `level` and `msg` are the record's, its
/// `time` is left out as the record has its own, and all else becomes fields `hook_NAME`; values other than text are JSON.
#[must_use]
pub fn said(text: &str) -> Said {
    if !text.trim_start().starts_with('{') {
        return Said::Text;
    }
    match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(map) => Said::Record(record(map)),
        Err(error) if error.is_eof() => Said::Unfinished,
        Err(_) => Said::Text,
    }
}

fn record(mut map: Map<String, Value>) -> LogRecord {
    let mut text = |key: &str| match map.remove(key) {
        Some(Value::String(text)) => Some(text),
        Some(other) => {
            map.insert(key.to_owned(), other);
            None
        }
        None => None,
    };
    let level = match text("level")
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "trace" | "debug" => LogLevel::Debug,
        "warn" => LogLevel::Warn,
        "error" | "fatal" => LogLevel::Error,
        _ => LogLevel::Info,
    };
    let message = text("msg").unwrap_or_else(|| "hook result".to_owned());
    map.remove("time");
    let field = |(key, value): (String, Value)| {
        let value = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        (format!("hook_{key}"), value)
    };
    LogRecord {
        level,
        message,
        fields: map.into_iter().map(field).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_records_as_in_shell_operator() {
        let record = |level, message: &str, fields: &[(&str, &str)]| {
            let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            Said::Record(LogRecord {
                level,
                message: message.to_owned(),
                fields: fields.iter().map(own).collect(),
            })
        };
        for (text, expected) in [
            (
                r#"{"level":"WARN","msg":"hello","time":"x","a":1,"b":{"c":"d e"},"source":"s"}"#,
                record(
                    LogLevel::Warn,
                    "hello",
                    &[
                        ("hook_a", "1"),
                        ("hook_b", r#"{"c":"d e"}"#),
                        ("hook_source", "s"),
                    ],
                ),
            ),
            (
                r#" {"a":null} "#,
                record(LogLevel::Info, "hook result", &[("hook_a", "null")]),
            ),
            (
                r#"{"level":"fatal","msg":"f"}"#,
                record(LogLevel::Error, "f", &[]),
            ),
            (
                r#"{"level":"trace","msg":"t"}"#,
                record(LogLevel::Debug, "t", &[]),
            ),
            (
                r#"{"level":"loud","msg":""}"#,
                record(LogLevel::Info, "", &[]),
            ),
            // What is no text is not lost.
            (
                r#"{"level":5,"msg":7,"time":8}"#,
                record(
                    LogLevel::Info,
                    "hook result",
                    &[("hook_level", "5"), ("hook_msg", "7")],
                ),
            ),
            ("{", Said::Unfinished),
            ("{\n \"msg\": \"x", Said::Unfinished),
            ("{ not json", Said::Text),
            (r#"{"a":1}{"b":2}"#, Said::Text),
            ("[1]", Said::Text),
            ("text", Said::Text),
            ("", Said::Text),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
        let deep = "{\"a\":".repeat(10_000);
        assert_eq!(said(&deep), Said::Text);
    }
}
