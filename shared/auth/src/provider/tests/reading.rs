//! Claims, and GitHub's answers, as they are read.

use super::*;

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
    assert_eq!(elsewhere.issuer, "https://git.example");
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
