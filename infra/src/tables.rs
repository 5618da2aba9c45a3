//! The tables of documents that follow from a page of the code.

use std::fs;
use std::path::Path;

use crate::{events, mails};

/// A table of a document, and how its lines are made.
struct Table {
    /// The path of the document.
    path: &'static str,
    /// The folder or file that it follows from.
    source: &'static str,
    lines: fn() -> String,
}

/// Every table.
const TABLES: [Table; 2] = [
    Table {
        path: "docs/events.md",
        source: "shared/api/src/event",
        lines: events::table,
    },
    Table {
        path: "docs/mail.md",
        source: "shared/api/src/mail.rs",
        lines: mails::table,
    },
];

/// The line that ends a table.
const END: &str = "<!-- end -->\n";

/// The documents of the project in `root`, each with a fresh table. A project of collections alone has none.
///
/// # Errors
/// One line: the marks are not in a document, each once.
pub(crate) fn refreshed(root: &Path) -> Result<Vec<(&'static str, String)>, String> {
    let present = |table: &Table| {
        let page = fs::read_to_string(root.join(table.path)).ok()?;
        Some(renewed(table, &page).map(|page| (table.path, page)))
    };
    TABLES.iter().filter_map(present).collect()
}

/// The document with the table of today.
fn renewed(table: &Table, page: &str) -> Result<String, String> {
    let begin = format!("<!-- by cargo generate, from {} -->\n", table.source);
    let around = page.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let Some((before, after)) = around else {
        return Err(format!(
            "{}: its table stands between `{}` and `{}`.",
            table.path,
            begin.trim_end(),
            END.trim_end()
        ));
    };
    Ok([before, &begin, &(table.lines)(), END, after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_table_between_its_marks() {
        for table in &TABLES {
            let begin = format!("<!-- by cargo generate, from {} -->\n", table.source);
            let page = |inside: &str| ["# Page\n\n", &begin, inside, END, "\nMore.\n"].concat();
            let fresh = renewed(table, &page("| old |\n")).expect("refreshed");
            assert_eq!(fresh, page(&(table.lines)()));
            assert_eq!(renewed(table, &fresh), Ok(fresh.clone()));
            assert!(renewed(table, "# Page\n").is_err());
        }
    }
}
