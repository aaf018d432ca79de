//! JSON Pointers (RFC 6901), and paths with dots for the common case.

use std::borrow::Cow;

/// Turns a path of values into a JSON Pointer. `""` and whatever starts with `/` is one already; anything else is
/// keys joined by dots, `global.modules.x`.
pub(crate) fn from_path(path: &str) -> Cow<'_, str> {
    if path.is_empty() || path.starts_with('/') {
        return Cow::Borrowed(path);
    }
    let mut pointer = String::with_capacity(path.len() + 1);
    for key in path.split('.') {
        pointer.push('/');
        pointer.push_str(&escape(key));
    }
    Cow::Owned(pointer)
}

/// One key as a segment of a pointer.
fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(key)
    }
}

#[cfg(not(target_family = "wasm"))]
pub(crate) use edit::{PointerError, add, parse, remove};

/// What a test's host does with pointers; a real host does the same.
#[cfg(not(target_family = "wasm"))]
mod edit {
    use std::fmt;

    use serde_json::Value;

    /// Why a pointer does not work.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) enum PointerError {
        /// Not a JSON Pointer.
        Malformed(String),
        /// Its parent is not there, or has no such key.
        NoSuchPath(String),
    }

    impl PointerError {
        pub(crate) fn code(&self) -> &'static str {
            match self {
                Self::Malformed(_) => "invalid-path",
                Self::NoSuchPath(_) => "no-such-path",
            }
        }
    }

    impl fmt::Display for PointerError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self::Malformed(path) => write!(f, "`{path}` is not a JSON Pointer"),
                Self::NoSuchPath(path) => write!(f, "there is nothing at `{path}`"),
            }
        }
    }

    /// The segments of a pointer, unescaped.
    pub(crate) fn parse(pointer: &str) -> Result<Vec<String>, PointerError> {
        if pointer.is_empty() {
            return Ok(Vec::new());
        }
        let malformed = || PointerError::Malformed(pointer.to_owned());
        let rest = pointer.strip_prefix('/').ok_or_else(malformed)?;
        let segment = |segment: &str| {
            let well_formed = segment
                .split('~')
                .skip(1)
                .all(|rest| rest.starts_with(['0', '1']));
            well_formed
                .then(|| segment.replace("~1", "/").replace("~0", "~"))
                .ok_or_else(malformed)
        };
        rest.split('/').map(segment).collect()
    }

    /// The parent of what `pointer` names, and the last segment.
    fn parent<'a>(
        document: &'a mut Value,
        pointer: &str,
    ) -> Result<Option<(&'a mut Value, String)>, PointerError> {
        let mut segments = parse(pointer)?;
        let Some(last) = segments.pop() else {
            return Ok(None);
        };
        let none = || PointerError::NoSuchPath(pointer.to_owned());
        let mut at = document;
        for segment in segments {
            at = match at {
                Value::Object(map) => map.get_mut(&segment),
                Value::Array(items) => segment
                    .parse()
                    .ok()
                    .and_then(|index: usize| items.get_mut(index)),
                _ => None,
            }
            .ok_or_else(none)?;
        }
        Ok(Some((at, last)))
    }

    /// The operation `add` of JSON Patch.
    pub(crate) fn add(
        document: &mut Value,
        pointer: &str,
        value: Value,
    ) -> Result<(), PointerError> {
        let none = || PointerError::NoSuchPath(pointer.to_owned());
        match parent(document, pointer)? {
            None => *document = value,
            Some((Value::Object(map), key)) => {
                map.insert(key, value);
            }
            Some((Value::Array(items), key)) if key == "-" => items.push(value),
            Some((Value::Array(items), key)) => {
                let index = key
                    .parse()
                    .ok()
                    .filter(|index| *index <= items.len())
                    .ok_or_else(none)?;
                items.insert(index, value);
            }
            Some(_) => return Err(none()),
        }
        Ok(())
    }

    /// The operation `remove` of JSON Patch.
    pub(crate) fn remove(document: &mut Value, pointer: &str) -> Result<(), PointerError> {
        let none = || PointerError::NoSuchPath(pointer.to_owned());
        match parent(document, pointer)? {
            None => *document = Value::Null,
            Some((Value::Object(map), key)) => {
                map.remove(&key).ok_or_else(none)?;
            }
            Some((Value::Array(items), key)) => {
                let index = key
                    .parse()
                    .ok()
                    .filter(|index| *index < items.len())
                    .ok_or_else(none)?;
                items.remove(index);
            }
            Some(_) => return Err(none()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dots_are_keys_and_slashes_are_pointers() {
        assert_eq!(from_path("global.modules.x"), "/global/modules/x");
        assert_eq!(from_path("a.b/c~d"), "/a/b~1c~0d");
        assert_eq!(from_path("/a.b/c"), "/a.b/c");
        assert_eq!(from_path(""), "");
    }

    #[test]
    fn add_and_remove_as_json_patch_does() {
        let mut document = json!({"a": {"list": [1, 2]}});
        add(&mut document, "/a/list/0", json!(0)).unwrap();
        add(&mut document, "/a/list/-", json!(3)).unwrap();
        add(&mut document, "/a/k~1ey", json!("x")).unwrap();
        assert_eq!(document, json!({"a": {"list": [0, 1, 2, 3], "k/ey": "x"}}));
        remove(&mut document, "/a/list/1").unwrap();
        assert_eq!(document, json!({"a": {"list": [0, 2, 3], "k/ey": "x"}}));
        assert_eq!(
            add(&mut document, "/b/c", json!(1)),
            Err(PointerError::NoSuchPath("/b/c".into()))
        );
        assert_eq!(
            remove(&mut document, "/a/list/3"),
            Err(PointerError::NoSuchPath("/a/list/3".into()))
        );
        assert_eq!(
            add(&mut document, "a", json!(1)),
            Err(PointerError::Malformed("a".into()))
        );
        assert_eq!(
            add(&mut document, "/~2", json!(1)),
            Err(PointerError::Malformed("/~2".into()))
        );
    }
}
