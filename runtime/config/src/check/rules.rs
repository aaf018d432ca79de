//! `rules[]` of webhooks, with Kubernetes' rules for wildcards.

use std::collections::HashSet;

use crate::config::{Operation, Rule, Scope};

use super::object::{At, Object};
use super::report::{Report, Severity, found, shown};

const KEYS: &[&str] = &[
    "apiGroups",
    "apiVersions",
    "resources",
    "operations",
    "scope",
];

const OPERATIONS: &[(&str, Operation)] = &[
    ("CREATE", Operation::Create),
    ("UPDATE", Operation::Update),
    ("DELETE", Operation::Delete),
    ("CONNECT", Operation::Connect),
    ("*", Operation::All),
];

const SCOPES: &[(&str, Scope)] = &[
    ("Cluster", Scope::Cluster),
    ("Namespaced", Scope::Namespaced),
    ("*", Scope::All),
];

/// `severity` is that of what only Kubernetes refuses.
pub(super) fn rule(at: At<'_>, severity: Severity, report: &mut Report) -> Option<Rule> {
    let object = Object::read(at, KEYS, report)?;
    let mut lists = Lists {
        object: &object,
        severity,
        report,
    };
    let api_groups = lists.texts("apiGroups", "API groups", true);
    let api_versions = lists.texts("apiVersions", "API versions", false);
    let resources = lists.resources();
    let operations = lists.operations();
    Some(Rule {
        api_groups,
        api_versions,
        resources,
        operations,
        scope: object
            .field("scope")
            .and_then(|at| at.one_of(SCOPES, report)),
    })
}

struct Lists<'r, 'a> {
    object: &'r Object<'a>,
    severity: Severity,
    report: &'r mut Report,
}

impl<'a> Lists<'_, 'a> {
    fn invalid(&mut self, at: &At<'_>, message: impl Into<String>) {
        let offence = found(at, "wildcard", message, "");
        self.report.add(self.severity, offence);
    }

    fn required(&mut self, key: &str) -> Option<At<'a>> {
        self.object.required(key, self.report)
    }

    fn texts(&mut self, key: &str, what: &str, may_be_empty: bool) -> Vec<String> {
        let Some(list) = self.required(key) else {
            return Vec::new();
        };
        let texts = list.texts(1, self.report).unwrap_or_default();
        if texts.len() > 1 && texts.iter().any(|(_, text)| *text == "*") {
            self.invalid(
                &list,
                format!("if '*' is present, must not specify other {what}"),
            );
        }
        for (at, text) in &texts {
            if text.is_empty() && !may_be_empty {
                self.empty(at);
            }
        }
        texts.into_iter().map(|(_, text)| text.to_owned()).collect()
    }

    fn empty(&mut self, at: &At<'_>) {
        let offence = found(at, "empty", "must not be empty", "");
        self.report.add(self.severity, offence);
    }

    fn operations(&mut self) -> Vec<Operation> {
        let Some(list) = self.required("operations") else {
            return Vec::new();
        };
        let items = list.at_least(1, self.report).unwrap_or_default();
        let operations: Vec<Operation> = items
            .iter()
            .filter_map(|at| at.one_of(OPERATIONS, self.report))
            .collect();
        if items.len() > 1 && operations.contains(&Operation::All) {
            self.invalid(
                &list,
                "if '*' is present, must not specify other operations",
            );
        }
        operations
    }

    fn resources(&mut self) -> Vec<String> {
        let Some(list) = self.required("resources") else {
            return Vec::new();
        };
        let texts = list.texts(1, self.report).unwrap_or_default();
        // Resources of which all subresources, and subresources of which all resources, were named before.
        let mut all_below: HashSet<&str> = HashSet::new();
        let mut all_above: HashSet<&str> = HashSet::new();
        let mut bare = false;
        for (at, text) in &texts {
            let Some((resource, sub)) = text.split_once('/') else {
                if text.is_empty() {
                    self.empty(at);
                } else {
                    // Only the last one counts, in Kubernetes too: what it accepts is accepted.
                    bare = *text != "*";
                }
                continue;
            };
            if all_below.contains(resource) {
                let (resource, text) = (shown(resource), shown(text));
                self.invalid(
                    at,
                    format!("if '{resource}/*' is present, must not specify {text}"),
                );
            }
            if all_above.contains(sub) {
                let (sub, text) = (shown(sub), shown(text));
                self.invalid(
                    at,
                    format!("if '*/{sub}' is present, must not specify {text}"),
                );
            }
            if sub == "*" {
                all_below.insert(resource);
            }
            if resource == "*" {
                all_above.insert(sub);
            }
        }
        let names = |name: &str| texts.iter().any(|(_, text)| *text == name);
        if texts.len() > 1 && names("*/*") {
            self.invalid(
                &list,
                "if '*/*' is present, must not specify other resources",
            );
        }
        if names("*") && bare {
            self.invalid(
                &list,
                "if '*' is present, must not specify other resources without subresources",
            );
        }
        texts.into_iter().map(|(_, text)| text.to_owned()).collect()
    }
}
