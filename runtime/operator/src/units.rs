//! Times and sizes as people write them in objects and files: `30s`, `256Mi`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use hookbox_config::duration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A time, written as Go writes durations: `500ms`, `30s`, `1m30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A number of bytes, written as Kubernetes writes quantities: `256Mi`, `1G`, or a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration::format(self.0))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        duration::parse(&text)
            .map(Self)
            .map_err(|error| de::Error::custom(format!("`{text}` is no duration: {error}")))
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "maxLength": 32, "pattern": r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"})
    }
}

/// Suffixes of quantities that mean whole bytes.
const SUFFIXES: [(&str, u64); 13] = [
    ("", 1),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("Ei", 1 << 60),
];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, suffix) = text.split_at(digits);
        let number = number.parse::<u64>().ok();
        let unit = SUFFIXES.iter().find(|(name, _)| *name == suffix);
        let size = number
            .zip(unit)
            .and_then(|(n, (_, unit))| n.checked_mul(*unit));
        size.map(Self).ok_or_else(|| {
            format!("`{text}` is no size: write a number of bytes, or such as `256Mi`")
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = SUFFIXES.iter().rev().take(6);
        let fits = |(_, unit): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*unit);
        match binary.into_iter().find(fits) {
            Some((name, unit)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written<'a> {
            Number(u64),
            Text(Cow<'a, str>),
        }
        match Written::deserialize(deserializer) {
            Ok(Written::Number(bytes)) => Ok(Self(bytes)),
            Ok(Written::Text(text)) => text.parse().map_err(de::Error::custom),
            Err(_) => Err(de::Error::custom(
                "a size is a number of bytes, or such as `256Mi`",
            )),
        }
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"x-kubernetes-int-or-string": true, "pattern": "^[0-9]+(k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"})
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_are_read_as_quantities_and_written_short() {
        for (text, bytes, written) in [
            ("0", 0, "0"),
            ("1", 1, "1"),
            ("1k", 1000, "1000"),
            ("1Ki", 1024, "1Ki"),
            ("1024", 1024, "1Ki"),
            ("256Mi", 256 << 20, "256Mi"),
            ("1536Mi", 1536 << 20, "1536Mi"),
            ("2G", 2_000_000_000, "1953125Ki"),
        ] {
            let size: Size = serde_json::from_value(json!(text)).unwrap();
            assert_eq!(size, Size(bytes), "{text}");
            assert_eq!(size.to_string(), written);
            assert_eq!(written.parse(), Ok(size));
        }
        assert_eq!(serde_json::from_value::<Size>(json!(7)).unwrap(), Size(7));
        for wrong in [
            json!(""),
            json!("Mi"),
            json!("-1"),
            json!(-1),
            json!("1.5Gi"),
            json!("1mi"),
            json!("99Ei"),
            json!(null),
            json!(1.5),
        ] {
            assert!(
                serde_json::from_value::<Size>(wrong.clone()).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn times_are_read_and_written_as_durations() {
        let span: Span = serde_json::from_value(json!("1m30s")).unwrap();
        assert_eq!(span.0, Duration::from_secs(90));
        assert_eq!(serde_json::to_value(span).unwrap(), json!("1m30s"));
        let error = serde_json::from_value::<Span>(json!("soon")).unwrap_err();
        assert!(
            error.to_string().contains("`soon` is no duration"),
            "{error}"
        );
    }
}
