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
pub(crate) fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(key)
    }
}

#[cfg(not(target_family = "wasm"))]
pub(crate) use edit::{PointerError, parse, remove, set};

/// What a test's host does with pointers; a real host does the same.
#[cfg(not(target_family = "wasm"))]
mod edit {
    use std::fmt;

    use serde_json::{Value, json};

    /// Longest pointer, in bytes, and deepest, in steps.
    const LENGTH: usize = 8 << 10;
    const DEPTH: usize = 128;

    /// Why a pointer does not work.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) enum PointerError {
        /// Not a JSON Pointer.
        Malformed(String),
        /// Its parent is not there, or has no such key.
        NoSuchPath(String),
        /// The whole document is an object and stays one.
        NotAnObject,
    }

    impl PointerError {
        pub(crate) fn code(&self) -> &'static str {
            match self {
                Self::Malformed(_) => "invalid-path",
                Self::NoSuchPath(_) => "no-such-path",
                Self::NotAnObject => "invalid-value",
            }
        }
    }

    impl fmt::Display for PointerError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self::Malformed(path) if path.len() > LENGTH => {
                    write!(f, "a JSON Pointer has at most {LENGTH} bytes")
                }
                Self::Malformed(path) if path.matches('/').count() > DEPTH => {
                    write!(f, "a JSON Pointer has at most {DEPTH} steps")
                }
                Self::Malformed(path) => write!(f, "`{path}` is not a JSON Pointer"),
                Self::NoSuchPath(path) => write!(f, "there is nothing at `{path}`"),
                Self::NotAnObject => f.write_str("the whole document must be an object"),
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
        let segments: Vec<String> = rest.split('/').map(segment).collect::<Result<_, _>>()?;
        match pointer.len() > LENGTH || segments.len() > DEPTH {
            true => Err(malformed()),
            false => Ok(segments),
        }
    }

    /// An index as JSON Pointers write it: no sign, no leading zeros.
    fn index(segment: &str) -> Option<usize> {
        let plain = segment == "0"
            || (!segment.starts_with('0') && segment.bytes().all(|byte| byte.is_ascii_digit()));
        segment.parse().ok().filter(|_| plain)
    }

    /// Where a pointer leads.
    struct Place<'a> {
        parent: &'a mut Value,
        last: String,
        /// The pointer of the outermost list on the way.
        list: Option<&'a str>,
    }

    fn place<'a>(
        document: &'a mut Value,
        pointer: &'a str,
    ) -> Result<Option<Place<'a>>, PointerError> {
        let mut segments = parse(pointer)?;
        let Some(last) = segments.pop() else {
            return Ok(None);
        };
        let none = || PointerError::NoSuchPath(pointer.to_owned());
        let (mut at, mut list) = (document, None);
        // A segment ends where the next slash is: escaped segments hold none.
        let mut ends = pointer.match_indices('/').map(|(end, _)| end);
        for segment in segments {
            let end = ends.next().unwrap_or_default();
            if at.is_array() && list.is_none() {
                list = pointer.get(..end);
            }
            at = match at {
                Value::Object(map) => map.get_mut(&segment),
                Value::Array(items) => index(&segment).and_then(|index| items.get_mut(index)),
                _ => None,
            }
            .ok_or_else(none)?;
        }
        if at.is_array() && list.is_none() {
            list = ends.next().and_then(|end| pointer.get(..end));
        }
        Ok(Some(Place {
            parent: at,
            last,
            list,
        }))
    }

    /// A change in a list is told as the whole list: operators that keep patches keep the last one of each path.
    fn tell(document: &Value, list: Option<&str>, otherwise: Value) -> Value {
        match list {
            Some(path) => json!({"op": "add", "path": path, "value": document.pointer(path)}),
            None => otherwise,
        }
    }

    /// Puts the value there and returns the operation that does so.
    pub(crate) fn set(
        document: &mut Value,
        pointer: &str,
        value: Value,
    ) -> Result<Value, PointerError> {
        let none = || PointerError::NoSuchPath(pointer.to_owned());
        let operation = json!({"op": "add", "path": pointer, "value": value});
        let Some(place) = place(document, pointer)? else {
            if !value.is_object() {
                return Err(PointerError::NotAnObject);
            }
            *document = value;
            return Ok(operation);
        };
        let list = place.list.map(str::to_owned);
        match place.parent {
            Value::Object(map) => {
                map.insert(place.last, value);
            }
            Value::Array(items) if place.last == "-" => items.push(value),
            Value::Array(items) => {
                let index = index(&place.last)
                    .filter(|index| *index <= items.len())
                    .ok_or_else(none)?;
                match items.get_mut(index) {
                    Some(item) => *item = value,
                    None => items.push(value),
                }
            }
            _ => return Err(none()),
        }
        Ok(tell(document, list.as_deref(), operation))
    }

    /// Removes what is there and returns the operation that does so.
    pub(crate) fn remove(document: &mut Value, pointer: &str) -> Result<Value, PointerError> {
        let none = || PointerError::NoSuchPath(pointer.to_owned());
        let place = place(document, pointer)?.ok_or_else(none)?;
        let list = place.list.map(str::to_owned);
        match place.parent {
            Value::Object(map) => {
                map.remove(&place.last).ok_or_else(none)?;
            }
            Value::Array(items) => {
                let index = index(&place.last)
                    .filter(|index| *index < items.len())
                    .ok_or_else(none)?;
                items.remove(index);
            }
            _ => return Err(none()),
        }
        Ok(tell(
            document,
            list.as_deref(),
            json!({"op": "remove", "path": pointer}),
        ))
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
    fn writes_in_lists_are_told_as_the_whole_list() {
        let mut document = json!({"a": {"list": [1, {"b": 2}]}});
        let told = |value| Ok(json!({"op": "add", "path": "/a/list", "value": value}));
        assert_eq!(
            set(&mut document, "/a/list/0", json!(0)),
            told(json!([0, {"b": 2}]))
        );
        assert_eq!(
            set(&mut document, "/a/list/-", json!(3)),
            told(json!([0, {"b": 2}, 3]))
        );
        assert_eq!(
            set(&mut document, "/a/list/1/b", json!(9)),
            told(json!([0, {"b": 9}, 3]))
        );
        assert_eq!(remove(&mut document, "/a/list/1"), told(json!([0, 3])));
        assert_eq!(document, json!({"a": {"list": [0, 3]}}));
    }

    #[test]
    fn other_writes_are_told_as_they_are() {
        let mut document = json!({"a": {}});
        let add = json!({"op": "add", "path": "/a/k~1ey", "value": "x"});
        assert_eq!(set(&mut document, "/a/k~1ey", json!("x")), Ok(add));
        assert_eq!(document, json!({"a": {"k/ey": "x"}}));
        let removed = json!({"op": "remove", "path": "/a/k~1ey"});
        assert_eq!(remove(&mut document, "/a/k~1ey"), Ok(removed));
        let no_such_path = |path: &str| Err(PointerError::NoSuchPath(path.to_owned()));
        assert_eq!(set(&mut document, "/b/c", json!(1)), no_such_path("/b/c"));
        assert_eq!(remove(&mut document, "/a/x"), no_such_path("/a/x"));
        assert_eq!(remove(&mut document, ""), no_such_path(""));
        assert_eq!(
            set(&mut document, "", json!(1)),
            Err(PointerError::NotAnObject)
        );
        for path in ["a", "/~2"] {
            let malformed = Err(PointerError::Malformed(path.to_owned()));
            assert_eq!(set(&mut document, path, json!(1)), malformed);
        }
    }
}
