//! Hooks whose effects show whether each event arrived.

use hookbox_sdk::objects::ConfigMap;
use hookbox_sdk::prelude::*;

/// What the filter keeps of a ConfigMap.
#[derive(Debug, Clone, serde::Deserialize)]
struct Source {
    namespace: String,
    name: String,
    value: String,
}

impl Source {
    fn copy(&self) -> ConfigMap {
        ConfigMap::new(&*self.namespace, format!("{}-copy", self.name))
            .label("mirror", "copy")
            .data("value", &*self.value)
    }
}

#[derive(Snapshots)]
struct Watches {
    #[watch(
        kind = "ConfigMap",
        labels = "mirror=source",
        jq = "{namespace: .metadata.namespace, name: .metadata.name, value: .data.value}"
    )]
    sources: Lazy<Source>,
}

/// Copies each ConfigMap labelled `mirror=source`, **event by event**: it never looks at the whole state after the
/// first time, so that an event that is lost is a copy that is wrong for good.
#[hook]
fn mirror(input: Input<Watches>, out: &mut Effects) -> Result {
    info!(
        "{} reasons, {} sources",
        input.contexts().len(),
        input.sources.len()
    );
    for context in input.contexts() {
        match context {
            Trigger::Synchronization(all) => {
                for source in &all.objects::<Source>()? {
                    out.create_or_update(&source?.copy());
                }
            }
            Trigger::Event(event) => {
                let source: Source = event.filter_result()?;
                match event.watch_event() {
                    WatchEvent::Deleted => out.delete_in_background(&source.copy()),
                    WatchEvent::Added | WatchEvent::Modified => {
                        out.create_or_update(&source.copy());
                    }
                }
            }
            other => bail!("what is {other:?} for?"),
        }
    }
    Ok(())
}

hookbox_sdk::export!(mirror);
