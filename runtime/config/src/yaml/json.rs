//! JSON with positions.

use serde_json::Number;

use super::{Entry, Limits, Node, Position, Value, YamlError, YamlErrorKind};

/// All values of a text with space between them.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Vec<Node>, YamlError> {
    let mut parser = Parser {
        rest: text,
        at: Position::START,
        values: 0,
        limits,
    };
    let mut nodes = Vec::new();
    loop {
        parser.skip_space();
        if parser.rest.is_empty() {
            return Ok(nodes);
        }
        let node = parser
            .value(1)
            .map_err(|error| error.in_document(nodes.len() + 1))?;
        nodes.push(node);
    }
}

struct Parser<'a> {
    rest: &'a str,
    at: Position,
    values: usize,
    limits: &'a Limits,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        if c == '\n' {
            self.at.line += 1;
            self.at.column = 1;
        } else {
            self.at.column += 1;
        }
        Some(c)
    }

    fn skip_space(&mut self) {
        while self
            .peek()
            .is_some_and(|c| matches!(c, ' ' | '\t' | '\n' | '\r'))
        {
            self.next();
        }
    }

    fn error(&self, expected: &str) -> YamlError {
        let found = match self.peek() {
            Some(c) => format!("`{}`", c.escape_debug()),
            None => "the end of the text".to_owned(),
        };
        YamlError::new(
            YamlErrorKind::Syntax,
            format!("expected {expected}, found {found}"),
            self.at,
        )
    }

    fn limit(&self, message: String) -> YamlError {
        YamlError::new(YamlErrorKind::Limit, message, self.at)
    }

    /// Recursion is bounded by `limits.depth`.
    fn value(&mut self, depth: usize) -> Result<Node, YamlError> {
        if depth > self.limits.depth {
            return Err(self.limit(format!(
                "values are nested more than {} deep",
                self.limits.depth
            )));
        }
        self.values += 1;
        if self.values > self.limits.values {
            return Err(self.limit(format!("there are more than {} values", self.limits.values)));
        }
        let at = self.at;
        let value = match self.peek() {
            Some('{') => self.mapping(depth)?,
            Some('[') => self.sequence(depth)?,
            Some('"') => Value::String(self.string()?),
            Some(c) if c == '-' || c.is_ascii_digit() => self.number()?,
            Some(c) if c.is_ascii_alphabetic() => self.word()?,
            _ => return Err(self.error("a value")),
        };
        Ok(Node { value, at })
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut entries = Vec::new();
        self.next();
        self.skip_space();
        if self.peek() == Some('}') {
            self.next();
            return Ok(Value::Mapping(entries));
        }
        loop {
            self.skip_space();
            if self.peek() != Some('"') {
                return Err(self.error("a key in quotes"));
            }
            let at = self.at;
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(':') {
                return Err(self.error("`:`"));
            }
            self.next();
            self.skip_space();
            let value = self.value(depth + 1)?;
            entries.push(Entry { key, at, value });
            self.skip_space();
            match self.peek() {
                Some(',') => self.next(),
                Some('}') => {
                    self.next();
                    return Ok(Value::Mapping(entries));
                }
                _ => return Err(self.error("`,` or `}`")),
            };
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut items = Vec::new();
        self.next();
        self.skip_space();
        if self.peek() == Some(']') {
            self.next();
            return Ok(Value::Sequence(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth + 1)?);
            self.skip_space();
            match self.peek() {
                Some(',') => self.next(),
                Some(']') => {
                    self.next();
                    return Ok(Value::Sequence(items));
                }
                _ => return Err(self.error("`,` or `]`")),
            };
        }
    }

    fn word(&mut self) -> Result<Value, YamlError> {
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if let Some(rest) = self.rest.strip_prefix(word)
                && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                self.rest = rest;
                self.at.column += word.len();
                return Ok(value);
            }
        }
        Err(self.error("a value"))
    }

    fn number(&mut self) -> Result<Value, YamlError> {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E')))
            .unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        match exact(text) {
            Some(number) => {
                self.rest = rest;
                self.at.column += text.len();
                Ok(Value::Number(number))
            }
            None => Err(self.error("a number")),
        }
    }

    fn string(&mut self) -> Result<String, YamlError> {
        self.next();
        let mut text = String::new();
        loop {
            match self.peek() {
                Some('"') => {
                    self.next();
                    return Ok(text);
                }
                Some('\\') => text.push(self.escape()?),
                Some(c) if c < ' ' => {
                    return Err(self.error("text without control characters"));
                }
                Some(c) => {
                    self.next();
                    text.push(c);
                }
                None => return Err(self.error("`\"`")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, YamlError> {
        self.next();
        let c = match self.peek() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                self.next();
                return self.unicode();
            }
            _ => return Err(self.error("an escaped character")),
        };
        self.next();
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, YamlError> {
        let first = self.four_digits()?;
        if let Some(c) = char::from_u32(first) {
            return Ok(c);
        }
        // One half of a pair; the other must follow.
        let second = match self.rest.strip_prefix("\\u") {
            Some(rest) if (0xD800..0xDC00).contains(&first) => {
                self.rest = rest;
                self.at.column += 2;
                self.four_digits()?
            }
            _ => return Err(self.error("the other half of a surrogate pair")),
        };
        second
            .checked_sub(0xDC00)
            .filter(|low| *low < 0x400)
            .and_then(|low| char::from_u32(0x10000 + ((first - 0xD800) << 10) + low))
            .ok_or_else(|| self.error("the other half of a surrogate pair"))
    }

    fn four_digits(&mut self) -> Result<u32, YamlError> {
        let mut number = 0;
        for _ in 0..4 {
            match self.peek().and_then(|c| c.to_digit(16)) {
                Some(digit) => number = number * 16 + digit,
                None => return Err(self.error("four hexadecimal digits")),
            }
            self.next();
        }
        Ok(number)
    }
}

/// serde_json knows what a number is, the standard library reads fractions exactly.
fn exact(text: &str) -> Option<Number> {
    let number: Number = serde_json::from_str(text).ok()?;
    if number.is_f64() {
        return Number::from_f64(text.parse().ok()?);
    }
    Some(number)
}
