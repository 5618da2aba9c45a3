//! The metadata of a provider of OpenID Connect (OpenID Connect Discovery, section 3).

use api::check::is_provider_address;
use api::value;
use serde::{Deserialize, Serialize};

/// The part of the metadata that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discovery {
    /// The issuer.
    pub issuer: String,
    /// The page where its users sign in.
    pub authorization_endpoint: String,
    /// Where a code is traded.
    pub token_endpoint: String,
    /// The keys of its ID tokens.
    pub jwks_uri: String,
    /// The ways in which a client proves itself there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether its answers name the issuer (RFC 9207, section 3).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl Discovery {
    /// The address of the metadata of an issuer.
    #[must_use]
    pub fn address(issuer: &str) -> String {
        format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        )
    }

    /// Reads the metadata of this issuer. Those of another one are none (section 4.3), and so are those with an address that is
    /// not https. `local` lets `http` on loopback pass.
    #[must_use]
    pub fn read(issuer: &str, body: &[u8], local: bool) -> Option<Self> {
        value::known::<Self>(body).filter(|found| {
            let addresses = [
                &found.authorization_endpoint,
                &found.token_endpoint,
                &found.jwks_uri,
            ];
            let are_fit = addresses
                .into_iter()
                .all(|it| is_provider_address(it, local));
            found.issuer == issuer && are_fit
        })
    }

    /// Whether a client proves itself in a header (RFC 6749, section 2.3.1). That is the way where none is named.
    #[must_use]
    pub fn takes_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_deref();
        methods.is_none_or(|methods| !methods.iter().any(|it| it == "client_secret_post"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_metadata_are_those_of_the_issuer_that_was_asked() {
        let read =
            |body: &Value| Discovery::read("https://a.example", body.to_string().as_bytes(), false);
        let body = json!({ "issuer": "https://a.example", "authorization_endpoint": "https://a.example/auth",
            "token_endpoint": "https://a.example/token", "jwks_uri": "https://a.example/keys", "more": [1] });
        let found = read(&body).expect("metadata");
        assert!(found.takes_basic() && !found.authorization_response_iss_parameter_supported);
        for (name, value) in [
            ("issuer", json!("https://a.example/")),
            ("issuer", json!("https://b.example")),
            ("token_endpoint", Value::Null),
            ("token_endpoint", json!("http://a.example/token")),
            ("authorization_endpoint", json!("http://a.example/auth")),
            ("authorization_endpoint", json!("https://a.example/auth#x")),
            ("authorization_endpoint", json!("javascript:alert(1)")),
            ("jwks_uri", json!(1)),
        ] {
            let mut other = body.clone();
            other[name] = value;
            assert_eq!(read(&other), None, "{other}");
        }
        let mut post = body;
        post["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
        post["authorization_response_iss_parameter_supported"] = json!(true);
        let found = read(&post).expect("metadata");
        assert!(!found.takes_basic() && found.authorization_response_iss_parameter_supported);
        assert_eq!(Discovery::read("https://a.example", b"<html>", false), None);
        let address = "https://a.example/x/.well-known/openid-configuration";
        assert_eq!(Discovery::address("https://a.example/x/"), address);
    }
}
