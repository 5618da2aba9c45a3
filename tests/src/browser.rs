//! The browser that looks at pages.

use std::path::PathBuf;

/// The browsers that are looked for, unless `BAKEND_BROWSER` names one.
const BROWSERS: [&str; 4] = [
    "chromium-headless-shell",
    "chromium",
    "google-chrome",
    "chrome",
];

/// The browser, if this machine has one.
///
/// # Panics
/// `BAKEND_BROWSER` names a file that is not there.
#[must_use]
pub fn browser() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("BAKEND_BROWSER") {
        let named = PathBuf::from(named);
        assert!(named.is_file(), "BAKEND_BROWSER is no file: {named:?}");
        return Some(named);
    }
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let files = BROWSERS
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    files.into_iter().find(|file| file.is_file())
}
