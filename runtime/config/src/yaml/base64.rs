//! Base64, for `!!binary`.

/// The bytes, if it is the standard alphabet with padding. Lines may be broken.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = text
        .bytes()
        .filter(|b| !matches!(b, b'\n' | b'\r'))
        .collect();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text
        .iter()
        .rposition(|b| *b != b'=')
        .map_or(0, |last| last + 1);
    if text.len() - digits > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in text.get(..digits)?.chunks(4) {
        let mut bits = 0_u32;
        for byte in group {
            bits = bits << 6 | digit(*byte)?;
        }
        bits <<= 6 * (4 - group.len());
        let [_, three @ ..] = bits.to_be_bytes();
        bytes.extend_from_slice(three.get(..group.len().saturating_sub(1))?);
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn bytes_of_text() {
        for (text, bytes) in [
            ("", Some(&b""[..])),
            ("aGVsbG8=", Some(b"hello")),
            ("aGVs\nbG8h", Some(b"hello!")),
            ("/+8=", Some(b"\xff\xef")),
            ("aA==", Some(b"h")),
            ("aGVsbG8", None),
            ("a===", None),
            ("a b=", None),
            ("=aaa", None),
        ] {
            assert_eq!(decode(text).as_deref(), bytes, "{text}");
        }
    }
}
