//! The Lease object, read and written.

use std::time::Duration;

use kube::Client;
use serde_json::{Value, json};

use super::record::Record;
use crate::api::{self, ApiError};
use crate::rule::Rule;

/// What an election needs to do to leases.
const VERBS: &[&str] = &["create", "get", "update"];
const GROUP: &str = "coordination.k8s.io";

/// Why a Lease could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum LeaseError {
    /// RBAC does not allow it.
    #[error("{message}. {rule}")]
    Forbidden {
        /// What the API server says.
        message: String,
        /// What would allow it.
        rule: Rule,
    },
    /// The API server refused, or could not be asked.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// There is no place to make it in: no such namespace, as a rule.
    #[error("the lease cannot be made")]
    Nowhere(#[source] ApiError),
    /// Others write it all the time.
    #[error("others changed the lease each time in between")]
    Busy,
    /// The answer is no Lease that could be written again.
    #[error("the API server's answer is no Lease as it was written")]
    NoLease,
}

impl LeaseError {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Forbidden { .. } => "forbidden",
            Self::Api(error) | Self::Nowhere(error) => error.code(),
            Self::Busy => "conflict",
            Self::NoLease => "answer",
        }
    }

    /// Whether somebody else was faster: the object is another, or gone, or there already.
    pub(super) fn is_outrun(&self) -> bool {
        let outrun = |e: &ApiError| e.is_conflict() || e.is_already_exists() || e.is_not_found();
        matches!(self, Self::Api(error) if outrun(error))
    }
}

/// A Lease as the API server gave it.
#[derive(Debug, Clone)]
pub(super) struct Lease {
    object: Value,
    pub(super) record: Record,
}

impl Lease {
    fn of(object: Value) -> Result<Self, LeaseError> {
        let metadata = |field: &str| {
            let text = object
                .pointer(&format!("/metadata/{field}"))
                .and_then(Value::as_str);
            text.is_some_and(|text| !text.is_empty())
        };
        // Without them a write would not be guarded against another's.
        if !metadata("resourceVersion") || !metadata("uid") {
            return Err(LeaseError::NoLease);
        }
        let record = Record::of(&object);
        Ok(Self { object, record })
    }
}

/// Reads and writes one Lease.
#[derive(Clone)]
pub(super) struct Leases {
    client: Client,
    namespace: String,
    name: String,
    timeout: Duration,
}

impl Leases {
    /// The names must have been checked: they become parts of paths.
    pub(super) fn new(client: Client, namespace: &str, name: &str, timeout: Duration) -> Self {
        Self {
            client,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            timeout,
        }
    }

    /// `namespace/name`.
    pub(super) fn display(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The Lease as it is; none when there is none.
    pub(super) async fn get(&self) -> Result<Option<Lease>, LeaseError> {
        let request = http::Request::get(self.object_path()).body(Vec::new());
        match self.ask(request).await {
            Err(LeaseError::Api(error)) if error.is_not_found() => Ok(None),
            object => Lease::of(object?).map(Some),
        }
    }

    /// Makes it.
    pub(super) async fn create(&self, record: &Record) -> Result<Lease, LeaseError> {
        let mut object = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": self.name, "namespace": self.namespace},
        });
        record.put_into(&mut object);
        let path = self.collection_path();
        let made = self.write(http::Request::post(path), &object, record);
        made.await.map_err(|error| match error {
            LeaseError::Api(error) if error.is_not_found() => LeaseError::Nowhere(error),
            error => error,
        })
    }

    /// Replaces it, unless it is another by now.
    pub(super) async fn replace(
        &self,
        lease: &Lease,
        record: &Record,
    ) -> Result<Lease, LeaseError> {
        let mut object = lease.object.clone();
        record.put_into(&mut object);
        let path = self.object_path();
        self.write(http::Request::put(path), &object, record).await
    }

    async fn write(
        &self,
        request: http::request::Builder,
        object: &Value,
        record: &Record,
    ) -> Result<Lease, LeaseError> {
        let body = serde_json::to_vec(object).map_err(ApiError::Answer)?;
        let request = request
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body);
        let lease = Lease::of(self.ask(request).await?)?;
        if lease.record.holder == record.holder {
            Ok(lease)
        } else {
            Err(LeaseError::NoLease)
        }
    }

    async fn ask(
        &self,
        request: Result<http::Request<Vec<u8>>, http::Error>,
    ) -> Result<Value, LeaseError> {
        let mut request = request.map_err(ApiError::Request)?;
        request.headers_mut().insert(
            http::header::ACCEPT,
            http::HeaderValue::from_static("application/json"),
        );
        let answer = api::request(&self.client, request, self.timeout).await;
        answer.map_err(|error| self.error(error))
    }

    fn error(&self, error: ApiError) -> LeaseError {
        let denied = error.is_denied();
        match error {
            ApiError::Status { message, .. } if denied => LeaseError::Forbidden {
                message,
                rule: Rule {
                    verbs: VERBS,
                    group: GROUP.to_owned(),
                    resource: "leases".to_owned(),
                    namespace: Some(self.namespace.clone()),
                },
            },
            error => LeaseError::Api(error),
        }
    }

    fn collection_path(&self) -> String {
        format!("/apis/{GROUP}/v1/namespaces/{}/leases", self.namespace)
    }

    fn object_path(&self) -> String {
        format!("{}/{}", self.collection_path(), self.name)
    }
}
