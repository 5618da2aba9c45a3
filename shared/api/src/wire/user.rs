//! Users, as they themselves, anybody and admins see them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Detail;
use crate::id::Id;
use crate::time::Timestamp;
use crate::wire::body::{Body, Fields, Presence, not_null};

/// A user as the user sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's id.
    pub id: Id,
    /// The normalised address.
    pub email: String,
    /// When the user has proven to read the mails of the address; null until then.
    pub email_verified_at: Option<Timestamp>,
    /// `admin`, `authenticated`, or one of the declared roles.
    pub role: String,
    /// When the account was made.
    pub created_at: Timestamp,
    /// The declared profile fields that it has.
    #[serde(flatten)]
    pub profile: Map<String, Value>,
}

/// A user as anybody sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PublicUser {
    /// The user's id.
    pub id: Id,
    /// The public profile fields that it has.
    #[serde(flatten)]
    pub profile: Map<String, Value>,
}

/// A user as admins see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserForAdmins {
    /// The user's id.
    pub id: Id,
    /// The normalised address.
    pub email: String,
    /// When the user has proven to read the mails of the address; null until then.
    pub email_verified_at: Option<Timestamp>,
    /// The failure of a mail to the address, after which none is sent there for a while; null without one.
    pub mail_failed: Option<MailFailure>,
    /// `admin`, `authenticated`, or one of the declared roles.
    pub role: String,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Whether the account is switched off: nobody can log in to it.
    pub disabled: bool,
    /// The declared profile fields that it has.
    #[serde(flatten)]
    pub profile: Map<String, Value>,
}

/// The failure of a mail to a user's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailFailure {
    /// Its kind.
    pub kind: MailFailureKind,
    /// When it was told.
    pub at: Timestamp,
}

/// The kind of a mail's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailFailureKind {
    /// The mail came back for good.
    Bounce,
    /// Its reader complained of it.
    Complaint,
}

/// A page of users.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserPage {
    /// The users, newest first.
    pub items: Vec<UserForAdmins>,
    /// What to send as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// A user to be made by an admin.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct NewUser {
    /// The address: trimmed and ASCII lower-cased, at most 254 bytes.
    pub email: String,
    /// The password; without it nobody can log in until one is set.
    pub password: Option<String>,
    /// `admin`, `authenticated`, which is what holds without it, or one of the declared roles.
    #[schemars(transform = not_null)]
    pub role: Option<String>,
    /// The rest, not yet checked: profile fields.
    #[schemars(skip)]
    pub profile: Map<String, Value>,
    /// The faults of the others, to be told together with those of the rest.
    #[schemars(skip)]
    pub faults: Vec<Detail>,
}

impl Body for NewUser {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (email, password) = (
            fields.text("email").unwrap_or_default(),
            fields.optional_text("password"),
        );
        let (role, profile) = (fields.given_text("role"), fields.all());
        Some(Self {
            email,
            password,
            role,
            profile,
            faults: std::mem::take(&mut fields.details),
        })
    }
}

/// What an admin changes of a user; what is left out stays.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct UserChanges {
    /// `admin`, `authenticated`, or one of the declared roles.
    #[schemars(transform = not_null)]
    pub role: Option<String>,
    /// Whether the account is switched off.
    #[schemars(transform = not_null)]
    pub disabled: Option<bool>,
    /// Null forgets that a mail to the address has failed.
    #[schemars(rename = "mailFailed")]
    pub mail_failed: Option<()>,
    /// The rest, not yet checked: profile fields, null for those to be removed.
    #[schemars(skip)]
    pub profile: Map<String, Value>,
    /// The faults of the others, to be told together with those of the rest.
    #[schemars(skip)]
    pub faults: Vec<Detail>,
}

impl UserChanges {
    /// Whether nothing is changed but the failure of a mail, which is forgotten.
    #[must_use]
    pub fn only_forgets_failure(&self) -> bool {
        let others = self.role.is_some() || self.disabled.is_some() || !self.profile.is_empty();
        self.mail_failed.is_some() && !others
    }
}

impl Body for UserChanges {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (role, disabled) = (fields.given_text("role"), fields.given_flag("disabled"));
        let mail_failed = fields.given_null("mailFailed");
        let profile = fields.all();
        Some(Self {
            role,
            disabled,
            mail_failed,
            profile,
            faults: std::mem::take(&mut fields.details),
        })
    }
}

/// A password to be set by an admin.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PasswordToSet {
    /// The password, byte by byte as typed.
    pub password: String,
}

impl Body for PasswordToSet {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            password: fields.text("password")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::body::decode;

    fn faults<B: Body>(body: Value, of: impl Fn(B) -> Vec<Detail>) -> Vec<(String, String)> {
        let object = body.as_object().cloned().unwrap_or_default();
        let details = match decode::<B>(object) {
            Ok(body) => of(body),
            Err(error) => error.details,
        };
        let pair = |detail: Detail| (detail.field, detail.code);
        details.into_iter().map(pair).collect()
    }

    #[test]
    fn null_is_no_role_and_says_nothing_of_disabled() {
        let type_of = |field: &str| (field.to_owned(), "type".to_owned());
        for (body, wrong) in [
            (json!({ "role": null }), vec!["role"]),
            (json!({ "disabled": null }), vec!["disabled"]),
            (
                json!({ "role": null, "disabled": null }),
                vec!["role", "disabled"],
            ),
            (json!({ "disabled": "true" }), vec!["disabled"]),
            (json!({ "mailFailed": null }), vec![]),
            (json!({ "mailFailed": false }), vec!["mailFailed"]),
            (json!({}), vec![]),
            (json!({ "role": "admin", "disabled": false }), vec![]),
        ] {
            let expected: Vec<_> = wrong.into_iter().map(type_of).collect();
            let found = faults(body.clone(), |changes: UserChanges| changes.faults);
            assert_eq!(found, expected, "{body}");
        }
        let new = json!({ "email": "a@b", "role": null, "password": null });
        assert_eq!(faults(new, |new: NewUser| new.faults), [type_of("role")]);
    }
}
