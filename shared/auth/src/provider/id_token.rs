//! ID tokens: whether their claims are for us, now, and of the sign-in that began (OpenID Connect Core, section 3.1.3.7).

use api::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::Issuers;
use super::connection::issuer_of_tenant;

/// The most bytes of an ID token.
pub(super) const MAX_TOKEN: usize = 8 * 1024;

/// How far the provider's clock may be off, and how old a token may be, in seconds.
const LEEWAY: u64 = 60;
const OLDEST: u64 = 600;

/// The claims that are accepted.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuers.
    pub issuers: &'a Issuers,
    /// The ids of the apps that it may be for.
    pub audiences: &'a [&'a str],
    /// The nonces that it may have, one of which must be there; `None` where a verifier of the app stands for it.
    pub nonces: Option<&'a [&'a str]>,
    /// The time.
    pub now: Timestamp,
}

/// The claims of an ID token that came over TLS from the provider itself, which stands for its signature. `None` for any that
/// is not as expected.
#[must_use]
pub fn claims(token: &str, expected: Expected<'_>) -> Option<Map<String, Value>> {
    let (header, claims) = parts(token)?;
    let algorithm = header.get("alg")?.as_str()?;
    (algorithm != "none" && is_expected(&claims, expected)).then_some(claims)
}

/// The header and the claims of a token, unchecked.
pub(super) fn parts(token: &str) -> Option<(Map<String, Value>, Map<String, Value>)> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let mut parts = token.split('.');
    let (header, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let object = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        match api::value::parse(std::str::from_utf8(&bytes).ok()?).ok()? {
            Value::Object(object) => Some(object),
            _ => None,
        }
    };
    match parts.next() {
        None => object(header).zip(object(claims)),
        Some(_) => None,
    }
}

/// Whether claims are those that are expected.
pub(super) fn is_expected(claims: &Map<String, Value>, expected: Expected<'_>) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_u64);
    let now = expected.now.seconds();
    let is_of_time = number("exp").is_some_and(|at| now < at.saturating_add(LEEWAY))
        && number("iat").is_some_and(|at| at <= now + LEEWAY && now <= at.saturating_add(OLDEST))
        && number("nbf").is_none_or(|at| at <= now + LEEWAY);
    let is_of_sign_in = expected.nonces.is_none_or(|nonces| {
        let nonce = text("nonce");
        nonce.is_some_and(|nonce| nonces.contains(&nonce))
    });
    is_of_issuer(claims, expected.issuers)
        && is_for(claims, expected.audiences)
        && is_of_time
        && is_of_sign_in
}

/// Whether it is from one of these issuers. A tenant of Microsoft names itself in another claim, which must agree.
fn is_of_issuer(claims: &Map<String, Value>, issuers: &Issuers) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let Some(issuer) = text("iss") else {
        return false;
    };
    match issuers {
        Issuers::One(known) => known.iter().any(|it| it == issuer),
        Issuers::Tenants(tenants) => text("tid")
            .is_some_and(|tenant| issuer == issuer_of_tenant(tenant) && tenants.take(tenant)),
    }
}

/// Whether it is for one of these apps, and for no other beside it unless that app was given it itself.
fn is_for(claims: &Map<String, Value>, audiences: &[&str]) -> bool {
    let is_ours = |value: &Value| value.as_str().is_some_and(|it| audiences.contains(&it));
    let party = claims.get("azp");
    let party_is_ours = party.is_none_or(is_ours);
    match claims.get("aud") {
        Some(Value::Array(all)) => match all.as_slice() {
            [one] => is_ours(one) && party_is_ours,
            several => several.iter().any(is_ours) && party.is_some_and(is_ours),
        },
        Some(one) => is_ours(one) && party_is_ours,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::provider::Tenants;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn token(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(header), part(claims))
    }

    fn base() -> Value {
        json!({ "iss": "https://a.example", "aud": "us", "exp": NOW.seconds() + 300, "iat": NOW.seconds(),
            "nonce": "n", "sub": "7" })
    }

    fn with(changes: &Value) -> Value {
        let mut claims = base();
        for (name, value) in changes.as_object().into_iter().flatten() {
            if value.is_null() {
                claims.as_object_mut().map(|it| it.remove(name));
            } else {
                claims[name] = value.clone();
            }
        }
        claims
    }

    fn passes(issuers: &Issuers, text: &str) -> bool {
        let expected = Expected {
            issuers,
            audiences: &["us", "our-app"],
            nonces: Some(&["n"]),
            now: NOW,
        };
        claims(text, expected).is_some()
    }

    #[test]
    fn a_token_is_from_the_issuer_for_us_now_and_of_this_sign_in() {
        let issuers = Issuers::One(vec!["https://a.example".into()]);
        let header = json!({ "alg": "RS256" });
        let now = NOW.seconds();
        for good in [
            json!({}),
            json!({ "aud": ["us"] }),
            json!({ "aud": ["us", "them"], "azp": "us" }),
            json!({ "azp": "our-app" }),
            json!({ "iat": now - 600, "exp": now - 59 }),
            json!({ "iat": now + 60 }),
        ] {
            assert!(passes(&issuers, &token(&header, &with(&good))), "{good}");
        }
        for bad in [
            json!({ "iss": "https://b.example" }),
            json!({ "iss": "https://a.example/" }),
            json!({ "iss": null }),
            json!({ "aud": "them" }),
            json!({ "aud": ["us", "them"] }),
            json!({ "aud": ["us", "them"], "azp": "them" }),
            json!({ "aud": [] }),
            json!({ "aud": null }),
            json!({ "azp": "them" }),
            json!({ "azp": 7 }),
            json!({ "exp": now - 60 }),
            json!({ "exp": null }),
            json!({ "exp": "tomorrow" }),
            json!({ "iat": now + 61 }),
            json!({ "iat": now - 601 }),
            json!({ "iat": null }),
            json!({ "nbf": now + 61 }),
            json!({ "nonce": "other" }),
            json!({ "nonce": null }),
        ] {
            assert!(!passes(&issuers, &token(&header, &with(&bad))), "{bad}");
        }
        let good = token(&header, &base());
        for text in [
            token(&json!({ "alg": "none" }), &base()),
            token(&json!({}), &base()),
            good.replace('.', ""),
            format!("{good}.x"),
            "..".to_owned(),
            format!("{good}{}", "A".repeat(MAX_TOKEN)),
        ] {
            assert!(!passes(&issuers, &text), "{text}");
        }
        let twice = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","alg":"none"}"#);
        let (_, rest) = good.split_once('.').expect("parts");
        assert!(!passes(&issuers, &format!("{twice}.{rest}")));
    }

    #[test]
    fn each_tenant_of_microsoft_signs_in_its_own_name() {
        let of = |tenant: &str| issuer_of_tenant(tenant);
        let header = json!({ "alg": "RS256" });
        let any = Issuers::Tenants(Tenants::All);
        let one = Issuers::Tenants(Tenants::One("t1".into()));
        for (issuer, tid, by_any, by_one) in [
            (of("t1"), json!("t1"), true, true),
            (of("t2"), json!("t2"), true, false),
            (of("t1"), json!("t2"), false, false),
            (of("t1"), json!(null), false, false),
            (
                "https://evil.example/t1/v2.0".to_owned(),
                json!("t1"),
                false,
                false,
            ),
        ] {
            let text = token(&header, &with(&json!({ "iss": issuer, "tid": tid })));
            let found = (passes(&any, &text), passes(&one, &text));
            assert_eq!(found, (by_any, by_one), "{issuer} {tid}");
        }
        let personal = "9188040d-6c67-4c5b-b112-36a304b66dad";
        for (tenants, by_company, by_person) in [
            (Tenants::All, true, true),
            (Tenants::Organizations, true, false),
            (Tenants::Personal, false, true),
        ] {
            let issuers = Issuers::Tenants(tenants);
            let [company, person] = ["t1", personal].map(|tenant| {
                let claims = with(&json!({ "iss": of(tenant), "tid": tenant }));
                passes(&issuers, &token(&header, &claims))
            });
            assert_eq!((company, person), (by_company, by_person), "{issuers:?}");
        }
    }
}
