//! A cluster, a gate and a writer.

use std::sync::{Arc, LazyLock};

use hookbox_cluster::{Cluster, RequestRecord, Verb};
use hookbox_jq::Jq;
use hookbox_operator::apply::{
    Applied, Gate, GateError, Outcome, WriteError, Writer, WriterSettings, parse,
};
use hookbox_operator::kinds::Kinds;
use hookbox_sandbox::{Effects, ObjectPatch, Sandbox, Settings};
use serde_json::{Value, json};

/// The interpreter is compiled once for all tests.
static JQ: LazyLock<Jq> =
    LazyLock::new(|| Jq::new(&Sandbox::new(Settings::default()).unwrap()).unwrap());

pub(crate) struct World {
    pub(crate) cluster: Cluster,
    pub(crate) gate: Gate,
    pub(crate) writer: Writer,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut WriterSettings)) -> Self {
        let cluster = Cluster::new();
        let mut settings = WriterSettings::default();
        change(&mut settings);
        let writer = writer(cluster.client(), settings);
        Self {
            gate: Gate::new(Some(JQ.clone())),
            cluster,
            writer,
        }
    }

    /// The patches of a patch file, through the whole way.
    pub(crate) async fn file(&self, text: &str) -> Outcome {
        self.apply(parse(text).unwrap().patches).await
    }

    pub(crate) async fn apply(&self, object_patches: Vec<ObjectPatch>) -> Outcome {
        let checked = self
            .gate
            .check(Arc::new(Effects {
                object_patches,
                ..Effects::default()
            }))
            .await
            .unwrap();
        self.writer.apply(&checked).await
    }

    /// One patch that must be applied.
    pub(crate) async fn one(&self, patch: Value) -> Applied {
        let mut outcome = self.file(&patch.to_string()).await;
        assert_eq!(outcome.results.len(), 1);
        outcome
            .results
            .remove(0)
            .unwrap_or_else(|e| panic!("{}", hookbox_operator::api::chain(&e)))
    }

    /// One patch that must fail.
    pub(crate) async fn failing(&self, patch: Value) -> WriteError {
        let mut outcome = self.file(&patch.to_string()).await;
        assert_eq!(outcome.results.len(), 1);
        outcome.results.remove(0).expect_err("it was applied")
    }

    pub(crate) async fn refused(&self, patches: Vec<ObjectPatch>) -> GateError {
        self.gate
            .check(Arc::new(Effects {
                object_patches: patches,
                ..Effects::default()
            }))
            .await
            .expect_err("it was let through")
    }

    pub(crate) async fn seed(&self, object: Value) {
        self.cluster.apply_manifest(object).await.unwrap();
        self.cluster.clear_requests();
    }

    /// The object of this kind and name, in whatever namespace.
    pub(crate) fn get(&self, kind: &str, name: &str) -> Option<Value> {
        self.cluster
            .objects()
            .into_iter()
            .find(|o| o["kind"] == kind && o["metadata"]["name"] == name)
    }

    /// The requests since the last seed, without discovery.
    pub(crate) fn requests(&self, verb: Verb) -> Vec<RequestRecord> {
        self.cluster
            .requests()
            .into_iter()
            .filter(|r| r.verb == verb)
            .collect()
    }
}

pub(crate) fn writer(client: kube::Client, settings: WriterSettings) -> Writer {
    Writer::with_settings(client.clone(), Kinds::new(client), settings)
}

pub(crate) fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data})
}

pub(crate) fn deployment(name: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "default"}, "spec": {
        "replicas": 1, "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}})
}

/// A patch of an object in `default`.
pub(crate) fn on(operation: &str, kind: &str, name: &str) -> Value {
    json!({"operation": operation, "kind": kind, "namespace": "default", "name": name})
}

/// The same with one more field.
pub(crate) fn with(mut patch: Value, key: &str, value: Value) -> Value {
    patch[key] = value;
    patch
}
