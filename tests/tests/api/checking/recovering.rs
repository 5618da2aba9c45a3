//! `cargo admin recover`, with a table of the test's own in place of point-in-time recovery.

use std::time::Duration;

use super::*;

impl Scene<'_> {
    /// Keeps a copy of a table, as it is now, under this name.
    pub(super) fn keep(&self, table: &str, name: &str) {
        let described = self.call("DescribeTable", &json!({ "TableName": table }));
        let schema = described["Table"]["KeySchema"].clone();
        let keys: Vec<&Value> = schema.as_array().unwrap().iter().collect();
        let all = described["Table"]["AttributeDefinitions"]
            .as_array()
            .unwrap();
        let is_key = |attribute: &&Value| {
            keys.iter()
                .any(|key| key["AttributeName"] == attribute["AttributeName"])
        };
        let attributes: Vec<&Value> = all.iter().filter(is_key).collect();
        let create = json!({ "TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": schema,
            "AttributeDefinitions": attributes });
        let items = self.items(table);
        let _ = self.call("CreateTable", &create);
        for item in items {
            self.put(name, &item);
        }
    }

    /// Removes and makes a kept copy again: what was written before counts as older than the recovery.
    pub(super) fn keep_again(&self, name: &str) {
        let items = self.items(name);
        let described = self.call("DescribeTable", &json!({ "TableName": name }));
        let table = &described["Table"];
        let create = json!({ "TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": table["KeySchema"],
            "AttributeDefinitions": table["AttributeDefinitions"] });
        let _ = self.call("DeleteTable", &json!({ "TableName": name }));
        // The time of a table's making may be in whole seconds.
        std::thread::sleep(Duration::from_millis(1_100));
        let _ = self.call("CreateTable", &create);
        for item in items {
            self.put(name, &item);
        }
    }

    /// The success and the last line of a recovery from a kept copy.
    pub(super) fn recover(&self, table: &str, name: &str, how: &[&str]) -> (bool, String) {
        let arguments = [&["recover", "--table", table, "--from", name], how].concat();
        let (done, lines) = self.admin(&arguments);
        (done, lines.last().cloned().unwrap_or_default())
    }

    pub(super) fn get(&self, product: &str) -> u16 {
        let function = self.apart.function("records-get", "checking", &[]);
        let event = Event::new("GET", &format!("/api/products/{product}"));
        self.apart.ask(&function, &event).status
    }
}

/// Items in an order that does not depend on the table.
fn sorted(mut items: Vec<Value>) -> Vec<String> {
    items.sort_by_key(|item| format!("{}{}", item["id"], item["shard"]));
    items.iter().map(ToString::to_string).collect()
}

#[test]
fn records_go_back_beside_requests_and_a_repeated_run_changes_nothing() {
    let Some(scene) = Scene::open() else { return };
    let [changed, lost, moved] = ["AAA-1", "AAA-2", "AAA-5"].map(|sku| scene.product(sku, 1));
    scene.keep("local-products", "kept");
    let before = scene.items("local-products");
    let update = scene.apart.function("records-update", "checking", &[]);
    let delete = scene.apart.function("records-delete", "checking", &[]);
    let token = text(&scene.admin["accessToken"]);
    let path = |product: &str| format!("/api/products/{product}");
    let body = json!({ "sku": "AAA-9", "price": 5 });
    let patch = Event::new("PATCH", &path(&changed))
        .json(&body)
        .token(&token);
    let _ = scene.apart.ask(&update, &patch).expect(200);
    let gone = Event::new("DELETE", &path(&lost)).token(&token);
    let _ = scene.apart.ask(&delete, &gone).expect(204);
    let newer = scene.product("AAA-3", 3);
    scene.keep_again("kept");
    let since = scene.product("AAA-4", 4);
    // One that was there before, and has another value since.
    let patch = Event::new("PATCH", &path(&moved))
        .json(&json!({ "sku": "AAA-6" }))
        .token(&token);
    let _ = scene.apart.ask(&update, &patch).expect(200);

    let counted = scene.recover("products", "kept", &["--dry-run"]);
    let plan = "to be put back, ";
    assert!(counted.0 && counted.1.contains(plan), "{counted:?}");
    let untouched = sorted(scene.items("local-products"));
    let (done, line) = scene.recover("products", "kept", &["--yes"]);
    // Two records and the values of both go back; the newer record and its value go, and the one that was changed to.
    let start =
        "4 items put back, 3 removed, 5 left alone, which were written since. No contradiction in ";
    assert!(done && line.starts_with(start), "{line}");
    assert_ne!(sorted(scene.items("local-products")), untouched);
    let found = [&changed, &lost, &newer, &since, &moved].map(|product| scene.get(product));
    assert_eq!(found, [200, 200, 404, 200, 200]);
    let without_since = |mut items: Vec<Value>| {
        let is_since = |id: &Value| *id == since.as_str() || *id == moved.as_str();
        items.retain(|item| !is_since(&item["id"]["S"]) && !is_since(&item["record"]["S"]));
        sorted(items)
    };
    let after = scene.items("local-products");
    assert_eq!(without_since(after), without_since(before));
    // Its value is still its own, and the one of before is free.
    let body = json!({ "name": "again", "sku": "AAA-6" });
    let event = Event::new("POST", "/api/products")
        .json(&body)
        .token(&token);
    let _ = scene.apart.ask(&scene.create, &event).expect(409);
    let free = scene.product("AAA-5", 1);
    assert_eq!(scene.get(&free), 200);

    let (done, line) = scene.recover("products", "kept", &["--yes"]);
    let start = "0 items put back, 0 removed, 6 left alone";
    assert!(done && line.starts_with(start), "{line}");
    scene.assert_clean(&[]);
}

#[test]
fn users_go_back_without_a_session_that_stands() {
    let Some(scene) = Scene::open() else { return };
    let [user, other, renamed] =
        [json!({ "badge": 7 }), json!({}), json!({})].map(|it| scene.user(&it));
    scene.keep("local-_users", "kept");
    // The identity of this one stays as it is, and has to get the version of its user.
    let event = Event::new("PATCH", "/api/auth/me").json(&json!({ "badge": 5 }));
    let event = event.token(&text(&renamed["accessToken"]));
    let _ = scene.apart.ask(&scene.profile, &event).expect(200);
    let password = scene.apart.function("password-change", "checking", &[]);
    let body =
        json!({ "currentPassword": PASSWORD, "newPassword": "another horse battery staple" });
    let event = Event::new("POST", "/api/auth/password/change").json(&body);
    let event = event.token(&text(&user["accessToken"]));
    let changed = scene.apart.ask(&password, &event);
    assert_eq!(changed.status / 100, 2, "{}", changed.json());
    let newer = scene.user(&json!({ "badge": 8 }));
    scene.keep_again("kept");
    let since = scene.user(&json!({ "badge": 9 }));

    let counted = scene.recover("_users", "kept", &["--dry-run"]);
    let (done, line) = scene.recover("_users", "kept", &["--yes"]);
    assert!(
        done && line.contains("the sessions of 2 users end."),
        "{line}"
    );
    // The dry run has counted the same.
    let count = |line: &str| line.split([' ', ',']).next().map(ToOwned::to_owned);
    assert_eq!(count(&counted.1), count(&line), "{counted:?}");
    let me = scene.apart.function("me-get", "checking", &[]);
    let stands = |user: &Value| {
        let event = Event::new("GET", "/api/auth/me").token(&text(&user["accessToken"]));
        scene.apart.ask(&me, &event).status
    };
    let all = [&user, &other, &newer, &since, &renamed].map(stands);
    assert_eq!(all, [401, 200, 401, 200, 401]);
    let login = scene.apart.function("login", "checking", &[]);
    let signs_in = |user: &Value, password: &str| {
        let body = json!({ "email": email(user), "password": password });
        let event = Event::new("POST", "/api/auth/login").json(&body);
        scene.apart.ask(&login, &event).status
    };
    assert_eq!(signs_in(&user, PASSWORD), 200);
    assert_eq!(signs_in(&user, "another horse battery staple"), 401);
    assert_eq!(signs_in(&newer, PASSWORD), 401);
    assert_eq!(signs_in(&renamed, PASSWORD), 200);

    // A repeated run finds what is done, and signs nobody out again.
    let before = sorted(scene.items("local-_users"));
    let (done, line) = scene.recover("_users", "kept", &["--yes"]);
    assert!(
        done && line.starts_with("0 items put back, 0 removed, "),
        "{line}"
    );
    assert_eq!(sorted(scene.items("local-_users")), before);
    scene.assert_clean(&[]);
}

#[test]
fn a_recovery_that_leaves_no_admin_writes_nothing() {
    let Some(scene) = Scene::open() else { return };
    let _ = scene.user(&json!({}));
    scene.keep("local-_users", "kept");
    let admin = key(&text(&scene.admin["user"]["id"]));
    scene.delete("kept", &admin, &["id"]);
    scene.keep_again("kept");
    let before = sorted(scene.items("local-_users"));
    for how in ["--dry-run", "--yes"] {
        let (done, line) = scene.recover("_users", "kept", &[how]);
        assert!(
            !done && line.contains("afterwards there would be no admin"),
            "{line}"
        );
    }
    assert_eq!(sorted(scene.items("local-_users")), before);
}

#[test]
fn a_lost_table_of_users_comes_back_with_its_admins() {
    let Some(scene) = Scene::open() else { return };
    let user = scene.user(&json!({ "username": "ada" }));
    // As `cargo admin restore` brings one.
    let restored = json!({ "restored": { "BOOL": true } });
    scene.users(|users| users.set(&key(&id(&user)), &restored));
    scene.keep("local-_users", "kept");
    for item in scene.items("local-_users") {
        scene.delete("local-_users", &item, &["id"]);
    }
    let (done, line) = scene.recover("_users", "kept", &["--yes"]);
    assert!(
        done && line.contains("the sessions of 2 users end."),
        "{line}"
    );
    let login = scene.apart.function("login", "checking", &[]);
    for user in [&user, &scene.admin] {
        let body = json!({ "email": email(user), "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/login").json(&body);
        let _ = scene.apart.ask(&login, &event).expect(200);
    }
    scene.users(|users| assert_eq!(users.get(&key("#admins"))["count"]["N"], "1"));
    // Otherwise its return would make no event.
    scene.users(|users| assert_eq!(users.get(&key(&id(&user)))["restored"], Value::Null));
    scene.assert_clean(&[]);
}

#[test]
fn sessions_that_go_back_do_not_stand() {
    let Some(scene) = Scene::open() else { return };
    let [user, other] = [(); 2].map(|()| scene.user(&json!({})));
    scene.keep("local-_sessions", "kept");
    let logout = scene.apart.function("logout", "checking", &[]);
    let token = text(&user["accessToken"]);
    let event = Event::new("POST", "/api/auth/logout").token(&token);
    let out = scene.apart.ask(&logout, &event);
    assert_eq!(out.status / 100, 2, "{}", out.status);
    scene.keep_again("kept");
    let (done, line) = scene.recover("_sessions", "kept", &["--yes"]);
    let start = "1 items put back, 0 removed, 0 left alone, which were written since; the sessions of 1 users end.";
    assert!(done && line.starts_with(start), "{line}");
    let me = scene.apart.function("me-get", "checking", &[]);
    let stands = |user: &Value| {
        let event = Event::new("GET", "/api/auth/me").token(&text(&user["accessToken"]));
        scene.apart.ask(&me, &event).status
    };
    assert_eq!([&user, &other].map(stands), [401, 200]);
    scene.assert_clean(&[]);
}

#[test]
fn a_plan_is_printed_and_nothing_is_done_unless_it_is_asked_for() {
    let Some(scene) = Scene::open() else { return };
    scene.keep("local-products", "kept");
    let product = scene.product("AAA-1", 1);
    let before = sorted(scene.items("local-products"));
    let from = ["recover", "--table", "products", "--from", "kept"];
    let (done, lines) = scene.admin(&from);
    let expected = [
        "local-products goes back to what kept holds:",
        "- Items that differ or are gone are put back.",
        "- Items that kept does not have are removed.",
        "- Items that were written since kept was made are left alone.",
        "- The table is checked, and what needs no choice is repaired.",
        "cargo admin: nothing is done yet: say --yes to do this, or --dry-run to count the items first",
    ];
    assert_eq!(
        (done, lines),
        (false, expected.map(ToOwned::to_owned).to_vec())
    );
    for (arguments, expected) in [
        (
            ["--table", "_settings", "--from", "kept", "--yes"].as_slice(),
            "only collections, _users",
        ),
        (
            &["--table", "products", "--from", "nothing", "--yes"],
            "there is no table nothing",
        ),
        (
            &["--table", "nothing", "--from", "kept", "--yes"],
            "this checkout has no collection nothing",
        ),
        (
            &["--table", "local-products", "--from", "kept", "--yes"],
            "this checkout has no collection local-products",
        ),
        (
            &["--table", "products", "--from", "local-_users", "--yes"],
            "local-_users is a table that the stack works with",
        ),
        (
            &["--table", "_users", "--from", "kept", "--yes"],
            "kept has other keys than local-_users",
        ),
        (
            &["--table", "products", "--from", "local-products", "--yes"],
            "local-products is the table itself",
        ),
        (
            &["--table", "products", "--at", "2999-01-01", "--yes"],
            "is not over yet",
        ),
        (
            &["--table", "products", "--at", "2020-01-01", "--yes"],
            "is more than 35 days ago",
        ),
        (
            &["--table", "products", "--at", "soon"],
            "a time is written as 2026-11-29T12:00:00Z",
        ),
        (
            &["--table", "products"],
            "required arguments were not provided",
        ),
        (
            &[
                "--table",
                "products",
                "--at",
                "2026-11-29",
                "--from",
                "kept",
            ],
            "cannot be used with",
        ),
    ] {
        let (done, lines) = scene.admin(&[&["recover"], arguments].concat());
        let told = lines.join("\n");
        assert!(!done && told.contains(expected), "{arguments:?}: {told}");
    }
    assert_eq!(sorted(scene.items("local-products")), before);
    assert_eq!(scene.get(&product), 200);
}
