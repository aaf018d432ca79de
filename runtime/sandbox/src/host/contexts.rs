//! `hookbox:hook/contexts`.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::{SnapshotHandle, steps};
use crate::bindings::hookbox::hook::contexts::{Host, HostBindingContext};
use crate::state::{Answer, State};
use crate::{Context, JsonText, pointer, render};

/// One context of the run.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "named by the generated bindings")]
pub struct ContextHandle {
    /// None: of an earlier run of the instance.
    pub(crate) index: Option<usize>,
}

/// What a guest is stopped with that uses a context of an earlier run.
fn over() -> wasmtime::Error {
    wasmtime::Error::msg("it used a context of a run that is over")
}

impl State {
    fn context(&mut self, handle: &Resource<ContextHandle>) -> wasmtime::Result<&Context> {
        self.call()?;
        let index = self.table.get(handle)?.index;
        index
            .and_then(|index| self.input.contexts.get(index))
            .ok_or_else(over)
    }

    fn context_json(
        &mut self,
        handle: &Resource<ContextHandle>,
        part: fn(&Context) -> &Option<JsonText>,
    ) -> wasmtime::Result<Option<String>> {
        match part(self.context(handle)?).clone() {
            Some(text) => Ok(Some(self.copy(&text)?)),
            None => Ok(None),
        }
    }
}

impl Host for State {}

impl HostBindingContext for State {
    fn binding(&mut self, this: Resource<ContextHandle>) -> wasmtime::Result<String> {
        Ok(self.context(&this)?.binding.clone())
    }

    fn kind(&mut self, this: Resource<ContextHandle>) -> wasmtime::Result<Option<String>> {
        Ok(self.context(&this)?.kind.clone())
    }

    fn group(&mut self, this: Resource<ContextHandle>) -> wasmtime::Result<Option<String>> {
        Ok(self.context(&this)?.group.clone())
    }

    fn watch_event(&mut self, this: Resource<ContextHandle>) -> wasmtime::Result<Option<String>> {
        Ok(self.context(&this)?.watch_event.clone())
    }

    fn object(&mut self, this: Resource<ContextHandle>) -> wasmtime::Result<Option<String>> {
        self.context_json(&this, |context| &context.object)
    }

    fn filter_result(&mut self, this: Resource<ContextHandle>) -> wasmtime::Result<Option<String>> {
        self.context_json(&this, |context| &context.filter_result)
    }

    fn object_pointer(
        &mut self,
        this: Resource<ContextHandle>,
        pointer: String,
    ) -> Answer<Option<String>> {
        let object = self.context(&this)?.object.clone();
        let steps = match steps(&pointer, "invalid-pointer") {
            Ok(steps) => steps,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match object
            .as_deref()
            .and_then(|object| pointer::find(object, &steps))
        {
            Some(part) => Ok(Ok(Some(self.copy(part)?))),
            None => Ok(Ok(None)),
        }
    }

    fn objects(
        &mut self,
        this: Resource<ContextHandle>,
    ) -> wasmtime::Result<Option<Resource<SnapshotHandle>>> {
        let objects = self.context(&this)?.objects.as_ref().map(Arc::clone);
        objects
            .map(|objects| self.open(SnapshotHandle(Some(objects))))
            .transpose()
    }

    fn snapshot_names(&mut self, this: Resource<ContextHandle>) -> wasmtime::Result<Vec<String>> {
        Ok(self
            .context(&this)?
            .snapshot_names
            .clone()
            .unwrap_or_default())
    }

    fn to_json(&mut self, this: Resource<ContextHandle>) -> wasmtime::Result<String> {
        let allowed = self.memory.remaining();
        let index = self.table.get(&this)?.index;
        self.call()?;
        let context = index
            .and_then(|index| self.input.contexts.get(index))
            .ok_or_else(over)?;
        Ok(render::context(context, &self.input, allowed)?)
    }

    fn drop(&mut self, this: Resource<ContextHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
