//! get and list.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base64;
use crate::error::ApiError;
use crate::request::{Call, ListOptions, VersionMatch};
use crate::selector::Filter;
use crate::server::{Reply, Server};
use crate::store::{Page, Stored, prefix};
use crate::tree::Tree;

const CONTINUE_TOO_OLD: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

impl Server {
    /// The object that a call names.
    pub(super) fn find(&self, call: &Call) -> Result<Arc<Stored>, ApiError> {
        self.store
            .get(call.kind.table, &call.key())
            .ok_or_else(|| ApiError::not_found(&call.kind, call.named()))
    }

    pub(super) async fn get(&self, call: &Call) -> Result<Reply, ApiError> {
        let version = call.query.list_options().map(|options| options.version)?;
        self.not_from_the_future(version)?;
        self.show(call, 200, &self.find(call)?).await
    }

    /// A version that was never given out is answered as the real server does when its cache stays behind it.
    pub(super) fn not_from_the_future(&self, version: Option<u64>) -> Result<(), ApiError> {
        let current = self.store.rev();
        match version {
            Some(version) if version > current => {
                Err(ApiError::version_too_large(version, current))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn list(&self, call: &Call) -> Result<Reply, ApiError> {
        let options = call.query.list_options()?;
        let filter = Filter::parse(&call.kind, &options.labels, &options.fields)?;
        let page = self.page(call, &options, &filter)?;
        let mut meta = json!({"resourceVersion": page.rev.to_string()});
        if page.more
            && let Some(last) = page.items.last()
        {
            meta.put("continue", continue_token(page.rev, &last.key));
            if filter.is_everything() {
                meta.put("remainingItemCount", page.remaining);
            }
        }
        self.show_list(call, page.items, &meta).await
    }

    fn page(&self, call: &Call, options: &ListOptions, filter: &Filter) -> Result<Page, ApiError> {
        let prefix = prefix(call.namespace.as_deref());
        let matches = |object: &Stored| filter.matches(object);
        let table = call.kind.table;
        let all = |after: Option<&str>, at: Option<u64>| {
            self.store
                .list(table, &prefix, after, at, options.limit, &matches)
        };
        if !options.continue_token.is_empty() {
            let (rev, after) = read_continue(&options.continue_token)?;
            return all(Some(&after), rev).map_err(|_| {
                ApiError::expired(CONTINUE_TOO_OLD).with_continue(inconsistent_token(&after))
            });
        }
        self.not_from_the_future(options.version)?;
        if let (Some(name), true) = (
            filter.single_name(),
            options.version_match != VersionMatch::Exact,
        ) && (call.namespace.is_some() || !call.kind.namespaced)
        {
            // One name: no need to look at the others.
            let rev = self.store.rev();
            let found = self
                .store
                .get(table, &crate::store::key(call.namespace.as_deref(), name))
                .filter(|object| filter.matches(object));
            return Ok(Page {
                rev,
                items: found.into_iter().collect(),
                more: false,
                remaining: 0,
            });
        }
        let exact = options.version_match == VersionMatch::Exact
            || (options.limit > 0
                && options.version_match == VersionMatch::Unset
                && options.version.is_some_and(|version| version > 0));
        let at = options.version.filter(|_| exact);
        all(None, at)
            .map_err(|_| ApiError::expired("The resourceVersion for the provided list is too old."))
    }
}

/// A token like the real server's: version, revision, last key, in base64.
fn continue_token(rev: u64, after: &str) -> String {
    base64::url_safe(
        json!({"v": "meta.k8s.io/v1", "rv": rev, "start": after})
            .to_string()
            .as_bytes(),
    )
}

/// A token that goes on at whatever the state is then.
fn inconsistent_token(after: &str) -> String {
    base64::url_safe(
        json!({"v": "meta.k8s.io/v1", "rv": -1, "start": after})
            .to_string()
            .as_bytes(),
    )
}

fn read_continue(token: &str) -> Result<(Option<u64>, String), ApiError> {
    let wrong = |why: &str| {
        ApiError::bad_request(format!(
            "invalid continue token: continue key is not valid: {why}"
        ))
    };
    let bytes = base64::decode_url_safe(token).ok_or_else(|| wrong("illegal base64 data"))?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(&error.to_string()))?;
    let start = token
        .at("start")
        .as_str()
        .filter(|start| !start.is_empty() && token.at("v") == "meta.k8s.io/v1")
        .ok_or_else(|| wrong("incorrect encoded start of key"))?;
    match token.at("rv").as_i64() {
        Some(-1) => Ok((None, start.to_owned())),
        Some(rev) => Ok((
            Some(u64::try_from(rev).map_err(|_| wrong("negative resourceVersion"))?),
            start.to_owned(),
        )),
        None => Err(wrong(
            "incorrect resourceVersion (might be from an incompatible server)",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back() {
        for key in ["a", "ns/b", "ns/a-longer.name", "ns/xyz"] {
            assert_eq!(
                read_continue(&continue_token(7, key)).unwrap(),
                (Some(7), key.to_owned())
            );
            assert_eq!(
                read_continue(&inconsistent_token(key)).unwrap(),
                (None, key.to_owned())
            );
        }
        for wrong in ["abc", "%", "e30"] {
            assert_eq!(read_continue(wrong).unwrap_err().code(), "BadRequest");
        }
    }
}
