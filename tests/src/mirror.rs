//! Objects whose copies show whether each event arrived.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;

use crate::operator::Operator;
use crate::wait;

/// ConfigMaps that the hook `mirror` of `tests/hooks` copies, and what they should be.
pub struct Sources {
    api: Api<ConfigMap>,
    wanted: BTreeMap<String, String>,
    next: u32,
}

impl Sources {
    /// None yet, in this namespace.
    pub fn new(api: Api<ConfigMap>) -> Self {
        Self {
            api,
            wanted: BTreeMap::new(),
            next: 0,
        }
    }

    /// Make so many.
    ///
    /// # Panics
    /// When the API server does not take one.
    pub async fn create(&mut self, count: u32) {
        for _ in 0..count {
            let name = format!("source-{:03}", self.next);
            self.next += 1;
            let map: ConfigMap = serde_json::from_value(json!({
                "metadata": {"name": name, "labels": {"mirror": "source"}}, "data": {"value": "0"},
            }))
            .unwrap();
            self.api
                .create(&PostParams::default(), &map)
                .await
                .expect("created");
            self.wanted.insert(name, "0".into());
        }
    }

    /// Change every third one.
    ///
    /// # Panics
    /// When the API server does not take it.
    pub async fn change(&mut self) {
        for (name, value) in self.wanted.iter_mut().step_by(3) {
            *value = (value.parse::<u32>().unwrap() + 1).to_string();
            let patch = Patch::Merge(json!({"data": {"value": value}}));
            self.api
                .patch(name, &PatchParams::default(), &patch)
                .await
                .expect("patched");
        }
    }

    /// Delete so many, the oldest first.
    ///
    /// # Panics
    /// When the API server does not take it.
    pub async fn delete(&mut self, count: usize) {
        let names: Vec<String> = self.wanted.keys().take(count).cloned().collect();
        for name in names {
            self.api
                .delete(&name, &DeleteParams::default())
                .await
                .expect("deleted");
            self.wanted.remove(&name);
        }
    }

    /// Wait until there is the right copy of each, and no other.
    ///
    /// # Panics
    /// When it does not come to that, with what these operators printed.
    pub async fn until_copied(&self, operators: &[&Operator]) {
        let wanted: BTreeMap<String, String> = self
            .wanted
            .iter()
            .map(|(name, value)| (format!("{name}-copy"), value.clone()))
            .collect();
        let seen = wait::until_all(self.api.clone(), "mirror=copy", |maps: &[ConfigMap]| {
            copies(maps) == wanted
        })
        .await;
        if let Err(seen) = seen {
            let printed: String = operators.iter().map(|o| o.program().printed()).collect();
            panic!("wanted {wanted:#?}\nseen {:#?}\n{printed}", copies(&seen));
        }
    }
}

fn copies(maps: &[ConfigMap]) -> BTreeMap<String, String> {
    maps.iter()
        .map(|map| {
            let value = map
                .data
                .as_ref()
                .and_then(|data| data.get("value"))
                .cloned()
                .unwrap_or_default();
            (map.metadata.name.clone().unwrap_or_default(), value)
        })
        .collect()
}
