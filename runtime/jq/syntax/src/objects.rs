//! Objects and object patterns.

use super::lex::Token;
use super::parse::{Parser, Result, Tree, bare};
use super::sugar;
use super::tree::{Pattern, StrPart, Term};

impl<'s> Parser<'s> {
    /// `{…}`, behind the opening brace.
    pub(super) fn object(&mut self) -> Result<Tree<'s>> {
        let mut entries = Vec::new();
        while !self.eat(Token::Op("}"))? {
            entries.push(self.entry()?);
            if !self.eat(Token::Op(","))? {
                self.need("}")?;
                break;
            }
        }
        Ok(Term::Obj(entries))
    }

    fn entry(&mut self) -> Result<(Tree<'s>, Option<Tree<'s>>)> {
        let key = match self.token {
            Token::Word(word) if !word.contains("::") => {
                self.advance()?;
                sugar::text(word)
            }
            Token::Var(x) => {
                self.advance()?;
                if self.token != Token::Op(":") {
                    let name = sugar::text(bare(x));
                    return Ok((name, Some(self.variable(x))));
                }
                self.variable(x)
            }
            Token::Quote => self.string(None)?,
            Token::Op("(") => {
                self.advance()?;
                let key = self.query()?;
                self.need(")")?;
                self.need(":")?;
                return Ok((key, Some(self.entry_value()?)));
            }
            _ => return Err(self.unexpected("a key, or `}`")),
        };
        if self.eat(Token::Op(":"))? {
            return Ok((key, Some(self.entry_value()?)));
        }
        Ok((key, None))
    }

    fn entry_value(&mut self) -> Result<Tree<'s>> {
        self.nested(|p| {
            let mut value = p.expr()?;
            while p.eat(Token::Op("|"))? {
                value = sugar::pipe(value, p.expr()?);
            }
            Ok(value)
        })
    }

    /// `{…}` in a pattern, behind the opening brace.
    pub(super) fn object_pattern(&mut self) -> Result<Pattern<'s>> {
        let mut entries = Vec::new();
        loop {
            let key = match self.token {
                Token::Var(x) => {
                    self.advance()?;
                    let name = sugar::text(bare(x));
                    entries.push((name.clone(), Pattern::Var(x)));
                    (self.token == Token::Op(":")).then_some(name)
                }
                Token::Word(word) if !word.contains("::") => {
                    self.advance()?;
                    Some(sugar::text(word))
                }
                Token::Quote => Some(self.string(None)?),
                Token::Op("(") => {
                    self.advance()?;
                    let key = self.query()?;
                    self.need(")")?;
                    Some(key)
                }
                _ => return Err(self.unexpected("a key of the object pattern")),
            };
            if let Some(key) = key {
                self.need(":")?;
                entries.push((key, self.pattern()?));
            }
            if !self.eat(Token::Op(","))? {
                self.need("}")?;
                return Ok(Pattern::Obj(entries));
            }
        }
    }

    /// A string, from its opening quote on; `format` is applied to what is interpolated.
    pub(super) fn string(&mut self, format: Option<&'s str>) -> Result<Tree<'s>> {
        let opening = self.start;
        let mut parts = Vec::new();
        loop {
            let rest = self.lexer.rest();
            let plain = rest.find(['"', '\\']).unwrap_or(rest.len());
            if plain > 0 {
                parts.push(StrPart::Str(rest.get(..plain).unwrap_or_default()));
            }
            self.lexer.at += plain;
            match (self.lexer.byte(0), self.lexer.byte(1)) {
                (b'"', _) => {
                    self.lexer.at += 1;
                    self.advance()?;
                    return Ok(sugar::string(self, format, parts));
                }
                (b'\\', b'(') => {
                    self.lexer.at += 2;
                    self.advance()?;
                    parts.push(StrPart::Term(self.query()?));
                    // The text goes on right behind the parenthesis: no token may be read from it.
                    if self.token != Token::Op(")") {
                        return Err(self.unexpected("`)`"));
                    }
                }
                (b'\\', _) if self.lexer.at + 1 < self.lexer.text.len() => {
                    self.lexer.at += 1;
                    parts.push(StrPart::Char(self.lexer.escape()?));
                }
                _ => return Err(self.error(opening, "this string has no closing quote")),
            }
        }
    }
}
