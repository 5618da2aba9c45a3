//! `cargo contract`: the API document against the API: schemathesis asks what the document allows, and what it does not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a check that cannot go on has to stop"
)]

use std::process::{Command, ExitCode};
use std::time::SystemTime;

use api::Timestamp;
use blackbox::{Inside, stack};
use local::seed::{Engine, Seed, fill};

/// What no answer may be: a 5xx, a status, content type, header or body that the document does not have, a method that
/// is not refused as documented, or a record that is still there after its deletion.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,use_after_free";

/// So many requests for each operation and phase, the same in every run.
const OPTIONS: &str = "--max-examples 20 --seed 1 --generation-database none --phases examples,fuzzing,stateful \
    --workers 2 --continue-on-failure --suppress-health-check all --warnings off --no-color";

fn main() -> ExitCode {
    let Some(inside) = stack().inside() else {
        return ExitCode::FAILURE;
    };
    let (member, _another) = (stack().member(), stack().member());
    seed(inside);
    let token = member.token.as_deref().unwrap_or_default();
    // A session that ends itself makes every later answer a 401.
    let token = format!("authorization: Bearer {token}");
    let as_member = run(
        "a member",
        &["--exclude-path", "/api/auth/logout", "--header", &token],
    );
    if as_member && run("a stranger", &[]) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Records in every collection, the member's and others', so that lists and relations have something to show.
fn seed(inside: &Inside) {
    let files = api::check::read_folder(&local::root().join("collections")).unwrap();
    let mut todo = api::check::check(&files).unwrap().definitions;
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let seed = Seed {
        count: 50,
        seed: 1,
        now: Timestamp::from_millis(u64::try_from(now.as_millis()).unwrap()),
    };
    let engine = Engine::Here(inside.dynamo.database());
    // A collection waits for those that its records must name.
    for _ in 0..todo.len() {
        todo.retain(|definition| fill(&engine, definition, seed, |_| {}, |_| {}).is_err());
    }
    assert!(todo.is_empty());
}

/// Whether schemathesis finds nothing; what it finds, it prints.
fn run(who: &str, more: &[&str]) -> bool {
    let root = local::root();
    let folder = root.join("target/schemathesis");
    let program = local::tools::schemathesis(&root).unwrap_or_else(|error| panic!("{error}"));
    std::fs::create_dir_all(&folder).unwrap();
    let mut command = Command::new(program);
    command.args([
        "--config-file",
        "tests/schemathesis.toml",
        "run",
        "docs/openapi.json",
        "--url",
        stack().url(),
    ]);
    command
        .args(["--checks", CHECKS])
        .args(OPTIONS.split_whitespace());
    command
        .args(more)
        .current_dir(&root)
        .env("HYPOTHESIS_STORAGE_DIRECTORY", folder.join("hypothesis"));
    println!("schemathesis as {who}");
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("schemathesis cannot be run: {error}"));
    if !status.success() {
        eprintln!("schemathesis as {who} found what is above");
    }
    status.success()
}
