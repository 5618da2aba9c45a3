//! Users' changes to their own account.

use super::*;

pub(super) fn me_get<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    own(world, Scene::MeGet)
}

pub(super) fn sessions<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    own(world, Scene::Sessions)
}

pub(super) fn own<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let user = world.ask("me-get", &me(&member)).expect(200).json();
    let event = if scene == Scene::MeGet {
        me(&member)
    } else {
        Event::new("GET", "/api/auth/sessions").token(&member.access)
    };
    let look = move |reply: &Reply| match (reply.status, scene) {
        (200, Scene::MeGet) => assert_eq!(reply.json(), user),
        (200, _) => assert_eq!(reply.json()["items"].as_array().map(Vec::len), Some(1)),
        _ => {}
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// Terms whose reply said so are accepted: the next request writes nothing.
pub(super) fn accept_terms<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let body = json!({ "version": blackbox::TERMS });
    let event = Event::new("POST", "/api/auth/me/terms").json(&body);
    let event = event.token(&member.access);
    let again = event.clone();
    let look = move |reply: &Reply| {
        let writes = || {
            let calls = world.calls("me-terms", &again);
            calls.iter().any(|call| call.operation == "UpdateItem")
        };
        let late = writes();
        assert!(reply.status != 200 || !late, "the terms were not kept");
        assert!(!writes());
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// The user has one of the two names and the other is free; a successful reply showed the name that the user has.
pub(super) fn change_profile<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let [before, after] = [fresh_username(), fresh_username()];
    let _ = world
        .ask("me-update", &rename(&member, &before))
        .expect(200);
    let event = rename(&member, &after);
    let again = event.clone();
    let look = move |reply: &Reply| {
        let now = world.ask("me-get", &me(&member)).expect(200).json();
        if reply.status == 200 {
            assert_eq!(reply.json(), now);
            assert_eq!(now["username"], *after);
        }
        let other = if now["username"] == *after {
            &before
        } else {
            &after
        };
        assert_eq!(
            find(world, now["username"].as_str().unwrap_or_default())
                .expect(200)
                .json()["id"],
            *member.id
        );
        let _ = find(world, other).expect(404);
        assert_eq!(
            world.ask("me-update", &again).expect(200).json()["username"],
            *after
        );
        // The name that was given up is free.
        let _ = world
            .ask("me-update", &rename(&world.member(), &before))
            .expect(200);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn deletion(member: &Member, password: &str) -> Event {
    Event::new("DELETE", "/api/auth/me")
        .json(&json!({ "password": password }))
        .token(&member.access)
}

fn restoration(member: &Member) -> Event {
    Event::new("POST", "/api/auth/me/restore")
        .json(&json!({ "email": member.email, "password": PASSWORD }))
}

pub(super) fn me_delete<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    delete_account(world, Scene::MeDelete)
}

pub(super) fn me_delete_at_once<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    delete_account(world, Scene::MeDeleteAtOnce)
}

pub(super) fn me_delete_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    delete_account(world, Scene::MeDeleteAgain)
}

/// An admin who has made a key leaves with it, and comes back without it.
pub(super) fn me_delete_maker<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (maker, key) = maker(world);
    let event = Event::new("DELETE", "/api/auth/me?apiKeys=delete")
        .json(&json!({ "password": PASSWORD }))
        .token(&maker.access);
    let act = settled(world, ("me-delete", event, 204), key);
    let look = move |reply: &Reply| {
        (act.look)(reply);
        let _ = world.ask("me-restore", &restoration(&maker)).expect(200);
    };
    Act {
        event: act.event,
        status: act.status,
        look: Box::new(look),
    }
}

/// Deleted wholly or not at all; a deleted account can be restored, or its address registered.
fn delete_account<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let (member, username) = named(world);
    if scene == Scene::MeDeleteAgain {
        let _ = world
            .ask("me-delete", &deletion(&member, "not the password"))
            .expect(400);
    }
    let event = deletion(&member, PASSWORD);
    let look = move |reply: &Reply| {
        let mut at_once = scene == Scene::MeDeleteAtOnce;
        if reply.status == 204 {
            assert!(!world.is_signed_in(&member.access));
        } else if world.is_signed_in(&member.access) {
            let _ = find(world, &username).expect(200);
            let _ = world
                .ask("me-delete", &deletion(&member, PASSWORD))
                .expect(204);
            at_once = false;
        }
        let _ = world.login(&member.email).expect(401);
        let _ = find(world, &username).expect(404);
        if at_once {
            let again = world
                .ask("register", &credentials("register", &member.email))
                .expect(201)
                .json();
            let _ = world
                .ask(
                    "me-update",
                    &rename(&signed_in(&member.email, &again), &username),
                )
                .expect(200);
        } else {
            let back = world
                .ask("me-restore", &restoration(&member))
                .expect(200)
                .json();
            assert!(world.is_signed_in(&text(&back["accessToken"])));
            assert_eq!(find(world, &username).expect(200).json()["id"], *member.id);
        }
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

pub(super) fn me_restore<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    restore_account(world, Scene::MeRestore)
}

pub(super) fn me_restore_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    restore_account(world, Scene::MeRestoreAgain)
}

/// Wholly brought back or still deleted.
fn restore_account<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let (member, username) = named(world);
    let _ = world
        .ask("me-delete", &deletion(&member, PASSWORD))
        .expect(204);
    if scene == Scene::MeRestoreAgain {
        let body = json!({ "email": member.email, "password": "not the password" });
        let _ = world
            .ask(
                "me-restore",
                &Event::new("POST", "/api/auth/me/restore").json(&body),
            )
            .expect(401);
    }
    let event = restoration(&member);
    let look = move |reply: &Reply| {
        if reply.status == 200 {
            assert!(world.is_signed_in(&text(&reply.json()["accessToken"])));
        } else {
            // It was done, or is done now.
            let again = world.ask("me-restore", &restoration(&member));
            assert!([200, 401].contains(&again.status), "{}", again.text());
        }
        let body = world.login(&member.email).expect(200).json();
        assert_eq!(body["user"]["username"], *username);
        assert_eq!(find(world, &username).expect(200).json()["id"], *member.id);
        assert!(
            !world.is_signed_in(&member.access),
            "the old sessions stay over"
        );
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}
