//! Tables whose functions sign by an algorithm of their own, and the operator who rotates their keys.

use std::path::PathBuf;

use blackbox::{Apart, Event, Inside, Instance, PASSWORD, Reply, fresh_email};
use serde_json::{Value, json};

use crate::admin::{admin_with, said};
use crate::auth::forge;

pub(super) const ISSUER: &str = "https://api.example.com/api/auth";

pub(super) const JWKS: &str = "/api/auth/.well-known/jwks.json";

/// The algorithms of which a deployment makes keys.
pub(super) const MADE: [&str; 3] = ["HS256", "ES256", "EdDSA"];

/// When each step is due, counted from the publication. A key signs after a quarter of an hour, and a token of the key before
/// lives for another one. Ten minutes more go by for those that have not looked at the keys.
pub(super) const PUBLISHED: &str = "0s";
pub(super) const PROMOTED: &str = "15m";
pub(super) const DROPPED: &str = "41m";

/// Functions look at the keys on each request.
pub(super) const ALWAYS: (&str, &str) = ("BAKEND_KEYS_AGE", "0s");

/// Functions look at keys that are a second old, in place of five minutes.
pub(super) const AGE: (&str, &str) = ("BAKEND_KEYS_AGE", "1s");

pub(super) struct World<'a> {
    pub(super) apart: Apart<'a>,
    inside: &'a Inside,
    algorithm: &'static str,
}

/// A user with a session.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) email: String,
    pub(super) access: String,
    pub(super) refresh: String,
}

impl Member {
    fn of(email: String, reply: &Value) -> Self {
        let token = |name: &str| reply[name].as_str().unwrap().to_owned();
        Self {
            email,
            access: token("accessToken"),
            refresh: token("refreshToken"),
        }
    }
}

impl<'a> World<'a> {
    pub(super) fn new(inside: &'a Inside, algorithm: &'static str) -> Self {
        Self {
            apart: Apart::new(inside),
            inside,
            algorithm,
        }
    }

    /// The same tables under another algorithm.
    pub(super) fn under(self, algorithm: &'static str) -> Self {
        Self { algorithm, ..self }
    }

    fn variables(&self) -> [(&'static str, &'static str); 3] {
        [
            ("BAKEND_AUTH_JWT_SECRET", ""),
            ("BAKEND_AUTH_TOKENS_ALGORITHM", self.algorithm),
            ("BAKEND_AUTH_TOKENS_ISSUER", ISSUER),
        ]
    }

    /// A function that starts now.
    pub(super) fn start(&self, function: &str, more: &[(&str, &str)]) -> Instance<'a> {
        let env = [&self.variables(), more].concat();
        self.apart.function(function, "signing", &env)
    }

    /// `cargo admin keys rotate` with these arguments, as much later as `offset` says.
    pub(super) fn rotate(&self, offset: &str, arguments: &[&str]) -> (bool, String) {
        self.admin(&[&["keys", "rotate"], arguments].concat(), offset)
    }

    /// The same under more variables.
    pub(super) fn rotate_with(&self, more: &[(&str, &str)], arguments: &[&str]) -> (bool, String) {
        self.admin_under(more, &[&["keys", "rotate"], arguments].concat())
    }

    /// `cargo admin` under more variables.
    pub(super) fn admin_under(&self, more: &[(&str, &str)], arguments: &[&str]) -> (bool, String) {
        let env = [&self.variables()[..], more].concat();
        let endpoint = self.apart.dynamo.endpoint();
        said(&admin_with(self.inside, &endpoint, arguments, &env))
    }

    pub(super) fn admin(&self, arguments: &[&str], offset: &str) -> (bool, String) {
        let clock = [("BAKEND_CLOCK_OFFSET", offset)];
        let env = [&self.variables()[..], &clock].concat();
        let endpoint = self.apart.dynamo.endpoint();
        said(&admin_with(self.inside, &endpoint, arguments, &env))
    }

    /// A step that is due.
    #[track_caller]
    pub(super) fn turn(&self, offset: &str, arguments: &[&str], expected: &str) {
        let (done, told) = self.rotate(offset, arguments);
        assert!(done && told.contains(expected), "{offset}: {told}");
    }

    #[track_caller]
    pub(super) fn ask(&self, function: &Instance<'_>, event: &Event) -> Reply {
        self.apart.ask(function, event)
    }

    #[track_caller]
    pub(super) fn registers(&self, register: &Instance<'_>) -> Member {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/register").json(&body);
        let reply = self.ask(register, &event).expect(201).json();
        Member::of(email, &reply)
    }

    #[track_caller]
    pub(super) fn logs_in(&self, login: &Instance<'_>, member: &Member) -> Member {
        let body = json!({ "email": member.email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/login").json(&body);
        let reply = self.ask(login, &event).expect(200).json();
        Member::of(member.email.clone(), &reply)
    }

    #[track_caller]
    pub(super) fn refreshes(&self, refresh: &Instance<'_>, member: &Member) -> Member {
        let body = json!({ "refreshToken": member.refresh });
        let event = Event::new("POST", "/api/auth/refresh").json(&body);
        let reply = self.ask(refresh, &event).expect(200).json();
        Member::of(member.email.clone(), &reply)
    }

    /// The status of a request with this token.
    pub(super) fn status(&self, me: &Instance<'_>, token: &str) -> u16 {
        self.ask(me, &get_me(token)).status
    }

    /// The public keys that a function which starts now shows.
    pub(super) fn keys(&self) -> Vec<Value> {
        let jwks = self.start("jwks", &[]);
        let reply = self.ask(&jwks, &Event::new("GET", JWKS)).expect(200);
        reply.json()["keys"].as_array().unwrap().clone()
    }

    /// An item of a table of this world.
    pub(super) fn item(&self, table: &str, id: &str) -> Value {
        let get = json!({ "TableName": format!("local-{table}"), "Key": { "id": { "S": id } },
            "ConsistentRead": true });
        let got = self.apart.dynamo.engine().call("GetItem", &get).unwrap();
        got["Item"].clone()
    }

    /// The key and the step of the newest mark.
    pub(super) fn mark(&self) -> (String, String) {
        let mark = self.item("_configuration", "keys");
        let text = |name: &str| mark[name]["S"].as_str().unwrap_or_default().to_owned();
        (text("kid"), text("step"))
    }
}

/// The caller's own account.
pub(super) fn get_me(token: &str) -> Event {
    Event::new("GET", "/api/auth/me").token(token)
}

/// The algorithm that a token's header names.
pub(super) fn algorithm(token: &str) -> String {
    let header = forge::header(token);
    header["alg"].as_str().unwrap().to_owned()
}

/// The key that a token's header names.
pub(super) fn kid(token: &str) -> String {
    let header = forge::header(token);
    header["kid"].as_str().unwrap_or_default().to_owned()
}

/// A private key of RSA, in a file.
pub(super) fn rsa_key() -> PathBuf {
    local::root().join("shared/auth/src/token_key/rsa-2048.pk8")
}
