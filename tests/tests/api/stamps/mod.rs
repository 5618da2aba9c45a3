//! The stamps on users, sessions, API keys and records: who has written them, why and from where. No endpoint shows
//! them, so these tests look at the items.

mod keys;
mod records;
mod sessions;
mod tombstones;
mod users;

use std::cell::RefCell;
use std::collections::BTreeMap;

use blackbox::{Apart, Event, Inside, Instance, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Map, Value, json};

use crate::auth::items;

/// The source address of every request here.
const ADDRESS: &str = "203.0.113.7";

/// The most characters of a `User-Agent` header in a stamp; the requests here have more.
const CUT: usize = 120;

/// Empty tables with an admin, and the functions that were asked for.
struct World<'a> {
    apart: Apart<'a>,
    functions: RefCell<BTreeMap<&'static str, Instance<'a>>>,
    admin: Member,
}

/// A user with a session.
#[derive(Clone)]
struct Member {
    id: String,
    email: String,
    access: String,
    refresh: String,
}

impl Member {
    fn of(reply: &Reply) -> Self {
        let body = reply.json();
        Self {
            id: text(&body["user"]["id"]),
            email: text(&body["user"]["email"]),
            access: text(&body["accessToken"]),
            refresh: text(&body["refreshToken"]),
        }
    }
}

impl<'a> World<'a> {
    fn new(inside: &'a Inside) -> Self {
        let (apart, email) = (Apart::new(inside), fresh_email());
        let variables = [("BAKEND_ADMIN_EMAIL", email.as_str())];
        let register = apart.function("register", "stamps", &variables);
        let event = Event::new("POST", "/api/auth/register").json(&credentials(&email));
        let admin = Member::of(&apart.ask(&register, &event).expect(201));
        Self {
            apart,
            functions: RefCell::default(),
            admin,
        }
    }

    /// Sends a request that says where it is from.
    #[track_caller]
    fn ask(&self, function: &'static str, event: Event) -> Reply {
        let event = event.source_ip(ADDRESS).header("user-agent", &agent());
        let mut functions = self.functions.borrow_mut();
        let start = || self.apart.function(function, "stamps", &[]);
        let instance = functions.entry(function).or_insert_with(start);
        let reply = self.apart.ask(instance, &event);
        assert!(reply.status < 400, "{function}: {}", reply.text());
        reply
    }

    /// The same to a function of its own, with a variable.
    #[track_caller]
    fn ask_told(&self, function: &str, variable: (&str, &str), event: Event) -> Reply {
        let event = event.source_ip(ADDRESS).header("user-agent", &agent());
        let instance = self.apart.function(function, "stamps", &[variable]);
        self.apart.ask(&instance, &event)
    }

    fn registers(&self) -> (Member, Reply) {
        let event = post("/api/auth/register", &credentials(&fresh_email()));
        let reply = self.ask("register", event);
        (Member::of(&reply), reply)
    }

    fn makes_key(&self, kind: &str) -> (Value, Reply) {
        let body = json!({ "name": "k", "type": kind, "scopes": ["*:*", "users:*"] });
        let event = post("/api/admin/api-keys", &body).token(&self.admin.access);
        let reply = self.ask("api-keys-create", event);
        (reply.json(), reply)
    }

    fn user(&self, id: &str) -> Value {
        items::users(&self.apart.dynamo.endpoint()).get(&items::user_key(id))
    }

    fn key(&self, id: &str) -> Value {
        let key = json!({ "kind": { "S": "api-key" }, "id": { "S": id } });
        items::api_keys(&self.apart.dynamo.endpoint()).get(&key)
    }

    /// The sessions of a user, oldest first.
    fn sessions(&self, user: &str) -> Vec<Value> {
        items::sessions(&self.apart.dynamo.endpoint()).query("user_id", user)
    }
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

fn credentials(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn agent() -> String {
    "a".repeat(2 * CUT)
}

/// The entries of a stamp, without their types.
fn plain(stamp: &Value) -> Map<String, Value> {
    let entries = stamp["M"].as_object().into_iter().flatten();
    entries
        .map(|(name, value)| {
            let value = value.get("S").or(value.get("N")).cloned();
            (name.clone(), value.unwrap_or_default())
        })
        .collect()
}

/// The entries by which a stamp tells of the request with this reply, and more; null stands for no entry.
fn told(reply: &Reply, more: Value) -> Map<String, Value> {
    let request = reply.header("x-request-id");
    let mut told = json!({ "request_id": request, "ip": ADDRESS, "user_agent": "a".repeat(CUT) })
        .as_object()
        .cloned()
        .unwrap_or_default();
    told.extend(more.as_object().cloned().unwrap_or_default());
    told.retain(|_, value| !value.is_null());
    told
}

/// Asserts that the change of an item is this one, made just now.
#[track_caller]
fn changed(what: &str, item: &Value, expected: Map<String, Value>) {
    let mut change = plain(&item["change"]);
    let at = change.remove("at").unwrap_or_default();
    let at: u64 = at.as_str().unwrap_or_default().parse().unwrap_or_default();
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let now = u64::try_from(now.as_millis()).unwrap();
    assert!(at <= now && now - at < 60_000, "{what}: {at} is not now");
    assert_eq!(change, expected, "{what}");
}
