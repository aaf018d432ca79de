//! What a tag makes of a scalar.

use saphyr_parser::Tag;

use super::{Dialect, Value, base64, scalar};

/// What YAML's own tags start with.
const CORE: &str = "tag:yaml.org,2002:";

pub(super) fn full_name(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

/// A scalar with a tag. One of YAML's own for plain types says how it is read, also in quotes; any other tag says no more
/// than that it is text.
pub(super) fn tagged(text: &str, tag: &str, dialect: Dialect) -> Result<Value, String> {
    // A type that is asked for may be written in the words of YAML 1.1 only where those are known.
    let resolved = || scalar::plain(text, dialect).map_err(str::to_owned);
    let refused = || Err(format!("it is not of the type that the tag `{tag}` says"));
    let written = || Value::String(text.to_owned());
    Ok(match tag.strip_prefix(CORE) {
        Some("null") => match resolved()? {
            Value::Null => Value::Null,
            _ => return refused(),
        },
        Some("bool") => match resolved()? {
            Value::Bool(value) => Value::Bool(value),
            _ => return refused(),
        },
        Some(kind @ ("int" | "float")) => match scalar::number(text) {
            // A float is none, even where it is whole: `!!int 1.0`.
            Some(_) if kind == "int" && text.contains(['.', 'e', 'E']) && !text.contains('x') => {
                return refused();
            }
            Some(number) => Value::Number(number.map_err(str::to_owned)?),
            None => return refused(),
        },
        Some("timestamp") if !text.starts_with(|c: char| c.is_ascii_digit()) => return refused(),
        Some("binary") => match base64::decode(text) {
            Some(bytes) => Value::String(String::from_utf8_lossy(&bytes).into_owned()),
            None => return Err("it is not base64".to_owned()),
        },
        None if tag == "!" && dialect == Dialect::Patches => resolved()?,
        _ => written(),
    })
}
