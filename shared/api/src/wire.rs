//! The JSON that goes over the wire.

mod api_key;

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Detail, Error};
use crate::id::Id;
use crate::time::Timestamp;

pub use self::api_key::{ApiKey, ApiKeys, KeyType, NewApiKey, ShownApiKey};

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
    let mut fields = Fields {
        object,
        details: Vec::new(),
    };
    let body = B::read(&mut fields);
    let Fields {
        object,
        mut details,
    } = fields;
    details.extend(object.keys().map(|name| unknown(name)));
    match body {
        Some(body) if details.is_empty() => Ok(body),
        _ => Err(Error::invalid(details)),
    }
}

/// How many characters of a caller's name for something are told back.
pub(crate) const MAX_NAME: usize = 64;

/// What is wrong with a field that nobody declared.
pub(crate) const UNKNOWN: &str = "is not a field that can be set here";

/// The detail for a field that nobody declared. The name is the caller's, so it is cut to a decent length.
#[must_use]
pub fn unknown(name: &str) -> Detail {
    let name: String = name.chars().take(MAX_NAME).collect();
    let message = format!("`{name}` {UNKNOWN}.");
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
            self.details.push(Detail::new(
                name,
                "required",
                format!("`{name}` is required."),
            ));
        }
        text
    }

    /// A string that may be left out or null.
    pub fn optional_text(&mut self, name: &str) -> Option<String> {
        match self.object.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.details.push(Detail::new(
                    name,
                    "type",
                    format!("`{name}` must be a string."),
                ));
                None
            }
        }
    }

    /// A truth value that may be left out or null.
    pub fn optional_flag(&mut self, name: &str) -> Option<bool> {
        match self.object.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::Bool(flag)) => Some(flag),
            Some(_) => {
                self.details.push(Detail::new(
                    name,
                    "type",
                    format!("`{name}` must be true or false."),
                ));
                None
            }
        }
    }

    /// The items of a list that must be there and hold `least` to `most` of them.
    fn list(&mut self, name: &str, least: usize, most: usize) -> Option<Vec<Value>> {
        let (code, message) = match self.object.remove(name) {
            Some(Value::Array(items)) if (least..=most).contains(&items.len()) => {
                return Some(items);
            }
            Some(Value::Array(items)) => (
                "range",
                format!(
                    "`{name}` has {} items; there may be {least} to {most}.",
                    items.len()
                ),
            ),
            None | Some(Value::Null) => ("required", format!("`{name}` is required.")),
            Some(_) => ("type", format!("`{name}` must be an array.")),
        };
        self.details.push(Detail::new(name, code, message));
        None
    }

    /// Everything, for a body whose fields are declared elsewhere.
    pub fn all(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.object)
    }
}

/// A body that the handler reads once it knows that somebody is asking: whoever has no token hears that first.
#[derive(Debug)]
pub struct Unread<B>(Map<String, Value>, PhantomData<fn() -> B>);

impl<B: Body> Unread<B> {
    /// The body.
    ///
    /// # Errors
    /// `common/validation-failed` naming every field that is missing, of the wrong type or not known.
    pub fn read(&self) -> Result<B, Error> {
        decode(self.0.clone())
    }
}

impl<B: Body> Body for Unread<B> {
    const PRESENCE: Presence = B::PRESENCE;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.all(), PhantomData))
    }
}

impl<B: JsonSchema> JsonSchema for Unread<B> {
    fn inline_schema() -> bool {
        B::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        B::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        B::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        B::json_schema(generator)
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
        Some(Self {
            email: email?,
            password: password?,
        })
    }
}

/// The body of a registration.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RegisterRequest {
    /// The address: trimmed and ASCII lower-cased, at most 254 bytes.
    pub email: String,
    /// The password, byte by byte as typed.
    pub password: String,
    /// The rest, not yet checked: profile fields.
    #[schemars(skip)]
    pub profile: Map<String, Value>,
    /// What is wrong with the first two, to be told together with what is wrong with the rest.
    #[schemars(skip)]
    pub faults: Vec<Detail>,
}

impl Body for RegisterRequest {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (email, password, profile) =
            (fields.text("email"), fields.text("password"), fields.all());
        let faults = std::mem::take(&mut fields.details);
        Some(Self {
            email: email.unwrap_or_default(),
            password: password.unwrap_or_default(),
            profile,
            faults,
        })
    }
}

/// A user's changes to the profile: what is left out stays, null removes.
#[derive(Debug, JsonSchema)]
#[schemars(transparent)]
pub struct ProfileChanges(pub Map<String, Value>);

impl Body for ProfileChanges {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.all()))
    }
}

/// What a user confirms the end of the account with.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Confirmation {
    /// The password, byte by byte as typed.
    pub password: String,
}

impl Body for Confirmation {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            password: fields.text("password")?,
        })
    }
}

/// The body of a password change.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPassword {
    /// The password as it is.
    pub current_password: String,
    /// The password as it shall be: another one.
    pub new_password: String,
}

impl Body for NewPassword {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (current, new) = (fields.text("currentPassword"), fields.text("newPassword"));
        Some(Self {
            current_password: current?,
            new_password: new?,
        })
    }
}

/// The body of a refresh; without it the token is that of the header `x-refresh-token`, or of the cookie.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshRequest {
    /// The newest refresh token of the session.
    pub refresh_token: Option<String>,
}

impl Body for RefreshRequest {
    const PRESENCE: Presence = Presence::Optional;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            refresh_token: fields.optional_text("refreshToken"),
        })
    }
}

/// The body of a logout; without it the session ends that the header `x-refresh-token` names, or the cookie, or the
/// access token.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogoutRequest {
    /// A refresh token of the session to end.
    pub refresh_token: Option<String>,
}

impl Body for LogoutRequest {
    const PRESENCE: Presence = Presence::Optional;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            refresh_token: fields.optional_text("refreshToken"),
        })
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
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserForAdmins {
    /// The user's id.
    pub id: Id,
    /// The normalised address.
    pub email: String,
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
    pub role: Option<String>,
    /// The rest, not yet checked: profile fields.
    #[schemars(skip)]
    pub profile: Map<String, Value>,
    /// What is wrong with the others, to be told together with what is wrong with the rest.
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
        let (role, profile) = (fields.optional_text("role"), fields.all());
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
    pub role: Option<String>,
    /// Whether the account is switched off.
    pub disabled: Option<bool>,
    /// The rest, not yet checked: profile fields, null for those to be removed.
    #[schemars(skip)]
    pub profile: Map<String, Value>,
    /// What is wrong with the others, to be told together with what is wrong with the rest.
    #[schemars(skip)]
    pub faults: Vec<Detail>,
}

impl Body for UserChanges {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (role, disabled) = (
            fields.optional_text("role"),
            fields.optional_flag("disabled"),
        );
        let profile = fields.all();
        Some(Self {
            role,
            disabled,
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

/// A pair of tokens (RFC 6749, section 5.1, in camel case).
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// The JWT for the `Authorization` header.
    pub access_token: String,
    /// The opaque token that gets the next pair, once; not there where it goes by cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// The access token's lifetime in seconds.
    pub expires_in: u64,
}

/// A reply that bears tokens.
pub trait Bearing {
    /// The tokens.
    fn tokens(&mut self) -> &mut Tokens;
}

impl Bearing for Tokens {
    fn tokens(&mut self) -> &mut Tokens {
        self
    }
}

impl Bearing for SignedIn {
    fn tokens(&mut self) -> &mut Tokens {
        &mut self.tokens
    }
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
    /// Whose it is, in whatever field that is shown.
    #[serde(skip)]
    pub owner: Option<String>,
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

    /// What a caller is shown of it: the `fields` asked for, or all of them; `id` always.
    #[must_use]
    pub fn view(self, fields: Option<&[String]>) -> RecordView {
        let text = |text: String| Value::String(text);
        let mut view = self.fields;
        view.insert("createdAt".to_owned(), text(self.created_at.to_string()));
        view.insert("updatedAt".to_owned(), text(self.updated_at.to_string()));
        view.insert(
            "createdBy".to_owned(),
            self.created_by
                .map_or(Value::Null, |id| text(id.to_string())),
        );
        if let Some(fields) = fields {
            view.retain(|name, _| fields.contains(name));
        }
        view.insert("id".to_owned(), text(self.id.to_string()));
        RecordView(view)
    }
}

/// What a caller is shown of a record: some of its fields or all, relations as ids or as records of their own.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct RecordView(pub Map<String, Value>);

impl RecordView {
    /// What is told of a record that has just been deleted.
    #[must_use]
    pub fn deleted(id: Id) -> Self {
        Self(Map::from_iter([
            ("id".to_owned(), Value::String(id.to_string())),
            ("deleted".to_owned(), Value::Bool(true)),
        ]))
    }
}

/// A page of records.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordPage {
    /// The records in the order asked for; newest first when none is.
    pub items: Vec<RecordView>,
    /// What to send as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
    /// How the page was read; only for admins who ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explanation>,
}

/// How a page was read.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Explanation {
    /// The index that was read, such as `by.status.-createdAt`; `table` for the table itself.
    pub index: String,
    /// How many queries it took.
    pub requests: u32,
    /// The read capacity units they cost.
    pub units: f64,
}

/// How many records there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecordCount {
    /// How many were found.
    pub count: u64,
    /// Whether these are all; otherwise there are at least so many.
    pub exact: bool,
}

/// The body of a bulk write, `{"operations": […]}`, its shape not yet checked: whoever may not write at all hears
/// that first.
#[derive(Debug, Default, JsonSchema)]
#[schemars(transparent)]
pub struct BulkOperations(Map<String, Value>);

impl Body for BulkOperations {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.all()))
    }
}

/// One operation of a bulk write.
#[derive(Clone, Debug, PartialEq)]
pub enum BulkOperation {
    /// Makes a new record of these fields.
    Create(Map<String, Value>),
    /// Merges these fields into the record of this id.
    Update(String, Map<String, Value>),
    /// Deletes the record of this id.
    Delete(String),
}

impl BulkOperations {
    /// The most operations of one body: each is at least one item of DynamoDB's transaction.
    pub const MOST: usize = 100;

    /// The operations in their order.
    ///
    /// # Errors
    /// `common/validation-failed` naming each that has not the shape of one, such as `operations[2]`.
    pub fn operations(self) -> Result<Vec<BulkOperation>, Error> {
        let mut fields = Fields {
            object: self.0,
            details: Vec::new(),
        };
        let items = fields.list("operations", 1, Self::MOST).unwrap_or_default();
        let Fields {
            object,
            mut details,
        } = fields;
        details.extend(object.keys().map(|name| unknown(name)));
        let mut operations = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            match BulkOperation::read(item) {
                Ok(operation) => operations.push(operation),
                Err((code, message)) => {
                    details.push(Detail::new(format!("operations[{at}]"), code, message))
                }
            }
        }
        if details.is_empty() {
            Ok(operations)
        } else {
            Err(Error::invalid(details))
        }
    }
}

impl BulkOperation {
    /// The record that it is about; `None` for a new one, or for what is no id.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        match self {
            Self::Create(_) => None,
            Self::Update(id, _) | Self::Delete(id) => id.parse().ok(),
        }
    }

    /// One operation, or what is wrong with it.
    fn read(item: Value) -> Result<Self, (&'static str, &'static str)> {
        const SHAPE: &str =
            "An operation is an object with one of `create`, `update` and `delete`.";
        let Value::Object(item) = item else {
            return Err(("type", SHAPE));
        };
        let mut members = item.into_iter();
        let (Some((kind, body)), None) = (members.next(), members.next()) else {
            return Err(("operation", SHAPE));
        };
        let Value::Object(mut body) = body else {
            return Err(("type", "What an operation is about is an object."));
        };
        let mut id = || match body.remove("id") {
            Some(Value::String(id)) => Ok(id),
            _ => Err(("required", "`id`, the id of the record, is required.")),
        };
        match kind.as_str() {
            "create" => Ok(Self::Create(body)),
            "update" => Ok(Self::Update(id()?, body)),
            "delete" => match (id()?, body.is_empty()) {
                (id, true) => Ok(Self::Delete(id)),
                (_, false) => Err(("unknown-field", "A deletion has an `id` and nothing else.")),
            },
            _ => Err(("operation", SHAPE)),
        }
    }
}

/// The reply of a bulk write.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BulkItems {
    /// The records as they are now, in the order of the operations; of a deleted one the `id`, and `deleted`.
    pub items: Vec<RecordView>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused<B: Body>(body: Value) -> Vec<(String, String)> {
        let Value::Object(object) = body else {
            panic!("an object")
        };
        let error = decode::<B>(object).err().expect("refused");
        error
            .details
            .into_iter()
            .map(|detail| (detail.field, detail.code))
            .collect()
    }

    #[test]
    fn every_wrong_field_is_named() {
        let both = refused::<Credentials>(json!({ "email": 1, "role": "admin", "__proto__": {} }));
        let expected = [
            ("email", "type"),
            ("password", "required"),
            ("__proto__", "unknown-field"),
            ("role", "unknown-field"),
        ];
        assert_eq!(
            both,
            expected.map(|(field, code)| (field.to_owned(), code.to_owned()))
        );
        assert_eq!(
            refused::<RefreshRequest>(json!({ "refreshToken": 5 }))[0].1,
            "type"
        );
        assert_eq!(
            refused::<LogoutRequest>(json!({ "refreshToken": 5 }))[0].1,
            "type"
        );
    }

    #[test]
    fn a_body_that_is_read_later_is_the_same_body() {
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let body: Unread<Credentials> =
            decode(object(json!({ "role": "admin" }))).expect("not looked at yet");
        let error = body.read().err().expect("refused");
        assert_eq!(error.details.len(), 3, "{error:?}");
        let body: Unread<Credentials> =
            decode(object(json!({ "email": "a@b", "password": "x" }))).expect("decoded");
        assert!(body.read().is_ok_and(|it| it.email == "a@b"));
    }

    #[test]
    fn a_body_of_thousands_of_faults_is_not_answered_with_thousands() {
        let many: Map<String, Value> = (0..30_000).map(|n| (format!("f{n}"), json!(1))).collect();
        assert_eq!(
            refused::<RefreshRequest>(Value::Object(many)).len(),
            crate::error::MAX_DETAILS
        );
    }

    #[test]
    fn a_view_shows_what_is_asked_for_and_the_id() {
        let time = Timestamp::from_millis(1_790_000_000_000);
        let record = Record {
            id: Id::new(time, [1; 10]),
            created_at: time,
            updated_at: time,
            created_by: None,
            owner: None,
            fields: Map::from_iter([("a".to_owned(), json!(1)), ("b".to_owned(), json!(2))]),
        };
        let whole = serde_json::to_value(record.clone().view(None)).expect("JSON");
        assert_eq!(whole, serde_json::to_value(&record).expect("JSON"));
        let some = record.clone().view(Some(&[
            "b".to_owned(),
            "createdBy".to_owned(),
            "nope".to_owned(),
        ]));
        assert_eq!(
            Value::Object(some.0),
            json!({ "id": record.id.to_string(), "b": 2, "createdBy": null })
        );
        assert_eq!(record.view(Some(&[])).0.len(), 1);
    }

    #[test]
    fn bulk_operations_have_a_shape_and_a_place() {
        let read =
            |body: Value| decode::<BulkOperations>(body.as_object().cloned().unwrap_or_default());
        let operations = |body: Value| read(body).and_then(BulkOperations::operations);
        let good = json!({ "operations": [{ "create": { "a": 1 } }, { "update": { "id": "x", "a": null } },
            { "delete": { "id": "y" } }] });
        let expected = [
            BulkOperation::Create(Map::from_iter([("a".to_owned(), json!(1))])),
            BulkOperation::Update(
                "x".to_owned(),
                Map::from_iter([("a".to_owned(), Value::Null)]),
            ),
            BulkOperation::Delete("y".to_owned()),
        ];
        assert_eq!(operations(good), Ok(expected.to_vec()));
        let many = vec![json!({ "create": {} }); BulkOperations::MOST + 1];
        for (body, field, code) in [
            (json!({}), "operations", "required"),
            (json!({ "operations": {} }), "operations", "type"),
            (json!({ "operations": [] }), "operations", "range"),
            (json!({ "operations": many }), "operations", "range"),
            (
                json!({ "operations": [{ "create": {} }], "x": 1 }),
                "x",
                "unknown-field",
            ),
            (
                json!({ "operations": [{ "create": {} }, 1] }),
                "operations[1]",
                "type",
            ),
            (
                json!({ "operations": [{ "create": 1 }] }),
                "operations[0]",
                "type",
            ),
            (json!({ "operations": [{}] }), "operations[0]", "operation"),
            (
                json!({ "operations": [{ "upsert": {} }] }),
                "operations[0]",
                "operation",
            ),
            (
                json!({ "operations": [{ "create": {}, "delete": {} }] }),
                "operations[0]",
                "operation",
            ),
            (
                json!({ "operations": [{ "update": {} }] }),
                "operations[0]",
                "required",
            ),
            (
                json!({ "operations": [{ "delete": { "id": 1 } }] }),
                "operations[0]",
                "required",
            ),
            (
                json!({ "operations": [{ "delete": { "id": "x", "a": 1 } }] }),
                "operations[0]",
                "unknown-field",
            ),
        ] {
            let error = operations(body.clone()).expect_err("refused");
            let details: Vec<_> = error
                .details
                .iter()
                .map(|it| (it.field.as_str(), it.code.as_str()))
                .collect();
            assert_eq!(details, [(field, code)], "{body}");
        }
    }

    #[test]
    fn an_absent_logout_token_is_none() {
        assert_eq!(
            decode::<LogoutRequest>(Map::new())
                .ok()
                .and_then(|body| body.refresh_token),
            None
        );
    }
}
