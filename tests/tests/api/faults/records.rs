//! Records: created, read, changed and deleted, alone and in bulk.

use blackbox::{Event, Reply};
use serde_json::{Value, json};

use super::world::*;
use super::{Area, Row, assert_every_reservation_is_held, row, suffer_all};

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
    row!("records-bulk", "BatchGetItem", "_users", 0, bulk),
    row!("records-bulk", "BatchGetItem", "orders", 0, bulk),
    row!("records-bulk", "PutItem", "orders", 0, bulk),
    row!("records-bulk", "UpdateItem", "orders", 0, bulk),
    row!("records-bulk", "DeleteItem", "orders", 0, bulk),
    row!("records-bulk", "ConditionCheckItem", "products", 0, bulk),
    row!("records-count", "BatchGetItem", "_users", 0, count),
    row!("records-count", "Query", "notes", 0, count),
    row!("records-spec", "BatchGetItem", "_users", 0, spec),
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

/// One record if the caller was told so, at most one if not.
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

fn create_unique<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    create_once(world, Scene::CreateUnique)
}

fn create_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    create_once(world, Scene::CreateAgain)
}

/// With a key, a create can be sent again until it is heard: there is one record in the end.
fn create_once<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let body = json!({ "name": "once", "sku": fresh_sku() });
    let event = Event::new("POST", "/api/products")
        .json(&body)
        .token(&member.access);
    let event = event.header("idempotency-key", "a-key-of-its-own-0");
    let again = event.clone();
    let first = (scene == Scene::CreateAgain)
        .then(|| world.ask("records-create", &again).expect(201).json());
    let look = move |reply: &Reply| {
        let made = world.ask("records-create", &again).expect(201).json();
        assert!(
            reply.status != 201 || reply.json() == made,
            "{} {made}",
            reply.text()
        );
        assert!(first.is_none_or(|first| first == made));
        world.is_taken(&member, &made["sku"]);
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

fn create_related<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    relate(world, Scene::CreateRelated)
}

fn patch_related<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    relate(world, Scene::PatchRelated)
}

fn relate<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let make = |path: &str, body: Value| {
        world
            .ask(
                "records-create",
                &Event::new("POST", path).json(&body).token(&member.access),
            )
            .expect(201)
            .json()
    };
    let post = make("/api/posts", json!({ "title": "target" }));
    let body = json!({ "post": post["id"], "text": "a" });
    let (event, status) = if scene == Scene::CreateRelated {
        (Event::new("POST", "/api/comments").json(&body), 201)
    } else {
        let path = format!("/api/comments/{}", text(&make("/api/comments", body)["id"]));
        (
            Event::new("PATCH", &path).json(&json!({ "post": post["id"], "text": "b" })),
            200,
        )
    };
    let look = move |reply: &Reply| {
        if reply.status == status {
            let path = format!("/api/comments/{}", text(&reply.json()["id"]));
            assert_eq!(
                world
                    .ask("records-get", &Event::new("GET", &path))
                    .expect(200)
                    .json(),
                reply.json()
            );
        }
    };
    Act {
        event: event.token(&member.access),
        status,
        look: Box::new(look),
    }
}

fn create_seen<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    relate_to_seen(world, Scene::CreateSeen)
}

fn patch_seen<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    relate_to_seen(world, Scene::PatchSeen)
}

/// An article points to one that row filters might hide.
fn relate_to_seen<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let make = |body: Value| {
        let event = Event::new("POST", "/api/articles")
            .json(&body)
            .token(&member.access);
        world.ask("records-create", &event).expect(201).json()
    };
    let target = make(json!({ "title": "target" }));
    let body = json!({ "title": "a", "see": target["id"] });
    let (event, status) = if scene == Scene::CreateSeen {
        (Event::new("POST", "/api/articles").json(&body), 201)
    } else {
        let path = format!(
            "/api/articles/{}",
            text(&make(json!({ "title": "b" }))["id"])
        );
        (Event::new("PATCH", &path).json(&body), 200)
    };
    let access = member.access.clone();
    let look = move |reply: &Reply| {
        if reply.status == status {
            let event = Event::new(
                "GET",
                &format!("/api/articles/{}", text(&reply.json()["id"])),
            )
            .token(&access);
            assert_eq!(
                world.ask("records-get", &event).expect(200).json(),
                reply.json()
            );
        }
    };
    Act {
        event: event.token(&member.access),
        status,
        look: Box::new(look),
    }
}

fn patch_unique<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let before = world.product(&member, &json!(fresh_sku()));
    let path = format!("/api/products/{}", text(&before["id"]));
    let event = Event::new("PATCH", &path)
        .json(&json!({ "sku": fresh_sku() }))
        .token(&member.access);
    let again = event.clone();
    let look = move |reply: &Reply| {
        let now = world
            .ask("records-get", &Event::new("GET", &path))
            .expect(200)
            .json();
        assert!(
            reply.status != 200 || reply.json() == now,
            "{} {now}",
            reply.text()
        );
        world.is_taken(&member, &now["sku"]);
        let after = world.ask("records-update", &again).expect(200).json();
        world.is_taken(&member, &after["sku"]);
        let _ = world.product(&member, &before["sku"]);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn delete_unique<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let before = world.product(&member, &json!(fresh_sku()));
    let event = Event::new("DELETE", &format!("/api/products/{}", text(&before["id"])))
        .token(&member.access);
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
        let _ = world.product(&member, &before["sku"]);
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
