//! Base64, for `!!binary`.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, PAD};

/// As Go reads it: bits behind the last byte mean nothing.
const ENGINE: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, PAD.with_decode_allow_trailing_bits(true));

/// The bytes, if it is the standard alphabet with padding. Lines may be broken.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = text
        .bytes()
        .filter(|b| !matches!(b, b'\n' | b'\r'))
        .collect();
    ENGINE.decode(text).ok()
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
            ("aB==", Some(b"h")),
            ("aGVsbG8", None),
            ("a===", None),
            ("a b=", None),
            ("=aaa", None),
        ] {
            assert_eq!(decode(text).as_deref(), bytes, "{text}");
        }
    }
}
