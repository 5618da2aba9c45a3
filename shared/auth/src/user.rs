//! Users and what they sign in with.

use api::query::{Listing, caseless};
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
    /// The stored hash; see [`crate::password`]. `None` until a password is set: then nobody can log in.
    pub password_hash: Option<String>,
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

    /// Whether the user is one of those that a list is of: has its role, and its search in some text that may be searched.
    #[must_use]
    pub fn is_listed(&self, listing: &Listing) -> bool {
        let found = |search: &String| caseless(&self.email).contains(search);
        listing.role.as_ref().is_none_or(|role| *role == self.role) && listing.search.as_ref().is_none_or(found)
    }

    /// The user as the user sees it.
    #[must_use]
    pub fn wire(&self) -> wire::User {
        wire::User { id: self.id, email: self.email.clone(), role: self.role.clone(), created_at: self.created_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_users_goes_by_role_and_search() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let user =
            User { role: "editor".into(), ..User::new(Id::new(now, [1; 10]), "ada@example.com".into(), false, now) };
        let is_listed = |search: Option<&str>, role: Option<&str>| {
            let (search, role) = (search.map(caseless), role.map(str::to_owned));
            user.is_listed(&Listing { limit: 20, cursor: None, search, role })
        };
        for (search, role, expected) in [
            (None, None, true),
            (None, Some("editor"), true),
            (None, Some("admin"), false),
            (Some("ADA@"), None, true),
            (Some("example.com"), Some("editor"), true),
            (Some("ada"), Some("admin"), false),
            (Some("bob"), None, false),
            (Some("edit"), None, false),
        ] {
            assert_eq!(is_listed(search, role), expected, "{search:?} {role:?}");
        }
    }
}
