//! Sign-ins that an app of a device makes itself: ID tokens with a signature, and codes that came to its own address.

use api::redirect;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

use super::Connection;
use super::id_token::{Expected, is_expected, parts};
use super::key_set::{KeySet, algorithm};
use super::state::hash;
use crate::jwt::is_signed;

/// The members of a header that would bring a key of the sender's own, or rules that nobody here knows (RFC 8725, section 3.10).
const FOREIGN: [&str; 5] = ["jku", "jwk", "x5u", "x5c", "crit"];

/// The most bytes of the id of a key.
const MAX_KID: usize = 200;

/// For how many seconds a token is remembered: until it is too old, whatever the clocks say.
const REMEMBERED: u64 = 900;

/// An ID token whose signature is to be verified.
pub struct NativeToken<'a> {
    signed: &'a str,
    signature: &'a str,
    claims: Map<String, Value>,
    algorithm: Algorithm,
    kid: Option<String>,
}

impl<'a> NativeToken<'a> {
    /// Reads a token, unverified. `None` where its header is none that a provider makes.
    #[must_use]
    pub fn read(token: &'a str) -> Option<Self> {
        let (header, claims) = parts(token)?;
        let (signed, signature) = token.rsplit_once('.')?;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let is_foreign = FOREIGN.iter().any(|name| header.contains_key(*name));
        let is_typed = match header.get("typ") {
            None => true,
            Some(typ) => typ
                .as_str()
                .is_some_and(|typ| typ.eq_ignore_ascii_case("JWT")),
        };
        let kid = header.get("kid").map(|_| text("kid").unwrap_or_default());
        let fits = kid.is_none_or(|kid| (1..=MAX_KID).contains(&kid.len()));
        let algorithm = text("alg").and_then(algorithm)?;
        (!is_foreign && is_typed && fits).then(|| Self {
            signed,
            signature,
            claims,
            algorithm,
            kid: kid.map(ToOwned::to_owned),
        })
    }

    /// Whether its claims are as expected, before anybody is asked for a key. They prove nothing yet.
    #[must_use]
    pub fn claims_fit(&self, expected: Expected<'_>) -> bool {
        is_expected(&self.claims, expected)
    }

    /// Whether its key is among these.
    #[must_use]
    pub fn is_of(&self, keys: &KeySet) -> bool {
        keys.key(self.kid.as_deref(), self.algorithm).is_some()
    }

    /// The claims of a token that one of these keys has signed. `None` for any that is not as expected.
    #[must_use]
    pub fn claims(&self, keys: &KeySet, expected: Expected<'_>) -> Option<&Map<String, Value>> {
        let key = keys.key(self.kid.as_deref(), self.algorithm)?;
        let is_signed = is_signed(self.signature, self.signed, self.algorithm, &key);
        (is_signed && is_expected(&self.claims, expected)).then_some(&self.claims)
    }

    /// The mark by which it is used once: the hash of the signed part, since other bytes may sign the same.
    #[must_use]
    pub fn mark(&self) -> String {
        hash(self.signed)
    }

    /// Until when its mark is kept, in seconds.
    #[must_use]
    pub fn until(&self, now: api::Timestamp) -> u64 {
        now.seconds().saturating_add(REMEMBERED)
    }
}

/// The nonces that a token may have where the app sends this text: its SHA-256, in hex or base64url. The text itself could be
/// read in the token.
#[must_use]
pub fn nonces(sent: &str) -> [String; 2] {
    let bytes = digest(&SHA256, sent.as_bytes());
    let hex = bytes.as_ref().iter().map(|byte| format!("{byte:02x}"));
    [hex.collect(), URL_SAFE_NO_PAD.encode(bytes)]
}

/// The client that a code came to at this address, and whether it proves itself by the secret. It is the app's own id where the
/// address is one of `redirects`. Else the address is of the scheme of one of `clientIds`, as it is or reversed (RFC 8252,
/// section 7.1). `None` for any other address.
#[must_use]
pub fn native_client<'a>(
    connection: &'a Connection,
    address: &str,
    redirects: &[String],
) -> Option<(&'a str, bool)> {
    if redirects
        .iter()
        .any(|entry| redirect::matches(entry, address))
    {
        return Some((&connection.client_id, true));
    }
    let scheme = redirect::private_scheme(address)?;
    let own = connection.client_ids.iter().find(|client| {
        let client = client.to_ascii_lowercase();
        let reversed: Vec<&str> = client.rsplit('.').collect();
        client == scheme || reversed.join(".") == scheme
    });
    own.map(|client| (client.as_str(), false))
}

#[cfg(test)]
mod tests {
    use api::settings::Provider;

    use super::*;

    #[test]
    fn a_nonce_is_the_hash_of_the_text_in_either_form() {
        // FIPS 180-2, appendix B.1.
        let [hex, short] = nonces("abc");
        assert_eq!(
            hex,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(short, "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    }

    #[test]
    fn a_code_is_of_the_client_whose_address_it_came_to() {
        let settings = Provider {
            client_id: Some("web".into()),
            client_ids: Some(vec![
                "com.Example.App".into(),
                "12-ab.apps.example.com".into(),
                "plain".into(),
            ]),
            ..Provider::default()
        };
        let connection = Connection::of("google", &settings, None).expect("a connection");
        let redirects = ["https://a.example/done".to_owned()];
        for (address, client) in [
            ("https://a.example/done", Some(("web", true))),
            ("com.example.app:/x", Some(("com.Example.App", false))),
            (
                "com.example.apps.12-ab:/x",
                Some(("12-ab.apps.example.com", false)),
            ),
            ("https://a.example/other", None),
            ("plain:/x", None),
            ("com.example.app:", None),
            ("com.example.app.evil:/x", None),
            ("com.example.app:/x#y", None),
            ("com.example.app:/@x", None),
            ("", None),
        ] {
            let found = native_client(&connection, address, &redirects);
            assert_eq!(found, client, "{address}");
        }
    }

    #[test]
    fn a_header_brings_no_key_of_its_own() {
        let token = |header: serde_json::Value| {
            let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.c2ln", part(header), part(serde_json::json!({})))
        };
        let reads = |header| NativeToken::read(&token(header)).is_some();
        let base = || serde_json::json!({ "alg": "ES256", "kid": "k", "typ": "jwt" });
        assert!(reads(base()));
        for (name, value) in [
            ("jku", serde_json::json!("x")),
            ("jwk", serde_json::json!({})),
            ("x5u", serde_json::json!("x")),
            ("x5c", serde_json::json!([])),
            ("crit", serde_json::json!([])),
            ("typ", serde_json::json!("at+jwt")),
            ("typ", serde_json::json!(1)),
            ("alg", serde_json::json!("none")),
            ("alg", serde_json::json!("HS256")),
            ("kid", serde_json::json!("")),
            ("kid", serde_json::json!("k".repeat(201))),
        ] {
            let mut header = base();
            header[name] = value;
            assert!(!reads(header.clone()), "{header}");
        }
    }
}
