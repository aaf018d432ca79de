//! From when until when a certificate is valid: the one thing that is read of it here.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// First and last second of validity, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) from: i64,
    pub(crate) until: i64,
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
/// Explicit tag 0, the version.
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// One element: its tag and content, and what follows it. Lengths of up to four bytes.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        // The indefinite length, 0x80, is none of DER's.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b));
            (usize::try_from(length).ok()?, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn expect(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(der)?;
    (found == tag).then_some((content, rest))
}

/// The validity of an X.509 certificate (RFC 5280, 4.1); none when it cannot be read.
pub(crate) fn validity(der: &[u8]) -> Option<Validity> {
    let (certificate, _) = expect(der, SEQUENCE)?;
    let (mut fields, _) = expect(certificate, SEQUENCE)?;
    if let Some((_, rest)) = expect(fields, VERSION) {
        fields = rest;
    }
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        // Serial number, algorithm, issuer.
        (_, fields) = expect(fields, tag)?;
    }
    let (times, _) = expect(fields, SEQUENCE)?;
    let (from, times) = time(times)?;
    let (until, _) = time(times)?;
    Some(Validity { from, until })
}

fn time(der: &[u8]) -> Option<(i64, &[u8])> {
    let (tag, content, rest) = element(der)?;
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
    let (year, rest_at) = match (tag, text.len()) {
        (UTC_TIME, 12) => {
            let year = number(0..2)?;
            (if year < 50 { year + 2000 } else { year + 1900 }, 2)
        }
        (GENERALIZED_TIME, 14) => (number(0..4)?, 4),
        _ => return None,
    };
    let part = |index: usize| {
        let at = rest_at + index * 2;
        i8::try_from(number(at..at + 2)?).ok()
    };
    let at = DateTime::new(year, part(0)?, part(1)?, part(2)?, part(3)?, part(4)?, 0).ok()?;
    // The last days of the year 9999, which stand for no end at all, are past the last timestamp.
    let at = TimeZone::UTC.to_timestamp(at).unwrap_or(Timestamp::MAX);
    Some((at.as_second(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(from: i32, until: i32) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["a".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 2);
        params.not_after = rcgen::date_time_ymd(until, 12, 31);
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn both_forms_of_times_are_read() {
        let seconds = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
        for (from, until) in [(1999, 2026), (2026, 2049), (2026, 2050), (2050, 9999)] {
            let found = validity(&certificate(from, until)).unwrap();
            assert_eq!(found.from, seconds(&format!("{from}-01-02T00:00:00Z")));
            if until < 9999 {
                assert_eq!(found.until, seconds(&format!("{until}-12-31T00:00:00Z")));
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_changed_is_no_danger() {
        let whole = certificate(2026, 2027);
        for length in 0..whole.len() {
            assert_eq!(validity(&whole[..length]), None);
        }
        for at in 0..whole.len() {
            let mut other = whole.clone();
            for value in [0, 0x7f, 0x80, 0x84, 0xff] {
                other[at] = value;
                let _ = validity(&other);
            }
        }
        assert_eq!(validity(b""), None);
    }
}
