//! Reports of a configuration's offences, with the place in the document.

use hookbox_config::{Offence, Position};
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};

use crate::ui::{Ui, harmless};

/// One offence with its document.
#[derive(Debug)]
struct Report<'a> {
    offence: &'a Offence,
    source: &'a NamedSource<String>,
    text: &'a str,
}

impl std::fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.offence.path.is_empty() {
            f.write_str(&self.offence.message)
        } else {
            write!(f, "{}: {}", self.offence.path, self.offence.message)
        }
    }
}

impl std::error::Error for Report<'_> {}

impl Diagnostic for Report<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.offence
            .help
            .as_ref()
            .map(|h| Box::new(h) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.offence
            .position
            .map(|_| self.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let offset = offset(self.text, self.offence.position?);
        let len = word(self.text.get(offset..).unwrap_or_default());
        Some(Box::new(std::iter::once(LabeledSpan::new(
            None, offset, len,
        ))))
    }
}

/// Byte offset of a position.
fn offset(text: &str, position: Position) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(position.line.saturating_sub(1))
        .map(str::len)
        .sum();
    let line = text
        .get(start..)
        .unwrap_or_default()
        .split('\n')
        .next()
        .unwrap_or_default();
    start
        + line
            .char_indices()
            .nth(position.column.saturating_sub(1))
            .map_or(line.len(), |(i, _)| i)
}

/// Length of what stands at the offence, to underline it.
fn word(rest: &str) -> usize {
    let line = rest.split('\n').next().unwrap_or_default();
    let end = line.find([',', '}', ']', '#']).unwrap_or(line.len());
    line.get(..end).unwrap_or_default().trim_end().len().max(1)
}

/// Print all offences of a document. `name` says where it comes from: a file, or a component and its hook.
pub(crate) fn offences(ui: &Ui, name: &str, text: &str, offences: &[Offence]) {
    let text = &*harmless(text);
    let source = NamedSource::new(name, text.to_owned());
    let coloured = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let theme = if coloured {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false);
    for offence in offences {
        let mut out = String::new();
        let report = Report {
            offence,
            source: &source,
            text,
        };
        if handler.render_report(&mut out, &report).is_err() {
            out = offence.to_string();
        }
        ui.plain(format_args!("{out}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_becomes_an_offset() {
        let text = "a: 1\nbä: x\n";
        assert_eq!(offset(text, Position { line: 1, column: 1 }), 0);
        assert_eq!(
            offset(text, Position { line: 2, column: 5 }),
            "a: 1\nbä: ".len()
        );
        assert_eq!(offset(text, Position { line: 9, column: 9 }), text.len());
    }
}
