//! Kubernetes' rules for names, labels and keys, with its words for breaking them.

const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const DNS_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/// How a kind's names are restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameRule {
    Subdomain,
    Label,
    Label1035,
    /// Only what a path segment can hold.
    PathSegment,
}

impl NameRule {
    /// Of a built-in kind.
    pub(crate) fn of(group: &str, plural: &str) -> Self {
        match (group, plural) {
            ("", "namespaces") => Self::Label,
            ("", "services") => Self::Label1035,
            ("rbac.authorization.k8s.io", _) => Self::PathSegment,
            _ => Self::Subdomain,
        }
    }

    /// What is wrong with a name.
    pub(crate) fn check(self, name: &str) -> Vec<String> {
        match self {
            Self::Subdomain => subdomain(name),
            Self::Label => dns_label(name),
            Self::Label1035 => {
                let mut wrong = Vec::new();
                if name.len() > 63 {
                    wrong.push("must be no more than 63 bytes".to_owned());
                }
                if !(is_dns_label(name) && name.starts_with(|c: char| c.is_ascii_lowercase())) {
                    wrong.push(DNS_1035.to_owned());
                }
                wrong
            }
            Self::PathSegment => path_segment(name),
        }
    }
}

fn is_dns_label(text: &str) -> bool {
    let edge = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|c| edge(*c))
        && bytes.last().is_some_and(|c| edge(*c))
        && bytes.iter().all(|c| edge(*c) || *c == b'-')
}

fn is_name_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(c))
}

/// RFC 1123 subdomain, as most names are.
pub(crate) fn subdomain(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if name.len() > 253 {
        wrong.push("must be no more than 253 characters".to_owned());
    }
    if !name.split('.').all(is_dns_label) {
        wrong.push(SUBDOMAIN.to_owned());
    }
    wrong
}

/// RFC 1123 label, as names of namespaces are.
pub(crate) fn dns_label(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if name.len() > 63 {
        wrong.push("must be no more than 63 bytes".to_owned());
    }
    if !is_dns_label(name) {
        let dotted = name.contains('.') && name.split('.').all(is_dns_label);
        wrong.push(if dotted {
            "must not contain dots".to_owned()
        } else {
            DNS_LABEL.to_owned()
        });
    }
    wrong
}

fn path_segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ["/", "%"]
        .iter()
        .filter(|illegal| name.contains(**illegal))
        .map(|illegal| format!("may not contain '{illegal}'"))
        .collect()
}

/// Key of a label, an annotation or a finalizer: `prefix/name`.
pub(crate) fn qualified_name(name: &str) -> Result<(), Vec<String>> {
    let mut wrong = Vec::new();
    let part = match name.split_once('/') {
        None => name,
        Some((prefix, part)) if !part.contains('/') => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".to_owned());
            } else {
                wrong.extend(
                    subdomain(prefix)
                        .into_iter()
                        .map(|why| format!("prefix part {why}")),
                );
            }
            part
        }
        Some(_) => {
            return Err(vec![
                QUALIFIED.replace("name part must", "a qualified name must")
                    + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
            ]);
        }
    };
    if part.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if part.len() > 63 {
        wrong.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_name_part(part) {
        wrong.push(QUALIFIED.to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Value of a label.
pub(crate) fn label_value(value: &str) -> Result<(), String> {
    if value.len() > 63 {
        return Err("must be no more than 63 bytes".into());
    }
    if value.is_empty() || is_name_part(value) {
        Ok(())
    } else {
        Err(LABEL.into())
    }
}

/// Key in the data of a ConfigMap or a Secret.
pub(crate) fn config_key(key: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if key.len() > 253 {
        wrong.push("must be no more than 253 characters".to_owned());
    }
    if key.is_empty()
        || !key
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c))
    {
        wrong.push(CONFIG_KEY.to_owned());
    } else if key == "." {
        wrong.push("may not be '.'".to_owned());
    } else if key == ".." {
        wrong.push("may not be '..'".to_owned());
    } else if key.starts_with("..") {
        wrong.push("must not start with '..'".to_owned());
    }
    wrong
}

/// A random ending for `generateName`.
pub(crate) fn generated(base: &str) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut cut = base.len().min(58);
    while !base.is_char_boundary(cut) {
        cut -= 1;
    }
    let mut name = base.get(..cut).unwrap_or_default().to_owned();
    for _ in 0..5 {
        name.push(
            LETTERS
                .get(fastrand::usize(..LETTERS.len()))
                .copied()
                .unwrap_or(b'x')
                .into(),
        );
    }
    name
}

/// A random UUID of version 4.
pub(crate) fn uid() -> String {
    let bits = (fastrand::u128(..) & !(0xf000_u128 << 64) & !(0xc000_u128 << 48))
        | (0x4000_u128 << 64)
        | (0x8000_u128 << 48);
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_version_four() {
        let uid = uid();
        assert_eq!(uid.len(), 36);
        assert_eq!(uid.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&uid.as_bytes()[19]), "{uid}");
    }

    #[test]
    fn names() {
        assert!(subdomain("a.b-c.0").is_empty());
        for wrong in ["", "A", "-a", "a-", "a..b", "a_b", "ä"] {
            assert!(!subdomain(wrong).is_empty(), "{wrong}");
        }
        assert!(qualified_name("example.com/Some_Name").is_ok());
        for wrong in ["", "/a", "a/", "a/b/c", "Ex/b", "a b"] {
            assert!(qualified_name(wrong).is_err(), "{wrong}");
        }
        assert_eq!(generated("a-").len(), 7);
    }
}
