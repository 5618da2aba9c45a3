//! The form of a file, by its first bytes.

use super::elements::{End, Nesting};

/// The byte order mark of UTF-8.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// The members of an object that hold the rows.
const LISTS: [&str; 6] = ["users", "items", "records", "data", "results", "rows"];

/// The members that stand beside such a list, in the replies of the systems that people move from.
const BESIDE: [&str; 18] = [
    "aud",
    "page",
    "perPage",
    "limit",
    "total",
    "totalItems",
    "totalPages",
    "count",
    "pagination",
    "nextCursor",
    "nextPage",
    "lastPage",
    "hasNext",
    "hasPrev",
    "success",
    "message",
    "statusCode",
    "error",
];

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A JSON object in each line.
    Lines,
    /// A list of JSON objects, whose first one follows this byte.
    List(usize, End),
    /// JSON objects one after the other, over many lines.
    Objects,
    /// CSV, with this character between two cells.
    Table(u8),
}

/// The form of a file with this start. `is_csv` says that its name is that of a CSV file.
///
/// # Errors
/// The kind of the file, and the way to convert it, as the end of a sentence.
pub(super) fn of(head: &[u8], is_csv: bool) -> Result<Form, String> {
    refuse_binary(head)?;
    let text = head.strip_prefix(MARK).unwrap_or(head);
    let start = head.len() - text.trim_ascii_start().len();
    let text = text.trim_ascii_start();
    let (Some(first), line) = (text.first(), first_line(text)) else {
        return Err("is empty: export it again".to_owned());
    };
    match first {
        b'[' => Ok(Form::List(start + 1, End::Bracket)),
        b'{' => Ok(match inner_list(text, true) {
            Some((at, around)) if !has_more(text) => {
                Form::List(start + at, End::InnerBracket(around))
            }
            _ if line == b"{" => Form::Objects,
            _ => Form::Lines,
        }),
        b'<' => Err("is XML or HTML: export JSON lines or CSV".to_owned()),
        _ if is_sql(line) => {
            Err("is SQL: export the table as CSV, such as with psql and \\copy".to_owned())
        }
        _ if line.contains(&b'\r') => {
            Err("ends its lines with CR alone: convert it, such as with tr '\\r' '\\n'".to_owned())
        }
        _ => delimiter(line, is_csv).map(Form::Table).ok_or_else(|| {
            "is neither JSON nor CSV: export JSON lines, a JSON list, or CSV in a file named .csv"
                .to_owned()
        }),
    }
}

/// Refuses a file that is no text of UTF-8.
fn refuse_binary(head: &[u8]) -> Result<(), String> {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || is_wide(head) {
        return Err("is UTF-16: make it UTF-8, such as with iconv -f UTF-16 -t UTF-8".to_owned());
    }
    for (magic, reason) in [
        (
            &b"SQLite format 3\0"[..],
            "is a database of SQLite: export the table with sqlite3 -json",
        ),
        (
            b"PK\x03\x04",
            "is a ZIP archive: unpack it and name the file in it",
        ),
        (b"\x1f\x8b", "is compressed: unpack it with gunzip"),
        (
            b"PGDMP",
            "is a dump of pg_dump in its own form: export the table as CSV",
        ),
    ] {
        if head.starts_with(magic) {
            return Err(reason.to_owned());
        }
    }
    if head.contains(&0) {
        return Err("is binary: export JSON lines or CSV".to_owned());
    }
    Ok(())
}

/// Whether every second byte is zero, as in UTF-16 without a mark.
fn is_wide(head: &[u8]) -> bool {
    let some = head.get(..head.len().min(64)).unwrap_or_default();
    let zeros = |at: usize| {
        some.iter()
            .skip(at)
            .step_by(2)
            .filter(|it| **it == 0)
            .count()
    };
    let half = some.len() / 2;
    half > 1 && ((zeros(0) == half && zeros(1) == 0) || (zeros(1) == half && zeros(0) == 0))
}

fn first_line(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| *byte == b'\n');
    let line = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    line.trim_ascii_end()
}

/// Whether an object stands in a line of its own, and others follow: each is a row.
fn has_more(text: &[u8]) -> bool {
    let mut nesting = Nesting::default();
    let end = text.iter().position(|byte| {
        nesting.pass(*byte);
        nesting.depth == 0
    });
    let rest = end.and_then(|end| text.get(end + 1..)).unwrap_or_default();
    rest.trim_ascii_start().first() == Some(&b'{')
}

/// The place behind the bracket of a list within an object that has nothing beside it but what replies have. With it comes how
/// many objects are around the list. Where the object `nests`, its `data` may be another one of that kind.
fn inner_list(text: &[u8], nests: bool) -> Option<(usize, usize)> {
    let (mut at, mut found) = (1, None);
    loop {
        at += blank(text.get(at..)?, b",");
        match text.get(at) {
            // The start of a file ends before the object does.
            None | Some(b'}') => return found,
            Some(_) => {}
        }
        let name = string(text.get(at..)?)?;
        at += name.len() + 2;
        at += blank(text.get(at..)?, b"");
        if text.get(at) != Some(&b':') {
            return None;
        }
        at += 1 + blank(text.get(at + 1..)?, b"");
        let name = std::str::from_utf8(name).ok()?;
        let value = text.get(at..)?;
        if found.is_none() && LISTS.contains(&name) && value.first() == Some(&b'[') {
            let inside = value.get(1..)?;
            let first = inside.get(blank(inside, b""));
            if !matches!(first, Some(b'{' | b']') | None) {
                return None;
            }
            found = Some((at + 1, 1));
        } else if nests && found.is_none() && name == "data" && value.first() == Some(&b'{') {
            let (inside, around) = inner_list(value, false)?;
            found = Some((at + inside, around + 1));
        } else if !BESIDE.contains(&name) {
            return None;
        }
        match length(value) {
            Some(length) => at += length,
            None => return found,
        }
    }
}

/// How many bytes of space stand at the start, and of these.
fn blank(text: &[u8], besides: &[u8]) -> usize {
    let is_blank = |byte: &&u8| byte.is_ascii_whitespace() || besides.contains(byte);
    text.iter().take_while(is_blank).count()
}

/// The bytes between the quotes of a text that begins with one.
fn string(text: &[u8]) -> Option<&[u8]> {
    let inside = text.strip_prefix(b"\"")?;
    let end = inside
        .iter()
        .position(|byte| *byte == b'"' || *byte == b'\\')?;
    inside.get(..end).filter(|_| inside.get(end) == Some(&b'"'))
}

/// The bytes of a JSON value that stands at the start.
fn length(text: &[u8]) -> Option<usize> {
    let mut nesting = Nesting::default();
    let is_nested = matches!(text.first(), Some(b'{' | b'[' | b'"'));
    text.iter().enumerate().find_map(|(at, byte)| {
        nesting.pass(*byte);
        let is_over = nesting.depth == 0 && !nesting.is_string();
        match is_nested {
            true => is_over.then_some(at + 1),
            false => matches!(byte, b',' | b'}').then_some(at),
        }
    })
}

fn is_sql(line: &[u8]) -> bool {
    let starts = [
        "--", "/*", "COPY ", "INSERT ", "BEGIN", "SET ", "CREATE ", "PRAGMA ",
    ];
    let line = String::from_utf8_lossy(line).to_ascii_uppercase();
    starts.iter().any(|start| line.starts_with(start))
}

/// The character between the names of columns; `None` where the line has no such names.
fn delimiter(line: &[u8], is_csv: bool) -> Option<u8> {
    let count = |of: u8| line.iter().filter(|byte| **byte == of).count();
    let delimiter = *b",;\t"
        .iter()
        .max_by_key(|it| (count(**it), **it == b','))?;
    let is_name = |cell: &[u8]| {
        let cell = cell.trim_ascii();
        let inside = cell
            .strip_prefix(b"\"")
            .and_then(|it| it.strip_suffix(b"\""));
        let cell = inside.unwrap_or(cell);
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.$ ".contains(byte);
        !cell.is_empty() && !cell.first().is_some_and(u8::is_ascii_digit) && cell.iter().all(fits)
    };
    let cells: Vec<&[u8]> = line.split(|byte| *byte == delimiter).collect();
    let are_names = cells.iter().all(|cell| is_name(cell));
    (is_csv || are_names && cells.len() > 1).then_some(delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_told_by_the_content() {
        let list = |at, end| Form::List(at, end);
        let (own, inner, innermost) = (End::Bracket, End::InnerBracket(1), End::InnerBracket(2));
        for (text, form) in [
            ("{\"email\":\"a\"}\n{}", Form::Lines),
            ("{\"items\":[{}],\"email\":\"a\"}", Form::Lines),
            ("{\"items\":[{}]}\n{\"items\":[]}", Form::Lines),
            ("{\"items\":[1]}", Form::Lines),
            ("{\"email\":", Form::Lines),
            ("{\"data\":{\"items\":[{}],\"x\":1}}", Form::Lines),
            ("{\"data\":{\"data\":{\"items\":[{}]}}}", Form::Lines),
            ("{\"data\":{\"a\":1}}", Form::Lines),
            (" [", list(2, own)),
            ("\u{feff}[{}]", list(4, own)),
            ("{\"users\":[]}", list(10, inner)),
            ("{ \"users\" : [ {\"a\":1},\n{", list(13, inner)),
            (
                "{\"page\":1,\"pagination\":{\"a\":[\"]\"]},\"items\":[{}]}",
                list(44, inner),
            ),
            (
                "{\"success\":true,\"message\":\"a \\\"b\",\"data\":[{}]}",
                list(42, inner),
            ),
            ("{\n\"users\": [\n{}]}", list(12, inner)),
            (
                "{\"success\":true,\"data\":{\"items\":[{}],\"total\":1}}",
                list(33, innermost),
            ),
            (
                "{\"data\":{\"users\":[{}]},\"error\":null}",
                list(18, innermost),
            ),
            ("{\n  \"a\": 1\n}\n{\n}", Form::Objects),
            ("id,email", Form::Table(b',')),
            ("\"id\",\"the name\"\n1,2", Form::Table(b',')),
            ("id;email;a", Form::Table(b';')),
            ("id\temail", Form::Table(b'\t')),
        ] {
            assert_eq!(of(text.as_bytes(), false), Ok(form), "{text}");
        }
        assert_eq!(of(b"title\n", true), Ok(Form::Table(b',')));
    }

    #[test]
    fn what_cannot_be_read_says_what_it_is_and_what_to_do() {
        let wide: Vec<u8> = "{\"email\"".bytes().flat_map(|byte| [byte, 0]).collect();
        let other: Vec<u8> = "{\"email\"".bytes().flat_map(|byte| [0, byte]).collect();
        for (bytes, reason) in [
            (&b""[..], "is empty"),
            (b" \n\t\n", "is empty"),
            (MARK, "is empty"),
            (b"\xff\xfe{\0", "is UTF-16"),
            (b"\xfe\xff\0{", "is UTF-16"),
            (&wide, "is UTF-16"),
            (&other, "is UTF-16"),
            (b"SQLite format 3\0\x10", "sqlite3 -json"),
            (b"PK\x03\x04\x14", "unpack it"),
            (b"\x1f\x8b\x08", "gunzip"),
            (b"PGDMP\x01", "as CSV"),
            (b"\x89PNG\0\0\x0d", "is binary"),
            (b"<html>", "is XML or HTML"),
            (b"--\n-- PostgreSQL database dump", "is SQL"),
            (b"copy auth.users (id) from stdin;", "is SQL"),
            (b"INSERT INTO users VALUES", "is SQL"),
            (b"not JSON", "is neither JSON nor CSV"),
            (b"x", "is neither JSON nor CSV"),
            (b"1,2", "is neither JSON nor CSV"),
            (b"\xef\xbb\xbf \"x\"", "is neither JSON nor CSV"),
            (b"id,email\r1,a\r", "tr '\\r' '\\n'"),
        ] {
            let refused = of(bytes, false).expect_err("refused");
            assert!(refused.contains(reason), "{refused}");
        }
        let refused = of(b"title\rA\r", true).expect_err("refused");
        assert!(refused.contains("CR alone"), "{refused}");
    }
}
