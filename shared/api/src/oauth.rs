//! The errors of OAuth 2.0.

use schemars::JsonSchema;
use serde::Serialize;

/// An error of a token endpoint (RFC 6749, section 5.2). The last two are those of its section 4.1.2.1, for faults of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OAuthCode {
    /// A parameter is missing or there twice, or the request is otherwise malformed.
    InvalidRequest,
    /// The client is unknown, disabled, or has not shown a secret that is good.
    InvalidClient,
    /// The grant type is another than `client_credentials`.
    UnsupportedGrantType,
    /// A scope was asked for, and there are none.
    InvalidScope,
    /// Something went wrong on our side.
    ServerError,
    /// Too many attempts, or the service is busy: try again later.
    TemporarilyUnavailable,
}
