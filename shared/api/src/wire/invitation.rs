//! Invitations: made, shown, accepted and rejected.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Detail;
use crate::id::Id;
use crate::time::Timestamp;
use crate::wire::body::{Body, Fields, Presence, not_null, unknown};
use crate::wire::user::User;

/// The most characters of a text of a resource.
const MAX_RESOURCE: usize = 200;

/// The most characters of a message.
const MAX_MESSAGE: usize = 500;

/// How far an invitation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvitationStatus {
    /// It can be accepted.
    Pending,
    /// The address has accepted.
    Accepted,
    /// The address has rejected it.
    Rejected,
    /// It was taken back.
    Revoked,
    /// Its time is over. It can be sent again.
    Expired,
}

impl InvitationStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Accepted,
        Self::Rejected,
        Self::Revoked,
        Self::Expired,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// The status of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// The thing of the app that an invitation is for. Bakend keeps it and gives it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct InvitedResource {
    /// Its kind, such as `team`; at most 200 characters, as the others.
    pub r#type: String,
    /// Its id in the app.
    pub id: String,
    /// Its name, which the mail tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The role in it, which the mail tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// An invitation; never its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Its id.
    pub id: Id,
    /// The normalised address, the only one that may accept.
    pub email: String,
    /// The role that it gives.
    pub role: String,
    /// The thing of the app that it is for; null without one.
    pub resource: Option<InvitedResource>,
    /// How far it has come.
    pub status: InvitationStatus,
    /// The user or the API key that invites.
    pub invited_by: Id,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// A page of invitations.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationPage {
    /// The invitations, newest first.
    pub items: Vec<Invitation>,
    /// The cursor of the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// An invitation to be.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewInvitation {
    /// The address: trimmed and ASCII lower-cased, at most 254 bytes.
    pub email: String,
    /// The role that it gives; `authenticated` where it is left out. Admins and servers give any, users at most their own.
    #[schemars(transform = not_null)]
    pub role: Option<String>,
    /// The thing of the app that it is for.
    pub resource: Option<InvitedResource>,
    /// A message for the reader of the mail, at most 500 characters.
    pub message: Option<String>,
    /// The language of the mail, such as `de` or `de-CH`.
    pub locale: Option<String>,
    /// The address of the app that the page of the mail leads to, one of `auth.redirects`.
    pub redirect_to: Option<String>,
}

impl Body for NewInvitation {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (email, role) = (fields.text("email"), fields.given_text("role"));
        let resource = resource(fields);
        let [message, locale, redirect_to] =
            fields.optional_texts(["message", "locale", "redirectTo"]);
        if let Some(message) = &message {
            let is_text = |it: char| !it.is_control() || matches!(it, '\n' | '\r' | '\t');
            if message.chars().count() > MAX_MESSAGE {
                let text = format!("`message` has at most {MAX_MESSAGE} characters.");
                fields.wrong("message", "max-length", &text);
            } else if !message.chars().all(is_text) {
                fields.wrong("message", "format", "`message` has no control characters.");
            }
        }
        Some(Self {
            email: email?,
            role,
            resource,
            message,
            locale,
            redirect_to,
        })
    }
}

/// Reads the resource. Its texts may reach the header of a mail, so they have no control characters.
fn resource(fields: &mut Fields) -> Option<InvitedResource> {
    let mut object = match fields.object.remove("resource") {
        None | Some(Value::Null) => return None,
        Some(Value::Object(object)) => object,
        Some(_) => {
            fields.wrong("resource", "type", "`resource` must be an object.");
            return None;
        }
    };
    let [kind, id, name, role] = ["type", "id", "name", "role"]
        .map(|part| member(fields, part, object.remove(part).unwrap_or_default()));
    for name in object.keys() {
        fields.details.push(unknown(&format!("resource.{name}")));
    }
    for (part, is_there) in [("type", kind.is_some()), ("id", id.is_some())] {
        let field = format!("resource.{part}");
        let is_told = fields.details.iter().any(|detail| detail.field == field);
        if !is_there && !is_told {
            fields.wrong(&field, "required", &format!("`{field}` is required."));
        }
    }
    Some(InvitedResource {
        r#type: kind?,
        id: id?,
        name,
        role,
    })
}

/// A text of the resource, if it is there.
fn member(fields: &mut Fields, part: &str, value: Value) -> Option<String> {
    let field = format!("resource.{part}");
    let (code, message) = match value {
        Value::Null => return None,
        Value::String(text) if !(1..=MAX_RESOURCE).contains(&text.chars().count()) => {
            let message = format!("`{field}` has 1 to {MAX_RESOURCE} characters.");
            ("max-length", message)
        }
        Value::String(text) if text.chars().any(char::is_control) => {
            ("format", format!("`{field}` has no control characters."))
        }
        Value::String(text) => return Some(text),
        _ => ("type", format!("`{field}` must be a string.")),
    };
    fields.wrong(&field, code, &message);
    None
}

/// The acceptance of an invitation. A caller who is signed in sends the token alone.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct InvitationAcceptance {
    /// The token of the mail.
    pub token: String,
    /// The password of a new account; without it nobody can log in until one is set.
    pub password: Option<String>,
    /// Whether a session begins with a new account; true where it is left out.
    #[schemars(transform = not_null)]
    pub session: Option<bool>,
    /// The version of the terms that the user of a new account accepts; needed where `auth.terms.version` is set.
    #[schemars(rename = "termsVersion")]
    pub terms_version: Option<String>,
    /// The rest, not yet checked: profile fields.
    #[schemars(skip)]
    pub profile: Map<String, Value>,
    /// The faults of the first fields, to be told together with those of the rest.
    #[schemars(skip)]
    pub faults: Vec<Detail>,
}

impl Body for InvitationAcceptance {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let token = fields.text("token");
        let [password, terms_version] = fields.optional_texts(["password", "termsVersion"]);
        let session = fields.given_flag("session");
        let profile = fields.all();
        Some(Self {
            token: token.unwrap_or_default(),
            password,
            session,
            terms_version,
            profile,
            faults: std::mem::take(&mut fields.details),
        })
    }
}

/// The invitation that a user who is signed in has accepted.
#[derive(Serialize, JsonSchema)]
pub struct AcceptedInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// The user, with the role that the invitation gives.
    pub user: User,
}

/// The rejection of an invitation.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct InvitationRejection {
    /// The token of the mail.
    pub token: String,
}

impl Body for InvitationRejection {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let token = fields.text("token");
        Some(Self { token: token? })
    }
}

/// An invitation that is closed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClosedInvitation {
    /// Its id.
    pub id: Id,
    /// How it was closed.
    pub status: InvitationStatus,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::body::decode;

    fn read(body: Value) -> Result<NewInvitation, Vec<(String, String)>> {
        let body = body.as_object().cloned().unwrap_or_default();
        decode(body).map_err(|error| {
            let details = error.details.into_iter();
            details.map(|it| (it.field, it.code)).collect()
        })
    }

    #[test]
    fn an_invitation_names_an_address_and_perhaps_a_thing_of_the_app() {
        let resource = json!({ "type": "team", "id": "7", "name": "Blue", "role": "editor" });
        let all = json!({ "email": "a@b", "role": "editor", "resource": resource, "message": "Hi,\nthere",
            "locale": "de", "redirectTo": "https://a" });
        let invitation = read(all).expect("an invitation");
        assert_eq!(json!(invitation.resource), resource);
        assert_eq!(invitation.message.as_deref(), Some("Hi,\nthere"));
        let least = read(json!({ "email": "a@b", "resource": { "type": "team", "id": "7" } }));
        let resource = json!(least.expect("an invitation").resource);
        assert_eq!(resource, json!({ "type": "team", "id": "7" }));
    }

    #[test]
    fn every_fault_is_named() {
        let with = |resource: Value| json!({ "email": "a@b", "resource": resource });
        for (body, field, code) in [
            (json!({}), "email", "required"),
            (json!({ "email": "a@b", "role": null }), "role", "type"),
            (json!({ "email": "a@b", "x": 1 }), "x", "unknown-field"),
            (
                json!({ "email": "a@b", "message": "x".repeat(501) }),
                "message",
                "max-length",
            ),
            (
                json!({ "email": "a@b", "message": "a\u{0}" }),
                "message",
                "format",
            ),
            (with(json!("team")), "resource", "type"),
            (with(json!({ "id": "7" })), "resource.type", "required"),
            (with(json!({ "type": "a", "id": 7 })), "resource.id", "type"),
            (
                with(json!({ "type": "a", "id": "" })),
                "resource.id",
                "max-length",
            ),
            (
                with(json!({ "type": "a", "id": "b", "name": "x\r\ny" })),
                "resource.name",
                "format",
            ),
            (
                with(json!({ "type": "a", "id": "b", "role": "x".repeat(201) })),
                "resource.role",
                "max-length",
            ),
            (
                with(json!({ "type": "a", "id": "b", "c": 1 })),
                "resource.c",
                "unknown-field",
            ),
        ] {
            let faults = read(body.clone()).err().expect("refused");
            assert_eq!(faults, [(field.to_owned(), code.to_owned())], "{body}");
        }
    }

    #[test]
    fn statuses_have_names() {
        for status in InvitationStatus::ALL {
            assert_eq!(InvitationStatus::parse(status.as_str()), Some(status));
            assert_eq!(json!(status), json!(status.as_str()));
        }
        assert_eq!(InvitationStatus::parse("open"), None);
    }
}
