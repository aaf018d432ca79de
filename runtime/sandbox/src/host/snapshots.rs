//! `hookbox:hook/snapshots`.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::steps;
use crate::bindings::hookbox::hook::snapshots::{Entry, Host, HostSnapshot, Part};
use crate::fields::Fields;
use crate::state::{Answer, State};
use crate::validate::refusal;
use crate::{Excerpt, Snapshot, pointer};

/// Bytes and entries of one transfer, above which `range` and `select` answer in parts. `select` counts what it goes
/// through rather than what it passes on: that takes a few milliseconds, in which nothing can stop the run.
const TRANSFER: usize = 1 << 20;
const ENTRIES: u32 = 4096;

/// A snapshot that the guest opened; none of it is left when it was opened in an earlier run of the instance.
#[allow(unreachable_pub, reason = "named by the generated bindings")]
pub struct SnapshotHandle(pub(crate) Option<Arc<dyn Snapshot>>);

impl State {
    fn snapshot(
        &mut self,
        handle: &Resource<SnapshotHandle>,
    ) -> wasmtime::Result<Arc<dyn Snapshot>> {
        self.call()?;
        match &self.table.get(handle)?.0 {
            Some(snapshot) => Ok(Arc::clone(snapshot)),
            None => Err(wasmtime::Error::msg(
                "it used a snapshot of a run that is over",
            )),
        }
    }

    fn entry(&mut self, entry: &crate::Entry) -> wasmtime::Result<Entry> {
        let object = entry.object.as_deref();
        let object = object.map(|text| self.copy(text)).transpose()?;
        self.entry_of(entry, object)
    }

    /// An entry with this object.
    fn entry_of(
        &mut self,
        entry: &crate::Entry,
        object: Option<String>,
    ) -> wasmtime::Result<Entry> {
        let filter_result = entry.filter_result.as_deref();
        let filter_result = filter_result.map(|text| self.copy(text)).transpose()?;
        Ok(Entry {
            object,
            filter_result,
        })
    }

    /// The object of an entry with nothing but these fields; all of it when it cannot be cut. What was made of it is
    /// kept in `place`, where it is looked for first.
    fn cut(
        &mut self,
        entry: &crate::Entry,
        fields: &Fields,
        place: Option<&Excerpt>,
    ) -> wasmtime::Result<Entry> {
        let object = entry.object.as_deref().map(|text| {
            if let Some(known) = place.and_then(|place| place.get(&fields.id)) {
                return known;
            }
            let cut = fields.cut(text).unwrap_or_else(|| text.to_owned());
            if let Some(place) = place {
                place.put(&fields.id, &cut, text.len());
            }
            cut
        });
        self.room(object.as_ref().map_or(0, String::len))?;
        self.entry_of(entry, object)
    }

    /// As many entries as one transfer holds, of their objects only these fields if there are any.
    fn entries(
        &mut self,
        snapshot: &dyn Snapshot,
        start: u32,
        count: u32,
        fields: Option<&Fields>,
    ) -> wasmtime::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut bytes = 0;
        for index in start..start.saturating_add(count.min(ENTRIES)) {
            let Some(entry) = snapshot.entry(position(index)) else {
                break;
            };
            bytes += length(&entry.object) + length(&entry.filter_result);
            if bytes > TRANSFER && !entries.is_empty() {
                break;
            }
            entries.push(match fields {
                Some(fields) => self.cut(&entry, fields, snapshot.excerpt(position(index)))?,
                None => self.entry(&entry)?,
            });
        }
        Ok(entries)
    }
}

impl Host for State {
    fn names(&mut self) -> wasmtime::Result<Vec<String>> {
        self.call()?;
        Ok(self.input.snapshots.keys().cloned().collect())
    }

    fn open(&mut self, binding: String) -> wasmtime::Result<Option<Resource<SnapshotHandle>>> {
        self.call()?;
        let snapshot = self.input.snapshots.get(&binding).map(Arc::clone);
        snapshot
            .map(|snapshot| State::open(self, SnapshotHandle(Some(snapshot))))
            .transpose()
    }
}

impl HostSnapshot for State {
    fn len(&mut self, this: Resource<SnapshotHandle>) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.snapshot(&this)?.len()).unwrap_or(u32::MAX))
    }

    fn get(
        &mut self,
        this: Resource<SnapshotHandle>,
        index: u32,
    ) -> wasmtime::Result<Option<Entry>> {
        let entry = self.snapshot(&this)?.entry(position(index));
        entry.map(|entry| self.entry(&entry)).transpose()
    }

    fn range(
        &mut self,
        this: Resource<SnapshotHandle>,
        start: u32,
        count: u32,
    ) -> wasmtime::Result<Vec<Entry>> {
        let snapshot = self.snapshot(&this)?;
        self.entries(&*snapshot, start, count, None)
    }

    fn select(
        &mut self,
        this: Resource<SnapshotHandle>,
        start: u32,
        count: u32,
        paths: Vec<String>,
        ignore_case: bool,
    ) -> Answer<Vec<Entry>> {
        let snapshot = self.snapshot(&this)?;
        let fields = match Fields::parse(&paths, ignore_case) {
            Ok(fields) => fields,
            Err(message) => return Ok(Err(refusal("invalid-pointer", message))),
        };
        let entries = self.entries(&*snapshot, start, count, Some(&fields))?;
        Ok(Ok(entries))
    }

    fn pointer(
        &mut self,
        this: Resource<SnapshotHandle>,
        index: u32,
        part: Part,
        pointer: String,
    ) -> Answer<Option<String>> {
        let snapshot = self.snapshot(&this)?;
        let steps = match steps(&pointer, "invalid-pointer") {
            Ok(steps) => steps,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let text = snapshot
            .entry(position(index))
            .and_then(|entry| match part {
                Part::Object => entry.object,
                Part::FilterResult => entry.filter_result,
            });
        match text.as_deref().and_then(|text| pointer::find(text, &steps)) {
            Some(found) => Ok(Ok(Some(self.copy(found)?))),
            None => Ok(Ok(None)),
        }
    }

    fn drop(&mut self, this: Resource<SnapshotHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

fn length(text: &Option<crate::JsonText>) -> usize {
    text.as_ref().map_or(0, |text| text.len())
}

fn position(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
