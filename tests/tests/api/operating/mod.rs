//! The commands of an operator that do what an admin's requests do, and those that look after a deployment.

mod accounts;
mod api_keys;
mod stack;
mod throttle;

use std::collections::BTreeSet;

use blackbox::{Event, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use crate::admin::{admin_with, said};
use crate::world::World;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The outcome of `cargo admin` on the tables of a world, and its line or lines.
fn admin(world: &World<'_>, arguments: &[&str]) -> (bool, String) {
    let endpoint = world.flow.apart.dynamo.endpoint();
    let inside = stack().inside().unwrap();
    said(&admin_with(
        inside,
        &endpoint,
        arguments,
        &world.variables(),
    ))
}

/// Runs a command that ends well with this line.
#[track_caller]
fn assert_says(world: &World<'_>, arguments: &[&str], expected: &str) {
    assert_eq!(admin(world, arguments), (true, format!("{expected}\n")));
}

/// Runs a command that is refused with this line.
#[track_caller]
fn assert_refused(world: &World<'_>, arguments: &[&str], expected: &str) {
    let line = format!("cargo admin: {expected}\n");
    assert_eq!(admin(world, arguments), (false, line), "{arguments:?}");
}

/// A user whom an admin has made.
struct Member {
    id: String,
    email: String,
}

impl Member {
    fn new(world: &World<'_>, role: &str) -> Self {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD, "role": role });
        let made = Event::new("POST", "/api/users").json(&body);
        let id = text(&world.ask("users-create", made, 201)["id"]);
        Self { id, email }
    }

    fn login(&self) -> Event {
        let body = json!({ "email": self.email, "password": PASSWORD });
        Event::new("POST", "/api/auth/login").json(&body)
    }

    /// The access token of a new session.
    fn signs_in(&self, world: &World<'_>) -> String {
        text(&world.send("login", &self.login(), 200)["accessToken"])
    }
}

/// The types of the entries about a subject that `cargo admin` has made, the oldest first, each with its reason. It waits
/// for so many.
fn told_by_cli(world: &World<'_>, subject: &str, count: usize) -> Vec<String> {
    found_by_cli(world, &format!("subject={subject}"), count)
}

/// The same of the entries that a query finds.
fn found_by_cli(world: &World<'_>, query: &str, count: usize) -> Vec<String> {
    let path = format!("/api/admin/audit?{query}&limit=100");
    let look = || {
        let page = world.ask("audit-list", Event::new("GET", &path), 200);
        let entries = page["items"].as_array().unwrap().iter().rev();
        let mine = entries.filter(|entry| entry["actor"]["type"] == "cli");
        mine.map(|entry| {
            assert_eq!(entry["requestId"], Value::Null, "{entry}");
            let reason = entry["reason"].as_str().map(|reason| format!(" {reason}"));
            format!("{}{}", text(&entry["type"]), reason.unwrap_or_default())
        })
        .collect::<Vec<String>>()
    };
    world.until(look, |found| found.len() >= count)
}

/// The lines of a text that begin with an id.
fn ids(lines: &str) -> BTreeSet<String> {
    let first = lines.lines().filter_map(|line| line.split(' ').next());
    first.map(ToOwned::to_owned).collect()
}
