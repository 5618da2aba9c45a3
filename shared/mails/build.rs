//! Embeds the shipped templates: a table of the files under `templates/<locale>`.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script its folder by the environment"
)]

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folder, seen from the package's own, where a build script runs.
const FOLDER: &str = "templates";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let mut table = "&[\n".to_owned();
    for locale in entries(Path::new(FOLDER))? {
        for file in entries(&locale)? {
            if file.extension().is_some_and(|ending| ending == "txt") {
                let text = fs::read_to_string(&file)?;
                let html = fs::read_to_string(file.with_extension("html"))?;
                let (locale, kind) = (name(&locale), name(&file));
                let _ = writeln!(table, "({locale:?}, {kind:?}, {text:?}, {html:?}),");
            }
        }
    }
    table.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("files.rs"), table)?;
    Ok(())
}

/// The entries of a folder by name; of a file none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        all.push(entry?.path());
    }
    all.sort();
    Ok(all)
}

/// The name of a file without its ending.
fn name(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
