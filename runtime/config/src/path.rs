//! Paths of values in a document, as people write them: `kubernetes[0].namespace.labelSelector`.

use std::fmt::{self, Write as _};

/// The path of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Path(String);

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a sequence, from 0.
    Index(usize),
}

/// Longer keys are shortened: paths are for people, and no key that means anything is longer.
const LONGEST_KEY: usize = 320;

/// Whether a key can be written without quotes.
fn is_plain(key: &str) -> bool {
    let mut chars = key.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

impl Path {
    pub(crate) fn key(&self, key: &str) -> Self {
        let mut text = self.0.clone();
        if is_plain(key) && key.len() <= LONGEST_KEY {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(key);
        } else {
            text.push('[');
            let mut shown: String = key.chars().take(LONGEST_KEY).collect();
            if shown.len() < key.len() {
                shown.push('…');
            }
            // A string always has a JSON form.
            text.push_str(&serde_json::to_string(&shown).unwrap_or_default());
            text.push(']');
        }
        Self(text)
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        let mut text = self.0.clone();
        // Writing to a String cannot fail.
        let _ = write!(text, "[{index}]");
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The steps of a written path; none when it is malformed.
pub(crate) fn parse(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, after) = bracket(inner)?;
            steps.push(step);
            rest = after;
        } else {
            let word = if steps.is_empty() {
                rest
            } else {
                rest.strip_prefix('.')?
            };
            let end = word.find(['.', '[']).unwrap_or(word.len());
            let (key, after) = word.split_at(end);
            if key.is_empty() {
                return None;
            }
            steps.push(Step::Key(key.to_owned()));
            rest = after;
        }
    }
    Some(steps)
}

/// `0]…` or `"key"]…`
fn bracket(inner: &str) -> Option<(Step, &str)> {
    if inner.starts_with('"') {
        let mut stream = serde_json::Deserializer::from_str(inner).into_iter::<String>();
        let key = stream.next()?.ok()?;
        let after = inner.get(stream.byte_offset()..)?.strip_prefix(']')?;
        Some((Step::Key(key), after))
    } else {
        let (digits, after) = inner.split_once(']')?;
        Some((Step::Index(digits.parse().ok()?), after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_path_parses_to_the_steps_it_was_made_of() {
        let path = Path::default()
            .key("kubernetes")
            .index(3)
            .key("matchLabels")
            .key("a.b/c\"]")
            .key("x");
        assert_eq!(path.as_str(), r#"kubernetes[3].matchLabels["a.b/c\"]"].x"#);
        assert_eq!(
            parse(path.as_str()).unwrap(),
            [
                Step::Key("kubernetes".into()),
                Step::Index(3),
                Step::Key("matchLabels".into()),
                Step::Key("a.b/c\"]".into()),
                Step::Key("x".into()),
            ]
        );
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn malformed_paths_are_none() {
        for bad in ["a..b", "a[", "a[x]", "a[\"b]", ".a", "a[1]b", "a."] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
