//! Sessions.

use schemars::JsonSchema;
use serde::Serialize;

use crate::id::Id;
use crate::time::Timestamp;

/// A session that stands, for its user to recognise.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The session's id.
    pub id: Id,
    /// The `User-Agent` it was begun with, cut to 256 characters.
    pub user_agent: String,
    /// The source address it was begun from.
    pub ip_address: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When its newest refresh token was made.
    pub last_used_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// The admin who acts as the user in it; null in the user's own sessions.
    pub actor: Option<Id>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A page of sessions.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionPage {
    /// The sessions, newest first.
    pub items: Vec<Session>,
    /// What to send as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
}
