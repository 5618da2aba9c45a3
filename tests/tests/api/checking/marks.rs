//! The marks that `recover` and `check --repair` leave for the audit log, and the number of admins meanwhile.

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
