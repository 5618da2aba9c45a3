//! The rows of a file that another system wrote: a user or a record each. JSON lines, a JSON list, a list within an object, and
//! CSV are told apart by their content.

mod elements;
mod form;
mod lines;
mod moment;
mod table;
mod typed;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use serde_json::{Map, Value};

use self::elements::{Elements, End};
use self::form::Form;
use self::lines::{Line, Lines};
use self::table::Table;

pub(crate) use self::moment::moment;
pub(crate) use self::typed::{array_of_postgres, plain, truth, typed};

/// The bytes at the start of a file by which its form is told.
const HEAD: u64 = 64 * 1024;

/// A user or a record of a file.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    /// Its line, or its place in a list, from 1.
    pub(crate) number: u64,
    /// Its members, or the reason why they cannot be read.
    pub(crate) fields: Result<Map<String, Value>, String>,
}

/// Reads rows.
pub(crate) struct Rows {
    reader: Reader,
    /// The bytes before the first row that the reader does not see.
    skipped: u64,
    size: u64,
}

type Source = Box<dyn BufRead>;

enum Reader {
    Lines(Lines<Source>),
    Elements(Elements<Source>),
    Table(Table<Source>),
}

impl Rows {
    /// Opens a file. A row has at most `most` bytes.
    ///
    /// # Errors
    /// One line that says what the file is, and what to do.
    pub(crate) fn open(path: &Path, most: usize) -> Result<Self, String> {
        let name = path.display();
        let named = |error: io::Error| format!("{name}: {error}");
        let mut file = File::open(path).map_err(named)?;
        let data = file.metadata().map_err(named)?;
        if data.is_dir() {
            return Err(format!("{name} is a folder: name a file in it"));
        }
        let mut head = Vec::new();
        let mut start = Read::by_ref(&mut file).take(HEAD);
        start.read_to_end(&mut head).map_err(named)?;
        let has_names = path
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("csv"));
        let rows = Self::of(head, file, (data.len(), most), has_names);
        rows.map_err(|reason| format!("{name} {reason}"))
    }

    /// The rows of a file with this start and rest. `is_csv` says that its name is that of a CSV file.
    fn of(
        mut head: Vec<u8>,
        rest: impl Read + 'static,
        (size, most): (u64, usize),
        is_csv: bool,
    ) -> Result<Self, String> {
        let form = form::of(&head, is_csv)?;
        let skipped = match form {
            Form::List(at, _) => at,
            _ => 0,
        };
        // The byte order mark that some editors write.
        let mark = usize::from(head.starts_with(form::MARK)) * form::MARK.len();
        let skipped = skipped.max(mark);
        head.drain(..skipped);
        let source: Source = Box::new(BufReader::new(Cursor::new(head).chain(rest)));
        let reader = match form {
            Form::Lines => Reader::Lines(Lines::new(source, most)),
            Form::List(_, end) => Reader::Elements(Elements::new(source, end, most)),
            Form::Objects => Reader::Elements(Elements::new(source, End::File, most)),
            Form::Table(delimiter) => {
                let table = Table::new(source, delimiter, most);
                Reader::Table(table.map_err(|reason| format!("is no CSV: {reason}"))?)
            }
        };
        Ok(Self {
            reader,
            skipped: skipped as u64,
            size,
        })
    }

    /// The next row that is not blank; `None` at the end.
    ///
    /// # Errors
    /// Those of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<Row>> {
        let line = match &mut self.reader {
            Reader::Lines(lines) => lines.next()?,
            Reader::Elements(elements) => elements.next()?,
            Reader::Table(table) => {
                let row = table.next()?;
                return Ok(row.map(|row| Row {
                    number: row.number,
                    fields: row.cells,
                }));
            }
        };
        Ok(line.map(|line: Line| Row {
            number: line.number,
            fields: line.text.and_then(|text| object(&text)),
        }))
    }

    /// How much of the file has been read, in percent.
    pub(crate) fn percent(&self) -> u64 {
        let read = match &self.reader {
            Reader::Lines(lines) => lines.read(),
            Reader::Elements(elements) => elements.read(),
            Reader::Table(table) => table.read(),
        };
        let read = self.skipped + read;
        (read * 100).checked_div(self.size).unwrap_or(100).min(100)
    }

    /// The word for a row of this file, beside its number.
    pub(crate) fn word(&self) -> &'static str {
        match &self.reader {
            Reader::Elements(_) => "entry",
            Reader::Lines(_) | Reader::Table(_) => "line",
        }
    }

    /// Whether every member of a row is a text, whatever it means.
    pub(crate) fn are_texts(&self) -> bool {
        matches!(&self.reader, Reader::Table(_))
    }
}

/// The members of a JSON object.
///
/// # Errors
/// The problem, as the end of a sentence. It names a place, but none of the content.
pub(crate) fn object(text: &[u8]) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "is not UTF-8")?;
    let value = api::value::parse(text)
        .map_err(|error| format!("is not JSON: character {}", error.column()))?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err("is not a JSON object".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &[u8], is_csv: bool) -> Result<Vec<(&'static str, u64, Value)>, String> {
        let (head, rest) = text.split_at(text.len().min(40));
        let size = (text.len() as u64, 1 << 20);
        let rest = Cursor::new(rest.to_vec());
        let mut rows = Rows::of(head.to_vec(), rest, size, is_csv)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().expect("read") {
            let fields = row.fields.map_or_else(Value::String, Value::Object);
            found.push((rows.word(), row.number, fields));
        }
        assert_eq!(rows.percent(), 100);
        Ok(found)
    }

    #[test]
    fn one_user_is_the_same_in_every_form() {
        let user = || json!({ "email": "a@b" });
        for (text, word, number) in [
            ("{\"email\":\"a@b\"}\n", "line", 1),
            ("\u{feff}{\"email\":\"a@b\"}", "line", 1),
            ("[{\"email\":\"a@b\"}]", "entry", 1),
            ("\u{feff} [ {\"email\":\"a@b\"} ]", "entry", 1),
            (
                "{\"users\":[{\"email\":\"a@b\"}],\"aud\":\"x\"}",
                "entry",
                1,
            ),
            ("{\"data\":{\"users\":[{\"email\":\"a@b\"}]}}", "entry", 1),
            ("{\n  \"email\": \"a@b\"\n}\n", "entry", 1),
            ("email,name\na@b,\n", "line", 2),
            ("\u{feff}email;name\r\na@b;\r\n", "line", 2),
        ] {
            assert_eq!(
                read(text.as_bytes(), false),
                Ok(vec![(word, number, user())]),
                "{text}"
            );
        }
        let one = read(b"email\na@b\n", true);
        assert_eq!(one, Ok(vec![("line", 2, user())]));
    }

    #[test]
    fn pages_in_one_file_are_told_although_its_start_shows_only_the_first() {
        let (page, size) = ("{\"items\":[{\"email\":\"a@b.example.com\",\"a\":1}]}\n", 2);
        let found = read(page.repeat(size).as_bytes(), false).expect("rows");
        assert_eq!(found.len(), 2);
        let told = "is behind the end of the reply: a file has one reply.";
        assert_eq!(found[1], ("entry", 2, json!(told)));
    }

    #[test]
    fn a_row_that_is_no_object_says_so_and_none_of_its_content() {
        let found = read(b"{\"email\":\"secret\n[]\n\"x\"\n{\"a\":1}\n", false).expect("rows");
        let told: Vec<String> = found.iter().map(|(_, _, it)| it.to_string()).collect();
        assert!(told[0].contains("is not JSON: character"), "{told:?}");
        assert!(!told[0].contains("secret"), "{told:?}");
        assert!(told[1].contains("is not a JSON object"), "{told:?}");
        assert_eq!(found[3], ("line", 4, json!({ "a": 1 })));
    }

    #[test]
    fn a_folder_or_no_file_is_one_line() {
        let folder = std::env::temp_dir();
        let refused = Rows::open(&folder, 9).map(|_| ()).expect_err("refused");
        assert!(
            refused.ends_with("is a folder: name a file in it"),
            "{refused}"
        );
        let none = Rows::open(&folder.join("no-such-file"), 9).map(|_| ());
        assert!(none.expect_err("refused").contains("No such file"));
    }
}
