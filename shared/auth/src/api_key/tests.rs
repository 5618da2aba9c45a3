use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn id(n: u8) -> Id {
    Id::new(NOW, [n; 10])
}

fn asked(kind: KeyType, scopes: &[&str]) -> NewApiKey {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    NewApiKey {
        name: "a key".into(),
        kind,
        scopes,
        origins: None,
        expires_at: None,
    }
}

fn make(asked: NewApiKey) -> Result<(ApiKey, String), Vec<(String, String)>> {
    let details = |error: Error| {
        error
            .details
            .into_iter()
            .map(|detail| (detail.field, detail.code))
            .collect()
    };
    ApiKey::new(asked, id(1), [7; 32], id(2), NOW, |name| name == "posts").map_err(details)
}

fn key(kind: KeyType) -> (ApiKey, String) {
    make(asked(kind, &["*:*"])).expect("a key")
}

#[test]
fn a_key_is_known_by_its_whole_text() {
    for (kind, prefix) in [
        (KeyType::Publishable, "pk_live_"),
        (KeyType::Secret, "sk_live_"),
    ] {
        let (key, text) = key(kind);
        assert!(text.starts_with(prefix) && text.len() == 8 + 64, "{text}");
        let presented = PresentedKey::parse(&text).expect("a key");
        assert_eq!((presented.id, presented.kind), (key.id, kind));
        assert!(key.is(&presented, NOW));
        assert!(!text.contains(&key.hash) && !format!("{key:?}").contains(&text[8..]));
    }
}

#[test]
fn another_secret_id_or_type_is_another_key() {
    let (key, own) = key(KeyType::Secret);
    for other in [
        text(KeyType::Secret, key.id, [8; 32]),
        text(KeyType::Secret, id(3), [7; 32]),
        text(KeyType::Publishable, key.id, [7; 32]),
    ] {
        assert!(
            !key.is(&PresentedKey::parse(&other).expect("a key"), NOW),
            "{other}"
        );
    }
    let presented = PresentedKey::parse(&own).expect("a key");
    for wrong in [
        ApiKey {
            kind: KeyType::Publishable,
            ..key.clone()
        },
        ApiKey {
            id: id(3),
            ..key.clone()
        },
        ApiKey {
            hash: String::new(),
            ..key.clone()
        },
        ApiKey {
            hash: key.hash[..42].to_owned(),
            ..key.clone()
        },
    ] {
        assert!(!wrong.is(&presented, NOW), "{wrong:?}");
    }
}

#[test]
fn every_character_of_the_text_counts() {
    let (key, text) = key(KeyType::Publishable);
    for at in 8..text.len() {
        let mut other = text.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let presented = PresentedKey::parse(std::str::from_utf8(&other).expect("ASCII"));
        assert!(
            presented.is_err() || presented.is_ok_and(|other| !key.is(&other, NOW)),
            "{at}"
        );
    }
}

#[test]
fn a_publishable_key_binds_where_keys_are_required_and_a_secret_one_always() {
    let origins = vec!["https://a".to_owned()];
    let (bound, text) = key(KeyType::Publishable);
    let bound = ApiKey { origins, ..bound };
    let presented = || PresentedKey::parse(&text).expect("a key");
    let scopes = |presented: PresentedKey| {
        assert!(!presented.is_judged());
        let access = presented
            .clone()
            .admit(Some(bound.clone()), NOW)
            .map_err(|error| error.code);
        assert!(presented.is_judged());
        access.map(|access| access.scopes)
    };
    assert_eq!(scopes(presented()), Ok(None));
    assert_eq!(
        scopes(presented().binding(Some("https://a"))),
        Ok(Some(bound.scopes.clone()))
    );
    assert_eq!(
        scopes(presented().binding(Some("https://b"))),
        Err(Code::OriginNotAllowed)
    );
    assert_eq!(
        scopes(presented().binding(None)),
        Err(Code::OriginNotAllowed)
    );
    let (secret, text) = key(KeyType::Secret);
    let presented = PresentedKey::parse(&text).expect("a key");
    let access = KeyAccess {
        id: secret.id,
        scopes: Some(secret.scopes.clone()),
    };
    assert_eq!(presented.admit(Some(secret), NOW), Ok(access));
    assert_eq!(
        presented.admit(Some(bound), NOW),
        Err(Code::InvalidApiKey.into())
    );
    assert_eq!(presented.admit(None, NOW), Err(Code::InvalidApiKey.into()));
}

#[test]
fn it_expires_to_the_millisecond() {
    let end = NOW.after(std::time::Duration::from_millis(1));
    let (key, text) = key(KeyType::Secret);
    let key = ApiKey {
        expires_at: Some(end),
        ..key
    };
    let presented = PresentedKey::parse(&text).expect("a key");
    assert!(key.is(&presented, NOW) && !key.is(&presented, end));
}

#[test]
fn what_has_not_the_form_of_a_key_is_none() {
    let (_, text) = key(KeyType::Secret);
    for header in [
        String::new(),
        " ".to_owned(),
        "sk_live_".to_owned(),
        format!(" {text}"),
        format!("{text} "),
        format!("{text}\t"),
        format!("{text},{text}"),
        format!("{text}, {text}"),
        format!("{text}="),
        format!("{text}AA"),
        text[..text.len() - 1].to_owned(),
        text[8..].to_owned(),
        text.to_uppercase(),
        text.replace("sk_live_", "sk_test_"),
        text.replace("sk_live_", "SK_LIVE_"),
        text.replace("sk_live_", "sk_live_sk_live_"),
        format!("Bearer {text}"),
        // The id is not a UUIDv7.
        format!("sk_live_{}", URL_SAFE_NO_PAD.encode([0; BYTES])),
    ] {
        let refused = PresentedKey::parse(&header)
            .map(|_| ())
            .map_err(|error| error.code);
        assert_eq!(refused, Err(Code::InvalidApiKey), "{header:?}");
    }
}

#[test]
fn scopes_are_written_as_they_were_read() {
    let all = ["*:*", "posts:*", "*:list", "users:create", "posts:update"];
    let (key, _) = make(asked(KeyType::Secret, &all)).expect("a key");
    assert_eq!(key.scopes.texts(), all);
    assert_eq!(Scopes::kept(&key.scopes.texts()), key.scopes);
    let (key, _) = make(asked(KeyType::Secret, &["posts:read", "posts:read"])).expect("a key");
    assert_eq!(key.scopes.texts(), ["posts:read"]);
}

#[test]
fn what_is_no_scope_is_named() {
    for wrong in [
        "",
        "*",
        ":",
        "posts",
        "posts:",
        ":read",
        "posts:write",
        "posts:READ",
        "posts:read:x",
        " posts:read",
        "posts: read",
        "notes:read",
        "_users:read",
        "*:**",
        "posts,notes:read",
    ] {
        let refused = make(asked(KeyType::Secret, &["posts:read", wrong]));
        assert_eq!(
            refused.err(),
            Some(vec![("scopes[1]".to_owned(), "format".to_owned())]),
            "{wrong}"
        );
    }
}

#[test]
fn a_publishable_key_may_be_bound_to_origins() {
    let bound = |origins: &[&str], kind| {
        let origins = Some(origins.iter().map(|origin| (*origin).to_owned()).collect());
        make(NewApiKey {
            origins,
            ..asked(kind, &["*:*"])
        })
    };
    let good = [
        "https://app.example.com",
        "http://localhost:3000",
        "http://[::1]:80",
        "https://a",
        "capacitor://localhost",
        "ionic://localhost",
    ];
    let (key, _) = bound(&good, KeyType::Publishable).expect("a key");
    assert!(good.iter().all(|origin| key.admits_origin(Some(origin))));
    for other in [
        None,
        Some(""),
        Some("null"),
        Some("https://app.example.com.evil.example"),
        Some("https://app.example.com:443"),
        Some("http://app.example.com"),
        Some("HTTPS://APP.EXAMPLE.COM"),
        Some("https://app.example.com, https://app.example.com"),
    ] {
        assert!(!key.admits_origin(other), "{other:?}");
    }
    let (any_port, _) = bound(&["http://127.0.0.1:*"], KeyType::Publishable).expect("a key");
    assert!(any_port.admits_origin(Some("http://127.0.0.1:5173")));
    assert!(!any_port.admits_origin(Some("http://127.0.0.1.evil.example")));
    assert!(key_without_origins().admits_origin(None));
    for wrong in [
        "",
        "*",
        "null",
        "app.example.com",
        "https://",
        "https://*.example.com",
        "https://a/",
        "https://a/b",
        "https://a:",
        "https://a:x",
        "https://a:99999",
        "https://a:080",
        "https://a:+80",
        "https://A",
        "ftp://a",
        "https://a b",
        "https://u@a",
        "https://a,https://b",
        "https://a:*",
    ] {
        let refused = bound(&[good[0], wrong], KeyType::Publishable);
        assert_eq!(
            refused.err(),
            Some(vec![("origins[1]".to_owned(), "format".to_owned())]),
            "{wrong}"
        );
    }
    let refused = bound(&[good[0]], KeyType::Secret);
    assert_eq!(
        refused.err(),
        Some(vec![("origins".to_owned(), "not-allowed".to_owned())])
    );
    assert!(bound(&[], KeyType::Secret).is_ok());
}

fn key_without_origins() -> ApiKey {
    key(KeyType::Publishable).0
}

#[test]
fn name_and_expiry_are_checked() {
    let name = |name: &str| {
        make(NewApiKey {
            name: name.to_owned(),
            ..asked(KeyType::Secret, &["*:*"])
        })
    };
    assert!(name("é").is_ok() && name(&"x".repeat(100)).is_ok());
    for wrong in [
        String::new(),
        " ".to_owned(),
        "x".repeat(101),
        "a\nb".to_owned(),
        "a\0".to_owned(),
    ] {
        assert_eq!(
            name(&wrong).err(),
            Some(vec![("name".to_owned(), "format".to_owned())]),
            "{wrong:?}"
        );
    }
    let until = |at: &str| {
        make(NewApiKey {
            expires_at: Some(at.to_owned()),
            ..asked(KeyType::Secret, &["*:*"])
        })
    };
    let (key, _) = until("2999-01-01T00:00:00+01:00").expect("a key");
    assert_eq!(
        key.wire().expires_at.map(|at| at.to_string()).as_deref(),
        Some("2998-12-31T23:00:00.000Z")
    );
    for wrong in [
        "",
        "2999-01-01",
        "1999-01-01T00:00:00Z",
        "tomorrow",
        &NOW.to_string(),
    ] {
        assert_eq!(
            until(wrong).err(),
            Some(vec![("expiresAt".to_owned(), "format".to_owned())]),
            "{wrong}"
        );
    }
}
