//! Sizes of binaries, as they are and zipped as `sam deploy` zips them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Prints the size of each file's archive, made as `sam deploy` makes it.
const ZIP: &str = "
import io, sys, zipfile
for path in sys.argv[1:]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as file:
        file.write(path, 'bootstrap')
    print(len(archive.getvalue()))
";

/// A binary's size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// As it is.
    pub(crate) plain: u64,
    /// In a zip archive.
    pub(crate) zipped: u64,
}

/// The sizes of `files`.
///
/// # Errors
/// One line: a file is not there, or there is no Python.
pub(crate) fn of(files: &[PathBuf]) -> Result<Vec<Size>, String> {
    if let Some(missing) = files.iter().find(|file| !file.is_file()) {
        return Err(format!(
            "There is no binary {}; leave out --no-build",
            missing.display()
        ));
    }
    let output = Command::new("python3")
        .arg("-c")
        .arg(ZIP)
        .args(files)
        .output();
    let output =
        output.map_err(|error| format!("Cannot run python3, which zips the binaries: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "Cannot zip the binaries: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    files
        .iter()
        .zip(text.lines())
        .map(|(file, zipped)| size(file, zipped))
        .collect()
}

fn size(file: &Path, zipped: &str) -> Result<Size, String> {
    let plain = file
        .metadata()
        .map_err(|error| format!("Cannot read {}: {error}", file.display()))?
        .len();
    let zipped: u64 = zipped
        .trim()
        .parse()
        .map_err(|_| format!("Python answers {zipped}"))?;
    Ok(Size { plain, zipped })
}
