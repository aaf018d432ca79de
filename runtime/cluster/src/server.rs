//! One request from its arrival to its answer: faults, user, route, authorisation, verb, form of the answer.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, Uri, header};
use serde_json::Value;

use crate::body::ResponseBody;
use crate::cluster::Options;
use crate::control::Controllers;
use crate::error::ApiError;
use crate::faults::{Asked, Faults};
use crate::journal::{Journal, RequestRecord};
use crate::kinds::Registry;
use crate::rbac::{Policies, User};
use crate::request::{Call, Query, Route, Target, Verb, parse_route};
use crate::selector::exact_name;
use crate::store::Store;
use crate::webhook::Services;
use crate::{discovery, openapi, protobuf};

/// Greatest body of a request, in bytes, as of the real API server.
pub(crate) const MAX_BODY: usize = 3 << 20;

/// What all requests share.
pub(crate) struct Server {
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) options: Options,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) controllers: Controllers,
    pub(crate) policies: Policies,
    pub(crate) services: Services,
}

/// An answer with its status, body and warnings.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: ResponseBody,
    pub(crate) warnings: Vec<String>,
    content_type: &'static str,
}

impl Reply {
    pub(crate) fn json(status: u16, body: impl Into<ResponseBody>) -> Self {
        Self {
            status,
            body: body.into(),
            warnings: Vec::new(),
            content_type: "application/json",
        }
    }

    pub(crate) fn value(status: u16, value: &Value) -> Self {
        Self::json(status, Bytes::from(value.to_string()))
    }

    pub(crate) fn of_type(mut self, content_type: &'static str) -> Self {
        self.content_type = content_type;
        self
    }

    pub(crate) fn warned(mut self, warnings: Vec<String>) -> Self {
        self.warnings.extend(warnings);
        self
    }
}

/// A broken connection, on purpose.
#[derive(Debug, thiserror::Error)]
#[error("connection reset by an injected fault")]
pub(crate) struct Broken;

impl Server {
    /// Answers a request whose body was read.
    pub(crate) async fn handle(
        self: &Arc<Self>,
        method: Method,
        uri: &Uri,
        headers: HeaderMap,
        body: Result<Bytes, ApiError>,
    ) -> Result<Response<ResponseBody>, Broken> {
        let (headers, body) = protobuf::as_json(headers, body);
        let query = Query::parse(uri.query().unwrap_or_default());
        let user = match self.user(&headers) {
            Ok(user) => user,
            Err(error) => return Ok(refuse(&error)),
        };
        let kinds = self.registry.kinds();
        let route = match parse_route(&method, uri.path(), &query, &kinds) {
            Ok(route) => route,
            Err(error) => return Ok(refuse(&error)),
        };
        let accept = headers
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        if let Route::Resource(target) = route {
            return self
                .resource(
                    target,
                    query,
                    uri.query().unwrap_or_default(),
                    user,
                    headers,
                    body,
                )
                .await;
        }
        if let Err(error) = self.policies.may_read_path(self, &user, uri.path()) {
            return Ok(refuse(&error));
        }
        if !matches!(method, Method::GET | Method::HEAD) {
            return Ok(refuse(&ApiError::method_not_allowed()));
        }
        Ok(match route {
            // kubectl asks for it before it says that a kind is unknown, and takes it as protobuf only. An empty
            // document is one that knows no type.
            Route::OpenApi { path } if path == "v2" && accept.contains("proto-openapi") => {
                Ok(Reply::json(200, Bytes::new())
                    .of_type("application/com.github.proto-openapi.spec.v2.v1.0+protobuf"))
            }
            Route::OpenApi { path } => openapi::answer(self, &kinds, &path),
            other => discovery::answer(&kinds, &other, &accept),
        }
        .map_or_else(|error| refuse(&error), respond))
    }

    /// The user of a request, after impersonation.
    fn user(&self, headers: &HeaderMap) -> Result<User, ApiError> {
        let (own, wanted) = User::of(headers, &self.policies.tokens)?;
        let Some(wanted) = wanted else { return Ok(own) };
        self.policies.may_impersonate(self, &own, &wanted)?;
        Ok(wanted)
    }

    async fn resource(
        self: &Arc<Self>,
        target: Target,
        query: Query,
        raw_query: &str,
        user: User,
        headers: HeaderMap,
        body: Result<Bytes, ApiError>,
    ) -> Result<Response<ResponseBody>, Broken> {
        let asked = Asked {
            verb: target.verb,
            resource: &target.plural,
            namespace: target.namespace.as_deref().unwrap_or_default(),
            name: target.name.as_deref().unwrap_or_default(),
        };
        let mut record = RequestRecord {
            verb: target.verb,
            group: target.group.clone(),
            resource: target.plural.clone(),
            namespace: target.namespace.clone(),
            name: target.name.clone(),
            subresource: target.subresource.clone(),
            query: raw_query.to_owned(),
            user: user.name.clone(),
            status: 0,
        };
        let (delay, failure) = self.faults.meet(&asked);
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        let outcome = match failure.map(|failure| failure.error(&asked)) {
            Some(None) => {
                self.journal.add(record);
                return Err(Broken);
            }
            Some(Some(error)) => Err(error),
            None => match body {
                Ok(body) => self.dispatch(target, query, user, headers, body).await,
                Err(error) => Err(error),
            },
        };
        let response = outcome.map_or_else(|error| refuse(&error), respond);
        record.status = response.status().as_u16();
        self.journal.add(record);
        Ok(response)
    }

    async fn dispatch(
        self: &Arc<Self>,
        target: Target,
        query: Query,
        user: User,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Reply, ApiError> {
        let selected = match (&target.name, target.verb) {
            (None, Verb::List | Verb::Watch | Verb::DeleteCollection) => {
                exact_name(query.get("fieldSelector"))
            }
            _ => None,
        };
        let name = target
            .name
            .as_deref()
            .or(selected.as_deref())
            .unwrap_or_default();
        self.policies.authorize(self, &user, &target, name)?;
        let kinds = self.registry.kinds();
        let kind = kinds
            .resource(&target.group, &target.version, &target.plural)
            .ok_or_else(ApiError::no_such_resource)?
            .clone();
        let across = target.name.is_none() && matches!(target.verb, Verb::List | Verb::Watch);
        if kind.namespaced != target.namespace.is_some() && !(kind.namespaced && across) {
            return Err(if kind.namespaced && target.verb == Verb::Create {
                ApiError::method_not_allowed()
            } else {
                ApiError::no_such_resource()
            });
        }
        let Target {
            verb,
            namespace,
            name,
            subresource,
            ..
        } = target;
        let call = Call {
            verb,
            kind,
            namespace,
            name,
            subresource,
            query,
            user,
            headers,
            body,
        };
        let mut reply = self.verb(&call).await?;
        if let Some(warning) = call
            .kind
            .custom
            .as_ref()
            .and_then(|custom| custom.warning.clone())
        {
            reply.warnings.push(warning);
        }
        Ok(reply)
    }
}

fn respond(reply: Reply) -> Response<ResponseBody> {
    let mut response = Response::new(reply.body);
    *response.status_mut() = http::StatusCode::from_u16(reply.status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(reply.content_type),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, private"),
    );
    for warning in reply.warnings {
        if let Ok(value) = HeaderValue::from_str(&format!("299 - {warning:?}")) {
            headers.append(header::WARNING, value);
        }
    }
    response
}

/// The answer that tells an error.
pub(crate) fn refuse(error: &ApiError) -> Response<ResponseBody> {
    if error.is_plain() {
        let mut response = Response::new(ResponseBody::from(Bytes::from(format!("{error}\n"))));
        *response.status_mut() = http::StatusCode::from_u16(error.status()).unwrap_or_default();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        return response;
    }
    let mut response = respond(Reply::value(error.status(), &error.to_status()));
    if let Some(seconds) = error.retry_after() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
