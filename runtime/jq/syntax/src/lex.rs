//! Tokens of a filter, read one at a time: what a quote opens depends on the grammar.

use super::SyntaxError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'s> {
    End,
    /// An identifier or keyword, perhaps with a module.
    Word(&'s str),
    /// `.name`, without the dot.
    Field(&'s str),
    /// `$name`, with the dollar sign.
    Var(&'s str),
    /// `@name`, with the at sign.
    Format(&'s str),
    Num(&'s str),
    /// The opening quote of a string.
    Quote,
    Op(&'static str),
}

/// Longest first.
const OPERATORS: [&str; 36] = [
    "?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", ">=", "<=", "//", "..", "|", ",",
    ";", ":", "(", ")", "[", "]", "{", "}", "+", "-", "*", "/", "%", "=", "<", ">", "?", ".", "$",
    "@",
];

pub(super) struct Lexer<'s> {
    pub(super) text: &'s str,
    /// Where the next token is looked for.
    pub(super) at: usize,
}

fn ident_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_'
}

fn ident(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

impl<'s> Lexer<'s> {
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        self.text
            .as_bytes()
            .get(self.at + ahead)
            .copied()
            .unwrap_or(0)
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What was read since `start`.
    fn slice(&self, start: usize) -> &'s str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn fail(&self, offset: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError {
            offset,
            message: message.into(),
            too_deep: false,
        }
    }

    fn space(&mut self) {
        loop {
            match self.byte(0) {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'#' => self.comment(),
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        while self.at < self.text.len() {
            match (self.byte(0), self.byte(1)) {
                (b'\n' | b'\r', _) => return,
                // A backslash joins lines.
                (b'\\', b'\r') if self.byte(2) == b'\n' => self.at += 3,
                (b'\\', b'\\' | b'\n' | b'\r') => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn skip(&mut self, f: fn(u8) -> bool) {
        while f(self.byte(0)) {
            self.at += 1;
        }
    }

    /// The next token and where it begins.
    pub(super) fn next(&mut self) -> Result<(usize, Token<'s>), SyntaxError> {
        self.space();
        let start = self.at;
        let Some(&first) = self.text.as_bytes().get(start) else {
            return Ok((start, Token::End));
        };
        let token = match first {
            b if ident_start(b) => {
                self.name();
                Token::Word(self.slice(start))
            }
            b'0'..=b'9' => self.number()?,
            b'.' if self.byte(1).is_ascii_digit() => self.number()?,
            b'.' if ident_start(self.byte(1)) => {
                self.at += 1;
                self.skip(ident);
                Token::Field(self.slice(start + 1))
            }
            b'$' if ident_start(self.byte(1)) => {
                self.at += 1;
                self.name();
                Token::Var(self.slice(start))
            }
            b'@' if ident(self.byte(1)) => {
                self.at += 1;
                self.skip(ident);
                Token::Format(self.slice(start))
            }
            b'"' => {
                self.at += 1;
                Token::Quote
            }
            _ => {
                let rest = self.rest();
                let Some(op) = OPERATORS.into_iter().find(|op| rest.starts_with(op)) else {
                    let c = rest.chars().next().unwrap_or_default();
                    return Err(self.fail(start, format!("unexpected `{}`", c.escape_debug())));
                };
                self.at += op.len();
                Token::Op(op)
            }
        };
        Ok((start, token))
    }

    fn name(&mut self) {
        self.skip(ident);
        if self.byte(0) == b':' && self.byte(1) == b':' && ident_start(self.byte(2)) {
            self.at += 2;
            self.skip(ident);
        }
    }

    fn number(&mut self) -> Result<Token<'s>, SyntaxError> {
        let start = self.at;
        let digit = |b: u8| b.is_ascii_digit();
        self.skip(digit);
        if self.byte(0) == b'.' {
            self.at += 1;
            self.skip(digit);
        }
        if matches!(self.byte(0), b'e' | b'E') {
            self.at += 1;
            if matches!(self.byte(0), b'+' | b'-') {
                self.at += 1;
            }
            let exponent = self.at;
            self.skip(digit);
            if self.at == exponent {
                return Err(self.fail(start, "a number without the digits of its exponent"));
            }
        }
        if ident_start(self.byte(0)) || self.byte(0) == b'.' && self.byte(1).is_ascii_digit() {
            return Err(self.fail(
                start,
                format!(
                    "`{}` is not a number",
                    self.text.get(start..=self.at).unwrap_or_default()
                ),
            ));
        }
        Ok(Token::Num(self.slice(start)))
    }

    /// The character that an escape stands for; `at` is behind the backslash.
    pub(super) fn escape(&mut self) -> Result<char, SyntaxError> {
        let start = self.at - 1;
        let plain = match self.byte(0) {
            b @ (b'"' | b'\\' | b'/') => char::from(b),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                let first = self.hex4(start)?;
                if (0xd800..0xdc00).contains(&first)
                    && self.byte(0) == b'\\'
                    && self.byte(1) == b'u'
                {
                    let back = self.at;
                    self.at += 2;
                    let second = self.hex4(back)?;
                    if (0xdc00..0xe000).contains(&second) {
                        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = back;
                }
                return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => {
                let help = "; a string knows `\\n`, `\\t`, `\\r`, `\\b`, `\\f`, `\\\"`, `\\\\`, `\\/`, `\\uXXXX` and `\\(…)`";
                return Err(self.fail(start, format!("an unknown escape{help}")));
            }
        };
        self.at += 1;
        Ok(plain)
    }

    fn hex4(&mut self, start: usize) -> Result<u32, SyntaxError> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.byte(0)).to_digit(16) else {
                return Err(self.fail(start, "`\\u` needs four hexadecimal digits"));
            };
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }
}
