//! Reads of the cluster beyond snapshots.

use serde::de::DeserializeOwned;

use crate::host::{Host, HostCalls, ListCall};
use crate::{Error, ObjectRef, Result, ResultExt};

/// Reads of the cluster while the hook runs, as far as an administrator granted them (docs/grants.md); get one by
/// [`Input::cluster`](crate::Input::cluster).
///
/// Each read is a request and a wait. What a hook needs often it should watch: a snapshot is there already. A read sees
/// the cluster as it is, not what this run asks to change.
///
/// ```
/// use hookbox_sdk::prelude::*;
///
/// #[hook(on_startup = 1)]
/// fn count(input: Input, out: &mut Effects) -> Result {
///     let settings = ObjectRef::config_map("default", "settings");
///     let Some(settings) = input.cluster().get::<serde_json::Value>(&settings)? else {
///         bail!("there are no settings");
///     };
///     let pods: Vec<serde_json::Value> = input.cluster().list("v1", "Pod").namespace("default").labels("app=web").all()?;
///     out.metric("pods").label("of", settings["data"]["name"].as_str().unwrap_or("nobody")).set(pods.len() as f64);
///     Ok(())
/// }
///
/// # fn main() -> Result {
/// let input = Input::test().on_startup().cluster([
///     json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "default", "name": "settings"}, "data": {"name": "x"}}),
///     json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "default", "name": "a", "labels": {"app": "web"}}}),
/// ]);
/// let effects = hookbox_sdk::testing::run(count, input)?;
/// assert_eq!(effects.metric_with("pods", &[("of", "x")]), Some(1.0));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Cluster {
    host: Host,
}

impl Cluster {
    pub(crate) fn new(host: Host) -> Self {
        Self { host }
    }

    /// One object; none when there is none. The reference has to have its `api_version`.
    ///
    /// # Errors
    /// The read was refused (the text ends with the refusal's code, such as `[not-granted]` or `[forbidden]`), or the
    /// object is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, object: &ObjectRef) -> Result<Option<T>> {
        let text = self.host.get_object(object).map_err(Error::from);
        let Some(text) = text.context(format_args!("reading {object}"))? else {
            return Ok(None);
        };
        let object = serde_json::from_str(&text).context(format_args!("reading {object}"))?;
        Ok(Some(object))
    }

    /// Begins a listing of the objects of a kind, such as `("apps/v1", "Deployment")`.
    pub fn list(&self, api_version: impl Into<String>, kind: impl Into<String>) -> Listing {
        Listing {
            host: self.host.clone(),
            call: ListCall {
                api_version: api_version.into(),
                kind: kind.into(),
                ..ListCall::default()
            },
        }
    }
}

/// A listing in the making.
#[derive(Debug, Clone)]
#[must_use]
pub struct Listing {
    host: Host,
    call: ListCall,
}

impl Listing {
    /// Only this namespace; not said: all of them, or a cluster-scoped kind.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.call.namespace = Some(namespace.into());
        self
    }

    /// Only objects with these labels, in the words of kubectl's `--selector`.
    pub fn labels(mut self, selector: impl Into<String>) -> Self {
        self.call.labels = Some(selector.into());
        self
    }

    /// Only objects with these fields, in the words of kubectl's `--field-selector`.
    pub fn fields(mut self, selector: impl Into<String>) -> Self {
        self.call.fields = Some(selector.into());
        self
    }

    /// Objects that are fetched at once: 500 unless said, and at most.
    pub fn page_size(mut self, objects: u32) -> Self {
        self.call.limit = Some(objects);
        self
    }

    /// Every object, page by page: only one page is held at a time.
    ///
    /// # Errors
    /// A read was refused, an object is not a `T`, or `see` fails.
    pub fn each<T: DeserializeOwned>(self, mut see: impl FnMut(T) -> Result) -> Result {
        let mut call = self.call;
        let what = format!("listing {} {}", call.api_version, call.kind);
        loop {
            let page = self.host.list_objects(&call).map_err(Error::from);
            let page = page.context(&what)?;
            for object in &page.objects {
                see(serde_json::from_str(object).context(&what)?)?;
            }
            match page.next {
                Some(next) => call.after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// All objects.
    ///
    /// # Errors
    /// A read was refused, or an object is not a `T`.
    pub fn all<T: DeserializeOwned>(self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        self.each(|object| {
            all.push(object);
            Ok(())
        })?;
        Ok(all)
    }
}
