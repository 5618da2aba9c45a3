//! Records: created, read, changed and deleted, alone and in bulk.

mod first;
mod relations;
mod unique;

use blackbox::{Event, Reply};
use serde_json::{Value, json};

use super::world::*;
use super::{Area, Row, assert_every_reservation_is_held, row, suffer_all};

use self::first::{count_by_index, create_first, list_by_index};
use self::relations::{create_related, create_seen, patch_related, patch_seen};
use self::unique::{create_again, create_unique, delete_unique, patch_unique};

const ROWS: &[Row] = &[
    row!(
        "records-list",
        "BatchGetItem",
        "_api_keys",
        0,
        list_as_server
    ),
    row!("records-create", "BatchGetItem", "_users", 0, create),
    row!("records-create", "PutItem", "notes", 0, create),
    row!("records-list", "BatchGetItem", "_users", 0, list_own),
    row!("records-list", "Query", "notes", 0, list_own),
    row!("records-list", "Query", "posts", 0, list_all),
    row!("records-get", "BatchGetItem", "_users", 0, get),
    row!("records-get", "GetItem", "notes", 0, get),
    row!("records-update", "BatchGetItem", "_users", 0, patch),
    row!("records-update", "UpdateItem", "notes", 0, patch),
    row!("records-update", "UpdateItem", "notes", 0, put),
    row!("records-delete", "BatchGetItem", "_users", 0, delete),
    row!("records-delete", "UpdateItem", "notes", 0, delete),
    row!("records-delete", "DeleteItem", "notes", 0, delete),
    row!("records-create", "PutItem", "products", 0, create_unique),
    row!("records-create", "GetItem", "products", 0, create_again),
    row!(
        "records-create",
        "ConditionCheckItem",
        "posts",
        0,
        create_related
    ),
    row!("records-update", "GetItem", "products", 0, patch_unique),
    row!("records-update", "PutItem", "products", 0, patch_unique),
    row!("records-update", "DeleteItem", "products", 0, patch_unique),
    row!(
        "records-update",
        "ConditionCheckItem",
        "posts",
        0,
        patch_related
    ),
    row!("records-create", "BatchGetItem", "articles", 0, create_seen),
    row!(
        "records-create",
        "ConditionCheckItem",
        "articles",
        0,
        create_seen
    ),
    row!("records-update", "GetItem", "articles", 0, patch_seen),
    row!("records-update", "BatchGetItem", "articles", 0, patch_seen),
    row!("records-delete", "GetItem", "products", 0, delete_unique),
    row!("records-delete", "DeleteItem", "products", 0, delete_unique),
    row!("records-delete", "DeleteItem", "products", 1, delete_unique),
    row!("records-bulk", "BatchGetItem", "_users", 0, bulk),
    row!("records-bulk", "BatchGetItem", "orders", 0, bulk),
    row!("records-bulk", "PutItem", "orders", 0, bulk),
    row!("records-bulk", "UpdateItem", "orders", 0, bulk),
    row!("records-bulk", "DeleteItem", "orders", 0, bulk),
    row!("records-bulk", "DeleteItem", "orders", 1, bulk),
    row!("records-bulk", "ConditionCheckItem", "products", 0, bulk),
    row!("records-count", "BatchGetItem", "_users", 0, count),
    row!("records-count", "Query", "notes", 0, count),
    row!("records-spec", "BatchGetItem", "_users", 0, spec),
    row!("records-create", "GetItem", "feedback", 0, create_first).of_fresh_functions(),
    row!("records-create", "UpdateItem", "feedback", 0, create_first).of_fresh_functions(),
    row!("records-bulk", "GetItem", "orders", 0, bulk).of_fresh_functions(),
    row!("records-list", "GetItem", "products", 0, list_by_index).of_fresh_functions(),
    row!("records-count", "GetItem", "products", 0, count_by_index).of_fresh_functions(),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    suffer_all(&world, Area::Records, ROWS);
    assert_every_reservation_is_held(&world, "products", "sku");
    assert_every_reservation_is_held(&world, "orders", "code");
}

/// Which of the acts that are alike.
#[derive(Clone, Copy, PartialEq)]
enum Scene {
    ListOwn,
    ListAll,
    Get,
    Count,
    Spec,
    Patch,
    Put,
    CreateUnique,
    CreateAgain,
    CreateRelated,
    PatchRelated,
    CreateSeen,
    PatchSeen,
}

/// One record after a success, at most one after a failure.
fn create<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let event = Event::new("POST", "/api/notes")
        .json(&json!({ "title": "marked" }))
        .token(&member.access);
    let look = move |reply: &Reply| {
        let notes = world.notes(&member.access);
        if reply.status == 201 {
            assert_eq!(notes, [reply.json()]);
        } else {
            assert!(notes.len() <= 1, "{notes:?}");
        }
        assert!(
            notes
                .iter()
                .all(|note| note["title"] == "marked" && note["createdBy"] == *member.id)
        );
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

fn list_own<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    read(world, Scene::ListOwn)
}

fn list_all<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    read(world, Scene::ListAll)
}

fn get<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    read(world, Scene::Get)
}

fn count<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    read(world, Scene::Count)
}

fn spec<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    read(world, Scene::Spec)
}

fn read<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let note = world.note(&member, "a");
    let event = match scene {
        Scene::Get => Event::new("GET", &format!("/api/notes/{}", text(&note["id"]))),
        Scene::ListAll => Event::new("GET", "/api/posts"),
        Scene::Count => Event::new("GET", "/api/notes/count"),
        Scene::Spec => Event::new("GET", "/api/notes/spec"),
        _ => Event::new("GET", "/api/notes"),
    };
    let event = event.token(&member.access);
    let look = move |reply: &Reply| match (reply.status, scene) {
        (200, Scene::Get) => assert_eq!(reply.json(), note),
        (200, Scene::Count) => assert_eq!(reply.json(), json!({ "count": 1, "exact": true })),
        (200, Scene::ListOwn) => {
            assert_eq!(reply.json(), json!({ "items": [note], "nextCursor": null }))
        }
        _ => {}
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn patch<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    update(world, Scene::Patch)
}

fn put<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    update(world, Scene::Put)
}

fn update<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let before = world.note(&member, "before");
    let path = format!("/api/notes/{}", text(&before["id"]));
    let method = if scene == Scene::Put { "PUT" } else { "PATCH" };
    let event = Event::new(method, &path)
        .json(&json!({ "title": "after" }))
        .token(&member.access);
    let again = event.clone();
    let look = move |reply: &Reply| {
        let now = world
            .ask(
                "records-get",
                &Event::new("GET", &path).token(&member.access),
            )
            .expect(200)
            .json();
        if reply.status == 200 {
            assert_eq!(reply.json(), now);
            assert_eq!(now["title"], "after");
        } else {
            assert!(now == before || now["title"] == "after", "{now}");
        }
        let now = world.ask("records-update", &again).expect(200).json();
        assert_eq!(
            (&now["title"], &now["createdAt"]),
            (&json!("after"), &before["createdAt"])
        );
        assert_eq!(world.notes(&member.access), [now]);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn delete<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let path = format!("/api/notes/{}", text(&world.note(&member, "a")["id"]));
    let kept = world.note(&member, "kept");
    let event = Event::new("DELETE", &path).token(&member.access);
    let again = event.clone();
    let look = move |reply: &Reply| {
        if reply.status != 204 {
            let again = world.ask("records-delete", &again);
            assert!(
                again.status == 204 || again.code() == "data/record-not-found",
                "{}",
                again.text()
            );
        }
        let _ = world
            .ask(
                "records-get",
                &Event::new("GET", &path).token(&member.access),
            )
            .expect(404);
        assert_eq!(world.notes(&member.access), [kept]);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// One order is made, one changed and one deleted, or nothing of it.
fn bulk<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let product = world.product(&member, &json!(fresh_sku()));
    let make = |code: String| {
        let body = json!({ "product": product["id"], "code": code });
        world
            .ask(
                "records-create",
                &Event::new("POST", "/api/orders")
                    .json(&body)
                    .token(&member.access),
            )
            .expect(201)
            .json()
    };
    let (changed, deleted) = (make(fresh_sku()), make(fresh_sku()));
    let operations = json!([{ "create": { "product": product["id"], "code": fresh_sku() } },
        { "update": { "id": changed["id"], "code": fresh_sku() } }, { "delete": { "id": deleted["id"] } }]);
    let event = Event::new("POST", "/api/orders/bulk")
        .json(&json!({ "operations": operations }))
        .token(&member.access);
    let look = move |reply: &Reply| {
        let get = |id: &Value| {
            world.ask(
                "records-get",
                &Event::new("GET", &format!("/api/orders/{}", text(id))).token(&member.access),
            )
        };
        let (now, gone) = (
            get(&changed["id"]).expect(200).json(),
            get(&deleted["id"]).status == 404,
        );
        assert_eq!(now["code"] != changed["code"], gone, "half done");
        if reply.status == 200 {
            let items = reply.json()["items"].clone();
            assert_eq!((&items[1], gone), (&now, true));
            assert_eq!(get(&items[0]["id"]).expect(200).json(), items[0]);
        }
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn list_as_server<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    keyed(world, |_| Event::new("GET", "/api/feedback"))
}
