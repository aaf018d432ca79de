//! What this hookbox offers, by name: the contract of `wit/`, and WASI 0.2. A test compares the first part with `wit/`.

/// The package of the contract.
pub(crate) const PACKAGE: &str = "hookbox:hook";

/// The version of the contract.
pub(crate) const VERSION: Version = Version {
    major: 0,
    minor: 1,
    patch: 0,
};

/// The interface that makes a component a hook component.
pub(crate) const HOOKS: &str = "hooks";

/// The interfaces that a component may import, and the functions and resources of each.
pub(crate) const INTERFACES: &[(&str, &[&str])] = &[
    ("types", &[]),
    (
        "contexts",
        &[
            "binding-context",
            "[method]binding-context.binding",
            "[method]binding-context.kind",
            "[method]binding-context.group",
            "[method]binding-context.watch-event",
            "[method]binding-context.object",
            "[method]binding-context.filter-result",
            "[method]binding-context.object-pointer",
            "[method]binding-context.objects",
            "[method]binding-context.snapshot-names",
            "[method]binding-context.to-json",
        ],
    ),
    (
        "snapshots",
        &[
            "names",
            "open",
            "snapshot",
            "[method]snapshot.len",
            "[method]snapshot.get",
            "[method]snapshot.range",
            "[method]snapshot.select",
            "[method]snapshot.pointer",
        ],
    ),
    ("values", &["get", "exists", "set", "remove"]),
    ("config-values", &["get", "exists", "set", "remove"]),
    (
        "object-patches",
        &["create", "delete", "merge-patch", "json-patch", "jq-patch"],
    ),
    ("metrics", &["add", "set", "observe", "expire"]),
    ("log", &["log"]),
    ("cluster", &["get", "list"]),
    ("http", &["send"]),
];

/// Interfaces whose every call needs a grant.
pub(crate) const GRANTED: &[&str] = &[
    "hookbox:hook/cluster",
    "hookbox:hook/http",
    "wasi:http/outgoing-handler",
];

/// The functions of [`HOOKS`] that a component must export.
pub(crate) const HOOK_FUNCTIONS: &[&str] = &["describe", "run"];

/// Interfaces of WASI 0.2 that every hook is given; they are empty or harmless without a grant.
pub(crate) const WASI: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// Interfaces of WASI 0.2 that are there, but refuse every call.
pub(crate) const DENIED: &[&str] = &[
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// A version as it stands behind the `@` of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u64,
    pub(crate) minor: u64,
    pub(crate) patch: u64,
}

impl Version {
    /// `0.1.0`. Pre-releases and builds are none of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts =
            text.split('.').map(
                |part| match part.bytes().all(|byte| byte.is_ascii_digit()) {
                    true => part.parse().ok(),
                    false => None,
                },
            );
        let version = Self {
            major: parts.next()??,
            minor: parts.next()??,
            patch: parts.next()??,
        };
        parts.next().is_none().then_some(version)
    }

    /// Whether the two promise the same: equal up to the first number that is not zero.
    pub(crate) fn compatible(self, other: Self) -> bool {
        match (self.major, self.minor) {
            (0, 0) => self == other,
            (0, minor) => other.major == 0 && other.minor == minor,
            (major, _) => other.major == major,
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Functions and resources of each interface in `wit/`, read line by line: the files are ours and plain.
    fn of_wit() -> BTreeMap<String, BTreeSet<String>> {
        let mut interfaces = BTreeMap::new();
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let (mut interface, mut resource) = (String::new(), String::new());
            for line in text.lines().map(str::trim) {
                let word = |at: usize| {
                    let word = line.split([' ', ':', '{']).nth(at);
                    // `%` keeps a name apart from a keyword of WIT, and is no part of it.
                    word.unwrap_or_default().trim_start_matches('%').to_owned()
                };
                if line.starts_with("interface ") {
                    interface = word(1);
                    interfaces.insert(interface.clone(), BTreeSet::new());
                } else if line.starts_with("resource ") {
                    resource = word(1);
                    interfaces
                        .get_mut(&interface)
                        .unwrap()
                        .insert(resource.clone());
                } else if line.contains(": func(") {
                    let name = match resource.is_empty() {
                        true => word(0),
                        false => format!("[method]{resource}.{}", word(0)),
                    };
                    interfaces.get_mut(&interface).unwrap().insert(name);
                } else if line == "}" {
                    resource.clear();
                }
            }
        }
        interfaces
    }

    #[test]
    fn the_tables_are_those_of_wit() {
        let wit = of_wit();
        for (interface, items) in INTERFACES.iter().chain([&(HOOKS, HOOK_FUNCTIONS)]) {
            let items: BTreeSet<String> = items.iter().map(|item| (*item).to_owned()).collect();
            assert_eq!(wit.get(*interface), Some(&items), "{interface}");
        }
        let world =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit/world.wit"))
                .unwrap();
        assert!(world.contains(&format!("package {PACKAGE}@{VERSION};")));
        let imports: Vec<&str> = world
            .lines()
            .filter_map(|line| line.trim().strip_prefix("import "))
            .collect();
        let ours: Vec<String> = INTERFACES
            .iter()
            .map(|(name, _)| format!("{name};"))
            .collect();
        assert_eq!(imports, ours);
    }

    #[test]
    fn versions() {
        let version = |text| Version::parse(text).unwrap();
        assert_eq!(version("0.1.0").to_string(), "0.1.0");
        for bad in ["", "1", "1.2", "1.2.3.4", "0.2.0-rc", "0.2.+1", "a.b.c"] {
            assert_eq!(Version::parse(bad), None, "{bad}");
        }
        assert!(version("0.1.0").compatible(version("0.1.9")));
        assert!(!version("0.1.0").compatible(version("0.2.0")));
        assert!(!version("0.0.1").compatible(version("0.0.2")));
        assert!(version("1.2.0").compatible(version("1.3.0")));
        assert!(!version("1.2.0").compatible(version("0.1.0")));
        assert!(version("0.2.0") > version("0.1.9"));
    }
}
