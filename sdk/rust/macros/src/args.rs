//! `key = value` lists in attributes, with errors at the right word.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, ExprUnary, Ident, Lit, Token, UnOp};

/// Errors, all of them to be shown.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.push(Error::new(span, message));
    }

    /// The value, or the error noted.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn into_compile_error(self) -> proc_macro2::TokenStream {
        self.0.map(Error::into_compile_error).unwrap_or_default()
    }
}

/// A text and where it stands.
#[derive(Clone)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) span: Span,
    /// Written as an identifier, not as a string.
    pub(crate) bare: bool,
}

/// One argument: `key = value` or `key(arguments)`.
pub(crate) struct Arg {
    pub(crate) key: Ident,
    value: Value,
}

enum Value {
    None,
    Expr(Expr),
    Nested(Args),
}

/// A list of arguments.
#[derive(Default)]
pub(crate) struct Args(pub(crate) Vec<Arg>);

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let args = Punctuated::<Arg, Token![,]>::parse_terminated(input)?;
        Ok(Self(args.into_iter().collect()))
    }
}

impl Parse for Arg {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = input
            .call(Ident::parse_any)
            .map_err(|error| Error::new(error.span(), "expected `key = value` or `key(…)`"))?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Value::Expr(input.parse()?)
        } else if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            Value::Nested(content.parse()?)
        } else {
            Value::None
        };
        Ok(Self { key, value })
    }
}

impl Args {
    /// Notes unknown keys, and keys that stand twice but may not. False when there is an unknown one, which then may
    /// be a missing one misspelt.
    pub(crate) fn check_keys(
        &self,
        what: &str,
        known: &[&str],
        repeatable: &[&str],
        errors: &mut Errors,
    ) -> bool {
        let mut all_known = true;
        let mut seen: Vec<&Ident> = Vec::new();
        for Arg { key, .. } in &self.0 {
            let name = key.to_string();
            if !known.contains(&name.as_str()) {
                all_known = false;
                let help = match hookbox_config::suggest::nearest(&name, known) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("it knows {}", list(known)),
                };
                errors.at(
                    key.span(),
                    format!("{what} has no key `{name}`\nhelp: {help}"),
                );
            } else if seen.contains(&key) && !repeatable.contains(&name.as_str()) {
                errors.at(key.span(), format!("`{name}` is given twice"));
            }
            seen.push(key);
        }
        all_known
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Arg> {
        self.0.iter().find(|arg| arg.key == key)
    }

    /// The value of `key` as `read` sees it; none when it is absent or wrong, which is noted.
    pub(crate) fn read<T>(
        &self,
        key: &str,
        errors: &mut Errors,
        read: fn(&Arg) -> syn::Result<T>,
    ) -> Option<T> {
        errors.take(read(self.get(key)?))
    }
}

impl Arg {
    pub(crate) fn span(&self) -> Span {
        match &self.value {
            Value::Expr(expr) => expr.span(),
            Value::None | Value::Nested(_) => self.key.span(),
        }
    }

    fn wrong(&self, expected: &str) -> Error {
        Error::new(self.span(), format!("`{}` takes {expected}", self.key))
    }

    fn expr(&self, expected: &str) -> syn::Result<&Expr> {
        match &self.value {
            Value::Expr(expr) => Ok(expr),
            Value::None | Value::Nested(_) => Err(self.wrong(expected)),
        }
    }

    /// `key = "text"`
    pub(crate) fn text(&self) -> syn::Result<Word> {
        let expected = format!("a string: `{} = \"…\"`", self.key);
        match self.expr(&expected)? {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Ok(Word {
                text: text.value(),
                span: text.span(),
                bare: false,
            }),
            Expr::Path(_) | Expr::Macro(_) => Err(self.wrong(&format!(
                "{expected}\nhelp: write it out: attributes are read before constants and macros have values"
            ))),
            _ => Err(self.wrong(&expected)),
        }
    }

    /// `key = true`
    pub(crate) fn bool(&self) -> syn::Result<bool> {
        match self.expr("`true` or `false`")? {
            Expr::Lit(ExprLit {
                lit: Lit::Bool(value),
                ..
            }) => Ok(value.value),
            _ => Err(self.wrong("`true` or `false`")),
        }
    }

    /// `key = 10`
    pub(crate) fn int(&self) -> syn::Result<i64> {
        int(self.expr("a whole number")?).ok_or_else(|| self.wrong("a whole number"))
    }

    /// `key = 10`, `key = [10, 20]`, each with its place.
    pub(crate) fn ints(&self) -> syn::Result<Vec<(i64, Span)>> {
        let expected = format!(
            "a whole number or a list of them: `{} = [80, 443]`",
            self.key
        );
        let wrong =
            |expr: &Expr| Error::new(expr.span(), format!("`{}` takes {expected}", self.key));
        let read = |expr: &Expr| Ok((int(expr).ok_or_else(|| wrong(expr))?, expr.span()));
        match self.expr(&expected)? {
            Expr::Array(array) => array.elems.iter().map(read).collect(),
            one => Ok(vec![read(one)?]),
        }
    }

    /// `key = "one"`, `key = ["one", "two"]`; identifiers count as strings: `key = [one, two]`.
    pub(crate) fn words(&self) -> syn::Result<Vec<Word>> {
        let expected = format!(
            "a string or a list of them: `{} = [\"…\", \"…\"]`",
            self.key
        );
        let word = |expr: &Expr| match expr {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Ok(Word {
                text: text.value(),
                span: text.span(),
                bare: false,
            }),
            Expr::Path(path) => match path.path.get_ident() {
                Some(ident) => Ok(Word {
                    text: ident.unraw().to_string(),
                    span: ident.span(),
                    bare: true,
                }),
                None => Err(Error::new(path.span(), "expected a name")),
            },
            other => Err(Error::new(
                other.span(),
                format!("`{}` takes {expected}", self.key),
            )),
        };
        match self.expr(&expected)? {
            Expr::Array(array) => array.elems.iter().map(word).collect(),
            one => Ok(vec![word(one)?]),
        }
    }

    /// `key = path::to::function`
    pub(crate) fn path(&self) -> syn::Result<syn::Path> {
        let expected = format!("a function: `{} = name_of_function`", self.key);
        match self.expr(&expected)? {
            Expr::Path(path) if path.qself.is_none() => Ok(path.path.clone()),
            _ => Err(self.wrong(&expected)),
        }
    }

    /// `key(arguments)`
    pub(crate) fn nested(&self) -> syn::Result<&Args> {
        match &self.value {
            Value::Nested(args) => Ok(args),
            Value::None | Value::Expr(_) => {
                Err(self.wrong(&format!("arguments: `{}(…)`", self.key)))
            }
        }
    }
}

/// A whole number, which may have a sign.
fn int(expr: &Expr) -> Option<i64> {
    let parse = |expr: &Expr, sign: &str| match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Int(value),
            ..
        }) => format!("{sign}{}", value.base10_digits()).parse().ok(),
        _ => None,
    };
    match expr {
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => parse(expr, "-"),
        expr => parse(expr, ""),
    }
}

/// Words for a sentence.
pub(crate) fn list(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
