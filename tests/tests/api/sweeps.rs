//! What holds for every endpoint alike, over the endpoint page: a new entry is covered by being there.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use api::endpoints::{Entry, Guard, PAGE};
use api::{Code, Operation};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blackbox::contract::takes_body;
use blackbox::{Caller, Event, JWT_SECRET, Reply, fresh_email, stack};
use ring::hmac;
use serde_json::{Value, json};

use crate::keys::{Key, nobodys};

/// The declared collections; `notes` has no public rule, `feedback` is for admins but for creating.
const COLLECTIONS: [&str; 3] = ["notes", "posts", "feedback"];

/// Well-formed, and nobody's.
const NO_ID: &str = "0197a3b0-0000-7000-8000-000000000000";

/// What every gateway lets through.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// What it may answer itself.
const MORE_METHODS: [&str; 2] = ["OPTIONS", "TRACE"];

const JSON: (&str, &str) = ("content-type", "application/json");

/// One request that the page knows.
#[derive(Clone, Debug)]
struct Request {
    entry: &'static Entry,
    method: &'static str,
    collection: &'static str,
    path: String,
}

impl Request {
    fn takes_body(&self) -> bool {
        takes_body(self.method, &self.path)
    }

    /// The member, or an admin where the endpoint is for admins.
    fn caller(&self, member: &Caller) -> Caller {
        if matches!(self.entry.guard, Guard::Admin | Guard::Users(_)) {
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
fn page() -> Vec<Request> {
    let mut all = Vec::new();
    for entry in PAGE {
        let collections = if entry.path.contains("{collection}") {
            &COLLECTIONS[..]
        } else {
            &COLLECTIONS[..1]
        };
        for collection in collections {
            let filled = entry.path.split('/').map(|segment| match segment {
                "{collection}" => collection,
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

/// What nobody may do who does not say who they are.
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
    request.path.starts_with("/api/users") && field == "role"
}

/// The methods that reach a function.
fn methods() -> impl Iterator<Item = &'static str> {
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

/// A token that this deployment could have signed, as far as anybody can tell without its tables.
fn forge(user: &str, role: &str, expires_in: i64) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .cast_signed();
    let claims = json!({ "iss": "bakend:local-", "sub": user, "role": role, "sid": NO_ID,
        "iat": now + expires_in - 900, "exp": now + expires_in });
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let signed = format!(
        "{}.{}",
        part(r#"{"typ":"at+jwt","alg":"HS256"}"#),
        part(&claims.to_string())
    );
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, JWT_SECRET.as_bytes()),
        signed.as_bytes(),
    );
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Asserts that a token, good for nothing, is refused with `code` by whoever reads it, and read by nobody else.
fn sweep_token(authorization: &str, code: &str, signed: Option<&str>) {
    let stranger = stack().stranger();
    for request in page() {
        let reply = request.send(&stranger, &[("authorization", authorization)]);
        match (request.entry.guard, signed) {
            (Guard::Rule(_) | Guard::Rules | Guard::User | Guard::Admin | Guard::Users(_), _) => {
                assert_refused(&reply, request.method, &request.path, code)
            }
            (Guard::Signed, Some(code)) => {
                assert_refused(&reply, request.method, &request.path, code)
            }
            (Guard::Signed, None) => {
                assert_eq!(reply.status, request.entry.status, "{}", reply.text())
            }
            (Guard::Open, _) => {
                let without = request.send(&stranger, &[]);
                let kind = |reply: &Reply| (reply.status, reply.code());
                assert_eq!(
                    kind(&reply),
                    kind(&without),
                    "{} {}",
                    request.method,
                    request.path
                );
            }
        }
    }
}

#[test]
fn no_token_is_401_where_a_rule_needs_one() {
    for request in for_users() {
        let reply = request.send(&stack().stranger(), &[]);
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "auth/authentication-required",
        );
    }
}

#[test]
fn a_garbage_token_is_401_also_where_none_is_needed() {
    for garbage in [
        "Bearer garbage",
        "Bearer a.b.c",
        "Bearer ",
        "Bearer",
        "Basic dXNlcjpwYXNz",
        "garbage",
    ] {
        sweep_token(garbage, "auth/invalid-token", Some("auth/invalid-token"));
    }
}

#[test]
fn an_expired_token_is_401_and_may_log_out() {
    if stack().inside().is_none() {
        return;
    }
    for expires_in in [0, -1, -86_400] {
        sweep_token(
            &bearer(&forge(NO_ID, "admin", expires_in)),
            "auth/token-expired",
            None,
        );
    }
}

#[test]
fn a_signed_token_of_no_session_is_401() {
    if stack().inside().is_none() {
        return;
    }
    let authorization = bearer(&forge(NO_ID, "admin", 900));
    for request in of_collections().chain(for_users()) {
        let reply = request.send(&stack().stranger(), &[("authorization", &authorization)]);
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "auth/session-revoked",
        );
    }
}

#[test]
fn a_bad_key_is_401_wherever_keys_are_read() {
    let (stranger, admin) = (stack().stranger(), stack().admin());
    let gone = Key::secret(&["*:*"]);
    let revoked = gone.text.clone();
    drop(gone);
    let good = Key::secret(&["*:*"]);
    let twice = format!("{}, {}", good.text, good.text);
    let publishable = good.text.replace("sk_live_", "pk_live_");
    let keys = [
        &nobodys("pk_live_"),
        &nobodys("sk_live_"),
        &revoked,
        &publishable,
        &twice,
        "garbage",
        "",
        "Bearer x",
        "sk_live_",
    ];
    for request in page() {
        for key in keys {
            let key = ("x-api-key", key);
            let bare = request.send(&stranger, &[key]);
            let known = request.send(&admin, &[key]);
            let broken = admin.send(request.method, &request.path, &[JSON, key], Some(b"{"));
            let query = format!("{}?limit=none", request.path);
            let query = admin.send(
                request.method,
                &query,
                &[JSON, key],
                request.takes_body().then_some(b"{}"),
            );
            for reply in [bare, known, broken, query] {
                if request.entry.reads_api_keys() {
                    assert_refused(
                        &reply,
                        request.method,
                        &request.path,
                        "auth/invalid-api-key",
                    );
                } else {
                    assert_eq!(reply.status, request.entry.status, "{}", request.path);
                }
            }
        }
    }
}

#[test]
fn an_apps_key_changes_nothing() {
    let key = Key::publishable(&["posts:read"]);
    for request in page() {
        // What changes something is not to be asked twice of an admin.
        for caller in [stack().stranger(), stack().member()] {
            let without = request.send(&caller, &[]);
            let reply = request.send(
                &caller,
                &[
                    ("x-api-key", &key.text),
                    ("origin", "https://elsewhere.example"),
                ],
            );
            let kind = |reply: &Reply| (reply.status, reply.code());
            assert_eq!(
                kind(&reply),
                kind(&without),
                "{} {}",
                request.method,
                request.path
            );
        }
    }
}

#[test]
fn a_servers_key_stands_in_for_no_user() {
    let key = Key::secret(&["*:*"]);
    for request in page()
        .iter()
        .filter(|request| matches!(request.entry.guard, Guard::User | Guard::Admin))
    {
        for caller in [stack().stranger(), stack().admin()] {
            let reply = request.send(&caller, &[("x-api-key", &key.text)]);
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
fn a_member_may_do_nothing_that_is_for_admins() {
    let (member, admin) = (stack().member(), stack().admin());
    for request in page()
        .iter()
        .filter(|request| matches!(request.entry.guard, Guard::Admin | Guard::Users(_)))
    {
        assert_refused(
            &request.send(&member, &[]),
            request.method,
            &request.path,
            "auth/forbidden",
        );
    }
    let feedback = admin
        .post("/api/feedback", &json!({ "message": "a" }))
        .expect(201)
        .json();
    let id = feedback["id"].as_str().unwrap_or_default();
    for mut request in of_collections().filter(|request| request.collection == "feedback") {
        request.path = request.path.replace(NO_ID, id);
        // What may not be read does not exist.
        let code = match request.entry.guard {
            Guard::Rule(Operation::Create) => continue,
            Guard::Rule(Operation::List) => "auth/forbidden",
            Guard::Rules => "common/validation-failed",
            _ => "data/record-not-found",
        };
        let body = request.takes_body().then_some(&br#"{"message":"b"}"#[..]);
        let reply = member.send(request.method, &request.path, &[JSON], body);
        assert_refused(&reply, request.method, &request.path, code);
    }
    assert_eq!(
        admin.get(&format!("/api/feedback/{id}")).expect(200).json(),
        feedback
    );
}

#[test]
fn a_body_that_is_no_json_object_is_400() {
    let member = stack().member();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies: [&[u8]; 13] = [
        b"{",
        b"{\"a\":",
        b"{'a':1}",
        b"{\"a\":1,}",
        b"{}{}",
        b"[]",
        b"[{}]",
        b"1",
        b"\"a\"",
        b"null",
        b"true",
        b" ",
        deep.as_bytes(),
    ];
    for request in page().iter().filter(|request| request.takes_body()) {
        for body in bodies {
            let reply = member.send(request.method, &request.path, &[JSON], Some(body));
            assert_refused(&reply, request.method, &request.path, "common/invalid-json");
        }
    }
}

#[test]
fn a_body_that_is_not_utf_8_is_400() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for request in page().iter().filter(|request| request.takes_body()) {
        for body in [
            &b"\xff\xfe"[..],
            b"{\"a\":\"\xc3\x28\"}",
            b"{\"a\":\"\xed\xa0\x80\"}",
            b"\xef\xbb\xbf{}",
        ] {
            let event = Event::new(request.method, &request.path)
                .header(JSON.0, JSON.1)
                .bytes(body);
            let reply = inside.invoke(request.entry.name, &event);
            assert_refused(&reply, request.method, &request.path, "common/invalid-json");
        }
    }
}

#[test]
fn another_content_type_is_415() {
    let member = stack().member();
    for request in page().iter().filter(|request| request.takes_body()) {
        for other in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=latin1",
            "application/jsonp",
            "application/merge-patch+json",
        ] {
            let reply = member.send(
                request.method,
                &request.path,
                &[("content-type", other)],
                Some(b"{}"),
            );
            assert_refused(
                &reply,
                request.method,
                &request.path,
                "common/unsupported-media-type",
            );
        }
        let reply = member.send(request.method, &request.path, &[], Some(b"{}"));
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "common/unsupported-media-type",
        );
    }
}

#[test]
fn a_body_over_256_kib_is_413() {
    let member = stack().member();
    let body = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - r#"{"a":""}"#.len()));
    let (fits, too_large) = (body(256 * 1024), body(256 * 1024 + 1));
    for request in page().iter().filter(|request| request.takes_body()) {
        let reply = member.send(
            request.method,
            &request.path,
            &[JSON],
            Some(too_large.as_bytes()),
        );
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "common/payload-too-large",
        );
        let reply = request.caller(&member).send(
            request.method,
            &request.path,
            &[JSON],
            Some(fits.as_bytes()),
        );
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "common/validation-failed",
        );
    }
}

#[test]
fn an_undeclared_field_is_400_and_named() {
    let member = stack().member();
    for request in page().iter().filter(|request| request.takes_body()) {
        let body = br##"{"no_such_field":1,"__proto__":{"role":"admin"},"role":"admin","#a":1,":b":1,"a.b":1}"##;
        let reply =
            request
                .caller(&member)
                .send(request.method, &request.path, &[JSON], Some(body));
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "common/validation-failed",
        );
        let error = &reply.json()["error"];
        let named: BTreeSet<&str> = error["details"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|detail| detail["field"].as_str())
            .collect();
        for field in ["no_such_field", "__proto__", "role", "#a", ":b", "a.b"] {
            assert!(
                named.contains(field) || knows(request, field),
                "{} {}: {field} of {error}",
                request.method,
                request.path
            );
        }
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
            format!("{path}/x/y"),
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
