//! The command lines of every tool: a mistake is told on the error output, and nothing is done.

use std::fs;
use std::path::Path;

use blackbox::{Inside, stack};

/// Binary, arguments, and a part of the complaint.
type Row = (&'static str, &'static [&'static str], &'static str);

const ROWS: &[Row] = &[
    ("admin", &[], "Usage: cargo admin"),
    (
        "admin",
        &["demote", "a@example.com"],
        "unrecognized subcommand 'demote'",
    ),
    (
        "admin",
        &["--stacks", "a", "export"],
        "unexpected argument '--stacks'",
    ),
    (
        "admin",
        &["--stack"],
        "a value is required for '--stack <STACK>'",
    ),
    (
        "admin",
        &["--stack", "", "export"],
        "a stack's name has letters, digits and hyphens",
    ),
    (
        "admin",
        &["--stack", "a b", "export"],
        "a stack's name has letters, digits and hyphens",
    ),
    (
        "admin",
        &["--stack", "a_b", "export"],
        "a stack's name has letters, digits and hyphens",
    ),
    (
        "admin",
        &["--stack", "a", "--local", "export"],
        "cannot be used with '--local'",
    ),
    (
        "admin",
        &["--local", "export"],
        "the local stack is not running; start it with `cargo dev`",
    ),
    ("admin", &["--stack", "wrong", "export"], WRONG),
    (
        "admin",
        &["--stack", "wrong", "promote", "a@example.com"],
        WRONG,
    ),
    ("admin", &["--stack", "wrong", "backfill", "--all"], WRONG),
    ("admin", &["--stack", "wrong", "restore", "/nothing"], WRONG),
    (
        "admin",
        &["--stack", "wrong", "records", "export", "posts"],
        WRONG,
    ),
    (
        "admin",
        &["--stack", "local", "records"],
        "Usage: cargo admin",
    ),
    (
        "admin",
        &["--stack", "local", "records", "import", "posts"],
        "<FILE>",
    ),
    ("admin", &["--stack", "local", "restore"], "<FOLDER>"),
    (
        "admin",
        &["--stack", "local", "import", "--from", "firebase", "a"],
        "[possible values: pocketbase, supabase, urbackend, bkend]",
    ),
    (
        "admin",
        &["--stack", "local", "import", "--fields", "a", "b"],
        "--from <FROM>",
    ),
    (
        "admin",
        &["--stack", "local", "export", "--all", "a", "--with-hashes"],
        "cannot be used with",
    ),
    (
        "admin",
        &["--stack", "wrong", "import", "/nothing/users.jsonl"],
        WRONG,
    ),
    (
        "admin",
        &["export"],
        "there is no table bakend-_users of the stack bakend in us-east-1",
    ),
    ("admin", &["--stack", "local", "promote"], "<EMAIL>"),
    (
        "admin",
        &["--stack", "local", "promote", "ada"],
        "ada: `email` must be an email address.",
    ),
    (
        "admin",
        &["--stack", "local", "promote", "nobody@no.example"],
        "nobody has registered nobody@no.example",
    ),
    (
        "admin",
        &["--stack", "local", "export", "/"],
        "/: is there already",
    ),
    (
        "admin",
        &["--stack", "local", "export", "/nothing/users"],
        "/nothing/users: No such file",
    ),
    ("admin", &["--stack", "local", "import"], "<FILE>"),
    (
        "admin",
        &["--stack", "local", "import", "/nothing/users"],
        "/nothing/users: No such file",
    ),
    ("admin", &["--stack", "local", "backfill"], "<COLLECTION>"),
    (
        "admin",
        &["--stack", "local", "backfill", "nothing", "--all"],
        "there is no collection nothing",
    ),
    (
        "admin",
        &["--stack", "local", "backfill", "products", "nothing"],
        "products has no index and no unique field nothing",
    ),
    (
        "admin",
        &[
            "--stack", "local", "backfill", "products", "status", "--all",
        ],
        "cannot be used with",
    ),
    (
        "admin",
        &["--stack", "local", "backfill", "--all", "--settle", "soon"],
        "invalid value 'soon'",
    ),
    ("admin", &["--stack", "wrong", "keys"], WRONG),
    ("admin", &["--stack", "wrong", "reseal"], WRONG),
    ("admin", &["--stack", "wrong", "check"], WRONG),
    (
        "admin",
        &[
            "--stack",
            "wrong",
            "recover",
            "--table",
            "posts",
            "--at",
            "2026-11-29",
            "--yes",
        ],
        WRONG,
    ),
    (
        "admin",
        &["--stack", "local", "check", "products"],
        "unexpected argument 'products'",
    ),
    (
        "admin",
        &["--stack", "local", "keys", "remove"],
        "unrecognized subcommand 'remove'",
    ),
    ("admin", &["--stack", "local", "keys", "drop"], "<NUMBER>"),
    (
        "admin",
        &["--stack", "local", "keys", "drop", "one"],
        "invalid value 'one' for '<NUMBER>'",
    ),
    (
        "admin",
        &["--stack", "local", "keys", "revoke-all"],
        "cargo admin: this signs everybody out, on every device; if that is meant, say --yes",
    ),
    ("admin", &["--stack", "wrong", "keys", "status"], WRONG),
    (
        "admin",
        &["--stack", "wrong", "keys", "revoke-all", "--yes"],
        WRONG,
    ),
    ("admin", &["--stack", "local", "user"], "<EMAIL|ID>"),
    (
        "admin",
        &["--stack", "local", "user", "ada"],
        "cargo admin: ada: name a user by an email address or by an id",
    ),
    (
        "admin",
        &["--stack", "local", "user", "nobody@no.example", "disable"],
        "cargo admin: nobody has registered nobody@no.example",
    ),
    (
        "admin",
        &["--stack", "local", "user", "nobody@no.example", "remove"],
        "unexpected argument 'remove'",
    ),
    (
        "admin",
        &[
            "--stack",
            "local",
            "user",
            "nobody@no.example",
            "end-sessions",
            "1",
        ],
        "an id has the form 0197a3b0-1234-7000-8000-0000000000aa",
    ),
    (
        "admin",
        &[
            "--stack",
            "local",
            "user",
            "a@example.com",
            "demote",
            "--api-keys",
            "all",
        ],
        "possible values: keep, delete",
    ),
    (
        "admin",
        &["--stack", "wrong", "user", "a@example.com"],
        WRONG,
    ),
    ("admin", &["--stack", "wrong", "admins"], WRONG),
    ("admin", &["--stack", "wrong", "api-keys"], WRONG),
    (
        "admin",
        &["--stack", "local", "api-keys", "revoke", "one"],
        "an id has the form 0197a3b0-1234-7000-8000-0000000000aa",
    ),
    (
        "admin",
        &["--stack", "local", "api-keys", "--made-by", "ada"],
        "cargo admin: ada: name a user by an email address or by an id",
    ),
    (
        "admin",
        &["--stack", "local", "throttle"],
        "Usage: cargo admin throttle",
    ),
    (
        "admin",
        &["--stack", "local", "throttle", "clear", "ada"],
        "cargo admin: ada: name an email address, or an IP address such as 203.0.113.7",
    ),
    (
        "admin",
        &["--stack", "wrong", "throttle", "clear", "a@example.com"],
        WRONG,
    ),
    ("admin", &["--stack", "wrong", "status"], WRONG),
    ("admin", &["--stack", "wrong", "logs", "r-1"], WRONG),
    ("admin", &["--stack", "wrong", "usage"], WRONG),
    (
        "admin",
        &["--stack", "local", "logs", "a \"b\""],
        "a request id has letters, digits and hyphens; it is in x-request-id of the reply",
    ),
    (
        "admin",
        &["--stack", "local", "logs", "r-1", "--days", "0"],
        "invalid value '0' for '--days",
    ),
    (
        "admin",
        &["--stack", "local", "usage", "--days", "456"],
        "invalid value '456' for '--days",
    ),
    (
        "admin",
        &["--stack", "local", "audit"],
        "Usage: cargo admin audit",
    ),
    ("admin", &["--stack", "wrong", "audit", "export"], WRONG),
    (
        "admin",
        &["--stack", "local", "audit", "export", "--from", "yesterday"],
        "a time is a date such as 2026-11-28, or has the form 2026-11-28T11:05:00Z",
    ),
    (
        "admin",
        &["--stack", "local", "audit", "export", "--to", "2026-02-30"],
        "invalid value '2026-02-30' for '--to <TO>'",
    ),
    (
        "admin",
        &["--stack", "local", "audit", "export", "--format", "xml"],
        "possible values: jsonl, csv",
    ),
    (
        "admin",
        &[
            "--stack",
            "local",
            "audit",
            "export",
            "--from",
            "2026-11-28T11:00:00+01:00",
            "--to",
            "2026-11-28T10:00:00Z",
        ],
        "cargo admin: --to must be after --from",
    ),
    ("local", &["start"], "unrecognized subcommand 'start'"),
    (
        "local",
        &["--port", "http"],
        "invalid value 'http' for '--port <PORT>'",
    ),
    (
        "local",
        &["--port", "70000"],
        "invalid value '70000' for '--port <PORT>'",
    ),
    (
        "local",
        &["--port", "0"],
        "invalid value '0' for '--port <PORT>'",
    ),
    (
        "local",
        &["--dynamodb-port", "0"],
        "invalid value '0' for '--dynamodb-port",
    ),
    (
        "local",
        &["--dynamodb", "localhost:8000"],
        "is no address of a local DynamoDB",
    ),
    (
        "local",
        &["--dynamodb", "http://127.0.0.1:1", "--memory"],
        "cannot be used with",
    ),
    ("local", &["check", "posts"], "unexpected argument 'posts'"),
    ("local", &["seed"], "<COLLECTION>"),
    ("local", &["seed", "posts"], "<COUNT>"),
    (
        "local",
        &["seed", "posts", "0"],
        "invalid value '0' for '<COUNT>'",
    ),
    (
        "local",
        &["seed", "posts", "ten"],
        "invalid value 'ten' for '<COUNT>'",
    ),
    (
        "local",
        &["seed", "nothing", "1"],
        "There is no collection `nothing`; there are ",
    ),
    ("infra", &[], "Usage: infra"),
    (
        "infra",
        &["generate", "posts"],
        "unexpected argument 'posts'",
    ),
    (
        "infra",
        &["ship", "--arch", "mips"],
        "invalid value 'mips' for '--arch <ARCH>'",
    ),
    ("infra", &["ship", "--plan-only"], "--steps"),
    ("infra", &["ship", "--stack", "a"], "--steps"),
    ("infra", &["ship", "--", "--guided"], "--steps"),
    (
        "infra",
        &["rehearse", "--all", "--instead", "true"],
        "cannot be used with",
    ),
    (
        "infra",
        &["fuzz-all", "nothing"],
        "There is no target `nothing`; there are ",
    ),
    (
        "infra",
        &["fuzz-all", "--seconds", "0"],
        "invalid value '0' for '--seconds",
    ),
    (
        "infra",
        &["fuzz-all", "--keep", "--input", "a"],
        "cannot be used with",
    ),
    (
        "infra",
        &["fuzz-all", "--input", "a"],
        "--input needs the name of one target",
    ),
    ("bench", &["nothing"], "unrecognized subcommand 'nothing'"),
    (
        "bench",
        &["--rounds", "0"],
        "invalid value '0' for '--rounds",
    ),
    (
        "bench",
        &["scale", "--sizes", "1"],
        "invalid value '1' for '--sizes",
    ),
    (
        "contract",
        &["--onw"],
        "cargo contract: `--onw` is no argument of it",
    ),
    (
        "contract",
        &["own"],
        "cargo contract: `own` is no argument of it",
    ),
];

const WRONG: &str = "cargo admin: there is no table wrong-_users of the stack wrong in us-east-1: name the stack with \
    --stack, its region with AWS_REGION, and its account with the credentials";

/// A checkout in which nothing runs and nothing can be spoilt.
fn checkout(parent: &Path) -> std::path::PathBuf {
    let root = parent.join(format!("bakend-lines-{}", std::process::id()));
    for folder in ["infra", "fuzz/targets", "collections"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("infra/base.yaml"), "").unwrap();
    fs::write(root.join("bakend.json"), "{}").unwrap();
    fs::write(root.join("fuzz/targets/filter.rs"), "").unwrap();
    let posts = r#"{ "name": "posts", "fields": [], "permissions": { "read": "admin" } }"#;
    fs::write(root.join("collections/posts.json"), posts).unwrap();
    root
}

/// The complaint of a tool that must not succeed.
fn complaint(inside: &Inside, root: &Path, binary: &str, arguments: &[&str]) -> String {
    let mut command = inside.command(binary);
    command
        .args(arguments)
        .current_dir(root)
        .env("CARGO_MANIFEST_DIR", root.join("infra"))
        .env("AWS_ENDPOINT_URL_DYNAMODB", inside.dynamo.endpoint())
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "operator")
        .env("AWS_SECRET_ACCESS_KEY", "local");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{binary} {arguments:?}: {text}");
    assert!(
        output.stdout.is_empty(),
        "{binary} {arguments:?} did something"
    );
    text
}

#[test]
fn a_mistake_on_a_command_line_is_told_and_nothing_is_done() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let root = checkout(&std::env::temp_dir());
    for (binary, arguments, expected) in ROWS {
        let text = complaint(inside, &root, binary, arguments);
        assert!(text.contains(expected), "{binary} {arguments:?}: {text}");
        for bad in ["panicked", "Something went wrong", "the log has it"] {
            assert!(!text.contains(bad), "{binary} {arguments:?}: {text}");
        }
    }
    fs::remove_dir_all(root).unwrap();
}
