//! Capabilities: what a hook asks for beyond its snapshots, and what an administrator grants it.
//!
//! The same document says both. A request is granted entry by entry: each entry of it has to be covered by one entry of
//! the grant ([`Capabilities::granted`]); what is not covered is left out and told.

mod cover;

use std::fmt;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a hook may do beyond reading its snapshots and returning effects. Nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Capabilities {
    /// Reads of the cluster while the hook runs, under the identity of its tenant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kubernetes: Vec<KubernetesReads>,
    /// Outgoing HTTP requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpRequests>,
    /// Files that the hook may read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Files>,
    /// Environment entries that the hook sees.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<EnvironmentEntry>,
    /// The real time, to the millisecond. Without it the clock shows the time at which the run began.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wall_clock: bool,
}

/// Objects that may be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct KubernetesReads {
    /// API groups: `""` is the core group, `*` is any.
    pub api_groups: Vec<String>,
    /// Kinds, such as `ConfigMap`; `*` is any.
    pub kinds: Vec<String>,
    /// Namespaces; `*` is any, and also stands for cluster-scoped objects and for lists of all namespaces.
    pub namespaces: Vec<String>,
    /// What may be done.
    pub verbs: Vec<ReadVerb>,
}

/// How objects are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReadVerb {
    /// One object by its name.
    Get,
    /// All objects of a kind.
    List,
}

/// Requests that may be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct HttpRequests {
    /// `https` or `http`. Empty: `https`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schemes: Vec<Scheme>,
    /// Names of hosts, or IP addresses; `*.example.org` is every name below `example.org`, and not that name itself.
    pub hosts: Vec<String>,
    /// Ports. Empty: the scheme's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<u16>,
    /// Methods, such as `GET`; `*` is any. Empty: `GET` and `HEAD`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Addresses, as networks, that are refused when they are not named here: loopback, private, link-local, shared and
    /// reserved ones, those of metadata services and of the cluster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub addresses: Vec<IpNet>,
}

/// How a request travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// In the clear.
    Http,
    /// With TLS, the server's certificate verified.
    Https,
}

/// A folder that may be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Files {
    /// The folder on the machine where hookbox runs.
    pub path: String,
    /// Where the hook sees it. Empty: at the same path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mount: String,
}

/// An entry of the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct EnvironmentEntry {
    /// Its name. In a grant `*` is any, and `APP_*` any that begins so.
    pub name: String,
    /// Its value. In a grant, none allows any value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What was asked for and is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Where it is asked for: `http[1]`.
    pub path: String,
    /// What it is, and what a grant would have to hold.
    pub what: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}
