//! Rotations and departures that meet at a chosen moment.

use std::thread;
use std::time::Duration;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn rotation(key: &str, token: &str) -> Event {
    Event::new("POST", &format!("{PATH}/{key}/rotate")).token(token)
}

#[test]
fn an_admin_who_is_demoted_meanwhile_rotates_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (maker, leaver) = (world.maker(), world.maker());
    let rotate = world.apart.function("api-keys-rotate", "held", &[]);
    let held = world.apart.proxy.hold(|rule| {
        rule.key(&rotate.key)
            .action("UpdateItem")
            .table("_api_keys")
            .times(1)
    });
    let event = rotation(&maker.key_id, &leaver.token);
    let reply = thread::scope(|scope| {
        let rotated = scope.spawn(|| world.apart.ask(&rotate, &event));
        assert!(held.wait_for(1, PATIENCE), "the rotation is under way");
        let left = world.leaves(&leaver, Way::Demoted, "?apiKeys=delete");
        let _ = left.expect(200);
        held.release();
        rotated.join().unwrap()
    });
    refused(&reply, 403, "auth/forbidden");
    // The secret of before is good.
    let _ = world.promotes(&maker).expect(200);
}

/// The secret that the leaver learns goes as well, although the departure had looked at the keys before.
#[test]
fn a_key_that_is_rotated_while_the_rotator_leaves_goes_along() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (maker, leaver) = (world.maker(), world.maker());
    let rotate = world.apart.function("api-keys-rotate", "held", &[]);
    let held = world.apart.proxy.hold(|rule| {
        rule.key(&world.update.key)
            .action("ConditionCheckItem")
            .table("_api_keys")
            .times(1)
    });
    let path = format!("/api/users/{}?apiKeys=delete", leaver.id);
    let event = Event::new("PATCH", &path).json(&json!({ "role": "editor" }));
    let event = event.token(&world.admin);
    let (left, rotated) = thread::scope(|scope| {
        let left = scope.spawn(|| world.apart.ask(&world.update, &event));
        assert!(held.wait_for(1, PATIENCE), "the departure is under way");
        let rotated = rotation(&maker.key_id, &leaver.token);
        let rotated = world.apart.ask(&rotate, &rotated).expect(200).json();
        held.release();
        (left.join().unwrap(), text(&rotated["key"]))
    });
    let _ = left.expect(200);
    let promote = Event::new("PATCH", &format!("/api/users/{}", leaver.id));
    let promote = promote.json(&json!({ "role": "admin" })).key(&rotated);
    let reply = world.apart.ask(&world.update, &promote);
    refused(&reply, 401, "auth/invalid-api-key");
}
