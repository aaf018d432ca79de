//! `strftime`.

use super::Time;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// What a composed directive stands for.
pub(super) fn composition(directive: u8) -> Option<&'static [u8]> {
    Some(match directive {
        b'c' => b"%a %b %e %H:%M:%S %Y",
        b'+' => b"%a %b %e %H:%M:%S %Z %Y",
        b'F' => b"%Y-%m-%d",
        b'D' | b'x' => b"%m/%d/%y",
        b'v' => b"%e-%b-%Y",
        b'T' | b'X' => b"%H:%M:%S",
        b'r' => b"%I:%M:%S %p",
        b'R' => b"%H:%M",
        _ => return None,
    })
}

/// How one directive is written.
#[derive(Default)]
struct Style {
    width: usize,
    /// None: the directive's own.
    padding: Option<u8>,
    bare: bool,
    upper: bool,
    swap: bool,
}

impl Style {
    fn number(&self, out: &mut Vec<u8>, n: i64, width: usize, padding: u8) {
        let digits = n.to_string();
        if !self.bare {
            let width = width.max(self.width);
            let padding = self.padding.unwrap_or(padding);
            out.extend(std::iter::repeat_n(
                padding,
                width.saturating_sub(digits.len()),
            ));
        }
        out.extend(digits.as_bytes());
    }

    fn text(&self, out: &mut Vec<u8>, s: &str) {
        if !self.bare {
            let padding = self.padding.unwrap_or(b' ');
            out.extend(std::iter::repeat_n(
                padding,
                self.width.saturating_sub(s.len()),
            ));
        }
        let upper = self.upper || self.swap && s.bytes().any(|b| b.is_ascii_lowercase());
        if upper {
            out.extend(s.to_ascii_uppercase().bytes());
        } else if self.swap {
            out.extend(s.to_ascii_lowercase().bytes());
        } else {
            out.extend(s.bytes());
        }
    }
}

/// Year and number of the ISO week.
fn iso_week(year: i64, yearday: i64, weekday: i64) -> (i64, i64) {
    // The week belongs to the year that its Thursday is in.
    let thursday = yearday + 3 - (weekday + 6) % 7;
    let length = |year: i64| super::days(year + 1, 1, 1) - super::days(year, 1, 1);
    let (year, thursday) = if thursday < 1 {
        (year - 1, thursday + length(year - 1))
    } else if thursday > length(year) {
        (year + 1, thursday - length(year))
    } else {
        (year, thursday)
    };
    (year, (thursday - 1) / 7 + 1)
}

/// The time in the given format. An unknown directive stays as it is.
pub(super) fn format(time: Time, format: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, time, format);
    out
}

fn write(out: &mut Vec<u8>, time: Time, format: &[u8]) {
    let c = time.civil();
    let mut at = 0;
    while let Some(&b) = format.get(at) {
        at += 1;
        if b != b'%' {
            out.push(b);
            continue;
        }
        let start = at - 1;
        let mut style = Style::default();
        let directive = loop {
            let Some(&b) = format.get(at) else {
                out.extend(&format[start..]);
                return;
            };
            at += 1;
            match b {
                b'-' => style.bare = true,
                b'_' => style.padding = Some(b' '),
                b'0' => style.padding = Some(b'0'),
                b'^' => style.upper = true,
                b'#' => style.swap = true,
                b'1'..=b'9' => {
                    style.width = usize::from(b - b'0');
                    while let Some(d) = format.get(at).filter(|d| d.is_ascii_digit()) {
                        style.width = (style.width * 10 + usize::from(d - b'0')).min(1024);
                        at += 1;
                    }
                }
                b => break b,
            }
        };
        let hour12 = if c.hour % 12 == 0 { 12 } else { c.hour % 12 };
        let month = MONTHS
            .get((c.month - 1) as usize)
            .copied()
            .unwrap_or_default();
        let weekday = WEEKDAYS
            .get(c.weekday as usize)
            .copied()
            .unwrap_or_default();
        let (iso_year, week) = iso_week(c.year, c.yearday, c.weekday);
        match directive {
            b'Y' => style.number(out, c.year, 4, b'0'),
            b'y' => style.number(out, c.year % 100, 2, b'0'),
            b'C' => style.number(out, c.year / 100, 2, b'0'),
            b'G' => style.number(out, iso_year, 4, b'0'),
            b'g' => style.number(out, iso_year % 100, 2, b'0'),
            b'm' => style.number(out, c.month, 2, b'0'),
            b'B' => style.text(out, month),
            b'b' | b'h' => style.text(out, month.get(..3).unwrap_or_default()),
            b'A' => style.text(out, weekday),
            b'a' => style.text(out, weekday.get(..3).unwrap_or_default()),
            b'w' => style.number(out, c.weekday, 1, b'0'),
            b'u' => style.number(out, (c.weekday + 6) % 7 + 1, 1, b'0'),
            b'V' => style.number(out, week, 2, b'0'),
            b'U' => style.number(out, (c.yearday + 6 - c.weekday) / 7, 2, b'0'),
            b'W' => style.number(out, (c.yearday + 6 - (c.weekday + 6) % 7) / 7, 2, b'0'),
            b'd' => style.number(out, c.day, 2, b'0'),
            b'e' => style.number(out, c.day, 2, b' '),
            b'j' => style.number(out, c.yearday, 3, b'0'),
            b'H' => style.number(out, c.hour, 2, b'0'),
            b'k' => style.number(out, c.hour, 2, b' '),
            b'I' => style.number(out, hour12, 2, b'0'),
            b'l' => style.number(out, hour12, 2, b' '),
            b'p' => style.text(out, if c.hour < 12 { "AM" } else { "PM" }),
            b'P' => {
                style.swap = !(style.upper || style.swap);
                style.text(out, if c.hour < 12 { "AM" } else { "PM" });
            }
            b'M' => style.number(out, c.minute, 2, b'0'),
            b'S' => style.number(out, c.second, 2, b'0'),
            b's' => style.number(out, time.seconds, 1, b' '),
            b'f' => style.number(out, time.nanos / 1000, 6, b'0'),
            b'Z' => style.text(out, "UTC"),
            b'z' => out.extend(b"+0000"),
            b't' => out.push(b'\t'),
            b'n' => out.push(b'\n'),
            b'%' => out.push(b'%'),
            b':' if format[at..].starts_with(b"z") => {
                at += 1;
                out.extend(b"+00:00");
            }
            b => match composition(b) {
                Some(directives) => write(out, time, directives),
                None => out.extend(&format[start..at]),
            },
        }
    }
}
