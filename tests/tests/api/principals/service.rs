//! Service accounts as admins make, rotate, switch off and remove them, and as rules see them.

use std::thread;

use blackbox::{Caller, Event, Reply, stack};
use serde_json::{Value, json};

use super::*;
use crate::auth::items;

pub(crate) const ACCOUNTS: &str = "/api/admin/service-accounts";

/// A service account of the stack, made by an admin.
pub(crate) fn made(admin: &Caller, role: &str) -> Value {
    let body = json!({ "name": "billing", "role": role });
    admin.post(ACCOUNTS, &body).expect(201).json()
}

pub(crate) fn member<'a>(account: &'a Value, name: &str) -> &'a str {
    account[name].as_str().unwrap()
}

/// The path of an account, with an end.
pub(crate) fn path(account: &Value, end: &str) -> String {
    format!("{ACCOUNTS}/{}{end}", member(account, "clientId"))
}

/// The form with the credentials of an account.
pub(crate) fn form(account: &Value) -> String {
    let (id, secret) = (member(account, "clientId"), member(account, "clientSecret"));
    format!("grant_type=client_credentials&client_id={id}&client_secret={secret}")
}

/// The reply to a form.
pub(crate) fn ask_for_token(form: &str) -> Reply {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let stranger = stack().stranger();
    stranger.send("POST", super::token::TOKEN, &headers, Some(form.as_bytes()))
}

/// The program of an account, with a token.
pub(crate) fn program(account: &Value) -> Caller {
    let reply = ask_for_token(&form(account)).expect(200).json();
    let access = reply["access_token"].as_str();
    stack().stranger().with_token(access)
}

fn without_secret(account: &Value) -> Value {
    let mut account = account.clone();
    account.as_object_mut().unwrap().remove("clientSecret");
    account
}

/// The accounts of the stack, page by page.
fn listed(admin: &Caller) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin
            .get(&format!("{ACCOUNTS}?limit=10{cursor}"))
            .expect(200)
            .json();
        all.extend(page["items"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[test]
fn an_account_shows_its_secret_once_and_the_table_has_none() {
    let admin = stack().admin();
    let account = made(&admin, "editor");
    let expected = json!({ "clientId": account["clientId"], "name": "billing", "role": "editor", "disabled": false,
        "createdAt": account["createdAt"], "rotatedAt": null, "previousSecretUntil": null,
        "clientSecret": account["clientSecret"] });
    assert_eq!(account, expected);
    let secret = member(&account, "clientSecret").to_owned();
    // 256 bits in base64url.
    assert_eq!(secret.len(), 43);
    if let Some(inside) = stack().inside() {
        let key =
            json!({ "TableName": "local-_users", "Key": { "id": { "S": account["clientId"] } } });
        let kept = inside
            .dynamo
            .engine()
            .call("GetItem", &key)
            .unwrap()
            .to_string();
        assert!(
            kept.contains("\"service\"") && !kept.contains(&secret),
            "{kept}"
        );
    }
    let (second, third) = (made(&admin, "editor"), made(&admin, "authenticated"));
    assert_ne!(second["clientSecret"], account["clientSecret"]);
    let all = listed(&admin);
    let place = |of: &Value| all.iter().position(|it| *it == without_secret(of)).unwrap();
    assert!(place(&third) < place(&second) && place(&second) < place(&account));
    assert!(!json!(all).to_string().contains("ecret\":\""));
    let path = format!("/api/users/{}", member(&account, "clientId"));
    let user = admin.get(&path).expect(200).json();
    assert_eq!(
        (&user["email"], &user["role"]),
        (&Value::Null, &json!("editor"))
    );
    assert!(user.get("clientSecret").is_none());
    let people = admin
        .get("/api/users?limit=100&role=editor")
        .expect(200)
        .json();
    let people = people["items"].as_array().unwrap().clone();
    assert!(people.iter().all(|user| user["id"] != account["clientId"]));
}

#[test]
fn name_and_role_are_told_together_and_no_account_is_an_admin() {
    let admin = stack().admin();
    let fields = |body: Value| -> Vec<String> {
        let refused = admin.post(ACCOUNTS, &body).expect(400).json();
        let details = refused["error"]["details"].as_array().unwrap().clone();
        details
            .iter()
            .map(|it| it["field"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(fields(json!({})), ["name", "role"]);
    assert_eq!(
        fields(json!({ "name": " ", "role": "admin" })),
        ["name", "role"]
    );
    for role in ["admin", "anonymous", "chief", ""] {
        assert_eq!(
            fields(json!({ "name": "a", "role": role })),
            ["role"],
            "{role}"
        );
    }
    let long = "a".repeat(101);
    for name in ["", &long, "a\u{7}"] {
        assert_eq!(
            fields(json!({ "name": name, "role": "editor" })),
            ["name"],
            "{name}"
        );
    }
    assert_eq!(
        fields(json!({ "name": "a", "role": "editor", "email": "a@b" })),
        ["email"]
    );
    let account = made(&admin, "authenticated");
    let path = format!("/api/users/{}", member(&account, "clientId"));
    for body in [
        json!({ "role": "admin" }),
        json!({ "bio": "x" }),
        json!({ "username": "Abc" }),
    ] {
        let _ = admin.patch(&path, &body).expect(400);
    }
    let changed = admin
        .patch(&path, &json!({ "role": "editor" }))
        .expect(200)
        .json();
    assert_eq!(changed["role"], "editor");
    assert_eq!(
        listed(&admin)
            .iter()
            .filter(|it| it["clientId"] == account["clientId"])
            .count(),
        1
    );
}

#[test]
fn unknown_accounts_and_people_are_not_found() {
    let (admin, person) = (stack().admin(), stack().member());
    for id in ["0197a3b0-0000-7000-8000-000000000000", "me", person.id()] {
        let own = format!("{ACCOUNTS}/{id}");
        let deleted = admin.delete(&own).expect(404);
        let rotated = admin.post(&format!("{own}/rotate"), &json!({})).expect(404);
        for refused in [deleted, rotated] {
            assert_eq!(refused.code(), "service-accounts/not-found", "{id}");
        }
    }
    let _ = person.get("/api/auth/me").expect(200);
    for caller in [&person, &stack().stranger()] {
        let refused = caller.post(ACCOUNTS, &json!({ "name": "a", "role": "editor" }));
        assert!([401, 403].contains(&refused.status));
    }
}

#[test]
fn it_is_a_user_of_its_role_who_owns_records() {
    let admin = stack().admin();
    let (plain, editor) = (made(&admin, "authenticated"), made(&admin, "editor"));
    let (plain_program, other) = (program(&plain), program(&editor));
    let me = plain_program.get("/api/auth/me").expect(200).json();
    assert_eq!(
        (&me["id"], &me["email"]),
        (&plain["clientId"], &Value::Null)
    );
    assert_eq!(
        (&me["role"], &me["mfa"]),
        (&json!("authenticated"), &json!(false))
    );
    let note = plain_program
        .post("/api/notes", &json!({ "title": "a" }))
        .expect(201)
        .json();
    assert_eq!(note["createdBy"], plain["clientId"]);
    let own = format!("/api/notes/{}", note["id"].as_str().unwrap());
    let _ = plain_program
        .patch(&own, &json!({ "title": "b" }))
        .expect(200);
    let _ = other.get(&own).expect(404);
    let _ = plain_program.delete(&own).expect(204);
}

#[test]
fn it_does_nothing_that_is_for_the_own_hand_of_a_person() {
    let admin = stack().admin();
    let account = made(&admin, "authenticated");
    let program = program(&account);
    let (id, own) = (member(&account, "clientId"), path(&account, ""));
    for (method, path, body) in [
        ("PATCH", "/api/auth/me", json!({ "name": "a" })),
        ("DELETE", "/api/auth/me", json!({})),
        ("DELETE", "/api/auth/sessions", Value::Null),
        ("POST", "/api/auth/mfa/enable", json!({})),
        ("POST", "/api/auth/passkeys/options", json!({})),
        (
            "POST",
            "/api/auth/reauthenticate",
            json!({ "password": "a long password" }),
        ),
        (
            "POST",
            "/api/auth/email/change",
            json!({ "newEmail": "a@example.com" }),
        ),
        ("GET", "/api/users", Value::Null),
        ("GET", ACCOUNTS, Value::Null),
        ("DELETE", own.as_str(), Value::Null),
    ] {
        let text = body.to_string();
        let body = (!body.is_null()).then_some(text.as_bytes());
        let headers = [("content-type", "application/json")];
        let refused = program.send(method, path, &headers, body).expect(403);
        assert_eq!(refused.code(), "auth/forbidden", "{method} {path}");
    }
    let act = format!("/api/users/{id}/impersonate");
    let refused = admin.post(&act, &json!({ "reason": "a" })).expect(403);
    assert_eq!(refused.code(), "auth/forbidden");
    let password = format!("/api/users/{id}/password");
    let refused = admin
        .post(&password, &json!({ "password": "a long password" }))
        .expect(403);
    assert_eq!(refused.code(), "auth/email-not-verified");
    let _ = admin.delete(&format!("/api/users/{id}/mfa")).expect(409);
    // It may sign itself out.
    let _ = program.post("/api/auth/logout", &json!({})).expect(204);
    let _ = program.get("/api/auth/me").expect(401);
}

#[test]
fn whatever_ends_the_account_ends_its_tokens_and_its_secret() {
    let admin = stack().admin();
    let gone = |account: &Value, program: &Caller| {
        let ended = program.get("/api/auth/me").expect(401);
        assert_eq!(ended.code(), "auth/session-revoked");
        let refused = ask_for_token(&form(account)).expect(401).json();
        assert_eq!(refused["error"], "invalid_client");
    };
    let deleted = made(&admin, "authenticated");
    let one = program(&deleted);
    let _ = admin.delete(&path(&deleted, "")).expect(204);
    gone(&deleted, &one);
    assert_eq!(
        admin.delete(&path(&deleted, "")).expect(404).code(),
        "service-accounts/not-found"
    );
    assert!(
        listed(&admin)
            .iter()
            .all(|it| it["clientId"] != deleted["clientId"])
    );

    let removed = made(&admin, "authenticated");
    let two = program(&removed);
    let user = |account: &Value| format!("/api/users/{}", member(account, "clientId"));
    let _ = admin.delete(&user(&removed)).expect(204);
    gone(&removed, &two);

    let disabled = made(&admin, "authenticated");
    let three = program(&disabled);
    let _ = admin
        .patch(&user(&disabled), &json!({ "disabled": true }))
        .expect(200);
    gone(&disabled, &three);
    let shown = listed(&admin);
    let shown = shown
        .iter()
        .find(|it| it["clientId"] == disabled["clientId"])
        .unwrap();
    assert_eq!(shown["disabled"], true);
    let _ = admin
        .patch(&user(&disabled), &json!({ "disabled": false }))
        .expect(200);
    let _ = three.get("/api/auth/me").expect(401);
    let _ = program(&disabled).get("/api/auth/me").expect(200);

    let ended = made(&admin, "authenticated");
    let four = program(&ended);
    let sessions = format!("{}/sessions", user(&ended));
    let seen = admin.get(&sessions).expect(200).json();
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
    let _ = admin.delete(&sessions).expect(204);
    let _ = four.get("/api/auth/me").expect(401);
}

#[test]
fn two_secrets_are_good_for_a_day_after_a_rotation() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let body = json!({ "name": "billing", "role": "editor" });
    let account = world.post_as(&admin(&world), "service-accounts-create", ACCOUNTS, &body);
    let account = account.expect(201).json();
    let own = path(&account, "/rotate");
    let rotate = || {
        let reply = world.post_as(&admin(&world), "service-accounts-rotate", &own, &json!({}));
        reply.expect(200).json()
    };
    let ask = |account: &Value, offset: &str| {
        let later = world.variant("auth-token", &[("BAKEND_CLOCK_OFFSET", offset)]);
        let event = super::token::event(&form(account));
        world.flow.apart.ask(&later, &event).status
    };
    let early = ask_in(&world, &account);
    let second = rotate();
    assert_eq!(second["clientId"], account["clientId"]);
    assert!(second["rotatedAt"].is_string() && second["previousSecretUntil"].is_string());
    // A token from before goes on.
    let me = ask_me(&world, &early);
    assert_eq!(me.status, 200);
    for (offset, old) in [("1m", 200), ("23h", 200), ("24h", 401), ("25h", 401)] {
        assert_eq!(ask(&account, offset), old, "{offset}");
        assert_eq!(ask(&second, offset), 200, "{offset}");
    }
    let third = rotate();
    assert_eq!(ask(&account, "1m"), 401);
    assert_eq!((ask(&second, "1m"), ask(&third, "1m")), (200, 200));
}

fn ask_in(world: &MailWorld<'_>, account: &Value) -> String {
    let reply = world.reply("auth-token", &super::token::event(&form(account)));
    reply.expect(200).json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn ask_me(world: &MailWorld<'_>, access: &str) -> Reply {
    ask(world, access, "me-get", get("/api/auth/me"))
}

#[test]
fn of_twenty_rotations_at_once_two_secrets_stand() {
    let admin = stack().admin();
    let account = made(&admin, "authenticated");
    let own = path(&account, "/rotate");
    let replies: Vec<Reply> = thread::scope(|scope| {
        let rotate = || admin.post(&own, &json!({}));
        let running: Vec<_> = (0..20).map(|_| scope.spawn(rotate)).collect();
        running.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(replies.iter().all(|it| [200, 503].contains(&it.status)));
    let shown = replies.iter().filter(|it| it.status == 200);
    let shown: Vec<Value> = shown.map(Reply::json).collect();
    assert!(!shown.is_empty());
    let good = |account: &&Value| ask_for_token(&form(account)).status == 200;
    assert_eq!([&account].into_iter().chain(&shown).filter(good).count(), 2);
}

#[test]
fn a_policy_asks_it_for_no_second_factor_whatever_the_session_check() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let body = json!({ "name": "billing", "role": "editor" });
    let account = world.post_as(&admin(&world), "service-accounts-create", ACCOUNTS, &body);
    let access = ask_in(&world, &account.expect(201).json());
    for check in ["immediate", "expiry"] {
        let variables = [
            ("BAKEND_AUTH_SESSION_CHECK", check),
            ("BAKEND_AUTH_MFA", "required"),
        ];
        let under = |function: &str, event: Event| {
            let function = world.variant(function, &variables);
            world.flow.apart.ask(&function, &event.token(&access))
        };
        let note = Event::new("POST", "/api/posts").json(&json!({ "title": "a" }));
        let _ = under("records-create", note).expect(201);
        let change = Event::new("PATCH", "/api/auth/me").json(&json!({ "name": "a" }));
        let refused = under("me-update", change).expect(403);
        assert_eq!(refused.code(), "auth/forbidden", "{check}");
    }
}

#[test]
fn a_person_with_the_id_of_no_program_gets_no_token() {
    let Some(inside) = stack().inside() else {
        return;
    };
    // Not even with a secret that somebody has written beside it: the account is switched off.
    let admin = stack().admin();
    let account = made(&admin, "authenticated");
    items::set_user(
        inside,
        member(&account, "clientId"),
        &json!({ "disabled": { "BOOL": true } }),
    );
    assert_eq!(ask_for_token(&form(&account)).status, 401);
    let person = stack().member();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        person.id(),
        person.password
    );
    assert_eq!(
        ask_for_token(&form).expect(401).json()["error"],
        "invalid_client"
    );
}
