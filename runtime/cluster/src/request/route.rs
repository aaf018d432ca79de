//! From a path to what it names.

use http::Method;

use super::query::decode;
use super::{Query, Verb};
use crate::error::ApiError;
use crate::kinds::Kinds;

/// What a path names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Route {
    Health,
    Version,
    Root,
    /// `/api`
    CoreVersions,
    /// `/apis`
    Groups,
    /// `/apis/GROUP`
    Group(String),
    /// `/apis/GROUP/VERSION`, or `/api/v1`
    Resources {
        group: String,
        version: String,
    },
    OpenApi {
        path: String,
    },
    Resource(Target),
}

/// A resource, a part of it, and what to do with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) verb: Verb,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

/// Parses a path. Whether the kind is served is the registry's matter; only whether it has namespaces is asked here.
pub(crate) fn parse(
    method: &Method,
    path: &str,
    query: &Query,
    kinds: &Kinds,
) -> Result<Route, ApiError> {
    let segments: Vec<String> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| decode(segment, false))
        .collect();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (group, version, rest) = match words.as_slice() {
        [] => return Ok(Route::Root),
        ["healthz" | "readyz" | "livez", ..] => return Ok(Route::Health),
        ["version"] => return Ok(Route::Version),
        ["openapi", rest @ ..] => {
            return Ok(Route::OpenApi {
                path: rest.join("/"),
            });
        }
        ["api"] => return Ok(Route::CoreVersions),
        ["apis"] => return Ok(Route::Groups),
        ["apis", group] => return Ok(Route::Group((*group).to_owned())),
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return Err(ApiError::no_such_path()),
    };
    if !kinds.has_version(group, version) {
        let known = kinds.groups().iter().any(|one| one.name == group);
        return Err(if known {
            ApiError::no_such_resource()
        } else {
            ApiError::no_such_path()
        });
    }
    if rest.is_empty() {
        return Ok(Route::Resources {
            group: group.to_owned(),
            version: version.to_owned(),
        });
    }
    let (namespace, plural, rest) = match rest {
        ["namespaces", name, plural, rest @ ..]
            if !(group.is_empty() && matches!(*plural, "status" | "finalize")) =>
        {
            (Some((*name).to_owned()), *plural, rest)
        }
        [plural, rest @ ..] => (None, *plural, rest),
        [] => return Err(ApiError::no_such_path()),
    };
    let (name, subresource) = match rest {
        [] => (None, None),
        [name] => (Some((*name).to_owned()), None),
        [name, subresource] => (Some((*name).to_owned()), Some((*subresource).to_owned())),
        _ => return Err(ApiError::no_such_resource()),
    };
    let verb = match *method {
        Method::GET | Method::HEAD if name.is_some() => Verb::Get,
        Method::GET | Method::HEAD if query.is_watch() => Verb::Watch,
        Method::GET | Method::HEAD => Verb::List,
        Method::POST => Verb::Create,
        Method::PUT if name.is_some() => Verb::Update,
        Method::PATCH if name.is_some() => Verb::Patch,
        Method::DELETE if name.is_some() => Verb::Delete,
        Method::DELETE => Verb::DeleteCollection,
        _ => return Err(ApiError::method_not_allowed()),
    };
    Ok(Route::Resource(Target {
        verb,
        group: group.to_owned(),
        version: version.to_owned(),
        plural: plural.to_owned(),
        namespace,
        name,
        subresource,
    }))
}
