//! Reads every comment of the source and every paragraph of the documents. A sentence has at most 25 words, and none
//! opens with "What" or "Whoever".
//!
//! `cargo test --test words -- --nocapture` prints every sentence that does not fit, with its place.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has to stop")]

use std::fs;
use std::path::Path;
use std::process::Command;

use infra::plans::root;

/// The most words of a sentence. Code in backticks and a link's address count as one word.
const MAX_WORDS: usize = 25;
/// Openings that hide the subject.
const OPENINGS: [&str; 5] = ["What ", "Whoever ", "Whatever ", "Who ", "That which "];
/// Comments that are the text of `docs/openapi.json` and `docs/collection.schema.json`, which clients compare and keep.
const OF_THE_CONTRACT: [&str; 7] = [
    "shared/api/src/endpoints.rs",
    "shared/api/src/wire/",
    "shared/api/src/error.rs",
    "shared/api/src/definition.rs",
    "shared/api/src/definition/",
    "shared/api/src/settings",
    "shared/api/src/check/notation.rs",
];

#[test]
fn sentences_are_short_and_open_with_their_subject() {
    let (mut read, mut wrong) = (0, Vec::new());
    for path in tracked() {
        let text = fs::read_to_string(root().join(&path)).unwrap_or_default();
        let paragraphs = match Path::new(&path).extension().and_then(|it| it.to_str()) {
            Some("md") => prose(&text),
            Some("rs") => comments(&text, "//"),
            Some("py" | "sh" | "toml" | "yaml") => comments(&text, "#"),
            _ if path == ".ci/run" => comments(&text, "#"),
            _ => continue,
        };
        for (line, paragraph) in paragraphs {
            for sentence in sentences(&paragraph) {
                read += 1;
                let words = sentence
                    .split_whitespace()
                    .filter(|it| it.contains(char::is_alphanumeric))
                    .count();
                let opening = OPENINGS.iter().any(|it| sentence.starts_with(it));
                if words > MAX_WORDS || opening {
                    wrong.push(format!("{path}:{line}: {words} words: {sentence}"));
                }
            }
        }
    }
    println!("{read} sentences, {} that do not fit", wrong.len());
    for sentence in &wrong {
        println!("  {sentence}");
    }
    assert!(
        wrong.is_empty(),
        "{} sentences do not fit; --nocapture prints them",
        wrong.len()
    );
}

/// The files of the project that people write.
fn tracked() -> Vec<String> {
    let listed = Command::new("git")
        .current_dir(root())
        .args(["ls-files"])
        .output()
        .unwrap();
    String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .filter(|path| !OF_THE_CONTRACT.iter().any(|of| path.starts_with(of)))
        .filter(|path| {
            ![
                "template.yaml",
                "CargoLambda.toml",
                "Cargo.lock",
                "CHANGELOG.md",
            ]
            .contains(path)
        })
        .map(str::to_owned)
        .collect()
}

/// The comments of a source file: lines that follow each other are one paragraph, an empty one parts them.
fn comments(text: &str, mark: &str) -> Vec<(usize, String)> {
    let mut paragraphs = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut code = false;
    for (number, line) in (1..).zip(text.lines()) {
        let comment = line
            .trim_start()
            .strip_prefix(mark)
            .map(|rest| rest.trim_start_matches(['/', '!']).trim());
        let comment =
            comment.filter(|it| !it.starts_with("#[") && !line.trim_start().starts_with("#!"));
        match comment {
            Some(fence) if fence.starts_with("```") => {
                code = !code;
                paragraphs.extend(open.take());
            }
            Some(_) if code => {}
            Some("") | None => paragraphs.extend(open.take()),
            Some(item) if item.starts_with(['-', '#', '|', '*']) => {
                paragraphs.extend(open.take());
                if !item.starts_with(['#', '|']) {
                    open = Some((
                        number,
                        item.trim_start_matches(['-', '*']).trim().to_owned(),
                    ));
                }
            }
            Some(more) => match &mut open {
                Some((_, paragraph)) => *paragraph = format!("{paragraph} {more}"),
                None => open = Some((number, more.to_owned())),
            },
        }
    }
    paragraphs.extend(open);
    paragraphs
}

/// The paragraphs and list items of a document, without code, tables and headings.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut paragraphs = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut code = false;
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim();
        let item = trimmed.strip_prefix("- ").or_else(|| {
            let (digits, rest) = trimmed.split_once(". ")?;
            digits.bytes().all(|it| it.is_ascii_digit()).then_some(rest)
        });
        if trimmed.starts_with("```") {
            code = !code;
            paragraphs.extend(open.take());
        } else if code || line.starts_with("    ") && open.is_none() {
        } else if trimmed.is_empty()
            || trimmed.starts_with(['#', '|'])
            || trimmed.starts_with("<!--")
        {
            paragraphs.extend(open.take());
        } else if let Some(item) = item {
            paragraphs.extend(open.replace((number, item.to_owned())));
        } else {
            match &mut open {
                Some((_, paragraph)) => *paragraph = format!("{paragraph} {trimmed}"),
                None => open = Some((number, trimmed.to_owned())),
            }
        }
    }
    paragraphs.extend(open);
    paragraphs
}

/// The sentences of a paragraph; code in backticks and the addresses of links stand as one word each.
fn sentences(paragraph: &str) -> Vec<String> {
    let mut plain = String::new();
    for (at, part) in paragraph.split('`').enumerate() {
        plain.push_str(if at % 2 == 0 { part } else { "`code`" });
    }
    let mut whole = String::new();
    for (at, part) in plain.split("](").enumerate() {
        whole.push_str(if at == 0 {
            part
        } else {
            part.split_once(')').map_or(part, |(_, rest)| rest)
        });
    }
    let mut found = Vec::new();
    let mut sentence = String::new();
    let mut words = whole.split_whitespace().peekable();
    while let Some(word) = words.next() {
        sentence = if sentence.is_empty() {
            word.to_owned()
        } else {
            format!("{sentence} {word}")
        };
        let bare = word.trim_end_matches([')', '*', '"', '_', ']']);
        let ends =
            bare.ends_with(['.', '!', '?']) && !["e.g.", "i.e.", "etc.", "…"].contains(&bare);
        let next = words.peek().is_none_or(|next| {
            !next
                .trim_start_matches(['(', '*', '"', '['])
                .starts_with(|c: char| c.is_ascii_lowercase())
        });
        if ends && next {
            found.push(
                std::mem::take(&mut sentence)
                    .trim_start_matches(['*', '(', '"', '['])
                    .to_owned(),
            );
        }
    }
    if !sentence.is_empty() {
        found.push(sentence.trim_start_matches(['*', '(', '"', '[']).to_owned());
    }
    found
}

#[test]
fn sentences_are_told_apart() {
    let text = "Reads `a.b c`. What it [says](docs/a.md) is x.y; see RFC 1. End";
    assert_eq!(
        sentences(text),
        ["Reads `code`.", "What it [says is x.y; see RFC 1.", "End"]
    );
    let source = "//! One\n//! two.\n//!\n//! Three.\nfn f() {} // no\n/// Four\n/// - five\n";
    let found: Vec<String> = comments(source, "//")
        .into_iter()
        .map(|(_, it)| it)
        .collect();
    assert_eq!(found, ["One two.", "Three.", "Four", "five"]);
    let found = prose("# T\nOne\ntwo.\n\n- three\n  more\n- four\n\n| a |\n```\ncode\n```\n");
    assert_eq!(
        found.into_iter().map(|(_, it)| it).collect::<Vec<_>>(),
        ["One two.", "three more", "four"]
    );
}
