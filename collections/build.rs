//! Checks every collection and writes the table that embeds them. A bad definition fails the build.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io, process};

use api::project::{self, Project};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed={}", project::VARIABLE);
    // Cargo runs this in the package's folder. Relative paths stay right in a checkout that was moved.
    let root = Path::new("..");
    let folder = match env::var(project::VARIABLE) {
        // A rehearsal of other definitions.
        Ok(folder) => {
            println!("cargo::warning=the collections are those of {folder}");
            root.join(folder)
        }
        Err(_) => root.to_path_buf(),
    };
    for part in ["collections", "bakend.json", api::trigger::FILE] {
        println!("cargo::rerun-if-changed={}", folder.join(part).display());
    }
    let project = match Project::read(&folder) {
        Ok(project) => project,
        Err(problems) => {
            for problem in problems {
                println!("cargo::error={problem}");
            }
            process::exit(1);
        }
    };
    for warning in project.collections.warnings {
        println!("cargo::warning={warning}");
    }
    let mut table = String::from("&[\n");
    for definition in &project.collections.definitions {
        // Functions read a single notation, whatever the file's is.
        let text = serde_json::to_string(definition)?;
        writeln!(table, "({:?}, {text:?}),", definition.name).map_err(io::Error::other)?;
    }
    table.push(']');
    let triggers = serde_json::to_string(&project.triggers)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let (out, marks) = (Path::new(&out), project.fingerprints);
    let marks = format!("({:?}, {:?})", marks.records, marks.others);
    fs::write(out.join("fingerprints.rs"), marks)?;
    fs::write(out.join("triggers.json"), triggers)?;
    fs::write(out.join("collections.rs"), table)
}
