//! The log of a run: structured records, and standard output and standard error line by line.

use std::collections::VecDeque;

use crate::budget::{Limit, LimitHit};
use crate::{LogLevel, LogRecord, Said, said};

/// What each record, and each field of one, costs beyond its text, so that empty ones are not free.
const RECORD: u64 = 32;
const FIELD: usize = 32;

/// A longer line goes on in the next record.
const LINE: usize = 16 << 10;

/// How much of the end of standard error is kept, whatever the budget: a language's last words before a trap.
const TAIL_LINES: usize = 12;
const TAIL_LINE: usize = 512;

/// Which of the two standard streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// The log under way.
#[derive(Debug)]
pub(crate) struct Log {
    allowed: u64,
    bytes: u64,
    dropped: u64,
    records: Vec<LogRecord>,
    /// Lines that have no end yet.
    out: Vec<u8>,
    err: Vec<u8>,
    tail: VecDeque<String>,
}

impl Log {
    pub(crate) fn new(allowed: u64) -> Self {
        Self {
            allowed,
            bytes: 0,
            dropped: 0,
            records: Vec::new(),
            out: Vec::new(),
            err: Vec::new(),
            tail: VecDeque::new(),
        }
    }

    /// Take a structured record.
    pub(crate) fn record(&mut self, record: LogRecord) -> Result<(), LimitHit> {
        let fields: usize = record
            .fields
            .iter()
            .map(|(name, value)| name.len() + value.len() + FIELD)
            .sum();
        self.admit(length(record.message.len() + fields))?;
        self.records.push(record);
        Ok(())
    }

    /// Take what the guest wrote to a standard stream. Never fails: a guest must not be made to panic by its own
    /// `println!`. What goes over the budget is dropped, and counted.
    pub(crate) fn write(&mut self, stream: Stream, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let line = match stream {
                Stream::Out => &mut self.out,
                Stream::Err => &mut self.err,
            };
            let room = LINE.saturating_sub(line.len());
            let (part, rest, complete) =
                match bytes.iter().take(room).position(|byte| *byte == b'\n') {
                    Some(end) => {
                        let (part, rest) = bytes.split_at(end);
                        (part, rest.get(1..).unwrap_or_default(), true)
                    }
                    None if bytes.len() >= room => {
                        let (part, rest) = bytes.split_at(room);
                        (part, rest, true)
                    }
                    None => (bytes, &[][..], false),
                };
            line.extend_from_slice(part);
            bytes = rest;
            if complete {
                self.end_line(stream);
            }
        }
    }

    /// The log, the bytes that it took, and the last lines of standard error.
    pub(crate) fn finish(mut self) -> (Vec<LogRecord>, u64, Vec<String>) {
        if !self.out.is_empty() {
            self.end_line(Stream::Out);
        }
        if !self.err.is_empty() {
            self.end_line(Stream::Err);
        }
        if self.dropped > 0 {
            let message = format!(
                "log cut off: {} bytes are allowed, {} more were dropped",
                self.allowed, self.dropped
            );
            self.records.push(LogRecord {
                level: LogLevel::Warn,
                message,
                fields: Vec::new(),
            });
        }
        (self.records, self.bytes, self.tail.into())
    }

    fn end_line(&mut self, stream: Stream) {
        let (line, level) = match stream {
            Stream::Out => (std::mem::take(&mut self.out), LogLevel::Info),
            Stream::Err => (std::mem::take(&mut self.err), LogLevel::Warn),
        };
        if stream == Stream::Err {
            if self.tail.len() == TAIL_LINES {
                self.tail.pop_front();
            }
            let start = line.get(..TAIL_LINE).unwrap_or(&line);
            self.tail
                .push_back(String::from_utf8_lossy(start).into_owned());
        }
        if self.admit(length(line.len())).is_err() {
            self.dropped = self.dropped.saturating_add(length(line.len()));
            return;
        }
        let message = match String::from_utf8(line) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        self.records.push(match said(&message) {
            Said::Record(record) => record,
            Said::Unfinished | Said::Text => LogRecord {
                level,
                message,
                fields: Vec::new(),
            },
        });
    }

    fn admit(&mut self, bytes: u64) -> Result<(), LimitHit> {
        let used = self.bytes.saturating_add(bytes).saturating_add(RECORD);
        if used > self.allowed {
            return Err(LimitHit {
                limit: Limit::LogBytes,
                used,
                allowed: self.allowed,
            });
        }
        self.bytes = used;
        Ok(())
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(log: Log) -> Vec<String> {
        log.finish()
            .0
            .into_iter()
            .map(|record| record.message)
            .collect()
    }

    #[test]
    fn lines_are_put_together_and_streams_kept_apart() {
        let mut log = Log::new(1000);
        log.write(Stream::Out, b"a");
        log.write(Stream::Err, b"x\n");
        log.write(Stream::Out, b"b\nc");
        log.write(Stream::Out, b"");
        assert_eq!(messages(log), ["x", "ab", "c"]);
    }

    #[test]
    fn lines_that_are_objects_are_records() {
        let mut log = Log::new(1000);
        log.write(
            Stream::Err,
            b"{\"level\":\"debug\",\"msg\":\"m\",\"k\":1}\n{\n",
        );
        let (records, ..) = log.finish();
        let fields = vec![("hook_k".to_owned(), "1".to_owned())];
        assert_eq!(
            (
                records[0].level,
                records[0].message.as_str(),
                &records[0].fields
            ),
            (LogLevel::Debug, "m", &fields)
        );
        assert_eq!(
            (records[1].level, records[1].message.as_str()),
            (LogLevel::Warn, "{")
        );
    }

    #[test]
    fn a_flood_is_cut_off_and_says_so() {
        let mut log = Log::new(100);
        for _ in 0..1000 {
            log.write(Stream::Err, b"flood\n");
        }
        let (records, bytes, tail) = log.finish();
        assert_eq!(records.len(), 3);
        assert_eq!(
            records[2].message,
            "log cut off: 100 bytes are allowed, 4990 more were dropped"
        );
        assert_eq!(bytes, 74);
        assert_eq!(tail.len(), TAIL_LINES);
    }

    #[test]
    fn a_line_without_end_does_not_grow() {
        let mut log = Log::new(1 << 20);
        for _ in 0..5 {
            log.write(Stream::Out, &[b'a'; LINE / 2]);
        }
        let lines: Vec<usize> = messages(log).iter().map(String::len).collect();
        assert_eq!(lines, [LINE, LINE, LINE / 2]);
    }

    #[test]
    fn bytes_that_are_not_text_are_replaced() {
        let mut log = Log::new(1000);
        log.write(Stream::Out, b"a\xffb\n");
        assert_eq!(messages(log), ["a\u{fffd}b"]);
    }

    #[test]
    fn empty_fields_are_not_free() {
        let mut log = Log::new(1000);
        let record = LogRecord {
            level: LogLevel::Info,
            message: String::new(),
            fields: vec![(String::new(), String::new()); 31],
        };
        let hit = log.record(record).unwrap_err();
        assert_eq!((hit.limit, hit.used), (Limit::LogBytes, 31 * 32 + 32));
    }

    #[test]
    fn a_structured_record_over_the_budget_is_refused() {
        let mut log = Log::new(50);
        let record = LogRecord {
            level: LogLevel::Info,
            message: "0123456789".into(),
            fields: Vec::new(),
        };
        log.record(record.clone()).unwrap();
        let hit = log.record(record).unwrap_err();
        assert_eq!(
            (hit.limit, hit.used, hit.allowed),
            (Limit::LogBytes, 84, 50)
        );
    }
}
