//! The objects of a JSON file that has no line for each: those of a list, or one after the other. They are read one at a time,
//! in bounded memory.

use std::io::{self, BufRead};

use super::lines::{Line, too_long};

/// Reads objects.
pub(crate) struct Elements<R> {
    reader: R,
    /// The most bytes of an object.
    most: usize,
    number: u64,
    read: u64,
    end: End,
}

/// The end of the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The bracket of the list, behind which nothing may follow.
    Bracket,
    /// The bracket of a list within so many objects, whose other members may follow.
    InnerBracket(usize),
    /// The end of the file.
    File,
}

impl<R: BufRead> Elements<R> {
    /// The objects of a reader that stands behind the bracket of their list, if they are in one.
    pub(crate) fn new(reader: R, end: End, most: usize) -> Self {
        Self {
            reader,
            most,
            number: 0,
            read: 0,
            end,
        }
    }

    /// How many bytes have been read.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// The next object, with its number from 1; `None` at the end.
    ///
    /// # Errors
    /// Those of the reader.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        let is_between = |byte: u8| byte.is_ascii_whitespace() || byte == b',';
        let Some(first) = self.skip(is_between)? else {
            if self.end == End::File {
                return Ok(None);
            }
            self.end = End::File;
            let reason = "is missing: the file ends inside the list.".to_owned();
            return Ok(Some(self.refused(reason)));
        };
        if first == b']' && self.end != End::File {
            let around = match self.end {
                End::InnerBracket(around) => around,
                End::Bracket | End::File => 0,
            };
            let is_inner = around > 0;
            self.end = End::File;
            self.consume(1);
            let is_closed = !is_inner || self.close(around)?;
            if is_closed && self.skip(|byte| byte.is_ascii_whitespace())?.is_none() {
                return Ok(None);
            }
            self.drain()?;
            let reason = match (is_closed, is_inner) {
                (false, _) => "is missing: the object around the list has no end.",
                (true, true) => "is behind the end of the reply: a file has one reply.",
                (true, false) => "is behind the end of the list: a file has one list.",
            };
            return Ok(Some(self.refused(reason.to_owned())));
        }
        let text = match first {
            b'{' | b'[' => self.balanced()?,
            _ => self.scalar()?,
        };
        self.number += 1;
        Ok(Some(Line {
            number: self.number,
            text,
        }))
    }

    fn refused(&mut self, reason: String) -> Line {
        self.number += 1;
        Line {
            number: self.number,
            text: Err(reason),
        }
    }

    /// Skips bytes, and returns the one that stands behind them.
    fn skip(&mut self, skips: impl Fn(u8) -> bool) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let found = buffer.iter().position(|byte| !skips(*byte));
            let first = found.and_then(|at| buffer.get(at).copied());
            let skipped = found.unwrap_or(buffer.len());
            self.consume(skipped);
            if first.is_some() {
                return Ok(first);
            }
        }
    }

    fn consume(&mut self, count: usize) {
        self.reader.consume(count);
        self.read += count as u64;
    }

    /// Skips the rest of the objects around the list. Whether the outer one has its bracket.
    fn close(&mut self, around: usize) -> io::Result<bool> {
        let mut nesting = Nesting {
            depth: around,
            ..Nesting::default()
        };
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let end = buffer.iter().position(|byte| {
                nesting.pass(*byte);
                nesting.depth == 0
            });
            let bracket = end.and_then(|at| buffer.get(at).copied());
            let passed = end.map_or(buffer.len(), |at| at + 1);
            self.consume(passed);
            if let Some(bracket) = bracket {
                return Ok(bracket == b'}');
            }
        }
    }

    fn drain(&mut self) -> io::Result<()> {
        self.skip(|_| true).map(|_| ())
    }

    /// Takes bytes until one of them is the last, or the next one is not wanted.
    fn take(&mut self, mut judge: impl FnMut(u8) -> Step) -> io::Result<Result<Vec<u8>, String>> {
        let (mut text, mut is_whole, mut is_over) = (Vec::new(), true, false);
        while !is_over {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(Err("is cut off: the file ends inside it.".to_owned()));
            }
            let mut taken = 0;
            for byte in buffer {
                let step = judge(*byte);
                taken += usize::from(step != Step::Before);
                is_over = step != Step::Within;
                if is_over {
                    break;
                }
            }
            let part = buffer.get(..taken).unwrap_or_default();
            is_whole &= text.len() + part.len() <= self.most;
            if is_whole {
                text.extend_from_slice(part);
            }
            self.consume(taken);
        }
        Ok(if is_whole {
            Ok(text)
        } else {
            Err(too_long(self.most))
        })
    }

    /// An object or a list, to the bracket that closes it.
    fn balanced(&mut self) -> io::Result<Result<Vec<u8>, String>> {
        let mut nesting = Nesting::default();
        self.take(|byte| {
            nesting.pass(byte);
            match nesting.depth {
                0 => Step::Last,
                _ => Step::Within,
            }
        })
    }

    /// Anything else, which no user and no record is.
    fn scalar(&mut self) -> io::Result<Result<Vec<u8>, String>> {
        let text = self.take(|byte| match byte {
            b',' | b']' | b'\n' | b'{' => Step::Before,
            _ => Step::Within,
        })?;
        if matches!(&text, Ok(text) if text.is_empty()) {
            // A bracket that closes nothing.
            self.consume(1);
        }
        Ok(text)
    }
}

/// The place of a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Within,
    Last,
    Before,
}

/// The brackets that are open at a byte of a JSON text.
#[derive(Default)]
pub(super) struct Nesting {
    pub(super) depth: usize,
    is_string: bool,
    is_escaped: bool,
}

impl Nesting {
    /// Goes on by one byte.
    pub(super) fn pass(&mut self, byte: u8) {
        if self.is_string {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.is_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.is_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Whether the byte that passed last is inside a string, or ends one.
    pub(super) fn is_string(&self) -> bool {
        self.is_string
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn all(text: &str, end: End) -> Vec<Result<String, String>> {
        // A buffer smaller than any object.
        let reader = BufReader::with_capacity(3, text.as_bytes());
        let mut elements = Elements::new(reader, end, 64);
        let mut found = Vec::new();
        while let Some(line) = elements.next().expect("read") {
            assert_eq!(line.number, found.len() as u64 + 1);
            found.push(
                line.text
                    .map(|it| String::from_utf8_lossy(&it).into_owned()),
            );
        }
        assert_eq!(elements.read(), text.len() as u64, "{text}");
        found
    }

    fn ok(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }

    #[test]
    fn a_list_has_its_objects_whatever_is_in_their_texts() {
        let (one, two) = (r#"{"a":"}]\"{","b":[{},[1]]}"#, "{ \"c\": 1\n}");
        let text = format!("\n {one} ,\n{two}\n]\n");
        assert_eq!(all(&text, End::Bracket), [ok(one), ok(two)]);
        let inner = format!("{one},{two}],\"total\":2}}\n");
        assert_eq!(all(&inner, End::InnerBracket(1)), [ok(one), ok(two)]);
        let innermost = format!("{one},{two}],\"total\":2}},\"error\":null}}\n");
        assert_eq!(all(&innermost, End::InnerBracket(2)), [ok(one), ok(two)]);
        let stream = format!("{two}\n{one}{two}");
        assert_eq!(all(&stream, End::File), [ok(two), ok(one), ok(two)]);
        assert_eq!(all("]", End::Bracket), []);
        assert_eq!(all("", End::File), []);
    }

    #[test]
    fn what_is_no_object_is_an_entry_of_its_own() {
        let found = all("1, \"x\", null, {}, [2]]", End::Bracket);
        let expected = ["1", "\"x\"", "null", "{}", "[2]"].map(ok);
        assert_eq!(found, expected);
        assert_eq!(all("]{}", End::File), [ok(""), ok("{}")]);
    }

    #[test]
    fn a_file_that_ends_too_early_or_goes_on_too_long_is_told() {
        let cut = "is cut off: the file ends inside it.";
        let missing = "is missing: the file ends inside the list.";
        let told = |reason: &str| Err(reason.to_owned());
        assert_eq!(
            all("{}, {\"a\":", End::Bracket),
            [ok("{}"), told(cut), told(missing)]
        );
        assert_eq!(all("{\"a\":1", End::File), [told(cut)]);
        let behind = "is behind the end of the list: a file has one list.";
        assert_eq!(all("{}] [{}]", End::Bracket), [ok("{}"), told(behind)]);
        // A reply of an API that was cut off, or has another one behind it.
        assert_eq!(all("{}, ", End::InnerBracket(1)), [ok("{}"), told(missing)]);
        let open = "is missing: the object around the list has no end.";
        for cut in ["{}]", "{}],\"a\":\"}\"", "{}],\"a\":{}", "{}]]"] {
            assert_eq!(
                all(cut, End::InnerBracket(1)),
                [ok("{}"), told(open)],
                "{cut}"
            );
        }
        assert_eq!(all("{}]}", End::InnerBracket(2)), [ok("{}"), told(open)]);
        let more = "is behind the end of the reply: a file has one reply.";
        for text in ["{}]}{\"items\":[{}]}", "{}],\"a\":[1,{\"b\":\"]}\"}]}\n x"] {
            assert_eq!(
                all(text, End::InnerBracket(1)),
                [ok("{}"), told(more)],
                "{text}"
            );
        }
        let long = format!("{{\"a\":\"{}\"}},{{}}]", "x".repeat(80));
        let long = all(&long, End::Bracket);
        assert_eq!(long, [told("is longer than 0 KiB."), ok("{}")]);
    }
}
