//! The folder of a new endpoint: a manifest, and a skeleton that does not compile until its handler is written.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use api::endpoints::Entry;

use crate::names::pascal;

/// Makes the folder of every entry that has none, and returns their paths from the root. An existing folder stays as it
/// is, even if incomplete.
///
/// # Errors
/// One line: the file that cannot be written.
pub fn missing(root: &Path, page: &[&Entry]) -> Result<Vec<String>, String> {
    let functions = root.join("functions");
    fs::create_dir_all(&functions).map_err(|error| format!("Cannot make functions: {error}"))?;
    let mut made = Vec::new();
    for entry in page {
        let path = format!("functions/{}", entry.name);
        let folder = root.join(&path);
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(format!("Cannot make {path}: {error}")),
        }
        fs::write(folder.join("Cargo.toml"), manifest(entry))
            .and_then(|()| fs::create_dir(folder.join("src")))
            .and_then(|()| fs::write(folder.join("src/main.rs"), skeleton(entry)))
            .map_err(|error| format!("Cannot write {path}: {error}"))?;
        made.push(path);
    }
    Ok(made)
}

/// The manifest of an endpoint's package.
fn manifest(entry: &Entry) -> String {
    let name = entry.name;
    let rooms: &[&str] = if entry.touches_tables() {
        &["api", "auth", "runtime", "store"]
    } else {
        &["api", "runtime"]
    };
    let rooms: String = rooms
        .iter()
        .map(|room| format!("{room}.workspace = true\n"))
        .collect();
    format!(
        r#"[package]
name = "{name}"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[[bin]]
name = "{name}"
path = "src/main.rs"
test = false

[lints]
workspace = true

[dependencies]
{rooms}"#
    )
}

/// The width to which rustfmt breaks a line.
const RUSTFMT: usize = 100;

/// The source of an endpoint: `main`, and a handler that is only a compile error.
fn skeleton(entry: &Entry) -> String {
    let (name, doc) = (entry.name, entry.doc);
    let (kind, handler) = (pascal(name), name.replace('-', "_"));
    let methods: Vec<&str> = entry.methods.iter().map(|method| method.as_str()).collect();
    let route = format!("{} {}", methods.join(" and "), entry.path);
    let (uses, state) = if entry.touches_tables() {
        ("use store::Store;\n", "store: &Store")
    } else {
        ("", "(): &()")
    };
    let (call, reply) = (
        format!("call: Call<{kind}>"),
        format!("Result<Reply<{kind}>, Error>"),
    );
    let mut head = format!("async fn {handler}({state}, {call}) -> {reply} {{");
    if head.len() > RUSTFMT {
        head = format!("async fn {handler}(\n    {state},\n    {call},\n) -> {reply} {{");
    }
    format!(
        r#"//! `{route}`: {doc}

use std::process::ExitCode;

use api::Error;
use api::endpoints::{kind};
use runtime::{{Call, Reply}};
{uses}
fn main() -> ExitCode {{
    runtime::serve({kind}, {handler})
}}

/// {doc}
{head}
    compile_error!("Write the handler of {name}.")
}}
"#,
        route = route.trim(),
    )
}

#[cfg(test)]
mod tests {
    use std::env::temp_dir;
    use std::process;

    use api::endpoints::{Endpoint, Health, RecordsGet};

    use super::*;

    #[test]
    fn an_entry_without_a_folder_gets_a_skeleton_that_does_not_compile_and_nothing_else_changes() {
        let root = temp_dir().join(format!("bakend-scaffold-{}", process::id()));
        let present = root.join("functions/health");
        fs::create_dir_all(&present).expect("a folder");
        let page = [Health::ENTRY, RecordsGet::ENTRY];
        assert_eq!(
            missing(&root, &page).expect("made"),
            ["functions/records-get"]
        );
        assert_eq!(fs::read_dir(&present).expect("still there").count(), 0);

        let folder = root.join("functions/records-get");
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains("name = \"records-get\"\n"), "{manifest}");
        assert!(manifest.contains("test = false\n"), "{manifest}");
        let source = folder.join("src/main.rs");
        let skeleton = fs::read_to_string(&source).expect("a source");
        for part in [
            "//! `GET /api/{collection}/{id}`: Read one record.\n",
            "    runtime::serve(RecordsGet, records_get)\n",
            "    compile_error!(\"Write the handler of records-get.\")\n",
        ] {
            assert!(skeleton.contains(part), "{part} is not in {skeleton}");
        }

        fs::write(&source, "written").expect("a handler");
        assert_eq!(missing(&root, &page).expect("made"), [""; 0]);
        assert_eq!(fs::read_to_string(&source).expect("kept"), "written");
        fs::remove_dir_all(&root).expect("removed");
    }

    #[test]
    fn a_function_without_tables_has_no_store() {
        let skeleton = skeleton(Health::ENTRY);
        assert!(!skeleton.contains("store"), "{skeleton}");
        assert!(!manifest(Health::ENTRY).contains("store"));
    }
}
