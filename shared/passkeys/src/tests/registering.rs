//! Registrations.

use api::Id;
use api::settings::Passkeys;
use auth::User;
use device::{Device, Manners, decode, encode};
use serde_json::{Value, json};

use super::world::{NOW, World, good, refused};
use crate::{Newcomer, Party};

const INVALID: (&str, Option<String>) = ("auth/invalid-passkey", None);

#[test]
fn the_options_ask_for_a_passkey_that_the_device_finds() {
    let world = World::new(Device::new());
    let opened = world.open(vec![vec![1, 2, 3]]);
    let options = &opened.options;
    assert_eq!(
        options["rp"],
        json!({ "id": "example.com", "name": "Example" })
    );
    assert_eq!(decode(&options["user"]["id"]), world.user.id.bytes());
    assert_eq!(options["user"]["name"], "ada@example.com");
    let selection = json!({ "residentKey": "required", "requireResidentKey": true, "userVerification": "required" });
    assert_eq!(options["authenticatorSelection"], selection);
    assert_eq!(options["attestation"], "none");
    assert_eq!(options["extensions"], json!({ "credProps": true }));
    let algorithms = options["pubKeyCredParams"].as_array().expect("a list");
    let algorithms: Vec<_> = algorithms.iter().map(|it| it["alg"].to_string()).collect();
    assert_eq!(algorithms, ["-7", "-35", "-257"], "ES256, ES384, RS256");
    assert_eq!(decode(&options["excludeCredentials"][0]["id"]), [1, 2, 3]);
    assert!(decode(&options["challenge"]).len() >= 16);
    assert_ne!(
        options["challenge"],
        world.open(Vec::new()).options["challenge"]
    );
}

#[test]
fn ten_passkeys_with_the_longest_ids_make_no_longer_token() {
    let world = World::new(Device::new());
    let opened = world.open(vec![vec![9; 1023]; 10]);
    assert!(opened.token.len() < 2048, "{}", opened.token.len());
}

#[test]
fn there_is_no_ceremony_without_a_relying_party() {
    let settings = Passkeys::default();
    assert_eq!(refused(Party::of(&settings)).0, "auth/method-disabled");
}

#[test]
fn a_device_makes_a_passkey() {
    let mut world = World::new(Device::new());
    let passkey = world.register(&good()).expect("a passkey");
    assert_eq!(passkey.credential, world.device.newest());
    assert_eq!(passkey.user, world.user.id);
    assert_eq!(
        (
            passkey.sign_count,
            passkey.backup_eligible,
            passkey.backed_up
        ),
        (0, true, true)
    );
    assert_eq!(passkey.transports, ["hybrid", "internal"]);
    assert_eq!(passkey.aaguid, "07070707-0707-0707-0707-070707070707");
    assert_eq!(passkey.id().len(), 43);
    assert_eq!(passkey.name, "Phone");
    assert!(passkey.public_key.len() < 300, "{}", passkey.public_key);
}

#[test]
fn every_algorithm_that_is_offered_and_a_device_has_works() {
    for algorithm in [-7, -35] {
        let mut world = World::new(Device::new());
        let opened = world.open(Vec::new());
        let credential = world
            .device
            .register_by(&opened.options, &good(), algorithm);
        let stored = world.finish(&opened.token, &credential).expect("a passkey");
        assert!(world.sign_in(&stored, &good()).is_ok(), "{algorithm}");
    }
}

#[test]
fn ill_manners_register_nothing() {
    let own = [
        ("a subdomain", Manners::on("https://x.app.example.com")),
        ("another port", Manners::on("https://app.example.com:444")),
        ("no TLS", Manners::on("http://app.example.com")),
        ("another spelling", Manners::on("https://app.example.com/")),
        ("an app", Manners::on("android:apk-key-hash:x")),
        (
            "a sign-in",
            Manners {
                kind: Some("webauthn.get"),
                ..good()
            },
        ),
    ];
    for (what, manners) in Manners::ill(&good().origin).into_iter().chain(own) {
        let mut world = World::new(Device::new());
        assert_eq!(refused(world.register(&manners)), INVALID, "{what}");
    }
}

#[test]
fn a_passkey_that_the_device_does_not_find_is_told_of() {
    let mut world = World::new(Device::new());
    let opened = world.open(Vec::new());
    let mut credential = world.device.register(&opened.options, &good());
    let rk = &mut credential["clientExtensionResults"]["credProps"]["rk"];
    *rk = json!(false);
    let field = "credential.clientExtensionResults.credProps.rk".to_owned();
    assert_eq!(
        refused(world.finish(&opened.token, &credential)),
        ("common/validation-failed", Some(field))
    );
    credential["clientExtensionResults"] = json!({});
    assert!(world.finish(&opened.token, &credential).is_ok());
}

#[test]
fn an_algorithm_that_was_not_offered_is_refused() {
    let mut world = World::new(Device::new());
    let opened = world.open(Vec::new());
    let credential = world.device.register_by(&opened.options, &good(), -8);
    assert_eq!(refused(world.finish(&opened.token, &credential)), INVALID);
}

#[test]
fn a_ceremony_is_of_its_user_and_session_and_ends() {
    let mut world = World::new(Device::new());
    let opened = world.open(Vec::new());
    let credential = world.device.register(&opened.options, &good());
    let somebody = User::new(Id::new(NOW, [5; 10]), "b@c".into(), false, NOW);
    let own = world.newcomer(0);
    let register = |newcomer, token: &str| {
        let both = (token, &credential);
        world
            .party()
            .register(&world.keys, newcomer, both, "x".into())
    };
    for newcomer in [
        Newcomer {
            user: &somebody,
            ..own
        },
        Newcomer {
            session: somebody.id,
            ..own
        },
        world.newcomer(300),
    ] {
        assert_eq!(refused(register(newcomer, &opened.token)), INVALID);
    }
    let other = world.open(Vec::new());
    let sign_in = world.open_sign_in();
    for token in ["", "x", &other.token, &sign_in.token] {
        assert_eq!(refused(register(own, token)), INVALID, "{token}");
    }
    assert!(register(own, &opened.token).is_ok());
}

#[test]
fn broken_credentials_are_refused() {
    let mut world = World::new(Device::new());
    let opened = world.open(Vec::new());
    let credential = world.device.register(&opened.options, &good());
    let object = decode(&credential["response"]["attestationObject"]);
    let object = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut object = object.clone();
        change(&mut object);
        json!(encode(&object))
    };
    let padded = |at: &str| {
        let text = credential.pointer(at).and_then(Value::as_str);
        json!(format!("{}=", text.expect("a text")))
    };
    let twice = b"\xa4\x63fmt\x64none\x63fmt\x64none\x67attStmt\xa0\x68authData\x40";
    let object_at = "/response/attestationObject";
    for (at, value) in [
        ("/rawId", json!("AAAA")),
        ("/id", json!("AAAA")),
        ("/rawId", padded("/rawId")),
        ("/rawId", json!("a+/b")),
        ("/type", json!("password")),
        ("/response", json!({})),
        ("/response/clientDataJSON", json!(encode(b"{"))),
        ("/response/clientDataJSON", json!(encode(b"\xff"))),
        (
            "/response/clientDataJSON",
            padded("/response/clientDataJSON"),
        ),
        (object_at, padded(object_at)),
        (object_at, json!(encode(twice))),
        (object_at, object(&|it| it.push(0))),
        (object_at, object(&|it| it.truncate(it.len() - 1))),
        (object_at, json!(encode(&vec![0x81; 12_000]))),
        (
            object_at,
            json!(encode(&[0xbb, 255, 255, 255, 255, 255, 255, 255, 255])),
        ),
        (object_at, json!(encode(b""))),
    ] {
        let mut broken = credential.clone();
        *broken.pointer_mut(at).expect("there") = value.clone();
        let found = world.finish(&opened.token, &broken);
        assert_eq!(refused(found), INVALID, "{at} {value}");
    }
    assert!(world.finish(&opened.token, &credential).is_ok());
}

#[test]
fn no_changed_byte_of_an_attestation_object_is_a_fault_of_ours() {
    let mut world = World::new(Device::new());
    let opened = world.open(Vec::new());
    let credential = world.device.register(&opened.options, &good());
    let object = decode(&credential["response"]["attestationObject"]);
    for at in 0..object.len() {
        for change in [1, 0x20, 0x80, 0xff] {
            let mut object = object.clone();
            object[at] ^= change;
            let mut broken = credential.clone();
            broken["response"]["attestationObject"] = json!(encode(&object));
            if let Err(error) = world.finish(&opened.token, &broken) {
                assert_eq!(error.code.as_str(), "auth/invalid-passkey", "{at}");
            }
        }
    }
}
