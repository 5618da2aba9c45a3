//! All checks that depend on the project, on a customised copy of the owner's: with an additional collection, role,
//! profile fields and settings. They are built already; only the project is another one.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use api::project::VARIABLE;
use blackbox::{Stack, owners_stack};
use local::tools::forget_package;
use serde_json::{Value, json};

/// The packages with tests that look at the project: those that embed it, draw its plans or fill its tables.
const PACKAGES: [&str; 4] = ["collections", "infra", "local", "admin"];

/// The collection that the owner adds: it uses every other addition, and has a relation to an existing collection.
fn collection(neighbour: &str) -> Value {
    json!({ "name": "customised_invoices",
        "fields": [ { "name": "number", "type": "string", "required": true, "unique": true, "pattern": "^R-[0-9]{4,8}$" },
                    { "name": "customer", "type": "relation", "collection": "users" },
                    { "name": "about", "type": "relation", "collection": neighbour },
                    { "name": "total", "type": "number", "min": 0, "read": "owner | role:customised_accountant" },
                    { "name": "state", "type": "string", "enum": [ "open", "paid" ], "default": "open" } ],
        "permissions": { "create": "role:customised_accountant", "read": "owner | role:customised_accountant",
                         "update": "role:customised_accountant", "delete": "admin" },
        "rowFilters": [ { "when": "role:customised_accountant" }, { "when": "owner", "filter": { "state": "open" } } ],
        "indexes": [ [ "state", "-total" ], { "fields": [ "total" ], "perOwner": true } ] })
}

/// Adds to a list in a JSON object, which is made where it is missing.
fn add(tree: &mut Value, path: [&str; 2], more: &[Value]) {
    let list = &mut tree[path[0]][path[1]];
    if list.is_null() {
        *list = json!([]);
    }
    list.as_array_mut().unwrap().extend_from_slice(more);
}

/// The copy, in a folder of its own.
fn customise() -> PathBuf {
    let project = infra::plans::folder();
    let folder = local::root().join(format!(".bakend/tests/customised-{}", process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("collections")).unwrap();
    let files = api::check::read_folder(&project.join("collections")).unwrap();
    for (name, text) in &files {
        fs::write(folder.join("collections").join(name), text).unwrap();
    }
    let neighbour = files
        .first()
        .map_or("users", |(name, _)| name.trim_end_matches(".json"));
    let more = folder.join("collections/customised_invoices.json");
    fs::write(more, collection(neighbour).to_string()).unwrap();

    let text = fs::read_to_string(project.join("bakend.json")).unwrap();
    let mut settings: Value = serde_json::from_str(&text).unwrap();
    add(
        &mut settings,
        ["auth", "roles"],
        &[json!("customised_accountant")],
    );
    let fields = [
        json!({ "name": "customisedCompany", "type": "string", "maxLength": 80, "public": true }),
        json!({ "name": "customisedTaxNumber", "type": "string", "unique": true }),
    ];
    add(&mut settings, ["users", "fields"], &fields);
    settings["auth"]["requireApiKey"] = json!(true);
    settings["auth"]["registration"] = json!({ "enabled": false, "domains": ["customised.test"] });
    settings["events"] = json!({ "recordAddresses": true, "retention": "2d", "maxDepth": 2 });
    settings["audit"] = json!({ "retention": "30d" });
    settings["auth"]["password"] = json!({ "minLength": 40 });
    settings["auth"]["accessTokenTtl"] = json!("5m");
    settings["auth"]["throttle"] = json!({ "registrations": 3 });
    fs::write(folder.join("bakend.json"), settings.to_string()).unwrap();
    folder
}

/// The test programs of [`PACKAGES`] as `cargo test` has built them.
fn programs() -> Vec<PathBuf> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["test", "--quiet", "--no-run", "--workspace", "--lib"])
        .args(["--bin", "local", "--bin", "admin"])
        .args(["--message-format", "json", "--target-dir"])
        .arg(blackbox::target().unwrap())
        .current_dir(local::root())
        .env_remove(VARIABLE);
    forget_package(&mut cargo);
    let output = cargo.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    let artifacts = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|artifact| {
            artifact["executable"].is_string() && artifact["profile"]["test"] == true
        });
    let ours = artifacts.filter(|artifact| {
        let manifest = Path::new(artifact["manifest_path"].as_str().unwrap_or_default());
        let folder = manifest
            .parent()
            .and_then(Path::file_name)
            .unwrap_or_default();
        PACKAGES.iter().any(|package| folder == *package)
    });
    ours.map(|artifact| PathBuf::from(artifact["executable"].as_str().unwrap()))
        .collect()
}

/// Runs a program on the copy.
fn run(program: &Path, arguments: &[&str], copy: &Path) {
    let mut command = Command::new(program);
    forget_package(&mut command);
    let output = command
        .args(arguments)
        .current_dir(local::root())
        .env(VARIABLE, copy)
        .output()
        .unwrap();
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    assert!(
        output.status.success(),
        "{} on {}: {}",
        program.display(),
        copy.display(),
        String::from_utf8_lossy(&said)
    );
}

#[test]
fn a_customised_copy_passes_the_checks() {
    let Some(inside) = owners_stack().and_then(Stack::inside) else {
        return;
    };
    let copy = customise();
    run(&inside.binary("infra"), &["generate"], &copy);
    let programs = programs();
    assert!(programs.len() > PACKAGES.len(), "{programs:?}");
    for program in programs {
        run(&program, &[], &copy);
    }
    let all_but_this = ["--skip", "a_customised_copy_passes_the_checks"];
    run(&env::current_exe().unwrap(), &all_but_this, &copy);
    fs::remove_dir_all(copy).unwrap();
}
