//! Embeds `bakend.json` as it is, and the settings that it makes with all defaults. A bad setting fails the build with
//! file, path and reason.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script is told by its environment what to build"
)]

use std::path::Path;
use std::{env, fs, io, process};

use api::project;
use api::settings::Settings;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed={}", project::VARIABLE);
    // Cargo runs this in the package's folder. Relative paths stay right in a checkout that was moved.
    let root = Path::new("../..");
    let folder = env::var(project::VARIABLE).map_or(root.to_path_buf(), |path| root.join(path));
    let path = folder.join("bakend.json");
    println!("cargo::rerun-if-changed={}", path.display());
    let text = fs::read_to_string(path)?;
    let settings = Settings::read(&text, |_| None, false).unwrap_or_else(|problem| {
        println!("cargo::error=bakend.json: {problem}");
        process::exit(1);
    });
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let write = |name: &str, text: String| fs::write(Path::new(&out).join(name), text);
    let variables = Settings::keys()
        .into_iter()
        .map(|(_, variable, _)| variable);
    write(
        "variables.rs",
        format!("&{:?}", variables.collect::<Vec<_>>()),
    )?;
    write("settings.json", serde_json::to_string(&settings)?)?;
    write("bakend.json", text)
}
