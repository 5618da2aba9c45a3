//! One key after the other: each step when it is due, once, and with its mark.

use std::thread;

use blackbox::stack;
use serde_json::{Value, json};

use super::world::*;

fn kids(world: &World<'_>) -> Vec<Value> {
    world.keys().iter().map(|key| key["kid"].clone()).collect()
}

#[test]
fn a_rotation_takes_three_steps_and_refuses_each_that_is_early() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for name in MADE {
        let world = World::new(inside, name);
        let old = world.registers(&world.start("register", &[]));
        let is_public = name != "HS256";
        let first = kids(&world);
        let me = || world.start("me-get", &[]);
        world.turn(PUBLISHED, &[], "is published. Run this again in 15 minutes");
        let (next, step) = world.mark();
        assert_eq!(step, "published");
        if is_public {
            assert_eq!(kids(&world), [first[0].clone(), json!(next)], "{name}");
        }
        let again = world.logs_in(&world.start("login", &[]), &old);
        assert_eq!(
            kid(&again.access),
            kid(&old.access),
            "{name}: it signs not yet"
        );
        let (done, told) = world.rotate("10m", &[]);
        let expected = format!("cargo admin: the key {next} may sign from ");
        assert!(!done && told.starts_with(&expected), "{told}");

        world.turn(PROMOTED, &[], &format!("The key {next} signs."));
        assert_eq!(world.mark(), (next.clone(), "promoted".to_owned()));
        let new = world.logs_in(&world.start("login", &[]), &old);
        if is_public {
            assert_eq!(kid(&new.access), next);
            assert_eq!(kids(&world), [json!(next), first[0].clone()], "{name}");
        }
        // Both verify, and so they do where somebody has read the keys before.
        for token in [&old.access, &new.access] {
            assert_eq!(world.status(&me(), token), 200, "{name}");
        }
        let (done, told) = world.rotate("35m", &[]);
        assert!(!done && told.contains(" may be dropped from "), "{told}");
        assert_eq!(world.mark().1, "promoted");

        world.turn(DROPPED, &[], "is dropped. The rotation is done.");
        let (dropped, step) = world.mark();
        assert_eq!((step.as_str(), dropped != next), ("dropped", true));
        assert_eq!(world.status(&me(), &old.access), 401, "{name}");
        assert_eq!(world.status(&me(), &new.access), 200, "{name}");
        // The session of before goes on: refresh tokens have keys of their own.
        let refreshed = world.refreshes(&world.start("refresh", &[]), &old);
        assert_eq!(world.status(&me(), &refreshed.access), 200, "{name}");
        if is_public {
            assert_eq!(kids(&world), [json!(next)]);
        }
        world.turn("50m", &[], "is published.");
    }
}

#[test]
fn two_commands_at_once_take_one_step() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for name in ["HS256", "ES256"] {
        let world = World::new(inside, name);
        let _ = world.registers(&world.start("register", &[]));
        for offset in [PUBLISHED, PROMOTED, DROPPED] {
            let runs: Vec<(bool, String)> = thread::scope(|scope| {
                let runs = [(); 3].map(|()| scope.spawn(|| world.rotate(offset, &[])));
                runs.map(|run| run.join().unwrap()).into()
            });
            // After the last step a publication is due, which one of the others may find.
            let most = if offset == DROPPED { 2 } else { 1 };
            let done = runs.iter().filter(|(done, _)| *done).count();
            assert!((1..=most).contains(&done), "{name} {offset}: {runs:?}");
            let others = runs.iter().filter(|(done, _)| !done);
            for (_, told) in others {
                let expected = [
                    "another command has rotated",
                    " may sign from ",
                    " may be dropped from ",
                ];
                assert!(expected.iter().any(|it| told.contains(it)), "{told}");
            }
        }
    }
}

#[test]
fn a_key_of_rsa_is_imported_and_never_made() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "RS256");
    let member = world.registers(&world.start("register", &[]));
    assert_eq!(algorithm(&member.access), "HS256", "until there is a key");
    let (done, told) = world.rotate(PUBLISHED, &[]);
    assert!(
        !done && told.contains("RS256 needs a private key of yours"),
        "{told}"
    );
    let path = rsa_key().display().to_string();
    world.turn(PUBLISHED, &["--key", &path], "is published.");
    world.turn(PROMOTED, &[], "signs.");
    let new = world.logs_in(&world.start("login", &[]), &member);
    assert_eq!(algorithm(&new.access), "RS256");
    assert_eq!(world.status(&world.start("me-get", &[]), &new.access), 200);
    let [key] = &world.keys()[..] else {
        panic!("one key");
    };
    assert_eq!((&key["kty"], &key["e"]), (&json!("RSA"), &json!("AQAB")));
    // A file that is no such key changes nothing, and neither does the key that is there.
    let mark = world.mark();
    for arguments in [&["--key", &path][..], &["--key", &path, "--compromised"]] {
        let (done, told) = world.rotate(DROPPED, arguments);
        assert!(!done && told.contains(" is already there"), "{told}");
    }
    let text = local::root().join("Cargo.toml").display().to_string();
    let (done, told) = world.rotate(DROPPED, &["--compromised", "--key", &text]);
    assert!(!done && told.contains("no RS256 key: "), "{told}");
    let (done, told) = world.rotate(DROPPED, &["--key", "/nowhere/key.pem", "--compromised"]);
    assert!(!done && told.contains("/nowhere/key.pem: "), "{told}");
    assert_eq!(world.mark(), mark);
}

#[test]
fn where_the_settings_have_the_secret_there_is_nothing_to_rotate() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "HS256");
    let (done, told) = world.rotate(PUBLISHED, &[]);
    assert!(!done && told.contains("there are no keys yet"), "{told}");
    let _ = world.registers(&world.start("register", &[]));
    let endpoint = world.apart.dynamo.endpoint();
    let own = [(
        "BAKEND_AUTH_JWT_SECRET",
        "a secret of thirty-two bytes or more",
    )];
    for arguments in [
        &["keys", "rotate"][..],
        &["keys", "rotate", "--compromised"],
    ] {
        let output = crate::admin::admin_with(inside, &endpoint, arguments, &own);
        let (done, told) = crate::admin::said(&output);
        let expected = "cargo admin: auth.jwtSecret signs, and no key of the table: replace it there and deploy\n";
        assert_eq!((done, told.as_str()), (false, expected));
    }
    assert_eq!(world.mark(), (String::new(), String::new()));
}

#[test]
fn another_sealing_key_closes_no_key_of_tokens() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "ES256");
    let member = world.registers(&world.start("register", &[]));
    world.turn(PUBLISHED, &[], "is published.");
    let said = |arguments: &[&str]| world.admin(arguments, PUBLISHED).1;
    assert_eq!(said(&["keys"]), "1: 2 items name it; it seals\n");
    let _ = said(&["keys", "add"]);
    assert_eq!(said(&["reseal"]), "2 items read, 2 sealed anew.\n");
    assert_eq!(said(&["reseal"]), "2 items read, 0 sealed anew.\n");
    assert_eq!(
        said(&["keys"]),
        "1: no item names it\n2: 2 items name it; it seals\n"
    );
    let login = world.start("login", &[]);
    let before = world.logs_in(&login, &member);
    world.turn(PROMOTED, &[], "signs.");
    let after = world.logs_in(&world.start("login", &[]), &member);
    let me = world.start("me-get", &[]);
    for token in [&member.access, &before.access, &after.access] {
        assert_eq!(world.status(&me, token), 200);
    }
    assert_ne!(kid(&before.access), kid(&after.access));
}
