//! Attacks on a sign-in: states, codes, verifiers and addresses that are not one's own.

use std::collections::BTreeSet;

use blackbox::stack;

use super::*;

/// A page refuses, and nothing is redirected.
fn refused(reply: &Reply) {
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert_eq!(reply.header("location"), None);
    assert_eq!(reply.header("set-cookie"), None);
    assert!(
        reply
            .header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
}

#[test]
fn a_state_is_of_one_browser_one_provider_and_good_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (mine, theirs) = (stage.start("google"), stage.start("google"));
    let (code, state) = stage
        .provider
        .consent(&mine.address, &google("a", "a@example.com"));
    let answer = [("code", code.as_str()), ("state", state.as_str())];
    // Another browser, without a cookie, with its own, and with its own under this state's name.
    refused(&stage.answer_as("google", None, &answer));
    refused(&stage.answer_as("google", Some(&theirs.cookie), &answer));
    let (name, _) = mine.cookie.split_once('=').unwrap();
    let (_, value) = theirs.cookie.split_once('=').unwrap();
    refused(&stage.answer_as("google", Some(&format!("{name}={value}")), &answer));
    refused(&stage.answer_as("google", Some(&format!("{name}=")), &answer));
    // Another provider.
    refused(&stage.answer_as("github", Some(&mine.cookie), &answer));
    refused(&stage.answer_as(
        "own",
        Some(&mine.cookie),
        &[answer[0], answer[1], ("iss", &stage.provider.url)],
    ));
    // Changed, cut, none, twice.
    let cut = &state[1..];
    refused(&stage.answer_as(
        "google",
        Some(&mine.cookie),
        &[("code", &code), ("state", cut)],
    ));
    refused(&stage.answer_as(
        "google",
        Some(&mine.cookie),
        &[("code", &code), ("state", "")],
    ));
    refused(&stage.answer_as("google", Some(&mine.cookie), &[("code", &code)]));
    refused(&stage.answer_as(
        "google",
        Some(&mine.cookie),
        &[answer[0], answer[1], ("state", &state)],
    ));
    refused(&stage.answer_as(
        "google",
        Some(&mine.cookie),
        &[answer[0], answer[1], ("error", "access_denied")],
    ));
    refused(&stage.answer_as("google", Some(&mine.cookie), &[answer[1]]));
    // A mix-up names another issuer (RFC 9207).
    let other = stage.start("google");
    let (code, state) = stage
        .provider
        .consent(&other.address, &google("a", "a@example.com"));
    let mixed = [
        ("code", code.as_str()),
        ("state", state.as_str()),
        ("iss", "https://evil.example"),
    ];
    refused(&stage.answer(&other, &mixed));
    assert!(
        !stage
            .provider
            .requests()
            .iter()
            .any(|it| it.contains(&code)),
        "the code has left"
    );
    // The one that began, once.
    let reply = stage.answer(&mine, &answer).expect(302);
    assert!(parameters(&reply).contains_key("code"));
    refused(&stage.answer(&mine, &answer));
}

#[test]
fn a_provider_that_names_its_issuer_names_it_in_every_answer() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for iss in [None, Some("https://evil.example")] {
        let started = stage.start("own");
        let (code, state) = stage
            .provider
            .consent(&started.address, &own("a", &json!({})));
        let mut query = vec![("code", code.as_str()), ("state", state.as_str())];
        query.extend(iss.map(|iss| ("iss", iss)));
        refused(&stage.answer(&started, &query));
    }
}

#[test]
fn a_state_and_a_code_are_over_in_time() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let started = stage.start("google");
    let (code, state) = stage
        .provider
        .consent(&started.address, &google("a", "a@example.com"));
    let late = stage
        .world
        .variant("oauth-callback", &[("BAKEND_CLOCK_OFFSET", "601s")]);
    let path = format!("/api/auth/oauth/google/callback?code={code}&state={state}");
    let event = Event::new("GET", &path).cookie(&started.cookie);
    refused(&stage.world.flow.apart.ask(&late, &event));
    let code = stage.code("google", &google("a", "a@example.com"));
    let late = stage
        .world
        .variant("oauth-exchange", &[("BAKEND_CLOCK_OFFSET", "61s")]);
    let event = Event::new("POST", EXCHANGE).json(&trade(&code, &json!({})));
    let reply = stage.world.flow.apart.ask(&late, &event);
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (400, "auth/invalid-oauth-code")
    );
}

#[test]
fn a_code_is_the_apps_that_began_and_good_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let code = stage.code("google", &google("a", "a@example.com"));
    let challenge_itself = challenge(VERIFIER);
    let wrong = "a".repeat(43);
    for verifier in [wrong.as_str(), challenge_itself.as_str()] {
        let reply = stage.exchange(&code, &json!({ "codeVerifier": verifier }));
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "auth/invalid-oauth-code"),
            "{verifier}"
        );
    }
    for other in [&code[1..], "garbage", &format!("{code}A")] {
        let reply = stage.exchange(other, &json!({}));
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "auth/invalid-oauth-code"),
            "{other}"
        );
    }
    // A state is sealed as well, and opens nothing here.
    let started = stage.start("google");
    let state = pairs(started.address.split_once('?').unwrap().1)["state"].clone();
    assert_eq!(
        stage.exchange(&state, &json!({})).code(),
        "auth/invalid-oauth-code"
    );
    let made = stage.exchange(&code, &json!({})).expect(200).json();
    let again = stage.exchange(&code, &json!({}));
    assert_eq!(
        (again.status, again.code().as_str()),
        (400, "auth/invalid-oauth-code")
    );
    assert!(!again.text().contains("Token"));
    assert!(stage.stands(&made));
}

#[test]
fn an_address_of_another_app_is_never_led_back_to() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let redirects = "https://app.example.com/done,http://localhost:*,com.example.app:/auth";
    let stage = Stage::new(inside, &[("BAKEND_AUTH_REDIRECTS", redirects)]);
    let challenge = challenge(VERIFIER);
    for to in [
        "https://app.example.com/done/",
        "https://app.example.com/other",
        "https://app.example.com/done?x=1",
        "https://app.example.com/done#x",
        "https://app.example.com:444/done",
        "https://App.example.com/done",
        "https://app.example.com./done",
        "https://app.example.com@evil.example/done",
        "//evil.example/done",
        "https://evil.example/done",
        "https://app.example.com\\@evil.example/done",
        "https://app%2eexample.com/done",
        "http://app.example.com/done",
        "http://localhost.evil.example/",
        "http://localhost:80@evil.example/",
        "com.example.app:/other",
        "com.example.app.evil:/auth",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example.com/done\r\nset-cookie: x=1",
        " https://app.example.com/done",
    ] {
        let reply = stage.ask_start(
            "google",
            &[("redirectTo", to), ("codeChallenge", &challenge)],
        );
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "auth/redirect-not-allowed"),
            "{to}"
        );
        assert_eq!(
            (reply.header("location"), reply.header("set-cookie")),
            (None, None)
        );
    }
    for (query, field) in [
        (vec![("codeChallenge", challenge.as_str())], "redirectTo"),
        (vec![("redirectTo", APP)], "codeChallenge"),
        (
            vec![("redirectTo", APP), ("codeChallenge", &challenge[1..])],
            "codeChallenge",
        ),
        (
            vec![
                ("redirectTo", APP),
                ("codeChallenge", &challenge),
                ("more", "x"),
            ],
            "more",
        ),
        (
            vec![
                ("redirectTo", APP),
                ("codeChallenge", &challenge),
                ("codeChallenge", &challenge),
            ],
            "codeChallenge",
        ),
        (
            vec![
                ("redirectTo", APP),
                ("codeChallenge", &challenge),
                ("prompt", "x"),
            ],
            "prompt",
        ),
    ] {
        let reply = stage.ask_start("google", &query);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "common/validation-failed"),
            "{query:?}"
        );
        assert_eq!(reply.json()["error"]["details"][0]["field"], field);
    }
    for native in ["http://localhost:5/x", "com.example.app:/auth"] {
        let reply = stage.ask_start(
            "google",
            &[("redirectTo", native), ("codeChallenge", &challenge)],
        );
        let address = reply.expect(302).header("location").unwrap().to_owned();
        assert_eq!(
            pairs(address.split_once('?').unwrap().1)["prompt"],
            "select_account"
        );
    }
}

#[test]
fn nothing_of_a_token_or_a_verifier_is_in_an_address() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let started = stage.start("google");
    let reply = stage
        .consent(&started, &google("a", "a@example.com"))
        .expect(302);
    let back = reply.header("location").unwrap().to_owned();
    let code = parameters(&reply)["code"].clone();
    let made = stage.exchange(&code, &json!({})).expect(200).json();
    let requests = stage.provider.requests().join("\n");
    let sent = requests.lines().last().unwrap();
    let verifier = pairs(sent)["code_verifier"].clone();
    assert_eq!(
        challenge(&verifier),
        pairs(started.address.split_once('?').unwrap().1)["code_challenge"]
    );
    let (_, cookie) = started.cookie.split_once('=').unwrap();
    let tokens =
        [&made["accessToken"], &made["refreshToken"]].map(|it| it.as_str().unwrap().to_owned());
    for address in [&started.address, &back] {
        for secret in [
            VERIFIER,
            &verifier,
            cookie,
            &tokens[0],
            &tokens[1],
            "access-",
            "kept-by-nobody",
            "id_token",
        ] {
            assert!(!address.contains(secret), "{secret} {address}");
        }
    }
    assert!(!made.to_string().contains("kept-by-nobody"));
    let names: BTreeSet<String> = parameters(&reply).into_keys().collect();
    assert_eq!(names, BTreeSet::from(["code".to_owned()]));
}
