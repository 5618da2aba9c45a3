//! Tokens that others can verify, and the change to them.

use std::time::Duration;

use api::settings::TokenAlgorithm;

use super::*;
use crate::keys::{Stored, StoredPairs, TokenTerms};
use crate::sample::{deployment_keys, random};

const ISSUER: &str = "https://api.example.com/api/auth";

fn terms() -> TokenTerms {
    TokenTerms {
        algorithm: TokenAlgorithm::ES256,
        issuer: ISSUER.to_owned(),
        audience: "shop".to_owned(),
        longest: Duration::from_secs(3600),
        random: random(),
    }
}

fn pair(algorithm: TokenAlgorithm) -> StoredPair {
    let new = NewPair::generate(algorithm, &random()).expect("made");
    let keys = deployment_keys("local-", &[1]);
    keys.seal_pair(&new, [3; 12], NOW).expect("sealed")
}

/// Keys with the pairs `[current, previous, next]`, the first of which signs since now.
fn keys_with(pairs: [Option<&StoredPair>; 3]) -> Keys {
    keys_since(pairs, NOW)
}

fn keys_since(pairs: [Option<&StoredPair>; 3], since: Timestamp) -> Keys {
    let [current, previous, next] = pairs.map(Option::<&StoredPair>::cloned);
    let stored = Stored {
        current: SECRET.to_vec(),
        sealing: [(1, [1; 32])].into(),
        pairs: Some(StoredPairs {
            terms: terms(),
            since: current.is_some().then_some(since),
            current,
            previous,
            next,
        }),
        ..Stored::default()
    };
    Keys::of("local-", stored).expect("keys")
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis((NOW.seconds() + seconds) * 1000)
}

fn header_of(token: &str) -> Value {
    let header = token.split('.').next().expect("header");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("base64")).expect("JSON")
}

#[test]
fn a_token_names_its_key_its_issuer_and_its_audience() {
    for algorithm in [TokenAlgorithm::ES256, TokenAlgorithm::EdDsa] {
        let pair = pair(algorithm);
        let keys = keys_with([Some(&pair), None, None]);
        let token = token(&keys);
        let expected =
            json!({ "typ": "at+jwt", "alg": algorithm.as_str(), "kid": pair.kid.clone() });
        assert_eq!(header_of(&token), expected);
        let claims = valid(&keys, &token, NOW).expect("valid");
        assert_eq!(
            (claims.iss.as_str(), claims.aud.as_deref()),
            (ISSUER, Some("shop"))
        );
        assert_eq!((&*claims.kid, claims.sub), (&*pair.kid, id(1)));
        assert_eq!(
            valid(&keys, &token, at(900)),
            Err(Code::TokenExpired.into())
        );
    }
}

#[test]
fn the_secret_signs_until_a_pair_does_and_its_tokens_end_soon_after() {
    let pair = pair(TokenAlgorithm::ES256);
    let before = keys();
    let published = keys_with([None, None, Some(&pair)]);
    let promoted = keys_with([Some(&pair), None, None]);
    let token_at = |keys: &Keys, now: Timestamp| {
        let holder = Holder {
            user: id(1),
            session: id(2),
            authentication: None,
            actor: None,
            is_service: false,
        };
        issue(keys, holder, "authenticated", now, 3600).expect("signed")
    };
    let old = token_at(&before, NOW);
    assert_eq!(header_of(&token_at(&published, NOW)), header_of(&old));
    assert_eq!(header_of(&token_at(&promoted, NOW))["alg"], "ES256");
    // An instance that has the key takes its tokens before it signs there.
    assert!(valid(&published, &token_at(&promoted, NOW), NOW).is_ok());
    for (seconds, is_taken) in [(0, true), (600, true), (601, false)] {
        let token = token_at(&published, at(seconds));
        assert!(valid(&published, &token, at(seconds)).is_ok());
        assert_eq!(
            valid(&promoted, &token, at(seconds)).is_ok(),
            is_taken,
            "{seconds}"
        );
    }
    assert!(valid(&before, &token_at(&promoted, NOW), NOW).is_err());
}

#[test]
fn whoever_has_the_secret_of_before_signs_nothing_that_lasts() {
    let pair = pair(TokenAlgorithm::ES256);
    let by_secret = |iat: u64, exp: u64| {
        let mut claims = claims();
        claims["iat"] = json!(iat);
        claims["exp"] = json!(exp);
        resign(HEADER, &claims)
    };
    let now = NOW.seconds();
    let end = now + CHANGE + terms().longest.as_secs();
    let promoted = keys_with([Some(&pair), None, None]);
    let never = keys_since([Some(&pair), None, None], SECRETS_NEVER);
    for (iat, exp, is_taken) in [
        (now, end, true),
        (now + CHANGE, end, true),
        (now, end + 1, false),
        (now, u64::MAX, false),
        (0, u64::MAX, false),
        (now + CHANGE + 1, end, false),
    ] {
        let token = by_secret(iat, exp);
        assert_eq!(signed(&promoted, &token).is_ok(), is_taken, "{iat} {exp}");
        assert!(signed(&keys(), &token).is_ok());
        assert!(signed(&never, &token).is_err(), "{iat} {exp}");
    }
    assert!(signed(&never, &by_secret(0, 1)).is_err());
}

#[test]
fn all_keys_verify_and_one_that_was_dropped_does_not() {
    let [a, b, c] = [
        TokenAlgorithm::ES256,
        TokenAlgorithm::EdDsa,
        TokenAlgorithm::ES256,
    ]
    .map(pair);
    let all = keys_with([Some(&b), Some(&a), Some(&c)]);
    for signer in [&a, &b, &c] {
        let token = token(&keys_with([Some(signer), None, None]));
        let claims = valid(&all, &token, NOW).expect("valid");
        assert!(all.verify_by(&claims.kid));
        let dropped = keys_with([Some(&pair(TokenAlgorithm::ES256)), None, None]);
        assert!(valid(&dropped, &token, NOW).is_err());
        assert!(!dropped.verify_by(&claims.kid));
        assert_eq!(
            (
                names_unknown_key(&all, &token),
                names_unknown_key(&dropped, &token)
            ),
            (false, true)
        );
    }
    let shown: Vec<String> = all.public_keys().into_iter().map(|key| key.kid).collect();
    assert_eq!(shown, [&b, &a, &c].map(|pair| pair.kid.clone()));
    assert!(keys().public_keys().is_empty());
    assert!(!names_unknown_key(&all, &token(&keys())));
    assert!(!names_unknown_key(&keys(), &token(&all)));
}

#[test]
fn a_key_signs_for_its_own_header_alone() {
    let pair = pair(TokenAlgorithm::ES256);
    let keys = keys_with([Some(&pair), None, None]);
    let good = token(&keys);
    let (header, rest) = good.split_once('.').expect("parts");
    let (claims, signature) = rest.split_once('.').expect("parts");
    let public = pair.shown();
    let x = URL_SAFE_NO_PAD
        .decode(public.x.as_deref().expect("x"))
        .expect("base64");
    let y = URL_SAFE_NO_PAD
        .decode(public.y.as_deref().expect("y"))
        .expect("base64");
    let point = [&[4][..], &x, &y].concat();
    let jwk = serde_json::to_vec(&public).expect("JSON");
    let hs256 = json!({ "typ": "at+jwt", "alg": "HS256", "kid": pair.kid });
    let mut body = super::claims();
    body["iss"] = json!(ISSUER);
    body["aud"] = json!("shop");
    let mut forged = vec![
        format!("{HEADER}.{rest}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
        format!(
            "{header}.{}.{signature}",
            URL_SAFE_NO_PAD.encode(body.to_string())
        ),
    ];
    // The public key as the secret of an HMAC, in each form that an attacker may know it.
    for secret in [
        &x[..],
        &point,
        &jwk,
        public.x.as_deref().expect("x").as_bytes(),
    ] {
        forged.push(forge(&hs256, &body, secret));
        let tag = |header: &str| {
            let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(body.to_string()));
            let tag = hmac::sign(
                &hmac::Key::new(hmac::HMAC_SHA256, secret),
                message.as_bytes(),
            );
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
        };
        forged.extend([tag(HEADER), tag(header)]);
    }
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("EdDSA")),
        ("kid", json!("another")),
        ("jku", json!("https://evil.example/jwks.json")),
        ("jwk", serde_json::to_value(&public).expect("JSON")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["exp"])),
    ] {
        let mut other = header_of(&good);
        other[name] = value;
        let other = URL_SAFE_NO_PAD.encode(other.to_string());
        forged.push(format!("{other}.{claims}.{signature}"));
        forged.push(format!("{other}.{claims}."));
    }
    for token in &forged {
        assert_eq!(
            valid(&keys, token, NOW),
            Err(Code::InvalidToken.into()),
            "{token}"
        );
    }
    // The same key under other terms: another issuer, another audience.
    let others = [("https://b.example/api/auth", "shop"), (ISSUER, "till")];
    for (issuer, audience) in others {
        let stored = Stored {
            current: SECRET.to_vec(),
            sealing: [(1, [1; 32])].into(),
            pairs: Some(StoredPairs {
                terms: TokenTerms {
                    issuer: issuer.to_owned(),
                    audience: audience.to_owned(),
                    ..terms()
                },
                current: Some(pair.clone()),
                previous: None,
                next: None,
                since: Some(NOW),
            }),
            ..Stored::default()
        };
        let elsewhere = Keys::of("local-", stored).expect("keys");
        assert!(
            valid(&elsewhere, &good, NOW).is_err()
                && valid(&keys, &token(&elsewhere), NOW).is_err()
        );
    }
}
