//! Compact JSON text with sorted keys, written in one pass over the text that is read.
//!
//! Equal values come out as equal texts: keys are sorted and unique, strings have the fewest escapes. Numbers stay as
//! they are written, so that integers of any size stay whole. No tree is made: a value is copied as it is checked, and
//! only the members of objects that were not in order are put in order afterwards.

mod text;

use std::borrow::Cow;
use std::ops::Range;

use self::text::{decoded, special, write_char};

/// Room for what is written that is made at once.
const ROOM: usize = 64 << 10;

/// Deepest nesting.
const DEPTH: usize = 200;

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("{expected} is expected at byte {at}")]
    Syntax { expected: &'static str, at: usize },
    #[error("it is nested deeper than {DEPTH} levels")]
    Depth,
}

/// The same value, compact and with sorted keys. Of equal keys the last one counts, as everywhere in Go.
pub(crate) fn compact(text: &str) -> Result<String, JsonError> {
    let mut reader = Reader::new(text);
    reader.value()?;
    reader.end()?;
    Ok(reader.out)
}

/// A member of an object that is being written, comma included.
#[derive(Debug, Clone)]
struct Member {
    start: usize,
    /// Of its key, without quotes.
    key: Range<usize>,
    end: usize,
}

/// Reads a text, and writes the values that it is told to.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    out: String,
    /// Members of all objects that are not finished yet.
    members: Vec<Member>,
    sorted: String,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            out: String::with_capacity(text.len().min(ROOM)),
            members: Vec::new(),
            sorted: String::new(),
        }
    }

    /// What was written since it was last asked for. The room is kept.
    pub(crate) fn written(&self) -> &str {
        &self.out
    }

    /// Forgets what was written.
    pub(crate) fn clear(&mut self) {
        self.out.clear();
    }

    /// That nothing follows.
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        match self.next() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end")),
        }
    }

    /// Reads a string, decoded; none where there is another value, which is skipped.
    pub(crate) fn string(&mut self) -> Result<Option<Cow<'a, str>>, JsonError> {
        if self.next() != Some(b'"') {
            return self.skip().map(|()| None);
        }
        let (start, written) = (self.at + 1, self.out.len());
        self.write_string()?;
        let raw = self.text.get(start..self.at - 1).unwrap_or_default();
        let string = match raw.contains('\\') {
            false => Cow::Borrowed(raw),
            true => Cow::Owned(decoded(self.out.get(written..).unwrap_or_default())),
        };
        self.out.truncate(written);
        Ok(Some(string))
    }

    /// Reads a value and forgets it.
    pub(crate) fn skip(&mut self) -> Result<(), JsonError> {
        let written = self.out.len();
        self.value()?;
        self.out.truncate(written);
        Ok(())
    }

    /// Reads an object member by member: `each` reads the value of a key.
    pub(crate) fn object<E: From<JsonError>>(
        &mut self,
        mut each: impl FnMut(&mut Self, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open(b'{', "an object")?;
        let mut first = true;
        while self.more(b'}', &mut first)? {
            if self.next() != Some(b'"') {
                return Err(self.expected("a key").into());
            }
            let key = self.string()?.unwrap_or_default();
            self.colon()?;
            each(self, &key)?;
        }
        Ok(())
    }

    /// Reads an array item by item; false where there is another value, which is skipped.
    pub(crate) fn array<E: From<JsonError>>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<bool, E> {
        if self.next() != Some(b'[') {
            self.skip()?;
            return Ok(false);
        }
        self.open(b'[', "an array")?;
        let mut first = true;
        while self.more(b']', &mut first)? {
            each(self)?;
        }
        Ok(true)
    }

    /// Reads a value and writes it.
    pub(crate) fn value(&mut self) -> Result<(), JsonError> {
        match self.next() {
            Some(b'{') => self.write_object(&[], |reader, _| reader.value().map(|()| true)),
            Some(b'[') => self.write_array(),
            Some(b'"') => self.write_string(),
            Some(b'-' | b'0'..=b'9') => self.write_number(),
            Some(b't') => self.write_word("true"),
            Some(b'f') => self.write_word("false"),
            Some(b'n') => self.write_word("null"),
            _ => Err(self.expected("a value")),
        }
    }

    /// Reads an object and writes it, with the members of `defaults` that it lacks (keys, and values as they are
    /// written). `each` reads and writes the value of a key, and says whether the member stays.
    pub(crate) fn write_object(
        &mut self,
        defaults: &[(&str, &str)],
        mut each: impl FnMut(&mut Self, Range<usize>) -> Result<bool, JsonError>,
    ) -> Result<(), JsonError> {
        self.open(b'{', "an object")?;
        let known = self.members.len();
        self.out.push('{');
        let start = self.out.len();
        let mut in_order = true;
        let mut last: Option<Range<usize>> = None;
        let mut first = true;
        while self.more(b'}', &mut first)? {
            let member = self.out.len();
            if self.next() != Some(b'"') {
                return Err(self.expected("a key"));
            }
            self.write_string()?;
            let key = member + 1..self.out.len() - 1;
            self.colon()?;
            self.out.push(':');
            if !each(self, key.clone())? {
                self.out.truncate(member);
                continue;
            }
            self.out.push(',');
            in_order = in_order && self.follows(last.as_ref(), &key);
            last = Some(key.clone());
            self.members.push(Member {
                start: member,
                key,
                end: self.out.len(),
            });
        }
        for (key, value) in defaults {
            let mut own = self.members.iter().skip(known);
            if own.any(|member| self.at(member.key.clone()) == *key) {
                continue;
            }
            let member = self.out.len();
            self.out.push('"');
            self.out.push_str(key);
            self.out.push_str("\":");
            self.out.push_str(value);
            self.out.push(',');
            in_order = false;
            self.members.push(Member {
                start: member,
                key: member + 1..member + 1 + key.len(),
                end: self.out.len(),
            });
        }
        if !in_order {
            self.put_in_order(known, start);
        }
        self.members.truncate(known);
        if self.out.len() > start {
            self.out.pop();
        }
        self.out.push('}');
        Ok(())
    }

    /// What is written in this place.
    pub(crate) fn at(&self, place: Range<usize>) -> &str {
        self.out.get(place).unwrap_or_default()
    }

    /// The string that was written from this place on, decoded; none where another value was.
    pub(crate) fn string_from(&self, start: usize) -> Option<String> {
        let written = self.out.get(start..).unwrap_or_default();
        let inner = written.strip_prefix('"')?.strip_suffix('"')?;
        Some(match inner.contains('\\') {
            false => inner.to_owned(),
            true => decoded(written),
        })
    }

    /// How much is written.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// How far the text is read.
    pub(crate) fn position(&mut self) -> usize {
        self.next();
        self.at
    }

    /// Whether an object comes next.
    pub(crate) fn is_object(&mut self) -> bool {
        self.next() == Some(b'{')
    }

    /// Whether `null` comes next.
    pub(crate) fn is_null(&mut self) -> bool {
        self.next() == Some(b'n')
    }

    /// Whether a key comes after the last one. A key with escapes is not looked at closely: it is not where its text
    /// would put it.
    fn follows(&self, last: Option<&Range<usize>>, key: &Range<usize>) -> bool {
        let key = self.at(key.clone());
        let last = last.map_or("", |last| self.at(last.clone()));
        last < key && !key.contains('\\') && !last.contains('\\')
    }

    fn put_in_order(&mut self, known: usize, start: usize) {
        let mut members: Vec<Member> = self.members.drain(known..).collect();
        let out = &self.out;
        let key = |member: &Member| -> Cow<'_, str> {
            match out.get(member.key.clone()).unwrap_or_default() {
                key if key.contains('\\') => decoded(&format!("\"{key}\"")).into(),
                key => key.into(),
            }
        };
        // Equal keys stay in their order.
        members.sort_by(|a, b| key(a).cmp(&key(b)));
        self.sorted.clear();
        let mut rest = members.iter().peekable();
        while let Some(member) = rest.next() {
            if rest.peek().is_none_or(|next| key(next) != key(member)) {
                let text = out.get(member.start..member.end).unwrap_or_default();
                self.sorted.push_str(text);
            }
        }
        self.out.truncate(start);
        self.out.push_str(&self.sorted);
    }

    fn write_array(&mut self) -> Result<(), JsonError> {
        self.open(b'[', "an array")?;
        self.out.push('[');
        let start = self.out.len();
        let mut first = true;
        while self.more(b']', &mut first)? {
            self.value()?;
            self.out.push(',');
        }
        if self.out.len() > start {
            self.out.pop();
        }
        self.out.push(']');
        Ok(())
    }

    /// Writes a string, the next value, with the fewest escapes.
    fn write_string(&mut self) -> Result<(), JsonError> {
        let bytes = self.text.as_bytes();
        let (mut from, mut at) = (self.at, self.at + 1);
        loop {
            at = special(bytes, at);
            let copied = self.text.get(from..at).unwrap_or_default();
            match (bytes.get(at), bytes.get(at + 1)) {
                (Some(b'"'), _) => {
                    self.out.push_str(copied);
                    self.out.push('"');
                    self.at = at + 1;
                    return Ok(());
                }
                (Some(b'\\'), Some(b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't')) => at += 2,
                (Some(b'\\'), Some(b'/')) => {
                    self.out.push_str(copied);
                    from = at + 1;
                    at += 2;
                }
                (Some(b'\\'), Some(b'u')) => {
                    self.out.push_str(copied);
                    self.at = at;
                    let one = self.unicode()?;
                    write_char(&mut self.out, one);
                    (from, at) = (self.at, self.at);
                }
                (Some(_), _) => {
                    self.at = at;
                    return Err(self.expected("no control character, and no such escape"));
                }
                (None, _) => {
                    self.at = at;
                    return Err(self.expected("the end of a string"));
                }
            }
        }
    }

    /// Reads `\uXXXX`, or two of them that are one character. Half a character stands for none, as in Go.
    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.hexadecimal()?;
        if let Some(one) = char::from_u32(first) {
            return Ok(one);
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        if (0xd800..0xdc00).contains(&first) && rest.starts_with("\\u") {
            let back = self.at;
            let second = self.hexadecimal()?;
            if (0xdc00..0xe000).contains(&second) {
                let both = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hexadecimal(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at + 2..self.at + 6).unwrap_or_default();
        let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
        match u32::from_str_radix(digits, 16) {
            Ok(number) if plain => {
                self.at += 6;
                Ok(number)
            }
            _ => Err(self.expected("an escape of four hexadecimal digits")),
        }
    }

    fn write_number(&mut self) -> Result<(), JsonError> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let digits = |at: usize| {
            let rest = bytes.get(at..).unwrap_or_default();
            at + rest.iter().take_while(|b| b.is_ascii_digit()).count()
        };
        let whole = start + usize::from(bytes.get(start) == Some(&b'-'));
        let mut end = digits(whole);
        let mut good = end > whole && (bytes.get(whole) != Some(&b'0') || end == whole + 1);
        if bytes.get(end) == Some(&b'.') {
            let fraction = end + 1;
            end = digits(fraction);
            good &= end > fraction;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = matches!(bytes.get(end + 1), Some(b'+' | b'-'));
            let exponent = end + 1 + usize::from(sign);
            end = digits(exponent);
            good &= end > exponent;
        }
        if !good {
            return Err(self.expected("a number"));
        }
        self.out
            .push_str(self.text.get(start..end).unwrap_or_default());
        self.at = end;
        Ok(())
    }

    fn write_word(&mut self, word: &'static str) -> Result<(), JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.expected(word));
        }
        self.out.push_str(word);
        self.at += word.len();
        Ok(())
    }

    /// The first byte of what comes next, space left out.
    fn next(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let space = |byte: &&u8| matches!(**byte, b' ' | b'\n' | b'\r' | b'\t');
        self.at += rest.iter().take_while(space).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn open(&mut self, bracket: u8, what: &'static str) -> Result<(), JsonError> {
        if self.next() != Some(bracket) {
            return Err(self.expected(what));
        }
        if self.depth == DEPTH {
            return Err(JsonError::Depth);
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Whether another member or item comes, after its comma; else behind the closing bracket.
    fn more(&mut self, close: u8, first: &mut bool) -> Result<bool, JsonError> {
        match (self.next(), std::mem::take(first)) {
            (Some(byte), _) if byte == close => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            (Some(_), true) => Ok(true),
            (Some(b','), false) => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(self.expected("a comma or a closing bracket")),
        }
    }

    fn colon(&mut self) -> Result<(), JsonError> {
        if self.next() != Some(b':') {
            return Err(self.expected("a colon"));
        }
        self.at += 1;
        Ok(())
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError::Syntax {
            expected,
            at: self.at,
        }
    }
}

#[cfg(test)]
mod tests;
