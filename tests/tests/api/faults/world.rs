//! The world of the faults: tables, functions without faults, and requests to them.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use api::endpoints::PAGE;
use blackbox::{Apart, Event, Instance, PASSWORD, Reply, fresh_email, stack};
use local::proxy::Call;
use serde_json::{Value, json};

use crate::proofs::returning::BACK;

/// The tables, and a faultless instance of every function.
pub(super) struct World<'a> {
    pub(super) apart: Apart<'a>,
    pub(super) well: BTreeMap<&'static str, OnceLock<Instance<'a>>>,
    pub(super) admin_email: String,
    pub(super) admin: OnceLock<String>,
    /// A registration that waits for the proof of its address.
    pub(super) waiting: OnceLock<Instance<'a>>,
    /// A login under a policy that asks everybody for a second factor.
    pub(super) strict: OnceLock<Instance<'a>>,
}

/// A signed-in user.
pub(super) struct Member {
    pub(super) email: String,
    pub(super) id: String,
    pub(super) access: String,
    pub(super) refresh: String,
}

impl World<'static> {
    /// Empty tables, if this process has the inside of a stack.
    pub(super) fn new() -> Option<Self> {
        Some(Self {
            apart: Apart::new(stack().inside()?),
            well: PAGE
                .iter()
                .map(|entry| (entry.name, OnceLock::new()))
                .collect(),
            admin_email: fresh_email(),
            admin: OnceLock::new(),
            waiting: OnceLock::new(),
            strict: OnceLock::new(),
        })
    }
}

impl<'a> World<'a> {
    /// Asks the faultless instance of `function`.
    #[track_caller]
    pub(super) fn ask(&self, function: &str, event: &Event) -> Reply {
        self.apart.ask(self.well(function), event)
    }

    /// The calls of DynamoDB that a request to it makes, which succeeds.
    #[track_caller]
    pub(super) fn calls(&self, function: &str, event: &Event) -> Vec<Call> {
        let (reply, calls) = self.apart.measure(self.well(function), event);
        let _ = reply.expect(200);
        calls
    }

    fn well(&self, function: &str) -> &Instance<'a> {
        let variables = [
            ("BAKEND_ADMIN_EMAIL", self.admin_email.as_str()),
            // A limit that is out of reach counts nothing.
            ("BAKEND_AUTH_THROTTLE_ADDRESS_MAILS", "2"),
            BACK[0],
            BACK[1],
            BACK[2],
        ];
        // Sign-ins by mail need mail, which the other functions do not have.
        let is_by_mail = function.starts_with("magic-") || function == "oauth-exchange";
        let count = if is_by_mail { variables.len() } else { 2 };
        let start = || self.apart.function(function, "well", &variables[..count]);
        self.well[function].get_or_init(start)
    }

    /// Asks the registration that waits.
    pub(super) fn register_waiting(&self, event: &Event) -> Reply {
        let variables = [
            ("BAKEND_MAIL_FROM", "mail@example.com"),
            ("BAKEND_AUTH_EMAIL_VERIFICATION", "required"),
        ];
        let start = || self.apart.function("register", "waiting", &variables);
        self.apart.ask(self.waiting.get_or_init(start), event)
    }

    /// The token of a sign-in that waits until a second factor is made.
    pub(super) fn lacking_factor(&self, email: &str) -> String {
        let start = || {
            let required = [("BAKEND_AUTH_MFA", "required")];
            self.apart.function("login", "strict", &required)
        };
        let login = self.strict.get_or_init(start);
        let waits = self.apart.ask(login, &credentials("login", email));
        text(&waits.expect(403).json()["error"]["mfa"]["token"])
    }

    pub(super) fn member(&self) -> Member {
        let email = fresh_email();
        let reply = self
            .ask("register", &credentials("register", &email))
            .expect(201);
        signed_in(&email, &reply.json())
    }

    /// The access token of an admin.
    pub(super) fn admin(&self) -> &str {
        self.admin.get_or_init(|| {
            let reply = self
                .ask("register", &credentials("register", &self.admin_email))
                .expect(201);
            text(&reply.json()["accessToken"])
        })
    }

    /// A new secret key, by its path and its text.
    pub(super) fn key(&self) -> (String, String) {
        let event = Event::new("POST", KEYS)
            .json(&new_key())
            .token(self.admin());
        let made = self.ask("api-keys-create", &event).expect(201).json();
        (format!("{KEYS}/{}", text(&made["id"])), text(&made["key"]))
    }

    pub(super) fn keys(&self) -> Vec<Value> {
        let event = Event::new("GET", KEYS).token(self.admin());
        self.ask("api-keys-list", &event).expect(200).json()["items"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// Deletes a key if it is there: there may be a hundred.
    pub(super) fn forget(&self, path: &str) {
        let reply = self.ask(
            "api-keys-delete",
            &Event::new("DELETE", path).token(self.admin()),
        );
        assert!([204, 404].contains(&reply.status), "{}", reply.text());
    }

    /// Whether a key is good.
    pub(super) fn is_good(&self, key: &str) -> bool {
        let reply = self.ask("records-list", &Event::new("GET", "/api/feedback").key(key));
        assert!(
            reply.status == 200 || reply.code() == "auth/invalid-api-key",
            "{}",
            reply.text()
        );
        reply.status == 200
    }

    pub(super) fn note(&self, member: &Member, title: &str) -> Value {
        let event = Event::new("POST", "/api/notes")
            .json(&json!({ "title": title }))
            .token(&member.access);
        self.ask("records-create", &event).expect(201).json()
    }

    pub(super) fn product(&self, member: &Member, sku: &Value) -> Value {
        let event = Event::new("POST", "/api/products")
            .json(&json!({ "name": "a", "sku": sku }))
            .token(&member.access);
        self.ask("records-create", &event).expect(201).json()
    }

    /// No other user can have this value.
    pub(super) fn is_taken(&self, member: &Member, sku: &Value) {
        let event = Event::new("POST", "/api/products")
            .json(&json!({ "name": "b", "sku": sku }))
            .token(&member.access);
        assert_eq!(
            self.ask("records-create", &event).expect(409).code(),
            "data/unique-violation"
        );
    }

    /// The notes of the user with this access token.
    pub(super) fn notes(&self, access: &str) -> Vec<Value> {
        let event = Event::new("GET", "/api/notes").token(access);
        self.ask("records-list", &event).expect(200).json()["items"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// Whether an access token is good.
    pub(super) fn is_signed_in(&self, access: &str) -> bool {
        let reply = self.ask(
            "records-list",
            &Event::new("GET", "/api/notes").token(access),
        );
        assert!(
            reply.status == 200 || reply.code() == "auth/session-revoked",
            "{}",
            reply.text()
        );
        reply.status == 200
    }

    pub(super) fn login(&self, email: &str) -> Reply {
        self.ask("login", &credentials("login", email))
    }

    pub(super) fn scan(&self, table: &str) -> Vec<Value> {
        let mut request = json!({ "TableName": format!("local-{table}"), "ConsistentRead": true });
        let mut items = Vec::new();
        loop {
            let found = self.apart.dynamo.engine().call("Scan", &request).unwrap();
            items.extend(found["Items"].as_array().cloned().unwrap_or_default());
            match found.get("LastEvaluatedKey") {
                Some(last) => request["ExclusiveStartKey"] = last.clone(),
                None => return items,
            }
        }
    }
}

/// A request, what it answers when all goes well, and what to look at afterwards.
pub(super) struct Act<'a> {
    pub(super) event: Event,
    pub(super) status: u16,
    pub(super) look: Box<dyn FnOnce(&Reply) + 'a>,
}

pub(super) const KEYS: &str = "/api/admin/api-keys";

pub(super) fn new_key() -> Value {
    json!({ "name": fresh_email(), "type": "secret", "scopes": ["*:*"] })
}

/// A username that nobody else has.
pub(super) fn fresh_username() -> String {
    fresh_email()
        .split('@')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// A value for a unique field that nobody else has.
pub(super) fn fresh_sku() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("SKU-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(super) fn credentials(endpoint: &str, email: &str) -> Event {
    Event::new("POST", &format!("/api/auth/{endpoint}"))
        .json(&json!({ "email": email, "password": PASSWORD }))
}

pub(super) fn with_refresh_token(endpoint: &str, token: &str) -> Event {
    Event::new("POST", &format!("/api/auth/{endpoint}")).json(&json!({ "refreshToken": token }))
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn signed_in(email: &str, body: &Value) -> Member {
    Member {
        email: email.to_owned(),
        id: text(&body["user"]["id"]),
        access: text(&body["accessToken"]),
        refresh: text(&body["refreshToken"]),
    }
}

pub(super) fn me(member: &Member) -> Event {
    Event::new("GET", "/api/auth/me").token(&member.access)
}

pub(super) fn rename(member: &Member, username: &str) -> Event {
    Event::new("PATCH", "/api/auth/me")
        .json(&json!({ "username": username }))
        .token(&member.access)
}

pub(super) fn find(world: &World<'_>, username: &str) -> Reply {
    world.ask(
        "users-public",
        &Event::new("GET", &format!("/api/users/public/{username}")),
    )
}

/// A member with a username.
pub(super) fn named(world: &World<'_>) -> (Member, String) {
    let (member, username) = (world.member(), fresh_username());
    let _ = world
        .ask("me-update", &rename(&member, &username))
        .expect(200);
    (member, username)
}

/// A request of an admin.
pub(super) fn by_admin(world: &World<'_>, method: &str, path: &str) -> Event {
    Event::new(method, path).token(world.admin())
}

/// A user as an admin sees it.
pub(super) fn user(world: &World<'_>, path: &str) -> Reply {
    world.ask("users-get", &by_admin(world, "GET", path))
}

/// A request with an API key counts as one with a valid key or fails.
pub(super) fn keyed<'a>(world: &'a World<'_>, event: impl FnOnce(&Member) -> Event) -> Act<'a> {
    let (path, key) = world.key();
    let member = world.member();
    let event = event(&member);
    let look = move |_: &Reply| {
        let _ = world.login(&member.email).expect(200);
        world.forget(&path);
    };
    Act {
        event: event.key(&key),
        status: 200,
        look: Box::new(look),
    }
}

/// An admin who has made a secret key.
pub(super) fn maker(world: &World<'_>) -> (Member, String) {
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD, "role": "admin" });
    let event = by_admin(world, "POST", "/api/users").json(&body);
    let _ = world.ask("users-create", &event).expect(201);
    let maker = signed_in(&email, &world.login(&email).expect(200).json());
    let event = Event::new("POST", KEYS)
        .json(&new_key())
        .token(&maker.access);
    let made = world.ask("api-keys-create", &event).expect(201).json();
    (maker, text(&made["key"]))
}

/// A maker leaves with the key, or both stay as they were.
pub(super) fn settled<'a>(
    world: &'a World<'_>,
    (function, event, status): (&'static str, Event, u16),
    key: String,
) -> Act<'a> {
    let again = event.clone();
    let look = move |reply: &Reply| {
        if reply.status != status && world.is_good(&key) {
            let again = world.ask(function, &again);
            assert_eq!(again.status, status, "{}", again.text());
        }
        assert!(!world.is_good(&key));
    };
    Act {
        event,
        status,
        look: Box::new(look),
    }
}
