//! Sign-ins by mail.

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::account::{Bearing, Tokens};
use crate::wire::body::{Body, Fields, Presence, not_null};
use crate::wire::provider_proof::Joining;
use crate::wire::user::User;

/// The length of a challenge: a SHA-256 in base64url.
const CHALLENGE: usize = 43;

/// A wish for a mail that signs in.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct MagicLinkRequest {
    /// The address: trimmed and ASCII lower-cased, at most 254 bytes.
    pub email: String,
    /// The handle of an earlier request for the same address: its mail is sent again.
    pub flow: Option<String>,
    /// The language of the mail, such as `de` or `de-CH`.
    pub locale: Option<String>,
    /// The address of the app that the page of the mail leads to afterwards, one of `auth.redirects`.
    pub redirect_to: Option<String>,
    /// The SHA-256 of a verifier in base64url (RFC 7636), beside `redirectTo`: the page of the mail leads back with a code for
    /// its holder.
    #[schemars(length(equal = 43), transform = not_null)]
    pub code_challenge: Option<String>,
}

impl Body for MagicLinkRequest {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.text("email");
        let [flow, locale, redirect_to] = fields.optional_texts(["flow", "locale", "redirectTo"]);
        let code_challenge = fields.given_text("codeChallenge");
        if let Some(challenge) = &code_challenge {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            if challenge.len() != CHALLENGE || !challenge.bytes().all(fits) {
                let message = "`codeChallenge` must be a SHA-256 in base64url, 43 characters.";
                fields.wrong("codeChallenge", "format", message);
            }
            if redirect_to.is_none() {
                let message = "`redirectTo` is required beside `codeChallenge`.";
                fields.wrong("redirectTo", "required", message);
            }
        }
        Some(Self {
            email: email?,
            flow,
            locale,
            redirect_to,
            code_challenge,
        })
    }
}

/// A proof of an address that signs in.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailProof {
    /// The handle of the flow, beside `code`.
    pub flow: Option<String>,
    /// The eight digits of the mail.
    pub code: Option<String>,
    /// The token of the link, in place of `flow` and `code`.
    pub token: Option<String>,
    /// Whether a session begins. `false` beside the `token` of a request with `codeChallenge` gives `redirectTo` with a code
    /// in place of it.
    #[schemars(transform = not_null)]
    pub session: Option<bool>,
    /// The wishes about the account.
    #[schemars(flatten)]
    pub joining: Joining,
}

impl Body for MailProof {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let [flow, code, token] = fields.optional_texts(["flow", "code", "token"]);
        let session = fields.given_flag("session");
        if session == Some(false) && token.is_none() {
            let message = "`session: false` goes with `token`.";
            fields.wrong("session", "either-or", message);
        }
        Some(Self {
            flow,
            code,
            token,
            session,
            joining: Joining::read(fields),
        })
    }
}

/// The reply of a sign-in by mail: a session, or the address that leads back to the app.
#[derive(Serialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum SignedInByMail {
    /// A session.
    Session {
        /// The user who has signed in.
        user: User,
        /// The tokens of the new session.
        #[serde(flatten)]
        tokens: Tokens,
        /// Whether the account was made by it.
        is_new_user: bool,
    },
    /// The way back to the app, for `session: false`.
    Back {
        /// The address of the app, with a code that `oauth/exchange` takes within a minute.
        redirect_to: String,
    },
}

impl Bearing for SignedInByMail {
    fn tokens(&mut self) -> Option<&mut Tokens> {
        match self {
            Self::Session { tokens, .. } => Some(tokens),
            Self::Back { .. } => None,
        }
    }
}
