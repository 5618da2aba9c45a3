//! Decisions about providers as tables.

use api::definition::ProfileField;
use api::settings::{Auth, Provider, ProviderProfile, Registration, Span};
use api::wire::ProviderProof;
use serde_json::json;

use super::*;
use crate::user::{AUTHENTICATED, Deletion};

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
fn each_provider_says_in_its_own_words_what_an_address_is_worth() {
    let plain = Provider::default;
    let trusting = || Provider {
        trust_email: Some(true),
        ..Provider::default()
    };
    let issuer = || Provider {
        issuer: Some("https://a.example".into()),
        ..Provider::default()
    };
    let trusted_issuer = || Provider {
        trust_email: Some(true),
        ..issuer()
    };
    let tenant = |trust: bool| Provider {
        tenant: Some("00000000-0000-0000-0000-000000000001".into()),
        trust_email: Some(trust),
        ..Provider::default()
    };
    let many = || Provider {
        tenant: Some("organizations".into()),
        ..trusting()
    };
    let none = (false, false);
    for (name, settings, claims, expected) in [
        (
            "google",
            plain(),
            json!({ "email": "a@gmail.com", "email_verified": true }),
            (true, true),
        ),
        (
            "google",
            plain(),
            json!({ "email": "a@b.example", "email_verified": true }),
            (true, false),
        ),
        (
            "google",
            plain(),
            json!({ "email": "a@b.example", "email_verified": true, "hd": "b.example" }),
            (true, true),
        ),
        (
            "google",
            plain(),
            json!({ "email": "a@b.example", "email_verified": true, "hd": "" }),
            (true, false),
        ),
        (
            "google",
            plain(),
            json!({ "email": "a@gmail.com", "email_verified": false }),
            none,
        ),
        ("google", plain(), json!({ "email": "a@gmail.com" }), none),
        (
            "google",
            plain(),
            json!({ "email": "a@gmail.com.evil.example", "email_verified": true }),
            (true, false),
        ),
        (
            "google",
            plain(),
            json!({ "email": "no address", "email_verified": true }),
            none,
        ),
        ("google", plain(), json!({ "email_verified": true }), none),
        (
            "apple",
            plain(),
            json!({ "email": "x@privaterelay.appleid.com", "email_verified": "true" }),
            (true, true),
        ),
        (
            "apple",
            plain(),
            json!({ "email": "a@icloud.com", "email_verified": true }),
            (true, true),
        ),
        (
            "apple",
            plain(),
            json!({ "email": "a@b.example", "email_verified": "true" }),
            (true, false),
        ),
        (
            "apple",
            plain(),
            json!({ "email": "a@me.com", "email_verified": "false" }),
            none,
        ),
        (
            "microsoft",
            plain(),
            json!({ "email": "a@b.example", "email_verified": true }),
            none,
        ),
        (
            "microsoft",
            plain(),
            json!({ "email": "a@b.example", "xms_edov": true }),
            (true, true),
        ),
        (
            "microsoft",
            plain(),
            json!({ "email": "a@b.example", "xms_edov": "1" }),
            (true, true),
        ),
        (
            "microsoft",
            plain(),
            json!({ "email": "a@b.example", "xms_edov": 1 }),
            (true, true),
        ),
        (
            "microsoft",
            plain(),
            json!({ "email": "a@b.example", "xms_edov": false }),
            none,
        ),
        (
            "microsoft",
            trusting(),
            json!({ "email": "a@b.example" }),
            none,
        ),
        ("microsoft", many(), json!({ "email": "a@b.example" }), none),
        (
            "microsoft",
            tenant(true),
            json!({ "email": "a@b.example" }),
            (true, true),
        ),
        (
            "microsoft",
            tenant(false),
            json!({ "email": "a@b.example" }),
            none,
        ),
        (
            "own",
            issuer(),
            json!({ "email": "a@b.example", "email_verified": true }),
            (true, false),
        ),
        (
            "own",
            trusted_issuer(),
            json!({ "email": "a@b.example", "email_verified": true }),
            (true, true),
        ),
        (
            "own",
            trusted_issuer(),
            json!({ "email": "a@b.example" }),
            none,
        ),
    ] {
        let mut all = json!({ "iss": "i", "sub": "7", "tid": "t", "oid": "o" });
        for (name, value) in object(&claims) {
            all[name] = value;
        }
        let read = read_claims(&connection(name, settings), &object(&all), None).expect("found");
        assert_eq!(
            (read.verified, read.authoritative),
            expected,
            "{name} {claims}"
        );
    }
}

#[test]
fn a_subject_and_an_issuer_are_the_identity() {
    let read = |name: &str, claims: Value| {
        read_claims(
            &connection(name, Provider::default()),
            &object(&claims),
            None,
        )
    };
    let google = read(
        "google",
        json!({ "iss": "accounts.google.com", "sub": "7", "auth_time": 9 }),
    );
    let google = google.expect("found");
    assert_eq!(google.issuer, "https://accounts.google.com");
    assert_eq!(
        (google.key().as_str(), google.auth_time),
        ("provider#google#7", Some(9))
    );
    let tenant = json!({ "iss": "https://i/t/v2.0", "sub": "pairwise", "tid": "t", "oid": "o" });
    let microsoft = read("microsoft", tenant).expect("found");
    assert_eq!(
        (microsoft.subject.as_str(), microsoft.issuer.as_str()),
        ("t.o", "https://i/t/v2.0")
    );
    for claims in [
        json!({}),
        json!({ "sub": "" }),
        json!({ "sub": 7 }),
        json!({ "sub": "a b" }),
        json!({ "sub": "ä" }),
        json!({ "sub": "s".repeat(256) }),
    ] {
        assert_eq!(read("google", claims.clone()), None, "{claims}");
    }
    assert_eq!(
        read("microsoft", json!({ "iss": "i", "sub": "7", "tid": "t" })),
        None
    );
    assert_eq!(provider_of("provider#own-1#a#b"), Some("own-1"));
    assert_eq!(
        (provider_of("passkey#x"), provider_of("provider#x")),
        (None, None)
    );
}

#[test]
fn github_tells_a_user_and_addresses_one_by_one() {
    let user =
        json!({ "id": 42, "login": "ada", "name": null, "avatar_url": "https://a.example/x" });
    let entry = |email: &str, primary: bool, verified: bool| json!({ "email": email, "primary": primary, "verified": verified, "visibility": null });
    let trusting = Provider {
        trust_email: Some(true),
        ..Provider::default()
    };
    for (settings, emails, email, expected) in [
        (
            Provider::default(),
            json!([entry("o@x.io", false, true), entry("a@b.io", true, true)]),
            Some("a@b.io"),
            (true, false),
        ),
        (
            trusting.clone(),
            json!([entry("A@b.io", true, true)]),
            Some("a@b.io"),
            (true, true),
        ),
        (
            trusting.clone(),
            json!([entry("a@b.io", true, false)]),
            Some("a@b.io"),
            (false, false),
        ),
        (
            trusting.clone(),
            json!([entry("a@b.io", false, true)]),
            None,
            (false, false),
        ),
        (trusting, json!({ "message": "no" }), None, (false, false)),
    ] {
        let read = read_github(&connection("github", settings), &user, &emails).expect("found");
        assert_eq!(
            (read.subject.as_str(), read.email.as_deref()),
            ("42", email)
        );
        assert_eq!((read.verified, read.authoritative), expected, "{emails}");
        assert_eq!(
            json!(read.profile),
            json!({ "name": "ada", "photo": "https://a.example/x" })
        );
    }
    let nobody = read_github(
        &connection("github", Provider::default()),
        &json!({ "id": "42" }),
        &json!([]),
    );
    assert_eq!(nobody, None);
    let other_server = Provider {
        endpoints: Some(api::settings::ProviderEndpoints {
            user: Some("https://git.example/api/v3/user".into()),
            ..Default::default()
        }),
        ..Provider::default()
    };
    let elsewhere =
        read_github(&connection("github", other_server), &user, &json!([])).expect("found");
    assert_eq!(elsewhere.issuer, "https://git.example/api/v3/user");
}

#[test]
fn names_are_cut_and_pictures_are_addresses_by_https() {
    let read = |claims: Value, beside: Option<&str>| {
        let mut all = json!({ "sub": "7" });
        for (name, value) in object(&claims) {
            all[name] = value;
        }
        let read = read_claims(
            &connection("google", Provider::default()),
            &object(&all),
            beside,
        );
        json!(read.expect("found").profile)
    };
    let long = format!("\u{7}{}", "ä".repeat(120));
    assert_eq!(
        read(json!({ "name": long }), None),
        json!({ "name": "ä".repeat(100) })
    );
    assert_eq!(
        read(json!({ "name": "A" }), Some("B")),
        json!({ "name": "B" })
    );
    let https = "https://a.example/p?x=1";
    assert_eq!(
        read(json!({ "picture": https, "name": " " }), None),
        json!({ "photo": https })
    );
    for picture in [
        "http://a.example/p",
        "javascript:x",
        "https://a b",
        &format!("https://{}", "p".repeat(500)),
    ] {
        assert_eq!(
            read(json!({ "picture": picture }), None),
            json!({}),
            "{picture}"
        );
    }
}

#[test]
fn an_answer_names_its_issuer_where_the_provider_says_so() {
    let google = connection("google", Provider::default());
    assert!(google.answers_as(None) && google.answers_as(Some("https://accounts.google.com")));
    assert!(!google.answers_as(Some("https://evil.example")) && !google.answers_as(Some("")));
    let own = Provider {
        issuer: Some("https://a.example".into()),
        ..Provider::default()
    };
    let own = connection("own", own);
    assert!(!own.answers_as(None) && own.answers_as(Some("https://a.example")));
    let microsoft = connection("microsoft", Provider::default());
    assert!(microsoft.answers_as(Some("https://login.microsoftonline.com/t/v2.0")));
    assert!(!microsoft.answers_as(Some("https://login.microsoftonline.com.evil.example/t")));
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
    let body = |profile: Value| ProviderProof {
        code: String::new(),
        code_verifier: String::new(),
        restore: None,
        terms_version: None,
        profile: object(&profile),
        faults: Vec::new(),
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
