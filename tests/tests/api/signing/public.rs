//! The public keys and the issuer, as verifiers elsewhere read them.

use blackbox::{Event, stack};
use serde_json::{Value, json};

use super::world::*;
use crate::auth::forge;

const ISSUED_BY: &str = "/api/auth/.well-known/openid-configuration";

#[test]
fn a_deployment_that_begins_signs_so_that_others_can_verify() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for (name, kty, members) in [
        (
            "ES256",
            "EC",
            &["alg", "crv", "kid", "kty", "use", "x", "y"][..],
        ),
        ("EdDSA", "OKP", &["alg", "crv", "kid", "kty", "use", "x"]),
    ] {
        let world = World::new(inside, name);
        let member = world.registers(&world.start("register", &[]));
        let [key] = &world.keys()[..] else {
            panic!("one key");
        };
        let names: Vec<&str> = key
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(names, members, "no member of a private key");
        assert_eq!((&key["kty"], &key["use"]), (&json!(kty), &json!("sig")));
        let header = json!({ "typ": "at+jwt", "alg": name, "kid": key["kid"] });
        assert_eq!(forge::header(&member.access), header);
        let claims = forge::claims(&member.access);
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&json!(ISSUER), &json!(ISSUER))
        );
        assert_eq!(
            world.status(&world.start("me-get", &[]), &member.access),
            200
        );
        // The private part is sealed where it is kept.
        let item = world.item("_settings", "signing");
        let pair = &item["current_pair"]["M"];
        assert_eq!(pair["kid"]["S"], key["kid"]);
        assert!(pair["private"]["S"].as_str().unwrap().starts_with("AQAAAA"));
    }
}

#[test]
fn the_audience_is_of_ones_own() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "ES256");
    let shop = [("BAKEND_AUTH_TOKENS_AUDIENCE", "shop")];
    let member = world.registers(&world.start("register", &shop));
    assert_eq!(forge::claims(&member.access)["aud"], "shop");
    assert_eq!(
        world.status(&world.start("me-get", &shop), &member.access),
        200
    );
    assert_eq!(
        world.status(&world.start("me-get", &[]), &member.access),
        401
    );
}

#[test]
fn everybody_may_read_and_keep_the_keys_and_the_issuer() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "ES256");
    let _ = world.registers(&world.start("register", &[]));
    let closed = [("BAKEND_AUTH_REQUIRE_API_KEY", "true")];
    for (function, path) in [("jwks", JWKS), ("openid-configuration", ISSUED_BY)] {
        let function = world.start(function, &closed);
        for event in [
            Event::new("GET", path),
            Event::new("GET", path)
                .token("garbage")
                .key("pk_live_garbage"),
        ] {
            let reply = world.ask(&function, &event).expect(200);
            let kept = reply.header("cache-control");
            assert_eq!(kept, Some("public, max-age=300"), "{path}");
        }
    }
    let issuer = world.start("openid-configuration", &[]);
    let shown = world.ask(&issuer, &Event::new("GET", ISSUED_BY)).json();
    let expected = json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/.well-known/jwks.json"),
        "id_token_signing_alg_values_supported": ["ES256"], "response_types_supported": [],
        "subject_types_supported": ["public"] });
    assert_eq!(shown, expected);
    // The issuer's path is where its own description is (OpenID Connect Discovery 1.0, section 4).
    assert!(format!("{ISSUER}/.well-known/openid-configuration").ends_with(ISSUED_BY));
}

#[test]
fn of_a_secret_there_is_nothing_to_show() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "HS256");
    let member = world.registers(&world.start("register", &[]));
    assert_eq!(
        forge::header(&member.access),
        json!({ "typ": "at+jwt", "alg": "HS256" })
    );
    assert_eq!(forge::claims(&member.access)["iss"], "bakend:local-");
    assert_eq!(forge::claims(&member.access)["aud"], Value::Null);
    assert_eq!(world.keys(), Vec::<Value>::new());
    let issuer = world.start("openid-configuration", &[]);
    let reply = world
        .ask(&issuer, &Event::new("GET", ISSUED_BY))
        .expect(404);
    assert_eq!(reply.code(), "common/not-found");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[test]
fn every_deployment_shows_its_keys_and_names_its_issuer_where_it_has_one() {
    let reply = stack().stranger().get(JWKS).expect(200);
    assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
    let body = reply.json();
    let keys = body["keys"].as_array().unwrap();
    let issuer = stack().stranger().get(ISSUED_BY);
    if keys.is_empty() {
        assert_eq!(issuer.expect(404).code(), "common/not-found");
    } else {
        let address = issuer.expect(200).json()["jwks_uri"].clone();
        assert!(address.as_str().unwrap().ends_with(JWKS), "{address}");
    }
}
