//! Values of the module that the hook belongs to.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::host::{Host, HostCalls, Store};
use crate::{Error, Result, ResultExt, pointer};

/// Values, or config values, of the module that the hook belongs to.
///
/// A path is keys joined by dots, `global.modules.x`, or a JSON Pointer, `/global/modules/x`, where keys hold dots;
/// the empty path is the whole document. A hook sees its own writes; they take effect outside only when the run
/// succeeds.
///
/// ```
/// use hookbox_sdk::prelude::*;
///
/// #[hook(on_startup = 1)]
/// fn defaults(input: Input, _out: &mut Effects) -> Result {
///     let values = input.values();
///     let replicas: u32 = values.get("web.replicas")?.unwrap_or(2);
///     values.set("web.effective", &json!({"replicas": replicas}))
/// }
///
/// # fn main() -> Result {
/// let input = Input::test().on_startup().values(json!({"web": {"replicas": 3}}));
/// let effects = hookbox_sdk::testing::run(defaults, input)?;
/// assert_eq!(effects.value("web.effective.replicas"), Some(json!(3)));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Values {
    host: Host,
    store: Store,
}

impl Values {
    pub(crate) fn new(host: Host, store: Store) -> Self {
        Self { host, store }
    }

    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn host(&self) -> Host {
        self.host.clone()
    }

    /// Names the document and the path in an error.
    fn at(&self, path: &str) -> String {
        match self.store {
            Store::Values => format!("values at `{path}`"),
            Store::ConfigValues => format!("config values at `{path}`"),
        }
    }

    /// The value at `path`; none when there is none.
    ///
    /// # Errors
    /// The path is malformed, or the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>> {
        let text = self
            .host
            .value(self.store, &to_pointer(path))
            .map_err(Error::from);
        let Some(text) = text.context(self.at(path))? else {
            return Ok(None);
        };
        serde_json::from_str(&text).map(Some).context(self.at(path))
    }

    /// Whether there is a value at `path`.
    ///
    /// # Errors
    /// The path is malformed.
    pub fn exists(&self, path: &str) -> Result<bool> {
        self.host
            .value_exists(self.store, &to_pointer(path))
            .context(self.at(path))
    }

    /// Puts `value` at `path`; its parent must exist. In a list, an index replaces the element, and `-` appends one; the
    /// recorded patch then holds the whole list.
    ///
    /// # Errors
    /// The path is malformed, its parent does not exist, or `value` cannot be JSON.
    pub fn set<T: Serialize + ?Sized>(&self, path: &str, value: &T) -> Result {
        let text = serde_json::to_string(value).context(self.at(path))?;
        self.host
            .set_value(self.store, &to_pointer(path), &text)
            .context(self.at(path))
    }

    /// Removes the value at `path`.
    ///
    /// # Errors
    /// The path is malformed, or nothing is there.
    pub fn remove(&self, path: &str) -> Result {
        self.host
            .remove_value(self.store, &to_pointer(path))
            .context(self.at(path))
    }
}

fn to_pointer(path: &str) -> Cow<'_, str> {
    pointer::from_path(path)
}
