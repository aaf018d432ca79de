//! Reading the files that the command line names: bounded, and called by their names in messages.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow};
use hookbox_config::yaml;
use serde_json::Value;

use crate::failure::{Failure, OrFail, Outcome};
use crate::ui;

/// A manifest, case or values file of this size is a mistake.
pub(crate) const MAX_TEXT: u64 = 64 << 20;

/// What a file is called in messages.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) {
        "<stdin>".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Whether the path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// The bytes of a file; none when there are more than `most`. Nothing beyond that is read: the file may be a device
/// that never ends.
pub(crate) fn bytes(path: &Path, most: u64) -> Outcome<Option<Vec<u8>>> {
    let cannot = || format!("{} cannot be read", name(path));
    let reader: Box<dyn Read> = if is_stdin(path) {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).with_context(cannot).or_usage()?)
    };
    let mut bytes = Vec::new();
    reader
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .with_context(cannot)
        .or_usage()?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// The text of a file of at most `most` bytes; `-` is standard input.
pub(crate) fn text(path: &Path, most: u64) -> Outcome<String> {
    let bytes = bytes(path, most)?.ok_or_else(|| {
        Failure::usage(anyhow!("{} is larger than {}", name(path), ui::bytes(most)))
    })?;
    String::from_utf8(bytes).map_err(|error| {
        Failure::usage(anyhow!(
            "{} is not UTF-8 text (byte {})",
            name(path),
            error.utf8_error().valid_up_to()
        ))
    })
}

/// A JSON or YAML file with one document.
pub(crate) fn document(path: &Path) -> Outcome<Value> {
    let (name, text) = (name(path), text(path, MAX_TEXT)?);
    if text.trim_start().starts_with(['{', '[']) {
        if let Ok(value) = serde_json::from_str(&text) {
            return Ok(value);
        }
        // YAML may begin so as well; what is neither is told as JSON.
        return match yaml::parse_documents(&text).as_deref() {
            Ok([only]) => Ok(only.to_json()),
            _ => serde_json::from_str(&text)
                .with_context(|| format!("{name} is not JSON"))
                .or_usage(),
        };
    }
    let documents = yaml::parse_documents(&text).map_err(|error| {
        Failure::usage(anyhow!(
            "{name}:{}:{}: {}",
            error.line,
            error.column,
            error.message
        ))
    })?;
    match documents.as_slice() {
        [only] => Ok(only.to_json()),
        [] => Err(Failure::usage(anyhow!("{name} is empty"))),
        more => Err(Failure::usage(anyhow!(
            "{name} holds {} documents, not one",
            more.len()
        ))),
    }
}

/// Values or config values: a map.
pub(crate) fn values(path: &Path) -> Outcome<Value> {
    let value = document(path)?;
    if value.is_object() {
        return Ok(value);
    }
    Err(Failure::usage(anyhow!("{}: values are a map", name(path))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_never_ends_is_not_read_to_its_end() {
        let failure = text(Path::new("/dev/zero"), 1000).unwrap_err();
        let said = failure.error.unwrap().to_string();
        assert!(said.contains("/dev/zero is larger than 1000 B"), "{said}");
    }

    #[test]
    fn what_is_not_text_is_named_with_its_byte() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"a: \xff").unwrap();
        let said = text(file.path(), 1000)
            .unwrap_err()
            .error
            .unwrap()
            .to_string();
        assert!(said.contains("not UTF-8 text (byte 3)"), "{said}");
    }
}
