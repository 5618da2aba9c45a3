//! `cargo admin recover --at`: the requests to AWS, which a program in place of SAM's Python keeps and answers.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::Timestamp;

use super::*;
use crate::admin::{admin_with, play_sam};

/// A folder of tools whose SAM is this answer.
struct Tools(PathBuf);

impl Tools {
    /// A Python that runs these lines of a shell after it has kept its arguments.
    fn answering(lines: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("bakend-tools-{}", fresh_email()));
        let script = format!(
            "#!/bin/sh\nshift 2\necho \"$*\" >> {}\n{lines}\n",
            folder.join("asked").display()
        );
        play_sam(&folder, &script);
        Self(folder)
    }

    /// The requests so far.
    fn asked(&self) -> Vec<String> {
        let text = fs::read_to_string(self.0.join("asked")).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }

    /// The success and the lines of a recovery of the products.
    fn recover(&self, scene: &Scene<'_>, how: &[&str]) -> (bool, Vec<String>) {
        let arguments = [&["recover", "--table", "products"], how].concat();
        let folder = self.0.display().to_string();
        let env = [("BAKEND_TOOLS", folder.as_str())];
        let endpoint = scene.apart.dynamo.endpoint();
        let (done, text) = said(&admin_with(scene.inside, &endpoint, &arguments, &env));
        (done, text.lines().map(ToOwned::to_owned).collect())
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The seconds of a minute ago, and that time as a command has it.
fn minute_ago() -> (u64, String) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seconds = now.as_secs() - 60;
    let at = Timestamp::from_millis(seconds * 1_000).to_string();
    (seconds, at)
}

#[test]
fn a_time_is_a_table_of_aws_that_is_gone_in_the_end() {
    let Some(scene) = Scene::open() else { return };
    let tools = Tools::answering(
        "case $1 in make) echo '{ \"made\": false }' ;; remove) echo '{ \"removed\": true }' ;; \
         settings) echo '{ \"changed\": [\"TTL\"], \"differs\": [\"the stream\"] }' ;; esac",
    );
    let product = scene.product("AAA-1", 1);
    let (seconds, at) = minute_ago();
    let helper = format!("local-products-recover-{seconds}");
    // A table tells whole seconds of its making; the product is from before.
    thread::sleep(Duration::from_millis(1_100));
    scene.keep("local-products", &helper);
    for item in scene.items("local-products") {
        scene.delete("local-products", &item, &["shard", "id"]);
    }
    let how = ["--at", at.as_str()];
    let (done, lines) = tools.recover(&scene, &how);
    assert!(
        !done && lines[0] == format!("local-products goes back to {at}:"),
        "{lines:#?}"
    );
    assert_eq!(tools.asked(), [""; 0]);

    let make = format!("make local us-east-1 local-products {helper} {seconds}");
    let (done, lines) = tools.recover(&scene, &[&how[..], &["--dry-run"]].concat());
    let last = lines.last().cloned().unwrap_or_default();
    let end = format!("Nothing is written, and {helper} stays.");
    assert!(done && last.ends_with(&end), "{lines:#?}");
    assert_eq!(tools.asked(), [make.as_str()]);
    assert_eq!(scene.items("local-products").len(), 0);

    let (done, lines) = tools.recover(&scene, &[&how[..], &["--yes"]].concat());
    let last = lines.last().cloned().unwrap_or_default();
    let start =
        "3 items put back, 0 removed, 0 left alone, which were written since. No contradiction in ";
    assert!(done && last.starts_with(start), "{lines:#?}");
    for line in [
        "local-products: TTL is set again",
        "local-products: the stream is not as the template has it, and a deployment does not set it: see docs/operations.md",
    ] {
        assert!(lines.iter().any(|it| it == line), "{lines:#?}");
    }
    let expected = [
        make.clone(),
        make,
        "settings local us-east-1 local-products".to_owned(),
        format!("remove local us-east-1 {helper}"),
    ];
    assert_eq!(tools.asked(), expected);
    assert_eq!(scene.get(&product), 200);

    // A run that could not remove its table is repeated. Once the table is gone, none begins anew.
    let again = || tools.recover(&scene, &[&how[..], &["--yes"]].concat());
    let (done, lines) = again();
    let last = lines.last().cloned().unwrap_or_default();
    let start = "0 items put back, 0 removed, 0 left alone";
    assert!(done && last.starts_with(start), "{lines:#?}");
    let _ = scene.call("DeleteTable", &json!({ "TableName": helper }));
    let asked = tools.asked();
    let (done, lines) = again();
    let last = lines.last().cloned().unwrap_or_default();
    let start = format!("cargo admin: local-products went back to {at} by a run that ended at 2");
    assert!(!done && last.starts_with(&start), "{lines:#?}");
    assert_eq!(tools.asked(), asked);
}

/// Two commands are given at once, and the first one ends while the second one waits for its table.
#[test]
fn a_run_that_another_has_overtaken_does_not_begin_anew() {
    let Some(scene) = Scene::open() else { return };
    let go = std::env::temp_dir().join(format!("bakend-go-{}", fresh_email()));
    let tools = Tools::answering(&format!(
        "case $1 in make) while [ ! -e {} ]; do sleep 0.05; done; echo '{{ \"made\": true }}' ;; \
         remove) echo '{{ \"removed\": true }}' ;; esac",
        go.display()
    ));
    let (seconds, at) = minute_ago();
    let (done, lines) = thread::scope(|scope| {
        let run = scope.spawn(|| tools.recover(&scene, &["--at", &at, "--yes"]));
        while tools.asked().is_empty() && !run.is_finished() {
            thread::sleep(Duration::from_millis(20));
        }
        let millis = json!({ "N": (seconds * 1_000).to_string() });
        let mark = json!({ "id": { "S": "table#products" }, "recovered_to": millis, "recovered_at": millis });
        scene.put("local-_configuration", &mark);
        fs::write(&go, "").unwrap();
        run.join().unwrap()
    });
    let _ = fs::remove_file(&go);
    let last = lines.last().cloned().unwrap_or_default();
    let start = format!("cargo admin: local-products went back to {at} by a run that ended at 2");
    assert!(!done && last.starts_with(&start), "{lines:#?}");
    let helper = format!("local-products-recover-{seconds}");
    let expected = [
        format!("make local us-east-1 local-products {helper} {seconds}"),
        format!("remove local us-east-1 {helper}"),
    ];
    assert_eq!(tools.asked(), expected);
}

#[test]
fn a_refusal_of_aws_is_one_line_and_nothing_is_done() {
    let Some(scene) = Scene::open() else { return };
    let tools = Tools::answering("echo 'AWS: not enabled' >&2; exit 1");
    let _ = scene.product("AAA-1", 1);
    let before = scene.items("local-products");
    let (_, at) = minute_ago();
    let (done, lines) = tools.recover(&scene, &["--at", &at, "--yes"]);
    let last = lines.last().cloned().unwrap_or_default();
    assert_eq!(
        (done, last.as_str()),
        (false, "cargo admin: AWS: not enabled")
    );
    assert_eq!(scene.items("local-products"), before);
}
