//! The cluster of a case.

use std::time::Duration;

use http::{Method, Request};
use kube::Client;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::case::ObjectRef;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// The cluster of a case, as the case changes it.
#[derive(Clone)]
pub struct World {
    client: Client,
}

impl World {
    /// By this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> kube::Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(body.map(|b| b.to_string().into_bytes()).unwrap_or_default())
            .expect("a request");
        self.client.request(request).await
    }

    /// Path of a kind's objects in a namespace.
    async fn collection(&self, api_version: &str, kind: &str, namespace: Option<&str>) -> String {
        let base = match api_version.contains('/') {
            true => format!("/apis/{api_version}"),
            false => format!("/api/{api_version}"),
        };
        // A new kind is served a moment after its definition was made.
        let end = Instant::now() + PATIENCE;
        loop {
            let list = self.ask(Method::GET, &base, None).await.unwrap_or_default();
            let resources = list["resources"].as_array();
            let found = resources.into_iter().flatten().find(|r| {
                r["kind"] == kind && !r["name"].as_str().unwrap_or_default().contains('/')
            });
            if let Some(found) = found {
                let plural = found["name"].as_str().expect("a name");
                return match namespace {
                    Some(namespace) => format!("{base}/namespaces/{namespace}/{plural}"),
                    None => format!("{base}/{plural}"),
                };
            }
            assert!(Instant::now() < end, "{kind} {api_version} is not served");
            sleep(LOOK).await;
        }
    }

    async fn path(&self, object: &ObjectRef) -> String {
        let namespace = object.namespace.as_deref();
        let collection = self.collection(&object.api_version, &object.kind, namespace);
        format!("{}/{}", collection.await, object.name)
    }

    /// Make an object exactly this, its status too. An owner reference without a uid is to the owner of that name.
    ///
    /// # Panics
    /// When the API server refuses it.
    pub async fn apply(&self, object: &Value) {
        let object = &self.with_owners(object.clone()).await;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let metadata = &object["metadata"];
        let reference = ObjectRef {
            api_version: text(&object["apiVersion"]).expect("an apiVersion"),
            kind: text(&object["kind"]).expect("a kind"),
            namespace: text(&metadata["namespace"]),
            name: text(&metadata["name"]).expect("a name"),
            field: None,
        };
        let path = self.path(&reference).await;
        let end = Instant::now() + PATIENCE;
        loop {
            let done = match self.ask(Method::GET, &path, None).await {
                Ok(there) => {
                    let mut object = object.clone();
                    object["metadata"]["resourceVersion"] =
                        there["metadata"]["resourceVersion"].clone();
                    self.ask(Method::PUT, &path, Some(&object)).await
                }
                Err(error) if is(&error, 404) => {
                    let (collection, _) = path.rsplit_once('/').expect("a path");
                    self.ask(Method::POST, collection, Some(object)).await
                }
                Err(error) => Err(error),
            };
            match done {
                Ok(_) => break,
                // Somebody else, such as a controller, changed it in between; or its definition is not in force yet.
                Err(error) if Instant::now() < end && (is(&error, 409) || is(&error, 404)) => {
                    sleep(LOOK).await;
                }
                Err(error) => panic!("{path}: {error}"),
            }
        }
        if reference.kind == "CustomResourceDefinition" {
            self.until_served(object).await;
        }
    }

    async fn with_owners(&self, mut object: Value) -> Value {
        let namespace = object["metadata"]["namespace"].as_str().map(str::to_owned);
        let owners = object.pointer_mut("/metadata/ownerReferences");
        for owner in owners.and_then(Value::as_array_mut).into_iter().flatten() {
            if owner.get("uid").is_some() {
                continue;
            }
            let text = |key: &str| owner[key].as_str().expect("a text").to_owned();
            let reference = ObjectRef {
                api_version: text("apiVersion"),
                kind: text("kind"),
                namespace: namespace.clone(),
                name: text("name"),
                field: Some("/metadata/uid".to_owned()),
            };
            owner["uid"] = self.get(&reference).await.expect("an owner");
        }
        object
    }

    async fn until_served(&self, definition: &Value) {
        let spec = &definition["spec"];
        let (group, plural) = (&spec["group"], &spec["names"]["plural"]);
        for version in spec["versions"].as_array().into_iter().flatten() {
            let [group, version, plural] =
                [group, &version["name"], plural].map(|text| text.as_str().expect("a text"));
            let path = format!("/apis/{group}/{version}/{plural}");
            let end = Instant::now() + PATIENCE;
            while let Err(error) = self.ask(Method::GET, &path, None).await {
                assert!(Instant::now() < end, "{path}: {error}");
                sleep(LOOK).await;
            }
        }
    }

    /// Delete an object.
    ///
    /// # Panics
    /// When the API server refuses.
    pub async fn delete(&self, object: &ObjectRef) {
        let path = self.path(object).await;
        if let Err(error) = self.ask(Method::DELETE, &path, None).await {
            panic!("{path}: {error}");
        }
    }

    /// An object, or the field of it that is meant, if there is one.
    ///
    /// # Panics
    /// When the API server gives no answer.
    pub async fn get(&self, object: &ObjectRef) -> Option<Value> {
        let path = self.path(object).await;
        match self.ask(Method::GET, &path, None).await {
            Ok(found) => match &object.field {
                Some(field) => found.pointer(field).cloned(),
                None => Some(found),
            },
            Err(error) if is(&error, 404) => None,
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// Wait until an object, or its field, is there.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn until_there(&self, object: &ObjectRef) {
        let end = Instant::now() + PATIENCE;
        while self.get(object).await.is_none() {
            assert!(Instant::now() < end, "{object:?} does not come");
            sleep(LOOK).await;
        }
    }

    /// Remove what would get in the way of others: webhook configurations, whose server is gone.
    ///
    /// # Panics
    /// When the API server refuses.
    pub async fn tidy(&self, id: &str) {
        for kind in ["validating", "mutating"] {
            let path = format!(
                "/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations/{id}-hooks"
            );
            match self.ask(Method::DELETE, &path, None).await {
                Err(error) if !is(&error, 404) => panic!("{path}: {error}"),
                _ => {}
            }
        }
    }

    /// Wait until an object is gone.
    ///
    /// # Panics
    /// When it stays.
    pub async fn until_gone(&self, object: &ObjectRef) {
        let end = Instant::now() + PATIENCE;
        while self.get(object).await.is_some() {
            assert!(Instant::now() < end, "{object:?} is still there");
            sleep(LOOK).await;
        }
    }
}

fn is(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}
