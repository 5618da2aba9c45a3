//! Secrets that are never logged.

use super::*;
use crate::principals::{service, token};

/// Everything that the API takes, with passwords, tokens and keys that can be found again.
fn everything(inside: &Inside) -> BTreeMap<String, String> {
    let mut secrets = BTreeMap::new();
    let mut secret = |what: &str| {
        let value = recognisable(&what.replace(' ', "-"));
        secrets.insert(value.clone(), what.to_owned());
        value
    };
    let (password, wrong, unknown) = (
        secret("the password"),
        secret("a wrong password"),
        secret("a password"),
    );
    let (key, header, query) = (
        secret("an idempotency key"),
        secret("a header"),
        secret("a query"),
    );
    let (field, value, long) = (
        secret("a field"),
        secret("a value"),
        secret("a long password"),
    );
    let stranger = stack().stranger();
    let (email, other) = (fresh_email(), fresh_email());
    let post = |path: &str, body: &Value| stranger.post(path, body);

    let credentials = json!({ "email": email, "password": password });
    let registered = post("/api/auth/register", &credentials).expect(201);
    let _ = post("/api/auth/register", &credentials).expect(409);
    let _ = post(
        "/api/auth/register",
        &json!({ "email": password, "password": password }),
    )
    .expect(400);
    let _ = post(
        "/api/auth/register",
        &json!({ "email": other, "password": long.repeat(10) }),
    )
    .expect(400);
    let _ = post(
        "/api/auth/register",
        &json!({ "email": other, field.as_str(): value }),
    )
    .expect(400);
    let _ = post(
        "/api/auth/login",
        &json!({ "email": email, "password": wrong }),
    )
    .expect(401);
    let _ = post(
        "/api/auth/login",
        &json!({ "email": other, "password": unknown }),
    )
    .expect(401);
    let _ = post(
        "/api/auth/login",
        &json!({ "email": email, "password": { "$ne": value } }),
    )
    .expect(400);
    let login = post("/api/auth/login", &credentials).expect(200);
    let broken = format!("{{\"email\":\"{email}\",\"password\":\"{password}\"");
    let json_type = [("content-type", "application/json")];
    let _ = stranger
        .send(
            "POST",
            "/api/auth/login",
            &json_type,
            Some(broken.as_bytes()),
        )
        .expect(400);
    let _ = stranger
        .send(
            "POST",
            "/api/auth/login",
            &[("content-type", &password)],
            Some(b"{}"),
        )
        .expect(415);

    let member = stack().signed_in(&email, &login);
    let bearer = format!("Bearer {}", member.token.as_deref().unwrap());
    let refresh = |token: &str, key: &str| {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key),
            ("authorization", &bearer),
        ];
        let body = json!({ "refreshToken": token }).to_string();
        stranger.send("POST", "/api/auth/refresh", &headers, Some(body.as_bytes()))
    };
    let refreshed = refresh(&member.refresh_token, &key).expect(200);
    let _ = refresh(&member.refresh_token, &key).expect(200);
    let _ = refresh(&member.refresh_token, &format!("{key} {key}")).expect(400);
    let newest = refresh(&text(&refreshed, "refreshToken"), &key).expect(200);
    let _ = post("/api/auth/refresh", &json!({ "refreshToken": value })).expect(401);

    let _ = member
        .post("/api/notes", &json!({ "title": value }))
        .expect(201);
    let _ = member
        .post(
            "/api/notes",
            &json!({ "title": "x", field.as_str(): value }),
        )
        .expect(400);
    let _ = member.get(&format!("/api/notes?{query}={query}&cursor={value}"));
    let _ = stranger
        .get(&format!(
            "/api/health?token={}&q={query}",
            member.token.as_deref().unwrap()
        ))
        .expect(200);
    let _ = stranger
        .get(&format!("/api/no/such/path?token={}", member.refresh_token))
        .expect(404);
    for bad in [
        format!("Bearer {header}"),
        format!("Basic {header}"),
        header.clone(),
    ] {
        let _ = stranger
            .send("GET", "/api/notes", &[("authorization", &bad)], None)
            .expect(401);
        let _ = stranger
            .send("POST", "/api/auth/logout", &[("authorization", &bad)], None)
            .expect(401);
    }
    let _ = stranger
        .send("GET", "/api/posts", &[("cookie", &header)], None)
        .expect(200);
    let _ = stranger
        .send("GET", "/api/posts", &[("x-api-key", &header)], None)
        .expect(401);
    for server in [
        Key::secret(&["posts:list"]),
        Key::publishable(&["posts:list"]),
    ] {
        let _ = server.caller().get("/api/posts").expect(200);
        let _ = server
            .caller()
            .post("/api/posts", &json!({ "title": value }));
        let digest = ring::digest::digest(&ring::digest::SHA256, server.text.as_bytes());
        secrets.insert(
            URL_SAFE_NO_PAD.encode(digest),
            "the hash of an API key".to_owned(),
        );
        secrets.insert(server.text[8..].to_owned(), "an API key".to_owned());
        secrets.insert(server.text.clone(), "a whole API key".to_owned());
    }
    show_clients(&mut secrets);
    let _ = refresh(&member.refresh_token, &key).expect(401);
    let _ = post("/api/auth/logout", &json!({ "refreshToken": value })).expect(204);
    let _ = post(
        "/api/auth/logout",
        &json!({ "refreshToken": text(&newest, "refreshToken") }),
    )
    .expect(204);
    let _ = member.get("/api/notes").expect(401);

    for (what, reply) in [
        ("registration", registered),
        ("login", login),
        ("refresh", refreshed),
        ("second", newest),
    ] {
        add_token(
            &mut secrets,
            &format!("the access token of the {what}"),
            &text(&reply, "accessToken"),
        );
        add_token(
            &mut secrets,
            &format!("the refresh token of the {what}"),
            &text(&reply, "refreshToken"),
        );
    }
    secrets.insert(
        items::stored_hash(inside, &email),
        "the stored hash".to_owned(),
    );
    for session in items::sessions(&inside.dynamo.endpoint()).query("user_id", member.id()) {
        let hash = session["refresh_token_hash"]["S"]
            .as_str()
            .unwrap()
            .to_owned();
        secrets.insert(hash, "the hash of a refresh token".to_owned());
    }
    secrets.insert(email, "the address".to_owned());
    secrets.insert(other, "another address".to_owned());
    secrets.insert(PASSWORD.to_owned(), "everybody's password".to_owned());
    secrets.insert(JWT_SECRET.to_owned(), "the signing secret".to_owned());
    secrets.insert("$2b$".to_owned(), "a hash".to_owned());
    secrets
}

/// Programs ask for tokens, by secrets that are good and not, in a header, in a form and where they do not belong.
fn show_clients(secrets: &mut BTreeMap<String, String>) {
    let account = service::made(&stack().admin(), "authenticated");
    let member = |name: &str| service::member(&account, name).to_owned();
    let (id, good) = (member("clientId"), member("clientSecret"));
    let wrong = recognisable("a-wrong-client-secret");
    let ask = |path: &str, header: Option<&str>, form: &str| {
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend(header.map(|header| ("authorization", header)));
        let body = Some(form.as_bytes());
        stack().stranger().send("POST", path, &headers, body)
    };
    let grant = "grant_type=client_credentials";
    for (secret, status) in [(&good, 200), (&wrong, 401)] {
        let header = token::basic(&id, secret);
        let reply = ask(token::TOKEN, Some(&header), grant).expect(status);
        if status == 200 {
            let access = text(&reply, "access_token");
            add_token(secrets, "the access token of a program", &access);
        }
        let form = format!("{grant}&client_id={id}&client_secret={secret}");
        let _ = ask(token::TOKEN, None, &form).expect(status);
        let _ = ask(token::TOKEN, None, &format!("{form}&{form}")).expect(400);
        let query = format!("{}?client_secret={secret}", token::TOKEN);
        let _ = ask(&query, None, grant).expect(400);
        let _ = ask(token::TOKEN, Some(&format!("{header}=")), grant).expect(401);
        let encoded = header.split_once(' ').map_or("", |(_, it)| it);
        secrets.insert(encoded.to_owned(), "a header of a program".to_owned());
        secrets.insert(secret.clone(), "a secret of a program".to_owned());
    }
}

#[test]
fn nothing_secret_is_ever_logged() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let secrets = everything(inside);
    assert!(secrets.len() > 25);
    let log = inside.logs(None);
    assert!(log.lines().count() > 30, "there is a log");
    has_none_of(&log, &secrets);
}

#[test]
fn nor_when_the_tables_fail() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for fault in [
        Fault::Internal,
        Fault::Throttle,
        Fault::Close,
        Fault::LoseReply,
    ] {
        let member = stack().member();
        let (email, password) = (fresh_email(), recognisable("the-password"));
        let key = recognisable("the-key");
        let mut secrets = BTreeMap::from([
            (password.clone(), "the password".to_owned()),
            (email.clone(), "the address".to_owned()),
            (key.clone(), "the idempotency key".to_owned()),
            (JWT_SECRET.to_owned(), "the signing secret".to_owned()),
            ("$2b$".to_owned(), "a hash".to_owned()),
        ]);
        add_token(&mut secrets, "the refresh token", &member.refresh_token);
        add_token(
            &mut secrets,
            "the access token",
            member.token.as_deref().unwrap(),
        );
        let credentials = json!({ "email": email, "password": password });
        let own = json!({ "email": member.email, "password": PASSWORD });
        let refresh = json!({ "refreshToken": member.refresh_token });
        let title = json!({ "title": password });
        let token = member.token.as_deref().unwrap();
        for (function, event) in [
            (
                "register",
                Event::new("POST", "/api/auth/register").json(&credentials),
            ),
            ("login", Event::new("POST", "/api/auth/login").json(&own)),
            (
                "refresh",
                Event::new("POST", "/api/auth/refresh")
                    .json(&refresh)
                    .header("idempotency-key", &key),
            ),
            (
                "records-create",
                Event::new("POST", "/api/notes").json(&title).token(token),
            ),
            (
                "logout",
                Event::new("POST", "/api/auth/logout").json(&refresh),
            ),
        ] {
            let variant = inside.variant(function, "faulty", 1, &[]);
            variant.settle();
            inside
                .proxy
                .fault(Rule::new(fault.clone()).key(&variant.key));
            let reply = variant.invoke(&event);
            look::refused(
                &reply,
                503,
                "common/unavailable",
                "The service is busy; try again in a moment.",
            );
            let lines = lines_of(&variant.log(), &id(&reply));
            assert_eq!(
                (lines.len(), &lines[0]["level"], &lines[0]["status"]),
                (1, &json!("WARN"), &json!(503))
            );
            let cause = lines[0]["cause"].as_str().unwrap();
            assert!(
                !cause.is_empty() && !reply.text().contains(cause),
                "the cause is for the log alone: {cause}"
            );
            has_none_of(&variant.log(), &secrets);
        }
    }
}
