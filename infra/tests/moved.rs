//! A checkout that was copied or moved with its `target`. Its tools and build scripts were built in another folder, and
//! work on the one they run in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has to stop")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use api::endpoints::PAGE;
use infra::plans;

/// A checkout as far as `cargo generate` reads it, with another setting than this one's.
fn moved() -> PathBuf {
    let root = std::env::temp_dir().join(format!("bakend-moved-{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    for folder in ["infra", "collections", "docs"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for entry in PAGE {
        fs::create_dir_all(root.join("functions").join(entry.name)).unwrap();
    }
    fs::copy(
        plans::root().join("infra/base.yaml"),
        root.join("infra/base.yaml"),
    )
    .unwrap();
    let collection = r#"{ "name": "moved", "fields": [], "permissions": { "read": "admin" } }"#;
    fs::write(root.join("collections/moved.json"), collection).unwrap();
    fs::write(root.join("bakend.json"), "{}").unwrap();
    root
}

#[test]
fn a_tool_that_was_built_elsewhere_works_on_the_folder_it_runs_in() {
    let root = moved();
    let own = fs::read_to_string(plans::root().join("template.yaml")).unwrap();
    let generate = |folder: &Path, package: Option<PathBuf>| {
        let _ = fs::remove_file(root.join("template.yaml"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        command
            .arg("generate")
            .current_dir(folder)
            .env_remove("BAKEND_PROJECT")
            .env_remove("CARGO_MANIFEST_DIR");
        if let Some(package) = package {
            command.env("CARGO_MANIFEST_DIR", package);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let drawn = fs::read_to_string(root.join("template.yaml")).unwrap_or_default();
        assert!(drawn.contains("MovedCollection"), "{output:?}");
    };
    generate(&root, None);
    generate(&root.join("docs"), None);
    // As cargo runs it, from any folder.
    generate(&std::env::temp_dir(), Some(root.join("infra")));
    let after = fs::read_to_string(plans::root().join("template.yaml")).unwrap();
    assert!(own == after, "the folder of the build was written to");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn no_file_has_its_folder_compiled_in() {
    let macros = ["env!(", "option_env!("].map(|name| format!("{name}\"CARGO_MANIFEST_DIR\""));
    let mut folders = vec![plans::root()];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).unwrap();
                let compiled = macros.iter().any(|name| text.contains(name));
                assert!(!compiled, "{}: read it at run time", path.display());
                // Cargo compares an absolute path with the old folder's file for ever.
                let is_script = name == "build.rs" && path.with_file_name("Cargo.toml").exists();
                let is_relative = ["Path::new(\"..", "= \"src/", "= \"templates\""]
                    .iter()
                    .any(|path| text.contains(path));
                let build = !is_script || is_relative;
                assert!(build, "{}: name files by relative paths", path.display());
                read += 1;
            }
        }
    }
    assert!(read > 100, "{read} files");
}
