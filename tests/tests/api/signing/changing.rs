//! From the secret to keys that others know: no token of before is refused before its time.

use blackbox::stack;

use super::world::*;

#[test]
fn tokens_of_the_secret_are_taken_until_shortly_after_the_first_key_signs() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "HS256");
    let old = world.registers(&world.start("register", &[]));
    let late = |offset: &'static str| world.start("login", &[("BAKEND_CLOCK_OFFSET", offset)]);
    let by_secret = ["20m", "30m"].map(|offset| world.logs_in(&late(offset), &old));

    let world = world.under("ES256");
    let login = world.start("login", &[]);
    let before = world.logs_in(&login, &old);
    assert_eq!(algorithm(&before.access), "HS256", "until there is a key");
    world.turn(PUBLISHED, &[], "is published.");
    assert_eq!(world.keys().len(), 1);
    let published = world.logs_in(&world.start("login", &[]), &old);
    assert_eq!(algorithm(&published.access), "HS256");
    world.turn(PROMOTED, &[], "signs.");
    let signed = world.logs_in(&world.start("login", &[]), &old);
    assert_eq!(
        (algorithm(&signed.access), kid(&signed.access)),
        ("ES256".to_owned(), world.mark().0)
    );

    let me = world.start("me-get", &[]);
    for token in [&old, &before, &published, &signed] {
        assert_eq!(world.status(&me, &token.access), 200);
    }
    // The first key signs since minute 15; a secret may have signed for ten minutes more.
    for (member, offset, expected) in [(&by_secret[0], "20m", 200), (&by_secret[1], "30m", 401)] {
        let me = world.start("me-get", &[("BAKEND_CLOCK_OFFSET", offset)]);
        assert_eq!(world.status(&me, &member.access), expected, "{offset}");
    }
    // A function that has not been told of the change takes the tokens of the secret alone.
    let world = world.under("HS256");
    let me = world.start("me-get", &[]);
    assert_eq!(world.status(&me, &old.access), 200);
    assert_eq!(world.status(&me, &signed.access), 401);
    let refreshed = world.refreshes(&world.start("refresh", &[]), &signed);
    assert_eq!(world.status(&me, &refreshed.access), 200);
}

#[test]
fn from_one_kind_of_key_to_another_both_verify() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "ES256");
    let old = world.registers(&world.start("register", &[]));
    let world = world.under("EdDSA");
    let same = world.logs_in(&world.start("login", &[]), &old);
    assert_eq!(
        algorithm(&same.access),
        "ES256",
        "the key that is there signs"
    );
    world.turn(PUBLISHED, &[], "is published.");
    world.turn(PROMOTED, &[], "signs.");
    let new = world.logs_in(&world.start("login", &[]), &old);
    assert_eq!(algorithm(&new.access), "EdDSA");
    let kinds: Vec<String> = world
        .keys()
        .iter()
        .map(|key| key["kty"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["OKP", "EC"]);
    let me = world.start("me-get", &[]);
    for member in [&old, &same, &new] {
        assert_eq!(world.status(&me, &member.access), 200);
    }
}
