//! Passing over JSON text many bytes at a time.

/// Where the first quote or backslash is.
pub(super) fn special(text: &[u8]) -> Option<usize> {
    /// Words of eight bytes that are looked at here: most keys are as short.
    const WORDS: usize = 4;
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let (words, _) = text.as_chunks::<8>();
    for (number, word) in words.iter().take(WORDS).enumerate() {
        let word = u64::from_le_bytes(*word);
        // The high bit of each byte that is this one, and perhaps of some after the first.
        let is = |byte: u8| {
            let same = word ^ (ONES * u64::from(byte));
            same.wrapping_sub(ONES) & !same & HIGH
        };
        let found = is(b'"') | is(b'\\');
        if found != 0 {
            return Some(number * 8 + usize::try_from(found.trailing_zeros() / 8).ok()?);
        }
    }
    memchr::memchr2(b'"', b'\\', text)
}

/// Bytes that are looked at together: a bit of a mask for each, the first one the lowest.
const BLOCK: usize = 64;

/// Which bytes of a block are one of these.
#[derive(Default)]
struct Marks {
    quotes: u64,
    backslashes: u64,
    opening: u64,
    closing: u64,
}

/// Where a text has closed all objects and arrays that it opens, and before it `open` others. Most of what is cut is passed
/// over here.
pub(super) fn end(text: &[u8], open: usize) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(end) = x86::end(text, open) {
        return end;
    }
    walk(text, open, portable::marks, portable::up_to_here)
}

/// As [`end`], a block at a time: one in which it cannot end is not looked at bracket by bracket. `up_to_here` makes each bit
/// how many there are up to it and with it, odd or even: ones from a quote to before the next one.
#[inline(always)]
fn walk(
    text: &[u8],
    mut open: usize,
    marks: impl Fn(&[u8; BLOCK]) -> Marks,
    up_to_here: impl Fn(u64) -> u64,
) -> Option<usize> {
    // Of the byte before the block: whether it is in a string, as all bits or none, and whether it is a backslash that says
    // something of the first byte.
    let mut inside = 0_u64;
    let mut escapes = false;
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut last = [b' '; BLOCK];
    for (last, byte) in last.iter_mut().zip(rest) {
        *last = *byte;
    }
    for (number, block) in blocks.iter().chain([&last]).enumerate() {
        let marks = marks(block);
        let quotes = marks.quotes & !escaped(marks.backslashes, &mut escapes);
        let strings = up_to_here(quotes) ^ inside;
        inside = 0_u64.wrapping_sub(strings >> (BLOCK - 1));
        let opening = marks.opening & !strings;
        let closing = marks.closing & !strings;
        let closes = usize::try_from(closing.count_ones()).ok()?;
        if closes < open {
            open = open - closes + usize::try_from(opening.count_ones()).ok()?;
            continue;
        }
        let mut brackets = opening | closing;
        while brackets != 0 {
            let at = brackets.trailing_zeros();
            brackets &= brackets - 1;
            if opening >> at & 1 == 1 {
                open += 1;
                continue;
            }
            open = open.checked_sub(1)?;
            if open == 0 {
                return Some(number * BLOCK + usize::try_from(at).ok()? + 1);
            }
        }
    }
    None
}

/// The bytes that a backslash before them says something of. `escapes`: whether one before the block, and then the block's
/// last byte, is such a backslash.
#[inline(always)]
fn escaped(backslashes: u64, escapes: &mut bool) -> u64 {
    let mut escaped = u64::from(std::mem::take(escapes));
    let mut left = backslashes & !escaped;
    while left != 0 {
        let at = left.trailing_zeros();
        *escapes = at == 63;
        let next = (1 << at) << 1;
        escaped |= next;
        left &= left - 1;
        left &= !next;
    }
    escaped
}

/// For any processor.
mod portable {
    use super::{BLOCK, Marks};

    pub(super) fn marks(block: &[u8; BLOCK]) -> Marks {
        let mut marks = Marks::default();
        for (at, byte) in block.iter().enumerate() {
            let bit = |is: bool| u64::from(is) << at;
            marks.quotes |= bit(*byte == b'"');
            marks.backslashes |= bit(*byte == b'\\');
            marks.opening |= bit(matches!(byte, b'{' | b'['));
            marks.closing |= bit(matches!(byte, b'}' | b']'));
        }
        marks
    }

    pub(super) fn up_to_here(mut bits: u64) -> u64 {
        for shift in [1, 2, 4, 8, 16, 32] {
            bits ^= bits << shift;
        }
        bits
    }
}

/// For those of the last ten years, a third of the time.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_set1_epi8,
        _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x,
        _mm256_set1_epi8,
    };

    use super::{BLOCK, Marks, walk};

    /// None where the processor does not have what it takes.
    pub(super) fn end(text: &[u8], open: usize) -> Option<Option<usize>> {
        let able = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("popcnt");
        #[allow(
            unsafe_code,
            reason = "the processor has what the function is compiled for, and nothing of it is a matter of memory"
        )]
        // SAFETY: the processor was asked.
        able.then(|| unsafe { able_end(text, open) })
    }

    #[target_feature(enable = "avx2,pclmulqdq,bmi1,popcnt")]
    fn able_end(text: &[u8], open: usize) -> Option<usize> {
        let all = |byte: u8| _mm256_set1_epi8(byte.cast_signed());
        let is = |bytes: __m256i, byte: u8| {
            let found = _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, all(byte)));
            u64::from(found.cast_unsigned())
        };
        let marks = |block: &[u8; BLOCK]| {
            let mut marks = Marks::default();
            let (halves, _) = block.as_chunks::<32>();
            for (number, half) in halves.iter().enumerate() {
                let (words, _) = half.as_chunks::<8>();
                let [a, b, c, d] = *words else { continue };
                let word = |bytes| i64::from_le_bytes(bytes);
                let bytes = _mm256_set_epi64x(word(d), word(c), word(b), word(a));
                // `[` and `]` are `{` and `}` but for this bit.
                let folded = _mm256_or_si256(bytes, all(0x20));
                let shift = 32 * number;
                marks.quotes |= is(bytes, b'"') << shift;
                marks.backslashes |= is(bytes, b'\\') << shift;
                marks.opening |= is(folded, b'{') << shift;
                marks.closing |= is(folded, b'}') << shift;
            }
            marks
        };
        let up_to_here = |bits: u64| {
            // The product with ones everywhere, of which nothing is carried.
            let bits = _mm_set_epi64x(0, bits.cast_signed());
            let ones = _mm_set1_epi8(-1);
            _mm_cvtsi128_si64(_mm_clmulepi64_si128::<0>(bits, ones)).cast_unsigned()
        };
        walk(text, open, marks, up_to_here)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What [`end`] means, a byte at a time. Outside of strings, where there is none in JSON, a backslash says something of
    /// quotes alone.
    fn plainly(text: &[u8], mut open: usize) -> Option<usize> {
        let (mut inside, mut escapes) = (false, false);
        for (at, byte) in text.iter().enumerate() {
            let escaped = std::mem::take(&mut escapes);
            match byte {
                b'\\' => escapes = !escaped,
                b'"' => inside ^= !escaped,
                b'{' | b'[' if !inside => open += 1,
                b'}' | b']' if !inside => {
                    open = open.checked_sub(1)?;
                    if open == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }

    proptest! {
        #[test]
        fn an_end_is_where_one_finds_it_a_byte_at_a_time(
            text in r#"[\[{]([\[\]{}"\\a|;é]|a{1,40}){0,60}"#, open in 0..3_usize,
        ) {
            let text = text.as_bytes();
            let expected = plainly(text, open);
            prop_assert_eq!(end(text, open), expected);
            prop_assert_eq!(walk(text, open, portable::marks, portable::up_to_here), expected);
        }

        #[test]
        fn the_first_quote_or_backslash_is_found(text in r#"[a!#\[\]éܢ]{0,50}(["\\]a{0,9}){0,3}"#) {
            let expected = text.find(['"', '\\']);
            prop_assert_eq!(special(text.as_bytes()), expected);
        }
    }
}
