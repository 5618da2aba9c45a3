//! Users and what they sign in with.

use api::definition::ProfileField;
use api::query::{Listing, caseless};
use api::settings::Span;
use api::{Code, Error, Id, Timestamp, wire};
use serde_json::{Map, Value};

use crate::password::Verdict;

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
    /// The profile, apart from all that is the system's; of it, what is declared is shown.
    pub profile: Map<String, Value>,
    /// Whether the account is deleted, and for how long it can be brought back.
    pub deleted: Option<Deletion>,
}

/// An account's deletion by its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When it was deleted.
    pub at: Timestamp,
    /// From when on nothing brings it back and its address is free, in whole seconds: the table's TTL attribute. TTL
    /// deletes late, so it is always checked.
    pub until: u64,
}

impl Deletion {
    /// A deletion now that can be undone for so long.
    #[must_use]
    pub fn new(now: Timestamp, grace: Span) -> Self {
        Self { at: now, until: now.after(grace.duration()).seconds() }
    }

    /// Whether it can no longer be undone.
    #[must_use]
    pub fn is_final(self, now: Timestamp) -> bool {
        self.until <= now.seconds()
    }
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
    /// As the user's.
    pub deleted: Option<Deletion>,
}

impl Identity {
    /// Whether a password that the user has typed again is the one the user signs in with, by what a check found.
    #[must_use]
    pub fn confirms(&self, user: &User, verdict: Verdict) -> bool {
        let is_users = self.user == user.id && self.auth_version == user.auth_version && self.password_hash.is_some();
        is_users && verdict != Verdict::Wrong
    }
}

/// What somebody signed in hears of a write that found no such user.
#[must_use]
pub fn signed_out(error: Error) -> Error {
    if error.code == Code::UserNotFound { Code::SessionRevoked.into() } else { error }
}

impl User {
    /// A new user.
    #[must_use]
    pub fn new(id: Id, email: String, admin: bool, now: Timestamp) -> Self {
        let role = if admin { ADMIN } else { AUTHENTICATED }.to_owned();
        Self { id, email, role, disabled: false, auth_version: 1, created_at: now, profile: Map::new(), deleted: None }
    }

    /// Refuses to go on as this user whom something has signed out since: who it is `now` has another version, is
    /// disabled or deleted.
    ///
    /// # Errors
    /// `auth/session-revoked`.
    pub fn goes_on(&self, now: &Self) -> Result<(), Error> {
        let signed_in = now.auth_version == self.auth_version && !now.disabled && now.deleted.is_none();
        if signed_in { Ok(()) } else { Err(Code::SessionRevoked.into()) }
    }

    /// Whether the user is one of the admins of whom there must be one: neither disabled nor deleted.
    #[must_use]
    pub fn is_acting_admin(&self) -> bool {
        self.role == ADMIN && !self.disabled && self.deleted.is_none()
    }

    /// Whether the user is one of those that a list is of: has its role, and its search in some text that may be searched.
    #[must_use]
    pub fn is_listed(&self, listing: &Listing) -> bool {
        let found = |search: &String| caseless(&self.email).contains(search);
        listing.role.as_ref().is_none_or(|role| *role == self.role) && listing.search.as_ref().is_none_or(found)
    }

    /// The user as the user sees it.
    #[must_use]
    pub fn wire(&self, declared: &[ProfileField]) -> wire::User {
        wire::User {
            id: self.id,
            email: self.email.clone(),
            role: self.role.clone(),
            created_at: self.created_at,
            profile: self.shown(declared.iter()),
        }
    }

    /// The user as anybody sees it.
    #[must_use]
    pub fn public(&self, declared: &[ProfileField]) -> wire::PublicUser {
        wire::PublicUser { id: self.id, profile: self.shown(declared.iter().filter(|field| field.public)) }
    }

    /// What there is of these profile fields.
    fn shown<'a>(&self, fields: impl Iterator<Item = &'a ProfileField>) -> Map<String, Value> {
        let names = fields.map(|field| &field.field.name);
        names.filter_map(|name| Some((name.clone(), self.profile.get(name)?.clone()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_profile_shows_what_is_declared_and_strangers_what_is_public() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let fields = json!([{ "name": "username", "type": "string", "public": true }, { "name": "phone", "type": "string" },
            { "name": "bio", "type": "string", "public": true }]);
        let declared: Vec<ProfileField> = serde_json::from_value(fields).expect("fields");
        let mut user = User::new(Id::new(now, [1; 10]), "ada@example.com".into(), false, now);
        let profile = json!({ "username": "Ada", "phone": "1", "role": "admin", "email": "x", "once": 1 });
        user.profile = profile.as_object().cloned().unwrap_or_default();
        let shown = serde_json::to_value(user.wire(&declared)).expect("JSON");
        let expected = json!({ "id": user.id, "email": "ada@example.com", "role": "authenticated", "createdAt": now,
            "username": "Ada", "phone": "1" });
        assert_eq!(shown, expected);
        let public = serde_json::to_value(user.public(&declared)).expect("JSON");
        assert_eq!(public, json!({ "id": user.id, "username": "Ada" }));
        let without = serde_json::to_value(user.wire(&[])).expect("JSON");
        assert_eq!(without.as_object().map(Map::len), Some(4));
    }

    #[test]
    fn a_deletion_is_final_to_the_second() {
        let now = Timestamp::from_millis(1_790_000_000_999);
        let deletion = Deletion::new(now, Span::seconds(10));
        let at = |seconds: u64| Timestamp::from_millis(1_790_000_000_000 + seconds * 1000);
        assert!(!deletion.is_final(at(9)) && deletion.is_final(at(10)));
        assert!(Deletion::new(now, Span::seconds(0)).is_final(now));
    }

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
