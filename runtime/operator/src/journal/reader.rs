//! Reads a journal, also one that is being written.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::{JournalError, RunRecord, files};

/// Bytes of the longest line that is read. No setting lets a record be longer.
const MAX_LINE: u64 = 256 << 20;

/// All records in `folder`, oldest first. A record that was cut off because the process was killed is left out.
///
/// # Errors
/// The folder cannot be read. Errors in its files come with the records.
pub fn read(folder: &Path) -> Result<Records, JournalError> {
    let files = files::list(folder)?
        .into_iter()
        .map(|(_, path)| path)
        .collect::<Vec<_>>()
        .into_iter();
    Ok(Records {
        files,
        current: None,
    })
}

/// The records of a journal, one after the other. After an error it goes on with the next line.
#[derive(Debug)]
pub struct Records {
    files: std::vec::IntoIter<PathBuf>,
    current: Option<Lines>,
}

#[derive(Debug)]
struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    line: usize,
    over: bool,
}

impl Iterator for Records {
    type Item = Result<RunRecord, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(lines) = &mut self.current else {
                let path = self.files.next()?;
                match File::open(&path) {
                    Ok(file) => {
                        self.current = Some(Lines {
                            path,
                            reader: BufReader::new(file),
                            line: 0,
                            over: false,
                        })
                    }
                    // The oldest file may go while the others are read.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(source) => {
                        return Some(Err(JournalError::Io {
                            doing: "open",
                            path,
                            source,
                        }));
                    }
                }
                continue;
            };
            match lines.next_record() {
                Some(record) => return Some(record),
                None => self.current = None,
            }
        }
    }
}

impl Lines {
    /// The next record that is whole; none at the end of the file.
    fn next_record(&mut self) -> Option<Result<RunRecord, JournalError>> {
        while !self.over {
            let mut text = Vec::new();
            self.line += 1;
            let read = self
                .reader
                .by_ref()
                .take(MAX_LINE)
                .read_until(b'\n', &mut text);
            match read {
                Ok(0) => return None,
                Ok(_) if text.last() == Some(&b'\n') => {}
                Ok(read) if read as u64 == MAX_LINE => {
                    let error = JournalError::LongLine {
                        path: self.path.clone(),
                        line: self.line,
                    };
                    return Some(self.skip_line().map_or_else(Err, |()| Err(error)));
                }
                // The last line is being written, or never was to its end.
                Ok(_) => return None,
                Err(source) => {
                    // Reading on would give the same error again.
                    self.over = true;
                    return Some(Err(JournalError::Io {
                        doing: "read",
                        path: self.path.clone(),
                        source,
                    }));
                }
            }
            // Without the line feed: in a cut off string it would be a wrong character and not the end.
            text.pop();
            match serde_json::from_slice(&text) {
                Ok(record) => return Some(Ok(record)),
                // Cut off, and later lines were added by another start.
                Err(error) if error.is_eof() => {}
                Err(source) => {
                    return Some(Err(JournalError::Line {
                        path: self.path.clone(),
                        line: self.line,
                        source,
                    }));
                }
            }
        }
        None
    }

    fn skip_line(&mut self) -> Result<(), JournalError> {
        self.reader
            .skip_until(b'\n')
            .map(drop)
            .map_err(|source| JournalError::Io {
                doing: "read",
                path: self.path.clone(),
                source,
            })
    }
}
