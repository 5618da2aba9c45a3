//! The rows of a CSV file (RFC 4180), one at a time, in bounded memory. The first one names the columns.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::lines::too_long;

/// A row, by the number of the line that it begins in.
#[derive(Debug, PartialEq)]
pub(super) struct TableRow {
    pub(super) number: u64,
    /// The cells that are not empty, by their columns, or the problem of the row.
    pub(super) cells: Result<Map<String, Value>, String>,
}

/// Reads rows.
pub(super) struct Table<R> {
    reader: R,
    delimiter: u8,
    /// The most bytes of a row.
    most: usize,
    columns: Vec<String>,
    line: u64,
    read: u64,
}

/// The bytes of a row, or the problem of it.
type Cells = Result<Vec<Vec<u8>>, String>;

impl<R: BufRead> Table<R> {
    /// Reads the names of the columns.
    ///
    /// # Errors
    /// Those of the reader, or the problem of the first row in words.
    pub(super) fn new(reader: R, delimiter: u8, most: usize) -> Result<Self, String> {
        let mut table = Self {
            reader,
            delimiter,
            most,
            columns: Vec::new(),
            line: 1,
            read: 0,
        };
        let first = table.cells().map_err(|error| error.to_string())?;
        let (_, cells) = first.ok_or("has no row")?;
        for cell in cells? {
            let name = String::from_utf8(cell).map_err(|_| "its first line is not UTF-8")?;
            let name = name.trim().to_owned();
            if name.is_empty() {
                return Err("a column of its first line has no name".to_owned());
            }
            if table.columns.contains(&name) {
                return Err(format!(
                    "two columns of its first line have the name {name}"
                ));
            }
            table.columns.push(name);
        }
        Ok(table)
    }

    /// How many bytes have been read.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// The next row that is not blank; `None` at the end.
    ///
    /// # Errors
    /// Those of the reader.
    pub(super) fn next(&mut self) -> io::Result<Option<TableRow>> {
        let Some((number, cells)) = self.cells()? else {
            return Ok(None);
        };
        let cells = cells.and_then(|cells| self.named(cells));
        Ok(Some(TableRow { number, cells }))
    }

    fn named(&self, cells: Vec<Vec<u8>>) -> Result<Map<String, Value>, String> {
        let (has, wants) = (cells.len(), self.columns.len());
        if has != wants {
            return Err(format!("has {has} cells, and the first line has {wants}."));
        }
        let mut row = Map::new();
        for (name, cell) in self.columns.iter().zip(cells) {
            let text = String::from_utf8(cell).map_err(|_| "is not UTF-8")?;
            if !text.is_empty() {
                row.insert(name.clone(), Value::String(text));
            }
        }
        Ok(row)
    }

    /// The cells of the next row that is not blank, with the line that it begins in.
    fn cells(&mut self) -> io::Result<Option<(u64, Cells)>> {
        let mut row = Gathered::new(self.most);
        let (mut state, mut begins) = (State::Start, self.line);
        loop {
            let Some(byte) = self.byte()? else {
                if row.is_blank() && state == State::Start {
                    return Ok(None);
                }
                let outcome = match state {
                    State::Quoted => Err("is cut off: the file ends inside a quote.".to_owned()),
                    _ => row.cells(),
                };
                return Ok(Some((begins, outcome)));
            };
            row.size += 1;
            self.line += u64::from(byte == b'\n');
            state = match (state, byte) {
                (State::Quoted, b'"') => State::Closed,
                (State::Quoted, _) | (State::Closed, b'"') => {
                    row.keep(byte);
                    State::Quoted
                }
                (State::Start, b'"') => State::Quoted,
                (_, b'\r') => state,
                (State::Start, b'\n') if row.is_blank() => {
                    begins = self.line;
                    row.size = 0;
                    State::Start
                }
                (_, b'\n') => return Ok(Some((begins, row.cells()))),
                (_, byte) if byte == self.delimiter => {
                    row.end_cell();
                    State::Start
                }
                (_, byte) => {
                    row.keep(byte);
                    State::Plain
                }
            };
        }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.reader.fill_buf()?.first().copied();
        if byte.is_some() {
            self.reader.consume(1);
            self.read += 1;
        }
        Ok(byte)
    }
}

/// The place in a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    Closed,
}

/// The cells of a row so far. Nothing is kept of a row that is too long, be it of cells without a byte.
struct Gathered {
    cells: Vec<Vec<u8>>,
    cell: Vec<u8>,
    size: usize,
    most: usize,
}

impl Gathered {
    fn new(most: usize) -> Self {
        Self {
            cells: Vec::new(),
            cell: Vec::new(),
            size: 0,
            most,
        }
    }

    fn is_blank(&self) -> bool {
        self.cells.is_empty() && self.cell.is_empty()
    }

    fn keep(&mut self, byte: u8) {
        if self.size <= self.most {
            self.cell.push(byte);
        }
    }

    fn end_cell(&mut self) {
        if self.size <= self.most {
            self.cells.push(std::mem::take(&mut self.cell));
        }
    }

    /// The cells of the whole row.
    fn cells(mut self) -> Cells {
        if self.size > self.most {
            return Err(too_long(self.most));
        }
        self.cells.push(self.cell);
        Ok(self.cells)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use serde_json::json;

    use super::*;

    fn all(text: &[u8], delimiter: u8) -> Vec<(u64, Result<Value, String>)> {
        let reader = BufReader::with_capacity(3, text);
        let mut table = Table::new(reader, delimiter, 64).expect("columns");
        let mut found = Vec::new();
        while let Some(row) = table.next().expect("read") {
            found.push((row.number, row.cells.map(Value::Object)));
        }
        assert_eq!(table.read(), text.len() as u64);
        found
    }

    #[test]
    fn a_row_has_its_cells_by_the_columns() {
        let text = b"id,\"the name\",note\r\n1,Ada,\"a \"\"b\"\", c\nd\"\r\n\r\n2,,\"\"\n3,x,y";
        let expected = [
            (
                2,
                Ok(json!({ "id": "1", "the name": "Ada", "note": "a \"b\", c\nd" })),
            ),
            (5, Ok(json!({ "id": "2" }))),
            (6, Ok(json!({ "id": "3", "the name": "x", "note": "y" }))),
        ];
        assert_eq!(all(text, b','), expected);
        let tabs = all(b"a\tb\n1\t2\n", b'\t');
        assert_eq!(tabs, [(2, Ok(json!({ "a": "1", "b": "2" })))]);
        assert_eq!(all(b"a,b\n", b','), []);
    }

    #[test]
    fn a_row_that_does_not_fit_is_told_and_the_next_one_is_read() {
        let long = format!("a,b\n1,{}\n1,2,3\n1\n1,2\n", "x".repeat(80));
        let found = all(long.as_bytes(), b',');
        let told = |reason: &str| Err(reason.to_owned());
        assert_eq!(found[0], (2, told("is longer than 0 KiB.")));
        let cells = "has 3 cells, and the first line has 2.";
        assert_eq!(found[1], (3, told(cells)));
        assert_eq!(found[2].0, 4);
        assert_eq!(found[3], (5, Ok(json!({ "a": "1", "b": "2" }))));
        let latin = all(b"a,b\n\xff,1\n", b',');
        assert_eq!(latin, [(2, told("is not UTF-8"))]);
        let cut = all(b"a,b\n1,\"2\n", b',');
        assert_eq!(
            cut,
            [(2, told("is cut off: the file ends inside a quote."))]
        );
    }

    #[test]
    fn a_row_of_too_many_cells_is_not_kept() {
        let mut row = Gathered::new(64);
        for _ in 0..1_000 {
            row.size += 1;
            row.end_cell();
        }
        assert_eq!(row.cells.len(), 64);
        assert_eq!(row.cells(), Err("is longer than 0 KiB.".to_owned()));
        let found = all(format!("a,b\n{}\n1,2\n", ",".repeat(80)).as_bytes(), b',');
        assert_eq!(found[1], (3, Ok(json!({ "a": "1", "b": "2" }))));
    }

    #[test]
    fn the_first_line_names_every_column_once() {
        for (text, reason) in [
            (&b"a,,b\n"[..], "has no name"),
            (b"a,a\n", "two columns"),
            (b"", "has no row"),
            (b"a,\xff\n", "not UTF-8"),
        ] {
            let refused = Table::new(text, b',', 64).map(|_| ()).expect_err("refused");
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
