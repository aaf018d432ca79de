//! Label selectors as query strings.

use std::collections::BTreeMap;

use super::{LabelSelector, Operator, Requirement, SelectorError, within_bounds};

pub(super) fn write(selector: &LabelSelector) -> String {
    let mut terms: Vec<(&str, String)> = selector
        .match_labels
        .iter()
        .map(|(key, value)| (key.as_str(), format!("{key}={value}")))
        .chain(
            selector
                .match_expressions
                .iter()
                .map(|r| (r.key.as_str(), term(r))),
        )
        .collect();
    terms.sort();
    let terms: Vec<String> = terms.into_iter().map(|(_, term)| term).collect();
    terms.join(",")
}

fn term(requirement: &Requirement) -> String {
    let key = &requirement.key;
    let values = || {
        let mut values = requirement.values.clone();
        values.sort();
        values.dedup();
        // Nothing between the brackets would be no value at all, and the empty value is one.
        match values.as_slice() {
            [only] if only.is_empty() => ",".to_owned(),
            _ => values.join(","),
        }
    };
    let first = || requirement.values.first().map_or("", String::as_str);
    match requirement.operator {
        Operator::In => format!("{key} in ({})", values()),
        Operator::NotIn => format!("{key} notin ({})", values()),
        Operator::Exists => key.clone(),
        Operator::DoesNotExist => format!("!{key}"),
        Operator::Gt => format!("{key}>{}", first()),
        Operator::Lt => format!("{key}<{}", first()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    /// One of `= == != ! ( ) , < >`.
    Symbol(&'a str),
    End,
}

impl Token<'_> {
    fn text(self) -> String {
        match self {
            Token::Word(text) | Token::Symbol(text) => {
                let short: String = text.chars().take(80).collect();
                format!("'{}'", short.escape_debug())
            }
            Token::End => "the end".to_owned(),
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Token<'a> {
        self.rest = self.rest.trim_start();
        for symbol in ["==", "!=", "=", "!", "(", ")", ",", "<", ">"] {
            if let Some(rest) = self.rest.strip_prefix(symbol) {
                self.rest = rest;
                return Token::Symbol(symbol);
            }
        }
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || "=!(),<>".contains(c))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if word.is_empty() {
            Token::End
        } else {
            Token::Word(word)
        }
    }

    fn peek(&self) -> Token<'a> {
        Lexer { rest: self.rest }.next()
    }
}

fn unexpected(found: Token<'_>, expected: &str) -> SelectorError {
    SelectorError::Query {
        message: format!("found {}, expected {expected}", found.text()),
    }
}

pub(super) fn parse(text: &str) -> Result<LabelSelector, SelectorError> {
    within_bounds(text)?;
    let mut lexer = Lexer { rest: text };
    let mut requirements = Vec::new();
    if lexer.peek() == Token::End {
        return Ok(LabelSelector::default());
    }
    loop {
        let requirement = requirement(&mut lexer)?;
        requirement.check()?;
        requirements.push(requirement);
        match lexer.next() {
            Token::End => break,
            Token::Symbol(",") => {}
            found => return Err(unexpected(found, "',' or the end")),
        }
    }
    Ok(LabelSelector {
        match_labels: BTreeMap::new(),
        match_expressions: requirements,
    })
}

fn requirement(lexer: &mut Lexer<'_>) -> Result<Requirement, SelectorError> {
    let key = |lexer: &mut Lexer<'_>| match lexer.next() {
        Token::Word(key) => Ok(key.to_owned()),
        found => Err(unexpected(found, "a label key or '!'")),
    };
    if lexer.peek() == Token::Symbol("!") {
        lexer.next();
        return Ok(Requirement {
            key: key(lexer)?,
            operator: Operator::DoesNotExist,
            values: Vec::new(),
        });
    }
    let key = key(lexer)?;
    let (operator, values) = match lexer.peek() {
        Token::End | Token::Symbol(",") => (Operator::Exists, Vec::new()),
        Token::Symbol("=" | "==") => {
            lexer.next();
            (Operator::In, vec![exact(lexer)?])
        }
        Token::Symbol("!=") => {
            lexer.next();
            (Operator::NotIn, vec![exact(lexer)?])
        }
        Token::Symbol(">") => {
            lexer.next();
            (Operator::Gt, vec![exact(lexer)?])
        }
        Token::Symbol("<") => {
            lexer.next();
            (Operator::Lt, vec![exact(lexer)?])
        }
        Token::Word("in") => {
            lexer.next();
            (Operator::In, list(lexer)?)
        }
        Token::Word("notin") => {
            lexer.next();
            (Operator::NotIn, list(lexer)?)
        }
        found => {
            return Err(unexpected(
                found,
                "'=', '!=', '==', 'in', 'notin', '<' or '>'",
            ));
        }
    };
    Ok(Requirement {
        key,
        operator,
        values,
    })
}

/// One value, which may be empty.
fn exact(lexer: &mut Lexer<'_>) -> Result<String, SelectorError> {
    match lexer.peek() {
        Token::End | Token::Symbol(",") => Ok(String::new()),
        Token::Word(value) => {
            lexer.next();
            Ok(value.to_owned())
        }
        found => Err(unexpected(found, "a value")),
    }
}

/// Values in brackets, of which some may be empty: `(a,,b)`.
fn list(lexer: &mut Lexer<'_>) -> Result<Vec<String>, SelectorError> {
    match lexer.next() {
        Token::Symbol("(") => {}
        found => return Err(unexpected(found, "'('")),
    }
    if lexer.peek() == Token::Symbol(")") {
        lexer.next();
        return Ok(Vec::new());
    }
    let mut values = Vec::new();
    loop {
        let value = match lexer.peek() {
            Token::Word(value) => {
                lexer.next();
                value
            }
            _ => "",
        };
        if !values.iter().any(|v| v == value) {
            values.push(value.to_owned());
        }
        match lexer.next() {
            Token::Symbol(")") => return Ok(values),
            Token::Symbol(",") => {}
            found => return Err(unexpected(found, "',' or ')'")),
        }
    }
}
