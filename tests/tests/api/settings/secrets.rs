//! The signing secret: made once, kept in a table, rotated.

use super::*;

/// A separate DynamoDB, so that its `_settings` affect no other test.
fn database(inside: &Inside) -> Dynamo {
    let dynamo = Dynamo::start(&Storage::Memory, 0).unwrap();
    dynamo.make(&inside.template.tables().unwrap()).unwrap();
    dynamo
}

/// A function on such a database, without a secret in its settings.
fn unset<'a>(inside: &'a Inside, function: &str, dynamodb: &str, count: usize) -> Instance<'a> {
    let env = [
        ("BAKEND_AUTH_JWT_SECRET", ""),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
    ];
    inside.variant(function, "unset", count, &env)
}

fn list(variant: &Instance<'_>, token: &str) -> Reply {
    variant.invoke(&Event::new("GET", "/api/notes").token(token))
}

fn refresh(variant: &Instance<'_>, token: &str) -> Reply {
    variant.invoke(&Event::new("POST", "/api/auth/refresh").json(&json!({ "refreshToken": token })))
}

fn signing() -> Value {
    json!({ "id": { "S": "signing" } })
}

#[test]
fn of_many_functions_that_start_at_once_one_makes_the_secret_for_all() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let dynamo = database(inside);
    let endpoint = dynamo.endpoint();
    // None of them writes before all of them have found nothing.
    let proxy = Proxy::start(&endpoint, &inside.template).unwrap();
    let held = proxy.hold(|rule| rule.action("UpdateItem").table("_settings"));
    let registers: Vec<Instance<'_>> = (0..4)
        .map(|_| unset(inside, "register", &proxy.endpoint(), 1))
        .collect();
    let logins: Vec<Instance<'_>> = (0..2)
        .map(|_| unset(inside, "login", &proxy.endpoint(), 1))
        .collect();
    let deadline = Instant::now() + Duration::from_secs(20);
    for starting in registers.iter().chain(&logins) {
        while !proxy
            .drain(&starting.key)
            .iter()
            .any(|call| call.operation == "GetItem")
        {
            assert!(
                Instant::now() < deadline,
                "{} looks for the secret",
                starting.key
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    held.release();
    let (lists, refreshes) = (
        unset(inside, "records-list", &endpoint, 1),
        unset(inside, "refresh", &endpoint, 1),
    );
    for signed_in in registers.iter().map(register) {
        assert_eq!(list(&lists, &text(&signed_in, "accessToken")).status, 200);
        let _ = refresh(&refreshes, &text(&signed_in, "refreshToken")).expect(200);
        let body = json!({ "email": signed_in.json()["user"]["email"], "password": PASSWORD });
        for login in &logins {
            let reply = login
                .invoke(&Event::new("POST", "/api/auth/login").json(&body))
                .expect(200);
            assert_eq!(list(&lists, &text(&reply, "accessToken")).status, 200);
        }
    }
    let kept = items::settings(&endpoint).get(&signing());
    let sealing = kept["sealing"]["M"].as_object().unwrap();
    assert_eq!(
        sealing.len(),
        1,
        "one sealing key, of all that were offered"
    );
    assert_eq!(sealing["1"]["S"].as_str().unwrap().len(), 44, "32 bytes");
    let secret = kept["current"]["S"].as_str().unwrap();
    assert!(secret.len() >= 43, "at least 256 random bits");
    let token = text(&register(&registers[0]), "accessToken");
    assert!(forge::is_signed_by(&token, secret));
    let later = unset(inside, "records-list", &endpoint, 1);
    assert_eq!(list(&later, &token).status, 200, "kept, not made again");
}

#[test]
fn two_databases_have_two_secrets() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (one, other) = (database(inside), database(inside));
    let token = text(
        &register(&unset(inside, "register", &one.endpoint(), 1)),
        "accessToken",
    );
    let _ = register(&unset(inside, "register", &other.endpoint(), 1));
    let secret =
        |dynamo: &Dynamo| items::settings(&dynamo.endpoint()).get(&signing())["current"].take();
    assert_ne!(secret(&one), secret(&other));
    wrong_token(&list(
        &unset(inside, "records-list", &other.endpoint(), 1),
        &token,
    ));
}

#[test]
fn a_function_that_finds_no_secret_refuses_tokens_until_there_is_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let dynamo = database(inside);
    let endpoint = dynamo.endpoint();
    let lists = unset(inside, "records-list", &endpoint, 1);
    let (refreshes, logouts) = (
        unset(inside, "refresh", &endpoint, 1),
        unset(inside, "logout", &endpoint, 1),
    );
    let member = stack().member();
    let token = member.token.clone().unwrap();
    for _ in 0..2 {
        wrong_token(&list(&lists, &token));
        wrong_refresh_token(&refresh(&refreshes, &member.refresh_token));
        wrong_token(&logouts.invoke(&Event::new("POST", "/api/auth/logout").token(&token)));
        let open = lists.invoke(&Event::new("GET", "/api/posts")).expect(200);
        assert_eq!(
            open.json(),
            json!({ "items": [], "nextCursor": null }),
            "public stays public"
        );
    }
    assert_eq!(
        items::settings(&endpoint).get(&signing()),
        Value::Null,
        "they may not make it"
    );

    let signed_in = register(&unset(inside, "register", &endpoint, 1));
    let _ = list(&lists, &text(&signed_in, "accessToken")).expect(200);
    let refreshed = refresh(&refreshes, &text(&signed_in, "refreshToken")).expect(200);
    let logout = Event::new("POST", "/api/auth/logout").token(&text(&refreshed, "accessToken"));
    assert_eq!(logouts.invoke(&logout).status, 204);
    look::revoked(&list(&lists, &text(&refreshed, "accessToken")));
    wrong_token(&list(&lists, &token));
}

#[test]
fn after_a_rotation_the_previous_key_verifies_and_refreshes_and_no_longer_signs() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let dynamo = database(inside);
    let endpoint = dynamo.endpoint();
    let registers = unset(inside, "register", &endpoint, 1);
    let (signed_in, waiting) = (register(&registers), register(&registers));
    let (token, refresh_token) = (
        text(&signed_in, "accessToken"),
        text(&signed_in, "refreshToken"),
    );
    let old = items::settings(&endpoint).get(&signing())["current"].take();
    let new = json!({ "S": "the secret after the rotation, of 32 bytes and more" });
    items::settings(&endpoint).set(&signing(), &json!({ "current": new, "previous": old }));

    let _ = list(&unset(inside, "records-list", &endpoint, 1), &token).expect(200);
    let refreshed = refresh(&unset(inside, "refresh", &endpoint, 1), &refresh_token).expect(200);
    let fresh = text(&refreshed, "accessToken");
    assert!(forge::is_signed_by(&fresh, new["S"].as_str().unwrap()));
    assert!(!forge::is_signed_by(&token, new["S"].as_str().unwrap()));

    items::settings(&endpoint).set(&signing(), &json!({ "previous": { "NULL": true } }));
    let (lists, refreshes) = (
        unset(inside, "records-list", &endpoint, 1),
        unset(inside, "refresh", &endpoint, 1),
    );
    wrong_token(&list(&lists, &token));
    let _ = list(&lists, &fresh).expect(200);
    // Refresh tokens have a key of their own, so the rotation signs nobody out.
    let _ = refresh(&refreshes, &text(&waiting, "refreshToken")).expect(200);
    let _ = refresh(&refreshes, &text(&refreshed, "refreshToken")).expect(200);
}

/// The table as a version left it that kept the signing secret alone and derived every other key from it.
#[test]
fn what_was_made_before_the_other_keys_were_kept_outlives_the_signing_secret() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let dynamo = database(inside);
    let endpoint = dynamo.endpoint();
    let signed_in = register(&unset(inside, "register", &endpoint, 1));
    let (token, email) = (
        text(&signed_in, "accessToken"),
        signed_in.json()["user"]["email"].clone(),
    );
    let creates = unset(inside, "records-create", &endpoint, 1);
    for title in ["one", "two"] {
        let note = Event::new("POST", "/api/notes").json(&json!({ "title": title }));
        let _ = creates.invoke(&note.token(&token)).expect(201);
    }
    let page = |instance: &Instance<'_>, token: &str, cursor: &str| {
        let path = format!("/api/notes?limit=1&{cursor}");
        instance.invoke(&Event::new("GET", &path).token(token))
    };
    let first = page(&unset(inside, "records-list", &endpoint, 1), &token, "").expect(200);
    let cursor = format!("cursor={}", text(&first, "nextCursor"));
    let guess = |instance: &Instance<'_>, password: &str| {
        let body = json!({ "email": email, "password": password });
        instance.invoke(&Event::new("POST", "/api/auth/login").json(&body))
    };
    let throttled = [
        ("BAKEND_AUTH_JWT_SECRET", ""),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
        ("BAKEND_AUTH_THROTTLE_ATTEMPTS", "5"),
        ("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m"),
    ];
    let login = inside.variant("login", "throttled", 1, &throttled);
    for _ in 0..4 {
        assert_eq!(guess(&login, "wrong password").status, 401);
    }
    let names = ["tags", "cursors", "pseudonyms"];
    let remove = json!({ "TableName": "local-_settings", "Key": signing(),
        "UpdateExpression": "REMOVE tags, cursors, pseudonyms" });
    dynamo.engine().call("UpdateItem", &remove).unwrap();

    // The next version starts, and the secret is replaced at once.
    unset(inside, "login", &endpoint, 1).settle();
    let kept = items::settings(&endpoint).get(&signing());
    assert!(names.iter().all(|name| kept[name].is_object()), "{kept}");
    let new = json!({ "S": "the secret after the rotation, of 32 bytes and more" });
    items::settings(&endpoint).set(&signing(), &json!({ "current": new }));
    let refreshed = unset(inside, "refresh", &endpoint, 1);
    let refreshed = refresh(&refreshed, &text(&signed_in, "refreshToken")).expect(200);
    let (lists, fresh) = (
        unset(inside, "records-list", &endpoint, 1),
        text(&refreshed, "accessToken"),
    );
    wrong_token(&list(&lists, &token));
    let second = page(&lists, &fresh, &cursor).expect(200);
    assert_eq!(second.json()["items"].as_array().unwrap().len(), 1);
    assert_ne!(second.json()["items"], first.json()["items"]);
    // The fifth failure locks.
    let login = inside.variant("login", "throttled", 1, &throttled);
    assert_eq!(guess(&login, "wrong password").status, 401);
    assert_eq!(guess(&login, PASSWORD).status, 429);
}

#[test]
fn a_rotation_in_two_steps_locks_nobody_out() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let dynamo = database(inside);
    let endpoint = dynamo.endpoint();
    let before = register(&unset(inside, "register", &endpoint, 1));
    let old = items::settings(&endpoint).get(&signing())["current"].take();
    let new = json!({ "S": "the secret after the rotation, of 32 bytes and more" });

    // First every instance learns the new one, then it signs; warm instances never meet a key they do not know.
    items::settings(&endpoint).set(&signing(), &json!({ "current": old, "previous": new }));
    let warm = unset(inside, "records-list", &endpoint, 1);
    let _ = list(&warm, &text(&before, "accessToken")).expect(200);
    items::settings(&endpoint).set(&signing(), &json!({ "current": new, "previous": old }));
    let cold = unset(inside, "records-list", &endpoint, 1);
    let after = register(&unset(inside, "register", &endpoint, 1));
    for signed_in in [&before, &after] {
        for instance in [&warm, &cold] {
            let _ = list(instance, &text(signed_in, "accessToken")).expect(200);
        }
    }
}

#[test]
fn a_secret_that_cannot_be_read_is_no_open_door() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let alone = unset(inside, "records-list", "http://127.0.0.1:1", 1);
    for token in [member.token.as_deref().unwrap(), "garbage"] {
        let reply = list(&alone, token);
        look::refused(
            &reply,
            503,
            "common/unavailable",
            "The service is busy; try again in a moment.",
        );
        assert!(reply.header("retry-after").is_some());
    }
}

#[test]
fn a_secret_in_the_table_that_is_empty_or_short_signs_and_verifies_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let dynamo = database(inside);
    let endpoint = dynamo.endpoint();
    let token = text(
        &register(&unset(inside, "register", &endpoint, 1)),
        "accessToken",
    );
    let kept = items::settings(&endpoint).get(&signing())["current"].take();

    for broken in [
        json!({ "current": kept, "previous": { "S": "" } }),
        json!({ "current": kept, "previous": { "S": "short" } }),
        json!({ "current": { "S": "change-me-in-production" } }),
    ] {
        items::settings(&endpoint).set(&signing(), &broken);
        let logout = unset(inside, "logout", &endpoint, 1);
        let reply = logout.invoke(&Event::new("POST", "/api/auth/logout").token(&token));
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (500, "common/internal"),
            "{broken}"
        );
        assert!(
            logout.log().contains("is no signing secret of 32 bytes"),
            "{}",
            logout.log()
        );
    }
}
