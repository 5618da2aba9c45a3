//! Forged tokens where the public key is known to everybody.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use blackbox::stack;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use super::world::*;
use crate::auth::forge;

/// The public key in each form that an attacker may use as a secret.
fn forms(key: &Value) -> Vec<Vec<u8>> {
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let point = [&[4][..], &part("x"), &part("y")].concat();
    let der = [
        &STANDARD
            .decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=")
            .unwrap()[..],
        &point,
    ]
    .concat();
    let body = STANDARD.encode(&der);
    let lines: Vec<&str> = [&body[..64], &body[64..]].into();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    );
    vec![
        part("x"),
        point,
        der,
        pem.trim().as_bytes().to_vec(),
        pem.into_bytes(),
        key.to_string().into_bytes(),
        Vec::new(),
    ]
}

fn header(alg: &str, kid: &Value) -> String {
    forge::encoded(&format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":{kid}}}"#))
}

#[test]
fn no_forged_token_passes_though_the_key_is_public() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "ES256");
    let member = world.registers(&world.start("register", &[]));
    let me = world.start("me-get", &[]);
    let key = world.keys().remove(0);
    let (right, rest) = member.access.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    assert_eq!(header("ES256", &key["kid"]), right);
    let plain = forge::encoded(r#"{"typ":"at+jwt","alg":"HS256"}"#);
    let mut forged = Vec::new();
    // HS256 with the public key as the secret.
    for secret in forms(&key) {
        for header in [&plain, &header("HS256", &key["kid"]), &right.to_owned()] {
            forged.push(forge::sign_bytes(header, claims, &secret));
        }
    }
    // No signature, or one of nothing.
    for alg in ["none", "None", "NONE", ""] {
        for header in [
            header(alg, &key["kid"]),
            forge::part(&json!({ "alg": alg })),
        ] {
            forged.push(format!("{header}.{claims}."));
            forged.push(format!("{header}.{claims}.{signature}"));
        }
    }
    forged.push(format!("{right}.{claims}."));
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    forged.push(format!("{right}.{claims}.{zeros}"));
    // A key of the attacker's own: announced in the header, under its own name, and under the right one.
    let system = SystemRandom::new();
    let own = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &system).unwrap();
    let own = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, own.as_ref(), &system);
    let own = own.unwrap();
    let sign = |header: &str| {
        let message = format!("{header}.{claims}");
        let signature = own.sign(&system, message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    let foreign = json!("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    forged.extend([sign(right), sign(&header("ES256", &foreign))]);
    for (name, value) in [
        ("jwk", key.clone()),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/chain.pem")),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["exp"])),
    ] {
        for alg in ["ES256", "HS256"] {
            let mut announced = json!({ "typ": "at+jwt", "alg": alg, "kid": key["kid"] });
            announced[name] = value.clone();
            let announced = forge::part(&announced);
            forged.push(sign(&announced));
            forged.push(format!("{announced}.{claims}.{signature}"));
        }
    }
    // The right signature under other claims, and in another form.
    let mut other = forge::claims(&member.access);
    other["role"] = json!("admin");
    forged.push(format!("{right}.{}.{signature}", forge::part(&other)));
    forged.push(format!("{right}.{claims}.{}", signature.to_lowercase()));
    for token in &forged {
        let reply = world.ask(&me, &get_me(token)).expect(401);
        assert_eq!(reply.code(), "auth/invalid-token", "{token}");
    }
    assert_eq!(world.status(&me, &member.access), 200);
}
