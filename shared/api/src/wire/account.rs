//! The account of whoever asks: registration, sign-in, tokens and changes.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::Detail;
use crate::wire::body::{Body, Fields, Presence, not_null};
use crate::wire::user::User;

/// What a user proves who they are with.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// The address: trimmed and ASCII lower-cased, at most 254 bytes.
    pub email: String,
    /// The password, byte by byte as typed.
    pub password: String,
    /// The six digits of the authenticator app; read on an account with a second factor alone.
    pub mfa_code: Option<String>,
    /// A recovery code, in place of `mfaCode`.
    pub recovery_code: Option<String>,
}

impl Body for Credentials {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (email, password) = (fields.text("email"), fields.text("password"));
        let [mfa_code, recovery_code] = fields.optional_texts(["mfaCode", "recoveryCode"]);
        Some(Self {
            email: email?,
            password: password?,
            mfa_code,
            recovery_code,
        })
    }
}

/// The body of a registration.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RegisterRequest {
    /// The address: trimmed and ASCII lower-cased, at most 254 bytes.
    pub email: String,
    /// The password, byte by byte as typed.
    pub password: String,
    /// The language of the user's mails, such as `de` or `de-CH`.
    pub locale: Option<String>,
    /// The address of the app that the page of the mail leads to afterwards, one of `auth.redirects`.
    #[schemars(rename = "redirectTo")]
    pub redirect_to: Option<String>,
    /// The version of the terms that the user accepts; needed where `auth.terms.version` is set, and refused elsewhere.
    #[schemars(rename = "termsVersion")]
    pub terms_version: Option<String>,
    /// The rest, not yet checked: profile fields.
    #[schemars(skip)]
    pub profile: Map<String, Value>,
    /// What is wrong with the first two, to be told together with what is wrong with the rest.
    #[schemars(skip)]
    pub faults: Vec<Detail>,
}

impl Body for RegisterRequest {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (email, password) = (fields.text("email"), fields.text("password"));
        let [locale, redirect_to, terms_version] =
            fields.optional_texts(["locale", "redirectTo", "termsVersion"]);
        let profile = fields.all();
        let faults = std::mem::take(&mut fields.details);
        Some(Self {
            email: email.unwrap_or_default(),
            password: password.unwrap_or_default(),
            locale,
            redirect_to,
            terms_version,
            profile,
            faults,
        })
    }
}

/// A user's changes to the profile: what is left out stays, null removes.
#[derive(Debug, JsonSchema)]
#[schemars(transparent)]
pub struct ProfileChanges(pub Map<String, Value>);

impl Body for ProfileChanges {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.all()))
    }
}

/// What a user confirms the end of the account with.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Confirmation {
    /// The password, byte by byte as typed. An account without one leaves it out, and needs a recent authentication.
    #[schemars(transform = not_null)]
    pub password: Option<String>,
}

impl Body for Confirmation {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            password: fields.given_text("password"),
        })
    }
}

/// The body of a password change.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPassword {
    /// The password as it is.
    pub current_password: String,
    /// The password as it shall be: another one.
    pub new_password: String,
}

impl Body for NewPassword {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (current, new) = (fields.text("currentPassword"), fields.text("newPassword"));
        Some(Self {
            current_password: current?,
            new_password: new?,
        })
    }
}

/// The body of a refresh; without it the token is that of the header `x-refresh-token`, or of the cookie.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshRequest {
    /// The newest refresh token of the session.
    pub refresh_token: Option<String>,
}

impl Body for RefreshRequest {
    const PRESENCE: Presence = Presence::Optional;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            refresh_token: fields.optional_text("refreshToken"),
        })
    }
}

/// The body of a logout; without it the session ends that the header `x-refresh-token` names, or the cookie, or the
/// access token.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogoutRequest {
    /// A refresh token of the session to end.
    pub refresh_token: Option<String>,
}

impl Body for LogoutRequest {
    const PRESENCE: Presence = Presence::Optional;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            refresh_token: fields.optional_text("refreshToken"),
        })
    }
}

/// A pair of tokens (RFC 6749, section 5.1, in camel case).
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// The JWT for the `Authorization` header.
    pub access_token: String,
    /// The opaque token that gets the next pair, once; not there where it goes by cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// The access token's lifetime in seconds.
    pub expires_in: u64,
    /// True at a sign-in of a user who has not accepted the terms of this moment, `auth.terms.version`; not there otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_required: Option<bool>,
}

/// The terms that a user accepts.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Acceptance {
    /// Their version, that of `auth.terms.version`.
    pub version: String,
}

impl Body for Acceptance {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let version = fields.text("version");
        Some(Self { version: version? })
    }
}

/// A reply that may bear tokens.
pub trait Bearing {
    /// The tokens, if it does.
    fn tokens(&mut self) -> Option<&mut Tokens>;
}

impl Bearing for Tokens {
    fn tokens(&mut self) -> Option<&mut Tokens> {
        Some(self)
    }
}

impl Bearing for SignedIn {
    fn tokens(&mut self) -> Option<&mut Tokens> {
        Some(&mut self.tokens)
    }
}

/// The reply of a registration or a login.
#[derive(Serialize, JsonSchema)]
pub struct SignedIn {
    /// Who signed in.
    pub user: User,
    /// The tokens of the new session.
    #[serde(flatten)]
    pub tokens: Tokens,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::body::{Unread, decode};

    fn refused<B: Body>(body: Value) -> Vec<(String, String)> {
        let Value::Object(object) = body else {
            panic!("an object")
        };
        let error = decode::<B>(object).err().expect("refused");
        error
            .details
            .into_iter()
            .map(|detail| (detail.field, detail.code))
            .collect()
    }

    #[test]
    fn every_wrong_field_is_named() {
        let both = refused::<Credentials>(json!({ "email": 1, "role": "admin", "__proto__": {} }));
        let expected = [
            ("email", "type"),
            ("password", "required"),
            ("__proto__", "unknown-field"),
            ("role", "unknown-field"),
        ];
        assert_eq!(
            both,
            expected.map(|(field, code)| (field.to_owned(), code.to_owned()))
        );
        assert_eq!(
            refused::<RefreshRequest>(json!({ "refreshToken": 5 }))[0].1,
            "type"
        );
        assert_eq!(
            refused::<LogoutRequest>(json!({ "refreshToken": 5 }))[0].1,
            "type"
        );
    }

    #[test]
    fn a_body_that_is_read_later_is_the_same_body() {
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let body: Unread<Credentials> =
            decode(object(json!({ "role": "admin" }))).expect("not looked at yet");
        let error = body.read().err().expect("refused");
        assert_eq!(error.details.len(), 3, "{error:?}");
        let body: Unread<Credentials> =
            decode(object(json!({ "email": "a@b", "password": "x" }))).expect("decoded");
        assert!(body.read().is_ok_and(|it| it.email == "a@b"));
    }

    #[test]
    fn a_body_of_thousands_of_faults_is_not_answered_with_thousands() {
        let many: Map<String, Value> = (0..30_000).map(|n| (format!("f{n}"), json!(1))).collect();
        assert_eq!(
            refused::<RefreshRequest>(Value::Object(many)).len(),
            crate::error::MAX_DETAILS
        );
    }

    #[test]
    fn an_absent_logout_token_is_none() {
        assert_eq!(
            decode::<LogoutRequest>(Map::new())
                .ok()
                .and_then(|body| body.refresh_token),
            None
        );
    }
}
