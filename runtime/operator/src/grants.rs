//! What hooks may do beyond reading their snapshots: the administrator's rules for the operator's own hooks, and what a
//! hook is given so that it can.

use std::collections::BTreeMap;
use std::sync::Arc;

use hookbox_config::yaml::{self, YamlError};
use hookbox_config::{Offence, Offences};
use hookbox_sandbox::{Capabilities, GrantError, Grants, HttpClient};
use serde::{Deserialize, Serialize};

use crate::engine::ClusterSide;
use crate::reads::ClusterReader;

/// What the administrator grants to the operator's own hooks. Nothing by default.
///
/// ```yaml
/// hooks:
///   cleaner:                 # the name of a hook; `*` is any number of any characters
///     kubernetes: [{apiGroups: [""], kinds: [ConfigMap], namespaces: [team-a], verbs: [get]}]
///   "web/*":
///     http: [{hosts: [api.example.com]}]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GrantRules {
    /// Capabilities by the name of the hook, in which `*` is any number of any characters. A hook has those of all names
    /// that are its own.
    pub hooks: BTreeMap<String, Capabilities>,
}

/// Why rules are none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrantRulesError {
    /// Neither JSON nor YAML.
    #[error("the grants are no YAML")]
    Yaml(#[source] YamlError),
    /// Not one document.
    #[error("the grants are {0} documents, and have to be one")]
    Documents(usize),
    /// Not of the right form.
    #[error("the grants are not written as they have to be")]
    Form(#[source] Offences),
    /// Something that cannot be granted.
    #[error("the grants of `{hook}` cannot be given")]
    Grant {
        /// The name that they stand under.
        hook: String,
        /// Why.
        #[source]
        source: GrantError,
    },
}

impl GrantRulesError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Yaml(_) => "grants-yaml",
            Self::Documents(_) => "grants-documents",
            Self::Form(_) => "grants-form",
            Self::Grant { .. } => "grants-grant",
        }
    }
}

impl GrantRules {
    /// Reads rules: JSON or YAML.
    ///
    /// # Errors
    /// A text that is no such document, an unknown key, something that cannot be granted.
    pub fn parse(text: &str) -> Result<Self, GrantRulesError> {
        let documents = yaml::parse_settings(text).map_err(GrantRulesError::Yaml)?;
        let [document] = documents.as_slice() else {
            return Err(GrantRulesError::Documents(documents.len()));
        };
        hookbox_config::check_grants(document).map_err(GrantRulesError::Form)?;
        let rules: Self = serde_json::from_value(document.to_json()).map_err(|error| {
            let offence = Offence::new("", "form", error.to_string());
            GrantRulesError::Form(offence.into())
        })?;
        for (hook, capabilities) in &rules.hooks {
            if let Err(source) = Grants::new(capabilities.clone()) {
                let hook = hook.clone();
                return Err(GrantRulesError::Grant { hook, source });
            }
        }
        Ok(rules)
    }

    /// What a hook of this name is granted.
    #[must_use]
    pub fn of(&self, hook: &str) -> Capabilities {
        let mut all = Capabilities::default();
        for (_, one) in self.hooks.iter().filter(|(name, _)| matches(name, hook)) {
            let Capabilities {
                kubernetes,
                http,
                files,
                environment,
                wall_clock,
            } = one.clone();
            all.kubernetes.extend(kubernetes);
            all.http.extend(http);
            all.files.extend(files);
            all.environment.extend(environment);
            all.wall_clock |= wall_clock;
        }
        all
    }

    /// Names under which no hook of these is granted anything: mostly mistyped.
    #[must_use]
    pub fn unused<'a>(&'a self, hooks: &[&str]) -> Vec<&'a str> {
        let none = |name: &&str| !hooks.iter().any(|hook| matches(name, hook));
        self.hooks.keys().map(String::as_str).filter(none).collect()
    }
}

/// Whether a pattern, in which `*` is any number of any characters, means a name.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// What a hook with these capabilities is given: reads of the cluster go by its tenant's side.
///
/// # Errors
/// Something that cannot be granted.
pub(crate) fn equip(
    capabilities: Capabilities,
    cluster: Option<&ClusterSide>,
    http: Option<&Arc<HttpClient>>,
) -> Result<Grants, GrantError> {
    let reads = !capabilities.kubernetes.is_empty();
    let requests = !capabilities.http.is_empty();
    let mut grants = Grants::new(capabilities)?;
    if let Some(cluster) = cluster.filter(|_| reads) {
        let quota = cluster.tenant.as_ref().map(|tenant| tenant.quota.clone());
        let reader = ClusterReader::new(cluster.client.clone(), cluster.kinds.clone(), quota);
        grants = grants.with_cluster(Arc::new(reader));
    }
    if let Some(http) = http.filter(|_| requests) {
        grants = grants.with_http(http.clone());
    }
    Ok(grants)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_with_stars() {
        for (pattern, name, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "a/b.wasm", true),
            ("web/*", "web/x", true),
            ("web/*", "web", false),
            ("*.wasm", "a.wasm", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("**", "x", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_hook_has_what_all_its_names_are_granted() {
        let rules = GrantRules::parse(
            "hooks:\n  '*': {wallClock: true}\n  web/*: {http: [{hosts: [a.example]}]}\n  web/b: {http: [{hosts: [b.example]}]}\n  none: {}\n",
        )
        .unwrap();
        assert!(rules.of("x").wall_clock && rules.of("x").http.is_empty());
        let both = rules.of("web/b");
        assert!(both.wall_clock);
        assert_eq!(both.http.len(), 2);
        assert_eq!(rules.unused(&["web/b", "x"]), ["none"]);
        assert_eq!(GrantRules::default().of("x"), Capabilities::default());
    }

    #[test]
    fn rules_that_are_none_say_why() {
        for (text, code, says) in [
            ("hooks: [", "grants-yaml", ""),
            ("", "grants-documents", "0 documents"),
            ("{}", "grants-form", "hooks"),
            ("hooks: {a: {htpp: []}}", "grants-form", "htpp"),
            (
                "hooks: {a: {http: [{hosts: [x], addresses: [1.2.3]}]}}",
                "grants-form",
                "",
            ),
            (
                "hooks: {a: {environment: [{name: A}]}}",
                "grants-grant",
                "`a`",
            ),
        ] {
            let error = GrantRules::parse(text).unwrap_err();
            assert_eq!(error.code(), code, "{text}: {error}");
            let text = crate::api::chain(&error);
            assert!(text.contains(says), "{text}");
        }
    }
}
