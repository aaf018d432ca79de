//! Where a request goes, in words that can be compared.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use serde_json::json;

use crate::Capabilities;
use crate::capabilities::{HttpRequests, Scheme};

/// Longest name of a host.
const HOST: usize = 253;

/// Where a request goes, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) method: String,
    pub(super) scheme: Scheme,
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) path: String,
}

/// A host as the request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// In lower case, without the dot at its end.
    Name(String),
    Address(IpAddr),
}

impl Host {
    /// As grants write it: an address without brackets.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Address(address) => address.to_string(),
        }
    }
}

impl Target {
    /// Read a request's method and URI. Whatever could be read in two ways is refused.
    pub(super) fn of(method: &http::Method, uri: &Uri) -> Result<Self, &'static str> {
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => return Err("the scheme is neither `http` nor `https`"),
        };
        let Some(authority) = uri.authority() else {
            return Err("there is no host");
        };
        if authority.as_str().contains('@') {
            return Err("a user in the address is not for HTTP requests");
        }
        let (host, port) = (authority.host(), authority.as_str());
        let port = match port.strip_prefix(host) {
            Some("") => scheme.port(),
            Some(rest) => {
                let digits = rest.strip_prefix(':').unwrap_or_default();
                let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                match digits.parse::<u16>() {
                    Ok(port) if plain && port != 0 => port,
                    _ => return Err("the port is no number between 1 and 65535"),
                }
            }
            None => return Err("the host cannot be read"),
        };
        Ok(Self {
            method: method.as_str().to_owned(),
            scheme,
            host: read_host(host)?,
            port,
            path: uri.path().to_owned(),
        })
    }

    /// The entries that mean this request.
    pub(super) fn granted<'a>(&self, capabilities: &'a Capabilities) -> Vec<&'a HttpRequests> {
        // Through these two a request would be something else than it says.
        if matches!(self.method.as_str(), "CONNECT" | "TRACE") {
            return Vec::new();
        }
        let host = self.host.text();
        let entries = capabilities.http.iter().filter(|entry| {
            entry.schemes().contains(&self.scheme)
                && entry.has_host(&host)
                && entry.has_port(self.scheme, self.port)
                && entry.has_method(&self.method)
        });
        entries.collect()
    }

    /// The grant to ask for, as an entry of `http`.
    pub(super) fn wanted(&self, address: Option<IpAddr>) -> String {
        let mut entry = serde_json::Map::new();
        let mut put = |key: &str, value| entry.insert(key.to_owned(), json!([value]));
        put("hosts", json!(self.host.text()));
        if self.scheme == Scheme::Http {
            put("schemes", json!("http"));
        }
        if self.port != self.scheme.port() {
            put("ports", json!(self.port));
        }
        if !HttpRequests::default().has_method(&self.method) {
            put("methods", json!(self.method));
        }
        if let Some(address) = address {
            put("addresses", json!(ipnet::IpNet::from(address).to_string()));
        }
        let entry = serde_json::Value::Object(entry);
        format!("`http: [{entry}]`")
    }

    /// Scheme, host, port and path. A query may hold secrets.
    pub(super) fn url(&self) -> String {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        format!("{scheme}://{}{}", self.authority(), self.path)
    }

    /// Host, and port where it is not the scheme's own: what the `host` header says.
    pub(super) fn authority(&self) -> String {
        let host = match &self.host {
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
            other => other.text(),
        };
        match self.port == self.scheme.port() {
            true => host,
            false => format!("{host}:{}", self.port),
        }
    }
}

fn read_host(host: &str) -> Result<Host, &'static str> {
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']').unwrap_or_default();
        return match inner.parse::<Ipv6Addr>() {
            Ok(address) => Ok(Host::Address(super::address::plain(address.into()))),
            Err(_) => Err("the host is no IPv6 address"),
        };
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() > HOST || !name.split('.').all(label) {
        return Err("the host is no name");
    }
    if !ends_in_a_number(&name) {
        return Ok(Host::Name(name));
    }
    // `2130706433`, `0x7f.1` and `0177.0.0.1` mean an address to some resolvers: they mean none here.
    match name.parse::<Ipv4Addr>() {
        Ok(address) => Ok(Host::Address(address.into())),
        Err(_) => Err("the host is a number, but no IPv4 address in its plain form"),
    }
}

/// Whether resolvers may take a name for an IPv4 address (as the URL standard has it).
fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x");
    last.bytes().all(|byte| byte.is_ascii_digit())
        || hex.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(method: &str, uri: &str) -> Result<Target, &'static str> {
        let uri: Uri = uri.parse().map_err(|_| "no URI at all")?;
        Target::of(&method.parse().unwrap(), &uri)
    }

    #[test]
    fn hosts_are_read_in_one_way_only() {
        for (uri, host) in [
            ("https://Example.COM./x", "example.com"),
            ("https://a_b.example", "a_b.example"),
            ("http://127.0.0.1:80/", "127.0.0.1"),
            ("http://[::1]/", "::1"),
            ("http://[::ffff:127.0.0.1]/", "127.0.0.1"),
        ] {
            assert_eq!(target("GET", uri).unwrap().host.text(), host, "{uri}");
        }
        for uri in [
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0x7f000001/",
            "http://127.1/",
            "http://0177.0.0.1/",
            "http://1.2.3.4.5/",
            "http://user@example.com/",
            "http://granted.example@evil.example/",
            "http://example.com:/",
            "http://example.com:0/",
            "http://example.com:99999/",
            "http://example.com:+80/",
            "http://[fe80::1%25eth0]/",
            "http://exa%6dple.com/",
            "http://a..b/",
            "http://./",
            "ftp://example.com/",
            "/only/a/path",
        ] {
            assert!(target("GET", uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn a_grant_means_scheme_host_port_and_method() {
        let capabilities: Capabilities = serde_json::from_value(json!({"http": [
            {"hosts": ["api.example.com", "*.example.org"]},
            {"hosts": ["hooks.example"], "schemes": ["http"], "ports": [8080], "methods": ["POST"]},
        ]}))
        .unwrap();
        let granted = |method, uri| {
            let target = target(method, uri).unwrap();
            !target.granted(&capabilities).is_empty()
        };
        assert!(granted("GET", "https://api.example.com/a?b"));
        assert!(granted("HEAD", "https://API.example.com.:443/"));
        assert!(granted("GET", "https://x.y.example.org"));
        assert!(granted("POST", "http://hooks.example:8080/"));
        for (method, uri) in [
            ("POST", "https://api.example.com/"),
            ("GET", "http://api.example.com/"),
            ("GET", "https://api.example.com:8443/"),
            ("GET", "https://example.org/"),
            ("GET", "https://evilexample.org/"),
            ("GET", "https://api.example.com.evil.example/"),
            ("GET", "http://hooks.example:8080/"),
            ("POST", "http://hooks.example/"),
            ("CONNECT", "https://api.example.com/"),
        ] {
            assert!(!granted(method, uri), "{method} {uri}");
        }
    }

    #[test]
    fn what_is_wanted_is_what_grants_it() {
        for (method, uri, address) in [
            ("GET", "https://api.example.com/", None),
            ("DELETE", "http://a.example:81/", None),
            ("GET", "http://[::1]:99/", Some("::1")),
        ] {
            let target = target(method, uri).unwrap();
            let address: Option<IpAddr> = address.map(|text| text.parse().unwrap());
            let text = target.wanted(address);
            let entries = text
                .strip_prefix("`http: ")
                .unwrap()
                .strip_suffix('`')
                .unwrap();
            let entries: serde_json::Value = serde_json::from_str(entries).unwrap();
            let capabilities: Capabilities =
                serde_json::from_value(json!({"http": entries})).unwrap();
            let granted = target.granted(&capabilities);
            assert_eq!(granted.len(), 1, "{text}");
            assert!(address.is_none_or(|a| granted[0].addresses[0].contains(&a)));
        }
    }
}
