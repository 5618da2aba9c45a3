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
    /// The normalised address; null for an account without one.
    pub email: Option<String>,
    /// When the user has proven to read the mails of the address; null until then.
    pub email_verified_at: Option<Timestamp>,
    /// Whether a sign-in asks for a code of an authenticator app.
    pub mfa: bool,
    /// `admin`, `authenticated`, `anonymous`, or one of the declared roles.
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
    /// The normalised address; null for an account without one.
    pub email: Option<String>,
    /// When the user has proven to read the mails of the address; null until then.
    pub email_verified_at: Option<Timestamp>,
    /// Whether a sign-in asks for a code of an authenticator app.
    pub mfa: bool,
    /// The failure of a mail to the address, after which none is sent there for a while; null without one.
    pub mail_failed: Option<MailFailure>,
    /// `admin`, `authenticated`, `anonymous`, or one of the declared roles.
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
    /// Whether the user is sent a mail that sets one, in place of a password.
    #[schemars(transform = not_null)]
    pub send: Option<bool>,
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
        let (role, send) = (fields.given_text("role"), fields.given_flag("send"));
        let profile = fields.all();
        let mut faults = std::mem::take(&mut fields.details);
        if password.is_some() && send == Some(true) {
            faults.extend(either_or("Send `password` or `send`, not both."));
        }
        Some(Self {
            email,
            password,
            send,
            role,
            profile,
            faults,
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

/// A password to be set by an admin, or a mail by which the user sets one.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PasswordToSet {
    /// The password, byte by byte as typed.
    #[schemars(transform = not_null)]
    pub password: Option<String>,
    /// Whether the user is sent a mail that sets the password, in place of one: the old one is void at once.
    #[schemars(transform = not_null)]
    pub send: Option<bool>,
}

impl Body for PasswordToSet {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (password, send) = (fields.given_text("password"), fields.given_flag("send"));
        let sends = send == Some(true);
        if fields.details.is_empty() && sends == password.is_some() {
            fields.details.extend(either_or(if sends {
                "Send `password` or `send`, not both."
            } else {
                "Send `password`, or `send` as true."
            }));
        }
        Some(Self { password, send })
    }
}

/// The faults of a body with both of password and mail, or neither.
fn either_or(message: &str) -> [Detail; 2] {
    ["password", "send"].map(|field| Detail::new(field, "either-or", message))
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
    #[test]
    fn a_password_or_a_mail_is_sent_and_not_both() {
        let both = || vec![("password", "either-or"), ("send", "either-or")];
        for (body, expected) in [
            (json!({}), both()),
            (json!({ "send": false }), both()),
            (json!({ "send": true, "password": "x" }), both()),
            (json!({ "send": true }), vec![]),
            (json!({ "password": "x" }), vec![]),
            (json!({ "send": false, "password": "x" }), vec![]),
            (json!({ "send": "true" }), vec![("send", "type")]),
            (
                json!({ "send": null, "password": "x" }),
                vec![("send", "type")],
            ),
            (json!({ "password": null }), vec![("password", "type")]),
            (
                json!({ "send": true, "other": 1 }),
                vec![("other", "unknown-field")],
            ),
        ] {
            let named = |(field, code): (&str, &str)| (field.to_owned(), code.to_owned());
            let expected: Vec<_> = expected.into_iter().map(named).collect();
            let found = faults(body.clone(), |_: PasswordToSet| Vec::new());
            assert_eq!(found, expected, "{body}");
        }
        let new = |send: bool| json!({ "email": "a@b", "password": "x", "send": send });
        let fields = |body: Value| {
            let found = faults(body, |new: NewUser| new.faults);
            found
                .into_iter()
                .map(|(field, _)| field)
                .collect::<Vec<_>>()
        };
        assert_eq!(fields(new(true)), ["password", "send"]);
        assert_eq!(fields(new(false)), [""; 0]);
    }
}
