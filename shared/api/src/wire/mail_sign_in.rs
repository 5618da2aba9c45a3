//! Sign-ins by mail.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::Detail;
use crate::wire::account::{Bearing, Tokens};
use crate::wire::body::{Body, Fields, Presence, not_null};
use crate::wire::user::User;

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
    /// Whether a deleted account is brought back.
    #[schemars(transform = not_null)]
    pub restore: Option<bool>,
    /// The version of the terms that the user of a new account accepts.
    pub terms_version: Option<String>,
    /// The rest, not yet checked: profile fields of a new account.
    #[schemars(skip)]
    pub profile: Map<String, Value>,
    /// The faults of the others, to be told together with those of the rest.
    #[schemars(skip)]
    pub faults: Vec<Detail>,
}

impl Body for MailProof {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let [flow, code, token, terms_version] =
            fields.optional_texts(["flow", "code", "token", "termsVersion"]);
        let restore = fields.given_flag("restore");
        let profile = fields.all();
        Some(Self {
            flow,
            code,
            token,
            restore,
            terms_version,
            profile,
            faults: std::mem::take(&mut fields.details),
        })
    }
}

/// The reply of a sign-in by mail.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedInByMail {
    /// The user who has signed in.
    pub user: User,
    /// The tokens of the new session.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// Whether the account was made by it.
    pub is_new_user: bool,
}

impl Bearing for SignedInByMail {
    fn tokens(&mut self) -> Option<&mut Tokens> {
        Some(&mut self.tokens)
    }
}
