//! Decisions about passkeys.

use api::settings::Span;

use super::*;
use crate::user::{Deletion, OtherWays};

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// Passkeys sign in, and nothing else does.
fn none() -> OtherWays {
    OtherWays {
        passkeys: true,
        ..OtherWays::default()
    }
}

fn passkey(number: u8) -> Passkey {
    Passkey {
        credential: vec![number; 32],
        user: Id::new(NOW, [1; 10]),
        public_key: "{}".into(),
        sign_count: 0,
        backup_eligible: false,
        backed_up: false,
        transports: Vec::new(),
        aaguid: String::new(),
        name: format!("Key {number}"),
        added_at: NOW,
        used_at: None,
    }
}

fn user(passkeys: u8) -> User {
    let nobody = User::new(Id::new(NOW, [1; 10]), "a@b".into(), false, NOW);
    (0..passkeys).fold(nobody, |user, number| {
        user.with_passkey(&user, &passkey(number)).expect("room")
    })
}

fn code<T>(result: Result<T, Error>) -> Option<Code> {
    result.err().map(|error| error.code)
}

#[test]
fn ten_passkeys_and_twenty_methods_are_the_most() {
    assert_eq!(user(10).passkeys(), 10);
    let eleventh = user(10).with_passkey(&user(10), &passkey(11));
    assert_eq!(code(eleventh), Some(Code::PasskeyLimit));
    let mut many = user(9);
    for number in 0..11 {
        let method = SignInMethod {
            added_at: NOW,
            label: String::new(),
        };
        many.methods.insert(format!("provider#{number}"), method);
    }
    assert_eq!(code(many.has_room()), Some(Code::MethodLimit));
    let again = user(2).with_passkey(&user(2), &passkey(1));
    assert_eq!(code(again), Some(Code::InvalidPasskey));
}

#[test]
fn a_passkey_has_its_name_in_the_user_too() {
    let key = passkey(0).key();
    let label = |user: &User| user.methods.get(&key).map(|it| it.label.clone());
    assert_eq!(label(&user(1)).as_deref(), Some("Key 0"));
    let named = user(1).with_named(&user(1), &key, "Phone").expect("named");
    assert_eq!(label(&named).as_deref(), Some("Phone"));
    assert_eq!(named.auth_version, user(1).auth_version);
    let unknown = user(1).with_named(&user(1), "passkey#x", "Phone");
    assert_eq!(code(unknown), Some(Code::PasskeyNotFound));
}

#[test]
fn the_last_way_in_and_the_last_factor_stay() {
    let password = || OtherWays {
        password: true,
        ..none()
    };
    let mail = OtherWays {
        mail: true,
        ..none()
    };
    let requires = |ways| OtherWays {
        requires_factor: true,
        ..ways
    };
    let mut with_provider = user(1);
    let google = "provider#google#7".to_owned();
    let method = with_provider.methods.values().next().expect("a method");
    let _ = with_provider.methods.insert(google.clone(), method.clone());
    let by_google = OtherWays {
        providers: [google].into(),
        ..none()
    };
    let mut with_totp = user(1);
    with_totp.mfa = Some(NOW);
    let refused = Some(Code::MfaRequiredByPolicy);
    for (user, ways, expected) in [
        (user(1), none(), Some(Code::LastMethod)),
        (user(1), password(), None),
        (user(1), mail, None),
        (user(2), none(), None),
        // A way that leads nowhere is none.
        (user(2), OtherWays::default(), Some(Code::LastMethod)),
        (with_provider.clone(), none(), Some(Code::LastMethod)),
        (with_provider, by_google, None),
        (user(1), requires(password()), refused),
        (user(1), requires(none()), Some(Code::LastMethod)),
        (user(2), requires(password()), None),
        (with_totp.clone(), requires(password()), None),
        (with_totp, none(), Some(Code::LastMethod)),
    ] {
        let removed = user.without_method(&user, (&passkey(0).key(), Code::PasskeyNotFound), &ways);
        assert_eq!(code(removed.clone()), expected, "{ways:?}");
        if let Ok(without) = removed {
            assert_eq!(without.passkeys() + 1, user.passkeys());
            assert_eq!(without.auth_version, user.auth_version + 1);
        }
    }
    let unknown =
        user(1).without_method(&user(1), ("passkey#x", Code::PasskeyNotFound), &password());
    assert_eq!(code(unknown), Some(Code::PasskeyNotFound));
}

#[test]
fn a_sign_in_is_judged_after_the_proof() {
    let changed = |change: &dyn Fn(&mut User)| {
        let mut user = user(1);
        change(&mut user);
        user
    };
    let deleted =
        |seconds| changed(&|user| user.deleted = Some(Deletion::new(NOW, Span::seconds(seconds))));
    assert_eq!(code(admit(None, true, NOW)), Some(Code::InvalidPasskey));
    assert_eq!(code(admit(Some(&user(1)), false, NOW)), None);
    let disabled = changed(&|user| user.disabled = true);
    assert_eq!(
        code(admit(Some(&disabled), true, NOW)),
        Some(Code::AccountDisabled)
    );
    let refused = admit(Some(&deleted(9)), false, NOW);
    assert_eq!(code(refused), Some(Code::AccountDeleted));
    let back = admit(Some(&deleted(9)), true, NOW).expect("back");
    assert_eq!(back.deleted, None);
    let gone = admit(Some(&deleted(0)), true, NOW);
    assert_eq!(code(gone), Some(Code::InvalidPasskey));
}
