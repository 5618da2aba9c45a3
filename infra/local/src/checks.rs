//! Checks before anything is built: each problem is one line.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use api::check::Checked;
use api::settings::{SecretProblem, Settings, check_secret};

/// Checks settings and collections; returns the warnings.
pub(crate) fn configuration(root: &Path) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    let settings = settings(root)?;
    if settings.auth.jwt_secret.as_deref().map(check_secret) == Some(Err(SecretProblem::Sample)) {
        warnings.push(
            "BAKEND_AUTH_JWT_SECRET is a sample from the documentation: fine here, refused in the cloud".to_owned(),
        );
    }
    // The warnings about collections are left to the build, which prints them every time.
    let _ = definitions(root, &settings)?;
    Ok(warnings)
}

/// The settings and the collections of a project.
///
/// # Errors
/// Every problem, in one line each.
pub(crate) fn collections(root: &Path) -> Result<(Settings, Checked), String> {
    let settings = settings(root)?;
    let checked = definitions(root, &settings)?;
    Ok((settings, checked))
}

fn settings(root: &Path) -> Result<Settings, String> {
    let file = root.join("bakend.json");
    let text = fs::read_to_string(&file)
        .map_err(|error| format!("Cannot read {}: {error}", file.display()))?;
    Settings::read(&text, |name| env::var(name).ok(), true)
        .map_err(|problem| format!("bakend.json: {problem}"))
}

fn definitions(root: &Path, settings: &Settings) -> Result<Checked, String> {
    let folder = root.join("collections");
    let files = api::check::read_folder(&folder)
        .map_err(|error| format!("Cannot read {}: {error}", folder.display()))?;
    let checked = api::check::check(&files).and_then(|checked| {
        let refused = checked.refused_by(&settings.auth);
        if refused.is_empty() {
            Ok(checked)
        } else {
            Err(refused)
        }
    });
    checked.map_err(|problems| {
        problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\ncargo dev: ")
    })
}

/// Checks that no process listens on `port`; `option` is the option that chooses another port.
pub(crate) fn port(port: u16, option: &str) -> Result<(), String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|error| {
        format!("Port {port} cannot be used ({error}): stop what listens there, or choose another with {option}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A project of one collection.
    fn project(name: &str, settings: &str, collection: &str) -> std::path::PathBuf {
        let root = env::temp_dir().join(format!("bakend-checks-{name}-{}", std::process::id()));
        fs::create_dir_all(root.join("collections")).unwrap();
        fs::write(root.join("bakend.json"), settings).unwrap();
        fs::write(root.join("collections/posts.json"), collection).unwrap();
        root
    }

    fn refusal(name: &str, settings: &str, collection: &str) -> String {
        let root = project(name, settings, collection);
        let refusal = configuration(&root).unwrap_err();
        let _ = fs::remove_dir_all(root);
        refusal
    }

    const GOOD: &str = r#"{ "name": "posts", "fields": [{ "name": "title", "type": "string" }],
                            "permissions": { "create": "authenticated" } }"#;

    #[test]
    fn a_broken_collection_is_one_line_with_file_field_and_reason() {
        let line = refusal("type", "{}", &GOOD.replace("string", "strin"));
        assert!(
            line.starts_with("collections/posts.json: fields[0].type: "),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1);
        assert!(refusal("json", "{}", "{ nope").starts_with("collections/posts.json: not JSON"));
    }

    #[test]
    fn a_role_that_nobody_declared_is_one_line() {
        let ruled = GOOD.replace("authenticated", "role:editor");
        let line = refusal("role", r#"{ "auth": { "roles": ["chief"] } }"#, &ruled);
        assert_eq!(
            line,
            "collections/posts.json: permissions.create: there is no role `editor`; declare it in auth.roles of \
             bakend.json or correct its name"
        );
    }

    #[test]
    fn a_broken_setting_is_one_line_with_its_key() {
        let short = refusal("short", r#"{ "auth": { "jwtSecret": "short" } }"#, GOOD);
        assert!(
            short.starts_with("bakend.json: auth.jwtSecret: must have at least 32 bytes"),
            "{short}"
        );
        let path = refusal(
            "origin",
            r#"{ "cors": { "allowedOrigins": ["https://a/"] } }"#,
            GOOD,
        );
        assert!(
            path.starts_with("bakend.json: cors.allowedOrigins[0]: `https://a/` is no origin: "),
            "{path}"
        );
        let unknown = refusal("unknown", r#"{ "auth": { "nope": 1 } }"#, GOOD);
        assert!(unknown.starts_with("bakend.json: auth.nope: "), "{unknown}");
    }

    #[test]
    fn a_sample_secret_is_a_warning() {
        let root = project(
            "sample",
            r#"{ "auth": { "jwtSecret": "dev-only-change-me" } }"#,
            GOOD,
        );
        assert_eq!(configuration(&root).unwrap().len(), 1);
        let _ = fs::remove_dir_all(root);
    }
}
