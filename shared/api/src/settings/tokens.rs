//! The signature of access tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The signature of access tokens.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Tokens {
    /// The algorithm. With any but `HS256` others can verify tokens by the public keys, and `issuer` is needed.
    pub algorithm: TokenAlgorithm,
    /// The issuer of tokens, the public address of `/api/auth`: `https://api.example.com/api/auth`.
    pub issuer: Option<String>,
    /// The audience of tokens; unset: the issuer.
    pub audience: Option<String>,
}

/// An algorithm of tokens, by its name in RFC 7518 and RFC 8037.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub enum TokenAlgorithm {
    /// HMAC with SHA-256: the fastest, and nobody else can verify it.
    #[default]
    HS256,
    /// ECDSA with P-256 and SHA-256.
    ES256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// RSA (PKCS #1 v1.5) with SHA-256, by a key that an operator imports.
    RS256,
}

impl TokenAlgorithm {
    /// The name in a token's header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::ES256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::RS256 => "RS256",
        }
    }

    /// The algorithm of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::HS256, Self::ES256, Self::EdDsa, Self::RS256];
        all.into_iter().find(|it| it.as_str() == name)
    }

    /// Whether its tokens can be verified without the key that signs.
    #[must_use]
    pub const fn has_public_keys(self) -> bool {
        !matches!(self, Self::HS256)
    }
}

impl Tokens {
    /// Issuer and audience of tokens that others can verify; `None` where nobody else can.
    #[must_use]
    pub fn parties(&self) -> Option<(&str, &str)> {
        let issuer = self.issuer.as_deref()?;
        let audience = self.audience.as_deref().unwrap_or(issuer);
        self.algorithm
            .has_public_keys()
            .then_some((issuer, audience))
    }
}
