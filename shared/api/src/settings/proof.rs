//! Proof of an address: verification, sign-in by mail, invitations and consent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rule::Rule;
use crate::settings::span::Span;

/// How an account proves its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EmailVerification {
    /// Not at all: a registration sends no mail.
    Off,
    /// After the registration, which signs in at once.
    Optional,
    /// Before there is an account.
    Required,
}

/// Whether a mail signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MagicLink {
    /// It does not.
    #[default]
    Off,
    /// It signs in accounts that there are.
    SignIn,
    /// It makes an account where there is none.
    SignUp,
}

/// Invitations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Invitations {
    /// The rule that a caller must pass to invite; it names no owner.
    pub by: Rule,
    /// For how long an invitation is good, up to 30 days.
    pub ttl: Span,
}

/// The terms that every new user accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TermsOfUse {
    /// Their version, 1 to 64 printable ASCII characters without spaces, such as `2026-11`. With another one, users accept
    /// anew. Unset: there are no terms.
    pub version: Option<String>,
}

impl Default for Invitations {
    fn default() -> Self {
        Self {
            by: Rule::admin(),
            ttl: Span::seconds(7 * 86_400),
        }
    }
}
