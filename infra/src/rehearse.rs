//! `cargo rehearse`: a real deployment of the untouched template into a local AWS emulator.

use std::path::Path;

/// Deploys and runs the black-box suite, or `instead`.
///
/// # Errors
/// One line: which part failed.
pub fn rehearse(_root: &Path, _instead: Option<&str>) -> Result<(), String> {
    Err("not yet".to_owned())
}
