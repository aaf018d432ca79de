//! Whether a grant covers what is asked for.

use std::path::{Component, Path};

use super::{
    Capabilities, EnvironmentEntry, Files, HttpRequests, KubernetesReads, Missing, Scheme,
};

/// Methods that are meant where none is named.
const READS: [&str; 2] = ["GET", "HEAD"];

impl Capabilities {
    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What of this request a grant covers, and what it does not. Each entry is covered as a whole, by one entry of the
    /// grant, or not at all.
    #[must_use]
    pub fn granted(&self, by: &Self) -> (Self, Vec<Missing>) {
        let mut missing = Vec::new();
        let granted = Self {
            kubernetes: choose("kubernetes", &self.kubernetes, &by.kubernetes, &mut missing),
            http: choose("http", &self.http, &by.http, &mut missing),
            files: choose("files", &self.files, &by.files, &mut missing),
            environment: choose(
                "environment",
                &self.environment,
                &by.environment,
                &mut missing,
            ),
            wall_clock: self.wall_clock && by.wall_clock,
        };
        if self.wall_clock && !by.wall_clock {
            missing.push(Missing {
                path: "wallClock".to_owned(),
                what: "the real time is not granted: `wallClock: true`".to_owned(),
            });
        }
        (granted, missing)
    }
}

trait Entry: Clone {
    /// Whether this grant covers all of an entry.
    fn covers(&self, asked: &Self) -> bool;
    /// What the entry asks for, for a person.
    fn text(&self) -> String;
}

fn choose<T: Entry>(key: &str, asked: &[T], grants: &[T], missing: &mut Vec<Missing>) -> Vec<T> {
    let mut granted = Vec::new();
    for (index, entry) in asked.iter().enumerate() {
        if grants.iter().any(|grant| grant.covers(entry)) {
            granted.push(entry.clone());
        } else {
            missing.push(Missing {
                path: format!("{key}[{index}]"),
                what: format!("no entry of `{key}` in the grant covers {}", entry.text()),
            });
        }
    }
    granted
}

/// Whether all that is asked for is among what is granted, where `*` is anything. Nothing asked for is never covered: an
/// entry without it means nothing.
fn all(asked: &[String], granted: &[String]) -> bool {
    let any = granted.iter().any(|g| g == "*");
    !asked.is_empty() && (any || asked.iter().all(|a| granted.contains(a)))
}

fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.is_empty() {
        true => "nothing".to_owned(),
        false => quoted.join(", "),
    }
}

impl Entry for KubernetesReads {
    fn covers(&self, asked: &Self) -> bool {
        all(&asked.api_groups, &self.api_groups)
            && all(&asked.kinds, &self.kinds)
            && all(&asked.namespaces, &self.namespaces)
            && !asked.verbs.is_empty()
            && asked.verbs.iter().all(|verb| self.verbs.contains(verb))
    }

    fn text(&self) -> String {
        let verbs: Vec<String> = self
            .verbs
            .iter()
            .map(|verb| format!("{verb:?}").to_lowercase())
            .collect();
        format!(
            "{} of kinds {} of API groups {} in namespaces {}",
            listed(&verbs),
            listed(&self.kinds),
            listed(&self.api_groups),
            listed(&self.namespaces)
        )
    }
}

impl HttpRequests {
    /// The schemes, with the default.
    #[must_use]
    pub fn schemes(&self) -> &[Scheme] {
        match self.schemes.is_empty() {
            true => &[Scheme::Https],
            false => &self.schemes,
        }
    }

    /// Whether requests with this method are meant. Methods are words of which the case counts.
    #[must_use]
    pub fn has_method(&self, method: &str) -> bool {
        match self.methods.is_empty() {
            true => READS.contains(&method),
            false => self.methods.iter().any(|m| m == "*" || m == method),
        }
    }

    /// Whether requests to this port are meant.
    #[must_use]
    pub fn has_port(&self, scheme: Scheme, port: u16) -> bool {
        match self.ports.is_empty() {
            true => port == scheme.port(),
            false => self.ports.contains(&port),
        }
    }

    /// Whether requests to this host are meant: a name, without the dot at its end, or an address without brackets.
    #[must_use]
    pub fn has_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|pattern| host_matches(pattern, host))
    }
}

impl Scheme {
    /// The port that is meant where none is named.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Whether a pattern of hosts means a host, which may be a pattern itself: then all that it means.
fn host_matches(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
    if pattern == host {
        return true;
    }
    let Some(parent) = pattern.strip_prefix("*.") else {
        return false;
    };
    let below = host.strip_prefix("*.").unwrap_or(&host);
    let Some(rest) = below.strip_suffix(parent) else {
        return false;
    };
    // `*.a.b` holds `*.a.b` (equal above), `x.a.b` and `*.x.a.b`, and neither `a.b` nor `xa.b`.
    rest.len() > 1 && rest.ends_with('.') && !parent.is_empty()
}

impl Entry for HttpRequests {
    fn covers(&self, asked: &Self) -> bool {
        let methods = match asked.methods.is_empty() {
            true => READS.iter().all(|method| self.has_method(method)),
            false => asked.methods.iter().all(|method| self.has_method(method)),
        };
        let schemes = asked.schemes();
        let ports = match asked.ports.is_empty() {
            true => schemes.iter().all(|s| self.has_port(*s, s.port())),
            // A grant of the scheme's own port alone covers it where it is written out too.
            false => asked
                .ports
                .iter()
                .all(|port| schemes.iter().all(|s| self.has_port(*s, *port))),
        };
        methods
            && ports
            && schemes.iter().all(|s| self.schemes().contains(s))
            && !asked.hosts.is_empty()
            && asked.hosts.iter().all(|host| self.has_host(host))
            && asked
                .addresses
                .iter()
                .all(|net| self.addresses.iter().any(|grant| grant.contains(net)))
    }

    fn text(&self) -> String {
        let methods = match self.methods.is_empty() {
            true => READS.map(str::to_owned).to_vec(),
            false => self.methods.clone(),
        };
        let schemes: Vec<String> = self
            .schemes()
            .iter()
            .map(|scheme| format!("{scheme:?}").to_lowercase())
            .collect();
        let mut text = format!(
            "{} to hosts {} by {}",
            listed(&methods),
            listed(&self.hosts),
            schemes.join(" and ")
        );
        if !self.ports.is_empty() {
            let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
            text.push_str(&format!(" at ports {}", ports.join(", ")));
        }
        if !self.addresses.is_empty() {
            let nets: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
            text.push_str(&format!(" at addresses in {}", nets.join(", ")));
        }
        text
    }
}

impl Files {
    /// Where the hook sees the folder.
    #[must_use]
    pub fn mount(&self) -> &str {
        match self.mount.is_empty() {
            true => &self.path,
            false => &self.mount,
        }
    }
}

/// Whether a path begins at the root and goes nowhere back.
fn plain(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    parts.next() == Some(Component::RootDir)
        && parts.all(|part| matches!(part, Component::Normal(_)))
}

impl Entry for Files {
    fn covers(&self, asked: &Self) -> bool {
        plain(&self.path) && plain(&asked.path) && Path::new(&asked.path).starts_with(&self.path)
    }

    fn text(&self) -> String {
        match plain(&self.path) {
            true => format!("the folder `{}`", self.path),
            false => format!(
                "`{}`, which is no path from the root without `..`",
                self.path
            ),
        }
    }
}

impl Entry for EnvironmentEntry {
    fn covers(&self, asked: &Self) -> bool {
        let name = match self.name.strip_suffix('*') {
            Some(start) => asked.name.starts_with(start),
            None => asked.name == self.name,
        };
        let value = self.value.is_none() || self.value == asked.value;
        !asked.name.is_empty() && name && value
    }

    fn text(&self) -> String {
        format!("the entry `{}`", self.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> Capabilities {
        serde_json::from_value(value).unwrap()
    }

    fn covers(grant: serde_json::Value, asked: serde_json::Value) -> bool {
        let asked = read(asked);
        let (granted, missing) = asked.granted(&read(grant));
        assert_eq!(granted == asked, missing.is_empty());
        missing.is_empty()
    }

    #[test]
    fn nothing_is_granted_by_nothing() {
        let asked = json!({
            "kubernetes": [{"apiGroups": [""], "kinds": ["ConfigMap"], "namespaces": ["a"], "verbs": ["get"]}],
            "http": [{"hosts": ["example.org"]}],
            "files": [{"path": "/srv/a"}],
            "environment": [{"name": "A", "value": "1"}],
            "wallClock": true,
        });
        let (granted, missing) = read(asked.clone()).granted(&Capabilities::default());
        assert!(granted.is_empty());
        let paths: Vec<&str> = missing.iter().map(|m| m.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "kubernetes[0]",
                "http[0]",
                "files[0]",
                "environment[0]",
                "wallClock"
            ]
        );
        assert!(covers(asked.clone(), asked));
        assert!(covers(json!({}), json!({})));
    }

    #[test]
    fn reads_are_covered_by_the_same_and_by_any() {
        let reads = |groups: &[&str], kinds: &[&str], namespaces: &[&str], verbs: &[&str]| json!({"kubernetes": [{"apiGroups": groups, "kinds": kinds, "namespaces": namespaces, "verbs": verbs}]});
        let pods = reads(&[""], &["Pod"], &["a"], &["get"]);
        assert!(covers(
            reads(&["*"], &["*"], &["*"], &["list", "get"]),
            pods.clone()
        ));
        assert!(covers(
            reads(&["", "apps"], &["Secret", "Pod"], &["b", "a"], &["get"]),
            pods.clone()
        ));
        for narrow in [
            reads(&["apps"], &["*"], &["*"], &["get"]),
            reads(&[""], &["Secret"], &["*"], &["get"]),
            reads(&[""], &["*"], &["b"], &["get"]),
            reads(&[""], &["*"], &["*"], &["list"]),
        ] {
            assert!(!covers(narrow, pods.clone()));
        }
        // All namespaces are more than each that is named.
        assert!(!covers(
            pods.clone(),
            reads(&[""], &["Pod"], &["*"], &["get"])
        ));
        assert!(!covers(
            reads(&["*"], &["*"], &["*"], &["get"]),
            reads(&[""], &[], &["a"], &["get"])
        ));
        assert!(!covers(
            reads(&["*"], &["*"], &["*"], &["get"]),
            reads(&[""], &["Pod"], &["a"], &[])
        ));
    }

    #[test]
    fn hosts_are_covered_by_wildcards_of_their_parents_only() {
        let host = |name: &str| json!({"http": [{"hosts": [name]}]});
        for (grant, asked, covered) in [
            ("example.org", "example.org", true),
            ("example.org", "EXAMPLE.org", true),
            ("example.org", "a.example.org", false),
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "a.b.example.org", true),
            ("*.example.org", "*.b.example.org", true),
            ("*.example.org", "*.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "badexample.org", false),
            ("*.example.org", ".example.org", false),
            ("*.b.example.org", "*.example.org", false),
            ("*.", "example.org", false),
            ("*", "example.org", false),
            ("10.0.0.1", "10.0.0.1", true),
        ] {
            assert_eq!(covers(host(grant), host(asked)), covered, "{grant} {asked}");
        }
    }

    #[test]
    fn requests_are_covered_in_every_part() {
        let grant = json!({"http": [{"hosts": ["a.org"], "schemes": ["http", "https"], "ports": [443, 8080], "methods": ["GET", "HEAD", "POST"], "addresses": ["10.0.0.0/8"]}]});
        for (asked, covered) in [
            (json!({"hosts": ["a.org"]}), true),
            (json!({"hosts": ["a.org"], "ports": [443]}), true),
            (
                json!({"hosts": ["a.org"], "ports": [8080], "schemes": ["http"]}),
                true,
            ),
            (json!({"hosts": ["a.org"], "schemes": ["http"]}), false),
            (json!({"hosts": ["a.org"], "ports": [22]}), false),
            (json!({"hosts": ["a.org", "b.org"]}), false),
            (json!({"hosts": []}), false),
            (json!({"hosts": ["a.org"], "methods": ["POST"]}), true),
            (json!({"hosts": ["a.org"], "methods": ["post"]}), false),
            (json!({"hosts": ["a.org"], "methods": ["*"]}), false),
            (
                json!({"hosts": ["a.org"], "addresses": ["10.1.0.0/16"]}),
                true,
            ),
            (
                json!({"hosts": ["a.org"], "addresses": ["0.0.0.0/0"]}),
                false,
            ),
            (json!({"hosts": ["a.org"], "addresses": ["::1/128"]}), false),
        ] {
            assert_eq!(
                covers(grant.clone(), json!({"http": [asked]})),
                covered,
                "{asked}"
            );
        }
        assert!(!covers(
            json!({"http": [{"hosts": ["a.org"]}]}),
            json!({"http": [{"hosts": ["a.org"], "schemes": ["http"]}]})
        ));
    }

    #[test]
    fn folders_are_covered_by_those_above_and_not_by_names_that_begin_so() {
        let files = |path: &str| json!({"files": [{"path": path}]});
        for (grant, asked, covered) in [
            ("/srv/a", "/srv/a", true),
            ("/srv/a", "/srv/a/b", true),
            ("/srv/a", "/srv/ab", false),
            ("/srv/a", "/srv", false),
            ("/srv/a", "/srv/a/../b", false),
            ("/srv/a", "srv/a", false),
            ("/", "/srv/a", true),
            ("", "/srv/a", false),
        ] {
            assert_eq!(
                covers(files(grant), files(asked)),
                covered,
                "{grant} {asked}"
            );
        }
    }

    #[test]
    fn entries_of_the_environment_are_covered_by_name_and_value() {
        let entry = |name: &str, value: Option<&str>| json!({"environment": [{"name": name, "value": value}]});
        assert!(covers(entry("A", None), entry("A", Some("1"))));
        assert!(covers(entry("*", None), entry("A", Some("1"))));
        assert!(covers(entry("APP_*", None), entry("APP_A", Some("1"))));
        assert!(covers(entry("A", Some("1")), entry("A", Some("1"))));
        assert!(!covers(entry("A", Some("1")), entry("A", Some("2"))));
        assert!(!covers(entry("A", Some("1")), entry("A", None)));
        assert!(!covers(entry("APP_*", None), entry("AP", Some("1"))));
        assert!(!covers(entry("*", None), entry("", Some("1"))));
    }

    #[test]
    fn what_is_missing_says_what_to_ask_for() {
        let asked = read(json!({"http": [{"hosts": ["a.org"], "ports": [8080]}]}));
        let (_, missing) = asked.granted(&Capabilities::default());
        assert_eq!(
            missing[0].to_string(),
            "http[0]: no entry of `http` in the grant covers `GET`, `HEAD` to hosts `a.org` by https at ports 8080"
        );
    }

    #[test]
    fn unknown_fields_are_refused() {
        let wrong = json!({"htpp": []});
        assert!(serde_json::from_value::<Capabilities>(wrong).is_err());
    }
}
