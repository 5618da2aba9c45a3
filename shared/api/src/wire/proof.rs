//! Proofs of an address: the mails that are asked for, and the codes and links that come back.

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::account::{Bearing, Tokens};
use crate::wire::body::{Body, Fields, Presence, not_null};
use crate::wire::passkey::PasskeyProof;
use crate::wire::user::User;

/// A request for a mail to an address.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailRequest {
    /// The address: trimmed and ASCII lower-cased, at most 254 bytes.
    pub email: String,
    /// The handle of an earlier request for the same address: its mail is sent again.
    pub flow: Option<String>,
    /// The language of the mail, such as `de` or `de-CH`.
    pub locale: Option<String>,
    /// The address of the app that the page of the mail leads to afterwards, one of `auth.redirects`.
    pub redirect_to: Option<String>,
}

impl Body for MailRequest {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.text("email");
        let [flow, locale, redirect_to] = fields.optional_texts(["flow", "locale", "redirectTo"]);
        Some(Self {
            email: email?,
            flow,
            locale,
            redirect_to,
        })
    }
}

/// A flow that a request has opened. The reply is the same for every address.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowOpened {
    /// The handle: the code of the mail is good together with it alone.
    pub flow: String,
    /// For how many seconds the link of the mail is good.
    pub expires_in: u64,
}

/// A mail that is on its way to a user who is signed in.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailAsked {
    /// For how many seconds the link of the mail is good.
    pub expires_in: u64,
}

/// A new password, with the code or the link of a mail.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordReset {
    /// The handle of the flow, beside `code`.
    pub flow: Option<String>,
    /// The eight digits of the mail.
    pub code: Option<String>,
    /// The token of the link, in place of `flow` and `code`.
    pub token: Option<String>,
    /// The new password, byte by byte as typed.
    pub new_password: String,
}

impl Body for PasswordReset {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let new_password = fields.text("newPassword");
        let [flow, code, token] = fields.optional_texts(["flow", "code", "token"]);
        Some(Self {
            flow,
            code,
            token,
            new_password: new_password?,
        })
    }
}

/// A proof of the address of an account that there is.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailProof {
    /// The eight digits of the mail.
    pub code: Option<String>,
    /// The token of the link, in place of `code`.
    pub token: Option<String>,
    /// The address of the account, beside `code` and `password`, without an access token.
    pub email: Option<String>,
    /// The password of the account, without an access token.
    pub password: Option<String>,
    /// Whether a session begins, without an access token; true where it is left out.
    #[schemars(transform = not_null)]
    pub session: Option<bool>,
}

impl Body for EmailProof {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let [code, token, email, password] =
            fields.optional_texts(["code", "token", "email", "password"]);
        Some(Self {
            code,
            token,
            email,
            password,
            session: fields.given_flag("session"),
        })
    }
}

/// A user after a proof, with the tokens of the session that has begun, if one has.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Proven {
    /// The user.
    pub user: User,
    /// The tokens.
    #[serde(flatten)]
    pub tokens: Option<Tokens>,
}

impl Bearing for Proven {
    fn tokens(&mut self) -> Option<&mut Tokens> {
        self.tokens.as_mut()
    }
}

/// A proof of a user who is signed in, once more: the password, or one of the user's passkeys.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reauthentication {
    /// The password, byte by byte as typed.
    pub password: Option<String>,
    /// The six digits of the authenticator app, on an account with a second factor.
    pub code: Option<String>,
    /// A recovery code, in place of `code`.
    pub recovery_code: Option<String>,
    /// The token and the credential of a passkey's ceremony, in place of the password.
    #[schemars(flatten)]
    pub passkey: Option<PasskeyProof>,
}

impl Body for Reauthentication {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let has_passkey = fields.has("challengeToken") || fields.has("credential");
        if has_passkey == fields.has("password") {
            for name in ["password", "challengeToken"] {
                let message = "Send `password`, or `challengeToken` and `credential`.";
                fields.wrong(name, "either-or", message);
            }
        }
        let [password, code, recovery_code] =
            fields.optional_texts(["password", "code", "recoveryCode"]);
        Some(Self {
            password,
            code,
            recovery_code,
            passkey: PasskeyProof::read_optional(fields),
        })
    }
}
