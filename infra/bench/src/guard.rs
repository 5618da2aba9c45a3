//! Holds instructions and sizes against the allowed values.

use std::fs;
use std::path::PathBuf;

use api::endpoints::PAGE;

use crate::allowed::{Kind, Value, compare, read, write};
use crate::case::BARE;
use crate::instructions;
use crate::size;
use crate::world::{Binaries, World};

/// The allowed values; a commit that changes them says why.
const ALLOWED: &str = "infra/bench/allowed.txt";

/// Measures, and compares with the allowed values; returns the figures.
///
/// # Errors
/// A line for each value that is out of its bounds, or the reason why nothing can be measured.
pub(crate) fn hold(binaries: &Binaries) -> Result<String, String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(format!(
            "The values in {ALLOWED} are those of Linux on x86_64: run the guard there."
        ));
    }
    let path = local::root().join(ALLOWED);
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("Cannot read {}: {error}", path.display()))?;
    let allowed = read(&text).map_err(|problem| format!("{ALLOWED}: {problem}"))?;
    let measured = measure(binaries)?;
    let wrong = compare(&allowed, &measured);
    let figures = write(&measured);
    if wrong.is_empty() {
        return Ok(format!(
            "{figures}Every value is within its bounds of {ALLOWED}.\n"
        ));
    }
    Err(format!(
        "{figures}\n{}\n\nWhere the change is meant, write the new values into {ALLOWED}, and say in the commit why. They \
         stand above. Where nothing has changed, another compiler or valgrind has: {}.",
        wrong.join("\n"),
        tools()?
    ))
}

fn measure(binaries: &Binaries) -> Result<Vec<Value>, String> {
    let names: Vec<&str> = PAGE.iter().map(|entry| entry.name).chain([BARE]).collect();
    let files: Vec<PathBuf> = names.iter().map(|name| binaries.of(name)).collect();
    let sizes = size::of(&files)?;
    let world = World::start(binaries.clone())?;
    let counted = instructions::count(&world)?;
    let of = |kind, name: &str, value| Value {
        kind,
        name: name.to_owned(),
        value,
    };
    let starts = counted
        .iter()
        .map(|(name, counted)| of(Kind::Start, name, counted.start));
    let warm = counted
        .iter()
        .map(|(name, counted)| of(Kind::Warm, name, counted.warm));
    let named = || names.iter().zip(&sizes);
    let plain = named().map(|(name, size)| of(Kind::File, name, size.plain));
    let zipped = named().map(|(name, size)| of(Kind::Zipped, name, size.zipped));
    Ok(starts.chain(warm).chain(plain).chain(zipped).collect())
}

/// The tools whose versions decide the values.
fn tools() -> Result<String, String> {
    let rustc = std::process::Command::new("rustc")
        .arg("--version")
        .output()
        .map_err(|error| format!("Cannot run rustc: {error}"))?;
    Ok(format!(
        "{}, {}",
        String::from_utf8_lossy(&rustc.stdout).trim(),
        crate::callgrind::version()?
    ))
}
