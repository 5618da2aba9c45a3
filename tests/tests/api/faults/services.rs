//! Service accounts as admins manage them, and their tokens.

use blackbox::{Event, Reply};
use serde_json::{Value, json};

use super::world::*;
use super::{Area, Row, row, suffer_all};
use crate::principals::service::{ACCOUNTS, form, path};
use crate::principals::token::event;

const ROWS: &[Row] = &[
    row!("service-accounts-list", "BatchGetItem", "_users", 0, list),
    row!("service-accounts-list", "Query", "_users", 0, list),
    row!(
        "service-accounts-create",
        "BatchGetItem",
        "_users",
        0,
        create
    ),
    row!("service-accounts-create", "PutItem", "_users", 0, create),
    row!(
        "service-accounts-rotate",
        "BatchGetItem",
        "_users",
        0,
        rotate
    ),
    row!("service-accounts-rotate", "GetItem", "_users", 0, rotate),
    row!("service-accounts-rotate", "UpdateItem", "_users", 0, rotate),
    row!(
        "service-accounts-delete",
        "BatchGetItem",
        "_users",
        0,
        delete
    ),
    row!("service-accounts-delete", "GetItem", "_users", 0, delete),
    row!("service-accounts-delete", "UpdateItem", "_users", 0, delete),
    row!("auth-token", "GetItem", "_users", 0, grant),
    row!("auth-token", "PutItem", "_sessions", 0, grant),
    row!("auth-token", "PutItem", "_throttle", 0, wrong),
    row!("auth-token", "UpdateItem", "_throttle", 0, wrong_again),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    suffer_all(&world, Area::Services, ROWS);
}

/// A new account, with its secret.
fn made(world: &World<'_>) -> Value {
    let body = json!({ "name": "billing", "role": "editor" });
    let event = Event::new("POST", ACCOUNTS)
        .json(&body)
        .token(world.admin());
    world
        .ask("service-accounts-create", &event)
        .expect(201)
        .json()
}

/// The status of a request for a token by an account.
fn asks(world: &World<'_>, account: &Value) -> u16 {
    world.ask("auth-token", &event(&form(account))).status
}

fn list<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let _ = made(world);
    let look = |reply: &Reply| {
        let items = &reply.json()["items"];
        assert_eq!(items.is_array(), reply.status == 200, "{items}");
    };
    Act {
        event: Event::new("GET", ACCOUNTS).token(world.admin()),
        status: 200,
        look: Box::new(look),
    }
}

/// A secret that was shown is good.
fn create<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let body = json!({ "name": "billing", "role": "editor" });
    let look = move |reply: &Reply| {
        if reply.status == 201 {
            assert_eq!(asks(world, &reply.json()), 200);
        }
    };
    Act {
        event: Event::new("POST", ACCOUNTS)
            .json(&body)
            .token(world.admin()),
        status: 201,
        look: Box::new(look),
    }
}

/// The old secret is good in any case, and the new one where it was shown.
fn rotate<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let account = made(world);
    let event = Event::new("POST", &path(&account, "/rotate")).token(world.admin());
    let look = move |reply: &Reply| {
        assert_eq!(asks(world, &account), 200);
        if reply.status == 200 {
            assert_eq!(asks(world, &reply.json()), 200);
        }
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn delete<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let account = made(world);
    let own = Event::new("DELETE", &path(&account, "")).token(world.admin());
    let again = own.clone();
    let look = move |reply: &Reply| {
        if reply.status == 204 {
            assert_eq!(asks(world, &account), 401);
        } else {
            let again = world.ask("service-accounts-delete", &again);
            assert!([204, 404].contains(&again.status), "{}", again.text());
        }
    };
    Act {
        event: own,
        status: 204,
        look: Box::new(look),
    }
}

/// A token that was handed out is good.
fn grant<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let account = made(world);
    let asked = event(&form(&account));
    let look = move |reply: &Reply| {
        if reply.status == 200 {
            assert!(world.is_signed_in(&text(&reply.json()["access_token"])));
        }
        assert_eq!(asks(world, &account), 200);
    };
    Act {
        event: asked,
        status: 200,
        look: Box::new(look),
    }
}

/// The verdict of a wrong secret is told once the source has counted it.
fn wrong<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let wrong = format!("{}x", form(&made(world)));
    Act {
        event: event(&wrong),
        status: 401,
        look: Box::new(|_| {}),
    }
}

fn wrong_again<'a>(world: &'a World<'_>, email: &str) -> Act<'a> {
    let act = wrong(world, email);
    let _ = world.ask("auth-token", &act.event).expect(401);
    act
}
