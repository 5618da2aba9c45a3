//! The JSON that goes over the wire.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Detail, Error};
use crate::id::Id;
use crate::time::Timestamp;

/// What a request's JSON object becomes.
pub trait Body: Sized {
    /// Whether the endpoint has a body at all, and whether it may be left out.
    const PRESENCE: Presence;

    /// Takes what it knows out of `fields`; what is missing or wrong is noted there.
    fn read(fields: &mut Fields) -> Option<Self>;
}

/// Whether a request has a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Never: whatever is sent is ignored.
    None,
    /// It may be left out, which means the same as an empty object.
    Optional,
    /// It must be there.
    Required,
}

/// Decodes a body.
///
/// # Errors
/// `common/validation-failed` naming every field that is missing, of the wrong type or not known.
pub fn decode<B: Body>(object: Map<String, Value>) -> Result<B, Error> {
    let mut fields = Fields { object, details: Vec::new() };
    let body = B::read(&mut fields);
    let Fields { object, mut details } = fields;
    details.extend(object.keys().map(|name| unknown(name)));
    match body {
        Some(body) if details.is_empty() => Ok(body),
        _ => Err(Error::invalid(details)),
    }
}

/// The detail for a field that nobody declared. The name is the caller's, so it is cut to a decent length.
#[must_use]
pub fn unknown(name: &str) -> Detail {
    let name: String = name.chars().take(64).collect();
    let message = format!("`{name}` is not a field that can be set here.");
    Detail::new(name, "unknown-field", message)
}

/// A JSON object on its way into a body.
#[derive(Debug)]
pub struct Fields {
    object: Map<String, Value>,
    details: Vec<Detail>,
}

impl Fields {
    /// A string that must be there.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let text = self.optional_text(name);
        if text.is_none() && !self.details.iter().any(|detail| detail.field == name) {
            self.details.push(Detail::new(name, "required", format!("`{name}` is required.")));
        }
        text
    }

    /// A string that may be left out or null.
    pub fn optional_text(&mut self, name: &str) -> Option<String> {
        match self.object.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.details.push(Detail::new(name, "type", format!("`{name}` must be a string.")));
                None
            }
        }
    }

    /// Everything, for a body whose fields are declared elsewhere.
    pub fn all(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.object)
    }
}

/// No body: whatever is sent is ignored.
#[derive(Debug, JsonSchema)]
pub struct NoBody {}

impl Body for NoBody {
    const PRESENCE: Presence = Presence::None;

    fn read(_: &mut Fields) -> Option<Self> {
        Some(Self {})
    }
}

/// No reply: 204.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoContent;

/// What a user proves who they are with.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Credentials {
    /// The address: trimmed and ASCII lower-cased, at most 254 bytes.
    pub email: String,
    /// The password, byte by byte as typed.
    pub password: String,
}

impl Body for Credentials {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (email, password) = (fields.text("email"), fields.text("password"));
        Some(Self { email: email?, password: password? })
    }
}

/// The body of a refresh.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshRequest {
    /// The newest refresh token of the session.
    pub refresh_token: String,
}

impl Body for RefreshRequest {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { refresh_token: fields.text("refreshToken")? })
    }
}

/// The body of a logout; without it the session of the access token ends.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogoutRequest {
    /// A refresh token of the session to end.
    pub refresh_token: Option<String>,
}

impl Body for LogoutRequest {
    const PRESENCE: Presence = Presence::Optional;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { refresh_token: fields.optional_text("refreshToken") })
    }
}

/// A user as the user sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's id.
    pub id: Id,
    /// The normalised address.
    pub email: String,
    /// `admin` or `authenticated`.
    pub role: String,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// A pair of tokens (RFC 6749, section 5.1, in camel case).
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// The JWT for the `Authorization` header.
    pub access_token: String,
    /// The opaque token that gets the next pair, once.
    pub refresh_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// The access token's lifetime in seconds.
    pub expires_in: u64,
}

/// The reply of a registration or a login.
#[derive(Serialize, JsonSchema)]
pub struct SignedIn {
    /// Who signed in.
    pub user: User,
    /// The tokens of the new session.
    #[serde(flatten)]
    pub tokens: Tokens,
}

/// The reply of the health check.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HealthStatus {
    /// Always `ok`.
    pub status: &'static str,
}

/// The fields of a record as a caller sends them.
#[derive(Debug, JsonSchema)]
#[schemars(transparent)]
pub struct RecordFields(pub Map<String, Value>);

impl Body for RecordFields {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.all()))
    }
}

/// A record as a caller sees it: the system fields and its own.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The record's id.
    pub id: Id,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The user who created it; null for a stranger.
    pub created_by: Option<Id>,
    /// The declared fields.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Record {
    /// The value of a field, declared or of the system; `None` when it has none.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<Cow<'_, Value>> {
        let text = |text: String| Some(Cow::Owned(Value::String(text)));
        match field {
            "id" => text(self.id.to_string()),
            "createdAt" => text(self.created_at.to_string()),
            "updatedAt" => text(self.updated_at.to_string()),
            "createdBy" => self.created_by.and_then(|id| text(id.to_string())),
            field => self.fields.get(field).map(Cow::Borrowed),
        }
    }
}

/// A page of records.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordPage {
    /// The records, newest first.
    pub items: Vec<Record>,
    /// What to send as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused<B: Body>(body: Value) -> Vec<(String, String)> {
        let Value::Object(object) = body else { panic!("an object") };
        let error = decode::<B>(object).err().expect("refused");
        error.details.into_iter().map(|detail| (detail.field, detail.code)).collect()
    }

    #[test]
    fn every_wrong_field_is_named() {
        let both = refused::<Credentials>(json!({ "email": 1, "role": "admin", "__proto__": {} }));
        let expected =
            [("email", "type"), ("password", "required"), ("__proto__", "unknown-field"), ("role", "unknown-field")];
        assert_eq!(both, expected.map(|(field, code)| (field.to_owned(), code.to_owned())));
        assert_eq!(refused::<RefreshRequest>(json!({ "refreshToken": null }))[0].1, "required");
        assert_eq!(refused::<LogoutRequest>(json!({ "refreshToken": 5 }))[0].1, "type");
    }

    #[test]
    fn a_body_of_thousands_of_faults_is_not_answered_with_thousands() {
        let many: Map<String, Value> = (0..30_000).map(|n| (format!("f{n}"), json!(1))).collect();
        assert_eq!(refused::<RefreshRequest>(Value::Object(many)).len(), crate::error::MAX_DETAILS);
    }

    #[test]
    fn an_absent_logout_token_is_none() {
        assert_eq!(decode::<LogoutRequest>(Map::new()).ok().and_then(|body| body.refresh_token), None);
    }
}
