//! The marks that `recover` and `check --repair` leave for the audit log, and the number of admins meanwhile.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

const CONFIGURATION: &str = "local-_configuration";

impl Scene<'_> {
    /// The type and the content of the event of a table's mark, if there is one.
    fn told_of(&self, table: &str) -> Option<(String, Value)> {
        let items = self.items(CONFIGURATION);
        let id = format!("table#{table}");
        let mark = items.iter().find(|item| item["id"]["S"] == id.as_str())?;
        assert_eq!(mark["change"]["M"]["by"]["S"], "cli");
        let told = serde_json::from_str(&text(&mark["told"]["S"])).unwrap();
        Some((text(&mark["kind"]["S"]), told))
    }

    /// Reservations of nobody, each of which is a repair.
    fn orphans(&self, count: u32) {
        for number in 0..count {
            let item = json!({ "id": { "S": format!("username#orphan-{number}") },
                "user_id": { "S": "01940000-0000-7000-8000-000000000000" } });
            self.put("local-_users", &item);
        }
    }

    /// A repair that runs on.
    fn repairing(&self) -> Child {
        let endpoint = self.apart.dynamo.endpoint();
        let mut command = self.inside.command("admin");
        command.args(["--stack", "local", "check", "--repair"]);
        for (name, value) in [
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "operator"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ] {
            command.env(name, value);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// The number of repairs that the mark of the users tells.
    fn repaired(&self) -> u64 {
        let (kind, told) = self.told_of("_users").unwrap();
        assert_eq!(kind, "table.repaired");
        told["repaired"].as_u64().unwrap()
    }

    /// Writes the number of admins by hand.
    fn count_admins(&self, number: u32) {
        let mut item = key("#admins");
        item["count"] = json!({ "N": number.to_string() });
        self.put("local-_users", &item);
    }
}

#[test]
fn a_recovery_and_a_repair_are_told_with_their_counts_and_a_dry_run_is_not() {
    let Some(scene) = Scene::open() else { return };
    let _ = scene.product("AAA-1", 1);
    scene.keep("local-products", "kept");
    let _ = scene.product("AAA-2", 1);
    scene.keep_again("kept");
    let counted = scene.recover("products", "kept", &["--dry-run"]);
    assert!(counted.0, "{counted:?}");
    assert_eq!(scene.told_of("products"), None);
    let (done, line) = scene.recover("products", "kept", &["--yes"]);
    assert!(done, "{line}");
    // The record and the reservation of its value.
    let told = json!({ "table": "products", "to": null, "source": "kept", "putBack": 0, "removed": 2, "left": 0 });
    let recovered = Some(("table.recovered".to_owned(), told));
    assert_eq!(scene.told_of("products"), recovered);

    scene.assert_clean(&["--repair"]);
    assert_eq!(scene.told_of("_users"), None);
    scene.count_admins(5);
    let (done, lines) = scene.check(&["--repair"]);
    assert!(done, "{lines:#?}");
    let told = json!({ "table": "_users", "repaired": 1 });
    let repaired = Some(("table.repaired".to_owned(), told));
    assert_eq!(scene.told_of("_users"), repaired);
    assert_eq!(scene.told_of("products"), recovered);
}

#[test]
fn a_repair_that_is_stopped_is_told_and_ends_after_its_write() {
    let Some(scene) = Scene::open() else { return };
    scene.orphans(300);
    let mut child = scene.repairing();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.ends_with("; repaired"), "{first}");
    let mut kill = Command::new("kill");
    let killed = kill.args(["-INT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let is_repair = |line: &String| line.ends_with("; repaired");
    let told = 1 + lines.map_while(Result::ok).filter(is_repair).count() as u64;
    let status = child.wait().unwrap();
    // It may be that nothing was left to stop.
    assert!(
        status.code() == Some(1) || (told == 300 && status.success()),
        "{told}: {status}"
    );
    assert_eq!(scene.repaired(), told);
    let (done, lines) = scene.check(&["--repair"]);
    assert!(done, "{lines:#?}");
    scene.assert_clean(&[]);
}

#[test]
fn a_repair_whose_reader_is_gone_goes_on_to_its_mark() {
    let Some(scene) = Scene::open() else { return };
    scene.orphans(20);
    let mut child = scene.repairing();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(scene.repaired(), 20);
    scene.assert_clean(&[]);
}

#[test]
fn a_table_of_sessions_that_is_missing_is_one_line_and_the_others_are_looked_over() {
    let Some(scene) = Scene::open() else { return };
    let _ = scene.call("DeleteTable", &json!({ "TableName": "local-_sessions" }));
    let (done, lines) = scene.check(&[]);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let start = "_sessions: the stack has no such table: bring it back";
    assert!(!done && lines[0].starts_with(start), "{lines:#?}");
    assert!(
        lines[1].starts_with("cargo admin: 1 contradictions in "),
        "{lines:#?}"
    );
}

#[test]
fn marks_of_deeds_do_not_go_back_with_the_configuration() {
    let Some(scene) = Scene::open() else { return };
    scene.keep(CONFIGURATION, "kept");
    scene.count_admins(5);
    let _ = scene.check(&["--repair"]);
    scene.keep_again("kept");
    let repaired = scene.told_of("_users");
    let (done, line) = scene.recover("_configuration", "kept", &["--yes"]);
    let end = "0 items put back, 0 removed, 0 left alone, which were written since.";
    // Nothing looks over this table, and nothing is said of a look.
    assert_eq!((done, line.as_str()), (true, end));
    assert!(repaired.is_some());
    assert_eq!(scene.told_of("_users"), repaired);
}

#[test]
fn an_admin_who_is_the_last_by_the_number_stays_one() {
    let Some(scene) = Scene::open() else { return };
    let user = scene.user(&json!({}));
    scene.keep("local-_users", "kept");
    let (done, lines) = scene.admin(&["promote", &email(&user)]);
    assert!(done, "{lines:#?}");
    scene.keep_again("kept");
    // As if the other admin had been demoted after the recovery has looked.
    scene.count_admins(1);
    let (done, line) = scene.recover("_users", "kept", &["--yes"]);
    let expected = "by the number of admins there would be none afterwards";
    assert!(!done && line.contains(expected), "{line}");
    let stored = |name: &str| {
        let mut items = scene.items("local-_users").into_iter();
        items.find(|item| item["id"]["S"] == name).unwrap()
    };
    assert_eq!(stored(&id(&user))["role"]["S"], "admin");
    assert_eq!(stored("#admins")["count"]["N"], "1");

    let (done, lines) = scene.check(&["--repair"]);
    assert!(done, "{lines:#?}");
    let (done, line) = scene.recover("_users", "kept", &["--yes"]);
    assert!(
        done && line.contains("the sessions of 1 users end."),
        "{line}"
    );
    assert_eq!(stored(&id(&user))["role"]["S"], "authenticated");
    assert_eq!(stored("#admins")["count"]["N"], "1");
    scene.assert_clean(&[]);
}
