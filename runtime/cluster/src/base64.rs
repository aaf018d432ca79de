//! Base64, both alphabets.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// With padding, as in Secrets.
pub(crate) fn standard(bytes: &[u8]) -> String {
    let mut text = encode(bytes, STANDARD);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Without padding, for tokens.
pub(crate) fn url_safe(bytes: &[u8]) -> String {
    encode(bytes, URL_SAFE)
}

fn encode(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = (bits >> (18 - 6 * place)) & 63;
            text.push(alphabet.get(index as usize).copied().unwrap_or(b'A').into());
        }
    }
    text
}

/// What a token without padding holds; none when it is not one.
pub(crate) fn decode_url_safe(text: &str) -> Option<Vec<u8>> {
    decode(text, URL_SAFE)
}

/// What a text with padding holds; none when it is not base64.
pub(crate) fn decode_standard(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let bare = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    decode(bare, STANDARD)
}

fn decode(text: &str, alphabet: &[u8; 64]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for byte in chunk {
            bits = (bits << 6)
                | u32::try_from(alphabet.iter().position(|letter| letter == byte)?).ok()?;
        }
        bits <<= 6 * (4 - chunk.len());
        out.extend_from_slice(bits.to_be_bytes().get(1..chunk.len())?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back() {
        assert_eq!(standard(b"b"), "Yg==");
        assert_eq!(standard(b"hello"), "aGVsbG8=");
        for text in ["", "a", "ab", "abc", "\u{ff}\u{fe}?>"] {
            assert_eq!(
                decode_standard(&standard(text.as_bytes())).unwrap(),
                text.as_bytes()
            );
            assert_eq!(
                decode_url_safe(&url_safe(text.as_bytes())).unwrap(),
                text.as_bytes()
            );
        }
        assert!(decode_standard("YQ").is_none());
        assert!(decode_standard("Y!==").is_none());
    }
}
