//! Key pairs of each algorithm.

use serde_json::{Value, json};

use super::*;
use crate::jwt;
use crate::sample::random;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// A key of RSA with 2048 bits that signs nothing but in this test.
const RSA: &[u8] = include_bytes!("rsa-2048.pk8");

fn made() -> Vec<NewPair> {
    let system = random();
    let make = |algorithm| NewPair::generate(algorithm, &system).expect("made");
    vec![
        make(TokenAlgorithm::ES256),
        make(TokenAlgorithm::EdDsa),
        NewPair::import(TokenAlgorithm::RS256, RSA).expect("imported"),
    ]
}

/// The pair as a table has it, in a seal that hides nothing.
fn kept(new: &NewPair) -> StoredPair {
    let seal = |pkcs8: &[u8]| Ok(URL_SAFE_NO_PAD.encode(pkcs8));
    new.stored(seal, NOW).expect("stored")
}

fn open(pair: &StoredPair) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(&pair.sealed).ok()
}

#[test]
fn a_pair_signs_after_it_was_kept_and_another_does_not_verify() {
    let claims = json!({ "sub": "ada" });
    let pairs: Vec<Pair> = made()
        .iter()
        .map(|new| Pair::of(kept(new)).expect("pair"))
        .collect();
    let sign = |pair: &Pair| {
        let key = pair.encoding(open).expect("opened");
        jwt::encode(&pair.jwt_header(), &claims, key).expect("signed")
    };
    let verify = |pair: &Pair, token: &str| {
        jwt::decode::<Value>(token, pair.algorithm, &pair.decoding).is_some()
    };
    for (at, pair) in pairs.iter().enumerate() {
        let token = sign(pair);
        assert!(verify(pair, &sign(pair)), "{at}");
        for (other, verifier) in pairs.iter().enumerate() {
            assert_eq!(verify(verifier, &token), at == other);
        }
        let (message, signature) = token.rsplit_once('.').expect("three parts");
        assert_eq!(message.split('.').next(), Some(&*pair.header));
        let first = if signature.starts_with('A') { "B" } else { "A" };
        let bent = format!("{first}{}", &signature[1..]);
        let nothing = "A".repeat(signature.len());
        let short = &signature[..signature.len() - 4];
        for signature in [bent.as_str(), short, nothing.as_str(), ""] {
            assert!(!verify(pair, &format!("{message}.{signature}")), "{at}");
        }
        let other = message.replacen('.', ".e30", 1);
        assert!(!verify(pair, &format!("{other}.{signature}")));
        // Without its sealing key it verifies as before, and signs no more.
        let stored = Pair::of(pair.stored.clone()).expect("pair");
        assert!(verify(&stored, &token));
        assert!(stored.encoding(|_| None).is_err());
    }
}

#[test]
fn a_public_key_has_the_members_of_its_family_and_nothing_else() {
    let expected: [&[&str]; 3] = [
        &["kty", "use", "alg", "kid", "crv", "x", "y"],
        &["kty", "use", "alg", "kid", "crv", "x"],
        &["kty", "use", "alg", "kid", "n", "e"],
    ];
    for (new, expected) in made().iter().zip(expected) {
        let stored = kept(new);
        let shown = serde_json::to_value(stored.shown()).expect("JSON");
        let mut names: Vec<&str> = shown
            .as_object()
            .expect("object")
            .keys()
            .map(String::as_str)
            .collect();
        let mut expected = expected.to_vec();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
        assert_eq!(
            (&shown["kid"], shown["kid"].as_str().map(str::len)),
            (&new.kid.clone().into(), Some(43))
        );
    }
}

#[test]
fn a_thumbprint_is_that_of_the_standard() {
    // RFC 8037, appendix A.3.
    let public = ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned()];
    assert_eq!(
        thumbprint(&jwk(TokenAlgorithm::EdDsa, &public, "")),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
    // RFC 7638, section 3.1.
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn\
             jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qM\
             QvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJz\
             KnqDKgw";
    let public = [n.to_owned(), "AQAB".to_owned()];
    assert_eq!(
        thumbprint(&jwk(TokenAlgorithm::RS256, &public, "")),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

#[test]
fn a_key_of_another_kind_is_refused_with_a_reason() {
    let system = random();
    for (algorithm, expected) in [
        (TokenAlgorithm::ES256, "no ES256 key: "),
        (TokenAlgorithm::EdDsa, "no EdDSA key: "),
        (TokenAlgorithm::HS256, "HS256 has no key pair"),
    ] {
        let reason = NewPair::import(algorithm, RSA).err();
        assert!(reason.is_some_and(|it| it.starts_with(expected)));
    }
    assert!(NewPair::import(TokenAlgorithm::RS256, b"garbage").is_err());
    for algorithm in [TokenAlgorithm::RS256, TokenAlgorithm::HS256] {
        assert!(NewPair::generate(algorithm, &system).is_err());
    }
}

#[test]
fn only_the_one_form_of_a_header_is_one() {
    let kid = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    for algorithm in ["ES256", "EdDSA", "RS256"] {
        let algorithm = TokenAlgorithm::parse(algorithm).expect("algorithm");
        assert!(is_header(&header(algorithm, kid)));
        assert!(!is_header(&header(algorithm, &kid[1..])));
        assert!(!is_header(&header(algorithm, &format!("{}.", &kid[1..]))));
    }
    assert!(!is_header(&header(TokenAlgorithm::HS256, kid)));
    for text in [
        format!(r#"{{"typ":"at+jwt","alg":"none","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"at+jwt","alg":"ES256","kid":"{kid}","jku":"https://a.example"}}"#),
        format!(r#"{{"typ":"at+jwt","alg":"ES256","kid":"{kid}" }}"#),
        String::new(),
    ] {
        assert!(!is_header(&URL_SAFE_NO_PAD.encode(&text)), "{text}");
    }
    assert!(!is_header("=") && !is_header(""));
}
