//! Sign-ins.

use api::Id;
use auth::passkey::{Passkey, Use};
use device::{Device, Manners, decode, encode};
use serde_json::{Value, json};

use super::world::{NOW, World, at, good, refused};

const INVALID: (&str, Option<String>) = ("auth/invalid-passkey", None);

#[test]
fn the_options_of_a_sign_in_name_nobody() {
    let world = World::new(Device::new());
    let opened = world.open_sign_in();
    let options = opened.options.as_object().expect("an object");
    let mut names: Vec<_> = options.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["challenge", "rpId", "timeout", "userVerification"]);
    assert_eq!(options["rpId"], "example.com");
    assert_eq!(options["userVerification"], "required");
    assert!(opened.token.len() < 2048, "{}", opened.token.len());
}

#[test]
fn a_passkey_signs_in_on_every_page_of_the_relying_party() {
    let mut world = World::new(Device::new());
    let stored = world.register(&good()).expect("a passkey");
    for page in ["https://app.example.com", "https://example.com"] {
        let used = world.sign_in(&stored, &Manners::on(page));
        let expected = Use {
            sign_count: 0,
            backed_up: true,
            at: at(299),
        };
        assert_eq!(used, Ok(expected), "{page}");
    }
}

#[test]
fn a_second_device_signs_in_as_the_first_does() {
    let mut world = World::new(Device::new());
    let first = world.register(&good()).expect("a passkey");
    let there = std::mem::take(&mut world.device);
    let second = world.register(&good()).expect("another");
    assert_ne!(first.id(), second.id());
    assert!(world.sign_in(&second, &good()).is_ok());
    assert_eq!(refused(world.sign_in(&first, &good())), INVALID);
    world.device = there;
    assert!(world.sign_in(&first, &good()).is_ok());
}

#[test]
fn ill_manners_sign_nobody_in() {
    let own = [
        ("a subdomain", Manners::on("https://x.example.com")),
        ("another port", Manners::on("https://app.example.com:444")),
        (
            "a registration",
            Manners {
                kind: Some("webauthn.create"),
                ..good()
            },
        ),
    ];
    for (what, manners) in Manners::ill(&good().origin).into_iter().chain(own) {
        let mut world = World::new(Device::new());
        let stored = world.register(&good()).expect("a passkey");
        assert_eq!(refused(world.sign_in(&stored, &manners)), INVALID, "{what}");
    }
}

#[test]
fn a_counter_grows_and_one_that_goes_back_is_told_to_the_log() {
    let mut world = World::new(Device::counting());
    let stored = world.register(&good()).expect("a passkey");
    let used = world.sign_in(&stored, &good()).expect("signed in");
    assert_eq!(used.sign_count, 1);
    let stored = Passkey {
        sign_count: used.sign_count,
        ..stored
    };
    assert_eq!(
        world.sign_in(&stored, &good()).map(|it| it.sign_count),
        Ok(2)
    );
    for count in [0, 0] {
        world.device.count_from(count);
        let error = world.sign_in(&stored, &good()).expect_err("refused");
        assert_eq!(error.code.as_str(), "auth/invalid-passkey");
        assert!(error.cause.is_some_and(|cause| cause.contains("counter")));
    }
    world.device.count_from(9);
    assert_eq!(
        world.sign_in(&stored, &good()).map(|it| it.sign_count),
        Ok(10)
    );
}

#[test]
fn a_swapped_user_handle_is_refused() {
    let mut world = World::new(Device::new());
    let stored = world.register(&good()).expect("a passkey");
    let other = Id::new(NOW, [9; 10]);
    for handle in [&other.bytes()[..], b"", b"x", &[0; 16]] {
        world.device.hand_to(handle);
        assert_eq!(refused(world.sign_in(&stored, &good())), INVALID);
    }
    let opened = world.open_sign_in();
    let mut credential = world.device.sign(&opened.options, &good());
    for handle in [Value::Null, json!(encode(&world.user.id.bytes()))] {
        credential["response"]["userHandle"] = handle.clone();
        let found = world.check(Some(&stored), &opened.token, &credential);
        assert_eq!(found.is_ok(), !handle.is_null());
    }
    let swapped = Passkey {
        user: other,
        ..stored
    };
    let found = world.check(Some(&swapped), &opened.token, &credential);
    assert_eq!(refused(found), INVALID);
    let found = world.check(None, &opened.token, &credential);
    assert_eq!(refused(found), INVALID);
}

#[test]
fn a_signature_is_of_its_ceremony_and_its_device() {
    let mut world = World::new(Device::new());
    let stored = world.register(&good()).expect("a passkey");
    let (opened, other) = (world.open_sign_in(), world.open_sign_in());
    let credential = world.device.sign(&opened.options, &good());
    let registration = world.open(Vec::new());
    for token in ["", "x", &other.token, &registration.token] {
        let found = world.check(Some(&stored), token, &credential);
        assert_eq!(refused(found), INVALID, "{token}");
    }
    let pair = (opened.token.as_str(), &credential);
    let late = world.party().present(&world.keys, pair, at(300));
    assert_eq!(refused(late.map(|_| ())), INVALID);
    for part in ["signature", "authenticatorData", "clientDataJSON"] {
        let bytes = decode(&credential["response"][part]);
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let mut broken = credential.clone();
            broken["response"][part] = json!(encode(&changed));
            let found = world.check(Some(&stored), &opened.token, &broken);
            assert_eq!(refused(found), INVALID, "{part} {at}");
        }
        let mut longer = credential.clone();
        longer["response"][part] = json!(encode(&[&bytes[..], b"\0"].concat()));
        let found = world.check(Some(&stored), &opened.token, &longer);
        assert_eq!(refused(found), INVALID, "{part}");
    }
    assert!(
        world
            .check(Some(&stored), &opened.token, &credential)
            .is_ok()
    );
}

#[test]
fn backup_flags_that_do_not_fit_are_refused() {
    let mut world = World::new(Device::new());
    let stored = world.register(&good()).expect("a passkey");
    let bound = Passkey {
        backup_eligible: false,
        backed_up: false,
        ..stored
    };
    assert_eq!(refused(world.sign_in(&bound, &good())), INVALID);
}
