//! Invitations.

use blackbox::{Event, Reply, fresh_email};
use serde_json::{Value, json};

use super::world::*;
use super::{Area, Row, row, suffer_all};
use crate::invitations::PATH;
use crate::invitations::token::token_of;

const ROWS: &[Row] = &[
    row!("invitations-create", "BatchGetItem", "_users", 0, create),
    row!("invitations-create", "PutItem", "_invitations", 0, create),
    row!("invitations-create", "UpdateItem", "_throttle", 0, create),
    row!("invitations-list", "BatchGetItem", "_users", 0, list),
    row!("invitations-list", "Query", "_invitations", 0, list),
    row!("invitations-get", "BatchGetItem", "_users", 0, get),
    row!("invitations-get", "GetItem", "_invitations", 0, get),
    row!("invitations-resend", "BatchGetItem", "_users", 0, resend),
    row!("invitations-resend", "GetItem", "_invitations", 0, resend),
    row!("invitations-resend", "PutItem", "_mail", 0, resend),
    row!(
        "invitations-resend",
        "UpdateItem",
        "_invitations",
        0,
        resend
    ),
    row!("invitations-revoke", "BatchGetItem", "_users", 0, revoke),
    row!("invitations-revoke", "GetItem", "_invitations", 0, revoke),
    row!(
        "invitations-revoke",
        "UpdateItem",
        "_invitations",
        0,
        revoke
    ),
    row!("invitations-revoke", "DeleteItem", "_mail", 0, revoke),
    row!(
        "invitations-accept",
        "BatchGetItem",
        "_users",
        0,
        accept_signed_in
    ),
    row!("invitations-accept", "GetItem", "_invitations", 0, accept),
    row!("invitations-accept", "PutItem", "_users", 0, accept),
    row!(
        "invitations-accept",
        "UpdateItem",
        "_invitations",
        0,
        accept
    ),
    row!("invitations-accept", "DeleteItem", "_users", 0, take_over),
    row!("invitations-reject", "GetItem", "_invitations", 0, reject),
    row!(
        "invitations-reject",
        "UpdateItem",
        "_invitations",
        0,
        reject
    ),
    row!("invitations-reject", "DeleteItem", "_mail", 0, reject),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    suffer_all(&world, Area::Invitations, ROWS);
}

/// A new invitation of an address, by its path and its token.
fn invited(world: &World<'_>, email: &str) -> (String, String) {
    let event = Event::new("POST", PATH).json(&json!({ "email": email }));
    let made = world.ask("invitations-create", &event.token(world.admin()));
    let id = text(&made.expect(201).json()["id"]);
    (format!("{PATH}/{id}"), token_of(&world.apart, &id))
}

/// The status of an invitation.
fn status(world: &World<'_>, path: &str) -> String {
    let event = Event::new("GET", path).token(world.admin());
    text(&world.ask("invitations-get", &event).expect(200).json()["status"])
}

/// An act that closes an invitation, or leaves it as it was.
fn closing<'a>(
    world: &'a World<'_>,
    path: String,
    event: Event,
    (expected, closed): (u16, &'static str),
) -> Act<'a> {
    let look = move |reply: &Reply| {
        let status = status(world, &path);
        assert!(["pending", closed].contains(&status.as_str()), "{status}");
        assert!(reply.status != expected || status == closed, "{status}");
    };
    Act {
        event,
        status: expected,
        look: Box::new(look),
    }
}

fn by_token(deed: &str, token: &str, fields: &Value) -> Event {
    let mut body = json!({ "token": token });
    if let (Some(body), Some(fields)) = (body.as_object_mut(), fields.as_object()) {
        body.extend(fields.clone());
    }
    Event::new("POST", &format!("{PATH}/{deed}")).json(&body)
}

/// An invitation that was told of is there.
fn create<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let look = move |reply: &Reply| {
        if reply.status == 201 {
            let id = text(&reply.json()["id"]);
            assert_eq!(status(world, &format!("{PATH}/{id}")), "pending");
        }
    };
    let event = Event::new("POST", PATH).json(&json!({ "email": fresh_email() }));
    Act {
        event: event.token(world.admin()),
        status: 201,
        look: Box::new(look),
    }
}

fn list<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let look = |reply: &Reply| {
        assert_eq!(reply.json()["items"].is_array(), reply.status == 200);
    };
    Act {
        event: Event::new("GET", PATH).token(world.admin()),
        status: 200,
        look: Box::new(look),
    }
}

fn get<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (path, _) = invited(world, &fresh_email());
    let look = |reply: &Reply| {
        assert_eq!(reply.json()["email"].is_string(), reply.status == 200);
    };
    Act {
        event: Event::new("GET", &path).token(world.admin()),
        status: 200,
        look: Box::new(look),
    }
}

/// The token is the old one or another; after a success another.
fn resend<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (path, before) = invited(world, &fresh_email());
    let event = Event::new("POST", &format!("{path}/resend")).token(world.admin());
    let look = move |reply: &Reply| {
        assert_eq!(status(world, &path), "pending");
        let id = path.rsplit('/').next().unwrap_or_default();
        let is_new = token_of(&world.apart, id) != before;
        assert!(reply.status != 202 || is_new);
    };
    Act {
        event,
        status: 202,
        look: Box::new(look),
    }
}

fn revoke<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (path, _) = invited(world, &fresh_email());
    let event = Event::new("DELETE", &path).token(world.admin());
    closing(world, path, event, (204, "revoked"))
}

fn reject<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (path, token) = invited(world, &fresh_email());
    let event = by_token("reject", &token, &json!({}));
    closing(world, path, event, (200, "rejected"))
}

fn accept<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (path, token) = invited(world, &fresh_email());
    let event = by_token("accept", &token, &json!({}));
    closing(world, path, event, (201, "accepted"))
}

fn accept_signed_in<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let (path, token) = invited(world, &member.email);
    let event = by_token("accept", &token, &json!({})).token(&member.access);
    closing(world, path, event, (200, "accepted"))
}

/// The account that is taken over gives its unique value up.
fn take_over<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let username = format!("u{}", &member.id.replace('-', "")[12..]);
    let event = Event::new("PATCH", "/api/auth/me").json(&json!({ "username": username }));
    let _ = world
        .ask("me-update", &event.token(&member.access))
        .expect(200);
    let (path, token) = invited(world, &member.email);
    let event = by_token("accept", &token, &json!({ "username": null }));
    closing(world, path, event, (201, "accepted"))
}
