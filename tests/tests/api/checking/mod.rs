//! `cargo admin check` and `cargo admin recover`: what an operator asks a stack that was damaged, and after.

mod asking;
mod harmless;
mod marks;
mod records;
mod recovering;
mod running;
mod users;

use blackbox::{Apart, Event, Inside, Instance, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use crate::admin::{admin_on, said};
use crate::auth::items::{Table, user_key, users};

/// Tables of a test's own, with an admin, and the functions that fill them.
struct Scene<'a> {
    inside: &'a Inside,
    apart: Apart<'a>,
    register: Instance<'a>,
    profile: Instance<'a>,
    create: Instance<'a>,
    admin: Value,
}

impl Scene<'_> {
    fn open() -> Option<Self> {
        let inside = stack().inside()?;
        let apart = Apart::new(inside);
        let email = fresh_email();
        let first = [("BAKEND_ADMIN_EMAIL", email.as_str())];
        let register = apart.function("register", "checking", &first);
        let [profile, create] =
            ["me-update", "records-create"].map(|it| apart.function(it, "checking", &[]));
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/register").json(&body);
        let admin = apart.ask(&register, &event).expect(201).json();
        Some(Self {
            inside,
            apart,
            register,
            profile,
            create,
            admin,
        })
    }

    fn register(&self, email: &str) -> (u16, Value) {
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/register").json(&body);
        let reply = self.apart.ask(&self.register, &event);
        (reply.status, reply.json())
    }

    /// A new user with this profile, as a login answers.
    fn user(&self, profile: &Value) -> Value {
        let (status, user) = self.register(&fresh_email());
        assert_eq!(status, 201, "{user}");
        if *profile == json!({}) {
            return user;
        }
        let event = Event::new("PATCH", "/api/auth/me").json(profile);
        let event = event.token(&text(&user["accessToken"]));
        let _ = self.apart.ask(&self.profile, &event).expect(200);
        user
    }

    /// A product of the admin; returns its id.
    fn product(&self, sku: &str, price: u32) -> String {
        let body = json!({ "name": sku, "sku": sku, "price": price });
        let event = Event::new("POST", "/api/products").json(&body);
        let event = event.token(&text(&self.admin["accessToken"]));
        text(&self.apart.ask(&self.create, &event).expect(201).json()["id"])
    }

    /// The success and the lines of `cargo admin check`.
    fn check(&self, arguments: &[&str]) -> (bool, Vec<String>) {
        self.admin(&[&["check"], arguments].concat())
    }

    /// The success and the lines of a command.
    fn admin(&self, arguments: &[&str]) -> (bool, Vec<String>) {
        let endpoint = self.apart.dynamo.endpoint();
        let (done, text) = said(&admin_on(self.inside, &endpoint, arguments));
        (done, text.lines().map(ToOwned::to_owned).collect())
    }

    /// Checks that nothing is wrong.
    #[track_caller]
    fn assert_clean(&self, arguments: &[&str]) {
        let (done, lines) = self.check(arguments);
        let is_clean = matches!(lines.as_slice(), [one] if one.starts_with("No contradiction in "));
        assert!(done && is_clean, "{lines:#?}");
    }

    /// Checks that these lines are told, then that a repair leaves nothing, and that a second one finds nothing.
    #[track_caller]
    fn assert_repaired(&self, expected: &[String]) {
        let (done, mut lines) = self.check(&[]);
        let end = lines.pop().unwrap_or_default();
        lines.sort();
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(lines, expected, "{end}");
        let count = expected.len();
        let start = format!("cargo admin: {count} contradictions in ");
        let rest = format!("; --repair repairs {count} of them.");
        assert!(
            !done && end.starts_with(&start) && end.ends_with(&rest),
            "{end}"
        );
        let (done, lines) = self.check(&["--repair"]);
        let end = lines.last().cloned().unwrap_or_default();
        assert!(
            done && end.contains(" repaired, none left in "),
            "{lines:#?}"
        );
        self.assert_clean(&["--repair"]);
        self.assert_clean(&[]);
    }

    fn users(&self, act: impl FnOnce(Table<'_>)) {
        act(users(&self.apart.dynamo.endpoint()));
    }

    fn call(&self, operation: &str, body: &Value) -> Value {
        self.apart.dynamo.engine().call(operation, body).unwrap()
    }

    /// Every item of a table.
    fn items(&self, table: &str) -> Vec<Value> {
        let found = self.call("Scan", &json!({ "TableName": table }));
        found["Items"].as_array().unwrap().clone()
    }

    fn put(&self, table: &str, item: &Value) {
        let _ = self.call("PutItem", &json!({ "TableName": table, "Item": item }));
    }

    fn delete(&self, table: &str, item: &Value, key: &[&str]) {
        let key: serde_json::Map<String, Value> = key
            .iter()
            .map(|name| ((*name).to_owned(), item[*name].clone()))
            .collect();
        let _ = self.call("DeleteItem", &json!({ "TableName": table, "Key": key }));
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The id of a user, as a login answers.
fn id(user: &Value) -> String {
    text(&user["user"]["id"])
}

fn email(user: &Value) -> String {
    text(&user["user"]["email"])
}

fn key(key: &str) -> Value {
    user_key(key)
}
