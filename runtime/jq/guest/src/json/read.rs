//! JSON text to values.

use crate::num;
use crate::val::{Str, Val};

use super::MAX_DEPTH;

/// Why text is not a JSON document.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadError {
    /// What was wrong, at which byte.
    Syntax(&'static str, usize),
    /// Nested deeper than [`MAX_DEPTH`].
    Depth,
}

/// Read exactly one document.
pub fn read(text: &[u8]) -> Result<Val, ReadError> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let val = reader.value()?;
    reader.space();
    match reader.peek() {
        None => Ok(val),
        Some(_) => Err(reader.fail("nothing more")),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn fail(&self, expected: &'static str) -> ReadError {
        ReadError::Syntax(expected, self.at)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &'static str, val: Val) -> Result<Val, ReadError> {
        if self.text[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(val)
        } else {
            Err(self.fail("a value"))
        }
    }

    fn value(&mut self) -> Result<Val, ReadError> {
        self.space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Val::Str),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Val::Bool(true)),
            Some(b'f') => self.word("false", Val::Bool(false)),
            Some(b'n') => self.word("null", Val::Null),
            _ => Err(self.fail("a value")),
        }
    }

    fn nested(&mut self, f: fn(&mut Self) -> Result<Val, ReadError>) -> Result<Val, ReadError> {
        if self.depth == MAX_DEPTH {
            return Err(ReadError::Depth);
        }
        self.at += 1;
        self.depth += 1;
        let val = f(self)?;
        self.depth -= 1;
        Ok(val)
    }

    fn array(&mut self) -> Result<Val, ReadError> {
        let mut items = Vec::new();
        self.space();
        if self.eat(b']') {
            return Ok(Val::arr(items));
        }
        loop {
            items.push(self.value()?);
            self.space();
            if self.eat(b']') {
                return Ok(Val::arr(items));
            }
            if !self.eat(b',') {
                return Err(self.fail("`,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Val, ReadError> {
        let mut fields = Vec::new();
        self.space();
        if self.eat(b'}') {
            return Ok(Val::obj(fields));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.fail("a key"));
            }
            let key = self.string()?;
            self.space();
            if !self.eat(b':') {
                return Err(self.fail("`:`"));
            }
            fields.push((key, self.value()?));
            self.space();
            if self.eat(b'}') {
                return Ok(Val::obj(fields));
            }
            if !self.eat(b',') {
                return Err(self.fail("`,` or `}`"));
            }
        }
    }

    fn digits(&mut self) -> Result<(), ReadError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            Err(self.fail("a digit"))
        } else {
            Ok(())
        }
    }

    fn number(&mut self) -> Result<Val, ReadError> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        Ok(num::parse(text))
    }

    fn string(&mut self) -> Result<Str, ReadError> {
        self.at += 1;
        let start = self.at;
        let plain = |b: &u8| !matches!(b, b'"' | b'\\' | 0..=0x1f);
        self.at += self.text[start..].iter().take_while(|b| plain(b)).count();
        if self.eat(b'"') {
            return Ok(Str::from(&self.text[start..self.at - 1]));
        }
        let mut out = self.text[start..self.at].to_vec();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Str::from(out));
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                None | Some(0..=0x1f) => return Err(self.fail("the end of the string")),
                Some(b) => {
                    self.at += 1;
                    out.push(b);
                }
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let plain = match self.peek() {
            Some(b @ (b'"' | b'\\' | b'/')) => b,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.at += 1;
                let first = self.hex4()?;
                let mut code = first;
                if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with(b"\\u") {
                    let back = self.at;
                    self.at += 2;
                    let second = self.hex4()?;
                    if (0xdc00..0xe000).contains(&second) {
                        code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    } else {
                        self.at = back;
                    }
                }
                // Half of a pair stands for nothing.
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.fail("an escape")),
        };
        self.at += 1;
        out.push(plain);
        Ok(())
    }

    fn hex4(&mut self) -> Result<u32, ReadError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            code = code << 4 | digit.ok_or_else(|| self.fail("four hexadecimal digits"))?;
            self.at += 1;
        }
        Ok(code)
    }
}
