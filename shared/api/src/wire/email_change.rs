//! Changes of one's own address.

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::body::{Body, Fields, Presence};
use crate::wire::user::User;

/// A request for another address.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailChangeRequest {
    /// The new address: trimmed and ASCII lower-cased, at most 254 bytes.
    pub new_email: String,
    /// The password, byte by byte as typed; needed where the last authentication is not recent.
    pub password: Option<String>,
    /// The six digits of the authenticator app, beside `password` on an account with a second factor.
    pub code: Option<String>,
    /// A recovery code, in place of `code`.
    pub recovery_code: Option<String>,
    /// The language of the mail, such as `de` or `de-CH`.
    pub locale: Option<String>,
    /// The address of the app that the page of the mail leads to afterwards, one of `auth.redirects`.
    pub redirect_to: Option<String>,
}

impl Body for EmailChangeRequest {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let new_email = fields.text("newEmail");
        let [password, locale, redirect_to] =
            fields.optional_texts(["password", "locale", "redirectTo"]);
        let [code, recovery_code] = fields.optional_texts(["code", "recoveryCode"]);
        Some(Self {
            new_email: new_email?,
            password,
            code,
            recovery_code,
            locale,
            redirect_to,
        })
    }
}

/// The proof of the new address.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EmailChangeProof {
    /// The eight digits of the mail.
    pub code: Option<String>,
    /// The token of the link, in place of `code`.
    pub token: Option<String>,
}

impl Body for EmailChangeProof {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let [code, token] = fields.optional_texts(["code", "token"]);
        Some(Self { code, token })
    }
}

/// A user after a change.
#[derive(Serialize, JsonSchema)]
pub struct ChangedUser {
    /// The user.
    pub user: User,
}
