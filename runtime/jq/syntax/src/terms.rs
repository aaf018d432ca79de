//! The grammar's lower half: terms and what is appended to them.

use super::lex::Token;
use super::parse::{Parser, Result, Tree, is_keyword};
use super::sugar;
use super::tree::{BinaryOp, Opt, Part, Path, Pattern, Term};

/// Formats of strings.
const FORMATS: [&str; 10] = [
    "@text", "@json", "@html", "@uri", "@urid", "@csv", "@tsv", "@sh", "@base64", "@base64d",
];

impl<'s> Parser<'s> {
    /// A term with its suffixes.
    pub(super) fn postfix(&mut self) -> Result<Tree<'s>> {
        let (mut term, mut is_path) = self.primary()?;
        loop {
            match self.token {
                Token::Field(name) => {
                    self.advance()?;
                    term = sugar::index(self, term, Part::Index(sugar::text(name)));
                    is_path = true;
                }
                Token::Op("[") => {
                    let part = self.part()?;
                    term = sugar::index(self, term, part);
                    is_path = true;
                }
                Token::Op(".") => {
                    self.advance()?;
                    let part = match self.token {
                        Token::Quote => Part::Index(self.string(None)?),
                        Token::Op("[") => self.part()?,
                        _ => return Err(self.unexpected("a key or `[` after the dot")),
                    };
                    term = sugar::index(self, term, part);
                    is_path = true;
                }
                Token::Op("?") => {
                    self.advance()?;
                    term = sugar::optional(term, is_path);
                }
                Token::Op("?//") if !self.no_as => {
                    let message = "`?//` separates patterns; write `? //`".to_owned();
                    return Err(self.error(self.start, message));
                }
                Token::Word("as") if !self.no_as => {
                    self.advance()?;
                    let patterns = self.patterns()?;
                    self.need("|")?;
                    let body = self.query()?;
                    return Ok(sugar::bind(term, patterns, body));
                }
                _ => return Ok(term),
            }
        }
    }

    /// `[…]` behind a term.
    fn part(&mut self) -> Result<Part<'s>> {
        self.need("[")?;
        if self.eat(Token::Op("]"))? {
            return Ok(Part::Range(None, None));
        }
        if self.eat(Token::Op(":"))? {
            let end = self.query()?;
            self.need("]")?;
            return Ok(Part::Range(None, Some(end)));
        }
        let start = self.query()?;
        if !self.eat(Token::Op(":"))? {
            self.need("]")?;
            return Ok(Part::Index(start));
        }
        let end = if self.token == Token::Op("]") {
            None
        } else {
            Some(self.query()?)
        };
        self.need("]")?;
        Ok(Part::Range(Some(start), end))
    }

    pub(super) fn variable(&mut self, x: &'s str) -> Tree<'s> {
        // There is no environment.
        if x == "$ENV" {
            self.call("env", Vec::new())
        } else {
            Term::Var(x)
        }
    }

    pub(super) fn call(&mut self, name: &'s str, args: Vec<Tree<'s>>) -> Tree<'s> {
        self.calls.insert(name);
        Term::Call(name, args)
    }

    /// A term without suffixes, and whether it is an index on the current value.
    fn primary(&mut self) -> Result<(Tree<'s>, bool)> {
        let start = self.start;
        let token = self.token;
        if token != Token::Quote {
            self.advance()?;
        }
        let term = match token {
            Token::Field(name) => {
                return Ok((
                    sugar::index(self, Term::Id, Part::Index(sugar::text(name))),
                    true,
                ));
            }
            Token::Op(".") if self.token == Token::Quote => {
                let key = self.string(None)?;
                return Ok((sugar::index(self, Term::Id, Part::Index(key)), true));
            }
            Token::Op(".") => Term::Id,
            Token::Op("..") => Term::Recurse,
            Token::Num(n) => Term::Num(n),
            Token::Quote => self.string(None)?,
            Token::Format(name) => {
                if !FORMATS.contains(&name) {
                    return Err(self.error(
                        start,
                        format!(
                            "there is no format `{name}`; known are {}",
                            FORMATS.join(", ")
                        ),
                    ));
                }
                if self.token == Token::Quote {
                    self.string(Some(name))?
                } else {
                    self.call(name, Vec::new())
                }
            }
            Token::Var(x) => self.variable(x),
            Token::Op("(") => {
                let inner = self.query()?;
                self.need(")")?;
                inner
            }
            Token::Op("[") => {
                if self.eat(Token::Op("]"))? {
                    Term::Arr(None)
                } else {
                    let inner = self.query()?;
                    self.need("]")?;
                    Term::Arr(Some(Box::new(inner)))
                }
            }
            Token::Op("{") => self.nested(Self::object)?,
            Token::Op("-") => {
                let inner = self.nested(Self::operand)?;
                Term::Neg(Box::new(inner))
            }
            Token::Op("+") => {
                let inner = self.nested(Self::operand)?;
                let plus = self.call("_plus", Vec::new());
                sugar::pipe(inner, plus)
            }
            Token::Word(word) => self.word(word, start)?,
            _ => {
                (self.token, self.start) = (token, start);
                return Err(self.unexpected("a term"));
            }
        };
        Ok((term, false))
    }

    /// A term whose `as`, if any, belongs to what is around it.
    fn operand(&mut self) -> Result<Tree<'s>> {
        self.no_as = true;
        self.postfix()
    }

    fn word(&mut self, word: &'s str, start: usize) -> Result<Tree<'s>> {
        match word {
            "null" | "true" | "false" => Ok(Term::Call(word, Vec::new())),
            "if" => self.condition(),
            "try" => {
                let body = self.nested(Self::operand)?;
                let catch = if self.eat(Token::Word("catch"))? {
                    Some(Box::new(self.nested(Self::operand)?))
                } else {
                    None
                };
                Ok(Term::TryCatch(Box::new(body), catch))
            }
            "reduce" | "foreach" => self.fold(word),
            "break" => Ok(Term::Break(self.var()?)),
            _ if word.contains("::") => Err(self.error(
                start,
                format!("`{word}`: a hook's filter has no modules to load"),
            )),
            _ if is_keyword(word) => {
                (self.token, self.start) = (Token::Word(word), start);
                Err(self.unexpected("a term"))
            }
            name => {
                let mut args = Vec::new();
                if self.eat(Token::Op("("))? {
                    args.push(self.query()?);
                    while self.eat(Token::Op(";"))? {
                        args.push(self.query()?);
                    }
                    self.need(")")?;
                }
                Ok(self.call(name, args))
            }
        }
    }

    fn condition(&mut self) -> Result<Tree<'s>> {
        let mut branches = Vec::new();
        loop {
            let condition = self.query()?;
            self.need_word("then")?;
            branches.push((condition, self.query()?));
            if !self.eat(Token::Word("elif"))? {
                break;
            }
        }
        let otherwise = if self.eat(Token::Word("else"))? {
            Some(Box::new(self.query()?))
        } else {
            None
        };
        self.need_word("end")?;
        Ok(Term::IfThenElse(branches, otherwise))
    }

    fn fold(&mut self, kind: &'s str) -> Result<Tree<'s>> {
        let source = self.nested(|p| {
            p.no_as = true;
            p.expr()
        })?;
        self.need_word("as")?;
        let pattern = self.pattern()?;
        self.need("(")?;
        let init = self.query()?;
        self.need(";")?;
        let update = self.query()?;
        let extract = if kind == "foreach" && self.eat(Token::Op(";"))? {
            Some(self.query()?)
        } else {
            None
        };
        self.need(")")?;
        Ok(if kind == "reduce" {
            sugar::reduce(self, source, pattern, init, update)
        } else {
            sugar::foreach(self, source, pattern, init, update, extract)
        })
    }
}

/// A path with one more part.
pub(super) fn extend<'s>(term: Tree<'s>, part: Part<'s>) -> Tree<'s> {
    match term {
        Term::Path(base, mut path) => {
            path.0.push((part, Opt::Essential));
            Term::Path(base, path)
        }
        base => Term::Path(Box::new(base), Path(vec![(part, Opt::Essential)])),
    }
}

/// `source as $x | body`.
pub(super) fn let_var<'s>(source: Tree<'s>, x: &'s str, body: Tree<'s>) -> Tree<'s> {
    let pattern = Pattern::Var(x);
    Term::BinOp(
        Box::new(source),
        BinaryOp::Pipe(Some(pattern)),
        Box::new(body),
    )
}
