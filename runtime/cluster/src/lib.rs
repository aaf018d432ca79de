//! An embedded Kubernetes API server: in process, in memory, honest.
//!
//! `hookbox dev`, `hookbox test` and the tests of hookbox run against it instead of a cluster. The seam is
//! [`kube::Client`]: code that uses one does not know whether it talks to this or to a real API server.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hookbox_cluster::Cluster;
//! use k8s_openapi::api::core::v1::ConfigMap;
//! use kube::Api;
//!
//! let cluster = Cluster::new();
//! cluster.apply_manifest(serde_json::json!({
//!     "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"},
//! })).await?;
//! let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client());
//! assert_eq!(maps.get("a").await?.metadata.namespace.as_deref(), Some("default"));
//! # Ok(())
//! # }
//! ```
//!
//! # What it does as a real API server does
//! Resource versions and optimistic concurrency; lists with paging, consistent snapshots and 410; watches from a
//! version, from now and with initial events, bookmarks, objects that enter and leave a selector; JSON, merge, strategic
//! merge and apply patches with `managedFields`; status and scale; finalizers, graceful deletion, owners and their
//! garbage collection; the life of namespaces; CustomResourceDefinitions with pruning, defaults and validation;
//! discovery and OpenAPI; RBAC with impersonation, access reviews and tokens; tables for kubectl. Admission and conversion
//! webhooks are asked, by URL or behind a service that [`Cluster::lead_service`] leads somewhere, with their
//! `matchConditions`; what [`Cluster::apply_manifest`] puts into it goes past them.
//!
//! # What it does not do
//! Run anything: no kubelet, no scheduler, no Deployments that make ReplicaSets. Mutating webhooks are not asked a second
//! time, CEL rules of schemas and admission policies are kept and not evaluated, quotas do not count.
//!
//! Behaviours that matter are rows of a table (`tests/api-table`) that runs against this server and a real one.

mod admission;
mod base64;
mod body;
mod clock;
mod cluster;
mod control;
mod convert;
mod crd;
mod discovery;
mod error;
mod faults;
mod journal;
mod kinds;
mod listen;
mod managed;
mod names;
mod openapi;
mod patch;
mod protobuf;
mod rbac;
mod request;
mod rules;
mod schema;
mod seed;
mod selector;
mod server;
mod store;
mod table;
mod tree;
mod verbs;
mod webhook;

pub use body::ResponseBody;
pub use cluster::{Cluster, ClusterService, Options};
pub use error::ApiError;
pub use faults::{Failure, Faults, Matching};
pub use journal::RequestRecord;
pub use listen::Server;
pub use request::Verb;
