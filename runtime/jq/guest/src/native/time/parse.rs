//! `strptime`.

use super::Time;
use super::format::{MONTHS, WEEKDAYS, composition};

/// What has been read so far.
struct Fields {
    year: i64,
    century: Option<i64>,
    month: i64,
    /// 0: not given.
    day: i64,
    clock: [i64; 3],
    nanos: i64,
    /// 0: not given.
    yearday: i64,
    afternoon: bool,
    /// Seconds east of UTC.
    offset: i64,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, b: u8) -> bool {
        let found = self.byte() == Some(b);
        self.at += usize::from(found);
        found
    }

    fn digits(&mut self, most: usize) -> Option<i64> {
        let digits = self.text[self.at..]
            .iter()
            .take(most)
            .take_while(|b| b.is_ascii_digit())
            .count();
        let text = std::str::from_utf8(&self.text[self.at..self.at + digits]).ok()?;
        self.at += digits;
        text.parse().ok()
    }

    fn number(&mut self, directive: u8, most: usize, min: i64, max: i64) -> Result<i64, String> {
        let n = self.digits(most).filter(|n| (min..=max).contains(n));
        n.ok_or_else(|| format!("cannot parse \"%{}\"", char::from(directive)))
    }

    fn word(&mut self, directive: u8, words: &[&str], len: usize) -> Result<i64, String> {
        for (i, word) in (1..).zip(words) {
            let word = &word.as_bytes()[..word.len().min(len)];
            let rest = &self.text[self.at..];
            if rest
                .get(..word.len())
                .is_some_and(|w| w.eq_ignore_ascii_case(word))
            {
                self.at += word.len();
                return Ok(i);
            }
        }
        Err(format!("cannot parse \"%{}\"", char::from(directive)))
    }

    /// `Z`, `+hhmm`, `+hh:mm` or `+hh`.
    fn offset(&mut self) -> Result<i64, String> {
        if self.eat(b'Z') {
            return Ok(0);
        }
        let sign = if self.eat(b'-') { -1 } else { 1 };
        if sign == 1 && !self.eat(b'+') {
            return Err("cannot parse \"%z\"".into());
        }
        let hours = self.number(b'z', 2, 0, 23)?;
        let colon = self.eat(b':');
        let minutes = match self.byte() {
            Some(b) if colon || b.is_ascii_digit() => self.number(b'z', 2, 0, 59)?,
            _ => 0,
        };
        Ok(sign * (hours * 60 + minutes) * 60)
    }
}

/// Read a time.
pub(super) fn parse(text: &[u8], format: &[u8]) -> Result<Time, String> {
    let mut fields = Fields {
        year: 1900,
        century: None,
        month: 1,
        day: 0,
        clock: [0; 3],
        nanos: 0,
        yearday: 0,
        afternoon: false,
        offset: 0,
    };
    let mut reader = Reader { text, at: 0 };
    read(&mut reader, &mut fields, format)?;
    if reader.at < text.len() {
        return Err(format!(
            "unparsed string {:?}",
            String::from_utf8_lossy(&text[reader.at..])
        ));
    }
    let Fields {
        mut year,
        century,
        mut month,
        mut day,
        mut clock,
        nanos,
        yearday,
        afternoon,
        offset,
    } = fields;
    if afternoon {
        clock[0] += 12;
    }
    if let Some(century) = century {
        year = century * 100 + year % 100;
    }
    if day == 0 {
        (month, day) = if yearday > 0 {
            (1, yearday)
        } else {
            (month, 1)
        };
    }
    let mut time = Time::new(year, month, day, clock, nanos);
    time.seconds -= offset;
    Ok(time)
}

fn read(reader: &mut Reader<'_>, fields: &mut Fields, format: &[u8]) -> Result<(), String> {
    let mut at = 0;
    while let Some(&b) = format.get(at) {
        at += 1;
        if b != b'%' {
            if !reader.eat(b) {
                return Err(format!("expected {:?}", char::from(b)));
            }
            continue;
        }
        let Some(&directive) = format.get(at) else {
            return Err("stray \"%\"".into());
        };
        at += 1;
        let d = directive;
        match directive {
            b'Y' => fields.year = reader.number(d, 4, 0, 9999)?,
            b'y' => {
                let year = reader.number(d, 2, 0, 99)?;
                fields.year = if year < 69 { year + 2000 } else { year + 1900 };
            }
            b'C' => fields.century = Some(reader.number(d, 2, 0, 99)?),
            b'm' => fields.month = reader.number(d, 2, 1, 12)?,
            b'B' => fields.month = reader.word(d, &MONTHS, usize::MAX)?,
            b'b' | b'h' => fields.month = reader.word(d, &MONTHS, 3)?,
            // A weekday is read and follows from the date.
            b'A' => drop(reader.word(d, &WEEKDAYS, usize::MAX)?),
            b'a' => drop(reader.word(d, &WEEKDAYS, 3)?),
            b'w' => drop(reader.number(d, 1, 0, 6)?),
            b'u' => drop(reader.number(d, 1, 1, 7)?),
            b'd' | b'e' => {
                if d == b'e' {
                    reader.eat(b' ');
                }
                fields.day = reader.number(d, 2, 1, 31)?;
            }
            b'j' => fields.yearday = reader.number(d, 3, 1, 366)?,
            b'H' | b'k' => {
                if d == b'k' {
                    reader.eat(b' ');
                }
                fields.clock[0] = reader.number(d, 2, 0, 23)?;
            }
            b'I' | b'l' => {
                if d == b'l' {
                    reader.eat(b' ');
                }
                fields.clock[0] = reader.number(d, 2, 1, 12)? % 12;
            }
            b'p' | b'P' => fields.afternoon = reader.word(d, &["AM", "PM"], 2)? == 2,
            b'M' => fields.clock[1] = reader.number(d, 2, 0, 59)?,
            b'S' => fields.clock[2] = reader.number(d, 2, 0, 60)?,
            b's' => {
                let c = Time {
                    seconds: reader.number(d, 10, 0, i64::MAX)?,
                    nanos: 0,
                }
                .civil();
                (fields.year, fields.month, fields.day) = (c.year, c.month, c.day);
                fields.clock = [c.hour, c.minute, c.second];
            }
            b'f' => {
                let start = reader.at;
                let fraction = reader.number(d, 6, 0, 999_999)?;
                let digits = (reader.at - start) as u32;
                fields.nanos = fraction * 10_i64.pow(9_u32.saturating_sub(digits));
            }
            b'z' => fields.offset = reader.offset()?,
            b':' if format.get(at) == Some(&b'z') => {
                at += 1;
                fields.offset = reader.offset()?;
            }
            b'Z' => {
                let start = reader.at;
                while reader.byte().is_some_and(|b| b.is_ascii_uppercase()) {
                    reader.at += 1;
                }
                if reader.at == start {
                    return Err("cannot parse \"%Z\"".into());
                }
            }
            b't' | b'n' => {
                let start = reader.at;
                while reader.byte().is_some_and(|b| b.is_ascii_whitespace()) {
                    reader.at += 1;
                }
                if reader.at == start {
                    return Err(format!("expected a space for \"%{}\"", char::from(d)));
                }
            }
            b'%' => {
                if !reader.eat(b'%') {
                    return Err("expected '%'".into());
                }
            }
            d => match composition(d) {
                Some(directives) => read(reader, fields, directives)?,
                None => return Err(format!("unexpected format \"%{}\"", char::from(d))),
            },
        }
    }
    Ok(())
}
