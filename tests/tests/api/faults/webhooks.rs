//! Webhooks, triggers and the deliveries to them.

use blackbox::{Event, Reply, fresh_email};
use serde_json::{Value, json};

use super::world::*;
use super::{Area, Row, row, suffer_all};
use crate::triggers::PATH as TRIGGERS;
use crate::webhooks::receiver::{OK, Receiver};

const HOOKS: &str = "/api/admin/webhooks";
const EVENT: &str = "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b";

const ROWS: &[Row] = &[
    row!("webhooks-list", "BatchGetItem", "_users", 0, list),
    row!("webhooks-list", "Query", "_deliveries", 0, list),
    row!("webhooks-create", "BatchGetItem", "_users", 0, create),
    row!("webhooks-create", "Query", "_deliveries", 0, create),
    row!("webhooks-create", "PutItem", "_deliveries", 0, create),
    row!("webhooks-create", "UpdateItem", "_deliveries", 0, create),
    row!("webhooks-get", "BatchGetItem", "_users", 0, get),
    row!("webhooks-get", "GetItem", "_deliveries", 0, get),
    row!("webhooks-get", "Query", "_deliveries", 0, get),
    row!("webhooks-update", "BatchGetItem", "_users", 0, update),
    row!("webhooks-update", "GetItem", "_deliveries", 0, update),
    row!("webhooks-update", "UpdateItem", "_deliveries", 0, update),
    row!("webhooks-rotate", "BatchGetItem", "_users", 0, rotate),
    row!("webhooks-rotate", "GetItem", "_deliveries", 0, rotate),
    row!("webhooks-rotate", "UpdateItem", "_deliveries", 0, rotate),
    row!("webhooks-delete", "BatchGetItem", "_users", 0, delete),
    row!("webhooks-delete", "UpdateItem", "_deliveries", 0, delete),
    row!("webhooks-test", "BatchGetItem", "_users", 0, test),
    row!("webhooks-test", "GetItem", "_deliveries", 0, test),
    row!("webhooks-test", "UpdateItem", "_deliveries", 0, test),
    row!("triggers-list", "BatchGetItem", "_users", 0, triggers),
    row!("triggers-list", "Query", "_deliveries", 0, triggers),
    row!("deliveries-list", "BatchGetItem", "_users", 0, deliveries),
    row!("deliveries-list", "GetItem", "_deliveries", 0, deliveries),
    row!("deliveries-list", "Query", "_deliveries", 0, deliveries),
    row!(
        "deliveries-redeliver",
        "BatchGetItem",
        "_users",
        0,
        redeliver
    ),
    row!(
        "deliveries-redeliver",
        "GetItem",
        "_deliveries",
        0,
        redeliver
    ),
    row!(
        "deliveries-redeliver",
        "PutItem",
        "_deliveries",
        0,
        redeliver
    ),
    row!(
        "deliveries-redeliver",
        "DeleteItem",
        "_deliveries",
        0,
        redeliver
    ),
    row!("deliveries-redeliver", "GetItem", "_events", 0, redeliver),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    suffer_all(&world, Area::Webhooks, ROWS);
}

/// A webhook that is there when the request comes.
struct Hook {
    id: String,
    path: String,
}

fn made(world: &World<'_>) -> Hook {
    let asked = json!({ "name": fresh_email(), "url": "http://127.0.0.1:1024/", "events": ["*"] });
    let event = Event::new("POST", HOOKS).json(&asked).token(world.admin());
    let id = text(&world.ask("webhooks-create", &event).expect(201).json()["id"]);
    let path = format!("{HOOKS}/{id}");
    Hook { id, path }
}

/// Deletes a webhook if it is there: there may be fifty.
fn forget(world: &World<'_>, path: &str) {
    let event = Event::new("DELETE", path).token(world.admin());
    let reply = world.ask("webhooks-delete", &event);
    assert!([204, 404].contains(&reply.status), "{}", reply.text());
}

fn read(world: &World<'_>, path: &str) -> Reply {
    world.ask(
        "webhooks-get",
        &Event::new("GET", path).token(world.admin()),
    )
}

/// A request about a webhook, and a look at it afterwards.
fn on<'a>(
    world: &'a World<'_>,
    hook: Hook,
    (event, status): (Event, u16),
    look: impl Fn(&Reply, &Value) + 'a,
) -> Act<'a> {
    let look = move |reply: &Reply| {
        let found = read(world, &hook.path);
        look(reply, &found.json());
        forget(world, &hook.path);
    };
    Act {
        event: event.token(world.admin()),
        status,
        look: Box::new(look),
    }
}

fn triggers<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let look = |reply: &Reply| {
        let items = &reply.json()["items"];
        assert_eq!(items.is_array(), reply.status == 200, "{items}");
    };
    Act {
        event: Event::new("GET", TRIGGERS).token(world.admin()),
        status: 200,
        look: Box::new(look),
    }
}

fn list<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let hook = made(world);
    on(world, hook, (Event::new("GET", HOOKS), 200), |_, found| {
        assert_eq!(found["state"], "active");
    })
}

fn create<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let name = fresh_email();
    let asked = json!({ "name": name, "url": "http://127.0.0.1:1024/", "events": ["*"] });
    let look = move |reply: &Reply| {
        let event = Event::new("GET", HOOKS).token(world.admin());
        let items = world.ask("webhooks-list", &event).expect(200).json();
        let items = items["items"].as_array().cloned().unwrap_or_default();
        let made: Vec<&Value> = items.iter().filter(|hook| hook["name"] == *name).collect();
        let done = reply.status == 201;
        assert!(made.len() <= 1 && (!done || made.len() == 1), "{made:?}");
        for hook in made {
            forget(world, &format!("{HOOKS}/{}", text(&hook["id"])));
        }
    };
    Act {
        event: Event::new("POST", HOOKS).json(&asked).token(world.admin()),
        status: 201,
        look: Box::new(look),
    }
}

fn get<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let hook = made(world);
    let event = Event::new("GET", &hook.path);
    on(world, hook, (event, 200), |_, found| {
        assert_eq!(found["state"], "active");
    })
}

fn update<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let hook = made(world);
    let event = Event::new("PATCH", &hook.path).json(&json!({ "name": "changed" }));
    on(world, hook, (event, 200), |reply, found| {
        assert!(reply.status != 200 || found["name"] == "changed", "{found}");
    })
}

fn rotate<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let hook = made(world);
    let event = Event::new("POST", &format!("{}/rotate", hook.path)).json(&json!({}));
    on(world, hook, (event, 200), |reply, found| {
        assert!(
            reply.status != 200 || found["rotatedAt"].is_string(),
            "{found}"
        );
    })
}

fn delete<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let hook = made(world);
    let event = Event::new("DELETE", &hook.path);
    on(world, hook, (event, 204), |reply, found| {
        let is_gone = found["error"]["code"] == "webhooks/not-found";
        assert!(reply.status != 204 || is_gone, "{found}");
    })
}

fn test<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (hook, receiver) = (made(world), Receiver::new(OK));
    let moved = json!({ "url": receiver.url });
    let event = Event::new("PATCH", &hook.path).json(&moved);
    let _ = world
        .ask("webhooks-update", &event.token(world.admin()))
        .expect(200);
    let failing = json!({ "TableName": "local-_deliveries",
        "Key": { "consumer": { "S": "consumers" }, "id": { "S": format!("webhook:{}", hook.id) } },
        "UpdateExpression": "SET #f = :f", "ExpressionAttributeNames": { "#f": "failing_since" },
        "ExpressionAttributeValues": { ":f": { "N": "1790000000000" } } });
    world
        .apart
        .dynamo
        .engine()
        .call("UpdateItem", &failing)
        .unwrap();
    let event = Event::new("POST", &format!("{}/test", hook.path)).json(&json!({}));
    on(world, hook, (event, 200), |reply, found| {
        assert!(reply.status != 200 || found["state"] == "active", "{found}");
    })
}

fn deliveries<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let hook = made(world);
    let event = Event::new(
        "GET",
        &format!("/api/admin/consumers/{}/deliveries", hook.id),
    );
    on(world, hook, (event, 200), |_, found| {
        assert_eq!(found["waiting"], 0);
    })
}

fn redeliver<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let hook = made(world);
    let item = json!({ "id": { "S": EVENT }, "type": { "S": "auth.login" }, "body": { "S": "{}" },
        "expires_at": { "N": "99999999999" } });
    let put = json!({ "TableName": "local-_events", "Item": item });
    world.apart.dynamo.engine().call("PutItem", &put).unwrap();
    let path = format!(
        "/api/admin/consumers/{}/deliveries/{EVENT}/redeliver",
        hook.id
    );
    let event = Event::new("POST", &path).json(&json!({}));
    on(world, hook, (event, 202), |reply, found| {
        assert!(reply.status != 202 || found["waiting"] == 1, "{found}");
    })
}
