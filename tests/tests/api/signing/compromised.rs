//! A key that somebody else may have: it verifies no longer, and sessions go on.

use blackbox::stack;
use serde_json::json;

use super::world::*;
use crate::auth::forge;

#[test]
fn every_token_of_before_ends_and_no_session_does() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for name in MADE {
        let world = World::new(inside, name);
        let old = world.registers(&world.start("register", &[]));
        world.turn(PUBLISHED, &[], "is published.");
        let published = world.mark().0;
        // It read its keys before.
        let (early, me) = (world.start("me-get", &[]), || world.start("me-get", &[]));
        assert_eq!(world.status(&early, &old.access), 200);
        world.turn(
            PUBLISHED,
            &["--compromised"],
            "signs, and every other is dropped.",
        );
        assert_eq!(world.mark().1, "dropped");
        assert_ne!(world.mark().0, published, "the key that signed was named");
        assert_eq!(world.status(&me(), &old.access), 401, "{name}");

        let new = world.refreshes(&world.start("refresh", &[]), &old);
        assert_eq!(world.status(&me(), &new.access), 200, "{name}");
        if name == "HS256" {
            continue;
        }
        assert_eq!(world.keys().len(), 1);
        assert_eq!(world.keys()[0]["kid"], kid(&new.access));
        // A token by a key that it lacks makes an instance look at once, and then the old ones end there as well.
        assert_eq!(world.status(&early, &old.access), 200, "{name}");
        assert_eq!(world.status(&early, &new.access), 200, "{name}");
        assert_eq!(world.status(&early, &old.access), 401, "{name}");
    }
}

#[test]
fn the_secret_of_before_is_replaced_as_well() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "HS256");
    let old = world.registers(&world.start("register", &[]));
    let world = world.under("ES256");
    world.turn(
        PUBLISHED,
        &["--compromised"],
        "signs, and every other is dropped.",
    );
    assert_eq!(world.mark().1, "promoted", "there was no key before");
    let me = world.start("me-get", &[]);
    assert_eq!(world.status(&me, &old.access), 401);
    let new = world.refreshes(&world.start("refresh", &[]), &old);
    assert_eq!(algorithm(&new.access), "ES256");
    assert_eq!(world.status(&me, &new.access), 200);
}

#[test]
fn a_secret_of_the_settings_verifies_nothing_any_more() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let secret = "a secret of thirty-two bytes or more";
    let own = [("BAKEND_AUTH_JWT_SECRET", secret)];
    let world = World::new(inside, "HS256");
    let old = world.registers(&world.start("register", &own));
    let world = world.under("ES256");
    let rotated = world.rotate_with(&own, &["--compromised"]);
    assert!(rotated.0, "{rotated:?}");
    let me = world.start("me-get", &own);
    let mut claims = forge::claims(&old.access);
    let mut tokens = vec![old.access.clone()];
    for (iat, exp) in [(0, u64::MAX), (0, 1), (u64::MAX, u64::MAX)] {
        claims["iat"] = json!(iat);
        claims["exp"] = json!(exp);
        tokens.push(forge::resign(&old.access, &claims, secret));
    }
    for token in &tokens {
        assert_eq!(world.status(&me, token), 401, "{token}");
    }
    let new = world.refreshes(&world.start("refresh", &own), &old);
    assert_eq!(world.status(&me, &new.access), 200);
}

#[test]
fn a_pair_that_was_dropped_under_secrets_does_not_come_back() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "ES256");
    let old = world.registers(&world.start("register", &[]));
    let world = world.under("HS256");
    world.turn(PUBLISHED, &["--compromised"], "every other is dropped.");
    let world = world.under("ES256");
    assert_eq!(world.keys().len(), 0);
    let new = world.refreshes(&world.start("refresh", &[]), &old);
    assert_eq!(algorithm(&new.access), "HS256", "until there is a key");
    let me = world.start("me-get", &[]);
    assert_eq!(world.status(&me, &old.access), 401);
    assert_eq!(world.status(&me, &new.access), 200);
}
