//! Go's regular expressions, written as this crate's engine reads them.
//!
//! The two are nearly the same. Go has `\Q…\E` and octal escapes, knows no set operations in classes, and takes a `{`
//! that begins no repetition, and a `[` in a class, for themselves.

use std::iter::Peekable;
use std::str::Chars;

/// The most that Go lets an expression be repeated.
const MAX_REPEAT: u32 = 1000;

/// Rewrite an expression.
pub(super) fn rewrite(go: &str) -> Result<String, String> {
    let mut writer = Writer {
        rest: go.chars().peekable(),
        out: String::with_capacity(go.len() + 8),
    };
    while let Some(c) = writer.rest.next() {
        match c {
            '\\' => writer.escape()?,
            '[' => writer.class()?,
            '{' => writer.brace()?,
            c => writer.out.push(c),
        }
    }
    Ok(writer.out)
}

struct Writer<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

impl Writer<'_> {
    fn literal(&mut self, c: char) {
        if c.is_ascii_punctuation() {
            self.out.push('\\');
        }
        match c {
            // With a backslash they would be the edges of words.
            '<' => self.out.push_str("x3C"),
            '>' => self.out.push_str("x3E"),
            c => self.out.push(c),
        }
    }

    /// Behind a backslash, outside of classes.
    fn escape(&mut self) -> Result<(), String> {
        match self.rest.peek() {
            Some('Q') => {
                self.rest.next();
                while let Some(c) = self.rest.next() {
                    if c == '\\' && self.rest.peek() == Some(&'E') {
                        self.rest.next();
                        break;
                    }
                    self.literal(c);
                }
            }
            Some('s') => {
                self.rest.next();
                self.out.push_str(r"[\t\n\f\r ]");
            }
            Some('S') => {
                self.rest.next();
                self.out.push_str(r"[^\t\n\f\r ]");
            }
            _ => self.escaped_char()?,
        }
        Ok(())
    }

    /// An escape that stands for one character or a class, inside of a class or outside.
    fn escaped_char(&mut self) -> Result<(), String> {
        match self.rest.next() {
            None => Err("trailing backslash".to_owned()),
            Some(first @ '0'..='7') => {
                let mut code = u32::from(first) - u32::from('0');
                let mut digits = 1;
                while digits < 3
                    && let Some(digit) = self.rest.peek().and_then(|c| c.to_digit(8))
                {
                    self.rest.next();
                    code = code * 8 + digit;
                    digits += 1;
                }
                if digits == 1 && first != '0' {
                    return Err("backreferences are not supported".to_owned());
                }
                self.out.push_str(&format!("\\x{{{code:x}}}"));
                Ok(())
            }
            Some(c) if c.is_ascii_punctuation() => {
                self.literal(c);
                Ok(())
            }
            Some(c) => {
                self.out.push('\\');
                self.out.push(c);
                // `\x{…}` and `\p{…}` go on with a brace.
                if matches!(c, 'x' | 'p' | 'P') && self.rest.peek() == Some(&'{') {
                    for c in self.rest.by_ref() {
                        self.out.push(c);
                        if c == '}' {
                            break;
                        }
                    }
                }
                Ok(())
            }
        }
    }

    /// Behind `[`.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.peek() == Some(&'^') {
            self.rest.next();
            self.out.push('^');
        }
        let mut first = true;
        loop {
            match self.rest.next() {
                None => return Err("missing closing ]".to_owned()),
                Some(']') if !first => {
                    self.out.push(']');
                    return Ok(());
                }
                Some('[') if self.rest.peek() == Some(&':') => {
                    self.out.push('[');
                    for c in self.rest.by_ref() {
                        self.out.push(c);
                        if c == ']' {
                            break;
                        }
                    }
                }
                Some('\\') if self.rest.peek() == Some(&'s') => {
                    self.rest.next();
                    self.out.push_str(r"\t\n\f\r ");
                }
                Some(c) => {
                    self.member(c)?;
                    self.range()?;
                }
            }
            first = false;
        }
    }

    fn member(&mut self, c: char) -> Result<(), String> {
        if c == '\\' {
            return self.escaped_char();
        }
        self.literal(c);
        Ok(())
    }

    /// `-x`, if that is what follows a member of a class.
    fn range(&mut self) -> Result<(), String> {
        let mut ahead = self.rest.clone();
        if ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']') {
            self.rest.next();
            self.out.push('-');
            if let Some(to) = self.rest.next() {
                self.member(to)?;
            }
        }
        Ok(())
    }

    /// Behind `{`: a repetition, or the character.
    fn brace(&mut self) -> Result<(), String> {
        let mut ahead = self.rest.clone();
        let mut inner = String::new();
        let closed = loop {
            match ahead.next() {
                Some('}') => break true,
                Some(c @ ('0'..='9' | ',')) if inner.len() < 12 => inner.push(c),
                _ => break false,
            }
        };
        let (from, to) = inner
            .split_once(',')
            .map_or((inner.as_str(), None), |(from, to)| (from, Some(to)));
        let number = |s: &str| s.parse::<u32>().ok();
        let valid = closed
            && number(from).is_some()
            && to.is_none_or(|to| to.is_empty() || number(to).is_some());
        if !valid {
            self.literal('{');
            return Ok(());
        }
        if number(from)
            .into_iter()
            .chain(to.and_then(number))
            .any(|n| n > MAX_REPEAT)
        {
            return Err(format!("invalid repeat count: `{{{inner}}}`"));
        }
        self.out.push('{');
        Ok(())
    }
}
