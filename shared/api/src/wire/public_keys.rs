//! The public keys of access tokens, and the issuer that names them. Both have the names of their standards.

use schemars::JsonSchema;
use serde::Serialize;

/// The public keys of access tokens (RFC 7517, section 5). Empty where the algorithm is HS256.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PublicKeys {
    /// The keys: the one that signs, those that have signed, and the one that will sign next.
    pub keys: Vec<PublicKey>,
}

/// A public key (RFC 7517, section 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PublicKey {
    /// The family: `EC`, `OKP` or `RSA`.
    pub kty: &'static str,
    /// Always `sig`.
    pub r#use: &'static str,
    /// The algorithm.
    pub alg: &'static str,
    /// The id, as in the header of tokens: the key's thumbprint (RFC 7638).
    pub kid: String,
    /// The curve: `P-256` or `Ed25519`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<&'static str>,
    /// The x coordinate, or the whole key of Ed25519.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The y coordinate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// The modulus of an RSA key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// The exponent of an RSA key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
}

/// The issuer of access tokens (OpenID Connect Discovery 1.0, section 3): the part that a verifier of tokens needs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenIssuer {
    /// The issuer, as in the claim `iss`.
    pub issuer: String,
    /// The address of the public keys.
    pub jwks_uri: String,
    /// The algorithms that sign.
    pub id_token_signing_alg_values_supported: [&'static str; 1],
    /// None: nobody is sent here to sign in.
    pub response_types_supported: [&'static str; 0],
    /// Always `public`: a user has the same `sub` for everybody.
    pub subject_types_supported: [&'static str; 1],
}
