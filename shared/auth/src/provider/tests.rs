//! Decisions about providers as tables.

use api::definition::ProfileField;
use api::settings::{Auth, Provider, ProviderProfile, Registration, Span};
use api::wire::Joining;
use serde_json::json;

use super::*;
use crate::user::{AUTHENTICATED, Deletion};

mod reading;
mod table;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn id(n: u8) -> Id {
    Id::new(NOW, [n; 10])
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn connection(name: &str, more: Provider) -> Connection {
    let settings = Provider {
        client_id: Some("us".into()),
        team_id: Some("T".into()),
        key_id: Some("K".into()),
        profile: Some(ProviderProfile {
            name: Some("name".into()),
            picture: Some("photo".into()),
        }),
        ..more
    };
    let discovery = settings.issuer.as_ref().map(|issuer| Discovery {
        issuer: issuer.clone(),
        authorization_endpoint: "https://a.example/auth".into(),
        token_endpoint: "https://a.example/token".into(),
        jwks_uri: "https://a.example/keys".into(),
        token_endpoint_auth_methods_supported: None,
        authorization_response_iss_parameter_supported: true,
    });
    Connection::of(name, &settings, discovery.as_ref()).expect("a connection")
}

fn found(subject: &str, email: Option<&str>, [verified, authoritative]: [bool; 2]) -> Found {
    Found {
        provider: "google".into(),
        issuer: "https://accounts.google.com".into(),
        subject: subject.into(),
        email: email.map(ToOwned::to_owned),
        verified,
        authoritative,
        profile: Map::new(),
        auth_time: None,
    }
}

#[test]
fn one_account_of_each_provider_is_linked() {
    let user = User::new(id(1), "a@b".into(), false, NOW);
    let one = user
        .with_provider(&found("1", None, [false; 2]), NOW)
        .expect("linked");
    assert_eq!(one.providers().collect::<Vec<_>>(), ["provider#google#1"]);
    let again = one.with_provider(&found("2", None, [false; 2]), NOW);
    assert_eq!(again.map_err(|it| it.code), Err(Code::AccountAlreadyLinked));
    let mut many = user.clone();
    for number in 0..MAX_METHODS {
        let method = found("1", None, [false; 2]).method(NOW);
        many.methods.insert(format!("passkey#{number}"), method);
    }
    let full = many.with_provider(&found("1", None, [false; 2]), NOW);
    assert_eq!(full.map_err(|it| it.code), Err(Code::MethodLimit));
    let nameless = User::anonymous(id(2), &Auth::default(), NOW);
    let named = nameless
        .with_provider(&found("1", None, [false; 2]), NOW)
        .expect("linked");
    assert_eq!(
        (named.role.as_str(), named.lapses_at),
        (AUTHENTICATED, None)
    );
    let label = found("1", Some(&format!("{}@b", "ä".repeat(40))), [true; 2])
        .method(NOW)
        .label;
    assert!(label.len() <= 64 && label.starts_with('ä'));
}

#[test]
fn a_new_account_has_what_fits_of_the_provider_and_the_rest_of_the_body() {
    let fields = json!([{ "name": "name", "type": "string", "maxLength": 5 }, { "name": "city", "type": "string", "required": true }]);
    let declared: Vec<ProfileField> = serde_json::from_value(fields).expect("fields");
    let body = |profile: Value| Joining {
        profile: object(&profile),
        ..Joining::default()
    };
    let make = |profile: Value, told: Value, email: Option<&str>, settings: &Auth| {
        let found = Found {
            profile: object(&told),
            ..found("1", email, [true; 2])
        };
        let of = (&found, email.map(ToOwned::to_owned));
        newcomer(&body(profile), of, &declared, settings, (id(1), NOW))
    };
    let open = Auth::default();
    let city = || json!({ "city": "Bonn" });
    let ada = make(
        city(),
        json!({ "name": "Ada", "gone": "x" }),
        Some("a@b.io"),
        &open,
    )
    .expect("made");
    assert_eq!(json!(ada.profile), json!({ "name": "Ada", "city": "Bonn" }));
    assert_eq!(
        (ada.email.as_deref(), ada.email_verified_at),
        (Some("a@b.io"), Some(NOW))
    );
    let own = json!({ "city": "Bonn", "name": "Bob" });
    let own = make(own, json!({ "name": "Ada" }), None, &open).expect("made");
    assert_eq!((own.email, own.email_verified_at), (None, None));
    assert_eq!(own.profile.get("name"), Some(&json!("Bob")));
    let long = make(city(), json!({ "name": "Ada Lovelace" }), None, &open).expect("made");
    assert_eq!(json!(long.profile), city());
    let lacks = make(json!({}), json!({}), None, &open).expect_err("refused");
    assert_eq!(
        (lacks.code, lacks.details.len()),
        (Code::ValidationFailed, 1)
    );
    let bound = |enabled, domains: &[&str]| Auth {
        registration: Registration {
            enabled,
            domains: domains.iter().map(ToString::to_string).collect(),
            ..Registration::default()
        },
        ..Auth::default()
    };
    for (settings, email, may) in [
        (bound(true, &["b.io"]), Some("a@b.io"), true),
        (bound(true, &["c.io"]), Some("a@b.io"), false),
        (bound(true, &["b.io"]), None, false),
        (bound(false, &[]), Some("a@b.io"), false),
        (bound(false, &[]), None, false),
    ] {
        let made = make(city(), json!({}), email, &settings)
            .map(|_| ())
            .map_err(|it| it.code);
        let expected = if may {
            Ok(())
        } else {
            Err(Code::RegistrationNotAllowed)
        };
        assert_eq!(made, expected, "{email:?}");
    }
}
