//! A key that somebody else may have: it verifies no longer, and sessions go on.

use blackbox::stack;

use super::world::*;

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
