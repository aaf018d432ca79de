//! The grammar's upper half: pipes, operators, definitions, destructuring.

use std::collections::BTreeSet;

use super::lex::{Lexer, Token};
use super::tree::{BinaryOp, Cmp, Def, Math, Pattern, Term};
use super::{SyntaxError, sugar};

pub(super) type Result<T> = std::result::Result<T, SyntaxError>;
pub(super) type Tree<'s> = Term<'s>;

/// How deep terms may be nested. Each level costs the parser, jaq's compiler and the run some of their stack.
const MAX_DEPTH: u32 = 500;

const KEYWORDS: [&str; 21] = [
    "or", "and", "module", "import", "include", "def", "as", "label", "break", "null", "true",
    "false", "if", "then", "elif", "else", "end", "try", "catch", "reduce", "foreach",
];

/// A variable's name without the dollar sign.
pub(super) fn bare(variable: &str) -> &str {
    variable.strip_prefix('$').unwrap_or(variable)
}

pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

pub(super) struct Parser<'s> {
    pub(super) lexer: Lexer<'s>,
    /// The token at hand and where it begins.
    pub(super) token: Token<'s>,
    pub(super) start: usize,
    depth: u32,
    /// Whether `as` after a term belongs to somebody else (`reduce … as`).
    pub(super) no_as: bool,
    pub(super) calls: BTreeSet<&'s str>,
    /// Names that the filter itself defines: nothing is known of how many outputs they have.
    pub(super) defined: BTreeSet<&'s str>,
}

/// How strongly an operator binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Alt,
    Update,
    Or,
    And,
    Compare,
    Add,
    Multiply,
}

fn operator(token: Token<'_>) -> Option<(Level, BinaryOp<'static>)> {
    use BinaryOp as B;
    Some(match token {
        Token::Op("//") => (Level::Alt, B::Alt),
        Token::Op("=") => (Level::Update, B::Assign),
        Token::Op("|=") => (Level::Update, B::Update),
        Token::Op("+=") => (Level::Update, B::UpdateMath(Math::Add)),
        Token::Op("-=") => (Level::Update, B::UpdateMath(Math::Sub)),
        Token::Op("*=") => (Level::Update, B::UpdateMath(Math::Mul)),
        Token::Op("/=") => (Level::Update, B::UpdateMath(Math::Div)),
        Token::Op("%=") => (Level::Update, B::UpdateMath(Math::Rem)),
        Token::Op("//=") => (Level::Update, B::UpdateAlt),
        Token::Word("or") => (Level::Or, B::Or),
        Token::Word("and") => (Level::And, B::And),
        Token::Op("==") => (Level::Compare, B::Cmp(Cmp::Eq)),
        Token::Op("!=") => (Level::Compare, B::Cmp(Cmp::Ne)),
        Token::Op("<") => (Level::Compare, B::Cmp(Cmp::Lt)),
        Token::Op("<=") => (Level::Compare, B::Cmp(Cmp::Le)),
        Token::Op(">") => (Level::Compare, B::Cmp(Cmp::Gt)),
        Token::Op(">=") => (Level::Compare, B::Cmp(Cmp::Ge)),
        Token::Op("+") => (Level::Add, B::Math(Math::Add)),
        Token::Op("-") => (Level::Add, B::Math(Math::Sub)),
        Token::Op("*") => (Level::Multiply, B::Math(Math::Mul)),
        Token::Op("/") => (Level::Multiply, B::Math(Math::Div)),
        Token::Op("%") => (Level::Multiply, B::Math(Math::Rem)),
        _ => return None,
    })
}

impl<'s> Parser<'s> {
    pub(super) fn new(text: &'s str) -> Result<Self> {
        let mut parser = Self {
            lexer: Lexer { text, at: 0 },
            token: Token::End,
            start: 0,
            depth: 0,
            no_as: false,
            calls: BTreeSet::new(),
            defined: BTreeSet::new(),
        };
        parser.advance()?;
        Ok(parser)
    }

    pub(super) fn advance(&mut self) -> Result<()> {
        (self.start, self.token) = self.lexer.next()?;
        Ok(())
    }

    pub(super) fn eat(&mut self, token: Token<'_>) -> Result<bool> {
        let found = self.token == token;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn need(&mut self, op: &'static str) -> Result<()> {
        if self.eat(Token::Op(op))? {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{op}`")))
        }
    }

    pub(super) fn need_word(&mut self, word: &'static str) -> Result<()> {
        if self.eat(Token::Word(word))? {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{word}`")))
        }
    }

    pub(super) fn var(&mut self) -> Result<&'s str> {
        let Token::Var(x) = self.token else {
            return Err(self.unexpected("a variable"));
        };
        self.advance()?;
        Ok(x)
    }

    pub(super) fn error(&self, offset: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError {
            offset,
            message: message.into(),
            too_deep: false,
        }
    }

    pub(super) fn unexpected(&self, expected: &str) -> SyntaxError {
        let found = match self.token {
            Token::End => "the end of the filter".to_owned(),
            Token::Quote => "a string".to_owned(),
            Token::Field(name) => format!("`.{name}`"),
            Token::Word(t) | Token::Var(t) | Token::Format(t) | Token::Num(t) => format!("`{t}`"),
            Token::Op(t) => format!("`{t}`"),
        };
        self.error(self.start, format!("expected {expected}, found {found}"))
    }

    /// Run `f` one level deeper, with `as` allowed again.
    pub(super) fn nested<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(SyntaxError {
                offset: self.start,
                message,
                too_deep: true,
            });
        }
        self.depth += 1;
        let no_as = std::mem::replace(&mut self.no_as, false);
        let result = f(self)?;
        self.no_as = no_as;
        self.depth -= 1;
        Ok(result)
    }

    pub(super) fn program(&mut self) -> Result<Tree<'s>> {
        if let Token::Word(word @ ("module" | "import" | "include")) = self.token {
            return Err(self.error(
                self.start,
                format!("`{word}`: a hook's filter has no modules to load"),
            ));
        }
        if self.token == Token::End {
            return Err(self.error(0, "the filter is empty; `.` stands for the whole object"));
        }
        let tree = self.definitions_then(true)?;
        if self.token == Token::End {
            Ok(tree)
        } else {
            Err(self.unexpected("the end of the filter"))
        }
    }

    /// Definitions and what uses them; nothing need follow them at the top.
    fn definitions_then(&mut self, top: bool) -> Result<Tree<'s>> {
        let mut defs = Vec::new();
        while self.token == Token::Word("def") {
            defs.push(self.definition()?);
        }
        let body = if top && !defs.is_empty() && self.token == Token::End {
            Term::Id
        } else {
            self.pipe()?
        };
        Ok(if defs.is_empty() {
            body
        } else {
            Term::Def(defs, Box::new(body))
        })
    }

    pub(super) fn definition(&mut self) -> Result<Def<'s>> {
        self.need_word("def")?;
        let name = match self.token {
            Token::Word(name) if !is_keyword(name) && !name.contains("::") => name,
            _ => return Err(self.unexpected("the name of a definition")),
        };
        self.defined.insert(name);
        self.advance()?;
        let mut args = Vec::new();
        if self.eat(Token::Op("("))? {
            loop {
                match self.token {
                    Token::Var(arg) => args.push(arg),
                    Token::Word(arg) if !is_keyword(arg) && !arg.contains("::") => {
                        self.defined.insert(arg);
                        args.push(arg);
                    }
                    _ => return Err(self.unexpected("the name of a parameter")),
                }
                self.advance()?;
                if self.eat(Token::Op(")"))? {
                    break;
                }
                self.need(";")?;
            }
        }
        self.need(":")?;
        let body = self.query()?;
        self.need(";")?;
        // `$x` is a parameter that can also be called as `x`.
        let body = args
            .iter()
            .filter(|a| a.starts_with('$') && self.calls.contains(bare(a)))
            .fold(body, |body, arg| {
                let def = Def {
                    name: bare(arg),
                    args: Vec::new(),
                    body: Term::Var(arg),
                };
                Term::Def(vec![def], Box::new(body))
            });
        Ok(Def { name, args, body })
    }

    /// A whole filter, up to a closing token.
    pub(super) fn query(&mut self) -> Result<Tree<'s>> {
        self.nested(|p| p.definitions_then(false))
    }

    fn pipe(&mut self) -> Result<Tree<'s>> {
        // Pipes bind to the right; a loop keeps a long one from nesting in the parser.
        let mut stages = Vec::new();
        let mut last = loop {
            match self.token {
                Token::Word("def") if !stages.is_empty() => break self.query()?,
                Token::Word("label") => break self.label()?,
                _ => {}
            }
            let stage = self.comma()?;
            if !self.eat(Token::Op("|"))? {
                break stage;
            }
            stages.push(stage);
        };
        while let Some(stage) = stages.pop() {
            last = sugar::pipe(stage, last);
        }
        Ok(last)
    }

    fn label(&mut self) -> Result<Tree<'s>> {
        self.need_word("label")?;
        let name = self.var()?;
        self.need("|")?;
        Ok(Term::Label(name, Box::new(self.query()?)))
    }

    fn comma(&mut self) -> Result<Tree<'s>> {
        let mut left = self.expr()?;
        while self.eat(Token::Op(","))? {
            let right = match self.token {
                Token::Word("def") => self.query()?,
                Token::Word("label") => self.label()?,
                _ => self.expr()?,
            };
            left = Term::BinOp(Box::new(left), BinaryOp::Comma, Box::new(right));
        }
        Ok(left)
    }

    /// Operators above `,` and `|`.
    pub(super) fn expr(&mut self) -> Result<Tree<'s>> {
        self.binary(Level::Alt)
    }

    fn binary(&mut self, min: Level) -> Result<Tree<'s>> {
        let mut left = self.postfix()?;
        let mut compared = false;
        while let Some((level, op)) = operator(self.token).filter(|(level, _)| *level >= min) {
            let single = matches!(level, Level::Compare | Level::Update);
            if single && std::mem::replace(&mut compared, true) {
                let hint = "put parentheses around one of the two comparisons or assignments";
                return Err(self.error(self.start, hint));
            }
            if !single {
                compared = false;
            }
            self.advance()?;
            let next = match level {
                Level::Alt => Level::Alt,
                Level::Update => Level::Or,
                Level::Or => Level::And,
                Level::And => Level::Compare,
                Level::Compare => Level::Add,
                Level::Add => Level::Multiply,
                Level::Multiply => {
                    let right = self.postfix()?;
                    left = sugar::binary(self, left, op, right);
                    continue;
                }
            };
            let right = if level == Level::Alt {
                self.nested_keeping_as(next)?
            } else {
                self.binary(next)?
            };
            left = sugar::binary(self, left, op, right);
        }
        Ok(left)
    }

    /// The right side of an operator that binds to the right, counted as a level of nesting.
    fn nested_keeping_as(&mut self, level: Level) -> Result<Tree<'s>> {
        let no_as = self.no_as;
        self.nested(|p| {
            p.no_as = no_as;
            p.binary(level)
        })
    }

    /// What comes after `as`: one pattern, or alternatives.
    pub(super) fn patterns(&mut self) -> Result<Vec<Pattern<'s>>> {
        let mut patterns = vec![self.pattern()?];
        while self.eat(Token::Op("?//"))? {
            patterns.push(self.pattern()?);
        }
        Ok(patterns)
    }

    pub(super) fn pattern(&mut self) -> Result<Pattern<'s>> {
        self.nested(|p| match p.token {
            Token::Var(x) => {
                p.advance()?;
                Ok(Pattern::Var(x))
            }
            Token::Op("[") => {
                p.advance()?;
                let mut items = vec![p.pattern()?];
                while p.eat(Token::Op(","))? {
                    items.push(p.pattern()?);
                }
                p.need("]")?;
                Ok(Pattern::Arr(items))
            }
            Token::Op("{") => {
                p.advance()?;
                p.object_pattern()
            }
            _ => Err(p.unexpected("a variable, `[` or `{` to destructure into")),
        })
    }
}
