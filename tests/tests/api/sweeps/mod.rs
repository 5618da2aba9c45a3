//! Checks that hold for every endpoint, over the endpoint page: a new entry is covered automatically.

mod bodies;
mod demands;
mod tokens;

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use api::endpoints::{Dialect, Entry, Guard, KeyUse, PAGE};
use api::{Code, Operation};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blackbox::contract::takes_body;
use blackbox::{Caller, Event, JWT_SECRET, Reply, fresh_email, stack};
use ring::hmac;
use serde_json::{Value, json};

use crate::keys::{Key, nobodys};
use crate::principals::service::ACCOUNTS;

/// The declared collections; `notes` has no public rule, `feedback` is for admins except for creating.
const COLLECTIONS: [&str; 3] = ["notes", "posts", "feedback"];

/// A well-formed id of no record.
const NO_ID: &str = "0197a3b0-0000-7000-8000-000000000000";

/// Methods that every gateway lets through.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// Methods that a gateway may answer itself.
const MORE_METHODS: [&str; 2] = ["OPTIONS", "TRACE"];

const JSON: (&str, &str) = ("content-type", "application/json");

/// One request that the page knows.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) entry: &'static Entry,
    pub(crate) method: &'static str,
    pub(crate) collection: &'static str,
    pub(crate) path: String,
}

impl Request {
    pub(crate) fn takes_body(&self) -> bool {
        takes_body(self.method, &self.path)
    }

    /// The member, or an admin where the endpoint is for admins.
    fn caller(&self, member: &Caller) -> Caller {
        if matches!(
            self.entry.guard,
            Guard::Admin | Guard::Users(_) | Guard::UserOrKey(_)
        ) {
            stack().admin()
        } else {
            member.clone()
        }
    }

    /// Sends it with these headers, and a JSON object where it takes a body.
    fn send(&self, caller: &Caller, headers: &[(&str, &str)]) -> Reply {
        if self.takes_body() {
            let headers = [&[JSON], headers].concat();
            caller.send(self.method, &self.path, &headers, Some(b"{}"))
        } else {
            caller.send(self.method, &self.path, headers, None)
        }
    }
}

/// Every method of every entry, on every collection where it is for collections.
pub(crate) fn page() -> Vec<Request> {
    let mut all = Vec::new();
    // Those that speak OAuth have tests of their own.
    let own = PAGE.iter().filter(|entry| entry.dialect == Dialect::Own);
    for entry in own {
        let collections = if entry.path.contains("{collection}") {
            &COLLECTIONS[..]
        } else {
            &COLLECTIONS[..1]
        };
        for collection in collections {
            let filled = entry.path.split('/').map(|segment| match segment {
                "{collection}" => collection,
                "{kind}" => "password-reset",
                "{locale}" => "en",
                "{name}" => "google",
                segment if segment.starts_with('{') => NO_ID,
                literal => literal,
            });
            let path = filled.collect::<Vec<_>>().join("/");
            all.extend(entry.methods.iter().map(|method| Request {
                entry,
                method: method.as_str(),
                collection,
                path: path.clone(),
            }));
        }
    }
    all
}

fn of_collections() -> impl Iterator<Item = Request> {
    page()
        .into_iter()
        .filter(|request| request.entry.guard.is_of_records())
}

/// Requests that need an identified caller.
fn for_users() -> impl Iterator<Item = Request> {
    page()
        .into_iter()
        .filter(|request| request.collection == "notes")
        .filter(|request| {
            let guard = request.entry.guard;
            guard.is_of_records() || guard.needs_user()
        })
}

/// Whether the name of a request's field is one that the endpoint knows.
fn knows(request: &Request, field: &str) -> bool {
    let is_of_role = request.path.starts_with("/api/users")
        || ["/api/auth/invitations", ACCOUNTS].contains(&request.path.as_str());
    is_of_role && field == "role"
}

/// The methods that reach a function.
pub(crate) fn methods() -> impl Iterator<Item = &'static str> {
    let more = if stack().inside().is_some() {
        &MORE_METHODS[..]
    } else {
        &[]
    };
    METHODS.iter().chain(more).copied()
}

/// Asserts that `reply` is the refusal `code`, to the letter, with the headers of its kind.
#[track_caller]
fn assert_refused(reply: &Reply, method: &str, path: &str, code: &str) {
    let what = format!("{method} {path} ({}): {}", reply.status, reply.text());
    let known = Code::ALL
        .iter()
        .find(|known| known.as_str() == code)
        .expect("a code of the list");
    assert_eq!(reply.status, known.status(), "{what}");
    assert_eq!(
        reply.header("content-type"),
        Some("application/json"),
        "{what}"
    );
    if path.starts_with("/api/auth/") {
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{what}");
    }
    assert_eq!(
        reply.header("www-authenticate"),
        (reply.status == 401).then_some("Bearer"),
        "{what}"
    );
    assert_eq!(
        reply.header("retry-after").is_some(),
        [429, 503].contains(&reply.status),
        "{what}"
    );
    assert_eq!(
        reply.header("allow").is_some(),
        reply.status == 405,
        "{what}"
    );
    let request_id = reply.header("x-request-id").unwrap_or_default();
    assert!(!request_id.is_empty(), "{what}");
    if method == "HEAD" {
        assert!(reply.body.is_empty(), "{what}");
        return;
    }
    let body = reply.json();
    let keys = |value: &Value| -> BTreeSet<String> {
        value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect()
    };
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(keys(&body), names(&["error"]), "{what}");
    let error = &body["error"];
    assert_eq!(error["code"], code, "{what}");
    assert_eq!(error["requestId"], request_id, "{what}");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|message| message.len() > 10),
        "{what}"
    );
    if code == "common/validation-failed" {
        assert_eq!(
            keys(error),
            names(&["code", "details", "message", "requestId"]),
            "{what}"
        );
        let details = error["details"].as_array().expect("a list");
        assert!(!details.is_empty(), "{what}");
        for detail in details {
            assert_eq!(keys(detail), names(&["code", "field", "message"]), "{what}");
            assert!(
                detail.as_object().unwrap().values().all(Value::is_string),
                "{what}"
            );
        }
    } else {
        assert_eq!(
            keys(error),
            names(&["code", "message", "requestId"]),
            "{what}"
        );
    }
}

#[test]
fn another_method_is_405_and_says_which_there_are() {
    let member = stack().member();
    for request in page() {
        // Every entry that shares the path answers some method.
        let of_path: Vec<&str> = page()
            .iter()
            .filter(|other| other.path == request.path)
            .map(|other| other.method)
            .collect();
        let allowed = ["GET", "POST", "PUT", "PATCH", "DELETE"]
            .into_iter()
            .filter(|method| of_path.contains(method));
        let allow = allowed.collect::<Vec<_>>().join(", ");
        for method in methods().filter(|method| !of_path.contains(method)) {
            for caller in [&stack().stranger(), &member] {
                let reply = caller.send(method, &request.path, &[], None);
                assert_refused(&reply, method, &request.path, "common/method-not-allowed");
                assert_eq!(
                    reply.header("allow"),
                    Some(allow.as_str()),
                    "{method} {}",
                    request.path
                );
            }
        }
    }
}

#[test]
fn an_unknown_path_is_404() {
    let member = stack().member();
    let mut paths: Vec<String> = [
        "/api",
        "/api/",
        "/api/nowhere",
        "/api/nowhere/x",
        "/api/auth",
        "/api/user",
        "/nowhere",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend(page().iter().flat_map(|request| {
        let path = &request.path;
        [
            format!("{path}/"),
            format!("{path}/x/y/z"),
            format!("/x{path}"),
            path.replace("/api", "/API"),
        ]
    }));
    for path in paths {
        for method in methods() {
            let reply = member.send(method, &path, &[], None);
            assert_refused(&reply, method, &path, "common/not-found");
        }
    }
}

#[test]
fn a_query_string_over_4_kib_is_400() {
    let member = stack().member();
    let query = "a".repeat(4097);
    for request in page() {
        let reply = member.send(
            request.method,
            &format!("{}?{query}", request.path),
            &[],
            None,
        );
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "common/invalid-request",
        );
    }
}

#[test]
fn a_token_in_the_query_string_is_no_token() {
    let member = stack().member();
    let token = member.token.clone().unwrap_or_default();
    for request in for_users() {
        for name in ["access_token", "token", "authorization"] {
            let path = format!("{}?{name}={token}", request.path);
            let body = request.takes_body().then_some(&b"{}"[..]);
            let reply = stack()
                .stranger()
                .send(request.method, &path, &[JSON], body);
            assert_refused(
                &reply,
                request.method,
                &request.path,
                "auth/authentication-required",
            );
        }
    }
}

#[test]
fn every_reply_of_auth_is_kept_by_nobody() {
    let credentials = json!({ "email": fresh_email(), "password": blackbox::PASSWORD });
    let made = stack()
        .stranger()
        .post("/api/auth/register", &credentials)
        .expect(201);
    let token = json!({ "refreshToken": made.json()["refreshToken"] });
    let is_private = |request: &Request| {
        request.path.starts_with("/api/auth/") || request.entry.guard.needs_user()
    };
    let is_private = |request: &Request| is_private(request) && request.entry.kept.is_none();
    for request in page().into_iter().filter(is_private) {
        let bodies = [&credentials, &token, &json!({})].map(Value::to_string);
        for body in bodies {
            let reply = stack().stranger().send(
                request.method,
                &request.path,
                &[JSON],
                Some(body.as_bytes()),
            );
            assert_eq!(
                reply.header("cache-control"),
                Some("no-store"),
                "{} {}",
                request.method,
                request.path
            );
            assert!(
                reply
                    .header("x-request-id")
                    .is_some_and(|id| !id.is_empty())
            );
        }
    }
}
