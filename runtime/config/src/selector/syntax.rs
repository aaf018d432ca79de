//! What may stand in a label's key and value, and in names.

use super::SelectorError;

const LONGEST_PART: usize = 63;
const LONGEST_SUBDOMAIN: usize = 253;

/// `[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?`
fn is_qualified_part(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ends(text.chars().next())
        && ends(text.chars().next_back())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Whether this is a DNS label (RFC 1123): lower case letters, digits and `-`, at most 63 characters.
#[must_use]
pub fn is_dns_label(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= LONGEST_PART
        && ends(text.chars().next())
        && ends(text.chars().next_back())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether this is a DNS subdomain (RFC 1123): labels with dots between them, at most 253 characters.
#[must_use]
pub fn is_dns_subdomain(text: &str) -> bool {
    // Unlike a label by itself, a label of a subdomain may be longer than 63 characters: so has Kubernetes.
    let label = |label: &str| {
        let ends =
            |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        ends(label.chars().next())
            && ends(label.chars().next_back())
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= LONGEST_SUBDOMAIN && text.split('.').all(label)
}

/// At most this much of what was written is repeated in an error.
const REPEATED: usize = 80;

fn repeat(text: &str) -> String {
    let mut repeated: String = text.chars().take(REPEATED).collect();
    if repeated.len() < text.len() {
        repeated.push('…');
    }
    repeated.escape_debug().to_string()
}

/// Check the key of a label: an optional DNS subdomain and `/`, then a name of at most 63 characters.
///
/// # Errors
/// [`SelectorError::Key`] with the rule that is broken.
pub fn check_label_key(key: &str) -> Result<(), SelectorError> {
    let reason = match key.split_once('/') {
        Some(("", _)) => Some("the part before `/` must not be empty"),
        Some((_, name)) if name.contains('/') => Some("there may be one `/` at most"),
        Some((prefix, _)) if !is_dns_subdomain(prefix) => Some(
            "the part before `/` must be a DNS subdomain: lower case letters, digits, `-` and `.`",
        ),
        Some((_, name)) => check_name(name),
        None => check_name(key),
    };
    match reason {
        None => Ok(()),
        Some(reason) => Err(SelectorError::Key {
            key: repeat(key),
            reason,
        }),
    }
}

fn check_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("the name must not be empty")
    } else if name.len() > LONGEST_PART {
        Some("the name must have at most 63 characters")
    } else if !is_qualified_part(name) {
        Some(
            "the name must consist of letters, digits, `-`, `_` and `.`, and start and end with a letter or digit",
        )
    } else {
        None
    }
}

/// Check the value of a label: empty, or at most 63 characters.
///
/// # Errors
/// [`SelectorError::Value`] with the rule that is broken.
pub fn check_label_value(value: &str) -> Result<(), SelectorError> {
    let reason = if value.len() > LONGEST_PART {
        "it must have at most 63 characters"
    } else if !value.is_empty() && !is_qualified_part(value) {
        "it must consist of letters, digits, `-`, `_` and `.`, and start and end with a letter or digit"
    } else {
        return Ok(());
    };
    Err(SelectorError::Value {
        value: repeat(value),
        reason,
    })
}
