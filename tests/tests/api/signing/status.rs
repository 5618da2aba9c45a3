//! `cargo admin keys status` and `drop`: each step tells the next one, and from when on it may be taken.

use blackbox::stack;

use super::world::*;

/// The part of the status about access tokens, and that about sealed values.
fn status(world: &World<'_>, offset: &str) -> (String, String) {
    let (done, told) = world.admin(&["keys", "status"], offset);
    assert!(done, "{told}");
    let (tokens, sealed) = told.split_once("\n\n").unwrap();
    (tokens.to_owned(), sealed.to_owned())
}

/// The next step of one of the parts.
fn next(part: &str) -> String {
    let line = part.lines().next_back().unwrap_or_default();
    line.strip_prefix("Next: `cargo admin ")
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_rotation_is_told_step_by_step_with_its_times() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for name in MADE {
        let world = World::new(inside, name);
        let (done, told) = world.admin(&["keys", "status"], PUBLISHED);
        let none =
            "cargo admin: there are no keys yet; the first registration or login makes them\n";
        assert_eq!((done, told.as_str()), (false, none));
        let member = world.registers(&world.start("register", &[]));
        let tokens = |offset: &str| status(&world, offset).0;
        let first = tokens(PUBLISHED);
        let line = first.lines().nth(1).unwrap_or_default();
        let old = line.split(' ').next().unwrap_or_default().to_owned();
        if name != "HS256" {
            assert_eq!(old, kid(&member.access), "tokens of a secret name none");
        }
        assert!(
            first.starts_with(&format!("Access tokens ({name}):\n{old} signs")),
            "{first}"
        );
        assert_eq!(
            next(&first),
            "keys rotate` publishes another key; it may run now."
        );

        world.turn(PUBLISHED, &[], "is published.");
        let new = world.mark().0;
        let early = tokens("1m");
        assert!(
            early.contains(&format!("\n{new} is published since 2")),
            "{early}"
        );
        let expected = format!("keys rotate` lets {new} sign; it may run from 2");
        assert!(next(&early).starts_with(&expected), "{early}");
        let due = format!("keys rotate` lets {new} sign; it may run now.");
        assert_eq!(next(&tokens(PROMOTED)), due);

        world.turn(PROMOTED, &[], "signs.");
        let early = tokens("16m");
        assert!(
            early.contains(&format!("\n{old} verifies the tokens of before\n")),
            "{early}"
        );
        let expected = format!("keys rotate` drops {old}; it may run from 2");
        assert!(next(&early).starts_with(&expected), "{early}");
        let due = format!("keys rotate` drops {old}; it may run now.");
        assert_eq!(next(&tokens(DROPPED)), due);
        world.turn(DROPPED, &[], "is dropped.");
        assert_eq!(next(&tokens(DROPPED)), next(&first));
    }
}

#[test]
fn a_sealing_key_is_dropped_when_nothing_names_it_and_no_mail_does() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "ES256");
    let _ = world.registers(&world.start("register", &[]));
    let sealed = |offset: &str| status(&world, offset).1;
    let add = "keys add` makes another number; it may run now.";
    assert_eq!(next(&sealed(PUBLISHED)), add);
    let drop = |number: &str, offset: &str| world.admin(&["keys", "drop", number], offset);
    let refused = |number: &str, offset: &str, expected: &str| {
        let (done, told) = drop(number, offset);
        assert!(
            !done && told.starts_with(&format!("cargo admin: {expected}")),
            "{told}"
        );
    };
    refused(
        "1",
        PUBLISHED,
        "the sealing key 1 seals; make another with `cargo admin keys add`\n",
    );
    refused("9", PUBLISHED, "there is no sealing key 9\n");
    assert!(world.admin(&["keys", "add"], PUBLISHED).0);
    let reseal = "reseal` seals anew what names an older number; it may run ";
    assert!(next(&sealed("1m")).starts_with(&format!("{reseal}from 2")));
    assert_eq!(next(&sealed("6m")), format!("{reseal}now."));
    refused("1", "9d", "1 item names it; run `cargo admin reseal`, ");
    assert!(world.admin(&["reseal"], "6m").0);
    assert!(next(&sealed("6m")).starts_with("keys drop 1`; it may run from 2"));
    refused("1", "6m", "the sealing key 1 may be dropped from 2");
    assert_eq!(next(&sealed("9d")), "keys drop 1`; it may run now.");
    let dropped = (true, "The sealing key 1 is dropped.\n".to_owned());
    assert_eq!(drop("1", "9d"), dropped);
    let left = (true, "2: 1 item names it; it seals\n".to_owned());
    assert_eq!(world.admin(&["keys"], "9d"), left);
    assert_eq!(next(&sealed("9d")), add);
    refused("1", "9d", "there is no sealing key 1\n");
}

#[test]
fn a_secret_of_the_settings_is_replaced_there() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "HS256");
    let _ = world.registers(&world.start("register", &[]));
    let secret = (
        "BAKEND_AUTH_JWT_SECRET",
        "a secret of thirty-two bytes or more",
    );
    let (done, told) = world.admin_under(&[secret], &["keys", "status"]);
    let expected = "Access tokens (HS256): auth.jwtSecret signs.\nNext: replace it there and deploy; clients refresh.\n\n";
    assert!(done && told.starts_with(expected), "{told}");
}
