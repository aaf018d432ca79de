//! Raw requests, so that rows see exactly what the server says.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// How long to wait for what a controller or a watch does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A client in a namespace.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client,
    pub(crate) namespace: String,
    headers: Vec<(&'static str, String)>,
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Http {
    pub(crate) fn new(client: Client, namespace: String) -> Self {
        Self {
            client,
            namespace,
            headers: Vec::new(),
        }
    }

    /// The same client with another header.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut http = self.clone();
        http.headers.push((name, value.to_owned()));
        http
    }

    /// The path of a core resource of the namespace.
    pub(crate) fn core(&self, rest: &str) -> String {
        format!("/api/v1/namespaces/{}/{rest}", self.namespace)
    }

    /// The path of a resource of the namespace in a group version.
    pub(crate) fn of(&self, group_version: &str, rest: &str) -> String {
        format!("/apis/{group_version}/namespaces/{}/{rest}", self.namespace)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<http::Response<Body>> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("user-agent", "table/1");
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let answer = self.client.send(request.body(Body::from(body))?);
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        Ok(answer.with_context(|| format!("no answer for {path}"))??)
    }

    /// One request.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Result<Answer> {
        let response = self.send(method, path, content_type, body.into()).await?;
        let (parts, body) = response.into_parts();
        let body = tokio::time::timeout(PATIENCE, body.collect()).await;
        let body = body.with_context(|| format!("no end of the answer for {path}"))??;
        let text = String::from_utf8(body.to_bytes().to_vec())?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            text,
        })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        self.call(Method::GET, path, "", "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.call(Method::POST, path, "application/json", body.to_string())
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        self.call(Method::PUT, path, "application/json", body.to_string())
            .await
    }

    pub(crate) async fn delete(&self, path: &str, options: &Value) -> Result<Answer> {
        self.call(
            Method::DELETE,
            path,
            "application/json",
            options.to_string(),
        )
        .await
    }

    pub(crate) async fn merge(&self, path: &str, patch: &Value) -> Result<Answer> {
        self.call(
            Method::PATCH,
            path,
            "application/merge-patch+json",
            patch.to_string(),
        )
        .await
    }

    pub(crate) async fn json_patch(&self, path: &str, patch: &Value) -> Result<Answer> {
        self.call(
            Method::PATCH,
            path,
            "application/json-patch+json",
            patch.to_string(),
        )
        .await
    }

    pub(crate) async fn strategic(&self, path: &str, patch: &Value) -> Result<Answer> {
        self.call(
            Method::PATCH,
            path,
            "application/strategic-merge-patch+json",
            patch.to_string(),
        )
        .await
    }

    /// Server-side apply; `query` is the manager and more.
    pub(crate) async fn apply(&self, path: &str, query: &str, config: &Value) -> Result<Answer> {
        self.call(
            Method::PATCH,
            &format!("{path}?fieldManager={query}"),
            "application/apply-patch+yaml",
            config.to_string(),
        )
        .await
    }

    /// Creates a ConfigMap.
    pub(crate) async fn config_map(&self, name: &str, more: Value) -> Result<Value> {
        let mut object = json!({"metadata": {"name": name}});
        json_merge(&mut object, more);
        self.post(&self.core("configmaps"), &object).await?.ok(201)
    }

    /// Opens a watch.
    pub(crate) async fn watch(&self, path: &str) -> Result<Watch> {
        let response = self.send(Method::GET, path, "", Vec::new()).await?;
        let status = response.status();
        ensure!(status == 200, "watch {path}: {status}");
        Ok(Watch {
            body: response.into_body(),
            buffer: BytesMut::new(),
        })
    }

    /// Asks again until `done` says so.
    pub(crate) async fn until(
        &self,
        what: &str,
        path: &str,
        done: impl Fn(&Answer) -> bool,
    ) -> Result<Answer> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path).await?;
            if done(&answer) {
                return Ok(answer);
            }
            ensure!(
                tokio::time::Instant::now() < deadline,
                "{what}: still {} {}",
                answer.status,
                answer.body
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until an object is gone.
    pub(crate) async fn gone(&self, path: &str) -> Result<()> {
        self.until(&format!("{path} goes"), path, |answer| answer.status == 404)
            .await
            .map(drop)
    }

    /// Waits until the garbage collector knows a kind, by having it collect an object of a missing owner.
    pub(crate) async fn collector_is_awake(&self) -> Result<()> {
        let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "nobody", "uid": "00000000-0000-0000-0000-000000000000"});
        self.config_map("canary", json!({"metadata": {"ownerReferences": [owner]}}))
            .await?;
        self.gone(&self.core("configmaps/canary")).await
    }
}

fn json_merge(target: &mut Value, more: Value) {
    match (target, more) {
        (Value::Object(target), Value::Object(more)) => {
            for (key, value) in more {
                json_merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, more) => *target = more,
    }
}

impl Answer {
    /// The body of an answer that was expected to succeed so.
    pub(crate) fn ok(self, status: u16) -> Result<Value> {
        ensure!(
            self.status == status,
            "{} instead of {status}: {}",
            self.status,
            self.text
        );
        Ok(self.body)
    }

    /// An answer that was expected to be this refusal, word for word.
    pub(crate) fn refused(self, status: u16, reason: &str, message: &str) -> Result<Value> {
        let body = self.refused_for(status, reason)?;
        ensure!(
            body["message"] == message,
            "message {} instead of {message:?}",
            body["message"]
        );
        Ok(body)
    }

    /// An answer that was expected to be a refusal with a reason.
    pub(crate) fn refused_for(self, status: u16, reason: &str) -> Result<Value> {
        ensure!(
            self.status == status,
            "{} instead of {status}: {}",
            self.status,
            self.text
        );
        ensure!(
            self.body["kind"] == "Status"
                && self.body["status"] == "Failure"
                && self.body["code"] == status,
            "not a Status: {}",
            self.text
        );
        ensure!(
            self.body["reason"].as_str().unwrap_or_default() == reason,
            "reason instead of {reason}: {}",
            self.text
        );
        Ok(self.body)
    }
}

/// An open watch.
pub(crate) struct Watch {
    body: Body,
    buffer: BytesMut,
}

impl Watch {
    /// The next event; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Value>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Bytes = self.buffer.split_to(end + 1).freeze();
                return Ok(Some(serde_json::from_slice(&line)?));
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame())
                .await
                .context("no event came")?;
            match frame {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(data) = frame?.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    /// The next event but bookmarks, as `TYPE name`, and its object.
    pub(crate) async fn told(&mut self) -> Result<(String, Value)> {
        loop {
            let Some(event) = self.next().await? else {
                bail!("the watch ended")
            };
            if event["type"] != "BOOKMARK" {
                let told = format!(
                    "{} {}",
                    event["type"].as_str().unwrap_or_default(),
                    event["object"]["metadata"]["name"]
                        .as_str()
                        .unwrap_or_default()
                );
                return Ok((told, event["object"].clone()));
            }
        }
    }

    /// Expects the next event; gives its object.
    pub(crate) async fn expect(&mut self, wanted: &str) -> Result<Value> {
        let (told, object) = self.told().await?;
        ensure!(told == wanted, "{told:?} instead of {wanted:?}: {object}");
        Ok(object)
    }
}

/// Names of the items of a list.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item["metadata"]["name"].as_str())
        .collect()
}

/// The resource version of an object or a list.
pub(crate) fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default()
}
