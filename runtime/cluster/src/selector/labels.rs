//! Kubernetes' grammar of label selectors.

use super::{Operator, Requirement};

/// Kubernetes' grammar of label selectors.
pub(super) struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &'a str {
        self.skip_space();
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || "=!(),<>".contains(c))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// What stands next, for messages.
    fn next(&self) -> &'a str {
        let rest = self.rest.trim_start();
        let end = rest.char_indices().nth(1).map_or(rest.len(), |(at, _)| at);
        rest.get(..end).unwrap_or_default()
    }

    pub(super) fn requirements(mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        self.skip_space();
        if self.rest.is_empty() {
            return Ok(requirements);
        }
        loop {
            requirements.push(self.requirement()?);
            self.skip_space();
            if self.rest.is_empty() {
                return Ok(requirements);
            }
            if !self.take(",") {
                return Err(format!(
                    "found '{}', expected: ',' or 'end of string'",
                    self.next()
                ));
            }
            self.skip_space();
            if self.rest.is_empty() {
                return Err("found '', expected: identifier after ','".into());
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let missing = self.take("!");
        let key = self.word();
        if key.is_empty() {
            return Err(format!("found '{}', expected: identifier", self.next()));
        }
        check_label_key(key)?;
        let key = key.to_owned();
        self.skip_space();
        if missing {
            return Ok(Requirement {
                key,
                operator: Operator::Missing,
                values: Vec::new(),
            });
        }
        if self.rest.is_empty() || self.rest.starts_with(',') {
            return Ok(Requirement {
                key,
                operator: Operator::Exists,
                values: Vec::new(),
            });
        }
        for (token, operator) in [
            ("==", Operator::In),
            ("!=", Operator::NotIn),
            ("=", Operator::In),
            (">", Operator::Greater),
            ("<", Operator::Less),
        ] {
            if self.take(token) {
                let value = self.word();
                check_label_value(value)?;
                self.skip_space();
                if value.is_empty() && !self.rest.is_empty() && !self.rest.starts_with(',') {
                    return Err(format!("found '{}', expected: identifier", self.next()));
                }
                return Ok(Requirement {
                    key,
                    operator,
                    values: vec![value.to_owned()],
                });
            }
        }
        let operator = match self.word() {
            "in" => Operator::In,
            "notin" => Operator::NotIn,
            other => {
                let found = if other.is_empty() { self.next() } else { other };
                return Err(format!(
                    "found '{found}', expected: in, notin, =, ==, !=, gt, lt"
                ));
            }
        };
        if !self.take("(") {
            return Err(format!("found '{}' expected: '('", self.next()));
        }
        let mut values = Vec::new();
        loop {
            let value = self.word();
            check_label_value(value)?;
            values.push(value.to_owned());
            if self.take(")") {
                return Ok(Requirement {
                    key,
                    operator,
                    values,
                });
            }
            if !self.take(",") {
                return Err(format!("found '{}', expected: ',' or ')'", self.next()));
            }
        }
    }
}

fn check_label_key(key: &str) -> Result<(), String> {
    crate::names::qualified_name(key)
        .map_err(|why| format!("key: Invalid value: {key:?}: {}", why.join("; ")))
}

fn check_label_value(value: &str) -> Result<(), String> {
    crate::names::label_value(value)
        .map_err(|why| format!("values[0][]: Invalid value: {value:?}: {why}"))
}
