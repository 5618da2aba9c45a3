//! Passkeys: they are added, named and removed whole, and sign in whole.

use std::cell::RefCell;

use blackbox::{Event, PASSWORD, Reply};
use device::{Device, Manners};
use serde_json::{Value, json};

use super::world::*;
use super::{Area, Row, row, suffer_all};

const PASSKEYS: &str = "/api/auth/passkeys";
const OPTIONS: &str = "/api/auth/passkeys/options";
const LOGIN: &str = "/api/auth/passkeys/login";

const ROWS: &[Row] = &[
    row!("passkeys-options", "BatchGetItem", "_users", 0, options),
    row!("passkeys-create", "BatchGetItem", "_users", 0, create),
    row!("passkeys-create", "PutItem", "_users", 0, create),
    row!("passkeys-create", "UpdateItem", "_users", 0, create),
    row!("passkeys-list", "BatchGetItem", "_users", 0, list),
    row!("passkeys-update", "BatchGetItem", "_users", 0, update),
    row!("passkeys-update", "GetItem", "_users", 0, update),
    row!("passkeys-update", "UpdateItem", "_users", 0, update),
    row!("passkeys-delete", "BatchGetItem", "_users", 0, delete),
    row!("passkeys-delete", "GetItem", "_users", 0, delete),
    row!("passkeys-delete", "UpdateItem", "_users", 0, delete),
    row!("passkeys-delete", "DeleteItem", "_users", 0, delete),
    row!("passkeys-delete", "UpdateItem", "_sessions", 0, delete),
    row!("passkeys-login", "GetItem", "_users", 0, login),
    row!("passkeys-login", "UpdateItem", "_users", 0, login),
    row!("passkeys-login", "PutItem", "_sessions", 0, login),
    row!("passkeys-login", "PutItem", "_users", 0, restore),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    // In the end the admins are counted, so there is one.
    let _ = world.admin();
    suffer_all(&world, Area::Passkeys, ROWS);
}

fn page() -> Manners {
    Manners::on("http://localhost:3000")
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

/// The body that adds a passkey of this device.
fn made(world: &World<'_>, member: &Member, device: &mut Device) -> Value {
    let event = Event::new("POST", OPTIONS).token(&member.access);
    let begun = world.ask("passkeys-options", &event).expect(200).json();
    let credential = device.register(&begun["options"], &page());
    json!({ "challengeToken": begun["challengeToken"], "credential": credential })
}

/// A member with a passkey, and the path of that.
pub(super) fn enrolled(world: &World<'_>, member: &Member) -> (Device, String) {
    let mut device = Device::new();
    let body = made(world, member, &mut device);
    let event = post(PASSKEYS, &body).token(&member.access);
    let made = world.ask("passkeys-create", &event).expect(201).json();
    (device, format!("{PASSKEYS}/{}", text(&made["id"])))
}

/// The body that signs in with a device.
fn signed(world: &World<'_>, device: &mut Device) -> Value {
    let event = Event::new("POST", "/api/auth/passkeys/login/options");
    let begun = world.ask("passkeys-login-options", &event).expect(200);
    let begun = begun.json();
    let credential = device.sign(&begun["options"], &page());
    json!({ "challengeToken": begun["challengeToken"], "credential": credential })
}

/// The passkeys of a member, of which there are as many items as the list has.
fn passkeys(world: &World<'_>, member: &Member) -> Vec<Value> {
    let event = Event::new("GET", PASSKEYS).token(&member.access);
    let listed = world.ask("passkeys-list", &event).expect(200).json();
    let items = world.scan("_users");
    let is_own = |item: &&Value| {
        let is_passkey = text(&item["id"]["S"]).starts_with("passkey#");
        is_passkey && item["user_id"]["S"] == member.id.as_str()
    };
    let listed = listed["items"].as_array().unwrap().clone();
    assert_eq!(items.iter().filter(is_own).count(), listed.len());
    listed
}

fn options<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    Act {
        event: Event::new("POST", OPTIONS).token(&member.access),
        status: 200,
        look: Box::new(|_: &Reply| {}),
    }
}

fn create<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let body = made(world, &member, &mut Device::new());
    let event = post(PASSKEYS, &body).token(&member.access);
    let look = move |reply: &Reply| {
        let there = passkeys(world, &member).len();
        assert!(there == 1 || reply.status != 201, "{there}");
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

fn list<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let _ = enrolled(world, &member);
    Act {
        event: Event::new("GET", PASSKEYS).token(&member.access),
        status: 200,
        look: Box::new(|_: &Reply| {}),
    }
}

fn update<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let (_, path) = enrolled(world, &member);
    let event = Event::new("PATCH", &path).json(&json!({ "name": "Phone" }));
    let event = event.token(&member.access);
    let look = move |reply: &Reply| {
        let named = passkeys(world, &member)[0]["name"] == "Phone";
        assert!(named || reply.status != 200);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn delete<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let (mut device, path) = enrolled(world, &member);
    let body = signed(world, &mut device);
    let event = Event::new("DELETE", &path).token(&member.access);
    let look = move |reply: &Reply| {
        let there = passkeys(world, &member).len();
        assert!(there == 0 || reply.status != 204);
        let status = if there == 0 { 401 } else { 200 };
        let _ = world
            .ask("passkeys-login", &post(LOGIN, &body))
            .expect(status);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// A ceremony whose request failed has begun its session or not, and begins no second one.
fn login<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let (mut device, _) = enrolled(world, &member);
    let event = post(LOGIN, &signed(world, &mut device));
    let device = RefCell::new(device);
    let again = event.clone();
    let look = move |reply: &Reply| {
        let second = world.ask("passkeys-login", &again);
        assert!([200, 401].contains(&second.status));
        assert!(second.status == 401 || reply.status != 200);
        let body = signed(world, &mut device.borrow_mut());
        let _ = world.ask("passkeys-login", &post(LOGIN, &body)).expect(200);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// A deleted account with a username comes back whole.
fn restore<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (member, username) = named(world);
    let (mut device, _) = enrolled(world, &member);
    let mut body = signed(world, &mut device);
    body["restore"] = json!(true);
    let event = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
    let _ = world
        .ask("me-delete", &event.token(&member.access))
        .expect(204);
    let look = move |reply: &Reply| {
        let found = find(world, &username).status == 200;
        assert!(found || reply.status != 200);
    };
    Act {
        event: post(LOGIN, &body),
        status: 200,
        look: Box::new(look),
    }
}
