//! Service accounts, and the tokens that they get as OAuth 2.0 has it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{Code, Error};
use crate::id::Id;
use crate::oauth::OAuthCode;
use crate::time::Timestamp;
use crate::wire::body::{Body, Fields, Presence};

/// A service account to be made.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct NewServiceAccount {
    /// Its name for people, 1 to 100 characters.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Its role: one that a user may have, but not `admin`.
    pub role: String,
}

impl Body for NewServiceAccount {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.text("name");
        let role = fields.text("role");
        Some(Self {
            name: name?,
            role: role?,
        })
    }
}

/// A service account as an admin sees it: everything but the secret.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccount {
    /// Its id, with which it asks for tokens. It is also the id of its user, who owns records.
    pub client_id: Id,
    /// Its name for people.
    pub name: String,
    /// Its role.
    pub role: String,
    /// Whether it is switched off.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its secret was last replaced.
    pub rotated_at: Option<Timestamp>,
    /// Until when the secret before is good as well.
    pub previous_secret_until: Option<Timestamp>,
}

/// A service account with its secret, which is shown this once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownServiceAccount {
    /// The account.
    #[serde(flatten)]
    pub account: ServiceAccount,
    /// The secret, with which it asks for tokens. Nobody can show it again.
    pub client_secret: String,
}

/// A page of service accounts.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccountPage {
    /// The accounts, newest first.
    pub items: Vec<ServiceAccount>,
    /// The cursor of the next page, sent as `cursor`; null at the end.
    pub next_cursor: Option<String>,
}

/// The form by which a client asks for a token (RFC 6749, section 4.4.2). The client shows itself by HTTP Basic or in the form,
/// never by both. Parameters that are not known are ignored.
#[derive(JsonSchema)]
pub struct ClientGrant {
    /// `client_credentials`
    #[schemars(extend("const" = "client_credentials"))]
    pub grant_type: String,
    /// Refused: there are no scopes, the role decides.
    #[schemars(skip)]
    pub scope: Option<String>,
    /// The account's `clientId`.
    #[schemars(with = "String", default)]
    pub client_id: Option<String>,
    /// The account's `clientSecret`.
    #[schemars(with = "String", default)]
    pub client_secret: Option<String>,
    /// Refused: another way to show oneself (RFC 7521, section 4.2).
    #[schemars(skip)]
    pub client_assertion: Option<String>,
}

impl Body for ClientGrant {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let grant_type = fields.text("grant_type");
        let scope = fields.optional_text("scope");
        let client_id = fields.optional_text("client_id");
        let client_secret = fields.optional_text("client_secret");
        let client_assertion = fields.optional_text("client_assertion");
        let _ = fields.all();
        Some(Self {
            grant_type: grant_type?,
            scope,
            client_id,
            client_secret,
            client_assertion,
        })
    }
}

/// The access token of a service account (RFC 6749, section 5.1). No refresh token follows it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClientToken {
    /// The JWT for the `Authorization` header.
    pub access_token: String,
    /// `Bearer`
    pub token_type: &'static str,
    /// The lifetime of token and session in seconds.
    pub expires_in: u64,
}

/// A refusal in the terms of OAuth 2.0 (RFC 6749, section 5.2).
#[derive(Debug, Serialize, JsonSchema)]
pub struct OAuthError {
    /// The error.
    pub error: OAuthCode,
    /// The same as a sentence, for developers.
    pub error_description: String,
}

impl OAuthError {
    /// The refusal that tells of an error.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        let code = error.oauth.unwrap_or(match error.code {
            Code::InvalidCredentials => OAuthCode::InvalidClient,
            Code::TooManyRequests | Code::Unavailable | Code::ProviderUnavailable => {
                OAuthCode::TemporarilyUnavailable
            }
            Code::Internal => OAuthCode::ServerError,
            _ => OAuthCode::InvalidRequest,
        });
        let detail = error.details.first().map(|detail| &detail.message);
        let message = detail.unwrap_or(&error.message).chars();
        Self {
            error: code,
            error_description: message.map(fitting).collect(),
        }
    }

    /// The status of a refusal with this code: 400 for every fault of the request (RFC 6749, section 5.2).
    #[must_use]
    pub fn status(code: Code) -> u16 {
        match code.status() {
            status @ (401 | 404 | 405 | 429 | 500..) => status,
            _ => 400,
        }
    }
}

/// The character, where a description may have it, else a question mark.
fn fitting(character: char) -> char {
    match character {
        '"' | '\\' => '?',
        ' '..='~' => character,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Detail;

    #[test]
    fn every_code_has_an_error_and_a_status_of_the_standard() {
        for code in Code::ALL {
            let refusal = OAuthError::of(&Error::new(*code));
            let status = OAuthError::status(*code);
            let expected = match status {
                401 if *code == Code::InvalidCredentials => OAuthCode::InvalidClient,
                429 | 503 => OAuthCode::TemporarilyUnavailable,
                500 => OAuthCode::ServerError,
                _ => OAuthCode::InvalidRequest,
            };
            assert_eq!(refusal.error, expected, "{code:?}");
            assert!(matches!(status, 400 | 401 | 404 | 405 | 429 | 500 | 503));
        }
    }

    #[test]
    fn a_description_is_ascii_without_quotes_and_names_what_is_missing() {
        let detail = Detail::new("grant_type", "required", "`grant_type` is \"ü\\\n\".");
        let refusal = json!(OAuthError::of(&Error::invalid(vec![detail])));
        let expected =
            json!({ "error": "invalid_request", "error_description": "`grant_type` is ?????." });
        assert_eq!(refusal, expected);
        let error = Error {
            oauth: Some(OAuthCode::UnsupportedGrantType),
            ..Error::new(Code::InvalidRequest)
        };
        assert_eq!(
            json!(OAuthError::of(&error))["error"],
            "unsupported_grant_type"
        );
    }
}
