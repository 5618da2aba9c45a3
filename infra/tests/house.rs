//! Measures the house: how wide handlers are, how long files are, and whether files of a shared crate import each
//! other in a loop.
//!
//! `cargo test --test house -- --nocapture` prints the figures.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has to stop")]

mod imports;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use infra::plans::root;

use imports::Crate;

/// The most lines of a shipped file, without its tests.
const MAX_FILE: usize = 400;
/// The most lines of a handler, of nine handlers in ten, and of the median handler.
const MAX_HANDLER: [usize; 3] = [50, 35, 20];
/// The page of endpoints grows by an entry an endpoint, so it has no limit.
const PAGE: &str = "shared/api/src/endpoints.rs";

#[test]
fn handlers_read_as_a_paragraph() {
    let mut widths: Vec<(usize, String)> = files("functions")
        .iter()
        .flat_map(|path| {
            handlers(&read(path))
                .into_iter()
                .map(|width| (width, show(path)))
        })
        .collect();
    widths.sort();
    let at = |share: usize| widths[(widths.len() * share).div_ceil(100) - 1].0;
    println!(
        "{} handlers: median {} lines, 90 % within {}, the longest {}",
        widths.len(),
        at(50),
        at(90),
        at(100)
    );
    for (width, path) in widths.iter().rev().take(5) {
        println!("  {width:>3}  {path}");
    }
    // The handler of a function that opens no doorway itself is in the crate that does.
    let doorways = files("functions")
        .iter()
        .filter(|path| {
            read(path).contains("runtime::serve(") || read(path).contains("runtime::consume(")
        })
        .count();
    assert!(
        widths.len() >= doorways,
        "a function has no handler that this test recognises"
    );
    for (share, most) in [100, 90, 50].into_iter().zip(MAX_HANDLER) {
        assert!(
            at(share) <= most,
            "{share} % of the handlers have up to {} lines, {most} are allowed: {:?}",
            at(share),
            widths
                .iter()
                .filter(|(width, _)| *width > most)
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn no_shipped_file_is_longer_than_its_limit() {
    let mut lengths: Vec<(usize, String)> = ["shared", "functions", "collections", "infra"]
        .iter()
        .flat_map(|folder| files(folder))
        .filter(|path| show(path) != PAGE)
        .map(|path| (shipped(&read(&path)).lines().count(), show(&path)))
        .collect();
    lengths.sort();
    println!("{} files without their tests; the longest:", lengths.len());
    for (length, path) in lengths.iter().rev().take(5) {
        println!("  {length:>3}  {path}");
    }
    let over: Vec<_> = lengths
        .iter()
        .filter(|(length, _)| *length > MAX_FILE)
        .collect();
    assert!(
        over.is_empty(),
        "more than {MAX_FILE} lines without tests: {over:?}"
    );
}

#[test]
fn no_files_of_a_shared_crate_import_each_other_in_a_loop() {
    let mut loops = Vec::new();
    for folder in fs::read_dir(root().join("shared")).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let read = Crate::read(&folder.join("src"));
        let found = read.loops();
        println!(
            "{}: {} files, {} loops",
            show(&folder),
            read.len(),
            found.len()
        );
        loops.extend(found);
    }
    assert!(
        loops.is_empty(),
        "files that import each other in a loop: {loops:#?}"
    );
}

#[test]
fn json_of_others_is_read_in_one_place() {
    let allowed = [
        // The two doors.
        "shared/api/src/value/text.rs",
        "shared/api/src/value/tree.rs",
        // Random cases of tests.
        "shared/api/src/value/random.rs",
        // Definitions that the build script wrote itself.
        "collections/src/lib.rs",
        // Settings likewise.
        "shared/runtime/src/boot.rs",
        // Claims that this deployment has signed: the signature is verified first.
        "shared/auth/src/access_token.rs",
    ];
    let mut others = Vec::new();
    for path in ["shared", "functions", "collections"]
        .into_iter()
        .flat_map(files)
    {
        for line in shipped(&read(&path)).lines() {
            let reads =
                line.contains("serde_json::from_") || line.contains("serde_path_to_error::");
            let scalar = line.contains("::<Number>(") || line.contains("::<String>(");
            if reads && !scalar && !allowed.contains(&show(&path).as_str()) {
                others.push(format!("{}: {}", show(&path), line.trim()));
            }
        }
    }
    assert!(
        others.is_empty(),
        "read texts with api::value::parse and nouns with value::read: {others:#?}"
    );
}

/// Every source file below a folder of the project that is shipped or builds what is shipped: no test files.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![root().join(folder)];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() && name != "tests" && name != "target" {
                todo.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                found.push(path);
            }
        }
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn show(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// The text of a file up to its tests.
fn shipped(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod tests {")
        .map_or(text, |at| &text[..at])
}

/// How many lines each handler of a file has, from `async fn` to its closing brace.
fn handlers(text: &str) -> Vec<usize> {
    let mut lines = shipped(text).lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if !line
            .trim_start_matches("pub(crate) ")
            .starts_with("async fn ")
        {
            continue;
        }
        let (mut width, mut head) = (1, line.to_owned());
        if !line.ends_with('}') {
            for line in lines.by_ref() {
                width += 1;
                head += line;
                if line == "}" {
                    break;
                }
            }
        }
        if head.contains("Call<") || head.contains("Task<") {
            found.push(width);
        }
    }
    found
}

#[test]
fn a_handler_is_measured_from_its_first_line_to_its_brace() {
    let text = "fn main() {}\n\nasync fn get(\n    store: &Store,\n    call: Call<Get>,\n) -> Reply {\n    if x {\n    }\n}\n\
                async fn other() {\n}\n#[cfg(test)]\nmod tests {\nasync fn test(_: Call<Get>) {\n}\n}\n";
    assert_eq!(handlers(text), [7]);
}

/// `cargo build --all-targets` builds for the tests, and `cargo build --bins` for those who run the functions. A feature that
/// the tests alone need would make cargo build every dependency of a package, and every function, twice.
#[test]
fn the_tests_need_no_feature_that_the_functions_are_built_without() {
    let (with, without) = (features("normal,build,dev"), features("normal,build"));
    assert!(without.len() > 100, "{without:?}");
    let others: Vec<_> = without.difference(&with).collect();
    assert_eq!(others, [""; 0]);
}

/// Each package of the workspace's tree, with the features that it is built with.
fn features(edges: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--prefix",
            "none",
            "--format",
            "{p}|{f}",
            "--edges",
            edges,
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| line.trim_end_matches(" (*)"));
    lines.map(str::to_owned).collect()
}
