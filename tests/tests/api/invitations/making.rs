//! Invitations as their inviters make, list, send again and revoke them.

use blackbox::{Event, fresh_email, stack};
use serde_json::{Value, json};

use super::*;
use crate::proofs::world::token;

#[test]
fn an_admin_invites_an_address_and_never_sees_the_token() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let resource = json!({ "type": "team", "id": "7", "name": "Blue <b>", "role": "captain" });
    let fields = json!({ "role": "editor", "resource": resource, "message": "Welcome & hello" });
    let (made, mail) = invite_by_mail(&world, &email.to_uppercase(), &fields);
    let mut names: Vec<&String> = made.as_object().unwrap().keys().collect();
    names.sort();
    let expected = [
        "createdAt",
        "email",
        "expiresAt",
        "id",
        "invitedBy",
        "resource",
        "role",
        "status",
    ];
    assert_eq!(names, expected);
    assert_eq!(made["email"], email);
    assert_eq!(made["status"], "pending");
    assert_eq!(made["resource"], resource);
    assert_eq!(made["invitedBy"], world.admin["user"]["id"]);
    assert_eq!(mail.kind, "invitation");
    let link = mail.link.clone().unwrap();
    assert!(link.contains("/api/auth/pages/invitation?token="), "{link}");
    for text in ["Blue <b>", "captain", "Welcome & hello", "7 days"] {
        assert!(mail.text.contains(text), "{text}: {}", mail.text);
    }
    let html = mail.html.unwrap();
    assert!(html.contains("Welcome &amp; hello"), "{html}");
    let found = world.ask("invitations-get", Event::new("GET", &path_of(&made)), 200);
    assert_eq!(found, made);
    let page = world.ask("invitations-list", Event::new("GET", PATH), 200);
    assert_eq!(page["items"], json!([made]));
}

#[test]
fn a_member_may_not_invite_and_sees_no_others_invitations() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let member = token(&world.register(&fresh_email()));
    let (made, _) = invite(&world, &fresh_email(), &json!({}));
    let body = json!({ "email": fresh_email() });
    let refused = world.post_as(&member, "invitations-create", PATH, &body);
    assert_eq!(refused.expect(403).code(), "auth/forbidden");
    let resend = format!("{}/resend", path_of(&made));
    for (function, method, path) in [
        ("invitations-get", "GET", path_of(&made)),
        ("invitations-resend", "POST", resend),
        ("invitations-revoke", "DELETE", path_of(&made)),
        ("invitations-get", "GET", format!("{PATH}/nonsense")),
    ] {
        let event = Event::new(method, &path).token(&member);
        let refused = world.reply(function, &event).expect(404);
        assert_eq!(refused.code(), "invitations/not-found", "{function}");
    }
    let event = Event::new("GET", PATH).token(&member);
    let page = world.send("invitations-list", &event, 200);
    assert_eq!(page, json!({ "items": [], "nextCursor": null }));
    let stranger = world.reply("invitations-list", &Event::new("GET", PATH));
    let code = stranger.expect(401).code();
    assert_eq!(code, "auth/authentication-required");
    assert_eq!(status(&world, &made), "pending");
}

#[test]
fn a_secret_key_invites_within_its_scope_and_handles_its_own() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let key = |scopes: &[&str]| {
        let body = json!({ "name": "a", "type": "secret", "scopes": scopes });
        let event = Event::new("POST", "/api/admin/api-keys").json(&body);
        let made = world.ask("api-keys-create", event, 201);
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        (text("id"), text("key"))
    };
    let (id, inviter) = key(&["users:create"]);
    let (_, reader) = key(&["users:read"]);
    let email = fresh_email();
    let body = json!({ "email": email, "role": "admin" });
    let event = |key: &str| Event::new("POST", PATH).json(&body).key(key);
    let refused = world
        .reply("invitations-create", &event(&reader))
        .expect(403);
    assert_eq!(refused.code(), "auth/scope-insufficient");
    let made = world.send("invitations-create", &event(&inviter), 201);
    assert_eq!(made["invitedBy"], id);
    let _mail = world.mail(&email, 1);
    let (others, _) = invite(&world, &fresh_email(), &json!({}));
    let list = Event::new("GET", PATH).key(&inviter);
    let page = world.send("invitations-list", &list, 200);
    assert_eq!(page["items"], json!([made]), "{others}");
    let event = Event::new("DELETE", &path_of(&made)).key(&inviter);
    let _ = world.send("invitations-revoke", &event, 204);
    assert_eq!(status(&world, &made), "revoked");
}

#[test]
fn a_list_is_narrowed_and_goes_on() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let make = |kind: &str, id: &str| {
        let fields = json!({ "resource": { "type": kind, "id": id } });
        invite(&world, &fresh_email(), &fields).0
    };
    let (one, two, three) = (make("team", "1"), make("team", "2"), make("room", "1"));
    let _ = revoke(&world, &two).expect(204);
    let ids = |query: &str| {
        let event = Event::new("GET", &format!("{PATH}?{query}"));
        let page = world.ask("invitations-list", event, 200);
        let items = page["items"].as_array().unwrap().iter();
        let ids: Vec<Value> = items.map(|item| item["id"].clone()).collect();
        (ids, page["nextCursor"].as_str().map(ToOwned::to_owned))
    };
    let id = |made: &Value| made["id"].clone();
    assert_eq!(ids("resourceType=team").0, [id(&two), id(&one)]);
    assert_eq!(ids("resourceId=1").0, [id(&three), id(&one)]);
    assert_eq!(ids("resourceType=room&resourceId=2").0, [Value::Null; 0]);
    assert_eq!(ids("status=revoked").0, [id(&two)]);
    assert_eq!(ids("status=pending").0, [id(&three), id(&one)]);
    let (first, cursor) = ids("limit=2");
    assert_eq!(first, [id(&three), id(&two)]);
    let (rest, end) = ids(&format!("limit=2&cursor={}", cursor.unwrap()));
    assert_eq!((rest, end), (vec![id(&one)], None));
    let token = world.admin["accessToken"].as_str().unwrap();
    for query in [
        "status=open",
        "limit=0",
        "status=pending&status=pending",
        "x=1",
    ] {
        let event = Event::new("GET", &format!("{PATH}?{query}")).token(token);
        let refused = world.reply("invitations-list", &event).expect(400);
        assert_eq!(refused.code(), "common/validation-failed", "{query}");
    }
}

#[test]
fn an_invitation_that_is_sent_again_has_another_token_and_the_old_one_is_dead() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let (made, old) = invite(&world, &email, &json!({}));
    let resend = Event::new("POST", &format!("{}/resend", path_of(&made)));
    let asked = world.ask("invitations-resend", resend.clone(), 202);
    assert_eq!(asked, json!({ "expiresIn": 7 * 86_400 }));
    let new = link_token(&world.mail(&email, 2));
    assert_ne!(new, old);
    for refused in [
        accept(&world, &json!({ "token": old })),
        reject(&world, &old),
    ] {
        assert_eq!(refused.expect(400).code(), "auth/invalid-code");
    }
    let closed = reject(&world, &new).expect(200).json();
    assert_eq!(closed, json!({ "id": made["id"], "status": "rejected" }));
    let token = world.admin["accessToken"].as_str().unwrap();
    let refused = world.reply("invitations-resend", &resend.token(token));
    let refused = refused.expect(409);
    assert_eq!(refused.code(), "invitations/closed");
    assert!(refused.text().contains("rejected"), "{}", refused.text());
    assert_eq!(
        revoke(&world, &made).expect(409).code(),
        "invitations/closed"
    );
}

#[test]
fn bad_input_is_named() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let token = world.admin["accessToken"].as_str().unwrap();
    for (fields, field) in [
        (json!({ "email": "a" }), "email"),
        (json!({ "email": "a@b", "role": "chief" }), "role"),
        (
            json!({ "email": "a@b", "resource": { "type": "t", "id": "i", "name": "a\r\nb" } }),
            "resource.name",
        ),
        (
            json!({ "email": "a@b", "message": "x".repeat(501) }),
            "message",
        ),
        (json!({ "email": "a@b", "locale": "german!" }), "locale"),
        (json!({ "email": "a@b", "code": "x" }), "code"),
    ] {
        let refused = world
            .post_as(token, "invitations-create", PATH, &fields)
            .expect(400);
        let details = refused.json()["error"]["details"].clone();
        assert_eq!(details[0]["field"], field, "{fields}");
    }
    let body = json!({ "email": "a@b", "redirectTo": "https://evil.example" });
    let refused = world
        .post_as(token, "invitations-create", PATH, &body)
        .expect(400);
    assert_eq!(refused.code(), "auth/redirect-not-allowed");
}
