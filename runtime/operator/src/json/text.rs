//! Strings of JSON texts.

/// Where the next byte is that does not stand for itself in a string.
pub(super) fn special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // Eight at once: a byte is zero, or below a bound, where subtracting borrows into its highest bit.
    while let Some(Ok(eight)) = bytes.get(at..at + 8).map(<[u8; 8]>::try_from) {
        let word = u64::from_le_bytes(eight);
        let quote = word ^ (ONES * u64::from(b'"'));
        let slash = word ^ (ONES * u64::from(b'\\'));
        let quotes = quote.wrapping_sub(ONES) & !quote;
        let slashes = slash.wrapping_sub(ONES) & !slash;
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (quotes | slashes | control) & HIGH;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let plain = |byte: &&u8| !matches!(**byte, b'"' | b'\\' | 0..0x20);
    at + rest.iter().take_while(plain).count()
}

/// A character in a string.
pub(super) fn write_char(out: &mut String, one: char) {
    match one {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0'..' ' => {
            let digit = |value: u32| char::from_digit(value, 16).unwrap_or('0');
            out.push_str("\\u00");
            out.push(digit(u32::from(one) / 16));
            out.push(digit(u32::from(one) % 16));
        }
        _ => out.push(one),
    }
}

/// What a string that was written means.
pub(super) fn decoded(written: &str) -> String {
    // It was checked when it was written.
    serde_json::from_str(written).unwrap_or_default()
}
