//! Forged tokens: signature, algorithm, claims.

use super::*;

#[test]
fn a_token_that_was_tampered_with_is_refused() {
    let member = stack().member();
    let token = token(&member);
    let parts: Vec<&str> = token.split('.').collect();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut claims = forge::claims(&token);
    claims["role"] = json!("admin");
    let mut forged = vec![
        "garbage".to_owned(),
        "..".to_owned(),
        ".".to_owned(),
        "a.b.c".to_owned(),
        message.to_owned(),
        format!("{message}."),
        format!("{token}."),
        format!("{token}.x"),
        format!("{token}="),
        format!("{}.{}.{signature}", parts[0], forge::part(&claims)),
        format!("{message}.{}", signature.chars().rev().collect::<String>()),
        format!("{message}.{}", "A".repeat(signature.len())),
        format!("{}.{}.{}", parts[1], parts[0], parts[2]),
        format!(".{}.{}", parts[1], parts[2]),
        token.to_uppercase(),
        member.refresh_token.clone(),
        member.id().to_owned(),
        "x".repeat(4000),
    ];
    forged.extend(
        [1, 2, 10, signature.len(), signature.len() + 1]
            .map(|cut| token[..token.len() - cut].to_owned()),
    );
    for at in (0..token.len()).step_by(11) {
        let other = if token.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        let mut flipped = token.clone();
        flipped.replace_range(at..=at, other);
        forged.push(flipped);
    }
    for forged in forged.iter().filter(|forged| **forged != token) {
        wrong_token(&with(forged));
    }
    accepted(&with(&token));
}

#[test]
fn no_other_algorithm_or_header_passes_even_with_the_right_secret() {
    if stack().inside().is_none() {
        return;
    }
    let token = token(&stack().member());
    let claims = token.split('.').nth(1).unwrap();
    accepted(&with(&forge::sign(
        token.split('.').next().unwrap(),
        claims,
        JWT_SECRET,
    )));
    for header in [
        json!({ "typ": "JWT", "alg": "HS256" }),
        json!({ "alg": "HS256" }),
        json!({ "typ": "at+jwt" }),
        json!({ "typ": "application/at+jwt", "alg": "hs256" }),
        json!({ "typ": "at+jwt", "alg": "HS512" }),
        json!({ "typ": "at+jwt", "alg": "HS384" }),
        json!({ "typ": "at+jwt", "alg": "RS256" }),
        json!({ "typ": "at+jwt", "alg": "PS256" }),
        json!({ "typ": "at+jwt", "alg": "ES256" }),
        json!({ "typ": "at+jwt", "alg": "EdDSA" }),
        json!({ "typ": "at+jwt", "alg": "none" }),
        json!({ "typ": "at+jwt", "alg": "" }),
        json!({ "typ": "at+jwt", "alg": null }),
        json!({ "typ": "at+jwt", "alg": "HS256", "jku": "https://evil.example/keys" }),
        json!({ "typ": "at+jwt", "alg": "HS256", "x5u": "https://evil.example/certificate" }),
        json!({ "typ": "at+jwt", "alg": "HS256", "x5c": ["AAAA"] }),
        json!({ "typ": "at+jwt", "alg": "HS256", "jwk": { "kty": "oct", "k": "AAAA" } }),
        json!({ "typ": "at+jwt", "alg": "HS256", "kid": "../../../dev/null" }),
        json!({ "typ": "at+jwt", "alg": "HS256", "crit": ["b64"], "b64": false }),
        json!({ "typ": "at+jwt", "alg": "HS256", "zip": "DEF" }),
        json!([]),
    ] {
        wrong_token(&with(&forge::sign(
            &forge::part(&header),
            claims,
            JWT_SECRET,
        )));
    }
    for (algorithm, name) in [(hmac::HMAC_SHA512, "HS512"), (hmac::HMAC_SHA384, "HS384")] {
        let header = forge::part(&json!({ "typ": "at+jwt", "alg": name }));
        wrong_token(&with(&forge::sign_with(
            algorithm, &header, claims, JWT_SECRET,
        )));
        wrong_token(&with(&forge::sign_with(
            algorithm,
            token.split('.').next().unwrap(),
            claims,
            JWT_SECRET,
        )));
    }
    for none in ["none", "None", "NONE", "nOnE"] {
        let header = forge::part(&json!({ "typ": "at+jwt", "alg": none }));
        for token in [
            format!("{header}.{claims}."),
            format!("{header}.{claims}"),
            format!("{header}.{claims}.AA"),
        ] {
            wrong_token(&with(&token));
        }
    }
    // A key of the attacker's own, announced in the header.
    let own = "an attacker's own key of 32 bytes and more";
    let jwk = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(own) });
    let header = forge::part(&json!({ "typ": "at+jwt", "alg": "HS256", "jwk": jwk }));
    wrong_token(&with(&forge::sign(&header, claims, own)));
}

#[test]
fn every_claim_is_required_and_of_its_type() {
    if stack().inside().is_none() {
        return;
    }
    let token = token(&stack().member());
    let claims = forge::claims(&token);
    accepted(&with(&forge::resign(&token, &claims, JWT_SECRET)));
    for name in ["iss", "sub", "role", "sid", "iat", "exp"] {
        let mut without = claims.clone();
        without.as_object_mut().unwrap().remove(name);
        wrong_token(&with(&forge::resign(&token, &without, JWT_SECRET)));
        let mut wrong = claims.clone();
        for value in [json!(null), json!({}), json!([claims[name]]), json!(true)] {
            wrong[name] = value;
            wrong_token(&with(&forge::resign(&token, &wrong, JWT_SECRET)));
        }
    }
    for (name, value) in [
        ("exp", json!("9999999999")),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("iat", json!("now")),
        ("sub", json!("")),
        ("sub", json!("#admins")),
        ("sub", json!(claims["sub"].as_str().unwrap().to_uppercase())),
        ("sid", json!("00000000-0000-0000-0000-000000000000")),
        ("role", json!(1)),
    ] {
        let mut wrong = claims.clone();
        wrong[name] = value;
        wrong_token(&with(&forge::resign(&token, &wrong, JWT_SECRET)));
    }
    for claims in ["", "e30", "bnVsbA", "W10", "not json", "IiI"] {
        wrong_token(&with(&forge::sign(
            token.split('.').next().unwrap(),
            claims,
            JWT_SECRET,
        )));
    }
}

#[test]
fn a_token_of_another_deployment_is_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let token = token(&member);
    let mut claims = forge::claims(&token);
    for issuer in [
        "bakend:other-",
        "bakend:",
        "bakend:local",
        "bakend:local-x",
        "local-",
        "",
        "BAKEND:LOCAL-",
    ] {
        claims["iss"] = json!(issuer);
        wrong_token(&with(&forge::resign(&token, &claims, JWT_SECRET)));
    }
    for secret in [
        "another secret, of 32 bytes and more",
        "",
        "dev-only-change-me",
        "change-me-in-production",
    ] {
        wrong_token(&with(&forge::resign(
            &token,
            &forge::claims(&token),
            secret,
        )));
    }
    let other = inside.variant(
        "register",
        "other",
        1,
        &[("BAKEND_AUTH_JWT_SECRET", "x".repeat(32).as_str())],
    );
    let body = json!({ "email": fresh_email(), "password": PASSWORD });
    let foreign = other
        .invoke(&Event::new("POST", "/api/auth/register").json(&body))
        .expect(201);
    wrong_token(&with(&text(&foreign, "accessToken")));

    let endpoint = inside.dynamo.endpoint();
    items::make_other_settings(inside);
    let env = [
        ("BAKEND_TABLE_PREFIX", "other-"),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
    ];
    wrong_token(&at(
        &inside.variant("records-list", "prefix", 1, &env),
        &token,
    ));
    accepted(&with(&token));
}
