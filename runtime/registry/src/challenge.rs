//! What a registry answers to who has not said who they are: `WWW-Authenticate`.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// How a registry wants to know who asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    Basic,
    Bearer {
        realm: String,
        service: Option<String>,
    },
}

/// The challenge that can be answered: a token before a password.
pub(crate) fn read(headers: &HeaderMap) -> Option<Challenge> {
    let mut basic = None;
    for value in headers.get_all(WWW_AUTHENTICATE).iter().take(8) {
        let Ok(text) = value.to_str() else { continue };
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            basic = Some(Challenge::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            continue;
        }
        let parameters = parameters(rest);
        let find = |wanted: &str| {
            parameters
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.clone())
        };
        if let Some(realm) = find("realm") {
            return Some(Challenge::Bearer {
                realm,
                service: find("service"),
            });
        }
    }
    basic
}

/// `name="value"` or `name=value`, between commas. What is not of this form ends the list.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => match unquote(quoted) {
                Some(value) => value,
                None => break,
            },
            None => {
                let end = after.find(',').unwrap_or(after.len());
                let (value, after) = after.split_at(end);
                (value.trim().to_owned(), after)
            }
        };
        found.push((name.trim().to_owned(), value));
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    found
}

/// The text up to the closing quote, and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        read(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
        })
    }

    #[test]
    fn challenges_are_read() {
        let full = r#"Bearer realm="https://a.example/token",service="r.example",scope="repository:a:pull,push""#;
        for (values, wanted) in [
            (
                &[full][..],
                bearer("https://a.example/token", Some("r.example")),
            ),
            (
                &[r#"Basic realm="x""#, full],
                bearer("https://a.example/token", Some("r.example")),
            ),
            (
                &[r#"bearer service=s, realm="a\"b""#],
                bearer("a\"b", Some("s")),
            ),
            (&["Basic"], Some(Challenge::Basic)),
            (&[r#"Bearer realm="unclosed"#], None),
            (&["Bearer"], None),
            (&["Negotiate", "Basic realm=\"\""], Some(Challenge::Basic)),
            (&[], None),
        ] {
            assert_eq!(challenge(values), wanted, "{values:?}");
        }
    }
}
