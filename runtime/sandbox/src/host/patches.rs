//! `hookbox:hook/object-patches`.

use crate::bindings::hookbox::hook::object_patches as wit;
use crate::effects::{ObjectPatch, ObjectRef, PatchOptions};
use crate::state::{Answer, State};
use crate::validate;

impl From<wit::ObjectRef> for ObjectRef {
    fn from(object: wit::ObjectRef) -> Self {
        Self {
            api_version: object.api_version,
            kind: object.kind,
            namespace: object.namespace,
            name: object.name,
        }
    }
}

impl From<wit::PatchOptions> for PatchOptions {
    fn from(options: wit::PatchOptions) -> Self {
        Self {
            subresource: options.subresource,
            ignore_missing_object: options.ignore_missing_object,
            ignore_hook_error: options.ignore_hook_error,
        }
    }
}

/// Bytes of a reference, as they count.
fn length(object: &wit::ObjectRef) -> usize {
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    optional(&object.api_version)
        + object.kind.len()
        + optional(&object.namespace)
        + object.name.len()
}

impl wit::Host for State {
    fn create(&mut self, object: String, mode: wit::CreateMode) -> Answer<()> {
        self.effect(|state| {
            state.count_effect(object.len())?;
            let object = state.json(&object)?;
            validate::manifest(&object, matches!(mode, wit::CreateMode::FailIfExists))?;
            state.effects.object_patches.push(match mode {
                wit::CreateMode::FailIfExists => ObjectPatch::Create { object },
                wit::CreateMode::KeepExisting => ObjectPatch::CreateIfNotExists { object },
                wit::CreateMode::ReplaceExisting => ObjectPatch::CreateOrUpdate { object },
            });
            Ok(())
        })
    }

    fn delete(&mut self, object: wit::ObjectRef, propagation: wit::Propagation) -> Answer<()> {
        self.effect(|state| {
            state.count_effect(length(&object))?;
            let object = validate::object_ref(object.into())?;
            state.effects.object_patches.push(match propagation {
                wit::Propagation::Foreground => ObjectPatch::Delete(object),
                wit::Propagation::Background => ObjectPatch::DeleteInBackground(object),
                wit::Propagation::Orphan => ObjectPatch::DeleteNonCascading(object),
            });
            Ok(())
        })
    }

    fn merge_patch(
        &mut self,
        object: wit::ObjectRef,
        patch: String,
        options: wit::PatchOptions,
    ) -> Answer<()> {
        self.effect(|state| {
            state.count_effect(length(&object) + patch.len())?;
            let object = validate::object_ref(object.into())?;
            let options = validate::patch_options(options.into())?;
            let patch = state.json(&patch)?;
            validate::merge_patch(&patch)?;
            state.effects.object_patches.push(ObjectPatch::MergePatch {
                object,
                patch,
                options,
            });
            Ok(())
        })
    }

    fn json_patch(
        &mut self,
        object: wit::ObjectRef,
        patch: String,
        options: wit::PatchOptions,
    ) -> Answer<()> {
        self.effect(|state| {
            state.count_effect(length(&object) + patch.len())?;
            let object = validate::object_ref(object.into())?;
            let options = validate::patch_options(options.into())?;
            let patch = state.json(&patch)?;
            validate::json_patch(&patch)?;
            state.effects.object_patches.push(ObjectPatch::JSONPatch {
                object,
                patch,
                options,
            });
            Ok(())
        })
    }

    fn jq_patch(
        &mut self,
        object: wit::ObjectRef,
        filter: String,
        options: wit::PatchOptions,
    ) -> Answer<()> {
        self.effect(|state| {
            state.count_effect(length(&object) + filter.len())?;
            let object = validate::object_ref(object.into())?;
            let options = validate::patch_options(options.into())?;
            validate::jq_filter(&filter)?;
            state.effects.object_patches.push(ObjectPatch::JQPatch {
                object,
                filter,
                options,
            });
            Ok(())
        })
    }
}
