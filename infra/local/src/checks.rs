//! What can be wrong before anything is built: each problem is one line.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use api::settings::Settings;
use auth::keys::{SecretProblem, check_secret};

/// Checks settings and collections; returns the warnings.
pub(crate) fn configuration(root: &Path) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    let file = root.join("bakend.json");
    let text = fs::read_to_string(&file).map_err(|error| format!("Cannot read {}: {error}", file.display()))?;
    let settings =
        Settings::read(&text, |name| env::var(name).ok(), true).map_err(|problem| format!("bakend.json: {problem}"))?;
    match settings.auth.jwt_secret.as_deref().map(check_secret) {
        Some(Err(SecretProblem::Short)) => {
            return Err(
                "BAKEND_AUTH_JWT_SECRET (auth.jwtSecret) must have at least 32 bytes: choose a longer one, or \
                        unset it to have a random one made and kept"
                    .to_owned(),
            );
        }
        Some(Err(SecretProblem::Sample)) => {
            warnings.push(
                "BAKEND_AUTH_JWT_SECRET is a sample from the documentation: fine here, refused in the cloud".to_owned(),
            );
        }
        Some(Ok(())) | None => {}
    }
    let folder = root.join("collections");
    let files =
        api::definition::read_folder(&folder).map_err(|error| format!("Cannot read {}: {error}", folder.display()))?;
    match api::definition::check(&files) {
        Ok(checked) => warnings.extend(checked.warnings.iter().map(ToString::to_string)),
        Err(problems) => {
            return Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\ncargo dev: "));
        }
    }
    Ok(warnings)
}

/// Checks that nobody listens on `port`; `option` is the one that chooses another.
pub(crate) fn port(port: u16, option: &str) -> Result<(), String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|error| {
        format!("Port {port} cannot be used ({error}): stop what listens there, or choose another with {option}")
    })
}
