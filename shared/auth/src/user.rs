//! Users and the identities that they sign in with.

mod anonymous;
mod failure;
mod methods;
mod service;

use std::collections::BTreeMap;

use api::definition::ProfileField;
use api::query::{Listing, caseless};
use api::record::{Write, profile};
use api::settings::{Auth, Span};
use api::{Code, Detail, Error, Id, Timestamp, wire};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

pub use api::rule::ANONYMOUS;

pub(crate) use self::anonymous::need_registration;
pub use self::failure::MailFailure;
pub use self::methods::{OtherWays, PASSKEY, SignInMethod};
pub use self::service::{ServiceAccount, check_service_role};
use crate::password::Verdict;

/// The role of a user without another role.
pub const AUTHENTICATED: &str = "authenticated";
/// The role that passes every rule.
pub const ADMIN: &str = "admin";

/// A user as the `_users` table keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user's id.
    pub id: Id,
    /// The normalised address; an anonymous account has none.
    pub email: Option<String>,
    /// The role.
    pub role: String,
    /// Whether the account is switched off.
    pub disabled: bool,
    /// The version, raised by every event that ends all sessions: a session of another version is over.
    pub auth_version: u64,
    /// When the account was made.
    pub created_at: Timestamp,
    /// The profile, without the system's fields; only its declared fields are shown.
    pub profile: Map<String, Value>,
    /// Whether the account is deleted, and for how long it can be brought back.
    pub deleted: Option<Deletion>,
    /// From when on an anonymous account is gone, in whole seconds: the table's TTL attribute. Its session is over by then.
    pub lapses_at: Option<u64>,
    /// When the user has proven to read the mails of the address.
    pub email_verified_at: Option<Timestamp>,
    /// The language of the user's mails.
    pub locale: Option<String>,
    /// The terms that the user has accepted.
    pub terms: Option<Terms>,
    /// The failure of a mail to the address.
    pub mail_failed: Option<MailFailure>,
    /// Since when a sign-in asks for a code of an authenticator app.
    pub mfa: Option<Timestamp>,
    /// The methods of signing in beside the password and the mail, by the keys of their items.
    pub methods: BTreeMap<String, SignInMethod>,
    /// The name and the secrets of a service account; `None` for a person.
    pub service: Option<ServiceAccount>,
}

/// The terms that a user has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Their version.
    pub version: String,
    /// When.
    pub accepted_at: Timestamp,
}

/// An account's deletion by its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When it was deleted.
    pub at: Timestamp,
    /// From when on it cannot be brought back and its address is free, in whole seconds: the table's TTL attribute. TTL
    /// deletes late, so it is always checked.
    pub until: u64,
}

impl Deletion {
    /// A deletion now that can be undone within the grace.
    #[must_use]
    pub fn new(now: Timestamp, grace: Span) -> Self {
        Self {
            at: now,
            until: now.after(grace.duration()).seconds(),
        }
    }

    /// A deletion with a grace in which it can be undone; `None` without a grace: then the account is removed.
    #[must_use]
    pub fn undoable(now: Timestamp, grace: Span) -> Option<Self> {
        Some(Self::new(now, grace)).filter(|deletion| !deletion.is_final(now))
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
    /// The user whose identity it is.
    pub user: Id,
    /// The stored hash; see [`crate::password`]. `None` until a password is set: then no login succeeds.
    pub password_hash: Option<String>,
    /// The user's version when this password was set: after a change, an identity of the old version admits no login.
    pub auth_version: u64,
    /// The deletion, as the user's.
    pub deleted: Option<Deletion>,
}

impl Identity {
    /// Refuses a user who leaves the password out of the body although the account has one.
    ///
    /// # Errors
    /// A detail for `password`.
    pub fn need_none(&self) -> Result<(), Detail> {
        if self.password_hash.is_none() {
            return Ok(());
        }
        let message = "`password` is required: this account has one.";
        Err(Detail::new("password", "required", message))
    }

    /// Whether a password that the user has typed again is the one that the user signs in with, by the verdict of a
    /// check.
    #[must_use]
    pub fn confirms(&self, user: &User, verdict: Verdict) -> bool {
        let is_users = self.user == user.id
            && self.auth_version == user.auth_version
            && self.password_hash.is_some();
        is_users && verdict != Verdict::Wrong
    }
}

/// The error that a signed-in user gets for a write that found no such user.
#[must_use]
pub fn signed_out(error: Error) -> Error {
    if error.code == Code::UserNotFound {
        Code::SessionRevoked.into()
    } else {
        error
    }
}

/// The refusal of a restored account whose user is gone: the address is unknown.
#[must_use]
pub fn gone(error: Error) -> Error {
    if error.code == Code::UserNotFound {
        Code::InvalidCredentials.into()
    } else {
        error
    }
}

/// Checks that a role is one that a user may have.
///
/// # Errors
/// A detail for the field `role`.
pub fn check_role(role: &str, settings: &Auth) -> Result<(), Detail> {
    if settings.all_roles().any(|known| known == role) {
        return Ok(());
    }
    let choices = settings.all_roles().collect::<Vec<_>>().join(", ");
    Err(Detail::new(
        "role",
        "unknown-role",
        format!("`role` must be one of: {choices}."),
    ))
}

/// The mark that tells one line of an import from every other, and recognises the same line again.
#[must_use]
pub fn import_mark(line: &Map<String, Value>) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, json!(line).to_string().as_bytes()))
}

impl User {
    /// A new user.
    #[must_use]
    pub fn new(id: Id, email: String, admin: bool, now: Timestamp) -> Self {
        let role = if admin { ADMIN } else { AUTHENTICATED }.to_owned();
        Self {
            id,
            email: Some(email),
            role,
            disabled: false,
            auth_version: 1,
            created_at: now,
            profile: Map::new(),
            deleted: None,
            lapses_at: None,
            email_verified_at: None,
            locale: None,
            terms: None,
            mail_failed: None,
            mfa: None,
            methods: BTreeMap::new(),
            service: None,
        }
    }

    /// Refuses to continue as this user if an event has ended the session since: the user `now` has another version, is
    /// disabled or deleted.
    ///
    /// # Errors
    /// `auth/session-revoked`.
    pub fn goes_on(&self, now: &Self) -> Result<(), Error> {
        let signed_in =
            now.auth_version == self.auth_version && !now.disabled && now.deleted.is_none();
        if signed_in {
            Ok(())
        } else {
            Err(Code::SessionRevoked.into())
        }
    }

    /// The user as found now, with the version raised: all sessions end, or all others, by the user's own request.
    ///
    /// # Errors
    /// Those of [`User::goes_on`].
    pub fn raised(&self, found: &Self) -> Result<Self, Error> {
        self.goes_on(found)?;
        Ok(Self {
            auth_version: found.auth_version + 1,
            ..found.clone()
        })
    }

    /// The user as found now, deleted by the user's own request; `None` where no deletion can be undone. That of an anonymous
    /// account cannot, since nothing signs in to it. Every session ends.
    ///
    /// # Errors
    /// Those of [`User::goes_on`].
    pub fn deleted_by_self(
        &self,
        found: &Self,
        deletion: Option<Deletion>,
    ) -> Result<Option<Self>, Error> {
        let raised = self.raised(found)?;
        let undoable = deletion.filter(|_| !found.is_anonymous());
        Ok(undoable.map(|_| Self {
            deleted: deletion,
            ..raised
        }))
    }

    /// The user as found now, brought back from the deletion that the password was checked for.
    ///
    /// # Errors
    /// `auth/invalid-credentials` when another request was faster: it has restored the user or changed the account
    /// since the password check.
    pub fn restored(&self, found: &Self) -> Result<Self, Error> {
        let as_read = found.deleted == self.deleted
            && found.auth_version == self.auth_version
            && !found.disabled;
        if as_read {
            Ok(Self {
                deleted: None,
                ..found.clone()
            })
        } else {
            Err(Code::InvalidCredentials.into())
        }
    }

    /// The user as found now, with a body merged into the profile by the user's own request.
    ///
    /// # Errors
    /// Those of [`User::goes_on`] and of [`profile`].
    pub fn with_profile(
        &self,
        found: &Self,
        declared: &[ProfileField],
        body: Map<String, Value>,
    ) -> Result<Self, Error> {
        self.goes_on(found)?;
        let profile = profile(declared, &found.profile, body, Write::Merge)?;
        Ok(Self {
            profile,
            ..found.clone()
        })
    }

    /// Whether the user is an acting admin, neither disabled nor deleted: there must always be one.
    #[must_use]
    pub fn is_acting_admin(&self) -> bool {
        self.role == ADMIN && !self.disabled && self.deleted.is_none()
    }

    /// Whether the user belongs in a list: has its role, and its search text in the address or in a text of the
    /// declared profile.
    #[must_use]
    pub fn is_listed(&self, listing: &Listing, declared: &[ProfileField]) -> bool {
        let texts = declared
            .iter()
            .filter_map(|field| self.profile.get(&field.field.name)?.as_str());
        let found = |search: &String| {
            self.email
                .as_deref()
                .into_iter()
                .chain(texts)
                .any(|text| caseless(text).contains(search))
        };
        listing.role.as_ref().is_none_or(|role| *role == self.role)
            && listing.search.as_ref().is_none_or(found)
    }

    /// The user as the user sees it.
    #[must_use]
    pub fn wire(&self, declared: &[ProfileField]) -> wire::User {
        wire::User {
            id: self.id,
            email: self.email.clone(),
            email_verified_at: self.email_verified_at,
            mfa: self.mfa.is_some(),
            role: self.role.clone(),
            created_at: self.created_at,
            profile: self.shown(declared.iter()),
        }
    }

    /// The user as admins see it.
    #[must_use]
    pub fn for_admins(&self, declared: &[ProfileField]) -> wire::UserForAdmins {
        wire::UserForAdmins {
            id: self.id,
            email: self.email.clone(),
            email_verified_at: self.email_verified_at,
            mfa: self.mfa.is_some(),
            mail_failed: self.mail_failed.map(MailFailure::wire),
            role: self.role.clone(),
            created_at: self.created_at,
            disabled: self.disabled,
            profile: self.shown(declared.iter()),
        }
    }

    /// The user with another role, or switched off or on, as an admin's request says. Switching off ends every session
    /// for good: switching on brings none back.
    #[must_use]
    pub fn administered(&self, role: Option<&str>, disabled: Option<bool>) -> Self {
        let disabled = disabled.unwrap_or(self.disabled);
        Self {
            role: role.unwrap_or(&self.role).to_owned(),
            disabled,
            auth_version: self.auth_version + u64::from(disabled && !self.disabled),
            ..self.clone()
        }
    }

    /// The user without any session.
    ///
    /// # Errors
    /// `users/not-found` for a deleted account.
    pub fn without_sessions(&self) -> Result<Self, Error> {
        match self.deleted {
            Some(_) => Err(Code::UserNotFound.into()),
            None => Ok(Self {
                auth_version: self.auth_version + 1,
                ..self.clone()
            }),
        }
    }

    /// The user as every caller sees it.
    #[must_use]
    pub fn public(&self, declared: &[ProfileField]) -> wire::PublicUser {
        wire::PublicUser {
            id: self.id,
            profile: self.shown(declared.iter().filter(|field| field.public)),
        }
    }

    /// The fields of the profile that are set, among these.
    fn shown<'a>(&self, fields: impl Iterator<Item = &'a ProfileField>) -> Map<String, Value> {
        let names = fields.map(|field| &field.field.name);
        names
            .filter_map(|name| Some((name.clone(), self.profile.get(name)?.clone())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_shows_what_is_declared_and_strangers_what_is_public() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let fields = json!([{ "name": "username", "type": "string", "public": true }, { "name": "phone", "type": "string" },
            { "name": "bio", "type": "string", "public": true }]);
        let declared: Vec<ProfileField> = serde_json::from_value(fields).expect("fields");
        let mut user = User::new(Id::new(now, [1; 10]), "ada@example.com".into(), false, now);
        let profile =
            json!({ "username": "Ada", "phone": "1", "role": "admin", "email": "x", "once": 1 });
        user.profile = profile.as_object().cloned().unwrap_or_default();
        let shown = serde_json::to_value(user.wire(&declared)).expect("JSON");
        let expected = json!({ "id": user.id, "email": "ada@example.com", "emailVerifiedAt": null, "mfa": false, "role": "authenticated", "createdAt": now,
            "username": "Ada", "phone": "1" });
        assert_eq!(shown, expected);
        let public = serde_json::to_value(user.public(&declared)).expect("JSON");
        assert_eq!(public, json!({ "id": user.id, "username": "Ada" }));
        let without = serde_json::to_value(user.wire(&[])).expect("JSON");
        assert_eq!(without.as_object().map(Map::len), Some(6));
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
        let fields =
            json!([{ "name": "city", "type": "string" }, { "name": "level", "type": "integer" }]);
        let declared: Vec<ProfileField> = serde_json::from_value(fields).expect("fields");
        let profile = json!({ "city": "Köln", "level": 42, "once": "secret" })
            .as_object()
            .cloned()
            .unwrap_or_default();
        let user = User::new(Id::new(now, [1; 10]), "ada@example.com".into(), false, now);
        let user = User {
            role: "editor".into(),
            profile,
            ..user
        };
        let is_listed = |search: Option<&str>, role: Option<&str>| {
            let (search, role) = (search.map(caseless), role.map(str::to_owned));
            user.is_listed(
                &Listing {
                    limit: 20,
                    cursor: None,
                    search,
                    role,
                },
                &declared,
            )
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
            (Some("KÖL"), None, true),
            (Some("42"), None, false),
            (Some("secret"), None, false),
        ] {
            assert_eq!(is_listed(search, role), expected, "{search:?} {role:?}");
        }
    }

    #[test]
    fn switching_off_ends_sessions_and_switching_on_brings_none_back() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let user = User::new(Id::new(now, [1; 10]), "ada@example.com".into(), false, now);
        let off = user.administered(None, Some(true));
        assert_eq!((off.disabled, off.auth_version), (true, 2));
        assert_eq!(off.administered(None, Some(true)), off, "it was off");
        let on = off.administered(None, Some(false));
        assert_eq!((on.disabled, on.auth_version), (false, 2));
        assert_eq!(user.administered(None, None), user);
        let editor = user.administered(Some("editor"), None);
        assert_eq!((editor.role.as_str(), editor.auth_version), ("editor", 1));
        assert_eq!(user.without_sessions().map(|user| user.auth_version), Ok(2));
        let deleted = User {
            deleted: Some(Deletion::new(now, Span::seconds(9))),
            ..user
        };
        assert_eq!(deleted.without_sessions(), Err(Code::UserNotFound.into()));
    }

    #[test]
    fn a_role_is_a_declared_one() {
        let settings = Auth {
            roles: vec!["editor".into()],
            ..Auth::default()
        };
        for role in ["admin", "authenticated", "editor"] {
            assert_eq!(check_role(role, &settings), Ok(()));
        }
        for role in ["", "public", "owner", "Editor", "chief"] {
            assert_eq!(
                check_role(role, &settings).map_err(|detail| detail.code),
                Err("unknown-role".into()),
                "{role}"
            );
        }
    }

    #[test]
    fn a_user_goes_on_only_as_the_one_who_was_asked() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let user = User::new(Id::new(now, [1; 10]), "ada@example.com".into(), false, now);
        let deletion = Deletion::undoable(now, Span::seconds(9));
        assert_eq!(Deletion::undoable(now, Span::seconds(0)), None);
        assert_eq!(user.raised(&user).map(|user| user.auth_version), Ok(2));
        assert_eq!(user.deleted_by_self(&user, None), Ok(None));
        let deleted = user.deleted_by_self(&user, deletion);
        let deleted = deleted.expect("goes on").expect("can be undone");
        assert_eq!((deleted.deleted, deleted.auth_version), (deletion, 2));
        let body = json!({}).as_object().cloned().unwrap_or_default();
        assert!(user.with_profile(&user, &[], body.clone()).is_ok());
        let overtaken = User {
            auth_version: 2,
            ..user.clone()
        };
        let disabled = User {
            disabled: true,
            ..user.clone()
        };
        for found in [overtaken, disabled, deleted.clone()] {
            let over = Err(Code::SessionRevoked.into());
            assert_eq!(user.raised(&found), over);
            assert_eq!(user.with_profile(&found, &[], body.clone()), over);
            let over = Err(Code::SessionRevoked.into());
            assert_eq!(user.deleted_by_self(&found, deletion), over);
        }

        let restored = deleted.restored(&deleted).expect("restored");
        assert_eq!((restored.deleted, restored.auth_version), (None, 2));
        let disabled = User {
            disabled: true,
            ..deleted.clone()
        };
        let raised = User {
            auth_version: 3,
            ..deleted.clone()
        };
        for found in [restored, disabled, raised] {
            let faster = Err(Code::InvalidCredentials.into());
            assert_eq!(deleted.restored(&found), faster);
        }
    }
}
