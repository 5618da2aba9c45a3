//! The contents of the logs, and above all the secrets that are never logged.

mod secrets;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blackbox::{Event, Inside, JWT_SECRET, PASSWORD, Reply, fresh_email, stack};
use local::proxy::{Fault, Rule};
use serde_json::{Value, json};

use crate::auth::items;
use crate::auth::look::{self, text};
use crate::keys::Key;

/// The names that a line may have.
const NAMES: [&str; 14] = [
    "level",
    "requestId",
    "endpoint",
    "method",
    "path",
    "ip",
    "ms",
    "user",
    "session",
    "apiKey",
    "target",
    "status",
    "code",
    "cause",
];

/// Something that is nowhere else.
fn recognisable(what: &str) -> String {
    format!("{what}-{}", fresh_email().replace("@example.com", ""))
}

fn id(reply: &Reply) -> String {
    reply.header("x-request-id").unwrap().to_owned()
}

/// The lines of a log that carry this request's id.
fn lines_of(log: &str, request: &str) -> Vec<Value> {
    let lines = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    lines
        .filter(|line: &Value| line["requestId"] == json!(request))
        .collect()
}

#[track_caller]
fn has_none_of(log: &str, secrets: &BTreeMap<String, String>) {
    for (secret, what) in secrets {
        assert!(!secret.is_empty(), "{what}");
        if let Some(at) = log.find(secret.as_str()) {
            let line = log.lines().find(|line| line.contains(secret.as_str()));
            panic!("{what} at {at} of the log: {}", line.unwrap_or_default());
        }
    }
}

/// A token and its parts.
fn add_token(secrets: &mut BTreeMap<String, String>, what: &str, token: &str) {
    secrets.insert(token.to_owned(), what.to_owned());
    let parts: Vec<&str> = token.split('.').collect();
    for part in parts.iter().skip(1) {
        secrets.insert((*part).to_owned(), format!("part of {what}"));
    }
}

#[test]
fn every_request_has_one_line_with_its_id() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (stranger, member) = (stack().stranger(), stack().member());
    let json = [("content-type", "application/json")];
    let note = member
        .post("/api/notes", &json!({ "title": "x" }))
        .expect(201);
    let path = format!("/api/notes/{}", text(&note, "id"));
    let refresh = json!({ "refreshToken": member.refresh_token });
    let credentials = json!({ "email": fresh_email(), "password": PASSWORD });
    let replies = [
        (
            "register",
            201,
            "POST",
            "/api/auth/register",
            stranger.post("/api/auth/register", &credentials),
        ),
        (
            "register",
            409,
            "POST",
            "/api/auth/register",
            stranger.post("/api/auth/register", &credentials),
        ),
        (
            "register",
            400,
            "POST",
            "/api/auth/register",
            stranger.send("POST", "/api/auth/register", &json, Some(b"{")),
        ),
        (
            "login",
            200,
            "POST",
            "/api/auth/login",
            stranger.post("/api/auth/login", &credentials),
        ),
        (
            "login",
            415,
            "POST",
            "/api/auth/login",
            stranger.send("POST", "/api/auth/login", &[], Some(b"{}")),
        ),
        (
            "refresh",
            200,
            "POST",
            "/api/auth/refresh",
            stranger.post("/api/auth/refresh", &refresh),
        ),
        (
            "refresh",
            401,
            "POST",
            "/api/auth/refresh",
            stranger.post("/api/auth/refresh", &refresh),
        ),
        (
            "health",
            200,
            "GET",
            "/api/health",
            stranger.get("/api/health?a=b"),
        ),
        ("records-create", 201, "POST", "/api/notes", note),
        ("records-get", 200, "GET", &path, member.get(&path)),
        ("records-get", 401, "GET", &path, stranger.get(&path)),
        (
            "records-list",
            200,
            "GET",
            "/api/notes",
            member.get("/api/notes?limit=1"),
        ),
        (
            "records-update",
            200,
            "PATCH",
            &path,
            member.patch(&path, &json!({ "title": "y" })),
        ),
        ("records-delete", 204, "DELETE", &path, member.delete(&path)),
        ("records-get", 404, "GET", &path, member.get(&path)),
        (
            "logout",
            204,
            "POST",
            "/api/auth/logout",
            stranger.post("/api/auth/logout", &refresh),
        ),
        (
            "fallback",
            404,
            "GET",
            "/api/no/such/path",
            stranger.get("/api/no/such/path"),
        ),
    ];
    let log = inside.logs(None);
    for (endpoint, status, method, path, reply) in replies {
        assert_eq!(reply.status, status, "{}", reply.text());
        let lines = lines_of(&log, &id(&reply));
        assert_eq!(lines.len(), 1, "{endpoint} {status}: {lines:?}");
        let line = lines[0].as_object().unwrap();
        assert!(
            line.keys().all(|name| NAMES.contains(&name.as_str())),
            "{line:?}"
        );
        let said = ["level", "endpoint", "method", "path"].map(|name| line[name].as_str().unwrap());
        assert_eq!(said, ["INFO", endpoint, method, path]);
        let source = line["ip"].as_str().map(str::parse::<std::net::IpAddr>);
        assert!(matches!(source, Some(Ok(_))), "{line:?}");
        if status >= 400 {
            assert_eq!(
                (&line["status"], line["code"].as_str().unwrap()),
                (&json!(status), reply.code().as_str())
            );
        }
    }
}

#[test]
fn the_cause_of_a_fault_is_in_the_log_and_not_in_the_reply() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let variant = inside.variant("login", "cause", 1, &[]);
    variant.settle();
    inside
        .proxy
        .fault(Rule::new(Fault::Internal).key(&variant.key));
    let event = Event::new("POST", "/api/auth/login")
        .json(&json!({ "email": member.email, "password": PASSWORD }));
    let reply = variant.invoke(&event);
    look::refused(
        &reply,
        503,
        "common/unavailable",
        "The service is busy; try again in a moment.",
    );
    assert_eq!(reply.header("retry-after"), Some("1"));
    let lines = lines_of(&variant.log(), &id(&reply));
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0]["cause"]
            .as_str()
            .unwrap()
            .contains("InternalServerError"),
        "{}",
        lines[0]
    );
}

#[test]
fn no_caller_writes_a_line_of_its_own() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let forged = recognisable("forged");
    let line = format!("/api/x\r\n{{\"level\":\"INFO\",\"requestId\":\"{forged}\"}}\n");
    for method in ["GET", "GET\n{\"requestId\":1}\n"] {
        let reply = inside.invoke(
            "fallback",
            &Event::new(method, &line).header("user-agent", &line),
        );
        look::refused(
            &reply,
            404,
            "common/not-found",
            "There is nothing at this path.",
        );
        let log = inside.logs(Some("fallback"));
        assert_eq!(lines_of(&log, &id(&reply)).len(), 1);
        assert_eq!(lines_of(&log, &forged).len(), 0);
    }
}

#[test]
fn a_bug_is_a_500_whose_cause_is_in_the_log() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    // Not the user's own item, which admins of other tests list.
    let broken = json!({ "auth_version": { "S": "x" } });
    items::users(&inside.dynamo.endpoint()).set(&items::identity_key(&member.email), &broken);
    let credentials = json!({ "email": member.email, "password": PASSWORD });
    let reply = stack().stranger().post("/api/auth/login", &credentials);
    let message = "Something went wrong on our side; the log has it under this request id.";
    look::refused(&reply, 500, "common/internal", message);
    let lines = lines_of(&inside.logs(Some("login")), &id(&reply));
    assert_eq!(
        (lines.len(), &lines[0]["level"], &lines[0]["status"]),
        (1, &json!("ERROR"), &json!(500))
    );
    assert!(
        lines[0]["cause"].as_str().unwrap().contains("auth_version"),
        "{}",
        lines[0]
    );
    let said = lines[0].to_string();
    assert!(
        !said.contains(&member.email) && !said.contains(PASSWORD) && !said.contains("$2b$"),
        "{said}"
    );
}

#[test]
fn a_line_says_who_asked_and_about_whom() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (admin, member, stranger) = (stack().admin(), stack().member(), stack().stranger());
    let line = |reply: &Reply| lines_of(&inside.logs(None), &id(reply)).remove(0);
    let session_of = |token: &str| {
        let claims = token.split('.').nth(1).unwrap_or_default();
        let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
        serde_json::from_slice::<Value>(&claims).unwrap()["sid"].clone()
    };
    let session = |caller: &blackbox::Caller| session_of(caller.token.as_deref().unwrap());

    // Successes and refusals, of readers and of writers.
    for (reply, status) in [
        (member.get("/api/auth/me"), 200),
        (member.get("/api/notes"), 200),
        (member.get("/api/users"), 403),
        (member.post("/api/notes", &json!({})), 400),
        (member.delete("/api/notes/x"), 404),
    ] {
        assert_eq!(reply.status, status, "{}", reply.text());
        let line = line(&reply);
        assert_eq!(line["user"], *member.id(), "{line}");
        assert_eq!(line["session"], session(&member), "{line}");
        assert_eq!(line["target"], Value::Null, "{line}");
    }
    // A session that begins, goes on and ends, and a token that is used up.
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD });
    let registered = stranger.post("/api/auth/register", &body).expect(201);
    let tokens = stranger.post("/api/auth/login", &body).expect(200);
    let refresh = json!({ "refreshToken": text(&tokens, "refreshToken") });
    let refreshed = stranger.post("/api/auth/refresh", &refresh).expect(200);
    let again = stranger.post("/api/auth/refresh", &refresh).expect(401);
    let logout = json!({ "refreshToken": text(&refreshed, "refreshToken") });
    let out = stranger.post("/api/auth/logout", &logout).expect(204);
    let user = registered.json()["user"]["id"].clone();
    let begun = session_of(&text(&tokens, "accessToken"));
    for reply in [&tokens, &refreshed, &again, &out] {
        let line = line(reply);
        assert_eq!((&line["user"], &line["session"]), (&user, &begun), "{line}");
    }
    assert_eq!(line(&registered)["user"], user);

    // The user whom an admin's request is about, also a new one.
    let made = admin
        .post("/api/users", &json!({ "email": fresh_email() }))
        .expect(201);
    let path = format!("/api/users/{}", text(&made, "id"));
    let replies = [
        admin.get(&path).expect(200),
        admin.patch(&path, &json!({ "role": "editor" })).expect(200),
        admin.get(&format!("{path}/sessions")).expect(200),
        member.get(&path).expect(403),
        admin.delete(&path).expect(204),
        admin.get(&path).expect(404),
        made,
    ];
    for reply in &replies {
        let line = line(reply);
        assert_eq!(
            line["target"].as_str().map(|id| format!("/api/users/{id}")),
            Some(path.clone())
        );
        assert!(
            line["user"].is_string() && line["session"].is_string(),
            "{line}"
        );
    }
    // Nobody is named by a token that proves nothing, and no path shows an address.
    let forged = member.get(&format!("/api/users/{email}")).expect(403);
    assert_eq!(line(&forged)["path"], "/api/users/*");
    let nobody = stranger.get("/api/auth/me").expect(401);
    assert_eq!(line(&nobody)["user"], Value::Null);
    for email in [&email, &member.email] {
        assert!(!inside.logs(None).contains(email.as_str()), "{email}");
    }
}
