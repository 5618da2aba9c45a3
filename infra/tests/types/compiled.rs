//! TypeScript takes the types in strict mode, and finds the mistakes of `wrong.ts`. Node and TypeScript install
//! themselves. Where they cannot, the tests say so; with `BAKEND_NODE=required` they fail instead.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use infra::node::{Node, or_left_out};
use infra::{events, plans, types};
use serde_json::Value;

use crate::schemas::{package, suite};

/// A line before a mistake.
const MARK: &str = "// @ts-expect-error\n";

/// The options of the package, which is for browsers, passes on what is undefined, and has a check of its own.
pub(crate) const OF_PACKAGE: [&str; 6] = [
    "--lib",
    "es2022,dom,dom.iterable",
    "--exactOptionalPropertyTypes",
    "false",
    "--noUnusedLocals",
    "false",
];

/// A folder of a test's own, removed with the value.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("bakend-types-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn sources() -> PathBuf {
    plans::root().join("infra/tests/types")
}

/// Node, and the folder of TypeScript; `None` where they cannot be installed.
fn typescript() -> Option<&'static (Node, PathBuf)> {
    static INSTALLED: OnceLock<Option<(Node, PathBuf)>> = OnceLock::new();
    INSTALLED
        .get_or_init(|| {
            let (tests, command) = ("the compiler's tests of types", "cargo test --test types");
            or_left_out(install(), tests, command).unwrap()
        })
        .as_ref()
}

fn install() -> Result<(Node, PathBuf), String> {
    let node = Node::install(&plans::root())?;
    let packages = node.packages(&sources(), "typescript-7.0.2")?;
    Ok((node, packages))
}

/// The errors that the compiler finds in a folder, a line each; `None` where there is no compiler.
pub(crate) fn compile(folder: &Path, options: &[&str]) -> Option<Vec<String>> {
    let (node, packages) = typescript()?;
    let mut compiler: Command = node.command();
    compiler.arg(packages.join("node_modules/typescript/bin/tsc"));
    let output = compiler
        .current_dir(folder)
        .args(["--pretty", "false", "-p"])
        .arg(folder)
        .args(options)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors: Vec<String> = text
        .lines()
        .filter(|line| line.contains("error TS"))
        .map(str::to_owned)
        .collect();
    assert_eq!(output.status.success(), errors.is_empty(), "{output:?}");
    Some(errors)
}

/// A folder with the sources of this test beside the types of the suite's collections.
fn world(name: &str) -> Folder {
    let folder = Folder::new(name);
    for file in [
        "tsconfig.json",
        "package.json",
        "client.ts",
        "right.ts",
        "wrong.ts",
    ] {
        fs::copy(sources().join(file), folder.0.join(file)).unwrap();
    }
    fs::write(
        folder.0.join("bakend.ts"),
        types::of_collections(&suite()).unwrap(),
    )
    .unwrap();
    fs::write(folder.0.join("generated.ts"), package()).unwrap();
    folder
}

#[test]
fn what_the_server_takes_compiles_and_each_mistake_is_an_error() {
    let folder = world("right");
    if let Some(errors) = compile(&folder.0, &[]) {
        // A mistake that is no error is one, too: its line expects an error.
        assert_eq!(errors, [""; 0]);
    }
}

#[test]
fn every_mistake_has_an_error_of_its_own() {
    let folder = world("wrong");
    let marked = fs::read_to_string(folder.0.join("wrong.ts")).unwrap();
    let mistakes = marked.matches(MARK).count();
    assert!(mistakes >= 40, "{mistakes}");
    fs::write(folder.0.join("wrong.ts"), marked.replace(MARK, "")).unwrap();
    if let Some(errors) = compile(&folder.0, &[]) {
        assert!(
            errors.iter().all(|line| line.starts_with("wrong.ts")),
            "{errors:#?}"
        );
        let place = |line: &String| line.split(',').next().map(str::to_owned);
        let lines: BTreeSet<_> = errors.iter().filter_map(place).collect();
        assert_eq!(
            (errors.len(), lines.len()),
            (mistakes, mistakes),
            "{errors:#?}"
        );
    }
}

#[test]
fn a_mistake_that_becomes_right_is_told() {
    let folder = world("narrow");
    let types = folder.0.join("bakend.ts");
    let text = fs::read_to_string(&types).unwrap();
    let open = text.replace(
        "export type ProductsOrder =\n",
        "export type ProductsOrder = string\n",
    );
    assert_ne!(open, text);
    fs::write(types, open).unwrap();
    if let Some(errors) = compile(&folder.0, &[]) {
        let unused = errors.iter().filter(|line| line.contains("TS2578")).count();
        assert!(unused >= 4, "{errors:#?}");
    }
}

#[test]
fn every_example_of_an_event_is_an_event_and_no_other_is() {
    let drawn: Value = serde_json::from_str(&events::draw().unwrap()).unwrap();
    let examples = drawn["examples"].as_array().unwrap();
    let folder = world("events");
    let right = examples.iter().map(|event| format!("take({event});\n"));
    let wrong = examples.iter().map(|event| {
        let mut event = event.clone();
        event["data"]["unheard"] = Value::Null;
        format!("{MARK}take({event});\n")
    });
    let head = "import type { BakendEvent } from \"./generated.ts\";\ndeclare function take(event: BakendEvent): void;\n";
    let text: String = right.chain(wrong).collect();
    fs::write(folder.0.join("events.ts"), [head, &text].concat()).unwrap();
    if let Some(errors) = compile(&folder.0, &[]) {
        assert_eq!(errors, [""; 0]);
    }
}

/// Names that are words of TypeScript, of this file's own declarations, or of the document.
const ODD: [(&str, &str); 3] = [
    (
        "views",
        r#"[ { "name": "View", "type": "relation", "collection": "views" }, { "name": "in", "type": "boolean" },
        { "name": "constructor", "type": "integer", "enum": [ 1, 2 ] }, { "name": "or", "type": "string", "required": true } ]"#,
    ),
    (
        "text-tests",
        r#"[ { "name": "class", "type": "array", "items": { "type": "relation", "collection": "record" } },
        { "name": "deep", "type": "object", "fields": [ { "name": "a", "type": "array", "required": true, "items":
        { "type": "object", "fields": [ { "name": "b", "type": "date" } ] } } ] } ]"#,
    ),
    (
        "record",
        r#"[ { "name": "quoted", "type": "string", "enum": [ "a\"b", "c\\d", "*/" ] },
        { "name": "secret", "type": "string", "default": "x", "read": "admin", "write": "admin" } ]"#,
    ),
];

#[test]
fn odd_names_and_an_empty_project_compile() {
    for collections in [&ODD[..0], &ODD[..]] {
        let folder = Folder::new(&format!("odd{}", collections.len()));
        let project = folder.0.join("project");
        fs::create_dir_all(project.join("collections")).unwrap();
        fs::write(project.join("bakend.json"), "{}").unwrap();
        for (name, fields) in collections {
            let definition = format!(r#"{{ "name": "{name}", "fields": {fields} }}"#);
            fs::write(project.join(format!("collections/{name}.json")), definition).unwrap();
        }
        let text = types::of_collections(&plans::read(&project).unwrap()).unwrap();
        for part in [
            "View?: string | ViewsExpanded;",
            "class?: (string | RecordExpanded)[];",
        ] {
            assert_eq!(text.contains(part), !collections.is_empty(), "{text}");
        }
        fs::write(folder.0.join("bakend.ts"), text).unwrap();
        for file in ["tsconfig.json", "package.json"] {
            fs::copy(sources().join(file), folder.0.join(file)).unwrap();
        }
        if let Some(errors) = compile(&folder.0, &[]) {
            assert_eq!(errors, [""; 0]);
        }
    }
}

#[test]
fn the_package_takes_the_types_of_an_app() {
    let folder = world("used");
    if !package_in(&folder, "index.ts") {
        return;
    }
    fs::copy(sources().join("used.ts"), folder.0.join("used.ts")).unwrap();
    if let Some(errors) = compile(&folder.0, &OF_PACKAGE) {
        assert_eq!(errors, [""; 0]);
    }
}

/// Copies the package's sources without those of React into `src` of a folder; false where the checkout has not this one.
pub(crate) fn package_in(folder: &Folder, one: &str) -> bool {
    let (from, to) = (
        plans::root().join("clients/typescript/src"),
        folder.0.join("src"),
    );
    fs::create_dir_all(&to).unwrap();
    for entry in fs::read_dir(&from).unwrap() {
        let path = entry.unwrap().path();
        let is_source = path.extension().is_some_and(|extension| extension == "ts");
        if path.is_file() && is_source {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
    to.join(one).exists()
}
