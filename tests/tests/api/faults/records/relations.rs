//! Relations.

use super::*;

pub(super) fn create_related<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    relate(world, Scene::CreateRelated)
}

pub(super) fn patch_related<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
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
        // A relation that does not change is not checked.
        let other = make("/api/posts", json!({ "title": "another target" }));
        (
            Event::new("PATCH", &path).json(&json!({ "post": other["id"], "text": "b" })),
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

pub(super) fn create_seen<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    relate_to_seen(world, Scene::CreateSeen)
}

pub(super) fn patch_seen<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
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
