//! No file names an endpoint except its own folder, the page and the tests. A fact of one endpoint belongs in its
//! entry, and all other code asks the page.
//!
//! The rule, for the code of a file without its unit tests and its comments:
//!
//! - A name with a hyphen (`records-get`) is nothing else than an endpoint's, so no whole string may be one.
//! - A name of one word (`login`, `health`, `refresh`) is an ordinary word as well: a caption, a cookie, a path that no
//!   collection may have. It names an endpoint where a decision depends on it: in a pattern (`"login" =>`), in a
//!   comparison, alone as a call's argument (`contains("login")`). So does a name in a list beside another endpoint's
//!   name.
//! - The type of an endpoint (`endpoints::Login`) is for its own function.
//!
//! The reasons of changes and the kinds of mails are words of the wire, and some are spelled as an endpoint.
//!
//! A script or a YAML file may not hold a name with a hyphen at all, nor a quoted one that something is compared with.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use api::endpoints::PAGE;
use infra::names::pascal;
use infra::plans::root;

/// The closed list of reasons, and the reasons in it that are spelled as an endpoint. Items and events hold them, so
/// they stay where the endpoint is renamed.
const REASONS: (&str, &[&str]) = (
    "shared/api/src/event/reason.rs",
    &[
        "password-change",
        "password-reset",
        "sessions-end",
        "email-change",
        "magic-link",
        "verify-email",
    ],
);

/// The closed list of mails, and the kinds in it that are spelled as an endpoint. Items, settings and templates hold them.
const KINDS: (&str, &[&str]) = (
    "shared/api/src/mail.rs",
    &[
        "verify-email",
        "password-reset",
        "magic-link",
        "email-change",
    ],
);

/// A piece of a source file.
#[derive(Debug, PartialEq)]
enum Piece {
    /// The content of a string.
    Text(String),
    /// Code between two strings, without comments and white space.
    Code(String),
}

/// Takes a file apart; `comment` begins a comment that ends with its line.
fn pieces(source: &str, comment: &str) -> Vec<Piece> {
    let (mut pieces, mut code, mut rest) = (Vec::new(), String::new(), source);
    while let Some(next) = rest.chars().next() {
        let raw = raw_string(rest).filter(|_| !code.ends_with(|c: char| c.is_alphanumeric()));
        if rest.starts_with(comment) {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if let Some((text, length)) = raw.or_else(|| string(rest)) {
            pieces.push(Piece::Code(std::mem::take(&mut code)));
            pieces.push(Piece::Text(text.to_owned()));
            rest = &rest[length..];
        } else {
            // A character, such as the quotation mark itself, is no string.
            let length = ["'\"'", "'\\\"'"].iter().find(|it| rest.starts_with(**it));
            if !next.is_whitespace() {
                code.push(next);
            }
            rest = &rest[length.map_or(next.len_utf8(), |it| it.len())..];
        }
    }
    pieces.push(Piece::Code(code));
    pieces
}

/// The raw string at the start of `rest`, and how much of it is taken.
fn raw_string(rest: &str) -> Option<(&str, usize)> {
    let hashes = rest.strip_prefix('r')?;
    let marks = hashes.len() - hashes.trim_start_matches('#').len();
    let content = hashes[marks..].strip_prefix('"')?;
    let end = content.find(&format!("\"{}", "#".repeat(marks)))?;
    Some((&content[..end], 1 + marks + 1 + end + 1 + marks))
}

/// The string at the start of `rest`, and how much of it is taken.
fn string(rest: &str) -> Option<(&str, usize)> {
    let content = rest.strip_prefix('"')?;
    let mut escaped = false;
    let end = content.find(|c: char| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    Some((&content[..end], 1 + end + 1))
}

/// The shipped part of a Rust file: its unit tests are at its end.
fn shipped(source: &str) -> &str {
    source
        .find("#[cfg(test)]\nmod tests {")
        .map_or(source, |end| &source[..end])
}

/// The endpoints that a file names.
fn named(pieces: &[Piece], names: &BTreeSet<&str>) -> Vec<String> {
    let code = |at: Option<usize>| match at.and_then(|at| pieces.get(at)) {
        Some(Piece::Code(code)) => code.as_str(),
        _ => "",
    };
    let text = |at: Option<usize>| match at.and_then(|at| pieces.get(at)) {
        Some(Piece::Text(text)) => text.as_str(),
        _ => "",
    };
    let mut found = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let Piece::Text(name) = piece else { continue };
        if !names.contains(name.as_str()) {
            continue;
        }
        let (before, after) = (code(at.checked_sub(1)), code(at.checked_add(1)));
        let listed = (before == "," && names.contains(text(at.checked_sub(2))))
            || (after == "," && names.contains(text(at.checked_add(2))));
        let compared = ["==", "!=", "|", "in"]
            .iter()
            .any(|it| before.ends_with(it))
            || ["=>", "==", "!=", "|", "if", "in"]
                .iter()
                .any(|it| after.starts_with(it));
        let alone = before.ends_with('(') && after.starts_with(')');
        if name.contains('-') || listed || compared || alone {
            found.push(format!("{name:?}"));
        }
    }
    found
}

/// The endpoints that a file names by their types.
fn typed(pieces: &[Piece], types: &BTreeSet<String>) -> Vec<String> {
    let code = pieces.iter().filter_map(|piece| match piece {
        Piece::Code(code) => Some(code.as_str()),
        Piece::Text(_) => None,
    });
    let mut found = Vec::new();
    for code in code {
        for after in code.split("endpoints::").skip(1) {
            let used = match after.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap_or(group),
                None => after
                    .split(|c: char| !c.is_alphanumeric())
                    .next()
                    .unwrap_or(after),
            };
            let used = used.split(',').filter(|used| types.contains(*used));
            found.extend(used.map(|used| format!("endpoints::{used}")));
        }
    }
    found
}

/// The names with a hyphen that a script or a YAML file has outside its comments.
fn written<'a>(source: &str, names: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let words: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-'))
        .collect();
    let hyphened = names.iter().copied().filter(|name| name.contains('-'));
    hyphened.filter(|name| words.contains(name)).collect()
}

/// Every source file of the project that may not name an endpoint, as its path from the root.
fn files() -> io::Result<Vec<PathBuf>> {
    let mut files = vec![PathBuf::from(".ci/run")];
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = folder.join(&name);
            if entry.file_type()?.is_dir() {
                let apart = ["target", "tests", "node_modules"].contains(&name.as_str())
                    || name.starts_with('.')
                    || path == Path::new("functions");
                if !apart {
                    folders.push(path);
                }
            } else if is_source(&path) {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// Whether a file is source, and neither the page, nor generated, nor a test. The reasons of changes are apart:
/// some are called as endpoints are, and no decision about an endpoint depends on them.
fn is_source(path: &Path) -> bool {
    let apart = [
        "shared/api/src/endpoints.rs",
        "shared/api/src/event/reason.rs",
        "template.yaml",
        "clients/example/template.yaml",
    ];
    let extension = path.extension().and_then(|it| it.to_str());
    matches!(extension, Some("rs" | "py" | "yaml" | "sh"))
        && !apart.iter().any(|it| path == Path::new(it))
        && path.file_name().is_none_or(|name| name != "tests.rs")
}

fn names() -> BTreeSet<&'static str> {
    PAGE.iter().map(|entry| entry.name).collect()
}

#[test]
fn no_file_names_an_endpoint_but_its_folder_the_page_and_the_tests() {
    let names = names();
    let types: BTreeSet<String> = names.iter().map(|name| pascal(name)).collect();
    let files = files().expect("readable folders");
    assert!(files.len() > 100, "only {} files were found", files.len());
    let mut wrong = Vec::new();
    for path in files {
        let mut names = names.clone();
        for (file, words) in [REASONS, KINDS] {
            if path == Path::new(file) {
                names.retain(|name| !words.contains(name));
            }
        }
        let source = fs::read_to_string(root().join(&path)).expect("UTF-8");
        let found = if path.extension().is_some_and(|it| it == "rs") {
            let pieces = pieces(shipped(&source), "//");
            [named(&pieces, &names), typed(&pieces, &types)].concat()
        } else {
            let quoted = pieces(&source.replace('\'', "\""), "#");
            let written = written(&source, &names).into_iter().map(str::to_owned);
            named(&quoted, &names).into_iter().chain(written).collect()
        };
        wrong.extend(
            found
                .into_iter()
                .map(|name| format!("{}: {name}", path.display())),
        );
    }
    assert!(
        wrong.is_empty(),
        "what is true of one endpoint belongs into its entry on the page:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_name_is_told_from_an_ordinary_word() {
    let names = BTreeSet::from(["login", "refresh", "records-get"]);
    let found = |source: &str| named(&pieces(source, "//"), &names);
    for source in [
        r#"const READS: &str = "records-get";"#,
        r#"match name { "login" => 1, _ => 2 }"#,
        r#"match name { "other" | "login" => 1, _ => 2 }"#,
        r#"if entry.name == "login" {}"#,
        r#"if entry.name != "refresh" {}"#,
        r#"names.contains(&name("login"))"#,
        r#"const THESE: [&str; 2] = ["login", "refresh"];"#,
        r##"let raw = r#"records-get"#;"##,
        r#"let quote = '"'; let name = "records-get";"#,
        r#"let escaped = "\""; let name = "records-get";"#,
    ] {
        assert!(!found(source).is_empty(), "{source}");
    }
    for source in [
        r#"const COOKIE: &str = "refresh";"#,
        r#"const RESERVED: [&str; 2] = ["login", "events"];"#,
        r#"("login", format!("curl"))"#,
        r#"// "records-get" and `login`"#,
        r#"let sentence = "what records-get reads";"#,
    ] {
        assert_eq!(found(source), [""; 0], "{source}");
    }
    let types = BTreeSet::from(["Login".to_owned()]);
    let typed = |source: &str| typed(&pieces(source, "//"), &types);
    assert_eq!(typed("use api::endpoints::{Entry, Login};").len(), 1);
    assert_eq!(typed("let entry = endpoints::Login::ENTRY;").len(), 1);
    assert_eq!(typed("use api::endpoints::{Entry, Guard};").len(), 0);
    assert_eq!(written("run: build records-get\n", &names), ["records-get"]);
    assert_eq!(written("# about records-get\n", &names), [""; 0]);
}
