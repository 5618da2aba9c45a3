//! The policies of the functions: every granted action is used, and all others are refused.

mod accounts;
mod factors;
mod invitations;
mod mails;
mod passkeys;
mod principals;
mod proofs;
mod providers;
mod records;
mod templates;
mod webhooks;
mod workers;

use std::collections::BTreeSet;

use api::consumers::WORKERS;
use api::endpoints::{Dialect, Media, PAGE, Table};
use blackbox::{Apart, Event, Instance, PASSWORD, TERMS, fresh_email, stack};
use serde_json::{Value, json};

use crate::ledger::set_role;

use self::accounts::{api_keys, own_account, users};
use self::factors::factors;
use self::invitations::invitations;
use self::mails::{address_changes, magic_links};
use self::passkeys::passkeys;
use self::principals::principals;
use self::proofs::{resets, verifications, waiting_registrations};
use self::providers::providers;
use self::records::records;
use self::templates::templates;
use self::webhooks::webhooks;
use crate::webhooks::receiver::{OK, Receiver};

/// Functions find their secret in the table, or make it.
const NO_SECRET: (&str, &str) = ("BAKEND_AUTH_JWT_SECRET", "");

fn credentials(path: &str, email: &str) -> Event {
    Event::new("POST", path).json(&json!({ "email": email, "password": PASSWORD }))
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

#[test]
fn every_grant_is_used_and_nothing_else_is_tried() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let (admin_email, email) = (fresh_email(), fresh_email());
    let start = |function: &str, env: &[(&str, &str)]| {
        apart.function(function, "grants", &[&[NO_SECRET], env].concat())
    };

    // The first of these two to start on empty tables stores the signing secret.
    drop(start("login", &[]));
    let key = json!({ "TableName": "local-_settings", "Key": { "id": { "S": "signing" } }, "ReturnValues": "ALL_OLD" });
    let kept = apart.dynamo.engine().call("DeleteItem", &key).unwrap();
    assert!(kept["Attributes"].is_object(), "login has kept no secret");
    // So does the first request for a mail.
    for first in [
        "anonymous",
        "magic-link",
        "password-forgot",
        "passkeys-login-options",
    ] {
        drop(start(first, &[]));
        let _ = apart.dynamo.engine().call("DeleteItem", &key).unwrap();
    }
    let register = start("register", &[("BAKEND_ADMIN_EMAIL", &admin_email)]);

    let admin = apart
        .ask(&register, &credentials("/api/auth/register", &admin_email))
        .expect(201)
        .json();
    let _ = apart
        .ask(&register, &credentials("/api/auth/register", &email))
        .expect(201);
    // The hash is of another cost, so it is renewed.
    let login = start("login", &[("BAKEND_AUTH_BCRYPT_COST", "5")]);
    let member = apart
        .ask(&login, &credentials("/api/auth/login", &email))
        .expect(200)
        .json();
    // Two wrong passwords: the second is counted beside the first.
    for _ in 0..2 {
        let wrong = json!({ "email": email, "password": "not the password" });
        let _ = apart
            .ask(&login, &Event::new("POST", "/api/auth/login").json(&wrong))
            .expect(401);
    }
    let token = json!({ "refreshToken": member["refreshToken"] });
    let refresh = Event::new("POST", "/api/auth/refresh").json(&token);
    let tokens = apart
        .ask(&start("refresh", &[]), &refresh)
        .expect(200)
        .json();
    let member = text(&tokens, "accessToken");

    api_keys(&apart, &start, &text(&admin, "accessToken"));
    webhooks(&apart, &start, &text(&admin, "accessToken"));
    templates(&apart, &start, &text(&admin, "accessToken"));
    invitations(&apart, &start, &register, &text(&admin, "accessToken"));
    own_account(&apart, &start, &register);
    address_changes(&apart, &start, &register);
    magic_links(&apart, &start, &register);
    waiting_registrations(&apart, &start);
    verifications(&apart, &start);
    resets(&apart, &start, &register);
    passkeys(&apart, &start, &register);
    factors(&apart, &start, &register, &text(&admin, "accessToken"));
    records(
        &apart,
        &start,
        &text(&admin, "accessToken"),
        &text(&admin["user"], "id"),
        &member,
    );
    principals(&apart, &start, &text(&admin, "accessToken"));
    providers(&apart, &start, &register, &text(&admin, "accessToken"));
    users(&apart, &start, &text(&admin, "accessToken"));
    let logout = Event::new("POST", "/api/auth/logout").token(&member);
    let _ = apart.ask(&start("logout", &[]), &logout).expect(204);
    let _ = apart
        .ask(&start("health", &[]), &Event::new("GET", "/api/health"))
        .expect(200);
    let keys = Event::new("GET", "/api/auth/.well-known/jwks.json");
    let _ = apart.ask(&start("jwks", &[]), &keys).expect(200);
    let _ = apart
        .ask(&start("fallback", &[]), &Event::new("GET", "/api/nowhere"))
        .expect(404);

    assert_eq!(apart.proxy.denied(), []);
    let hashes = ("local-_users", "email#*");
    assert_touched_as_the_page_says(&apart, hashes, Table::Identities);
    let secrets = ("local-_configuration", "provider#*");
    assert_touched_as_the_page_says(&apart, secrets, Table::Providers);
    // The workers' grants are used where changes flow: `workers` looks at those.
    let of_worker = |grant: &String| {
        WORKERS
            .iter()
            .any(|worker| grant.split(' ').next() == Some(worker.name))
    };
    let mut unused = apart.proxy.unused_grants();
    unused.retain(|grant| !of_worker(grant));
    assert_eq!(
        unused,
        Vec::<String>::new(),
        "template.yaml grants what nothing uses"
    );
}

/// The items that hold secrets are touched by the functions whose entries say so, by every such action, and by no other.
fn assert_touched_as_the_page_says(apart: &Apart<'_>, (name, start): (&str, &str), items: Table) {
    let is_one = |(_, key): &(String, String)| key == start;
    let used = apart.proxy.used().into_iter();
    let used: BTreeSet<(String, String)> = used
        .filter(|(_, access)| access.table == name)
        .filter(|(_, access)| access.keys.iter().any(is_one))
        .map(|(function, access)| (function, access.action))
        .collect();
    let granted = PAGE.iter().flat_map(|entry| {
        let grants = entry.granted();
        let grants = grants.filter(|(_, table)| *table == items);
        grants.map(|(action, _)| (entry.name.to_owned(), action.as_str().to_owned()))
    });
    assert_eq!(used, granted.collect());
}

#[test]
fn a_function_that_needs_no_password_hash_can_neither_read_nor_write_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let email = fresh_email();
    let register = apart.function("register", "own", &[]);
    let _ = apart
        .ask(&register, &credentials("/api/auth/register", &email))
        .expect(201);
    // The policies of these functions let them read or change users.
    for policy in ["users-get", "me-update", "users-update", "refresh"] {
        let key = format!("{policy}~foreign");
        let endpoint = apart.proxy.endpoint();
        let identity = json!({ "id": { "S": format!("email#{email}") } });
        for (operation, body) in [
            (
                "GetItem",
                json!({ "TableName": "local-_users", "Key": identity }),
            ),
            (
                "BatchGetItem",
                json!({ "RequestItems": { "local-_users": { "Keys": [identity] } } }),
            ),
            (
                "TransactWriteItems",
                json!({ "TransactItems": [{ "ConditionCheck": { "TableName": "local-_users", "Key": identity,
                    "ConditionExpression": "begins_with(password_hash, :h)",
                    "ExpressionAttributeValues": { ":h": { "S": "$2" } } } }] }),
            ),
            ("Scan", json!({ "TableName": "local-_users" })),
        ] {
            let (status, reply) = signed(&endpoint, &key, operation, &body);
            assert_eq!(status, 400, "{policy} {operation}: {reply}");
            assert!(
                reply.contains("AccessDenied"),
                "{policy} {operation}: {reply}"
            );
        }
    }
}

#[test]
fn a_signing_secret_that_is_there_is_never_overwritten() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let endpoint = apart.proxy.endpoint();
    let read = || {
        let key = json!({ "TableName": "local-_settings", "Key": { "id": { "S": "signing" } } });
        apart.dynamo.engine().call("GetItem", &key).unwrap()["Item"].clone()
    };
    drop(apart.function("login", "first", &[NO_SECRET]));
    let first = read();
    assert!(first["current"]["S"].is_string(), "{first}");
    for name in ["register", "login"] {
        drop(apart.function(name, "second", &[NO_SECRET]));
        let update = json!({ "TableName": "local-_settings", "Key": { "id": { "S": "signing" } },
            "UpdateExpression": "SET #c = :c", "ExpressionAttributeNames": { "#c": "current" },
            "ExpressionAttributeValues": { ":c": { "S": "x".repeat(44) } } });
        let (status, _) = signed(&endpoint, &format!("{name}~thief"), "UpdateItem", &update);
        assert_eq!(status, 400, "{name}");
    }
    assert_eq!(read(), first);
}

/// A request to DynamoDB under this access key id: its status and its text.
pub(crate) fn signed(endpoint: &str, key: &str, operation: &str, body: &Value) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    // The engine asks for the form of a signature alone.
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host;x-amz-date;x-amz-target, Signature={}",
        "0".repeat(64)
    );
    let mut reply = agent
        .post(endpoint)
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", credential)
        .send(body.to_string())
        .unwrap();
    let text = reply.body_mut().read_to_string().unwrap();
    (reply.status().as_u16(), text)
}

#[test]
fn what_a_policy_does_not_grant_is_refused_and_says_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let email = fresh_email();
    let register = apart.function("register", "own", &[]);
    let member = apart
        .ask(&register, &credentials("/api/auth/register", &email))
        .expect(201)
        .json();
    let token = text(&member, "accessToken");
    let refresh_token = json!({ "refreshToken": member["refreshToken"] });
    let id = text(&member["user"], "id");

    // A page asks no table for a link that is not one of ours.
    let asks =
        |entry: &&&api::endpoints::Entry| entry.touches_tables() && entry.media == Media::Json;
    for entry in PAGE.iter().filter(asks) {
        let event = match entry.name {
            "register" => credentials(entry.path, &fresh_email()),
            "login" | "me-restore" => credentials(entry.path, &email),
            "anonymous" => Event::new("POST", entry.path).json(&json!({})),
            "auth-token" => crate::principals::token::event(&format!(
                "grant_type=client_credentials&client_id={id}&client_secret=x"
            )),
            "refresh" | "logout" => Event::new("POST", entry.path).json(&refresh_token),
            "oauth-start" => crate::providers::starting(),
            "oauth-token" | "oauth-exchange" | "accounts-check" | "accounts-link" => {
                crate::providers::trading(entry.name).token(&token)
            }
            _ => {
                let path = entry
                    .path
                    .replace("{collection}", "notes")
                    .replace("{id}", &id);
                let path = path.replace("{username}", "ada");
                let path = path
                    .replace("{provider}", "google")
                    .replace("{name}", "google");
                let path = path.replace("{page}", "reset?token=x");
                let own = crate::proofs::disabled::body(entry.name);
                let body = if own == json!({}) {
                    json!({ "title": "a" })
                } else {
                    own
                };
                Event::new(entry.methods[0].as_str(), &path)
                    .json(&body)
                    .token(&token)
            }
        };
        // The policy of `health` grants nothing.
        let key = format!("health~{}", entry.name);
        let on = [("BAKEND_AUTH_MAGIC_LINK", "signIn")];
        let on = if entry.name.starts_with("magic-") {
            &on[..]
        } else {
            &[]
        };
        let foreign = apart.signed_as(entry.name, "foreign", Some(&key), on);
        assert_refused(&apart, &foreign, &event, entry.name);
        let calls = apart.proxy.drain(&key);
        assert!(
            !calls.is_empty() && calls.iter().all(|call| call.status == 400),
            "{}: {calls:?}",
            entry.name
        );
        assert!(
            calls
                .iter()
                .all(|call| call.error.as_deref() == Some("AccessDeniedException")),
            "{}",
            entry.name
        );
    }
    let denied = apart.proxy.denied();
    assert!(
        denied.iter().all(|(function, _)| function == "health"),
        "{denied:?}"
    );
}

#[test]
fn one_grant_too_few_is_noticed() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let register = apart.function("register", "own", &[]);
    let member = apart
        .ask(
            &register,
            &credentials("/api/auth/register", &fresh_email()),
        )
        .expect(201)
        .json();
    let token = text(&member, "accessToken");
    let create = apart.function("records-create", "own", &[]);
    let note = Event::new("POST", "/api/notes")
        .json(&json!({ "title": "a" }))
        .token(&token);
    let note = apart.ask(&create, &note).expect(201).json();
    let record = format!("/api/notes/{}", text(&note, "id"));

    // The policy of `records-get` lets it check the session, and not write.
    let delete = apart.signed_as(
        "records-delete",
        "foreign",
        Some("records-get~foreign"),
        &[],
    );
    assert_refused(
        &apart,
        &delete,
        &Event::new("DELETE", &record).token(&token),
        "records-delete",
    );
    let denied = apart.proxy.denied();
    assert_eq!(denied.len(), 1);
    assert_eq!(
        (denied[0].1.action.as_str(), denied[0].1.table.as_str()),
        ("UpdateItem", "local-notes")
    );
    let get = apart.function("records-get", "own", &[]);
    assert_eq!(
        apart
            .ask(&get, &Event::new("GET", &record).token(&token))
            .expect(200)
            .json(),
        note
    );
}

/// 500 with the usual sentence and nothing else; the cause is in the log, once, under the request's id.
#[track_caller]
fn assert_refused(apart: &Apart<'_>, instance: &Instance<'_>, event: &Event, name: &str) {
    let reply = apart.ask(instance, event).expect(500);
    let request_id = reply.header("x-request-id").unwrap_or_default().to_owned();
    let expected = json!({ "error": { "code": "common/internal", "requestId": request_id,
        "message": "Something went wrong on our side; the log has it under this request id." } });
    let entry = PAGE.iter().find(|entry| entry.name == name).unwrap();
    match entry.dialect {
        Dialect::Own => assert_eq!(reply.json(), expected, "{name}"),
        Dialect::OAuth => assert_eq!(reply.json()["error"], "server_error", "{name}"),
    }
    let log = instance.log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(&request_id))
        .collect();
    assert!(
        lines.len() == 1 && lines[0].contains("AccessDenied"),
        "{name}: {log}"
    );
}
