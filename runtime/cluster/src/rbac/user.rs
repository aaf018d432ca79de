//! Users, and how a request says which one it is from.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use http::HeaderMap;

use crate::error::ApiError;

/// The group that may do everything.
const MASTERS: &str = "system:masters";
const AUTHENTICATED: &str = "system:authenticated";
/// Tokens that are remembered at most.
const MAX_TOKENS: usize = 10_000;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    pub(crate) extra: BTreeMap<String, Vec<String>>,
}

/// Tokens given out by TokenRequests.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, User>>);

impl Tokens {
    pub(crate) fn give(&self, user: User) -> String {
        let token = format!(
            "hookbox.{}{}",
            crate::names::uid().replace('-', ""),
            crate::names::uid().replace('-', "")
        );
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        tokens.insert(token.clone(), user);
        token
    }

    pub(crate) fn user(&self, token: &str) -> Option<User> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(token)
            .cloned()
    }
}

impl User {
    /// The user of a client without credentials: all rights. Loopback and the process itself are trusted.
    pub(crate) fn admin() -> Self {
        Self {
            name: "system:admin".into(),
            uid: String::new(),
            groups: vec![MASTERS.into(), AUTHENTICATED.into()],
            extra: BTreeMap::new(),
        }
    }

    /// A ServiceAccount.
    pub(crate) fn service_account(namespace: &str, name: &str, uid: &str) -> Self {
        Self {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            uid: uid.to_owned(),
            groups: vec![
                "system:serviceaccounts".into(),
                format!("system:serviceaccounts:{namespace}"),
                AUTHENTICATED.into(),
            ],
            extra: BTreeMap::new(),
        }
    }

    pub(crate) fn is_master(&self) -> bool {
        self.groups.iter().any(|group| group == MASTERS)
    }

    /// The user that a request's headers tell, and the one it wants to be. Whether it may be that one is to be checked.
    pub(crate) fn of(
        headers: &HeaderMap,
        tokens: &Tokens,
    ) -> Result<(Self, Option<Self>), ApiError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let own = match text("authorization") {
            None => Self::admin(),
            Some(given) => given
                .strip_prefix("Bearer ")
                .and_then(|token| tokens.user(token.trim()))
                .ok_or_else(|| ApiError::new(401, "Unauthorized", "Unauthorized"))?,
        };
        let groups: Vec<String> = headers
            .get_all("impersonate-group")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(str::to_owned)
            .collect();
        let uid = text("impersonate-uid").unwrap_or_default().to_owned();
        let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            if let (Some(key), Ok(value)) = (
                name.as_str().strip_prefix("impersonate-extra-"),
                value.to_str(),
            ) {
                extra
                    .entry(key.to_owned())
                    .or_default()
                    .push(value.to_owned());
            }
        }
        let Some(name) = text("impersonate-user").filter(|name| !name.is_empty()) else {
            if groups.is_empty() && uid.is_empty() && extra.is_empty() {
                return Ok((own, None));
            }
            return Err(ApiError::internal(
                "requested impersonation without impersonating a user",
            ));
        };
        let mut wanted = match name
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'))
        {
            Some((namespace, account)) if groups.is_empty() => {
                Self::service_account(namespace, account, "")
            }
            _ => Self {
                name: name.to_owned(),
                uid: String::new(),
                groups,
                extra: BTreeMap::new(),
            },
        };
        let everyone = if name == "system:anonymous" {
            "system:unauthenticated"
        } else {
            AUTHENTICATED
        };
        if !wanted.groups.iter().any(|group| group == everyone) {
            wanted.groups.push(everyone.to_owned());
        }
        wanted.uid = uid;
        wanted.extra = extra;
        Ok((own, Some(wanted)))
    }
}
