//! Users and what they sign in with.

use api::{Id, Timestamp, wire};

/// The role of whoever has no other.
pub const AUTHENTICATED: &str = "authenticated";
/// The role that passes every rule.
pub const ADMIN: &str = "admin";

/// A user as the `_users` table keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user's id.
    pub id: Id,
    /// The normalised address.
    pub email: String,
    /// The role.
    pub role: String,
    /// Whether the account is switched off.
    pub disabled: bool,
    /// Raised by whatever ends all sessions: a session of another version is over.
    pub auth_version: u64,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// An email address with its password, as the `_users` table keeps it beside the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whose it is.
    pub user: Id,
    /// The stored hash; see [`crate::password`].
    pub password_hash: String,
    /// The user's version when this password was set: one that a change has overtaken signs nobody in.
    pub auth_version: u64,
}

impl User {
    /// A new user.
    #[must_use]
    pub fn new(id: Id, email: String, admin: bool, now: Timestamp) -> Self {
        let role = if admin { ADMIN } else { AUTHENTICATED }.to_owned();
        Self { id, email, role, disabled: false, auth_version: 1, created_at: now }
    }

    /// The user as the user sees it.
    #[must_use]
    pub fn wire(&self) -> wire::User {
        wire::User { id: self.id, email: self.email.clone(), role: self.role.clone(), created_at: self.created_at }
    }
}
