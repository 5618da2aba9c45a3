//! `cargo generate` alone gives the types of a new collection.

use std::fs;
use std::path::Path;

use infra::{plans, types};

use crate::compiled::Folder;
use crate::schemas::suite;

/// The file of a project's types.
fn types_in(folder: &Path) -> String {
    fs::read_to_string(folder.join("web/src/bakend.ts")).unwrap_or_default()
}

fn project(name: &str, settings: &str) -> Folder {
    let folder = Folder::new(name);
    fs::write(folder.0.join("bakend.json"), settings).unwrap();
    fs::create_dir(folder.0.join("collections")).unwrap();
    folder
}

#[test]
fn a_new_collection_has_types_after_one_command() {
    let folder = project("new", r#"{ "client": { "types": "web/src/bakend.ts" } }"#);
    let written = plans::generate(&folder.0).unwrap();
    assert!(
        written.contains(&"web/src/bakend.ts".to_owned()),
        "{written:?}"
    );
    assert!(types_in(&folder.0).contains("export interface Collections {\n}"));
    let tasks = r#"{ "name": "my-tasks", "fields": [ { "name": "title", "type": "string", "required": true },
        { "name": "parent", "type": "relation", "collection": "my-tasks" } ], "indexes": [ [ "title" ] ] }"#;
    fs::write(folder.0.join("collections/my-tasks.json"), tasks).unwrap();
    let written = plans::generate(&folder.0).unwrap();
    assert!(
        written.contains(&"web/src/bakend.ts".to_owned()),
        "{written:?}"
    );
    let text = types_in(&folder.0);
    for part in [
        "  \"my-tasks\": {\n    Record: MyTasksRecord;\n    Create: MyTasksCreate;\n",
        "export interface MyTasksRecord {\n  id: string;\n",
        "  title: string;\n",
        "export type MyTasksOrder = \"-createdAt\" | \"createdAt\" | \"title\" | \"-title\";\n",
        "export type MyTasksExpand = \"parent\" | \"parent.parent\";\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // A project of its own has no package of the client.
    assert!(!folder.0.join("clients").exists());
    assert_eq!(plans::generate(&folder.0).unwrap(), [""; 0]);
}

#[test]
fn the_types_of_the_example_are_as_its_project_says() {
    let folder = plans::root().join("clients/example");
    let project = plans::read(&folder).unwrap();
    let file = project.settings.client.types.clone().unwrap();
    let written = fs::read_to_string(folder.join(file)).unwrap();
    let command = "BAKEND_PROJECT=clients/example cargo generate";
    assert_eq!(
        written,
        types::of_collections(&project).unwrap(),
        "run {command}"
    );
}

#[test]
fn without_the_setting_no_types_are_written() {
    let folder = project("unset", "{}");
    let written = plans::generate(&folder.0).unwrap();
    assert!(
        !written.iter().any(|path| path.ends_with(".ts")),
        "{written:?}"
    );
    assert_eq!(suite().settings.client.types, None);
}
