//! Query parameters and the options that they make.

use serde_json::Value;

use crate::error::{ApiError, Fault};
use crate::tree::Tree;

/// Decoded query parameters, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

/// What to do with unknown fields of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// How a list treats `resourceVersion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionMatch {
    Unset,
    Exact,
    NotOlderThan,
}

/// Options of a list or a watch.
#[derive(Debug, Clone)]
pub(crate) struct ListOptions {
    pub(crate) labels: String,
    pub(crate) fields: String,
    pub(crate) limit: usize,
    pub(crate) continue_token: String,
    /// None when unset.
    pub(crate) version: Option<u64>,
    pub(crate) version_match: VersionMatch,
    pub(crate) timeout: Option<u64>,
    pub(crate) bookmarks: bool,
    pub(crate) initial_events: Option<bool>,
}

/// Options of a delete.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeleteOptions {
    pub(crate) grace: Option<i64>,
    pub(crate) propagation: Option<String>,
    pub(crate) uid: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) dry_run: bool,
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self(
            text.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(key, true), decode(value, true))
                })
                .collect(),
        )
    }

    pub(crate) fn get(&self, key: &str) -> &str {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    }

    fn flag(&self, key: &str) -> bool {
        matches!(self.get(key), "1" | "true" | "True" | "TRUE" | "t" | "T")
            || (self.get(key).is_empty() && self.0.iter().any(|(name, _)| name == key))
    }

    pub(crate) fn is_watch(&self) -> bool {
        self.flag("watch")
    }

    pub(crate) fn field_manager(&self) -> &str {
        self.get("fieldManager")
    }

    pub(crate) fn force(&self) -> bool {
        self.flag("force")
    }

    pub(crate) fn dry_run(&self) -> Result<bool, ApiError> {
        dry_run(
            self.0
                .iter()
                .filter(|(name, _)| name == "dryRun")
                .map(|(_, value)| value.as_str()),
        )
    }

    pub(crate) fn field_validation(&self) -> Result<FieldValidation, ApiError> {
        match self.get("fieldValidation") {
            "Ignore" => Ok(FieldValidation::Ignore),
            "" | "Warn" => Ok(FieldValidation::Warn),
            "Strict" => Ok(FieldValidation::Strict),
            other => Err(ApiError::invalid(
                "meta.k8s.io",
                "CreateOptions",
                "",
                &[Fault::unsupported(
                    "fieldValidation",
                    &other.into(),
                    &["Ignore".into(), "Strict".into(), "Warn".into()],
                )],
            )),
        }
    }

    pub(crate) fn list_options(&self) -> Result<ListOptions, ApiError> {
        let invalid = |fault: Fault| ApiError::invalid("meta.k8s.io", "ListOptions", "", &[fault]);
        let version = self.get("resourceVersion");
        let initial_events = match self.get("sendInitialEvents") {
            "" => None,
            text => Some(text == "true" || text == "1"),
        };
        let version_match = match self.get("resourceVersionMatch") {
            "" => VersionMatch::Unset,
            "Exact" => VersionMatch::Exact,
            "NotOlderThan" => VersionMatch::NotOlderThan,
            other => {
                return Err(invalid(Fault::unsupported(
                    "resourceVersionMatch",
                    &other.into(),
                    &["Exact".into(), "NotOlderThan".into(), String::new()],
                )));
            }
        };
        let watch = self.is_watch();
        if watch {
            match (initial_events, version_match) {
                (Some(_), VersionMatch::NotOlderThan) | (None, VersionMatch::Unset) => {}
                (Some(_), _) => {
                    return Err(invalid(Fault::forbidden(
                        "resourceVersionMatch",
                        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                    )));
                }
                (None, _) => {
                    return Err(invalid(Fault::forbidden(
                        "resourceVersionMatch",
                        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
                    )));
                }
            }
        } else if initial_events.is_some() {
            return Err(invalid(Fault::forbidden(
                "sendInitialEvents",
                "sendInitialEvents is forbidden for list",
            )));
        } else if version_match != VersionMatch::Unset {
            if version.is_empty() {
                return Err(invalid(Fault::forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden unless resourceVersion is provided",
                )));
            }
            if !self.get("continue").is_empty() {
                return Err(invalid(Fault::forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden when continue is provided",
                )));
            }
            if version_match == VersionMatch::Exact && version == "0" {
                return Err(invalid(Fault::forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
                )));
            }
        }
        let version = match version {
            "" => None,
            text => Some(text.parse::<u64>().map_err(|_| bad_version(text))?),
        };
        Ok(ListOptions {
            labels: self.get("labelSelector").to_owned(),
            fields: self.get("fieldSelector").to_owned(),
            limit: self.get("limit").parse().unwrap_or(0),
            continue_token: self.get("continue").to_owned(),
            version,
            version_match,
            timeout: self
                .get("timeoutSeconds")
                .parse()
                .ok()
                .filter(|seconds| *seconds > 0),
            bookmarks: self.flag("allowWatchBookmarks"),
            initial_events,
        })
    }

    /// Options of a delete: the body's, or else the query's.
    pub(crate) fn delete_options(&self, body: &[u8]) -> Result<DeleteOptions, ApiError> {
        let text = |key: &str| Some(self.get(key).to_owned()).filter(|text| !text.is_empty());
        if body.is_empty() {
            return checked(
                DeleteOptions {
                    grace: self.get("gracePeriodSeconds").parse().ok(),
                    propagation: text("propagationPolicy"),
                    uid: None,
                    version: None,
                    dry_run: self.dry_run()?,
                },
                self.get("orphanDependents").parse().ok(),
            );
        }
        let body: Value = serde_json::from_slice(body).map_err(|error| {
            ApiError::bad_request(format!(
                "couldn't get version/kind; json parse error: {error}"
            ))
        })?;
        let of = |value: &Value| value.as_str().map(str::to_owned);
        let dry = dry_run(
            body.at("dryRun")
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str),
        )?;
        checked(
            DeleteOptions {
                grace: body.at("gracePeriodSeconds").as_i64(),
                propagation: of(body.at("propagationPolicy")),
                uid: of(body.at("preconditions").at("uid")),
                version: of(body.at("preconditions").at("resourceVersion")),
                dry_run: dry || self.dry_run()?,
            },
            body.at("orphanDependents").as_bool(),
        )
    }
}

fn checked(mut options: DeleteOptions, orphan: Option<bool>) -> Result<DeleteOptions, ApiError> {
    let invalid = |fault| {
        Err(ApiError::invalid(
            "meta.k8s.io",
            "DeleteOptions",
            "",
            &[fault],
        ))
    };
    match (options.propagation.as_deref(), orphan) {
        (Some(_), Some(_)) => {
            return invalid(Fault::invalid(
                "propagationPolicy",
                &options.propagation.into(),
                "orphanDependents and deletionPropagation cannot be both set",
            ));
        }
        (None, Some(orphan)) => {
            options.propagation = Some(if orphan { "Orphan" } else { "Background" }.to_owned())
        }
        (None | Some("Orphan" | "Background" | "Foreground"), None) => {}
        (Some(other), None) => {
            return invalid(Fault::unsupported(
                "propagationPolicy",
                &other.into(),
                &[
                    "Foreground".into(),
                    "Background".into(),
                    "Orphan".into(),
                    "nil".into(),
                ],
            ));
        }
    }
    Ok(options)
}

fn dry_run<'a>(mut values: impl Iterator<Item = &'a str>) -> Result<bool, ApiError> {
    match values.next() {
        None | Some("") => Ok(false),
        Some("All") => Ok(true),
        Some(other) => Err(ApiError::invalid(
            "meta.k8s.io",
            "CreateOptions",
            "",
            &[Fault::unsupported(
                "dryRun",
                &serde_json::json!([other]),
                &["All".into()],
            )],
        )),
    }
}

fn bad_version(text: &str) -> ApiError {
    ApiError::bad_request(format!(
        "invalid resource version: resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
    ))
}

/// Percent-decoding; broken escapes stay as they are.
pub(crate) fn decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = text
            .get(at + 1..at + 3)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 3;
                continue;
            }
            (b'+', _) if plus => out.push(b' '),
            _ => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let query = Query::parse("labelSelector=a+in+%28b%2Cc%29&watch=1&x=%zz");
        assert_eq!(query.get("labelSelector"), "a in (b,c)");
        assert!(query.is_watch());
        assert_eq!(query.get("x"), "%zz");
    }
}
