//! Registrations, refreshes, confirmed passwords and settings.

use super::*;

#[test]
fn a_source_registers_ten_accounts_an_hour() {
    let Some(world) = World::new() else { return };
    let register = world.later("register", "", &[]);
    let event =
        |email: &str, source: &str| credentials("register", email, PASSWORD).source_ip(source);
    for n in 0..10 {
        // A taken address costs an attempt as well.
        let (email, status) = if n % 2 == 0 {
            (fresh_email(), 201)
        } else {
            (world.email.clone(), 409)
        };
        let _ = register.invoke(&event(&email, "192.0.2.50")).expect(status);
    }
    let refused = [
        register.invoke(&event(&fresh_email(), "192.0.2.50")),
        register.invoke(&event(&world.email, "192.0.2.50")),
    ];
    for reply in &refused {
        assert!((3500..=3600).contains(&locked(reply)));
    }
    let _ = register
        .invoke(&event(&fresh_email(), "192.0.2.51"))
        .expect(201);
    // A login from there is another matter.
    let _ = world
        .login()
        .invoke(&right(&world.email, "192.0.2.50"))
        .expect(200);
    let _ = world
        .later("register", "3601s", &[])
        .invoke(&event(&fresh_email(), "192.0.2.50"))
        .expect(201);
}

#[test]
fn a_session_is_refreshed_thirty_times_a_minute() {
    let Some(world) = World::new() else { return };
    let begin = || {
        text(
            &world
                .login()
                .invoke(&right(&world.email, "192.0.2.1"))
                .expect(200),
            "refreshToken",
        )
    };
    let refresh = world.later("refresh", "", &[]);
    let with = |token: &str| {
        Event::new("POST", "/api/auth/refresh").json(&json!({ "refreshToken": token }))
    };
    let (mut token, mut other) = (begin(), begin());
    for _ in 0..30 {
        token = text(&refresh.invoke(&with(&token)).expect(200), "refreshToken");
    }
    for _ in 0..3 {
        assert!((40..=60).contains(&locked(&refresh.invoke(&with(&token)))));
    }
    // Another session has a count of its own, and the token that was refused is as good as before.
    other = text(&refresh.invoke(&with(&other)).expect(200), "refreshToken");
    let later = world.later("refresh", "61s", &[]);
    token = text(&later.invoke(&with(&token)).expect(200), "refreshToken");
    for token in [token, other] {
        let _ = later.invoke(&with(&token)).expect(200);
    }
}

#[test]
fn refreshes_at_once_with_one_token_are_one_refresh() {
    let Some(world) = World::new() else { return };
    let mut token = text(
        &world
            .login()
            .invoke(&right(&world.email, "192.0.2.1"))
            .expect(200),
        "refreshToken",
    );
    let refreshes: Vec<Instance<'_>> = (0..4).map(|_| world.later("refresh", "", &[])).collect();
    let with = |token: &str| {
        Event::new("POST", "/api/auth/refresh").json(&json!({ "refreshToken": token }))
    };
    // The first in its minute, and then those that are counted.
    for _ in 0..6 {
        let replies: Vec<Reply> = thread::scope(|scope| {
            let token = &token;
            let threads: Vec<_> = refreshes
                .iter()
                .map(|refresh| scope.spawn(move || refresh.invoke(&with(token))))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let done: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(done.len(), 1);
        token = text(done[0], "refreshToken");
    }
}

#[test]
fn every_number_is_a_setting() {
    let Some(world) = World::new() else { return };
    let tried = |function: &str, env: &[(&str, &str)], event: &dyn Fn(usize) -> Event| {
        let instance = world.later(function, "", env);
        let replies: Vec<Reply> = (0..6).map(|n| instance.invoke(&event(n))).collect();
        let accepted = replies
            .iter()
            .take_while(|reply| reply.status != 429)
            .count();
        (accepted, replies.get(accepted).map_or(0, locked))
    };
    let to_one =
        |email: String, network: u8| move |_: usize| guess(&email, &format!("198.18.{network}.1"));
    let lock = [
        ("BAKEND_AUTH_THROTTLE_ATTEMPTS", "2"),
        ("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "100s"),
    ];
    assert_eq!(tried("login", &lock, &to_one(fresh_email(), 1)), (2, 100));
    let longest = [&lock[..], &[("BAKEND_AUTH_THROTTLE_LONGEST_LOCK", "100s")]].concat();
    assert_eq!(
        tried("login", &longest, &to_one(fresh_email(), 2)),
        (2, 100)
    );
    let account = [
        ("BAKEND_AUTH_THROTTLE_ACCOUNT_ATTEMPTS", "3"),
        ("BAKEND_AUTH_THROTTLE_ACCOUNT_LOCK", "33s"),
    ];
    let email = fresh_email();
    assert_eq!(
        tried("login", &account, &|n| guess(
            &email,
            &format!("198.18.3.{n}")
        )),
        (3, 33)
    );
    let source = [
        ("BAKEND_AUTH_THROTTLE_SOURCE_ATTEMPTS", "4"),
        ("BAKEND_AUTH_THROTTLE_WINDOW", "2h"),
    ];
    let (accepted, wait) = tried("login", &source, &|_| guess(&fresh_email(), "198.18.4.1"));
    assert!(
        accepted == 4 && (7190..=7200).contains(&wait),
        "{accepted} {wait}"
    );
    let registrations = [
        ("BAKEND_AUTH_THROTTLE_REGISTRATIONS", "1"),
        ("BAKEND_AUTH_THROTTLE_REGISTRATION_WINDOW", "10m"),
    ];
    let (accepted, wait) = tried("register", &registrations, &|_| {
        credentials("register", &fresh_email(), PASSWORD).source_ip("198.18.5.1")
    });
    assert!(
        accepted == 1 && (590..=600).contains(&wait),
        "{accepted} {wait}"
    );

    let refresh = world.later(
        "refresh",
        "",
        &[
            ("BAKEND_AUTH_THROTTLE_REFRESHES", "1"),
            ("BAKEND_AUTH_THROTTLE_REFRESH_WINDOW", "10m"),
        ],
    );
    let with = |token: &str| {
        Event::new("POST", "/api/auth/refresh").json(&json!({ "refreshToken": token }))
    };
    let token = text(
        &world
            .login()
            .invoke(&right(&world.email, "198.18.6.1"))
            .expect(200),
        "refreshToken",
    );
    let token = text(&refresh.invoke(&with(&token)).expect(200), "refreshToken");
    assert!((590..=600).contains(&locked(&refresh.invoke(&with(&token)))));
}

/// Otherwise the thief of an access token has unlimited guesses.
#[test]
fn a_password_that_is_confirmed_counts_as_a_login() {
    let Some(world) = World::new() else { return };
    let slow = [("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m")];
    let login = world.later("login", "", &slow);
    let wrong = "not the password of anybody";
    let change = json!({ "currentPassword": wrong, "newPassword": "another password" });
    for (function, method, path, body, status) in [
        (
            "password-change",
            "POST",
            "/api/auth/password/change",
            change,
            400,
        ),
        (
            "me-delete",
            "DELETE",
            "/api/auth/me",
            json!({ "password": wrong }),
            400,
        ),
        (
            "me-restore",
            "POST",
            "/api/auth/me/restore",
            json!({ "password": wrong }),
            401,
        ),
    ] {
        let email = world.account();
        let session = login.invoke(&right(&email, "192.0.2.1")).expect(200).json();
        let token = session["accessToken"].as_str().unwrap_or_default();
        let mut body = body;
        let mut event = Event::new(method, path).source_ip("192.0.2.1");
        if function == "me-restore" {
            body["email"] = json!(email);
        } else {
            event = event.token(token);
        }
        let (event, confirm) = (event.json(&body), world.later(function, "", &slow));
        for _ in 0..5 {
            let _ = confirm.invoke(&event).expect(status);
        }
        assert!(
            (50..=60).contains(&locked(&confirm.invoke(&event))),
            "{function}"
        );
        locked(&login.invoke(&right(&email, "192.0.2.1")));
        let _ = login.invoke(&right(&email, "192.0.2.3")).expect(200);
    }
    // Without a token the request is refused before.
    let before = world.items().len();
    let change =
        Event::new("POST", "/api/auth/password/change").json(&json!({ "currentPassword": "x" }));
    let _ = world
        .later("password-change", "", &[])
        .invoke(&change)
        .expect(401);
    assert_eq!(world.items().len(), before);
}

/// Without counting there is no login and no registration: otherwise an attacker who slows the table down has unlimited
/// guesses.
#[test]
fn a_table_that_fails_lets_nobody_through() {
    let Some(world) = World::new() else { return };
    let login = world.login();
    let register = world.later("register", "", &[]);
    for fault in [Fault::Throttle, Fault::Internal, Fault::Close] {
        for (instance, event) in [
            (&login, right(&world.email, "192.0.2.1")),
            (&register, credentials("register", &fresh_email(), PASSWORD)),
        ] {
            world.apart.proxy.fault(
                Rule::new(fault.clone())
                    .key(&instance.key)
                    .table("_throttle"),
            );
            let reply = instance.invoke(&event);
            world.apart.proxy.clear(&instance.key);
            look::refused(
                &reply,
                503,
                "common/unavailable",
                "The service is busy; try again in a moment.",
            );
            assert!([200, 201].contains(&instance.invoke(&event).status));
        }
    }
}
