//! Accounts without an address, and admins who act as users.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::wire::body::{Body, Fields, Presence};

/// The profile fields of an anonymous account.
#[derive(JsonSchema)]
#[schemars(transparent)]
pub struct AnonymousProfile(pub Map<String, Value>);

impl Body for AnonymousProfile {
    const PRESENCE: Presence = Presence::Optional;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.all()))
    }
}

/// The reason for which an admin acts as a user.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Impersonation {
    /// The reason, 1 to 200 characters. The event tells it, and the audit log its first 200 bytes.
    #[schemars(length(min = 1, max = 200))]
    pub reason: String,
}

impl Body for Impersonation {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let reason = fields.text("reason");
        Some(Self { reason: reason? })
    }
}

/// The access token of a session in which an admin acts as a user. No refresh token follows it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActingToken {
    /// The JWT for the `Authorization` header; its claim `act.sub` is the admin.
    pub access_token: String,
    /// The lifetime of token and session in seconds.
    pub expires_in: u64,
}
