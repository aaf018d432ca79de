//! Some rows that follow each other, packed: small objects cost little more than their text.
//!
//! All keys and short texts of a leaf are one text, without the beginning that its keys have in common. A leaf never
//! changes; an edit writes a new one.

use std::ops::Range;
use std::sync::Arc;

use hookbox_sandbox::{Excerpt, JsonText};

/// Rows that a leaf has at most.
const MOST_ROWS: usize = 32;
/// Bytes of keys and short texts that a leaf of more than one row has at most.
const MOST_TEXT: usize = 4 << 10;
/// Texts up to this length are copied into their leaf. Longer ones are shared with whoever has read them.
const SHORT: usize = 512;
/// Texts that a row has at most.
const COLUMNS: usize = 2;

/// A text of a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text<'a> {
    /// Part of a leaf, or soon to be.
    Short(&'a str),
    /// And what was made of it, where it is in a leaf.
    Long(&'a JsonText, Option<&'a Excerpt>),
}

impl<'a> Text<'a> {
    pub(super) fn of(text: &'a JsonText) -> Self {
        if text.len() <= SHORT {
            Self::Short(text)
        } else {
            Self::Long(text, None)
        }
    }

    pub(super) fn as_str(&self) -> &'a str {
        match self {
            Self::Short(text) => text,
            Self::Long(text, _) => text,
        }
    }

    /// The text for a reader; none where it is empty.
    pub(super) fn share(&self) -> Option<JsonText> {
        match self {
            Self::Short("") => None,
            Self::Short(text) => Some((*text).into()),
            Self::Long(text, _) => Some(JsonText::clone(text)),
        }
    }
}

/// What is kept of one object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// The key in two parts, cut somewhere.
    pub(super) key: (&'a str, &'a str),
    /// Resource version of the object; 0 where it is not known.
    pub(super) version: u64,
    /// Those beyond the tree's columns are not looked at.
    pub(super) texts: [Text<'a>; COLUMNS],
}

impl<'a> Row<'a> {
    /// With what was made of its texts when they were another row's.
    pub(super) fn knowing(mut self, other: &Self) -> Self {
        for (text, other) in self.texts.iter_mut().zip(&other.texts) {
            if let (Text::Long(text, excerpt @ None), Text::Long(known, Some(its))) = (text, other)
                && Arc::ptr_eq(text, known)
            {
                *excerpt = Some(its);
            }
        }
        self
    }

    /// The key without its first bytes.
    fn key_from(&self, at: usize) -> (&'a str, &'a str) {
        let (start, rest) = self.key;
        match at.checked_sub(start.len()) {
            Some(at) => ("", rest.get(at..).unwrap_or_default()),
            None => (start.get(at..).unwrap_or_default(), rest),
        }
    }

    /// Bytes that two keys begin with alike.
    fn alike(&self, other: &Row<'_>) -> usize {
        let chars = |row: &Row<'a>| row.key.0.chars().chain(row.key.1.chars());
        let others = other.key.0.chars().chain(other.key.1.chars());
        chars(self)
            .zip(others)
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a.len_utf8())
            .sum()
    }

    /// Bytes of its key and its short texts.
    fn bytes(&self, columns: usize) -> usize {
        let short = |text: &Text<'_>| match text {
            Text::Short(text) => text.len(),
            Text::Long(..) => 0,
        };
        let texts = self.texts.iter().take(columns);
        self.key.0.len() + self.key.1.len() + texts.map(short).sum::<usize>()
    }

    /// Number of its long texts.
    fn long(&self, columns: usize) -> usize {
        let texts = self.texts.iter().take(columns);
        texts.filter(|text| matches!(text, Text::Long(..))).count()
    }
}

/// What is done to the row at one place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Edit<'a> {
    /// This one comes before it.
    Insert(&'a Row<'a>),
    /// This one comes in its place.
    Replace(&'a Row<'a>),
    Remove,
}

/// Rows in the order of their keys.
#[derive(Debug)]
pub(super) struct Leaf {
    columns: usize,
    /// The beginning that all keys have in common; then for each row the rest of its key, and its short texts.
    text: Box<str>,
    /// Where each of these pieces ends. A long text is an empty piece.
    ends: Box<[u32]>,
    /// The version of each row.
    versions: Box<[u64]>,
    /// In the order of their pieces.
    long: Box<[Long]>,
}

/// A long text of a leaf.
#[derive(Debug)]
struct Long {
    /// The number of its piece.
    piece: u32,
    text: JsonText,
    excerpt: Excerpt,
}

impl Leaf {
    pub(super) fn new(columns: usize, rows: &[Row<'_>]) -> Self {
        let alike = match (rows.first(), rows.last()) {
            (Some(first), Some(last)) => first.alike(last),
            _ => 0,
        };
        // Sizes are exact, so that nothing has to be moved or is left over.
        let bytes: usize = rows.iter().map(|r| r.bytes(columns) - alike).sum();
        let mut text = String::with_capacity(alike + bytes);
        let mut ends = Vec::with_capacity(1 + rows.len() * (1 + columns));
        let mut long = Vec::with_capacity(rows.iter().map(|r| r.long(columns)).sum());
        if let Some(first) = rows.first() {
            text.push_str(first.key.0.get(..alike).unwrap_or(first.key.0));
            let rest = alike.saturating_sub(first.key.0.len());
            text.push_str(first.key.1.get(..rest).unwrap_or_default());
        }
        ends.push(small(text.len()));
        for row in rows {
            let (start, rest) = row.key_from(alike);
            text.push_str(start);
            text.push_str(rest);
            ends.push(small(text.len()));
            for cell in row.texts.iter().take(columns) {
                match cell {
                    Text::Short(short) => text.push_str(short),
                    Text::Long(text, excerpt) => long.push(Long {
                        piece: small(ends.len()),
                        text: JsonText::clone(text),
                        excerpt: excerpt.cloned().unwrap_or_default(),
                    }),
                }
                ends.push(small(text.len()));
            }
        }
        Self {
            columns,
            text: text.into(),
            ends: ends.into(),
            versions: rows.iter().map(|row| row.version).collect(),
            long: long.into(),
        }
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.ends.len().saturating_sub(1) / (1 + self.columns)
    }

    /// Whether it would be better joined to another.
    pub(super) fn is_small(&self) -> bool {
        self.len() < MOST_ROWS / 4 && self.text.len() < MOST_TEXT / 4
    }

    /// One leaf of the rows of two that follow each other, where they are not too many.
    pub(super) fn joined(&self, next: &Self) -> Option<Self> {
        let fits = self.len() + next.len() <= MOST_ROWS * 3 / 4
            && self.text.len() + next.text.len() <= MOST_TEXT * 3 / 4;
        let rows = || self.rows().chain(next.rows()).collect::<Vec<_>>();
        fits.then(|| Self::new(self.columns, &rows()))
    }

    fn piece(&self, number: usize) -> &str {
        let end = |number: usize| self.ends.get(number).map_or(0, |end| *end as usize);
        let start = number.checked_sub(1).map_or(0, end);
        let range: Range<usize> = start..end(number);
        self.text.get(range).unwrap_or_default()
    }

    fn cell(&self, number: usize) -> Text<'_> {
        let long = self
            .long
            .binary_search_by(|long| (long.piece as usize).cmp(&number));
        match long.ok().and_then(|at| self.long.get(at)) {
            Some(long) => Text::Long(&long.text, Some(&long.excerpt)),
            None => Text::Short(self.piece(number)),
        }
    }

    fn key_rest(&self, row: usize) -> &str {
        self.piece(1 + row * (1 + self.columns))
    }

    pub(super) fn row(&self, at: usize) -> Option<Row<'_>> {
        if at >= self.len() {
            return None;
        }
        let number = 1 + at * (1 + self.columns);
        let mut texts = [Text::Short(""); COLUMNS];
        for (column, text) in texts.iter_mut().enumerate().take(self.columns) {
            *text = self.cell(number + 1 + column);
        }
        Some(Row {
            key: (self.piece(0), self.piece(number)),
            version: self.versions.get(at).copied().unwrap_or_default(),
            texts,
        })
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).filter_map(|at| self.row(at))
    }

    /// Where a key is, or would come.
    pub(super) fn find(&self, key: &str) -> Result<usize, usize> {
        let Some(rest) = key.strip_prefix(self.piece(0)) else {
            return Err(if key < self.piece(0) { 0 } else { self.len() });
        };
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.key_rest(middle).cmp(rest) {
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// Whether its first key is this one or comes before it.
    pub(super) fn starts_by(&self, key: &str) -> bool {
        match key.strip_prefix(self.piece(0)) {
            Some(rest) => self.key_rest(0) <= rest,
            None => self.piece(0) < key,
        }
    }

    /// The leaf after an edit: two where one would be too large. `last`: nothing comes after this leaf, so that a row
    /// at its end is likely to be followed by more, and this leaf is left full.
    pub(super) fn edited(&self, at: usize, edit: Edit<'_>, last: bool) -> (Self, Option<Self>) {
        let mut rows = Vec::with_capacity(self.len() + 1);
        rows.extend(self.rows());
        let at = at.min(rows.len());
        match edit {
            Edit::Insert(row) => rows.insert(at, *row),
            Edit::Replace(row) => {
                if let Some(place) = rows.get_mut(at) {
                    *place = row.knowing(place);
                }
            }
            Edit::Remove => {
                if at < rows.len() {
                    rows.remove(at);
                }
            }
        }
        let total: usize = rows.iter().map(|row| row.bytes(self.columns)).sum();
        if rows.len() <= MOST_ROWS && (total <= MOST_TEXT || rows.len() < 2) {
            return (Self::new(self.columns, &rows), None);
        }
        let cut = if last && at + 1 == rows.len() {
            at
        } else {
            self.half(&rows, total)
        };
        let (left, right) = rows.split_at(cut);
        (
            Self::new(self.columns, left),
            Some(Self::new(self.columns, right)),
        )
    }

    /// This leaf with as many rows as fit after its own, and how many these are. They come after its own in order.
    pub(super) fn extended(&self, more: &[Row<'_>]) -> (Self, usize) {
        let mut rows: Vec<Row<'_>> = self.rows().collect();
        let mut total: usize = rows.iter().map(|row| row.bytes(self.columns)).sum();
        let room = MOST_ROWS.saturating_sub(rows.len());
        let fits = |row: &&Row<'_>| {
            total += row.bytes(self.columns);
            total <= MOST_TEXT
        };
        let count = more.iter().take(room).take_while(fits).count();
        rows.extend(more.iter().take(count));
        (Self::new(self.columns, &rows), count)
    }

    /// Where to cut rows, at least two, into halves.
    fn half(&self, rows: &[Row<'_>], total: usize) -> usize {
        let mut bytes = 0;
        let cut = rows.iter().position(|row| {
            bytes += row.bytes(self.columns);
            bytes >= total / 2
        });
        cut.unwrap_or_default().clamp(1, rows.len() - 1)
    }
}

/// Keys and short texts of a leaf are far from 4 GiB; what is not is cut off rather than mixed up.
fn small(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
