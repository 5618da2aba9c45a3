//! The audit log as admins see it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::event::{Actor, Subject};
use crate::id::Id;
use crate::time::Timestamp;

/// An entry of the audit log: who did what to whom. It holds names of fields and no values.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// The id of the event.
    pub id: Id,
    /// The type of the event, such as `user.updated`.
    pub r#type: String,
    /// When it happened.
    pub at: Timestamp,
    /// The actor; null where the write does not tell.
    pub actor: Option<Actor>,
    /// The user, record, key or webhook that it happened to.
    pub subject: Subject,
    /// The request that did it; null for tools and for the system.
    pub request_id: Option<String>,
    /// The source address of the request, where it is kept.
    pub ip: Option<String>,
    /// The `User-Agent` of the request, cut to 120 characters.
    pub user_agent: Option<String>,
    /// The names of what has changed, cut at 400 bytes.
    pub changed: Vec<String>,
    /// The reason, where the event has one.
    pub reason: Option<String>,
    /// The change of a user's role, if it changed.
    pub role: Option<RoleChange>,
}

/// A change of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RoleChange {
    /// The role before.
    pub from: String,
    /// The role since.
    pub to: String,
}

/// A page of the audit log.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditPage {
    /// The entries, newest first.
    pub items: Vec<AuditEntry>,
    /// The `cursor` of the next page; null at the end.
    pub next_cursor: Option<String>,
}
