//! Lines of a standard stream, of which some are JSON objects: on one line, or over several.

use hookbox_sandbox::{LogLevel, LogRecord, Said, said};

/// Longest object, in bytes and in lines. The lines of a longer one are text.
const LONGEST: usize = 64 << 10;
const MOST_LINES: usize = 1000;

/// So many lines are looked at as they come: text that only looks like an object is found out soon.
const FIRST: usize = 4;

/// The lines of an object that has not ended.
#[derive(Debug)]
pub(super) struct Objects {
    /// Of lines that are text.
    level: LogLevel,
    text: String,
    lines: Vec<String>,
}

impl Objects {
    pub(super) fn new(level: LogLevel) -> Self {
        Self {
            level,
            text: String::new(),
            lines: Vec::new(),
        }
    }

    /// Takes a line, and gives the records that are known then.
    pub(super) fn line(&mut self, line: String) -> Vec<LogRecord> {
        if !self.lines.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&line);
        let may_end = line.trim_end().ends_with('}');
        self.lines.push(line);
        let fits = self.text.len() <= LONGEST && self.lines.len() <= MOST_LINES;
        if fits && self.lines.len() > FIRST && !may_end {
            return Vec::new();
        }
        match said(&self.text) {
            Said::Record(record) => {
                self.text.clear();
                self.lines.clear();
                vec![record]
            }
            Said::Unfinished if fits => Vec::new(),
            Said::Unfinished | Said::Text => {
                // What broke the object off may be the beginning of another.
                let last = self.lines.pop().filter(|_| !self.lines.is_empty());
                let Some(last) = last else {
                    return vec![self.text_line()];
                };
                let mut records = self.rest();
                records.extend(self.line(last));
                records
            }
        }
    }

    /// The lines of an object that never ended.
    pub(super) fn rest(&mut self) -> Vec<LogRecord> {
        self.text.clear();
        let lines = std::mem::take(&mut self.lines);
        lines
            .into_iter()
            .map(|line| record(self.level, line))
            .collect()
    }

    /// The only line.
    fn text_line(&mut self) -> LogRecord {
        self.lines.clear();
        record(self.level, std::mem::take(&mut self.text))
    }
}

fn record(level: LogLevel, message: String) -> LogRecord {
    LogRecord {
        level,
        message,
        fields: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All records of these lines, in short.
    fn records(lines: &[&str]) -> Vec<String> {
        let mut objects = Objects::new(LogLevel::Warn);
        let mut records: Vec<LogRecord> = Vec::new();
        for line in lines {
            records.extend(objects.line((*line).to_owned()));
        }
        records.extend(objects.rest());
        let short = |r: &LogRecord| format!("{:?} {} {}", r.level, r.message, r.fields.len());
        records.iter().map(short).collect()
    }

    #[test]
    fn objects_may_have_several_lines() {
        let lines = [
            "plain",
            "{",
            " \"msg\": \"a\",",
            " \"k\": [1]",
            "}",
            "",
            "{\"msg\":\"b\"}",
        ];
        assert_eq!(
            records(&lines),
            ["Warn plain 0", "Info a 1", "Warn  0", "Info b 0"]
        );
    }

    #[test]
    fn what_never_becomes_an_object_is_text() {
        assert_eq!(
            records(&["{", "{", "{\"msg\":\"a\"}", "{ no", "{\"x\":", "end"]),
            [
                "Warn { 0",
                "Warn { 0",
                "Info a 0",
                "Warn { no 0",
                "Warn {\"x\": 0",
                "Warn end 0"
            ]
        );
        assert_eq!(records(&["{\"x\":"]), ["Warn {\"x\": 0"]);
    }

    #[test]
    fn an_object_that_is_too_long_is_text() {
        let item = format!("\"{}\",", "x".repeat(1000));
        let mut lines = vec!["{\"msg\": ["];
        lines.extend(vec![item.as_str(); 100]);
        lines.extend(["\"\"]", "}"]);
        assert_eq!(records(&lines).len(), lines.len());
        let mut lines = vec!["{\"msg\": ["];
        lines.extend(vec!["1,"; MOST_LINES]);
        assert_eq!(records(&lines).len(), lines.len());
    }
}
