//! Imports that end before their file does, each in one line, so that the same command goes on from there.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use blackbox::stack;
use serde_json::json;

use super::{Place, Scraps};
use crate::admin::{admin_with, said};

/// More rows than are under way at the same time.
const ROWS: usize = 50;

fn users() -> String {
    let user = |number: usize| format!("{{\"email\":\"user-{number}@example.com\"}}\n");
    (0..ROWS).map(user).collect()
}

fn posts(count: usize) -> String {
    let post = |number: usize| format!("{{\"id\":{number},\"title\":\"A\"}}\n");
    (0..count).map(post).collect()
}

#[test]
fn a_fault_of_the_stack_is_one_line_and_no_refusal_of_each_row() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (place, scraps) = (Place::new(inside), Scraps::new());
    let users = scraps.write("users.jsonl", users());
    let posts = scraps.write("posts.jsonl", posts(ROWS));
    let ids = scraps.at("ids.jsonl");
    let import = ["import", &users];
    let records = ["records", "import", "posts", &posts, "--map", &ids];
    for (arguments, counts) in [
        (&import[..], "0 users made, 0 there already, 0 refused"),
        (
            &records,
            "0 records of posts made, 0 there already, 0 refused",
        ),
    ] {
        // The health check may read no table.
        let key = [("AWS_ACCESS_KEY_ID", "health")];
        let endpoint = place.apart.proxy.endpoint();
        let (is_done, told) = said(&admin_with(inside, &endpoint, arguments, &key));
        assert!(!is_done && told.lines().count() == 1, "{told}");
        assert!(told.contains("AccessDenied"), "{told}");
        let end = format!("{counts}. The same command goes on from there.\n");
        assert!(told.ends_with(&end), "{told}");
        let (is_done, told) = place.run(arguments);
        assert!(is_done && told.contains(&format!("{ROWS} ")), "{told}");
    }
}

#[test]
fn a_collection_without_a_table_is_one_line() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (place, scraps) = (Place::new(inside), Scraps::new());
    let posts = scraps.write("posts.jsonl", posts(ROWS));
    let ids = scraps.at("ids.jsonl");
    let table = json!({ "TableName": "local-posts" });
    let engine = place.apart.dynamo.engine();
    let _ = engine.call("DeleteTable", &table).unwrap();
    let (is_done, told) = place.run(&["records", "import", "posts", &posts, "--map", &ids]);
    let reason = "the stack has no table of posts: ship the collection first";
    assert!(
        !is_done && told.contains(reason) && told.lines().count() == 1,
        "{told}"
    );
}

#[test]
fn an_interruption_ends_a_dry_run_of_records() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (place, scraps) = (Place::new(inside), Scraps::new());
    let posts = scraps.write("posts.jsonl", posts(3_000));
    let ids = scraps.at("ids.jsonl");
    let mut command = inside.command("admin");
    command.args(["--stack", "local", "records", "import", "posts", &posts]);
    command.args(["--map", &ids, "--dry-run"]);
    for (name, value) in [
        ("AWS_ENDPOINT_URL_DYNAMODB", place.apart.proxy.endpoint()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "operator".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
    ] {
        command.env(name, value);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let started = Instant::now();
    // It reads the first row, and so listens.
    let reads = || {
        let calls = place.apart.proxy.drain("operator");
        calls.iter().any(|call| call.operation == "GetItem")
    };
    while !reads() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "nothing happens"
        );
        thread::sleep(Duration::from_millis(5));
    }
    let mut kill = Command::new("kill");
    let killed = kill.args(["-INT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let (is_done, told) = said(&child.wait_with_output().unwrap());
    assert!(!is_done && told.contains("stopped; "), "{told}");
    assert!(!told.contains("3000 lines read"), "{told}");
    assert!(
        !std::path::Path::new(&ids).exists(),
        "a dry run writes nothing"
    );
}
