//! API keys and settings as admins see them.

use blackbox::{Event, Reply};
use serde_json::Value;

use super::world::*;
use super::{Area, Row, row, suffer_all};

const ROWS: &[Row] = &[
    row!("api-keys-list", "BatchGetItem", "_users", 0, list_keys),
    row!("api-keys-list", "Query", "_api_keys", 0, list_keys),
    row!(
        "api-keys-create",
        "ConditionCheckItem",
        "_users",
        0,
        create_key
    ),
    row!("api-keys-create", "BatchGetItem", "_users", 0, create_key),
    row!("api-keys-create", "Query", "_api_keys", 0, create_key),
    row!("api-keys-create", "PutItem", "_api_keys", 0, create_key),
    row!("api-keys-create", "UpdateItem", "_api_keys", 0, create_key),
    row!(
        "api-keys-rotate",
        "ConditionCheckItem",
        "_users",
        0,
        rotate_key
    ),
    row!("api-keys-rotate", "BatchGetItem", "_users", 0, rotate_key),
    row!("api-keys-rotate", "GetItem", "_api_keys", 0, rotate_key),
    row!("api-keys-rotate", "UpdateItem", "_api_keys", 0, rotate_key),
    row!("api-keys-delete", "BatchGetItem", "_users", 0, delete_key),
    row!("api-keys-delete", "UpdateItem", "_api_keys", 0, delete_key),
    row!("settings-list", "BatchGetItem", "_users", 0, list_settings),
    row!("audit-list", "BatchGetItem", "_users", 0, list_audit),
    row!("audit-list", "Query", "_audit", 0, list_audit),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    suffer_all(&world, Area::Keys, ROWS);
}

/// Which of the acts that are alike.
#[derive(Clone, Copy, PartialEq)]
enum Scene {
    ListKeys,
    CreateKey,
    RotateKey,
    DeleteKey,
}

fn list_keys<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    manage_keys(world, Scene::ListKeys)
}

fn create_key<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    manage_keys(world, Scene::CreateKey)
}

fn rotate_key<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    manage_keys(world, Scene::RotateKey)
}

fn delete_key<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    manage_keys(world, Scene::DeleteKey)
}

fn list_audit<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let look = |reply: &Reply| {
        let items = &reply.json()["items"];
        assert_eq!(items.is_array(), reply.status == 200, "{items}");
    };
    Act {
        event: Event::new("GET", "/api/admin/audit").token(world.admin()),
        status: 200,
        look: Box::new(look),
    }
}

fn list_settings<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let look = |reply: &Reply| {
        let items = &reply.json()["items"];
        assert_eq!(items.is_array(), reply.status == 200, "{items}");
    };
    Act {
        event: Event::new("GET", "/api/admin/settings").token(world.admin()),
        status: 200,
        look: Box::new(look),
    }
}

/// A key is there or not, good or dead, and the reply told the truth about it.
fn manage_keys<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let (path, key) = world.key();
    let rotate = format!("{path}/rotate");
    let asked = new_key();
    let name = text(&asked["name"]);
    let (event, status) = match scene {
        Scene::ListKeys => (Event::new("GET", KEYS), 200),
        Scene::CreateKey => (Event::new("POST", KEYS).json(&asked), 201),
        Scene::RotateKey => (Event::new("POST", &rotate), 200),
        _ => (Event::new("DELETE", &path), 204),
    };
    let look = move |reply: &Reply| {
        let done = reply.status == status;
        match scene {
            Scene::CreateKey => {
                let made: Vec<Value> = world
                    .keys()
                    .into_iter()
                    .filter(|key| key["name"] == *name)
                    .collect();
                assert!(made.len() <= 1 && (!done || made.len() == 1), "{made:?}");
                assert!(!done || world.is_good(&text(&reply.json()["key"])));
                made.iter()
                    .for_each(|key| world.forget(&format!("{KEYS}/{}", text(&key["id"]))));
            }
            Scene::RotateKey if done => {
                assert!(world.is_good(&text(&reply.json()["key"])) && !world.is_good(&key));
            }
            Scene::DeleteKey => assert!(!done || !world.is_good(&key)),
            Scene::ListKeys if done => {
                assert!(
                    reply.json()["items"]
                        .as_array()
                        .is_some_and(|all| !all.is_empty())
                );
            }
            _ => {}
        }
        world.forget(&path);
        assert!(!world.is_good(&key));
    };
    Act {
        event: event.token(world.admin()),
        status,
        look: Box::new(look),
    }
}
