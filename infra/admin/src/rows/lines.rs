//! The lines of a file, one at a time, in bounded memory.

use std::io::{self, BufRead};

/// One line that is not blank.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// Its bytes, or why they are not kept.
    pub(crate) text: Result<Vec<u8>, String>,
}

/// Reads lines.
pub(crate) struct Lines<R> {
    reader: R,
    /// The most bytes of a line.
    most: usize,
    number: u64,
    read: u64,
}

impl<R: BufRead> Lines<R> {
    /// The lines of a reader. One that has more than `most` bytes is not kept.
    pub(crate) fn new(reader: R, most: usize) -> Self {
        Self {
            reader,
            most,
            number: 0,
            read: 0,
        }
    }

    /// How many bytes have been read.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// The next line that is not blank; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let (mut text, mut whole, mut end) = (Vec::new(), true, true);
            loop {
                let buffer = self.reader.fill_buf()?;
                if buffer.is_empty() {
                    break;
                }
                end = false;
                let newline = buffer.iter().position(|byte| *byte == b'\n');
                let part = buffer
                    .get(..newline.unwrap_or(buffer.len()))
                    .unwrap_or_default();
                whole &= text.len() + part.len() <= self.most;
                if whole {
                    text.extend_from_slice(part);
                }
                let taken = part.len() + usize::from(newline.is_some());
                self.reader.consume(taken);
                self.read += taken as u64;
                if newline.is_some() {
                    break;
                }
            }
            if end {
                return Ok(None);
            }
            self.number += 1;
            let number = self.number;
            if !whole {
                let reason = too_long(self.most);
                return Ok(Some(Line {
                    number,
                    text: Err(reason),
                }));
            }
            // The byte order mark that some editors write at the start of a file.
            if let Some(rest) = text.strip_prefix(b"\xef\xbb\xbf").filter(|_| number == 1) {
                text = rest.to_vec();
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(Line {
                    number,
                    text: Ok(text),
                }));
            }
        }
    }
}

/// The reason for a part of a file that is not kept.
pub(super) fn too_long(most: usize) -> String {
    format!("is longer than {} KiB.", most / 1024)
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    const MOST: usize = 256 * 1024;

    fn all(text: &[u8]) -> Vec<(u64, Result<String, String>)> {
        // A buffer smaller than any line.
        let mut lines = Lines::new(BufReader::with_capacity(3, text), MOST);
        let mut found = Vec::new();
        while let Some(line) = lines.next().expect("read") {
            found.push((
                line.number,
                line.text
                    .map(|text| String::from_utf8_lossy(&text).into_owned()),
            ));
        }
        assert_eq!(lines.read(), text.len() as u64);
        found
    }

    #[test]
    fn lines_have_their_numbers_and_blank_ones_are_passed_over() {
        let ok = |number: u64, text: &str| (number, Ok(text.to_owned()));
        assert_eq!(all(b""), []);
        assert_eq!(all(b"\n\n"), []);
        assert_eq!(all(b"one"), [ok(1, "one")]);
        assert_eq!(
            all(b"\xef\xbb\xbfone\n\n  \r\ntwo\r\nthree\n"),
            [ok(1, "one"), ok(4, "two\r"), ok(5, "three")]
        );
    }

    #[test]
    fn a_line_without_end_is_not_kept_and_the_next_one_is_read() {
        let mut text = vec![b'x'; MOST + 1];
        text.extend_from_slice(b"\nnext");
        assert_eq!(
            all(&text),
            [
                (1, Err("is longer than 256 KiB.".to_owned())),
                (2, Ok("next".to_owned()))
            ]
        );
        assert_eq!(
            all(&vec![b'x'; MOST]).first().map(|(_, text)| text.is_ok()),
            Some(true)
        );
    }
}
