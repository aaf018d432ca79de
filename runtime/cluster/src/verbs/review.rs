//! Questions that are answered and not kept: access reviews, who am I, tokens.

use std::sync::Arc;

use serde_json::{Value, json};

use super::input;
use crate::clock;
use crate::error::ApiError;
use crate::rbac::{Action, User};
use crate::request::{Call, Verb};
use crate::server::{Reply, Server};
use crate::tree::Tree;

impl Server {
    /// The answer to a call for a kind that is not kept; none for all others.
    pub(super) fn virtual_resource(
        self: &Arc<Self>,
        call: &Call,
    ) -> Result<Option<Reply>, ApiError> {
        let kind = &call.kind;
        if kind.is("", "serviceaccounts") && call.sub() == "token" {
            return if call.verb == Verb::Create {
                self.token(call).map(Some)
            } else {
                Err(ApiError::method_not_allowed())
            };
        }
        if kind.is_stored() || kind.has_verb("list") {
            return Ok(None);
        }
        if call.verb != Verb::Create {
            return Err(ApiError::method_not_allowed());
        }
        let mut review = input::parse(call, &call.body)?;
        input::conform(kind, &mut review, call.query.field_validation()?)?;
        match kind.plural.as_str() {
            "selfsubjectaccessreviews" => self.access(&mut review, &call.user.clone()),
            "subjectaccessreviews" | "localsubjectaccessreviews" => {
                let list = |value: &Value| {
                    value
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect()
                };
                let spec = review.at("spec");
                let user = User {
                    name: spec.at("user").as_str().unwrap_or_default().to_owned(),
                    uid: String::new(),
                    groups: list(spec.at("groups")),
                    extra: Default::default(),
                };
                self.access(&mut review, &user);
            }
            "selfsubjectrulesreviews" => {
                let namespace = review
                    .at("spec")
                    .at("namespace")
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                let (resources, paths) = self.policies.rules(self, &call.user, &namespace);
                review.put("status", json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false}));
            }
            "selfsubjectreviews" => review.put("status", json!({"userInfo": info(&call.user)})),
            "tokenreviews" => {
                let token = review.at("spec").at("token").as_str().unwrap_or_default();
                review.put(
                    "status",
                    match self.policies.tokens.user(token) {
                        Some(user) => json!({"authenticated": true, "user": info(&user)}),
                        None => json!({"user": {}, "error": "invalid bearer token"}),
                    },
                );
            }
            _ => return Err(ApiError::method_not_allowed()),
        }
        Ok(Some(Reply::value(201, &review)))
    }

    fn access(&self, review: &mut Value, user: &User) {
        let spec = review.at("spec");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let allowed = if spec.at("nonResourceAttributes").is_object() {
            let path = text(spec.at("nonResourceAttributes").at("path"));
            self.policies
                .may_read_path(self, user, &path)
                .is_ok()
                .then(String::new)
        } else {
            let asked = spec.at("resourceAttributes");
            let (resource, sub) = (text(asked.at("resource")), text(asked.at("subresource")));
            let action = Action {
                verb: text(asked.at("verb")),
                group: text(asked.at("group")),
                resource: if sub.is_empty() {
                    resource
                } else {
                    format!("{resource}/{sub}")
                },
                namespace: text(asked.at("namespace")),
                name: text(asked.at("name")),
            };
            self.policies.allows(self, user, &action)
        };
        review.put(
            "status",
            match allowed {
                Some(reason) if reason.is_empty() => json!({"allowed": true}),
                Some(reason) => json!({"allowed": true, "reason": reason}),
                None => json!({"allowed": false}),
            },
        );
    }

    /// TokenRequest: a token that this server knows as the ServiceAccount.
    fn token(self: &Arc<Self>, call: &Call) -> Result<Reply, ApiError> {
        let account = self.find(call)?;
        let body: Value = if call.body.is_empty() {
            json!({})
        } else {
            input::parse(call, &call.body)?
        };
        let seconds = body
            .at("spec")
            .at("expirationSeconds")
            .as_i64()
            .unwrap_or(3600)
            .max(600);
        let namespace = call.namespace.as_deref().unwrap_or_default();
        let token = self.policies.tokens.give(User::service_account(
            namespace,
            &account.meta.name,
            &account.meta.uid,
        ));
        Ok(Reply::value(
            201,
            &json!({
                "kind": "TokenRequest",
                "apiVersion": "authentication.k8s.io/v1",
                "metadata": {"name": account.meta.name, "namespace": namespace, "creationTimestamp": clock::now()},
                "spec": {"audiences": body.at("spec").at("audiences").as_array().cloned().unwrap_or_else(|| vec!["https://kubernetes.default.svc".into()]), "expirationSeconds": seconds, "boundObjectRef": body.at("spec").at("boundObjectRef")},
                "status": {"token": token, "expirationTimestamp": clock::after(seconds)},
            }),
        ))
    }
}

fn info(user: &User) -> Value {
    let mut info = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        info.put("uid", user.uid.clone());
    }
    if !user.extra.is_empty() {
        info.put("extra", json!(user.extra));
    }
    info
}
