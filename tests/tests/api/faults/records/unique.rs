//! Unique values.

use super::*;

pub(super) fn create_unique<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    create_once(world, Scene::CreateUnique)
}

pub(super) fn create_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    create_once(world, Scene::CreateAgain)
}

/// With a key, a create can be sent again until it succeeds: there is one record in the end.
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

pub(super) fn patch_unique<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
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

pub(super) fn delete_unique<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
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
