//! Snapshots: the objects that a hook's bindings select, as typed fields.

use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use serde::de::DeserializeOwned;

use crate::fields;
use crate::host::{Entry, Host, HostCalls, Part, Snapshot, SnapshotCalls};
use crate::{Error, Result, ResultExt};

/// How many entries are asked for at once, first and at most: who reads on is likely to read all.
const PAGE: u32 = 64;
const LONG_PAGE: u32 = 1024;

/// A struct whose fields are the hook's `kubernetes` bindings. Derive it: [`macro@crate::Snapshots`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds no snapshots",
    label = "not derived from `Snapshots`",
    note = "write `#[derive(Snapshots)]` before it, and `#[watch(…)]` before each of its fields"
)]
pub trait Snapshots: Sized {
    /// The bindings, in the order of the fields.
    #[doc(hidden)]
    const BINDINGS: &'static [Binding];

    /// The items of the document's `kubernetes` list, as JSON, joined by commas.
    #[doc(hidden)]
    const CONFIG: &'static str;

    /// Whether the derive found no mistake; else what depends on the bindings cannot be checked.
    #[doc(hidden)]
    const VALID: bool = true;

    /// The result of a binding's own filter for one object, both JSON text.
    ///
    /// # Errors
    /// The binding has none; or the filter's own.
    #[doc(hidden)]
    fn filter(binding: &str, _object: &str) -> Result<String> {
        Err(Error::msg(format_args!(
            "the binding `{binding}` has no filter of its own"
        ))
        .no_retry())
    }

    /// Fills the fields.
    ///
    /// # Errors
    /// A snapshot is not part of the run, or an entry is not of the field's type.
    #[doc(hidden)]
    fn load(loader: &Loader<'_>) -> Result<Self>;
}

/// For hooks without `kubernetes` bindings.
impl Snapshots for () {
    const BINDINGS: &'static [Binding] = &[];
    const CONFIG: &'static str = "";

    fn load(_: &Loader<'_>) -> Result<Self> {
        Ok(())
    }
}

/// What a filter function may return: a value that can be JSON, or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "a filter cannot return `{Self}`",
    label = "a filter returns `Result<T>`, where `T` implements `serde::Serialize`"
)]
#[doc(hidden)]
pub trait Filtered {
    /// As JSON text.
    ///
    /// # Errors
    /// The filter's own.
    fn into_json(self) -> Result<String>;
}

impl<T: serde::Serialize, E: Into<Error>> Filtered for std::result::Result<T, E> {
    fn into_json(self) -> Result<String> {
        Ok(serde_json::to_string(&self.map_err(Into::into)?)?)
    }
}

/// Applies a filter function to an object, JSON text.
///
/// # Errors
/// The object is not of the function's type, or the function's own.
#[doc(hidden)]
pub fn filter<T: DeserializeOwned, R: Filtered>(
    function: impl FnOnce(T) -> R,
    object: &str,
) -> Result<String> {
    function(serde_json::from_str(object).context("the object to filter")?).into_json()
}

/// What is known of a binding when the hook is compiled.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// Its name.
    pub name: &'static str,
    /// Whether it has a filter: then views are made from the filter's result, else from the object.
    pub filtered: bool,
    /// Whether anything of it runs the hook.
    pub runs: bool,
    /// Its group.
    pub group: Option<&'static str>,
    /// Whether a run without its snapshot can do.
    pub optional: bool,
    /// The snapshots that its runs have, its group's included.
    pub includes: &'static [&'static str],
}

/// Reads the snapshots of a run.
#[doc(hidden)]
#[derive(Debug)]
pub struct Loader<'a> {
    pub(crate) host: &'a Host,
    /// Names of the bindings that fired, for messages.
    pub(crate) fired: &'a [String],
}

impl Loader<'_> {
    /// One field.
    ///
    /// # Errors
    /// As [`Snapshots::load`].
    pub fn field<F: SnapshotField>(&self, binding: &'static Binding) -> Result<F> {
        let snapshot = self.host.open(binding.name);
        if snapshot.is_none() && !F::OPTIONAL {
            return Err(absent(binding.name, self.fired));
        }
        F::load(
            snapshot.map(|snapshot| Objects {
                snapshot: Rc::new(snapshot),
                binding,
            }),
            binding.name,
        )
    }
}

/// The objects of one binding, not yet typed.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Objects {
    snapshot: Rc<Snapshot>,
    binding: &'static Binding,
}

/// What a field of a [`Snapshots`] struct may be: `Vec<T>` (read whole before the hook starts), [`Lazy<T>`](Lazy) (read
/// as the hook asks), or an `Option` of these (`None` in runs that do not have the snapshot).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a snapshot",
    label = "not a snapshot's type",
    note = "use `Vec<T>`, `Lazy<T>`, or an `Option` of these; `T` implements `serde::Deserialize`"
)]
pub trait SnapshotField: Sized {
    /// Whether a run without the snapshot can do.
    #[doc(hidden)]
    const OPTIONAL: bool;

    /// Makes the field.
    ///
    /// # Errors
    /// As [`Snapshots::load`].
    #[doc(hidden)]
    fn load(objects: Option<Objects>, binding: &str) -> Result<Self>;
}

/// What a field says that a run of `fired` has no snapshot for.
fn absent(binding: &str, fired: &[String]) -> Error {
    let mut names: Vec<&str> = fired.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let run = match names.as_slice() {
        [] => "this run".to_owned(),
        ["onStartup"] => "a run at startup".to_owned(),
        names => format!("this run of `{}`", names.join("`, `")),
    };
    Error::msg(format_args!(
        "{run} does not have the snapshot `{binding}`: include it in the binding that fired, or make the field an `Option`"
    ))
}

impl<T: DeserializeOwned> SnapshotField for Vec<T> {
    const OPTIONAL: bool = false;

    fn load(objects: Option<Objects>, binding: &str) -> Result<Self> {
        Lazy::load(objects, binding)?.iter().collect()
    }
}

impl<T: DeserializeOwned> SnapshotField for Lazy<T> {
    const OPTIONAL: bool = false;

    fn load(objects: Option<Objects>, binding: &str) -> Result<Self> {
        objects.map(Lazy::new).ok_or_else(|| absent(binding, &[]))
    }
}

impl<F: SnapshotField> SnapshotField for Option<F> {
    const OPTIONAL: bool = true;

    fn load(objects: Option<Objects>, binding: &str) -> Result<Self> {
        match objects {
            Some(objects) => F::load(Some(objects), binding).map(Some),
            None => Ok(None),
        }
    }
}

/// A snapshot that is read as the hook asks: reading k of N objects costs O(k). Ordered by namespace, then name.
///
/// `T` is made from the filter's result where the binding has a `jq` filter, else from the whole object.
///
/// ```
/// use hookbox_sdk::prelude::*;
///
/// #[derive(Snapshots)]
/// struct Watches {
///     #[watch(kind = "Node")]
///     nodes: Lazy<serde_json::Value>,
/// }
///
/// #[hook]
/// fn count(input: Input<Watches>, out: &mut Effects) -> Result {
///     out.metric("nodes").set(input.nodes.len() as f64);
///     // One field of one object: the rest of it is not read.
///     let first: Option<String> = input.nodes.pointer(0, "/metadata/name")?;
///     info!("first is {}", first.unwrap_or_default());
///     Ok(())
/// }
/// # fn main() -> Result {
/// let input = Input::<Watches>::test().snapshot("nodes", [json!({"metadata": {"name": "a"}})]);
/// assert_eq!(hookbox_sdk::testing::run(count, input)?.log()[0].message, "first is a");
/// # Ok(()) }
/// ```
pub struct Lazy<T> {
    objects: Objects,
    view: PhantomData<fn() -> T>,
}

impl<T> Clone for Lazy<T> {
    fn clone(&self) -> Self {
        Self {
            objects: self.objects.clone(),
            view: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy")
            .field("binding", &self.objects.binding.name)
            .field("len", &self.len())
            .finish()
    }
}

impl<T> Lazy<T> {
    fn new(objects: Objects) -> Self {
        Self {
            objects,
            view: PhantomData,
        }
    }

    pub(crate) fn of(snapshot: Snapshot, binding: &'static Binding) -> Self {
        Self::new(Objects {
            snapshot: Rc::new(snapshot),
            binding,
        })
    }

    /// Number of objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.snapshot.len() as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn part(&self) -> Part {
        if self.objects.binding.filtered {
            Part::FilterResult
        } else {
            Part::Object
        }
    }

    fn at(&self, index: u32) -> String {
        format!("snapshot `{}`, entry {index}", self.objects.binding.name)
    }

    /// A part of the view at `index` by JSON Pointer, such as `/metadata/name`; none when the index or the part is
    /// absent. Only the part is copied into the hook.
    ///
    /// # Errors
    /// The pointer is malformed, or the part is not a `P`.
    pub fn pointer<P: DeserializeOwned>(&self, index: usize, pointer: &str) -> Result<Option<P>> {
        self.pointer_into(self.part(), index, pointer)
    }

    /// A part of the whole object at `index` by JSON Pointer, also where the binding has a filter; none when the index
    /// or the part is absent, or the binding does not keep objects.
    ///
    /// # Errors
    /// The pointer is malformed, or the part is not a `P`.
    pub fn object_pointer<P: DeserializeOwned>(
        &self,
        index: usize,
        pointer: &str,
    ) -> Result<Option<P>> {
        self.pointer_into(Part::Object, index, pointer)
    }

    fn pointer_into<P: DeserializeOwned>(
        &self,
        part: Part,
        index: usize,
        pointer: &str,
    ) -> Result<Option<P>> {
        let Ok(index) = u32::try_from(index) else {
            return Ok(None);
        };
        let at = || format!("{} at `{pointer}`", self.at(index));
        match self.objects.snapshot.pointer(index, part, pointer) {
            Ok(Some(text)) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|error| mismatch(at(), error, &text)),
            Ok(None) => Ok(None),
            Err(refusal) => Err(Error::from(refusal).context(at())),
        }
    }

    fn entry(&self, index: usize) -> Option<(u32, Entry)> {
        let index = u32::try_from(index).ok()?;
        self.objects.snapshot.get(index).map(|entry| (index, entry))
    }

    /// The whole object at `index`; none past the end, or when the binding does not keep objects.
    ///
    /// # Errors
    /// The object is not an `O`.
    pub fn object<O: DeserializeOwned>(&self, index: usize) -> Result<Option<O>> {
        match self.entry(index) {
            Some((
                index,
                Entry {
                    object: Some(text), ..
                },
            )) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|error| mismatch(self.at(index), error, &text)),
            _ => Ok(None),
        }
    }
}

impl<T: DeserializeOwned> Lazy<T> {
    fn view(&self, index: u32, entry: Entry) -> Result<T> {
        let text = match self.part() {
            Part::Object => entry.object,
            Part::FilterResult => entry.filter_result,
        };
        let text = text.ok_or_else(|| {
            Error::msg("neither a filter's result nor an object is kept").context(self.at(index))
        })?;
        serde_json::from_str(&text).map_err(|error| mismatch(self.at(index), error, &text))
    }

    /// The view at `index`; none past the end.
    ///
    /// # Errors
    /// What the host holds is not a `T`.
    pub fn get(&self, index: usize) -> Result<Option<T>> {
        self.entry(index)
            .map(|(index, entry)| self.view(index, entry))
            .transpose()
    }

    /// All views, read in pages. Of objects only the fields are read that a `T` is made from, where it is a struct.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, T> {
        let fields = match self.part() {
            Part::Object if !self.is_empty() => fields::of::<T>(),
            Part::Object | Part::FilterResult => None,
        };
        Iter {
            lazy: self,
            fields,
            next: 0,
            count: PAGE,
            page: Vec::new().into_iter(),
        }
    }

    /// All views at once.
    ///
    /// # Errors
    /// What the host holds is not a `T`.
    pub fn to_vec(&self) -> Result<Vec<T>> {
        self.iter().collect()
    }
}

/// Says what was found, since the object itself is far away in the cluster.
fn mismatch(at: String, error: serde_json::Error, text: &str) -> Error {
    const SHOWN: usize = 80;
    let shown: String = text.chars().take(SHOWN).collect();
    let dots = if shown.len() < text.len() { "…" } else { "" };
    Error::from(error)
        .context(at)
        .context_after(format_args!("in {shown}{dots}"))
}

impl<'a, T: DeserializeOwned> IntoIterator for &'a Lazy<T> {
    type Item = Result<T>;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// The views of a [`Lazy`] snapshot, read in pages.
#[derive(Debug)]
pub struct Iter<'a, T> {
    lazy: &'a Lazy<T>,
    /// What is read of each object; none for all of it.
    fields: Option<Vec<String>>,
    next: u32,
    /// Entries to ask for next.
    count: u32,
    page: std::vec::IntoIter<Entry>,
}

impl<T> Iter<'_, T> {
    fn turn(&mut self) -> Result<()> {
        let snapshot = &self.lazy.objects.snapshot;
        let page = match &self.fields {
            Some(fields) => snapshot
                .select(self.next, self.count, fields)
                .map_err(|refusal| Error::from(refusal).context(self.lazy.at(self.next)))?,
            None => snapshot.range(self.next, self.count),
        };
        self.page = page.into_iter();
        self.count = (self.count * 4).min(LONG_PAGE);
        Ok(())
    }
}

impl<T: DeserializeOwned> Iterator for Iter<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        if self.page.len() == 0
            && let Err(error) = self.turn()
        {
            // There is nothing more of it.
            (self.next, self.fields) = (u32::MAX, None);
            return Some(Err(error));
        }
        let entry = self.page.next()?;
        let index = self.next;
        self.next += 1;
        Some(self.lazy.view(index, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_snapshot_is_told_with_the_bindings_that_fired() {
        let told = |fired: &[&str]| {
            let fired: Vec<String> = fired.iter().map(|name| (*name).to_owned()).collect();
            absent("pods", &fired).message().to_owned()
        };
        let tail = "does not have the snapshot `pods`: include it in the binding that fired, or make the field an `Option`";
        assert_eq!(told(&["tick"]), format!("this run of `tick` {tail}"));
        assert_eq!(
            told(&["tick", "nodes", "tick"]),
            format!("this run of `nodes`, `tick` {tail}")
        );
        assert_eq!(told(&["onStartup"]), format!("a run at startup {tail}"));
    }
}
