//! The forms of an answer: shell-operator's `text`, `json` and `yaml`.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The form of an answer, from the end of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
    Yaml,
}

impl Format {
    /// The name before the form, and the form; what has none is text.
    pub(super) fn split(file: &str) -> Option<(&str, Self)> {
        match file.rsplit_once('.') {
            Some((name, "text")) => Some((name, Self::Text)),
            Some((name, "json")) => Some((name, Self::Json)),
            Some((name, "yaml")) => Some((name, Self::Yaml)),
            Some(_) => None,
            None => Some((file, Self::Text)),
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
        }
    }

    /// An answer. What is only data is JSON as text too.
    pub(super) fn answer<T: Serialize>(self, pretty: bool, data: &T) -> Response {
        let rendered = match self {
            Self::Yaml => serde_saphyr::to_string(data).map_err(|e| e.to_string()),
            Self::Json | Self::Text if pretty => {
                serde_json::to_string_pretty(data).map_err(|e| e.to_string())
            }
            Self::Json | Self::Text => serde_json::to_string(data).map_err(|e| e.to_string()),
        };
        match rendered {
            Ok(mut text) => {
                if !text.ends_with('\n') {
                    text.push('\n');
                }
                self.body(text)
            }
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
        }
    }

    /// An answer that has a text of its own.
    pub(super) fn answer_or<T: Serialize>(
        self,
        pretty: bool,
        data: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Response {
        match self {
            Self::Text => self.body(text(data)),
            _ => self.answer(pretty, data),
        }
    }

    fn body(self, text: String) -> Response {
        ([(header::CONTENT_TYPE, self.content_type())], text).into_response()
    }
}

/// Decodes `%41` and, in forms and queries, `+`. Bytes that are no UTF-8 are replaced.
pub(super) fn decode(text: &str, plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [high, low, tail @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = tail;
                }
                _ => bytes.push(b'%'),
            },
            (b'+', _) if plus => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Encodes all that means something in a path or a query, but `/`.
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_at_the_end() {
        assert_eq!(Format::split("list.json"), Some(("list", Format::Json)));
        assert_eq!(Format::split("list"), Some(("list", Format::Text)));
        assert_eq!(Format::split("a.b.yaml"), Some(("a.b", Format::Yaml)));
        assert_eq!(Format::split("list.xml"), None);
    }

    #[test]
    fn names_survive_a_path() {
        for name in ["a/b c.sh", "100%", "ä+b?c=d&e", "%41", ""] {
            assert_eq!(decode(&encode(name), true), name);
        }
        assert_eq!(decode("a+b%2", true), "a b%2");
        assert_eq!(decode("a+b%zz%ff", false), "a+b%zz\u{fffd}");
    }
}
