//! The tree of a filter. It is shaped as the interpreter wants it.

/// A filter, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Term<'s> {
    /// `.`
    #[default]
    Id,
    /// `..`
    Recurse,
    /// A number, as it is written.
    Num(&'s str),
    /// A string's parts; a format is applied to what is interpolated.
    Str(Option<&'s str>, Vec<StrPart<'s>>),
    /// `[…]`
    Arr(Option<Box<Self>>),
    /// `{…}`: keys and values; without a value it is what the key stands for.
    Obj(Vec<(Self, Option<Self>)>),
    /// `-…`
    Neg(Box<Self>),
    /// Two terms and what is between them.
    BinOp(Box<Self>, BinaryOp<'s>, Box<Self>),
    /// `label $x | …`
    Label(&'s str, Box<Self>),
    /// `break $x`
    Break(&'s str),
    /// `reduce` or `foreach`: its source, pattern, and what is in its parentheses.
    Fold(&'s str, Box<Self>, Pattern<'s>, Vec<Self>),
    /// `try … catch …`
    TryCatch(Box<Self>, Option<Box<Self>>),
    /// Conditions with what they lead to, and the rest.
    IfThenElse(Vec<(Self, Self)>, Option<Box<Self>>),
    /// Definitions and what uses them.
    Def(Vec<Def<'s>>, Box<Self>),
    /// A function with its arguments.
    Call(&'s str, Vec<Self>),
    /// A variable, with its dollar sign.
    Var(&'s str),
    /// Where in a term.
    Path(Box<Self>, Path<'s>),
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrPart<'s> {
    /// As it is written.
    Str(&'s str),
    /// `\(…)`
    Term(Term<'s>),
    /// What an escape stands for.
    Char(char),
}

/// A definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Def<'s> {
    /// Its name.
    pub name: &'s str,
    /// Its parameters; variables have a dollar sign.
    pub args: Vec<&'s str>,
    /// What it stands for.
    pub body: Term<'s>,
}

/// What a value is taken apart into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern<'s> {
    /// A variable.
    Var(&'s str),
    /// An array's items.
    Arr(Vec<Self>),
    /// An object's values.
    Obj(Vec<(Term<'s>, Self)>),
}

impl<'s> Pattern<'s> {
    /// Calls `each` with all variables.
    pub fn variables(&self, each: &mut impl FnMut(&'s str)) {
        match self {
            Self::Var(x) => each(x),
            Self::Arr(items) => items.iter().for_each(|item| item.variables(each)),
            Self::Obj(entries) => entries.iter().for_each(|(_, item)| item.variables(each)),
        }
    }
}

/// What is between two terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BinaryOp<'s> {
    /// `|`, or `as … |`
    Pipe(Option<Pattern<'s>>),
    /// `,`
    Comma,
    /// `//`
    Alt,
    /// `or`
    Or,
    /// `and`
    And,
    /// `+` and the like.
    Math(Math),
    /// `==` and the like.
    Cmp(Cmp),
    /// `=`
    Assign,
    /// `|=`
    Update,
    /// `+=` and the like.
    UpdateMath(Math),
    /// `//=`
    UpdateAlt,
}

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Math {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cmp {
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `==`
    Eq,
    /// `!=`
    Ne,
}

/// The parts of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'s>(pub Vec<(Part<'s>, Opt)>);

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'s> {
    /// `.a`, `[0]`
    Index(Term<'s>),
    /// `[]`, `[1:]`, `[:2]`, `[1:2]`
    Range(Option<Term<'s>>, Option<Term<'s>>),
}

/// Whether there is a `?` behind a part of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opt {
    /// There is: what is not there is left out.
    Optional,
    /// There is none: what cannot be there is an error.
    Essential,
}
